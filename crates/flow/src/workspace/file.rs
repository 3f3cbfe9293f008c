//! Reads `lockgate.yaml`. The same tree and the same findings as for flows, so that a typo gets a suggestion here too.

use std::sync::Arc;

use serde_json::Value;

use super::settings::{has_variable, variables};
use crate::catalog::{Catalog, ConnectionSpec, KnownInput};
use crate::diagnostic::{Code, suggestion};
use crate::schema::{compile, problems};
use crate::source::{Source, Span};
use crate::syntax::Reader;
use crate::yaml::{Entry, Limits, Node, Spanned, load};

const KEYS: &[&str] = &["version", "connections", "config"];

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
        let file = loaded.root.and_then(|root| read(&mut reader, &root, catalog));
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
    if let Some(node) = fields.take("connections") {
        match node.as_map() {
            Some(entries) => {
                for entry in entries {
                    connections.extend(read_connection(reader, entry, catalog));
                }
            }
            None => reader.wrong_type(node, "`connections`", "a map from name to settings"),
        }
    }
    let config = match fields.take("config") {
        Some(node) if node.as_map().is_some() => node.to_value(),
        Some(node) => {
            reader.wrong_type(node, "`config`", "a map");
            Value::Object(serde_json::Map::new())
        }
        None => Value::Object(serde_json::Map::new()),
    };
    fields.finish(reader, KEYS);
    Some(WorkspaceFile {
        source: Arc::clone(&reader.source),
        connections,
        config,
    })
}

fn read_connection(reader: &mut Reader, entry: &Entry, catalog: &Catalog) -> Option<ConnectionSyntax> {
    let mut fields = reader.fields(&entry.value, "the connection")?;
    let type_name = fields
        .need(reader, "type")
        .and_then(|node| reader.text(node, "`type`"))?;
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
    match catalog.connection(&connection.type_name.value) {
        Some(spec) => check_settings(reader, &entry.value, &connection, spec),
        None => {
            let known: Vec<_> = catalog.connections().map(|spec| spec.type_name).collect();
            let name = &connection.type_name;
            let help = suggestion(&name.value, known).unwrap_or_default();
            reader.report_help(
                Code::UnknownConnectionType,
                name.span,
                format!("there is no connection type `{}`", name.value),
                help,
            );
        }
    }
    Some(connection)
}

fn check_settings(reader: &mut Reader, node: &Node, connection: &ConnectionSyntax, spec: &ConnectionSpec) {
    let schema = spec.settings.view();
    let mut known = KnownInput {
        value: Value::Object(serde_json::Map::new()),
        unknown: Vec::new(),
    };
    for setting in &connection.settings {
        let (name, value) = (&setting.key.text, setting.value.to_value());
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
        } else if property.is_secret() && value.as_str().is_some_and(|text| !text.is_empty()) {
            reader.report_help(
                Code::WrittenSecret,
                setting.value.span,
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
        if !connection.settings.iter().any(|setting| setting.key.text == name) {
            let message = format!("the connection `{}` has no `{name}`", connection.name.value);
            reader.report_help(Code::MissingKey, connection.name.span, message, spec.example);
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
