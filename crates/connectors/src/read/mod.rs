//! Text → [`Connector`]: every key, every expression, every mistake at once.
//!
//! ```text
//!  mod          the file itself
//!   ├─ operation   one of its operations
//!   ├─ request     method, path, query, headers, body
//!   ├─ errors      what answers mean
//!   ├─ pages       pagination and reconciliation
//!   ├─ auth        how requests say who sends them
//!   ├─ names       what expressions may read, and whether it is there
//!   └─ result      whether a result can be what `output` says
//! ```

mod auth;
mod errors;
mod names;
mod operation;
mod pages;
mod request;
mod result;

use std::sync::Arc;
use std::time::Duration;

use lockgate_flow::diagnostic::{Code, Diagnostic};
use lockgate_flow::expression::{Expression, Template};
use lockgate_flow::graph::{InputSpec, input_schema};
use lockgate_flow::source::{Source, Span};
use lockgate_flow::syntax::{DataNode, Fields, InputField, Reader, read_input};
use lockgate_flow::yaml::{Limits, Node, Spanned, load};
use lockgate_http::StatusRange;
use serde_json::{Value, json};
use url::Url;

use crate::auth::Auth;
use crate::connector::Connector;
use errors::Rules;
use names::Names;

pub(crate) use auth::Parameters;

const KEYS: &[&str] = &[
    "connector",
    "summary",
    "docs",
    "connection",
    "base_url",
    "auth",
    "headers",
    "timeout",
    "accept",
    "success_if",
    "errors",
    "error_message",
    "operations",
];

/// How long one request may take where the connector does not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// What the connector says for all of its operations.
struct Shared {
    name: String,
    docs: Option<String>,
    /// The settings, those of ours too.
    settings: Vec<InputField>,
    base_url: Arc<Template>,
    auth: Arc<Auth>,
    headers: Vec<(http::HeaderName, lockgate_flow::expression::ValueTemplate)>,
    timeout: Duration,
    accept: Vec<StatusRange>,
    success_if: Option<Expression>,
    rules: Rules,
    error_message: Option<Expression>,
}

impl Connector {
    /// Reads a connector's file. Gives all findings, never only the first; never panics.
    ///
    /// Where there are errors, what could be read is given for its declarations, so that flows can be checked against
    /// them: [`Connector::is_sound`] is false, and [`register`](crate::register) passes over it.
    pub fn parse(source: &Arc<Source>) -> (Option<Self>, Vec<Diagnostic>) {
        let loaded = load(source, Limits::default());
        let mut reader = Reader::new(source);
        reader.diagnostics = loaded.diagnostics;
        if loaded.root.is_none() && loaded.complete {
            reader.report_help(
                Code::NotOneDocument,
                Span::new(0, 0),
                "the file is empty",
                "a connector needs `connector:`, `summary:`, `base_url:` and `operations:`",
            );
        }
        let of_the_text = reader.diagnostics.len();
        let connector = loaded.root.as_ref().and_then(|root| read(&mut reader, root));
        if !loaded.complete {
            // What comes after the place where the text broke off is not known.
            reader.diagnostics.truncate(of_the_text);
        }
        let is_sound = loaded.complete && !reader.diagnostics.iter().any(Diagnostic::is_error);
        let connector = connector.map(|connector| Self {
            is_sound,
            ..connector
        });
        (connector, reader.diagnostics)
    }
}

fn read(reader: &mut Reader, root: &Node) -> Option<Connector> {
    let mut fields = reader.fields(root, "the connector")?;
    let name = fields
        .take_or_recover("connector", KEYS)
        .and_then(|node| read_name(reader, node, "the name of a connector"));
    if !fields.has("connector") {
        fields.missing(reader, "connector");
    }
    let summary = needed_text(reader, &mut fields, "summary", "`summary`");
    let docs = optional_text(reader, &mut fields, "docs", "`docs`");
    let mut settings = Vec::new();
    let mut settings_are_known = true;
    if let Some(node) = fields.take_or_recover("connection", KEYS) {
        let (read, is_whole) = read_input(reader, node);
        settings = read;
        settings_are_known = is_whole;
    }
    let own = settings.len();
    let auth_node = fields.take_or_recover("auth", KEYS);
    add_settings(&mut settings, root, fields.span());
    let mut names = Names::of_connection(&settings, settings_are_known);

    let base_url = if let Some(node) = fields.take_or_recover("base_url", KEYS) {
        read_base_url(reader, node, &mut names)
    } else {
        fields.missing(reader, "base_url");
        Template::Constant(Value::Null)
    };
    let auth = auth_node.map_or(Auth::none(), |node| auth::read(reader, node, 0, &mut names));
    let headers = fields.take("headers").map_or_else(Vec::new, |node| {
        names.with_run(true);
        request::read_headers(reader, node, &mut names)
    });
    names.with_run(false);
    let timeout = fields
        .take("timeout")
        .and_then(|node| reader.duration(node, "`timeout`"))
        .map_or(DEFAULT_TIMEOUT, |timeout| timeout.value);
    let accept = match fields.take("accept") {
        Some(node) => errors::read_statuses(reader, node, "`accept`"),
        None => vec![StatusRange(200..=299)],
    };
    names.with_response(true);
    let success_if = fields
        .take("success_if")
        .and_then(|node| names.read_expression(reader, node, "`success_if`"));
    let rules = fields
        .take_or_recover("errors", KEYS)
        .map_or_else(Rules::default, |node| errors::read(reader, node, &mut names));
    let error_message = fields
        .take("error_message")
        .and_then(|node| names.read_expression(reader, node, "`error_message`"));
    names.with_response(false);

    let shared = Shared {
        name: name.clone().unwrap_or_default(),
        docs,
        settings,
        base_url: Arc::new(base_url),
        auth: Arc::new(auth),
        headers,
        timeout,
        accept,
        success_if,
        rules,
        error_message,
    };
    let mut operations = Vec::new();
    let mut auths = 1;
    let mut is_read = false;
    if let Some(node) = fields.take_or_recover("operations", KEYS) {
        match node.as_map() {
            Some([]) => reader.report(
                Code::InvalidConnector,
                node.span,
                "the connector has no operation",
            ),
            Some(entries) => {
                is_read = true;
                for entry in entries {
                    let read = operation::read(reader, entry, &shared, &mut names, &mut auths);
                    operations.extend(read.map(Arc::new));
                }
            }
            None => reader.wrong_type(node, "`operations`", "a map from name to operation"),
        }
    } else {
        fields.missing(reader, "operations");
    }
    fields.finish(reader, KEYS);
    // What a mistake keeps from being read is not left unread.
    let is_sound = !reader.diagnostics.iter().any(Diagnostic::is_error);
    if is_read && settings_are_known && is_sound {
        names.report_unread_settings(reader, &shared.settings[..own]);
    }
    Some(Connector {
        name: name?,
        summary,
        docs: shared.docs,
        source: Arc::clone(&reader.source),
        settings: InputSpec::new(&shared.settings),
        base_url: shared.base_url,
        auths,
        operations,
        is_sound: false,
    })
}

/// `base_url` and `token_url`, which every connection may override, unless the connector has settings of these names.
fn add_settings(settings: &mut Vec<InputField>, root: &Node, span: Span) {
    let mut add = |name: &str, description: &str| {
        if settings.iter().any(|field| field.name.value == name) {
            return;
        }
        settings.push(InputField {
            name: Spanned::new(name.to_owned(), span),
            schema: json!({ "type": "string", "format": "uri", "description": description }),
            span,
            default: None,
            required: false,
            secret: false,
        });
    };
    add(
        "base_url",
        "Where the provider is asked, in the place of the connector's own URL.",
    );
    let mints = |node: Option<&Node>| node.is_some_and(auth::has_token_url);
    let of_operations = root
        .get("operations")
        .and_then(Node::as_map)
        .unwrap_or_default()
        .iter()
        .any(|entry| mints(entry.value.get("auth")));
    if mints(root.get("auth")) || of_operations {
        add(
            "token_url",
            "Where tokens are asked for, in the place of the connector's own URL.",
        );
    }
}

/// Lower-case letters, digits and `_`.
fn read_name(reader: &mut Reader, node: &Node, what: &str) -> Option<String> {
    let name = reader.text(node, what)?;
    check_name(reader, &name.value, name.span, what).then_some(name.value)
}

fn check_name(reader: &mut Reader, name: &str, span: Span, what: &str) -> bool {
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !is_name {
        reader.report_help(
            Code::InvalidName,
            span,
            format!("`{name}` cannot be {what}"),
            "lower-case letters, digits and `_`, beginning with a letter",
        );
    }
    is_name
}

fn needed_text(reader: &mut Reader, fields: &mut Fields<'_>, key: &str, what: &str) -> String {
    fields
        .need(reader, key)
        .and_then(|node| reader.text(node, what))
        .map(|text| text.value)
        .unwrap_or_default()
}

fn optional_text(reader: &mut Reader, fields: &mut Fields<'_>, key: &str, what: &str) -> Option<String> {
    fields
        .take(key)
        .and_then(|node| reader.text(node, what))
        .map(|text| text.value)
}

/// A URL of settings. What the settings make of it is checked when a connection is opened.
fn read_base_url(reader: &mut Reader, node: &Node, names: &mut Names) -> Template {
    let template = names.read_text(reader, node, "`base_url`");
    if let Template::Constant(value) = &template {
        let problem = match value.as_str().map(Url::parse) {
            Some(Ok(url)) => lockgate_http::check_url(&url).err().or_else(|| {
                (url.query().is_some() || url.fragment().is_some())
                    .then(|| "a base URL has no query".to_owned())
            }),
            Some(Err(error)) => Some(error.to_string()),
            None => None,
        };
        if let Some(problem) = problem {
            reader.report_help(
                Code::InvalidConnector,
                node.span,
                format!("`base_url`: {problem}"),
                "write one like `https://api.example.com/v1`",
            );
        }
    }
    template
}

/// Fields as the JSON Schema of an object, with what is secret.
pub(crate) fn with_secrets(fields: &[InputField]) -> Value {
    let mut schema = input_schema(fields);
    for field in fields.iter().filter(|field| field.secret) {
        if let Some(Value::Object(property)) =
            schema.pointer_mut(&format!("/properties/{}", field.name.value))
        {
            property.insert("secret".to_owned(), Value::Bool(true));
        }
    }
    schema
}

/// Reads data with expressions.
fn read_data(reader: &mut Reader, node: &Node, names: &mut Names) -> DataNode {
    let mut data = DataNode::read(reader, node);
    names.check_data(reader, &mut data);
    data
}
