//! TLS: certificate and key from PEM files, read again on demand.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{self, ServerConfig};

use crate::options::TlsFiles;

/// Certificate and key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("reading `{}`", .file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not PEM (RFC 7468), or cut off.
    #[error("`{}` is no PEM file: {reason}", .file.display())]
    NotPem {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no `CERTIFICATE` section.
    #[error("there is no certificate in `{}`", .file.display())]
    NoCertificate {
        /// The file.
        file: PathBuf,
    },
    /// There is no `PRIVATE KEY` section, or an encrypted one.
    #[error("there is no private key in `{}` (an encrypted one cannot be used)", .file.display())]
    NoKey {
        /// The file.
        file: PathBuf,
    },
    /// The key is another certificate's.
    #[error("the key in `{}` does not belong to the certificate in `{}`", .files.key.display(), .files.certificate.display())]
    Mismatch {
        /// Both.
        files: TlsFiles,
    },
    /// The certificate or the key is of a kind that is not supported, or broken.
    #[error("certificate `{}` and key `{}` cannot be used: {reason}", .files.certificate.display(), .files.key.display())]
    Unusable {
        /// Both.
        files: TlsFiles,
        /// Why.
        reason: String,
    },
}

/// The settings of TLS, as the files had them when they were last read.
pub(crate) struct Tls {
    files: TlsFiles,
    config: RwLock<Arc<ServerConfig>>,
}

impl Tls {
    pub(crate) fn read(files: TlsFiles) -> Result<Self, TlsError> {
        let config = RwLock::new(Arc::new(config(&files)?));
        Ok(Self { files, config })
    }

    /// Reads the files again, for the connections from here on. What cannot be used changes nothing.
    pub(crate) fn reload(&self) -> Result<(), TlsError> {
        let config = Arc::new(config(&self.files)?);
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

fn config(files: &TlsFiles) -> Result<ServerConfig, TlsError> {
    let certificates = certificates(&files.certificate)?;
    let key = key(&files.key)?;
    let unusable = |error: rustls::Error| match error {
        rustls::Error::InconsistentKeys(_) => TlsError::Mismatch { files: files.clone() },
        error => TlsError::Unusable {
            files: files.clone(),
            reason: error.to_string(),
        },
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(unusable)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .map_err(|error| pem_error(file, error))?;
    if certificates.is_empty() {
        let file = file.to_owned();
        return Err(TlsError::NoCertificate { file });
    }
    Ok(certificates)
}

fn key(file: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(file).map_err(|error| match error {
        pem::Error::NoItemsFound => TlsError::NoKey {
            file: file.to_owned(),
        },
        // Its headers (RFC 1421, section 4.6.1) stand where base64 is looked for.
        pem::Error::Base64Decode(_) if is_encrypted(file) => TlsError::NoKey {
            file: file.to_owned(),
        },
        error => pem_error(file, error),
    })
}

/// Whether it is a key as OpenSSL wrote encrypted ones before PKCS #8.
fn is_encrypted(file: &Path) -> bool {
    std::fs::read_to_string(file).is_ok_and(|text| text.contains("Proc-Type: 4,ENCRYPTED"))
}

fn pem_error(file: &Path, error: pem::Error) -> TlsError {
    let file = file.to_owned();
    match error {
        pem::Error::Io(source) => TlsError::Read { file, source },
        pem::Error::MissingSectionEnd { end_marker } => TlsError::NotPem {
            file,
            reason: format!(
                "the line `END {}` is missing",
                String::from_utf8_lossy(&end_marker)
            ),
        },
        error => TlsError::NotPem {
            file,
            reason: error.to_string(),
        },
    }
}
