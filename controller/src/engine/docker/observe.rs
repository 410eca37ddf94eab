//! Looks: one list each of containers, networks and volumes, and an inspect of what is ours.
//!
//! A task of its own owns what is remembered between looks (the last inspect of each container, what events have named), so
//! that nothing is shared. It chooses nothing: duplicates and unreadable labels are reported as they are. A list that fails is
//! an error and never an empty list.

mod inspect;
mod rows;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use skiff_api::{Instance, label};
use skiff_core::{Adopted, EngineError, Images, Observed, ObservedContainer};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Duration, Instant};

pub(crate) use inspect::{Inspected, inspect};
use inspect::{Seen, see};
use rows::{ContainerRow, NetworkRow, Volumes};
pub(crate) use rows::{owner, timestamp};

use super::client::Client;
use super::facts::Known;
use super::{image, info};
use crate::engine::Look;
use crate::files::FileStore;

/// Every container, foreign ones included, for their names and ports.
const CONTAINERS: &str = "/containers/json?all=1";
/// Inspects at once. More make the daemon slower for everybody.
const CONCURRENCY: usize = 8;
/// In how many looks every container of ours is inspected once.
const TURNS: usize = 10;
/// How long a look ahead is worth taking: what was seen before may have changed.
const AHEAD_LASTS: Duration = Duration::from_secs(1);

/// What the observer is asked or told.
#[derive(Debug)]
pub(crate) enum Ask {
    /// To look.
    Look {
        /// Whose labels count.
        instance: Instance,
        /// How closely.
        look: Look,
        /// Where the answer goes.
        reply: oneshot::Sender<Result<Observed, EngineError>>,
    },
    /// To look at everything already, for the next look of this instance.
    LookAhead(Instance),
    /// An event named this container.
    Touched(String),
    /// An event said that images came, went or changed their names.
    Images,
    /// What was taken over from others counts as ours.
    Adopt(Box<Adopted>),
    /// Events may have been lost: nothing that is remembered may be relied on.
    Forget,
}

/// The task that looks.
pub(crate) struct Observer {
    client: Client,
    files: FileStore,
    known: Known,
    ahead: Option<Ahead>,
    remembered: BTreeMap<String, Remembered>,
    touched: BTreeSet<String>,
    /// What was taken over from others.
    adopted: Adopted,
    turn: usize,
    /// The images at the last list, until an event says that they are others.
    images: Option<Images>,
    /// How many containers each instance had at the last look.
    counts: BTreeMap<Instance, usize>,
}

/// A look that nobody has taken yet.
struct Ahead {
    instance: Instance,
    begun: Instant,
    observed: Result<Observed, EngineError>,
}

impl Ahead {
    /// Whether it can be taken for a look at this instance now.
    fn serves(&self, instance: &Instance, now: Instant) -> bool {
        self.instance == *instance && now.duration_since(self.begun) < AHEAD_LASTS
    }
}

/// The last inspect of a container and the row that it belongs to.
struct Remembered {
    row: rows::Signature,
    seen: Seen,
}

impl Observer {
    /// Starts the task; it ends when the last sender is dropped.
    pub(crate) fn spawn(client: Client, known: Known, files: FileStore) -> mpsc::UnboundedSender<Ask> {
        let (asks, answers) = mpsc::unbounded_channel();
        let observer = Self {
            client,
            files,
            known,
            ahead: None,
            remembered: BTreeMap::new(),
            touched: BTreeSet::new(),
            adopted: Adopted::default(),
            turn: 0,
            images: None,
            counts: BTreeMap::new(),
        };
        tokio::spawn(observer.run(answers));
        asks
    }

    async fn run(mut self, mut asks: mpsc::UnboundedReceiver<Ask>) {
        while let Some(ask) = asks.recv().await {
            match ask {
                Ask::Look { instance, look, reply } => {
                    let ahead = self.ahead.take().filter(|ahead| ahead.serves(&instance, Instant::now()));
                    let observed = match ahead {
                        Some(ahead) => ahead.observed,
                        None => self.look(&instance, look).await,
                    };
                    // Who asked may have gone meanwhile.
                    reply.send(observed).ok();
                }
                Ask::LookAhead(instance) => {
                    let begun = Instant::now();
                    let observed = self.look(&instance, Look::Full).await;
                    self.ahead = Some(Ahead { instance, begun, observed });
                }
                Ask::Touched(id) => {
                    self.ahead = None;
                    self.touched.insert(id);
                }
                Ask::Images => self.images = None,
                Ask::Adopt(adopted) => {
                    self.ahead = None;
                    self.adopted = *adopted;
                }
                Ask::Forget => {
                    self.ahead = None;
                    self.remembered.clear();
                    self.images = None;
                }
            }
        }
    }

    async fn look(&mut self, instance: &Instance, look: Look) -> Result<Observed, EngineError> {
        let (client, files, known) = (self.client.clone(), self.files.clone(), self.known.clone());
        // All at once: the longest of them, the containers, is what a look costs.
        let images = self.images.take().filter(|_| look == Look::Changed && self.turn != 0);
        let (containers, images, networks, volumes, facts, files) = tokio::join!(
            self.containers(instance, look),
            list_images(&client, images),
            list::<Vec<NetworkRow>>(&client, "/networks"),
            list::<Volumes>(&client, "/volumes"),
            known.facts(&client),
            tokio::task::spawn_blocking(move || files.list()),
        );
        Ok(Observed {
            engine: info::engine_facts(&client, facts?),
            containers: containers?,
            networks: networks?.into_iter().map(|row| row.adopted(&self.adopted).observed(instance)).collect(),
            volumes: volumes?.adopted(&self.adopted).observed(instance),
            images: self.images.insert(images?).clone(),
            files: files.map_err(|error| EngineError::Failed(format!("the list of files: {error}")))??,
            ..Observed::default()
        })
    }

    async fn containers(&mut self, instance: &Instance, look: Look) -> Result<Vec<ObservedContainer>, EngineError> {
        // Taken before the list: what an event names from here on counts for the next look.
        let touched = std::mem::take(&mut self.touched);
        let rows = list::<Vec<ContainerRow>>(&self.client, CONTAINERS).await?;
        let rows = self.believe(instance, rows).await?;
        let rows: Vec<ContainerRow> = rows.into_iter().map(|row| row.adopted(&self.adopted)).collect();
        let (ours, foreign): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.is_of(instance));
        let mut containers = self.inspect_all(instance, ours, look, &touched).await?;
        containers.extend(foreign.into_iter().map(|row| row.observed(instance, &self.files)));
        Ok(containers)
    }

    /// One odd empty list is listed again before it is believed, the first one as well.
    async fn believe(
        &mut self,
        instance: &Instance,
        rows: Vec<ContainerRow>,
    ) -> Result<Vec<ContainerRow>, EngineError> {
        let count = |rows: &[ContainerRow]| rows.iter().filter(|row| row.is_of(instance)).count();
        let may_have_some = self.counts.get(instance).is_none_or(|count| *count > 0);
        let rows = if may_have_some && count(&rows) == 0 { list(&self.client, CONTAINERS).await? } else { rows };
        self.counts.insert(instance.clone(), count(&rows));
        Ok(rows)
    }

    async fn inspect_all(
        &mut self,
        instance: &Instance,
        rows: Vec<ContainerRow>,
        look: Look,
        touched: &BTreeSet<String>,
    ) -> Result<Vec<ObservedContainer>, EngineError> {
        self.turn = (self.turn + 1) % TURNS;
        let turn = self.turn;
        let mut known = std::mem::take(&mut self.remembered);
        let looks = rows.into_iter().enumerate().map(|(place, row)| {
            let fresh = look == Look::Changed && place % TURNS != turn && !touched.contains(&row.id);
            let last = known.remove(&row.id).filter(|last| fresh && last.row == row.signature());
            let found = inspect_or_recall(&self.client, row, last);
            async move { Ok::<_, EngineError>(found.await?.map(|found| (place, found))) }
        });
        // In whichever order they come, so that a slow one holds up no other. What has vanished since it was listed is not there.
        let found = stream::iter(looks).buffer_unordered(CONCURRENCY).try_filter_map(|found| async { Ok(found) });
        let found: BTreeMap<usize, _> = found.try_collect().await?;
        let mut containers = Vec::with_capacity(found.len());
        for (row, last) in found.into_values() {
            let id = row.id.clone();
            containers.push(last.seen.clone().onto(row.observed(instance, &self.files)));
            self.remembered.insert(id, last);
        }
        Ok(containers)
    }
}

async fn inspect_or_recall(
    client: &Client,
    row: ContainerRow,
    last: Option<Remembered>,
) -> Result<Option<(ContainerRow, Remembered)>, EngineError> {
    if let Some(last) = last {
        return Ok(Some((row, last)));
    }
    let signature = row.signature();
    Ok(see(client, &row.id).await?.map(|seen| (row, Remembered { row: signature, seen })))
}

async fn list<T: serde::de::DeserializeOwned>(client: &Client, path: &str) -> Result<T, EngineError> {
    client.get(path).await?.read(&format!("list {path}"))
}

/// The images as they were at the last list, or a new list.
async fn list_images(client: &Client, known: Option<Images>) -> Result<Images, EngineError> {
    match known {
        Some(known) => Ok(known),
        None => image::list(client).await,
    }
}

/// Asks the observer to look.
pub(crate) async fn look(
    asks: &mpsc::UnboundedSender<Ask>,
    instance: &Instance,
    look: Look,
) -> Result<Observed, EngineError> {
    let gone = || EngineError::Failed("the task that looks at the engine has ended".to_owned());
    let (reply, answer) = oneshot::channel();
    asks.send(Ask::Look { instance: instance.clone(), look, reply }).map_err(|_| gone())?;
    answer.await.map_err(|_| gone())?
}

/// The label that makes something of ours, for tests and look-ups.
pub(crate) fn instance_of(labels: &BTreeMap<String, String>) -> Option<&str> {
    labels.get(label::INSTANCE).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_ahead_serves_its_instance_and_not_for_long() {
        let (instance, begun) = (Instance::default(), Instant::now());
        let ahead = Ahead { instance: instance.clone(), begun, observed: Ok(Observed::default()) };
        let other: Instance = "other".parse().expect("an instance");
        assert!(ahead.serves(&instance, begun + AHEAD_LASTS / 2));
        assert!(!ahead.serves(&other, begun));
        assert!(!ahead.serves(&instance, begun + AHEAD_LASTS));
    }
}
