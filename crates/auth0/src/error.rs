//! From what Auth0 says to a code that an author can branch on.
//!
//! Status first, then `errorCode`, then the message's beginning: the `errorCode` is advisory (it is missing on
//! many answers, and some plan limits carry `insufficient_scope`). What Auth0 said goes under `provider`,
//! without what we sent as a secret.
//! Sources: Auth0's OpenAPI description of the Management API, and recorded answers of real tenants.

use lockgate_engine::action::{ActionError, Retry};
use lockgate_flow::catalog::{ActionSpec, ErrorSpec, ScopeNeed};
use reqwest::StatusCode;
use serde_json::{Map, Value};

use crate::redact::Redactor;
use crate::transport::{Answer, Failure};

/// How much of an answer that is not JSON is kept for people.
const EXCERPT: usize = 300;

/// How much of one of Auth0's texts is kept; its longest list every schema that a body did not meet.
const LONGEST_TEXT: usize = 4000;

macro_rules! errors {
    ($($name:ident: $code:literal, $status:literal, $summary:literal;)*) => {
        $(pub(crate) const $name: ErrorSpec = ErrorSpec::new($code, $status, $summary);)*
        /// The codes alone.
        pub(crate) mod code {
            $(pub(crate) const $name: &str = $code;)*
        }
        /// Every code that this crate can give.
        #[cfg(test)]
        const ALL: &[&ErrorSpec] = &[$(&$name),*];
    };
}

errors! {
    UNAUTHORIZED: "unauthorized", 502, "Auth0 refused the connection's credentials, or the token that they gave";
    INSUFFICIENT_SCOPE: "insufficient_scope", 502, "the connection's application lacks a scope that the call needs";
    FORBIDDEN: "forbidden", 502, "Auth0 does not allow the call, for another reason than a scope";
    FEATURE_NOT_ENABLED: "feature_not_enabled", 502, "the tenant's plan or settings do not include what was asked for";
    INVALID_REQUEST: "invalid_request", 422, "Auth0 (or a check before sending) found the request invalid";
    NOT_FOUND: "not_found", 404, "what the path names does not exist";
    CONFLICT: "conflict", 409, "the call contradicts what the tenant already has";
    RATE_LIMITED: "rate_limited", 503, "the tenant's rate limit does not allow the call within the step's time";
    UNAVAILABLE: "unavailable", 502, "Auth0 could not be reached, or answered with a server error";
    INVALID_RESPONSE: "invalid_response", 502, "the answer was cut off, too large, or not what Auth0's API gives";
    USER_EXISTS: "user_exists", 409, "the connection already has a user with that email, username, phone number or id";
    USER_NOT_FOUND: "user_not_found", 404, "no user has that id";
    WEAK_PASSWORD: "weak_password", 422, "the password breaks the connection's password policy";
    NO_EMAIL: "no_email", 422, "the user has no email address";
    ROLE_NOT_FOUND: "role_not_found", 502, "the tenant has no role with that id or name";
    IDENTITY_NOT_FOUND: "identity_not_found", 404, "the user has no such identity, or there is no such user to link";
    IDENTITY_EXISTS: "identity_exists", 409, "the identity is linked already, to this user or to another";
    INVALID_CONNECTION: "invalid_connection", 502, "Auth0's connection (the user store) does not exist, is disabled, or cannot do this";
}

/// Codes that each action of this crate declares: any call can end with one of them.
const GENERAL: [ErrorSpec; 10] = [
    UNAUTHORIZED,
    INSUFFICIENT_SCOPE,
    FORBIDDEN,
    FEATURE_NOT_ENABLED,
    INVALID_REQUEST,
    NOT_FOUND,
    CONFLICT,
    RATE_LIMITED,
    UNAVAILABLE,
    INVALID_RESPONSE,
];

/// `timeout` is declared by the engine for every step.
const TIMEOUT: &str = "timeout";

/// The codes that an action declares: its own, then those that any call can end with.
pub(crate) fn declared(own: &[ErrorSpec]) -> Vec<ErrorSpec> {
    own.iter().chain(&GENERAL).cloned().collect()
}

/// What an error is about: who called, as whom, and what must not be quoted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) spec: &'a ActionSpec,
    /// The connection's name in the workspace.
    pub(crate) connection: &'a str,
    pub(crate) client_id: &'a str,
    /// The scopes that the declaration's rule gives for this call.
    pub(crate) needs: &'a [ScopeNeed],
}

/// What an error answer's body says, in either of Auth0's shapes.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// `error`: the reason phrase, or OAuth's error code (RFC 6749 §5.2).
    pub(crate) error: Option<String>,
    /// `errorCode`.
    pub(crate) code: Option<String>,
    /// `message`, or OAuth's `error_description`.
    pub(crate) message: Option<String>,
    attributes: Option<Value>,
    excerpt: Option<String>,
}

impl Said {
    pub(crate) fn read(answer: &Answer) -> Self {
        let text = |map: &Map<String, Value>, name: &str| match map.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        };
        match answer.json() {
            Some(Value::Object(map)) => {
                let said = Self {
                    error: text(&map, "error"),
                    code: text(&map, "errorCode").or_else(|| text(&map, "code")),
                    message: text(&map, "message")
                        .or_else(|| text(&map, "error_description"))
                        .or_else(|| text(&map, "description")),
                    attributes: map.get("attributes").cloned(),
                    excerpt: None,
                };
                if said.error.is_none() && said.message.is_none() {
                    said.with_excerpt(answer)
                } else {
                    said
                }
            }
            Some(Value::String(text)) => Self {
                message: Some(text),
                ..Self::default()
            },
            _ => Self::default().with_excerpt(answer),
        }
    }

    fn with_excerpt(mut self, answer: &Answer) -> Self {
        self.excerpt = Some(String::from_utf8_lossy(&answer.body).into_owned());
        self
    }

    fn message(&self) -> &str {
        self.message.as_deref().unwrap_or_default()
    }

    /// What to quote to people: masked, and short.
    pub(crate) fn quote(&self, redactor: &Redactor) -> String {
        let text = self.message.as_deref().or(self.error.as_deref());
        let quote = match text {
            Some(text) => shorten(&redactor.text(text), LONGEST_TEXT),
            None => shorten(
                &redactor.text(self.excerpt.as_deref().unwrap_or_default()),
                EXCERPT,
            ),
        };
        if quote.is_empty() {
            "(it gave no reason)".to_owned()
        } else {
            quote
        }
    }
}

/// Printable text on one line, cut. Masking comes before: what is left of a secret that was cut is not found.
fn shorten(text: &str, most: usize) -> String {
    let mut out = String::new();
    for word in text
        .split(|char: char| char.is_whitespace() || char.is_control())
        .filter(|word| !word.is_empty())
    {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
        if out.len() > most * 4 {
            break;
        }
    }
    out.chars().take(most).collect()
}

/// The error for an answer that is none of the good ones.
pub(crate) fn refused(subject: Subject<'_>, redactor: &Redactor, answer: &Answer) -> ActionError {
    let said = Said::read(answer);
    let code = subject.declared(classify(answer.status, &said));
    let name = &subject.spec.name;
    let quote = said.quote(redactor);
    let status = answer.status.as_u16();
    let message = match code {
        "insufficient_scope" => subject.missing_scope(&said, redactor),
        "unauthorized" if said.code.as_deref() == Some("Bearer") => format!(
            "Auth0 refused the token of connection `{}` ({quote}): it is no Management API token; give the \
             connection the `audience` of the tenant's Management API",
            subject.connection
        ),
        "unauthorized" => format!(
            "Auth0 refused the token of connection `{}` for {name}, a fresh one too: {quote}; check that `audience` \
             names the Management API of the tenant that is called, and that the application still exists",
            subject.connection
        ),
        "conflict" if said.code.as_deref() == Some("custom_domain_conflict") => format!(
            "{name}: {quote} Name one in the header `auth0-custom-domain`, through auth0.send_request"
        ),
        "unavailable" => format!("Auth0 could not carry out {name} ({status}): {quote}"),
        "invalid_response" => {
            format!("{name} got an answer that Auth0's API does not give ({status}): {quote}")
        }
        _ => format!("Auth0 refused {name} ({status}): {quote}"),
    };
    let retry = match answer.status.as_u16() {
        429 => Retry::NothingHappened { after: None },
        408 | 500.. => Retry::Transient,
        _ => Retry::Never,
    };
    ActionError::new(code, message)
        .with_retry(retry)
        .with_provider(provider(answer, said, redactor))
}

/// The error for a request without a whole answer.
pub(crate) fn failed(subject: Subject<'_>, redactor: &Redactor, failure: &Failure) -> ActionError {
    let (code, retry) = match failure {
        Failure::NotSent(_) => (code::UNAVAILABLE, Retry::NothingHappened { after: None }),
        Failure::Timeout => (TIMEOUT, Retry::Transient),
        Failure::Lost(_) => (code::UNAVAILABLE, Retry::Transient),
        Failure::Cut { .. } => (code::INVALID_RESPONSE, Retry::Transient),
        // The same request would get the same large answer.
        Failure::TooLarge { .. } => (code::INVALID_RESPONSE, Retry::Never),
    };
    let text = redactor.text(&failure.to_string());
    let mut error = ActionError::new(
        subject.declared(code),
        format!(
            "{} on connection `{}`: {text}",
            subject.spec.name, subject.connection
        ),
    )
    .with_retry(retry);
    if let Failure::Cut { status, .. } | Failure::TooLarge { status } = failure {
        error = error.with_provider(Value::Object(Map::from_iter([
            ("status".to_owned(), Value::from(*status)),
            ("message".to_owned(), Value::from(text)),
        ])));
    }
    error
}

/// The error for a good status whose body is not what the API gives.
pub(crate) fn not_json(subject: Subject<'_>, redactor: &Redactor, answer: &Answer) -> ActionError {
    let kind = if answer.claims_json() {
        "JSON that is cut off or malformed"
    } else {
        "no JSON"
    };
    let said = Said::default().with_excerpt(answer);
    ActionError::new(
        code::INVALID_RESPONSE,
        format!(
            "{} got status {} with {kind}",
            subject.spec.name,
            answer.status.as_u16()
        ),
    )
    // Auth0 has carried it out, or whoever stands in between has answered: nobody knows.
    .with_retry(Retry::Transient)
    .with_provider(provider(answer, said, redactor))
}

/// The error for JSON of another shape than the API's.
pub(crate) fn unexpected(subject: Subject<'_>, answer: &Answer, what: &str) -> ActionError {
    ActionError::new(
        code::INVALID_RESPONSE,
        format!(
            "{} got status {} with {what} in the answer",
            subject.spec.name,
            answer.status.as_u16()
        ),
    )
    .with_provider(provider(answer, Said::default(), &Redactor::default()))
}

/// The error for no token left in the budget.
pub(crate) fn throttled(
    subject: Subject<'_>,
    after: std::time::Duration,
    last: Option<Value>,
) -> ActionError {
    let mut error = ActionError::new(
        code::RATE_LIMITED,
        format!(
            "the rate limit of connection `{}` allows {} again in {} s, later than this step may last",
            subject.connection,
            subject.spec.name,
            after.as_secs_f64().ceil()
        ),
    )
    .with_retry(Retry::NothingHappened { after: Some(after) });
    error.provider = last;
    error
}

/// Whether an error is Auth0's own word that no user has the id. A 404 of somebody in between is not.
pub(crate) fn is_no_user(error: &ActionError) -> bool {
    matches!(error.code.as_ref(), "user_not_found" | "not_found")
        && error
            .provider
            .as_ref()
            .is_some_and(|said| said["error_code"] == "inexistent_user")
}

/// What goes under `provider`.
pub(crate) fn provider(answer: &Answer, said: Said, redactor: &Redactor) -> Value {
    let mut map = Map::new();
    map.insert("status".to_owned(), Value::from(answer.status.as_u16()));
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            map.insert(name.to_owned(), value);
        }
    };
    let text = |text: Option<String>, most: usize| {
        text.map(|text| shorten(&redactor.text(&text), most))
            .filter(|text| !text.is_empty())
            .map(Value::from)
    };
    put("error", text(said.error, LONGEST_TEXT));
    put("error_code", text(said.code, LONGEST_TEXT));
    put("message", text(said.message, LONGEST_TEXT));
    put(
        "attributes",
        said.attributes
            .map(|value| redactor.value(value))
            .filter(|value| value.to_string().len() <= LONGEST_TEXT),
    );
    put("body_excerpt", text(said.excerpt, EXCERPT));
    put("request_id", answer.request_id().map(Value::from));
    Value::Object(map)
}

/// Whether a 403 is about a scope that more scopes would heal, and not about the plan.
pub(crate) fn is_missing_scope(answer: &Answer) -> bool {
    answer.status == StatusCode::FORBIDDEN
        && classify(answer.status, &Said::read(answer)) == code::INSUFFICIENT_SCOPE
}

fn classify(status: StatusCode, said: &Said) -> &'static str {
    let code = said.code.as_deref().unwrap_or_default();
    let message = said.message();
    match status.as_u16() {
        400 | 422 if code == "Bearer" => code::UNAUTHORIZED,
        // With a 400 `operation_not_supported` is about the request, with a 403 about the tenant.
        400 | 422 if code != "operation_not_supported" && is_plan_limit(code, message) => {
            code::FEATURE_NOT_ENABLED
        }
        400 | 422 if is_weak_password(message) => code::WEAK_PASSWORD,
        400 | 422 if is_duplicate_user(message) => code::USER_EXISTS,
        400 | 422 if is_connection_problem(code, message) => code::INVALID_CONNECTION,
        400 | 422 if message.starts_with("The user does not have an email address") => code::NO_EMAIL,
        400 | 422 if is_identity_missing(message) => code::IDENTITY_NOT_FOUND,
        401 => code::UNAUTHORIZED,
        403 if is_scope_message(message) => code::INSUFFICIENT_SCOPE,
        403 if is_plan_limit(code, message) => code::FEATURE_NOT_ENABLED,
        403 if code == "insufficient_scope" => code::INSUFFICIENT_SCOPE,
        403 => code::FORBIDDEN,
        404 if code == "inexistent_user" || message.starts_with("The user does not exist") => {
            code::USER_NOT_FOUND
        }
        404 if is_role_missing(message) => code::ROLE_NOT_FOUND,
        404 | 410 => code::NOT_FOUND,
        408 | 504 => TIMEOUT,
        409 if message.starts_with("Specified identity already exists")
            || message.starts_with("The specified identity already exists") =>
        {
            code::IDENTITY_EXISTS
        }
        409 if is_duplicate_user(message) || code == "auth0_idp_error" => code::USER_EXISTS,
        409 | 412 => code::CONFLICT,
        429 => code::RATE_LIMITED,
        400..=499 => code::INVALID_REQUEST,
        500..=599 => code::UNAVAILABLE,
        _ => code::INVALID_RESPONSE,
    }
}

/// `PasswordStrengthError: …`, `PasswordHistoryError: …`, and their like.
fn is_weak_password(message: &str) -> bool {
    message.split_once(':').is_some_and(|(kind, _)| {
        kind.starts_with("Password") && kind.ends_with("Error") && !kind.contains(' ')
    })
}

/// A create answers these with 409, an update with 400.
fn is_duplicate_user(message: &str) -> bool {
    const BEGINNINGS: [&str; 6] = [
        "The user already exists",
        "User already exists",
        "The specified new email already exists",
        "The specified new username already exists",
        "The specified new phone",
        "The username provided is in use already",
    ];
    BEGINNINGS.iter().any(|beginning| message.starts_with(beginning))
}

fn is_connection_problem(code: &str, message: &str) -> bool {
    const BEGINNINGS: [&str; 10] = [
        "The connection does not exist",
        "Connection does not exist",
        "Connection does not support",
        "Connection is not supported",
        "Connection is disabled",
        "Cannot change email or password for users in a disabled connection",
        "The user's main connection does not support",
        "The connection with id",
        "Identity connection does not exist",
        "The provider/connection is not configured",
    ];
    code == "inexistent_connection" || BEGINNINGS.iter().any(|beginning| message.starts_with(beginning))
}

fn is_identity_missing(message: &str) -> bool {
    const BEGINNINGS: [&str; 4] = [
        "The user exists, but does not contain the given identity",
        "Provided secondary account not found",
        "Linking to an inexistent identity",
        "The user does not have the specified identity",
    ];
    BEGINNINGS.iter().any(|beginning| message.starts_with(beginning))
}

/// As recorded of a user's roles, and of an organization's members'.
fn is_role_missing(message: &str) -> bool {
    message.starts_with("The role does not exist") || message.starts_with("No such role with id")
}

fn is_scope_message(message: &str) -> bool {
    message.starts_with("Insufficient scope")
        || message.starts_with("You cannot update the following fields")
        || (message.starts_with("Some fields cannot be") && message.contains("bearer token scopes"))
}

fn is_plan_limit(code: &str, message: &str) -> bool {
    matches!(
        code,
        "feature_not_enabled"
            | "insufficient_entitlement"
            | "operation_not_supported"
            | "hooks_not_allowed"
            | "rules_not_allowed"
    ) || message.starts_with("Please upgrade your subscription")
        || message.starts_with("This feature requires")
        || message.contains("feature is not enabled for this tenant")
        || message.starts_with("Feature not enabled for this tenant")
}

impl Subject<'_> {
    /// The code itself where the action declares it, else the general one that it is a case of.
    fn declared(&self, code: &'static str) -> &'static str {
        if self.spec.error(code).is_some() {
            return code;
        }
        match code {
            "user_exists" | "identity_exists" => code::CONFLICT,
            "user_not_found" | "role_not_found" => code::NOT_FOUND,
            _ => code::INVALID_REQUEST,
        }
    }

    fn missing_scope(&self, said: &Said, redactor: &Redactor) -> String {
        let message = shorten(&redactor.text(said.message()), LONGEST_TEXT);
        let asked: Vec<&str> = message
            .split_once("expected any of:")
            .map(|(_, scopes)| scopes.trim_end_matches('.').split(',').map(str::trim).collect())
            .unwrap_or_default();
        // Auth0 lists every scope that would do, in no order of size; the declaration knows the least.
        let declared = self.needs.iter().find_map(|need| {
            let least = need.0.first()?;
            (asked.is_empty() || asked.contains(&least.as_str())).then_some((least.as_str(), &need.0))
        });
        let (scope, others): (&str, Vec<&str>) = match declared {
            Some((least, all)) => (
                least,
                all.iter()
                    .map(String::as_str)
                    .filter(|scope| *scope != least)
                    .collect(),
            ),
            None => match asked.split_first() {
                Some((first, rest)) => (first, rest.to_vec()),
                None => {
                    return format!(
                        "the application of connection `{}` lacks a scope that {} needs for this input ({}); {}",
                        self.connection,
                        self.spec.name,
                        said.quote(redactor),
                        self.where_to_grant("it")
                    );
                }
            },
        };
        let alternatives = if others.is_empty() {
            String::new()
        } else {
            format!(" (or, with more rights, `{}`)", others.join("`, `"))
        };
        format!(
            "the application of connection `{}` lacks the scope `{scope}`{alternatives}, which {} needs; {}",
            self.connection,
            self.spec.name,
            self.where_to_grant(&format!("`{scope}`"))
        )
    }

    fn where_to_grant(&self, what: &str) -> String {
        format!(
            "grant {what} in the Auth0 dashboard under Applications → APIs → Auth0 Management API → Machine to Machine \
             Applications → the application with client id {} → Permissions; it is picked up at once",
            self.client_id
        )
    }
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
