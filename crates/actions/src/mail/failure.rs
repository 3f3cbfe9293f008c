//! How far a delivery got and why it went no further, and what that means for the step.

use std::error::Error as _;
use std::future::Future;
use std::io;
use std::time::Duration;

use lettre::transport::smtp::Error;
use lockgate_engine::action::{ActionError, Retry};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};

use super::settings::SmtpConnection;

/// What was going on. The order is that of RFC 5321 §3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Connecting, the greeting, `EHLO`.
    Connect,
    /// `STARTTLS`.
    Encrypt,
    /// `AUTH`.
    Authenticate,
    /// `MAIL FROM`.
    Sender,
    /// `RCPT TO`.
    Recipient,
    /// `DATA`: the server is ready for the message, or not.
    Data,
    /// The message itself. From here on the server may have taken it over.
    Content,
}

/// Why it went no further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// An answer that says no.
    Refused {
        /// 400 to 599.
        status: u16,
        /// What the server said.
        text: String,
    },
    /// The server lacks what is needed.
    Unsupported(String),
    /// No encrypted connection.
    Tls(String),
    /// No connection, or not any more, or what came is no SMTP.
    Broken(String),
    /// No answer within this time.
    Timeout(Duration),
}

/// A delivery that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) stage: Stage,
    pub(super) cause: Cause,
    /// The recipient that it is about.
    pub(super) recipient: Option<String>,
}

impl Failure {
    pub(super) fn new(stage: Stage, cause: Cause) -> Self {
        Self {
            stage,
            cause,
            recipient: None,
        }
    }

    /// Whether the connection is of use afterwards: the server answered, and did not say that it closes (421).
    pub(super) fn leaves_connection(&self) -> bool {
        match self.cause {
            Cause::Refused { status, .. } => status != 421,
            // Nothing was sent.
            Cause::Unsupported(_) => true,
            _ => false,
        }
    }

    fn code(&self) -> &'static str {
        match (&self.cause, self.stage) {
            (Cause::Refused { status: 421, .. }, _) => "unavailable",
            (Cause::Refused { status, .. }, _) if *status < 500 => "deferred",
            (Cause::Refused { .. }, Stage::Encrypt) | (Cause::Tls(_), _) => "tls_failed",
            (Cause::Refused { .. } | Cause::Unsupported(_), Stage::Authenticate) => "authentication_failed",
            (Cause::Refused { .. } | Cause::Unsupported(_), Stage::Sender) => "sender_rejected",
            (Cause::Refused { .. } | Cause::Unsupported(_), Stage::Recipient) => "recipient_rejected",
            (Cause::Refused { .. }, Stage::Data | Stage::Content) => "message_rejected",
            (Cause::Broken(_) | Cause::Timeout(_), Stage::Content) => "unconfirmed",
            (Cause::Timeout(_), _) => "timeout",
            (Cause::Refused { .. }, Stage::Connect) | (Cause::Broken(_) | Cause::Unsupported(_), _) => {
                "unavailable"
            }
        }
    }

    fn retry(&self) -> Retry {
        let nothing = Retry::NothingHappened { after: None };
        match (&self.cause, self.stage) {
            // RFC 5321 §4.2.1: the same may succeed later. What is not accepted is not delivered, also after the message
            // itself (§4.2.5).
            (Cause::Refused { status, .. }, _) if *status < 500 => nothing,
            (Cause::Refused { .. } | Cause::Unsupported(_) | Cause::Tls(_), _) => Retry::Never,
            (Cause::Broken(_) | Cause::Timeout(_), Stage::Content) => Retry::Transient,
            (Cause::Broken(_) | Cause::Timeout(_), _) => nothing,
        }
    }

    /// The step's error.
    pub(super) fn into_error(self, connection: &SmtpConnection) -> ActionError {
        let host = &connection.host;
        let message = match (&self.cause, self.stage) {
            (Cause::Refused { status, .. }, stage) => {
                let what = match stage {
                    Stage::Connect => "the connection",
                    Stage::Encrypt => "encryption",
                    Stage::Authenticate => "the user name and password",
                    Stage::Sender => "the sender",
                    Stage::Recipient => "a recipient",
                    Stage::Data | Stage::Content => "the message",
                };
                format!("{host} refused {what} ({status})")
            }
            (Cause::Broken(reason) | Cause::Tls(reason) | Cause::Unsupported(reason), Stage::Content) => {
                format!("the message was handed over to {host}, and no answer came: {reason}")
            }
            (Cause::Timeout(limit), Stage::Content) => {
                format!("the message was handed over to {host}, and no answer came within {limit:?}")
            }
            (Cause::Broken(reason) | Cause::Tls(reason) | Cause::Unsupported(reason), _) => {
                format!("no mail was sent over {host}: {reason}")
            }
            (Cause::Timeout(limit), _) => format!("{host} did not answer within {limit:?}"),
        };
        let redact = |text: &str| match &connection.password {
            Some(password) => text.replace(password.expose_secret(), "••••"),
            None => text.to_owned(),
        };
        let mut error = ActionError::new(self.code(), redact(&message)).with_retry(self.retry());
        if let Cause::Refused { status, text } = &self.cause {
            let mut said = Map::new();
            said.insert("status".to_owned(), json!(status));
            said.insert("text".to_owned(), json!(redact(text)));
            if let Some(recipient) = self.recipient {
                said.insert("recipient".to_owned(), json!(recipient));
            }
            error = error.with_provider(Value::Object(said));
        }
        error
    }
}

/// Waits for the server, but no longer than the limit.
pub(super) async fn within<T>(
    stage: Stage,
    limit: Duration,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(limit, work).await {
        Ok(result) => result.map_err(|error| failed(stage, &error)),
        Err(_) => Err(Failure::new(stage, Cause::Timeout(limit))),
    }
}

/// What the library says went wrong.
pub(super) fn failed(stage: Stage, error: &Error) -> Failure {
    let reason = innermost(error);
    let cause = if let Some(code) = error.status() {
        Cause::Refused {
            status: code.into(),
            text: error.source().map(ToString::to_string).unwrap_or_default(),
        }
    } else if error.is_tls() || is_tls(error) {
        Cause::Tls(reason)
    } else if error.is_client() {
        Cause::Unsupported(reason)
    } else if error.is_response() {
        Cause::Broken(format!("the answer is not SMTP ({reason})"))
    } else {
        Cause::Broken(reason)
    };
    Failure::new(stage, cause)
}

/// A handshake that fails for the certificates' sake comes as invalid data; one that is cut off does not.
fn is_tls(error: &Error) -> bool {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return error.kind() == io::ErrorKind::InvalidData;
        }
        source = error.source();
    }
    false
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
