//! The connection types that hold what callers must show, and their settings.

use std::time::Duration;

use http::HeaderName;
use lockgate_flow::catalog::{ConnectionSpec, InputProblem, KnownInput};
use lockgate_flow::duration::parse_duration;
use lockgate_flow::schema::Schema;
use lockgate_flow::syntax::AuthKind;
use serde_json::{Map, Value, json};

use super::credentials::Credentials;

/// The shortest secret, in characters. Guessing 16 that were chosen at random is hopeless at any rate.
const SHORTEST: usize = 16;

/// The header of signatures where the connection names none.
const SIGNATURE: &str = "lockgate-signature";

/// How far a signature's time may be off where the connection does not say.
const TOLERANCE: Duration = Duration::from_mins(5);

/// The most that it may be off: so long a request that somebody has recorded can be sent again.
const MOST_TOLERANCE: Duration = Duration::from_hours(24);

/// A way of proving who calls, and the connection type of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `Authorization: Bearer` (RFC 6750).
    Bearer,
    /// `Authorization: Basic` (RFC 7617).
    Basic,
    /// A signed request.
    Hmac,
}

impl Scheme {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Bearer, Self::Basic, Self::Hmac];

    /// The `type` of its connections.
    pub const fn type_name(self) -> &'static str {
        self.kind().name()
    }

    /// As a trigger's `auth` writes it.
    pub const fn kind(self) -> AuthKind {
        match self {
            Self::Bearer => AuthKind::Bearer,
            Self::Basic => AuthKind::Basic,
            Self::Hmac => AuthKind::Hmac,
        }
    }

    /// The scheme of a connection type, if it is one of these.
    pub fn of_type(type_name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|scheme| scheme.type_name() == type_name)
    }
}

/// A setting that cannot be used. Never says its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("connection `{connection}`: {problem}")]
pub struct CredentialsError {
    /// The connection's name in the workspace.
    pub connection: String,
    /// Which setting; empty where it is about several together.
    pub setting: String,
    /// What is wrong: a lower-case fragment.
    pub problem: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// The declarations of the connection types `bearer`, `basic` and `hmac`.
pub fn connection_specs() -> Vec<ConnectionSpec> {
    Scheme::ALL.into_iter().map(spec).collect()
}

fn spec(scheme: Scheme) -> ConnectionSpec {
    let secret = |description: &str| json!({ "type": "string", "minLength": SHORTEST, "secret": true, "description": description });
    let secrets = |description: &str| {
        json!({
            "type": "array",
            "minItems": 1,
            "items": { "type": "string", "secret": true },
            "secret": true,
            "description": description,
        })
    };
    match scheme {
        Scheme::Bearer => ConnectionSpec {
            type_name: scheme.type_name().into(),
            summary: "Callers send a token: `Authorization: Bearer …`".into(),
            settings: settings(
                &[],
                &json!({
                    "token": secret("The token, at least 16 characters."),
                    "tokens": secrets("Several tokens, each of them good: the new one and the old one while callers \
                                       change over. An empty one is passed over."),
                }),
            ),
            check: Some(|known| one_of(known, "token", "tokens")),
            example: "callers:\n  type: bearer\n  token: ${CALLERS_TOKEN}\n".into(),
        },
        Scheme::Basic => ConnectionSpec {
            type_name: scheme.type_name().into(),
            summary: "Callers send a name and a password: `Authorization: Basic …`".into(),
            settings: settings(
                &["username", "password"],
                &json!({
                    "username": {
                        "type": "string",
                        "minLength": 1,
                        "description": "The name; it has no colon in it.",
                    },
                    "password": secret("The password, at least 16 characters."),
                }),
            ),
            check: None,
            example: "partner:\n  type: basic\n  username: partner\n  password: ${PARTNER_PASSWORD}\n".into(),
        },
        Scheme::Hmac => ConnectionSpec {
            type_name: scheme.type_name().into(),
            summary: "Callers sign each request with a secret that both sides have".into(),
            settings: settings(
                &[],
                &json!({
                    "secret": secret("The secret, at least 16 characters."),
                    "secrets": secrets("Several secrets, each of them good: the new one and the old one while callers \
                                        change over. An empty one is passed over."),
                    "header": {
                        "type": "string",
                        "default": SIGNATURE,
                        "description": "The header that holds the signature.",
                    },
                    "tolerance": {
                        "type": "string",
                        "default": "5m",
                        "description": "How far the signature's time may be off, before and after; at most a day.",
                    },
                }),
            ),
            check: Some(check_hmac),
            example: "partner:\n  type: hmac\n  secret: ${PARTNER_SECRET}\n".into(),
        },
    }
}

fn settings(required: &[&str], properties: &Value) -> Schema {
    Schema::new(json!({
        "type": "object",
        "additionalProperties": false,
        "required": required,
        "properties": properties,
    }))
}

fn problem(setting: &str, message: impl Into<String>, help: impl Into<String>) -> InputProblem {
    InputProblem {
        pointer: if setting.is_empty() {
            String::new()
        } else {
            format!("/{setting}")
        },
        message: message.into(),
        help: Some(help.into()),
    }
}

/// A connection has the setting or the list, not both.
fn one_of(known: &KnownInput, one: &str, several: &str) -> Vec<InputProblem> {
    let has = |name: &str| known.value.get(name).is_some();
    match (has(one), has(several)) {
        (true, true) => vec![problem(
            several,
            format!("the connection has both `{one}` and `{several}`"),
            format!("put all of them into `{several}`"),
        )],
        (false, false) => vec![problem(
            "",
            format!("the connection has neither `{one}` nor `{several}`"),
            format!("add `{one}: ${{NAME}}`, which reads the environment variable `NAME`"),
        )],
        _ => Vec::new(),
    }
}

fn check_hmac(known: &KnownInput) -> Vec<InputProblem> {
    let mut problems = one_of(known, "secret", "secrets");
    let text = |name: &str| known.value.get(name).and_then(Value::as_str);
    problems.extend(text("header").and_then(|header| parse_header(header).err()));
    problems.extend(text("tolerance").and_then(|tolerance| parse_tolerance(tolerance).err()));
    problems
}

fn parse_header(text: &str) -> Result<HeaderName, InputProblem> {
    HeaderName::try_from(text).map_err(|_| {
        problem(
            "header",
            format!("`{text}` is no name of a header"),
            format!("letters, digits and hyphens, like `{SIGNATURE}`"),
        )
    })
}

fn parse_tolerance(text: &str) -> Result<Duration, InputProblem> {
    match parse_duration(text) {
        Ok(tolerance) if tolerance.is_zero() || tolerance > MOST_TOLERANCE => Err(problem(
            "tolerance",
            format!("a tolerance of `{text}` is not between nothing and a day"),
            "write one like `5m`: long enough for clocks that differ",
        )),
        Ok(tolerance) => Ok(tolerance),
        Err(error) => Err(problem(
            "tolerance",
            error.to_string(),
            "write it like `30s` or `5m`",
        )),
    }
}

/// Settings with their variables read.
pub(super) struct Settings<'a> {
    connection: &'a str,
    values: &'a Map<String, Value>,
}

impl<'a> Settings<'a> {
    pub(super) fn new(connection: &'a str, values: &'a Map<String, Value>) -> Self {
        Self { connection, values }
    }

    /// What is needed to check callers by this scheme.
    pub(super) fn read(&self, scheme: Scheme) -> Result<Credentials, CredentialsError> {
        let spec = spec(scheme);
        let view = spec.settings.view();
        if let Some(name) = self.values.keys().find(|name| view.property(name).is_none()) {
            let known: Vec<&str> = view.property_names().collect();
            let help = format!("there are: {}", known.join(", "));
            return Err(self.fail(problem(name, format!("there is no setting `{name}`"), help)));
        }
        let known = KnownInput {
            value: Value::Object(self.values.clone()),
            unknown: Vec::new(),
        };
        if let Some(found) = spec.check.and_then(|check| check(&known).into_iter().next()) {
            return Err(self.fail(found));
        }
        match scheme {
            Scheme::Bearer => {
                let tokens = self.secrets("token", "tokens")?;
                if let Some((setting, _)) = tokens
                    .iter()
                    .find(|(_, token)| !token.bytes().all(|byte| byte.is_ascii_graphic()))
                {
                    return Err(self.fail(problem(
                        setting,
                        format!("`{setting}` has a character in it that no header can carry"),
                        "letters, digits and signs of ASCII, no spaces (RFC 6750)",
                    )));
                }
                Ok(Credentials::bearer(tokens.into_iter().map(|(_, token)| token)))
            }
            Scheme::Basic => {
                let (username, password) = (self.text("username")?, self.text("password")?);
                self.strong("password", password)?;
                // RFC 7617, section 2: the first colon ends the name; no control characters in either.
                if username.is_empty() || username.contains(':') || username.chars().any(char::is_control) {
                    return Err(self.fail(problem(
                        "username",
                        "the name is empty or has a colon in it",
                        "write one without a colon",
                    )));
                }
                if password.chars().any(char::is_control) {
                    return Err(self.fail(problem(
                        "password",
                        "the password has a control character in it",
                        "a line break at its end, perhaps: take it away",
                    )));
                }
                Ok(Credentials::basic(username, password))
            }
            Scheme::Hmac => {
                let secrets = self.secrets("secret", "secrets")?;
                let header = match self.values.get("header") {
                    Some(_) => parse_header(self.text("header")?).map_err(|found| self.fail(found))?,
                    None => HeaderName::from_static(SIGNATURE),
                };
                let tolerance = match self.values.get("tolerance") {
                    Some(_) => parse_tolerance(self.text("tolerance")?).map_err(|found| self.fail(found))?,
                    None => TOLERANCE,
                };
                let secrets = secrets.into_iter().map(|(_, secret)| secret);
                Ok(Credentials::hmac(secrets, header, tolerance))
            }
        }
    }

    /// The secrets of a setting or of its list, each with the setting that it stands in. At least one.
    fn secrets(&self, one: &'a str, several: &'a str) -> Result<Vec<(&'a str, &'a str)>, CredentialsError> {
        if self.values.contains_key(one) {
            let secret = self.text(one)?;
            self.strong(one, secret)?;
            return Ok(vec![(one, secret)]);
        }
        let no_texts = || {
            self.fail(problem(
                several,
                format!("`{several}` is no list of texts"),
                format!("write it like `{several}: [\"${{NEW}}\", \"${{OLD:-}}\"]`"),
            ))
        };
        let entries = self
            .values
            .get(several)
            .and_then(Value::as_array)
            .ok_or_else(no_texts)?;
        let mut secrets = Vec::with_capacity(entries.len());
        for entry in entries {
            let secret = entry.as_str().ok_or_else(no_texts)?;
            // `${OLD:-}` with nothing set.
            if !secret.is_empty() {
                self.strong(several, secret)?;
                secrets.push((several, secret));
            }
        }
        if secrets.is_empty() {
            return Err(self.fail(problem(
                several,
                format!("nothing stands in `{several}`"),
                "without a secret nobody could call",
            )));
        }
        Ok(secrets)
    }

    fn strong(&self, setting: &str, secret: &str) -> Result<(), CredentialsError> {
        if secret.chars().count() >= SHORTEST {
            return Ok(());
        }
        Err(self.fail(problem(
            setting,
            format!("`{setting}` is shorter than {SHORTEST} characters"),
            "make one by chance, not by thought: `openssl rand -hex 32`",
        )))
    }

    fn text(&self, setting: &str) -> Result<&'a str, CredentialsError> {
        self.values.get(setting).and_then(Value::as_str).ok_or_else(|| {
            self.fail(problem(
                setting,
                format!("the connection has no `{setting}` that is text"),
                format!("add `{setting}: ${{NAME}}`, which reads the environment variable `NAME`"),
            ))
        })
    }

    fn fail(&self, found: InputProblem) -> CredentialsError {
        CredentialsError {
            connection: self.connection.to_owned(),
            setting: found.pointer.trim_start_matches('/').to_owned(),
            problem: found.message,
            help: found.help,
        }
    }
}
