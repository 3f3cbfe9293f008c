//! The connection type `jwt`: settings → the keys that tokens are signed and verified with. Opens no socket.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use lockgate_engine::connection::{Opening, SettingsError};
use lockgate_flow::catalog::{ConnectionSpec, InputProblem, KnownInput};
use lockgate_flow::schema::Schema;
use lockgate_flow::workspace::Resolved;
use serde_json::{Value, json};
use url::{Host, Url};

use super::algorithm::{Algorithm, NAMES};
use super::key_set::KeySet;
use super::keys::{KeyError, SigningKey};
use super::remote::{RemoteKeys, Source};

/// The type's name in `lockgate.yaml`.
pub(super) const CONNECTION_TYPE: &str = "jwt";

/// How a secret's text stands for its bytes.
const ENCODINGS: [&str; 3] = ["text", "base64", "base64url"];

/// A connection of type `jwt`. Shared by all runs.
#[derive(Debug)]
pub(super) struct JwtConnection {
    pub(super) name: String,
    pub(super) algorithm: Algorithm,
    /// Its issuer, where the settings name one: of what it signs, and of what it verifies.
    pub(super) issuer: Option<String>,
    pub(super) signing: Option<Signing>,
    pub(super) verifying: Verifying,
}

/// What it signs with.
#[derive(Debug)]
pub(super) struct Signing {
    pub(super) key: SigningKey,
    /// As it goes into `kid`.
    pub(super) id: Option<String>,
}

/// What it verifies with.
#[derive(Debug)]
pub(super) enum Verifying {
    /// Keys that stand in the settings.
    Fixed(KeySet),
    /// Keys behind a URL.
    Remote(Box<RemoteKeys>),
}

/// The declaration of the connection type `jwt`.
pub(super) fn spec() -> ConnectionSpec {
    ConnectionSpec {
        type_name: CONNECTION_TYPE.into(),
        summary: "Keys that tokens are signed and verified with".into(),
        settings: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["algorithm"],
            "properties": {
                "algorithm": {
                    "enum": NAMES,
                    "description": "The one algorithm that tokens are signed with and accepted in. HS takes a secret, RS and \
                                    PS an RSA key of 2048 bits or more, ES256, ES384 and ES512 a key on P-256, P-384 and P-521."
                },
                "secret": {
                    "type": "string", "minLength": 1, "secret": true,
                    "description": "For HS: what both sides know. At least 32, 48 or 64 bytes for HS256, HS384 and HS512."
                },
                "secret_encoding": {
                    "enum": ENCODINGS, "default": "text",
                    "description": "Whether the secret is the text itself, or bytes in base64 or base64url."
                },
                "private_key": {
                    "type": "string", "minLength": 1, "secret": true,
                    "description": "For RS, PS, ES: the key to sign with, PEM or a JSON Web Key. Its other half verifies, unless \
                                    another setting says what does."
                },
                "public_key": {
                    "type": "string", "minLength": 1,
                    "description": "For RS, PS, ES: the key to verify with, PEM, a JSON Web Key, or a set of them."
                },
                "key_id": {
                    "type": "string", "minLength": 1,
                    "description": "The id of the key (`kid`): signed tokens name it, and tokens that name another are not \
                                    accepted. A key set has ids of its own."
                },
                "jwks_url": {
                    "type": "string",
                    "description": "For RS, PS, ES: where the issuer publishes its keys, like \
                                    `https://acme.eu.auth0.com/.well-known/jwks.json`."
                },
                "issuer": {
                    "type": "string", "minLength": 1,
                    "description": "Who issues the tokens, to the letter: `https://acme.eu.auth0.com/` with its slash. Signed \
                                    tokens name it and verified ones must, unless the step says another. Without a key and \
                                    without `jwks_url` the keys are found by its OpenID configuration."
                }
            }
        })),
        check: Some(check),
        example: "jwt:\n  type: jwt\n  algorithm: HS256\n  secret: ${JWT_SECRET}\n".into(),
    }
}

/// Makes a live connection.
pub(super) fn open(opening: &Opening<'_>) -> Result<JwtConnection, SettingsError> {
    let known = KnownInput {
        value: Value::Object(opening.settings.clone()),
        unknown: Vec::new(),
    };
    if let Some(problem) = check(&known).into_iter().next() {
        let mut error = opening.refuse(problem.pointer.trim_start_matches('/'), problem.message);
        error.help = problem.help;
        return Err(error);
    }
    let refuse = |setting: &str, problem: String| opening.refuse(setting, problem);
    let algorithm = opening
        .text("algorithm")
        .and_then(Algorithm::parse)
        .ok_or_else(|| refuse("algorithm", "`algorithm` is none that is known".to_owned()))?;
    let key_id = opening.text("key_id");
    let bad = |setting: &str, error: &KeyError| {
        let mut refused = refuse(setting, format!("`{setting}`: {error}"));
        refused.help = error.help().map(str::to_owned);
        refused
    };

    let signing = if algorithm.is_symmetric() {
        let secret = secret_bytes(opening.settings).map_err(|problem| refuse("secret", problem))?;
        let key = SigningKey::from_secret(algorithm, &secret).map_err(|error| bad("secret", &error))?;
        Some(Signing {
            key,
            id: key_id.map(str::to_owned),
        })
    } else if let Some(text) = opening.text("private_key") {
        let (key, own_id) =
            SigningKey::from_text(algorithm, text).map_err(|error| bad("private_key", &error))?;
        Some(Signing {
            key,
            id: key_id.map(str::to_owned).or(own_id),
        })
    } else {
        None
    };

    let remote = |source| {
        let keys = RemoteKeys::new(source, algorithm, Arc::clone(&opening.clock));
        Verifying::Remote(Box::new(keys))
    };
    let verifying = if let Some(text) = opening.text("public_key") {
        let keys = KeySet::from_text(algorithm, text, key_id).map_err(|error| bad("public_key", &error))?;
        Verifying::Fixed(keys)
    } else if let Some(url) = opening.text("jwks_url") {
        let url = key_url(url).map_err(|problem| refuse("jwks_url", problem.to_owned()))?;
        remote(Source::Url(url))
    } else if let Some(signing) = &signing {
        let key = signing
            .key
            .verifying()
            .map_err(|error| bad("private_key", &error))?;
        Verifying::Fixed(KeySet::of(signing.id.clone(), key))
    } else {
        let issuer = opening.text("issuer").unwrap_or_default();
        let configuration =
            configuration_url(issuer).map_err(|problem| refuse("issuer", problem.to_owned()))?;
        remote(Source::Issuer {
            issuer: issuer.to_owned(),
            configuration,
        })
    };
    Ok(JwtConnection {
        name: opening.name.to_owned(),
        algorithm,
        issuer: opening.text("issuer").map(str::to_owned),
        signing,
        verifying,
    })
}

/// The bytes of the secret.
fn secret_bytes(settings: &Resolved) -> Result<Vec<u8>, String> {
    let text = |name: &str| settings.get(name).and_then(Value::as_str);
    let secret = text("secret").unwrap_or_default();
    let decoded = match text("secret_encoding") {
        Some("base64") => STANDARD.decode(secret),
        Some("base64url") => URL_SAFE_NO_PAD.decode(secret.trim_end_matches('=')),
        _ => return Ok(secret.as_bytes().to_vec()),
    };
    decoded.map_err(|_| format!("`secret` is not {}", text("secret_encoding").unwrap_or_default()))
}

/// Keys that come over plain http come from whoever is on the way.
fn key_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "the URL of the keys is no URL")?;
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err("the URL of the keys has no host"),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the URL of the keys holds credentials");
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_here => Ok(url),
        _ => Err("the URL of the keys is not https; plain http is for 127.0.0.1, ::1 and localhost only"),
    }
}

/// OpenID Connect Discovery 1.0 §4: the issuer without a slash at its end, and the path.
fn configuration_url(issuer: &str) -> Result<Url, &'static str> {
    let url = key_url(issuer)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("an issuer has neither a query nor a fragment");
    }
    let url = format!(
        "{}/.well-known/openid-configuration",
        issuer.trim_end_matches('/')
    );
    Url::parse(&url).map_err(|_| "the issuer is no URL")
}

/// What the schema cannot say, on whatever is known of the settings.
fn check(known: &KnownInput) -> Vec<InputProblem> {
    let mut problems = Vec::new();
    let mut found = |pointer: &str, message: String, help: Option<&str>| {
        problems.push(InputProblem {
            pointer: pointer.to_owned(),
            message,
            help: help.map(str::to_owned),
        });
    };
    let text = |name: &str| known.value.get(name).and_then(Value::as_str);
    let has = |name: &str| {
        known.value.get(name).is_some_and(|value| !value.is_null()) || known.is_unknown(&format!("/{name}"))
    };
    for (name, read) in [
        ("jwks_url", key_url as fn(&str) -> Result<Url, &'static str>),
        ("issuer", configuration_url),
    ] {
        // An issuer is only a name where the keys come from elsewhere.
        let is_only_a_name = name == "issuer"
            && ["secret", "private_key", "public_key", "jwks_url"]
                .into_iter()
                .any(has);
        if let Some(url) = text(name).filter(|_| !is_only_a_name)
            && let Err(problem) = read(url)
        {
            found(&format!("/{name}"), problem.to_owned(), Some("write `https://…`"));
        }
    }
    if has("public_key") && has("jwks_url") {
        let message = "the connection has both `public_key` and `jwks_url`".to_owned();
        found(
            "/public_key",
            message,
            Some("keep the one that tokens are verified with"),
        );
    }
    // The rest depends on the algorithm.
    let Some(algorithm) = text("algorithm").and_then(Algorithm::parse) else {
        return problems;
    };
    let name = algorithm.name();
    if algorithm.is_symmetric() {
        if has("secret") {
            if let (Some(_), false) = (text("secret"), known.is_unknown("/secret_encoding"))
                && let Some(settings) = known.value.as_object()
            {
                let checked = secret_bytes(settings).and_then(|secret| {
                    SigningKey::from_secret(algorithm, &secret).map_err(|error| format!("`secret`: {error}"))
                });
                if let Err(problem) = checked {
                    let help = "make one with `openssl rand -hex 32`, and give it to both sides";
                    found("/secret", problem, Some(help));
                }
            }
        } else {
            let help = "add `secret: ${JWT_SECRET}`";
            found(
                "",
                format!("the connection has no `secret`, which {name} needs"),
                Some(help),
            );
        }
        for setting in ["private_key", "public_key", "jwks_url"] {
            if has(setting) {
                let help = "leave it out, or choose an algorithm with a pair of keys, like RS256";
                found(
                    &format!("/{setting}"),
                    format!("{name} has no use for `{setting}`"),
                    Some(help),
                );
            }
        }
    } else {
        for setting in ["secret", "secret_encoding"] {
            if has(setting) {
                let help = "leave it out, or choose an algorithm with a secret, like HS256";
                found(
                    &format!("/{setting}"),
                    format!("{name} has no use for `{setting}`"),
                    Some(help),
                );
            }
        }
        if !["private_key", "public_key", "jwks_url", "issuer"]
            .into_iter()
            .any(has)
        {
            let help =
                "add `public_key`, `jwks_url` or `issuer` to verify tokens, `private_key` to sign them";
            found("", "the connection has no key".to_owned(), Some(help));
        }
        if has("key_id") && !["private_key", "public_key"].into_iter().any(has) {
            let help = "leave it out: the key set has ids of its own";
            found(
                "/key_id",
                "there is no key that `key_id` could name".to_owned(),
                Some(help),
            );
        }
    }
    problems
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
