//! The settings of a connection, parsed once: what comes out of here can be called.
//!
//! Reads the resolved settings of `lockgate.yaml` (variables already filled in). It opens no socket and reads
//! no environment.

use std::net::IpAddr;

use lockgate_engine::connection::SettingsError;
use lockgate_flow::catalog::{ConnectionSpec, InputProblem, KnownInput};
use lockgate_flow::schema::Schema;
use lockgate_flow::workspace::Resolved;
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use url::Url;

use crate::assertion::AssertionKey;
use crate::domain::Host;
use crate::path::ApiPath;
use crate::session_token::{LEAST_SECRET, LoginHost, SessionTokens};

/// The type's name in `lockgate.yaml`.
pub const CONNECTION_TYPE: &str = "auth0";

/// Which tenant is called, and as whom.
#[derive(Clone, Copy, Debug)]
pub struct TenantAccess<'a> {
    /// `base_url`.
    pub base_url: &'a str,
    /// `client_id`.
    pub client_id: &'a str,
    /// `client_secret`.
    pub client_secret: &'a str,
    /// `audience`.
    pub audience: &'a str,
}

/// Has settings lead to another tenant; what else they say stays.
pub fn settings_for(settings: &mut Resolved, access: &TenantAccess<'_>) {
    const TENANT: [&str; 7] = [
        "domain",
        "base_url",
        "audience",
        "client_id",
        "client_secret",
        "private_key",
        "key_id",
    ];
    for setting in TENANT {
        settings.shift_remove(setting);
    }
    for (name, value) in [
        ("base_url", access.base_url),
        ("client_id", access.client_id),
        ("client_secret", access.client_secret),
        ("audience", access.audience),
    ] {
        settings.insert(name.to_owned(), json!(value));
    }
}

/// The declaration of the connection type `auth0`.
pub fn connection_spec() -> ConnectionSpec {
    ConnectionSpec {
        type_name: CONNECTION_TYPE.into(),
        summary: "An Auth0 tenant, called as a machine-to-machine application".into(),
        settings: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["client_id"],
            "properties": {
                "domain": {
                    "type": "string",
                    "description": "The tenant domain, like `acme.eu.auth0.com`. Not a custom domain, not a URL."
                },
                "client_id": {
                    "type": "string",
                    "minLength": 1,
                    "description": "Client ID of the machine-to-machine application."
                },
                "client_secret": {
                    "type": "string",
                    "minLength": 1,
                    "secret": true,
                    "description": "Client secret of the application. Leave it out where `private_key` is given."
                },
                "private_key": {
                    "type": "string",
                    "minLength": 1,
                    "secret": true,
                    "description": "RSA private key (PEM) for an application that authenticates with a Private Key \
                                    JWT, instead of the secret."
                },
                "audience": {
                    "type": "string",
                    "description": "Identifier of the Management API, `https://TENANT DOMAIN/api/v2/`. Made from \
                                    `domain` when left out; needed with a custom domain."
                },
                "base_url": {
                    "type": "string",
                    "description": "Where to call instead of `https://DOMAIN`: an emulated tenant or a gateway. \
                                    `https`, or plain `http` to this machine only."
                },
                "session_token_secret": {
                    "type": "string",
                    "minLength": 1,
                    "secret": true,
                    "description": "For redirects of Actions: the secret that the Action gives `encodeToken` and \
                                    `validateToken`. At least 32 bytes."
                },
                "login_domain": {
                    "type": "string",
                    "description": "Where people log in, if that is not the tenant domain: the custom domain, like \
                                    `login.acme.com`."
                }
            }
        })),
        check: Some(check_settings),
        example: "auth0:\n  type: auth0\n  domain: ${AUTH0_DOMAIN}\n  client_id: ${AUTH0_CLIENT_ID}\n  \
                  client_secret: ${AUTH0_CLIENT_SECRET}\n"
            .into(),
    }
}

/// How the application proves who it is.
#[derive(Debug)]
pub(crate) enum Credentials {
    Secret(SecretString),
    PrivateKey(AssertionKey),
}

/// Settings that can be called with.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Without a slash at the end.
    pub(crate) base: Url,
    pub(crate) client_id: String,
    pub(crate) credentials: Credentials,
    pub(crate) audience: String,
    /// Plain http to this machine: no certificates are needed.
    pub(crate) is_loopback_http: bool,
    pub(crate) session_tokens: SessionTokens,
}

impl Settings {
    pub(crate) fn parse(connection: &str, settings: &Map<String, Value>) -> Result<Self, SettingsError> {
        let fail = |setting: &str, problem: String, help: Option<String>| SettingsError {
            connection: connection.to_owned(),
            setting: setting.to_owned(),
            problem,
            help,
        };
        let known = KnownInput {
            value: Value::Object(settings.clone()),
            unknown: Vec::new(),
        };
        if let Some(InputProblem {
            pointer,
            message,
            help,
        }) = check_settings(&known).into_iter().next()
        {
            return Err(fail(pointer.trim_start_matches('/'), message, help));
        }
        let text = |name: &str| match settings.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(fail(name, format!("`{name}` is not text"), None)),
        };
        let declared = connection_spec().settings;
        for name in settings.keys() {
            if declared.view().property(name).is_none() && name != "type" {
                return Err(fail(name, format!("there is no setting `{name}`"), None));
            }
        }
        let client_id = text("client_id")?.unwrap_or_default();
        if client_id.trim().is_empty() {
            return Err(fail("client_id", "`client_id` is empty".to_owned(), None));
        }
        let credentials = match (text("client_secret")?, text("private_key")?) {
            (Some(secret), None) if !secret.is_empty() => Credentials::Secret(SecretString::from(secret)),
            (None, Some(pem)) => Credentials::PrivateKey(AssertionKey::from_pem(pem).map_err(|problem| {
                fail(
                    "private_key",
                    problem.to_string(),
                    Some(
                        "write the whole PEM text, from `-----BEGIN PRIVATE KEY-----` to `-----END PRIVATE KEY-----`, \
                         with its line breaks"
                            .to_owned(),
                    ),
                )
            })?),
            _ => return Err(fail("client_secret", "`client_secret` is empty".to_owned(), None)),
        };
        let (base, default_audience) = if let Some(base_url) = text("base_url")? {
            let base =
                parse_base_url(base_url).map_err(|found| fail("base_url", found.message, found.help))?;
            let audience = format!("{}/api/v2/", base.as_str().trim_end_matches('/'));
            (base, audience)
        } else {
            let host = Host::parse(text("domain")?.unwrap_or_default())
                .map_err(|problem| fail("domain", problem.to_string(), Some(problem.help())))?;
            let base = Url::parse(&format!("https://{}", host.name))
                .map_err(|problem| fail("domain", format!("the domain makes no URL: {problem}"), None))?;
            (base, format!("https://{}/api/v2/", host.name))
        };
        let hosts: Vec<LoginHost> = ["login_domain", "domain"]
            .into_iter()
            .filter_map(|name| Host::parse(text(name).ok()??).ok())
            .map(|host| LoginHost::of(&host))
            .collect();
        let session_tokens = SessionTokens {
            secret: text("session_token_secret")?.map(SecretString::from),
            hosts: if hosts.is_empty() {
                vec![LoginHost::of_base(&base)]
            } else {
                hosts
            },
        };
        Ok(Self {
            session_tokens,
            is_loopback_http: base.scheme() == "http",
            base,
            client_id: client_id.to_owned(),
            credentials,
            audience: text("audience")?.map_or(default_audience, str::to_owned),
        })
    }

    /// Where an endpoint of the Management API is. Only the path is parsed: the rest has been.
    pub(crate) fn endpoint(&self, path: &ApiPath) -> Url {
        let mut url = self.base.clone();
        match self.base.path().trim_end_matches('/') {
            "" => url.set_path(path.as_str()),
            prefix => url.set_path(&format!("{prefix}{}", path.as_str())),
        }
        url
    }

    /// Where tokens are.
    pub(crate) fn token_url(&self) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/oauth/token", self.base.path().trim_end_matches('/')));
        url
    }

    /// `BASE/path`, for paths that this crate writes itself.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base.as_str().trim_end_matches('/'))
    }
}

/// The checks that the schema cannot say, on whatever is known of the settings.
fn check_settings(known: &KnownInput) -> Vec<InputProblem> {
    let mut problems = Vec::new();
    let problem = |pointer: &str, message: String, help: Option<String>| InputProblem {
        pointer: pointer.to_owned(),
        message,
        help,
    };
    let has = |name: &str| {
        known.value.get(name).is_some_and(|value| !value.is_null()) || known.is_unknown(&format!("/{name}"))
    };
    let text = |name: &str| known.value.get(name).and_then(Value::as_str);

    if let Some(domain) = text("domain") {
        match Host::parse(domain) {
            Err(found) => problems.push(problem("/domain", found.to_string(), Some(found.help()))),
            // Auth0 serves the API on a custom domain too, with the tenant's audience ("Configure features to
            // use custom domains"): whoever writes that audience knows what they do.
            Ok(host) if !host.is_tenant && !has("audience") && !has("base_url") => {
                let found = crate::domain::DomainProblem::CustomDomain { host: host.name };
                problems.push(problem("/domain", found.to_string(), Some(found.help())));
            }
            Ok(_) => {}
        }
    } else if !has("domain") && !has("base_url") {
        problems.push(problem(
            "",
            "the connection has no `domain`".to_owned(),
            Some("add the tenant domain, like `domain: acme.eu.auth0.com`".to_owned()),
        ));
    }
    if let Some(domain) = text("login_domain")
        && let Err(found) = Host::parse(domain)
    {
        let help = "write the host on which people log in, like `login.acme.com`".to_owned();
        problems.push(problem("/login_domain", found.to_string(), Some(help)));
    }
    if let Some(secret) = text("session_token_secret").filter(|secret| secret.len() < LEAST_SECRET) {
        let message = format!(
            "`session_token_secret` has {} bytes, and HS256 needs {LEAST_SECRET} (RFC 7518 §3.2)",
            secret.len()
        );
        let help = "make one with `openssl rand -hex 32`, and give it to the Action, too".to_owned();
        problems.push(problem("/session_token_secret", message, Some(help)));
    }
    if let Some(base_url) = text("base_url")
        && let Err(found) = parse_base_url(base_url)
    {
        problems.push(found);
    }
    if let Some(audience) = text("audience")
        && !known.is_unknown("/base_url")
        && let Some(found) = check_audience(audience, has("base_url"))
    {
        problems.push(found);
    }
    match (has("client_secret"), has("private_key")) {
        (true, true) => problems.push(problem(
            "/private_key",
            "the connection has both `client_secret` and `private_key`".to_owned(),
            Some("keep the one that the application's Credentials tab names".to_owned()),
        )),
        (false, false) => problems.push(problem(
            "",
            "the connection has neither `client_secret` nor `private_key`".to_owned(),
            Some("add `client_secret: ${AUTH0_CLIENT_SECRET}`".to_owned()),
        )),
        _ => {}
    }
    if !has("client_id") {
        problems.push(problem(
            "",
            "the connection has no `client_id`".to_owned(),
            Some("add `client_id: ${AUTH0_CLIENT_ID}`".to_owned()),
        ));
    }
    problems
}

/// The audience is compared by Auth0 as text: a missing slash or a custom domain in it is refused.
fn check_audience(audience: &str, has_base_url: bool) -> Option<InputProblem> {
    let problem = |message: String, help: String| {
        Some(InputProblem {
            pointer: "/audience".to_owned(),
            message,
            help: Some(help),
        })
    };
    let example = "write the tenant's Management API, like `https://acme.eu.auth0.com/api/v2/`";
    let Ok(url) = Url::parse(audience) else {
        return problem("the audience is not a URL".to_owned(), example.to_owned());
    };
    if !audience.ends_with("/api/v2/") {
        let help = if audience.ends_with("/api/v2") {
            format!("write `{audience}/`: the slash at the end is part of the identifier")
        } else {
            example.to_owned()
        };
        return problem(
            "the audience is not a Management API's identifier".to_owned(),
            help,
        );
    }
    let host = url.host_str().unwrap_or_default();
    match Host::parse(host) {
        _ if has_base_url => None,
        Ok(host) if host.is_tenant => None,
        Ok(host) => problem(
            format!("the audience names the custom domain `{}`", host.name),
            "the audience keeps the tenant domain, like `https://acme.eu.auth0.com/api/v2/`".to_owned(),
        ),
        Err(found) => problem(format!("the audience's host: {found}"), found.help()),
    }
}

fn parse_base_url(text: &str) -> Result<Url, InputProblem> {
    let problem = |message: &str, help: &str| InputProblem {
        pointer: "/base_url".to_owned(),
        message: message.to_owned(),
        help: Some(help.to_owned()),
    };
    let url = Url::parse(text).map_err(|_| {
        problem(
            "the base URL is not a URL",
            "write one like `https://auth.example.com` or `http://127.0.0.1:4010`",
        )
    })?;
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err(problem(
            "the base URL has more than a host and a path",
            "remove the user, the query and the fragment",
        ));
    }
    match url.scheme() {
        "https" if url.host_str().is_some() => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err(problem(
            "plain http would send the client secret in the clear",
            "write `https://…`; plain http is for 127.0.0.1, ::1 and localhost only",
        )),
        _ => Err(problem(
            "the base URL is neither https nor http",
            "write `https://…`",
        )),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost", // RFC 6761 §6.3
        Some(url::Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(url::Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
