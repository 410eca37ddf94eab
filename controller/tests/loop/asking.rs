//! What people ask of a loop that runs.

use skiff::controller::Asked;
use skiff::scribe::{Note, Notes};
use skiff_core::Request;
use tokio::sync::{mpsc, oneshot};

use crate::fixture::{Fixture, HOUR, deployment, key};

/// The next history that is to be written, and whom to tell that it is; what else is left to write is passed over.
async fn history(notes: &mut mpsc::UnboundedReceiver<Note>) -> (bool, oneshot::Sender<()>) {
    loop {
        if let Note::History { history, saved } = notes.recv().await.expect("the loop goes on") {
            return (history.objects.get(&key("web")).is_some_and(|known| known.paused), saved);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_answered_is_on_the_disk() {
    let (notes, mut noted) = Notes::channel();
    let mut fixture = Fixture::noted(HOUR, &[deployment("web", 1, "app:1")], Some(notes));
    let writing = tokio::spawn(async move {
        loop {
            let (is_paused, saved) = history(&mut noted).await;
            if is_paused {
                return (saved, noted);
            }
            saved.send(()).ok();
        }
    });
    fixture.settled().await;
    let (reply, mut answer) = oneshot::channel();
    let asked = Asked { request: Request::Pause { object: key("web") }, reply };
    fixture.asked.send(asked).await.expect("the loop goes on");
    let (saved, mut noted) = writing.await.expect("it is to be written");
    assert!(answer.try_recv().is_err(), "answered before it was written");
    saved.send(()).expect("it is waited for");
    let answer = answer.await.expect("an answer");
    assert_eq!(answer.map_err(|refusal| refusal.message), Ok("the rollout is paused by hand".to_owned()));
    let rest = tokio::spawn(async move { while noted.recv().await.is_some() {} });
    fixture.end().await;
    rest.await.expect("what is left is passed over");
}
