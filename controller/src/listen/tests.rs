use std::os::unix::fs::PermissionsExt as _;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

async fn hello(_: Request<Incoming>, from: String) -> Answer {
    plain(StatusCode::OK, format!("hello, {from}\n"))
}

async fn called(stream: impl AsyncRead + AsyncWrite + Unpin) -> String {
    let (mut stream, mut answer) = (stream, String::new());
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("a request");
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}

#[test]
fn an_address_is_a_port_or_a_socket() {
    assert_eq!("127.0.0.1:9181".parse(), Ok(Address::Tcp(SocketAddr::from(([127, 0, 0, 1], 9181)))));
    assert_eq!("unix:/run/skiff/metrics".parse(), Ok(Address::Unix(PathBuf::from("/run/skiff/metrics"))));
    for wrong in ["", "9181", "localhost:9181", "unix:", "/run/skiff/metrics"] {
        assert!(wrong.parse::<Address>().is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn a_socket_is_its_owners_alone_and_goes_with_its_listener() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("socket");
    let (address, cancel) = (Address::Unix(path.clone()), CancellationToken::new());
    let listener = Listener::bind(address.clone()).await.expect("a listener");
    let mode = std::fs::metadata(&path).expect("a socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let taken = Listener::bind(address.clone()).await.expect_err("it is taken").to_string();
    assert!(taken.contains("cannot listen at unix:"), "{taken}");
    let serving = tokio::spawn(listener.serve("calls", cancel.clone(), hello));
    let stream = tokio::net::UnixStream::connect(&path).await.expect("a connection");
    assert!(called(stream).await.ends_with("hello, a local socket\n"));
    cancel.cancel();
    serving.await.expect("it ends");
    assert!(!path.exists());
}

#[tokio::test]
async fn what_a_killed_process_left_gives_way_and_another_file_does_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("socket");
    // Dropped without a word: the file stays.
    drop(std::os::unix::net::UnixListener::bind(&path).expect("a socket"));
    assert!(path.exists());
    Listener::bind(Address::Unix(path.clone())).await.expect("a listener");
    std::fs::write(&path, "mine").expect("a file");
    Listener::bind(Address::Unix(path.clone())).await.expect_err("a file is there");
    assert_eq!(std::fs::read_to_string(&path).expect("a file"), "mine");
}

#[tokio::test(start_paused = true)]
async fn an_address_that_is_taken_is_tried_until_it_is_free() {
    // An address of its own: a port that is free for a moment may be given to whoever else asks for one.
    let other = TcpListener::bind("127.87.0.1:0").await.expect("a port");
    let address = other.local_addr().expect("an address");
    let cancel = CancellationToken::new();
    let listener = Listener::later(Address::Tcp(address));
    let serving = tokio::spawn(listener.serve("calls", cancel.clone(), hello));
    tokio::time::sleep(AGAIN * 3).await;
    assert!(!serving.is_finished());
    drop(other);
    tokio::time::sleep(AGAIN * 2).await;
    let stream = tokio::net::TcpStream::connect(address).await.expect("a connection");
    assert!(called(stream).await.contains("hello, 127.0.0.1:"));
    cancel.cancel();
    serving.await.expect("it ends");

    let other = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let listener = Listener::later(Address::Tcp(other.local_addr().expect("an address")));
    let serving = tokio::spawn(listener.serve("calls", cancel, hello));
    serving.await.expect("who is cancelled tries no more");
}

#[tokio::test]
async fn who_connects_and_says_nothing_keeps_nobody_out_and_leaves_nothing_behind() {
    const SILENT: usize = 145;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("socket");
    let cancel = CancellationToken::new();
    let listener = Listener::bind(Address::Unix(path.clone())).await.expect("a listener");
    let serving = tokio::spawn(listener.serve("calls", cancel.clone(), hello));
    let mut silent = Vec::new();
    for number in 0..SILENT {
        let mut stream = tokio::net::UnixStream::connect(&path).await.expect("a connection");
        // Every other one has begun to say something.
        if number % 2 == 0 {
            stream.write_all(b"POST / HTTP/1.1\r\nHost: x\r\n").await.ok();
        }
        silent.push(stream);
    }
    let good = async { called(tokio::net::UnixStream::connect(&path).await.expect("a connection")).await };
    let answer = tokio::time::timeout(Duration::from_secs(5), good).await.expect("it is answered at once");
    assert!(answer.ends_with("hello, a local socket\n"), "{answer}");
    // Those who came first were let go; the others are as many as are let in.
    let gone = silent.len() + 1 - AT_ONCE;
    for stream in silent.iter_mut().take(gone) {
        let read = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut [0])).await;
        assert!(matches!(read, Ok(Ok(0) | Err(_))), "it is still connected");
    }
    cancel.cancel();
    tokio::time::timeout(Duration::from_secs(5), serving).await.expect("nobody holds it up").expect("it ends");
    for stream in &mut silent {
        let read = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut [0])).await;
        assert!(matches!(read, Ok(Ok(0) | Err(_))), "it outlives the listener");
    }
}
