//! Reads `lockgate.yaml`. The same tree and the same findings as for flows, so that a typo gets a suggestion here too.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::Value;

use super::settings::{has_variable, variables};
use super::store::{self, StoreSyntax};
use crate::catalog::{Catalog, ConnectionSpec, KnownInput};
use crate::diagnostic::{Code, Severity, nearest, suggestion};
use crate::schema::{compile, problems};
use crate::source::{Source, Span};
use crate::syntax::Reader;
use crate::yaml::{Data, Entry, Limits, Node, Spanned, load};

const KEYS: &[&str] = &["version", "connections", "config", "http", "store"];

/// The language version that this binary reads.
pub const LANGUAGE_VERSION: u64 = 1;

/// `lockgate.yaml`.
#[derive(Clone, Debug)]
pub struct WorkspaceFile {
    /// The text.
    pub source: Arc<Source>,
    /// `connections`.
    pub connections: Vec<ConnectionSyntax>,
    /// `config`; an object.
    pub config: Value,
    /// `http.allow`: networks, addresses and host names that requests may reach although they are not public.
    pub http_allow: Vec<String>,
    /// `store`.
    pub store: StoreSyntax,
    /// Whether all of it could be read. Where not, what seems to be missing may stand in the rest.
    pub is_complete: bool,
}

/// An entry of `connections`.
#[derive(Clone, Debug)]
pub struct ConnectionSyntax {
    /// Its name.
    pub name: Spanned<String>,
    /// Its `type`.
    pub type_name: Spanned<String>,
    /// Its settings as written, `${NAME}` and all.
    pub settings: Vec<Entry>,
    /// The whole entry.
    pub span: Span,
}

impl WorkspaceFile {
    /// Reads the file, checking connection settings against their declarations.
    pub fn parse(
        source: &Arc<Source>,
        catalog: &Catalog,
    ) -> (Option<Self>, Vec<crate::diagnostic::Diagnostic>) {
        let loaded = load(source, Limits::default());
        let mut reader = Reader::new(source);
        reader.diagnostics = loaded.diagnostics;
        if loaded.root.is_none() && loaded.complete {
            let help = "a workspace file needs at least `version: 1`";
            reader.report_help(Code::NotOneDocument, Span::new(0, 0), "the file is empty", help);
        }
        let mut file = loaded.root.and_then(|root| read(&mut reader, &root, catalog));
        if !loaded.complete {
            reader
                .diagnostics
                .retain(|finding| !matches!(finding.code, Code::MissingKey | Code::WrongType));
            if let Some(file) = &mut file {
                file.is_complete = false;
            }
        }
        (file, reader.diagnostics)
    }
}

fn read(reader: &mut Reader, root: &Node, catalog: &Catalog) -> Option<WorkspaceFile> {
    let mut fields = reader.fields(root, "the workspace file")?;
    if let Some(node) = fields.need(reader, "version") {
        let version = node.to_value();
        if version.as_u64() != Some(LANGUAGE_VERSION) {
            reader.report_help(
                Code::LanguageVersion,
                node.span,
                format!("version {version} of the flow language is not known to this binary"),
                format!("it reads version {LANGUAGE_VERSION}: write `version: {LANGUAGE_VERSION}`"),
            );
        }
    }
    let mut connections = Vec::new();
    let mut is_complete = true;
    if let Some(node) = fields.take_or_recover("connections", KEYS) {
        if let Some(entries) = node.as_map() {
            for entry in entries {
                let connection = read_connection(reader, entry, catalog);
                is_complete &= connection
                    .as_ref()
                    .is_some_and(|connection| catalog.connection(&connection.type_name.value).is_some());
                connections.extend(connection);
            }
        } else {
            reader.wrong_type(node, "`connections`", "a map from name to settings");
            is_complete = false;
        }
    }
    let config = match fields.take_or_recover("config", KEYS) {
        Some(node) if node.as_map().is_some() => {
            check_config(reader, node);
            node.to_value()
        }
        Some(node) => {
            reader.wrong_type(node, "`config`", "a map");
            is_complete = false;
            Value::Object(serde_json::Map::new())
        }
        None => Value::Object(serde_json::Map::new()),
    };
    let http_allow = fields
        .take("http")
        .map(|node| read_http(reader, node))
        .unwrap_or_default();
    let store = fields
        .take("store")
        .map(|node| store::read(reader, node))
        .unwrap_or_default();
    fields.finish(reader, KEYS);
    Some(WorkspaceFile {
        source: Arc::clone(&reader.source),
        connections,
        config,
        http_allow,
        store,
        is_complete,
    })
}

/// Warns of what looks as if it were read in `config`, where every text stays as it is.
fn check_config(reader: &mut Reader, node: &Node) {
    match &node.data {
        Data::Map(entries) => entries
            .iter()
            .for_each(|entry| check_config(reader, &entry.value)),
        Data::List(nodes) => nodes.iter().for_each(|node| check_config(reader, node)),
        Data::Scalar(scalar) => {
            let (mark, help) = if has_variable(&scalar.value) {
                ("${…}", "variables are read in the settings of connections only")
            } else if scalar.text.contains("{{") && scalar.text.contains("}}") {
                ("{{…}}", "expressions are read in flows only")
            } else {
                return;
            };
            let message = format!("`{mark}` is not read in `config`: the text stays as it is");
            reader.report_help(Code::InvalidSetting, node.span, message, help);
            if let Some(finding) = reader.diagnostics.last_mut() {
                finding.severity = Severity::Warning;
            }
        }
        Data::Invalid => {}
    }
}

/// Whether a text has a `${` without its `}`.
fn is_open(text: &str) -> bool {
    text.rfind("${").is_some_and(|start| !text[start..].contains('}'))
}

/// Reports a `${` without its `}` in a setting.
fn check_closed(reader: &mut Reader, node: &Node) {
    match &node.data {
        Data::Map(entries) => entries
            .iter()
            .for_each(|entry| check_closed(reader, &entry.value)),
        Data::List(nodes) => nodes.iter().for_each(|node| check_closed(reader, node)),
        Data::Scalar(scalar) => {
            if is_open(&scalar.text) {
                let message = "this `${` is never closed";
                reader.report_help(Code::InvalidSetting, node.span, message, "write `${NAME}`");
            }
        }
        Data::Invalid => {}
    }
}

/// `http: { allow: [10.0.0.0/8, localhost] }`.
fn read_http(reader: &mut Reader, node: &Node) -> Vec<String> {
    let Some(mut fields) = reader.fields(node, "`http`") else {
        return Vec::new();
    };
    let mut allow = Vec::new();
    if let Some(list) = fields.take("allow") {
        match list.as_list() {
            Some(entries) => {
                for entry in entries {
                    let Some(text) = reader.text(entry, "an entry of `allow`") else {
                        continue;
                    };
                    if !is_network_or_host(&text.value) {
                        reader.report_help(
                            Code::InvalidSetting,
                            entry.span,
                            format!(
                                "`{}` is neither a network, an address, nor a host name",
                                text.value
                            ),
                            "write it like `10.0.0.0/8`, `127.0.0.1` or `billing.internal`",
                        );
                    }
                    allow.push(text.value);
                }
            }
            None => reader.wrong_type(list, "`allow`", "a list of networks and hosts"),
        }
    }
    fields.finish(reader, &["allow"]);
    allow
}

fn is_network_or_host(text: &str) -> bool {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    if let Ok(address) = address.parse::<IpAddr>() {
        let longest = if address.is_ipv4() { 32 } else { 128 };
        return prefix.is_none_or(|prefix| prefix.parse::<u8>().is_ok_and(|prefix| prefix <= longest));
    }
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    // `10.0.0` is a slip, not a name.
    prefix.is_none() && text.split('.').all(is_label) && text.chars().any(|c| c.is_ascii_alphabetic())
}

fn read_connection(reader: &mut Reader, entry: &Entry, catalog: &Catalog) -> Option<ConnectionSyntax> {
    let mut fields = reader.fields(&entry.value, "the connection")?;
    let Some(node) = fields.take("type") else {
        return missing_type(reader, entry);
    };
    let type_name = reader.text(node, "`type`")?;
    let settings: Vec<Entry> = entry
        .value
        .as_map()?
        .iter()
        .filter(|setting| setting.key.text != "type")
        .cloned()
        .collect();
    let connection = ConnectionSyntax {
        name: Spanned::new(entry.key.text.clone(), entry.key.span),
        type_name,
        settings,
        span: entry.span(),
    };
    if let Some(spec) = catalog.connection(&connection.type_name.value) {
        check_settings(reader, &entry.value, &connection, spec);
    } else {
        let known: Vec<_> = catalog.connections().map(|spec| &*spec.type_name).collect();
        let name = &connection.type_name;
        let help = suggestion(&name.value, known).unwrap_or_default();
        reader.report_help(
            Code::UnknownConnectionType,
            name.span,
            format!("there is no connection type `{}`", name.value),
            help,
        );
    }
    Some(connection)
}

/// Reports that a connection has no `type`, or the misspelt key that stands in its place.
fn missing_type(reader: &mut Reader, entry: &Entry) -> Option<ConnectionSyntax> {
    let misspelt = entry
        .value
        .as_map()?
        .iter()
        .find(|setting| nearest(&setting.key.text, ["type"]).is_some());
    match misspelt {
        Some(setting) => {
            let message = format!("unknown key `{}` in the connection", setting.key.text);
            reader.report_help(
                Code::UnknownKey,
                setting.key.span,
                message,
                "did you mean `type`?",
            );
        }
        None => reader.report(
            Code::MissingKey,
            entry.key.span,
            format!("the connection `{}` has no `type`", entry.key.text),
        ),
    }
    None
}

fn check_settings(reader: &mut Reader, node: &Node, connection: &ConnectionSyntax, spec: &ConnectionSpec) {
    let schema = spec.settings.view();
    let mut known = KnownInput {
        value: Value::Object(serde_json::Map::new()),
        unknown: Vec::new(),
    };
    for setting in &connection.settings {
        let (name, value) = (&setting.key.text, setting.value.to_value());
        check_closed(reader, &setting.value);
        let Some(property) = schema.property(name) else {
            let message = format!(
                "a connection of type `{}` has no setting `{name}`",
                spec.type_name
            );
            let help = suggestion(name, schema.property_names()).unwrap_or_default();
            reader.report_help(Code::UnknownKey, setting.key.span, message, help);
            continue;
        };
        if has_variable(&value) {
            known.unknown.push(format!("/{name}"));
        }
        let entries = setting
            .value
            .as_list()
            .unwrap_or(std::slice::from_ref(&setting.value));
        for entry in entries.iter().filter(|_| property.is_secret()) {
            let value = entry.to_value();
            let is_written = value
                .as_str()
                .is_some_and(|text| !text.is_empty() && !is_open(text) && !has_variable(&value));
            if !is_written {
                continue;
            }
            reader.report_help(
                Code::WrittenSecret,
                entry.span,
                format!("the secret `{name}` is written out in the file"),
                format!(
                    "read it from the environment: `{name}: ${{{}}}`",
                    format!("{}_{name}", connection.name.value)
                        .to_uppercase()
                        .replace('-', "_")
                ),
            );
        }
        if let Value::Object(object) = &mut known.value {
            object.insert(
                name.clone(),
                if has_variable(&value) {
                    Value::Null
                } else {
                    value.clone()
                },
            );
        }
        if !has_variable(&value)
            && let Ok(validator) = compile(property.as_value())
        {
            for problem in problems(&validator, &value) {
                let message = if property.is_secret() {
                    problem.masked
                } else {
                    problem.message
                };
                let span = setting.value.at_pointer(&problem.pointer).span;
                reader.report(Code::InvalidSetting, span, format!("`{name}`: {message}"));
            }
        }
    }
    for name in schema.property_names().filter(|name| schema.requires(name)) {
        // A misspelt setting is reported once, as the unknown one that it is.
        let misspelt = connection.settings.iter().any(|setting| {
            let text = setting.key.text.as_str();
            schema.property(text).is_none() && nearest(text, [name]).is_some()
        });
        if misspelt {
            continue;
        }
        if !connection.settings.iter().any(|setting| setting.key.text == name) {
            let message = format!("the connection `{}` has no `{name}`", connection.name.value);
            reader.report_help(
                Code::MissingKey,
                connection.name.span,
                message,
                spec.example.clone(),
            );
        }
    }
    if let Some(check) = spec.check {
        for problem in check(&known) {
            let span = node.at_pointer(&problem.pointer).span;
            reader.report(Code::InvalidSetting, span, problem.message);
            if let Some(finding) = reader.diagnostics.last_mut() {
                finding.help = problem.help;
            }
        }
    }
}

impl ConnectionSyntax {
    /// The environment variables that the settings read, with whether each has a default.
    pub fn variables(&self) -> Vec<(String, bool)> {
        self.settings
            .iter()
            .flat_map(|setting| variables(&setting.value.to_value()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn allow(text: &str) -> (Vec<String>, Vec<String>) {
        let source = Source::new("lockgate.yaml", format!("version: 1\nhttp: {text}\n"));
        let (file, findings) = WorkspaceFile::parse(&source, &Catalog::new());
        let findings = findings
            .into_iter()
            .map(|finding| format!("{} {}", finding.code, finding.message));
        (file.unwrap().http_allow, findings.collect())
    }

    /// Where the rest is missing, the second key is still among the entries.
    #[test]
    fn a_key_that_stands_twice_is_not_unknown() {
        let source = Source::new("lockgate.yaml", "version: 1\nhttp: {}\nhttp: [");
        let (_, findings) = WorkspaceFile::parse(&source, &Catalog::new());
        let codes: Vec<_> = findings.iter().map(|finding| finding.code.as_str()).collect();
        assert_eq!(codes, ["LG0102", "LG0101"]);
    }

    #[test]
    fn what_requests_may_reach_is_read() {
        let entries = [
            "10.0.0.0/8",
            "127.0.0.1",
            "fd00::/8",
            "::1",
            "localhost",
            "a-b.internal",
        ];
        let (read, findings) = allow(&format!("{{ allow: {entries:?} }}"));
        assert_eq!(read, entries);
        assert_eq!(findings, Vec::<String>::new());
    }

    #[test]
    fn what_is_no_network_is_reported() {
        for entry in [
            "10.0.0.0/33",
            "10.0.0",
            "http://localhost",
            "*.internal",
            "a b",
            "",
        ] {
            let (_, findings) = allow(&format!("{{ allow: ['{entry}'] }}"));
            let expected = format!("LG0703 `{entry}` is neither a network, an address, nor a host name");
            assert_eq!(findings, [expected]);
        }
        assert_eq!(allow("{ alow: [] }").1, ["LG0103 unknown key `alow` in `http`"]);
        assert_eq!(allow("{ allow: x }").1.len(), 1);
    }
}
