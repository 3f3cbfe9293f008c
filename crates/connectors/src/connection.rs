//! Settings → a live connection of a connector: the settings as expressions read them, and the tokens that they give.

use std::fmt;
use std::sync::Arc;

use lockgate_engine::clock::Clock;
use lockgate_engine::connection::{ConnectionType, Opening, SettingsError};
use lockgate_flow::catalog::{ConnectionSpec, Text};
use lockgate_flow::expression::{Ambient, Template};
use lockgate_flow::graph::{Coercion, InputSpec};
use lockgate_flow::schema::{Schema, SchemaView};
use lockgate_http::check_url;
use serde_json::{Map, Value};
use url::Url;

use crate::auth::Tokens;
use crate::connector::{Connector, Operation};
use crate::scope::Values;

/// Shorter texts are in everything: to cross them out would help nobody.
const SHORTEST_SECRET: usize = 4;

/// A connection of a connector's type.
pub struct LiveConnection {
    name: String,
    connector: String,
    settings: Value,
    secrets: Vec<String>,
    tokens: Vec<Tokens>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl LiveConnection {
    /// Reads the settings of a connection: texts of the environment as the types that they are for, with defaults.
    ///
    /// # Errors
    /// A setting cannot be used.
    pub fn open(connector: &Connector, opening: &Opening<'_>) -> Result<Self, SettingsError> {
        let spec = &connector.settings;
        let given: Map<String, Value> = opening
            .settings
            .iter()
            .map(|(name, value)| (name.clone(), coerced(spec, name, value)))
            .collect();
        let settings = spec.validate(given).map_err(|mistakes| {
            let mistake = mistakes.into_iter().next();
            let (field, message) = mistake.map_or_else(Default::default, |it| (it.field, it.message));
            let setting = field.split('/').next().unwrap_or_default().to_owned();
            opening.refuse(&setting, format!("`{field}` {message}"))
        })?;
        let mut secrets = Vec::new();
        for path in &spec.secrets {
            let path: Vec<&str> = path.split('.').collect();
            collect(&settings, &path, &mut secrets);
        }
        secrets.retain(|secret| secret.len() >= SHORTEST_SECRET);
        let connection = Self {
            name: opening.name.to_owned(),
            connector: connector.name.clone(),
            settings,
            secrets,
            tokens: (0..connector.auths).map(|_| Tokens::default()).collect(),
            clock: Arc::clone(&opening.clock),
        };
        // Also those of operations: what is wrong is found before a run.
        let of_operations = connector.operations.iter().map(|operation| &operation.base_url);
        for template in std::iter::once(&connector.base_url).chain(of_operations) {
            connection
                .base_url(template, &mut Still)
                .map_err(|problem| opening.refuse("base_url", problem))?;
        }
        for operation in &connector.operations {
            connection
                .token_url_of(operation)
                .map_err(|problem| opening.refuse("token_url", problem))?;
        }
        Ok(connection)
    }

    /// Its name in the workspace.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The connector that it is for.
    pub fn connector(&self) -> &str {
        &self.connector
    }

    /// Where the requests of an operation go.
    ///
    /// # Errors
    /// The settings make no URL.
    pub fn url_of(&self, operation: &Operation) -> Result<Url, String> {
        self.base_url(&operation.base_url, &mut Still)
    }

    /// Where tokens for an operation are asked for, if it needs one.
    ///
    /// # Errors
    /// The settings make no URL.
    pub fn token_url_of(&self, operation: &Operation) -> Result<Option<Url>, String> {
        let Some(parameters) = operation.auth.grant() else {
            return Ok(None);
        };
        if let Some(text) = self.text("token_url") {
            return parse(text).map(Some);
        }
        let values = Values::of_connection(&self.settings);
        let text = parameters
            .text("token_url", &values, &mut Still)
            .map_err(|error| format!("the settings make no token URL: {error}"))?;
        parse(&text.unwrap_or_default()).map(Some)
    }

    pub(crate) fn settings(&self) -> &Value {
        &self.settings
    }

    /// A text of the settings.
    pub(crate) fn text(&self, setting: &str) -> Option<&str> {
        self.settings.get(setting)?.as_str()
    }

    /// What must be in no error.
    pub(crate) fn secrets(&self) -> &[String] {
        &self.secrets
    }

    pub(crate) fn tokens(&self, slot: usize) -> &Tokens {
        &self.tokens[slot]
    }

    /// Where requests go: as the settings say, or as the connector does.
    pub(crate) fn base_url(&self, template: &Template, ambient: &mut dyn Ambient) -> Result<Url, String> {
        if let Some(text) = self.text("base_url") {
            return parse(text);
        }
        let values = Values::of_connection(&self.settings);
        let value = template
            .evaluate(&values, ambient)
            .map_err(|error| format!("the settings make no base URL: {error}"))?;
        let text = value.as_deref().and_then(Value::as_str).unwrap_or_default();
        parse(text)
    }
}

impl fmt::Debug for LiveConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveConnection")
            .field("name", &self.name)
            .field("connector", &self.connector)
            .finish_non_exhaustive()
    }
}

/// A URL's own words on what is wrong with it quote nothing of it.
fn parse(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("the URL: {error}"))?;
    check_url(&url)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("the URL has a query or a fragment".to_owned());
    }
    Ok(url)
}

/// Variables of the environment are texts.
fn coerced(spec: &InputSpec, name: &str, value: &Value) -> Value {
    match value {
        Value::String(text) => match spec.coerce(name, text) {
            Coercion::Value(value) | Coercion::Unknown(value) => value,
        },
        value => value.clone(),
    }
}

fn collect(value: &Value, path: &[&str], secrets: &mut Vec<String>) {
    match (value, path.split_first()) {
        (Value::String(text), None) => {
            secrets.push(text.clone());
            // As it is sent where its lines are written as `\n`.
            if text.contains("\\n") {
                secrets.push(text.replace("\\n", "\n"));
            }
        }
        (Value::Array(items), None) => items.iter().for_each(|item| collect(item, &[], secrets)),
        (Value::Object(fields), None) => fields.values().for_each(|field| collect(field, &[], secrets)),
        (Value::Array(items), Some((&"*", rest))) => {
            for item in items {
                collect(item, rest, secrets);
            }
        }
        (Value::Object(fields), Some((first, rest))) => {
            if let Some(field) = fields.get(*first) {
                collect(field, rest, secrets);
            }
        }
        _ => {}
    }
}

/// Where no time and no randomness is at hand: a URL made of them would be another each time.
struct Still;

impl Ambient for Still {
    fn now(&mut self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }

    fn random_bytes(&mut self, buffer: &mut [u8]) {
        buffer.fill(0);
    }

    fn mask(&mut self, _text: &str) {}
}

/// The connection type of a connector.
pub(crate) fn connection_type(connector: &Arc<Connector>) -> ConnectionType {
    let spec = ConnectionSpec {
        type_name: Text::Owned(connector.name.clone()),
        summary: Text::Owned(connector.summary.clone()),
        settings: Schema::new(connector.settings_schema()),
        check: None,
        example: Text::Owned(example(connector)),
    };
    let connector = Arc::clone(connector);
    ConnectionType::new(spec, move |opening| LiveConnection::open(&connector, opening))
}

/// An entry with every setting that must be there.
fn example(connector: &Connector) -> String {
    let name = &connector.name;
    let mut lines = vec![format!("{name}:"), format!("  type: {name}")];
    for field in connector.settings.fields.iter().filter(|field| field.required) {
        let setting = &field.name.value;
        let first = SchemaView::of(&field.schema)
            .as_value()
            .get("enum")
            .and_then(|values| values.get(0)?.as_str());
        let value = match first {
            Some(value) => value.to_owned(),
            None => format!("${{{}_{}}}", name.to_uppercase(), setting.to_uppercase()),
        };
        lines.push(format!("  {setting}: {value}"));
    }
    lines.join("\n") + "\n"
}
