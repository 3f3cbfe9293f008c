//! How it ends: what has been asked is answered, and nothing is left.

use std::net::TcpListener;
use std::time::Duration;

use lockgate_runtime::Left;
use lockgate_server::server::{Leftover, Server, StartError};
use tokio::net::TcpStream;

use crate::client::Client;
use crate::served::{Served, options, site, soon, tasks, until};

const GATE: &str = "POST /gate HTTP/1.1\r\nHost: a\r\n\r\n";
const LATER: &str = "POST /later HTTP/1.1\r\nHost: a\r\n\r\n";
const PING: &str = "GET /ping HTTP/1.1\r\nHost: a\r\n\r\n";
const LONG: Duration = Duration::from_mins(1);

#[tokio::test]
async fn what_is_running_ends_and_what_is_idle_closes_at_once() {
    let before = tasks();
    let served = Served::start(|_| {}).await;
    let (address, admin_address) = (served.server.address(), served.server.admin_address());
    let (mut new, mut idle, mut half) = (
        served.connect().await,
        served.connect().await,
        served.connect().await,
    );
    assert_eq!(idle.ask(PING).await.status, 200);
    assert_eq!(half.ask(PING).await.status, 200);
    half.send("GET /ping HTTP/1.1\r\n").await;
    let mut running = served.connect().await;
    running.send(GATE).await;
    served.gate.entered().await;

    let gate = served.gate.clone();
    let stopping = tokio::spawn(served.server.shutdown(LONG));
    assert!(new.is_closed().await);
    assert!(idle.is_closed().await);
    // A load balancer asks there whether it may still send something.
    let mut admin = Client::connect(admin_address).await;
    assert_eq!(
        admin
            .ask("GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await
            .status,
        503
    );
    assert!(TcpStream::connect(address).await.is_err());
    // Its client has begun to ask before it could know.
    let answer = half.ask("Host: a\r\n\r\n").await;
    assert_eq!((answer.status, answer.header("connection")), (200, "close"));

    gate.open();
    let answer = running.answer().await.unwrap();
    assert_eq!((answer.status, answer.header("connection")), (200, "close"));
    assert!(running.is_closed().await);
    assert_eq!(soon("the end", stopping).await.unwrap(), Leftover::default());
    assert!(admin.is_closed().await);
    assert!(TcpStream::connect(admin_address).await.is_err());
    assert_eq!(tasks(), before);
}

#[tokio::test]
async fn a_run_that_goes_on_after_its_answer_is_waited_for() {
    let before = tasks();
    let served = Served::start(|_| {}).await;
    let mut client = served.connect().await;
    assert_eq!(client.ask(LATER).await.status, 202);
    served.gate.entered().await;
    let gate = served.gate.clone();
    let stopping = tokio::spawn(served.server.shutdown(LONG));
    assert!(client.is_closed().await);
    assert!(!stopping.is_finished());
    gate.open();
    assert_eq!(soon("the end", stopping).await.unwrap(), Leftover::default());
    assert_eq!(tasks(), before);
}

#[tokio::test]
async fn what_does_not_end_is_cut_off_at_the_limit() {
    let before = tasks();
    let served = Served::start(|_| {}).await;
    let (mut waits, mut left, mut gone) = (
        served.connect().await,
        served.connect().await,
        served.connect().await,
    );
    waits.send(GATE).await;
    assert_eq!(left.ask(LATER).await.status, 202);
    gone.send(GATE).await;
    for _ in 0..3 {
        served.gate.entered().await;
    }
    drop(gone);
    let mut half = served.connect().await;
    half.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
        .await;
    let cut_off = soon("the end", served.server.shutdown(Duration::from_millis(50))).await;
    assert_eq!((cut_off.lost, cut_off.kept), (3, Left::default()));
    waits.is_cut_off().await;
    half.is_cut_off().await;
    assert_eq!(tasks(), before);
}

#[tokio::test]
async fn a_server_that_is_dropped_is_gone() {
    let before = tasks();
    let served = Served::start(|_| {}).await;
    let mut client = served.connect().await;
    client.send(GATE).await;
    served.gate.entered().await;
    drop(served);
    assert!(client.is_closed().await);
    until("all tasks are gone", || tasks() == before).await;
}

#[tokio::test]
async fn it_says_why_it_does_not_start() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let start = async |set: &dyn Fn(&mut lockgate_server::options::ServerOptions)| {
        let mut options = options();
        set(&mut options);
        let (site, _, metrics) = site();
        Server::start(options, site, metrics, None).await.err().unwrap()
    };
    let address = taken.local_addr().unwrap();
    let error = start(&|options| options.address = address).await;
    assert_eq!(error.to_string(), format!("opening {address} for flows"));
    assert!(
        matches!(error, StartError::Bind { source, .. } if source.kind() == std::io::ErrorKind::AddrInUse)
    );
    let error = start(&|options| options.admin_address = address).await;
    assert_eq!(error.to_string(), format!("opening {address} for the admin port"));
    let error = start(&|options| options.admin_address = ([0, 0, 0, 0], 0).into()).await;
    assert!(matches!(error, StartError::AdminExposed { .. }), "{error}");
    let error = start(&|options| options.admin_token = Some("fifteen letters".into())).await;
    assert_eq!(
        error.to_string(),
        "the token of the admin port is shorter than 16 characters"
    );
}
