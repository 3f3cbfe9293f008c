//! TLS with certificates from files.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lockgate_server::options::TlsFiles;
use lockgate_server::server::{Server, StartError};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme, SupportedProtocolVersion,
};

use crate::http2;
use crate::served::{Served, options, site, soon};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/sockets/certificates")
        .join(name)
}

/// A folder with certificate and key.
fn files(name: &str) -> (tempfile::TempDir, TlsFiles) {
    let folder = tempfile::tempdir().unwrap();
    let files = TlsFiles {
        certificate: folder.path().join("tls.pem"),
        key: folder.path().join("tls.key"),
    };
    put(name, &files);
    (folder, files)
}

fn put(name: &str, files: &TlsFiles) {
    std::fs::copy(file(&format!("{name}.pem")), &files.certificate).unwrap();
    std::fs::copy(file(&format!("{name}.key")), &files.key).unwrap();
}

/// Trusts one certificate, whatever its dates.
#[derive(Debug)]
struct Pinned {
    certificate: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if *end_entity == self.certificate {
            return Ok(ServerCertVerified::assertion());
        }
        Err(Error::General("another certificate".to_owned()))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        tokio_rustls::rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        tokio_rustls::rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

async fn connect(
    served: &Served,
    certificate: &str,
    protocol: &[u8],
    version: &'static SupportedProtocolVersion,
) -> std::io::Result<TlsStream<TcpStream>> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Pinned {
        certificate: CertificateDer::from_pem_file(file(&format!("{certificate}.pem"))).unwrap(),
        provider: Arc::clone(&provider),
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let stream = TcpStream::connect(served.server.address()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    soon(
        "a handshake",
        TlsConnector::from(Arc::new(config)).connect(name, stream),
    )
    .await
}

#[tokio::test]
async fn http1_and_http2_over_tls() {
    let (_folder, files) = files("first");
    let served = Served::start(|options| options.tls = Some(files)).await;
    for version in [&TLS12, &TLS13] {
        let mut stream = connect(&served, "first", b"http/1.1", version).await.unwrap();
        stream
            .write_all(b"GET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut answer = String::new();
        // The end is said, not just a closed socket.
        soon("the answer", stream.read_to_string(&mut answer))
            .await
            .unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");

        let stream = connect(&served, "first", b"h2", version).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let (mut sender, _connection) = http2::connect(stream).await;
        let answer = sender
            .send_request(http2::request("GET /ping", ""))
            .await
            .unwrap();
        assert_eq!(http2::read(answer).await, (200, json!({ "ok": true })));
    }
    assert!(
        connect(&served, "second", b"h2", &TLS13).await.is_err(),
        "a wrong pin must be seen"
    );
}

#[tokio::test]
async fn a_handshake_must_come_in_time_and_make_sense() {
    let (_folder, files) = files("first");
    let served = Served::start(|options| {
        options.tls = Some(files);
        options.head_timeout = Duration::from_millis(100);
    })
    .await;
    let mut silent = served.connect().await;
    assert!(silent.is_closed().await);
    let mut plain = TcpStream::connect(served.server.address()).await.unwrap();
    plain
        .write_all(b"GET /ping HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let mut said = Vec::new();
    let _ = soon("the end", plain.read_to_end(&mut said)).await;
    assert!(!said.starts_with(b"HTTP"));
}

#[tokio::test]
async fn files_are_read_again_and_bad_ones_change_nothing() {
    let (_folder, files) = files("first");
    let served = Served::start(|options| options.tls = Some(files.clone())).await;
    assert!(connect(&served, "first", b"h2", &TLS13).await.is_ok());
    std::fs::write(&files.key, "nothing").unwrap();
    let error = served.server.reload_tls().unwrap_err();
    let expected = format!(
        "there is no private key in `{}` (an encrypted one cannot be used)",
        files.key.display()
    );
    assert_eq!(error.to_string(), expected);
    assert!(connect(&served, "first", b"h2", &TLS13).await.is_ok());
    put("second", &files);
    served.server.reload_tls().unwrap();
    assert!(connect(&served, "second", b"h2", &TLS13).await.is_ok());
    assert!(connect(&served, "first", b"h2", &TLS13).await.is_err());
}

#[tokio::test]
async fn mistakes_in_the_files_are_named() {
    let (folder, good) = files("first");
    let start = async |certificate: &Path, key: &Path| {
        let mut options = options();
        options.tls = Some(TlsFiles {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        });
        let (site, _, metrics) = site();
        let error = Server::start(options, site, metrics, None).await.err().unwrap();
        assert!(matches!(error, StartError::Tls(_)));
        error.to_string().replace(folder.path().to_str().unwrap(), "")
    };
    let missing = folder.path().join("missing.pem");
    let cut = folder.path().join("cut.pem");
    let text = std::fs::read_to_string(&good.certificate).unwrap();
    std::fs::write(&cut, &text[..text.len() / 2]).unwrap();
    assert_eq!(start(&missing, &good.key).await, "reading `/missing.pem`");
    assert_eq!(
        start(&good.key, &good.key).await,
        "there is no certificate in `/tls.key`"
    );
    assert_eq!(
        start(&good.certificate, &good.certificate).await,
        "there is no private key in `/tls.pem` (an encrypted one cannot be used)"
    );
    assert_eq!(
        start(&cut, &good.key).await,
        "`/cut.pem` is no PEM file: the line `END CERTIFICATE` is missing"
    );
    let encrypted = folder.path().join("encrypted.key");
    let key = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n\
               -----END EC PRIVATE KEY-----\n";
    std::fs::write(&encrypted, key).unwrap();
    assert_eq!(
        start(&good.certificate, &encrypted).await,
        "there is no private key in `/encrypted.key` (an encrypted one cannot be used)"
    );
    let other = file("second.key");
    let mismatch = start(&good.certificate, &other).await;
    assert!(
        mismatch.ends_with("does not belong to the certificate in `/tls.pem`"),
        "{mismatch}"
    );
}
