//! `auth`: how requests say who sends them.

use lockgate_flow::diagnostic::{Code, suggestion};
use lockgate_flow::expression::{Ambient, EvaluationError, Scope, Template};
use lockgate_flow::syntax::{Fields, Reader};
use lockgate_flow::yaml::Node;
use serde_json::Value;

use super::names::Names;
use super::request::read_header_name;
use crate::auth::{
    ApiKey, Auth, AwsSigV4, Basic, Bearer, ClientAuthentication, ClientCredentials, KeyPlace, Kind,
    RefreshToken, ServiceAccount,
};

const KINDS: [&str; 8] = [
    "none",
    "bearer",
    "basic",
    "api_key",
    "oauth_client_credentials",
    "oauth_refresh_token",
    "service_account",
    "aws_sigv4",
];

/// Texts made from the settings, by the name of a parameter.
#[derive(Debug, Default)]
pub(crate) struct Parameters(Vec<(&'static str, Template)>);

impl Parameters {
    /// The text of a parameter; nothing where it is not given, or left out.
    pub(crate) fn text(
        &self,
        name: &str,
        scope: &dyn Scope,
        ambient: &mut dyn Ambient,
    ) -> Result<Option<String>, EvaluationError> {
        let Some((_, template)) = self.0.iter().find(|(known, _)| *known == name) else {
            return Ok(None);
        };
        let value = template.evaluate(scope, ambient)?;
        Ok(value.and_then(|value| match &*value {
            Value::Null => None,
            Value::String(text) if text.is_empty() => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }))
    }
}

/// Whether an authentication asks for tokens.
pub(super) fn has_token_url(node: &Node) -> bool {
    node.as_map()
        .unwrap_or_default()
        .iter()
        .any(|entry| entry.value.get("token_url").is_some())
}

/// Reads an authentication. `slot` is the number of its token.
pub(super) fn read(reader: &mut Reader, node: &Node, slot: usize, names: &mut Names) -> Auth {
    if node.as_str() == Some("none") {
        return Auth::none();
    }
    let entry = match node.as_map() {
        Some([entry]) => entry,
        Some(_) => {
            reader.report_help(
                Code::InvalidConnector,
                node.span,
                "`auth` is one kind of authentication",
                format!("one of {}", lockgate_flow::diagnostic::list(KINDS)),
            );
            return Auth::none();
        }
        None => {
            let name = node.as_str().unwrap_or_default();
            if KINDS.contains(&name) {
                let message = format!("`{name}` needs to know what to send");
                reader.report_help(
                    Code::InvalidConnector,
                    node.span,
                    message,
                    "see docs/connectors.md",
                );
            } else {
                reader.wrong_type(node, "`auth`", "`none` or a map");
            }
            return Auth::none();
        }
    };
    let kind = &entry.key;
    let node = &entry.value;
    let kind =
        match kind.text.as_str() {
            "bearer" => Kind::Bearer(Bearer {
                token: Parameters(vec![("token", names.read_text(reader, node, "`bearer`"))]),
            }),
            "basic" => parameters(
                reader,
                node,
                "`basic`",
                &["username"],
                &["password"],
                names,
                |_, _| (),
            )
            .map_or(Kind::None, |(parameters, ())| Kind::Basic(Basic { parameters })),
            "api_key" => parameters(reader, node, "`api_key`", &["value"], &[], names, read_key_place)
                .map_or(Kind::None, |(parameters, place)| match place {
                    Some(place) => Kind::ApiKey(ApiKey { place, parameters }),
                    None => Kind::None,
                }),
            "oauth_client_credentials" => parameters(
                reader,
                node,
                "`oauth_client_credentials`",
                &["token_url", "client_id", "client_secret"],
                &["scope", "audience"],
                names,
                read_client_authentication,
            )
            .map_or(Kind::None, |(parameters, client_authentication)| {
                Kind::ClientCredentials(ClientCredentials {
                    parameters,
                    client_authentication,
                })
            }),
            "oauth_refresh_token" => parameters(
                reader,
                node,
                "`oauth_refresh_token`",
                &["token_url", "client_id", "refresh_token"],
                &["client_secret", "scope"],
                names,
                read_client_authentication,
            )
            .map_or(Kind::None, |(parameters, client_authentication)| {
                Kind::RefreshToken(RefreshToken {
                    parameters,
                    client_authentication,
                })
            }),
            "service_account" => parameters(
                reader,
                node,
                "`service_account`",
                &["token_url", "email", "private_key"],
                &["scope", "subject", "audience", "key_id"],
                names,
                |_, _| (),
            )
            .map_or(Kind::None, |(parameters, ())| {
                Kind::ServiceAccount(ServiceAccount { parameters })
            }),
            "aws_sigv4" => parameters(
                reader,
                node,
                "`aws_sigv4`",
                &["service", "region", "access_key_id", "secret_access_key"],
                &["session_token"],
                names,
                |_, _| (),
            )
            .map_or(Kind::None, |(parameters, ())| {
                Kind::AwsSigV4(AwsSigV4 { parameters })
            }),
            other => {
                let message = format!("`{other}` is no kind of authentication");
                let help = suggestion(other, KINDS).unwrap_or_default();
                reader.report_help(Code::InvalidConnector, kind.span, message, help);
                Kind::None
            }
        };
    Auth { kind, slot }
}

/// Reads the parameters of a kind; `more` reads what is no text.
fn parameters<T>(
    reader: &mut Reader,
    node: &Node,
    what: &'static str,
    required: &[&'static str],
    optional: &[&'static str],
    names: &mut Names,
    more: impl FnOnce(&mut Reader, &mut Fields<'_>) -> T,
) -> Option<(Parameters, T)> {
    let mut fields = reader.fields(node, what)?;
    let mut texts = Vec::new();
    for name in required {
        if let Some(node) = fields.need(reader, name) {
            texts.push((*name, names.read_text(reader, node, &format!("`{name}`"))));
        }
    }
    for name in optional {
        if let Some(node) = fields.take(name) {
            texts.push((*name, names.read_text(reader, node, &format!("`{name}`"))));
        }
    }
    let more = more(reader, &mut fields);
    let known: Vec<&str> = [required, optional, &["header", "query", "client_auth"]].concat();
    fields.finish(reader, &known);
    Some((Parameters(texts), more))
}

fn read_key_place(reader: &mut Reader, fields: &mut Fields<'_>) -> Option<KeyPlace> {
    match (fields.take("header"), fields.take("query")) {
        (Some(node), None) => {
            let name = reader.text(node, "`header`")?;
            read_header_name(reader, &name.value, name.span).map(KeyPlace::Header)
        }
        (None, Some(node)) => Some(KeyPlace::Query(reader.text(node, "`query`")?.value)),
        _ => {
            reader.report_help(
                Code::InvalidConnector,
                fields.span(),
                "`api_key` goes into a `header` or into the `query`",
                "write `api_key: { header: X-Api-Key, value: \"{{connection.api_key}}\" }`",
            );
            None
        }
    }
}

/// `client_auth: basic` or `body` (RFC 6749 §2.3.1).
fn read_client_authentication(reader: &mut Reader, fields: &mut Fields<'_>) -> ClientAuthentication {
    let Some(node) = fields.take("client_auth") else {
        return ClientAuthentication::Body;
    };
    match reader
        .text(node, "`client_auth`")
        .as_ref()
        .map(|text| text.value.as_str())
    {
        Some("basic") => ClientAuthentication::Basic,
        None | Some("body") => ClientAuthentication::Body,
        Some(other) => {
            reader.report_help(
                Code::InvalidConnector,
                node.span,
                format!("`{other}` is no way to authenticate a client"),
                "`body` or `basic`",
            );
            ClientAuthentication::Body
        }
    }
}
