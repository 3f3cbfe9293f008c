//! The connection type `smtp`: its settings, parsed once.

use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lockgate_engine::connection::{Opening, SettingsError};
use lockgate_flow::catalog::ConnectionSpec;
use lockgate_flow::duration::parse_duration;
use lockgate_flow::schema::Schema;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::address::mailbox;
use super::connection::Pool;

/// The type's name in `lockgate.yaml`.
pub(super) const CONNECTION_TYPE: &str = "smtp";

/// How the connection is encrypted.
#[derive(Clone)]
pub(super) enum Encryption {
    /// From the first byte (RFC 8314 §3.3).
    Tls(TlsParameters),
    /// After `STARTTLS` (RFC 3207). A server that does not offer it is given nothing.
    StartTls(TlsParameters),
    /// Not at all.
    None,
}

/// An SMTP server, and whom to be there.
pub(super) struct SmtpConnection {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) encryption: Encryption,
    pub(super) credentials: Option<Credentials>,
    /// Kept beside the credentials so that it can be taken out of what the server says.
    pub(super) password: Option<SecretString>,
    pub(super) from: Option<Mailbox>,
    /// For each of the server's answers.
    pub(super) timeout: Duration,
    pub(super) hello: ClientId,
    pub(super) pool: Pool,
}

/// The declaration of the connection type `smtp`.
pub(super) fn connection_spec() -> ConnectionSpec {
    ConnectionSpec {
        type_name: CONNECTION_TYPE.into(),
        summary: "An SMTP server that takes mail over".into(),
        settings: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["host"],
            "properties": {
                "host": { "type": "string", "minLength": 1, "description": "Name or address of the server." },
                "port": {
                    "type": ["integer", "string"],
                    "description": "587 where it is left out; 465 with `encryption: tls`, 25 with `none`."
                },
                "username": { "type": "string", "description": "Whom to authenticate as. Together with `password`." },
                "password": { "type": "string", "secret": true, "description": "The password of `username`." },
                "encryption": {
                    "enum": ["starttls", "tls", "none"], "default": "starttls",
                    "description": "`starttls` begins in the clear and encrypts before anything is told, or fails; `tls` \
                        encrypts from the first byte; `none` is for a server on this machine."
                },
                "allow_unencrypted": {
                    "type": "boolean", "default": false,
                    "description": "Lets `encryption: none` go to other machines: user name, password and mail can be \
                        read on the way."
                },
                "ca_file": {
                    "type": "string",
                    "description": "A PEM file with the certificates to trust, in the place of the system's."
                },
                "from": { "type": "string", "description": "The sender where a step gives none, like `Shop <shop@example.com>`." },
                "timeout": {
                    "type": "string", "default": "10s",
                    "description": "Longest wait for each of the server's answers. The answer to a whole message may take \
                        three times as long."
                },
                "hello_name": {
                    "type": "string",
                    "description": "The name that is told in `EHLO`. `[127.0.0.1]` where it is left out."
                },
                "max_connections": {
                    "type": "integer", "minimum": 1, "maximum": 32, "default": 4,
                    "description": "Connections at once; further messages wait."
                }
            }
        })),
        check: None,
        example: "mail:\n  type: smtp\n  host: smtp.example.com\n  username: ${SMTP_USERNAME}\n  password: \
                  ${SMTP_PASSWORD}\n  from: Shop <shop@example.com>\n"
            .into(),
    }
}

impl SmtpConnection {
    /// A connection of these settings. Opens no socket; reads `ca_file`.
    ///
    /// # Errors
    /// A setting that cannot be used.
    pub(super) fn open(opening: &Opening<'_>) -> Result<Self, SettingsError> {
        let host = opening
            .text("host")
            .map(|host| host.trim_matches(['[', ']']).to_owned())
            .filter(|host| !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c.is_control()))
            .ok_or_else(|| opening.refuse("host", "is no name of a host"))?;
        let kind = opening.text("encryption").unwrap_or("starttls");
        let encryption = match kind {
            "starttls" => Encryption::StartTls(tls(opening, &host)?),
            "tls" => Encryption::Tls(tls(opening, &host)?),
            "none" => {
                let allowed = opening.settings.get("allow_unencrypted") == Some(&Value::Bool(true));
                if !is_loopback(&host) && !allowed {
                    let problem = format!("`none` sends everything to {host} in the clear");
                    let mut refused = opening.refuse("encryption", problem);
                    refused.help = Some(
                        "use `starttls` or `tls`; if it is meant, add `allow_unencrypted: true`".to_owned(),
                    );
                    return Err(refused);
                }
                if opening.text("ca_file").is_some() {
                    return Err(opening.refuse("ca_file", "there is nothing to trust without encryption"));
                }
                Encryption::None
            }
            _ => return Err(opening.refuse("encryption", "is none of `starttls`, `tls`, `none`")),
        };
        let port = match opening.settings.get("port") {
            None if kind == "tls" => 465,
            None if kind == "none" => 25,
            None => 587,
            // From the environment it comes as a text.
            Some(port) => port
                .as_u64()
                .or_else(|| port.as_str()?.parse().ok())
                .and_then(|port| u16::try_from(port).ok())
                .filter(|port| *port > 0)
                .ok_or_else(|| opening.refuse("port", "is no port, which is a number from 1 to 65535"))?,
        };
        let credentials = match (opening.text("username"), opening.text("password")) {
            (Some(username), Some(password)) => {
                Some(Credentials::new(username.to_owned(), password.to_owned()))
            }
            (None, None) => None,
            (Some(_), None) => return Err(opening.refuse("username", "has no `password` beside it")),
            (None, Some(_)) => return Err(opening.refuse("password", "has no `username` beside it")),
        };
        let from = opening
            .settings
            .get("from")
            .map(|from| mailbox(from).map_err(|problem| opening.refuse("from", problem.to_string())))
            .transpose()?;
        let timeout = opening
            .text("timeout")
            .map_or(Ok(Duration::from_secs(10)), |text| {
                parse_duration(text)
                    .ok()
                    .filter(|timeout| !timeout.is_zero())
                    .ok_or_else(|| opening.refuse("timeout", "is no duration, like `10s`"))
            })?;
        let hello = match opening.text("hello_name") {
            None => ClientId::default(),
            Some(name) if !name.is_empty() && name.bytes().all(|c| c.is_ascii_graphic()) => {
                ClientId::Domain(name.to_owned())
            }
            Some(_) => return Err(opening.refuse("hello_name", "is no name of a host")),
        };
        let places = opening
            .settings
            .get("max_connections")
            .map_or(Some(4), Value::as_u64)
            .and_then(|places| usize::try_from(places).ok())
            .filter(|places| (1..=32).contains(places))
            .ok_or_else(|| opening.refuse("max_connections", "is not a number from 1 to 32"))?;
        Ok(Self {
            host,
            port,
            encryption,
            credentials,
            password: opening.text("password").map(SecretString::from),
            from,
            timeout,
            hello,
            pool: Pool::new(places),
        })
    }
}

fn tls(opening: &Opening<'_>, host: &str) -> Result<TlsParameters, SettingsError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(path) = opening.text("ca_file") {
        let pem = std::fs::read(path)
            .map_err(|error| opening.refuse("ca_file", format!("cannot be read: {error}")))?;
        let unusable = || opening.refuse("ca_file", "holds no PEM certificate");
        // Without this a file with nothing in it would trust nobody, which is found out only when mail is sent.
        if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
            return Err(unusable());
        }
        let certificates = Certificate::from_pem(&pem).map_err(|_| unusable())?;
        builder = builder
            .certificate_store(CertificateStore::None)
            .add_root_certificate(certificates);
    }
    builder
        .build()
        .map_err(|error| opening.refuse("encryption", format!("TLS cannot be set up: {error}")))
}

/// RFC 6761 §6.3: `localhost` is this machine.
fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
