//! Each way in which there is no whole answer, from servers that speak bytes.

use lockgate_http::testing::ClosedPort;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::*;

async fn exchange(transport: &Transport, url: String, timeout: Duration) -> Result<Answer, Failure> {
    let url = Url::parse(&url).unwrap();
    let call = call(&url, "GET", None);
    transport
        .exchange(Outbound::new(Method::GET, url), timeout, call)
        .await
}

/// A server that reads a request's beginning, writes these bytes, and closes.
async fn exchange_with(parts: &'static [&'static [u8]], hang: bool) -> Result<Answer, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.read(&mut [0; 1024]).await.unwrap();
        for part in parts {
            // The client may have seen enough and gone.
            let _ = socket.write_all(part).await;
        }
        if hang {
            std::future::pending::<()>().await;
        }
    };
    let transport = Transport::new(true).unwrap();
    // What comes to an end by itself may take its time, on a machine that does other things too.
    let timeout = Duration::from_millis(if hang { 200 } else { 10_000 });
    let client = exchange(&transport, url, timeout);
    let (client, server) = (std::pin::pin!(client), std::pin::pin!(server));
    match futures_util::future::select(client, server).await {
        futures_util::future::Either::Left((result, _)) => result,
        futures_util::future::Either::Right(((), client)) => client.await,
    }
}

#[tokio::test]
async fn a_whole_answer_is_whole() {
    let answer = exchange_with(&[b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}"], false)
        .await
        .unwrap();
    assert_eq!(
        (answer.status.as_u16(), answer.body.as_slice()),
        (404, b"{}".as_slice())
    );
}

#[tokio::test]
async fn broken_answers_are_told_apart() {
    let lost = exchange_with(&[], false).await;
    assert!(matches!(lost, Err(Failure::Lost(_))), "{lost:?}");
    let nonsense = exchange_with(&[b"SSH-2.0-OpenSSH_9.6\r\n"], false).await;
    assert!(matches!(nonsense, Err(Failure::Lost(_))), "{nonsense:?}");
    let cut = exchange_with(&[b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{\"a\":"], false).await;
    assert!(matches!(cut, Err(Failure::Cut { status: 200, .. })), "{cut:?}");
    let chunks = exchange_with(
        &[b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"a\":"],
        false,
    )
    .await;
    assert!(
        matches!(chunks, Err(Failure::Cut { status: 201, .. })),
        "{chunks:?}"
    );
    assert_eq!(exchange_with(&[], true).await.unwrap_err(), Failure::Timeout);
    let slow = exchange_with(&[b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{\"a\":"], true).await;
    assert_eq!(slow.unwrap_err(), Failure::Timeout);
}

static MEGABYTE: [u8; 1024 * 1024] = [b' '; 1024 * 1024];

/// 18 MiB of body whose length nobody tells.
static UNTOLD: [&[u8]; 19] = {
    let mut parts: [&[u8]; 19] = [&MEGABYTE; 19];
    parts[0] = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
    parts
};

#[tokio::test]
async fn a_large_answer_is_refused() {
    let told = exchange_with(&[b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n"], true).await;
    assert_eq!(told.unwrap_err(), Failure::TooLarge { status: 200 });
    let untold = exchange_with(&UNTOLD, false).await;
    assert_eq!(untold.unwrap_err(), Failure::TooLarge { status: 200 });
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let answer = exchange_with(
        &[b"HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"],
        false,
    )
    .await;
    assert_eq!(answer.unwrap().status.as_u16(), 307);
}

/// A TLS server whose certificate nobody vouches for.
#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let chain = CertificateDer::from_pem_slice(include_bytes!("../tests/data/self-signed.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../tests/data/self-signed.key.pem")).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(std::sync::Arc::new(config));
    // With the machine's own certificates (where it has some), and with none.
    for transport in [Transport::new(false), Transport::new(true)]
        .into_iter()
        .flatten()
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/", listener.local_addr().unwrap());
        let client = exchange(&transport, url, Duration::from_secs(5));
        let server = async {
            let (socket, _) = listener.accept().await.unwrap();
            acceptor.accept(socket).await.is_ok()
        };
        let (result, is_accepted) = futures_util::future::join(client, server).await;
        assert!(matches!(result, Err(Failure::NotSent(_))), "{result:?}");
        assert!(!is_accepted, "the client finished the handshake");
    }
}

#[tokio::test]
async fn nobody_listening_means_not_sent() {
    let closed = ClosedPort::take();
    let transport = Transport::new(true).unwrap();
    let result = exchange(&transport, closed.url(), Duration::from_secs(5)).await;
    assert!(matches!(result, Err(Failure::NotSent(_))), "{result:?}");
}

#[test]
fn the_telemetry_is_what_auth0_reads() {
    let header = telemetry().unwrap();
    let decoded = STANDARD.decode(header.as_bytes()).unwrap();
    let value: Value = serde_json::from_slice(&decoded).unwrap();
    assert_eq!(value["name"], "lockgate");
    assert!(value["version"].is_string() && value["env"]["rust"].is_string());
    assert!(!decoded.contains(&b' '), "compact");
}
