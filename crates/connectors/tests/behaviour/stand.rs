//! A connector, a connection and a step that calls it, in front of a server.

use std::sync::Arc;

use lockgate_connectors::{Connector, LiveConnection, OperationAction};
use lockgate_engine::action::{Action, ActionError, Reconciled, Retry};
use lockgate_engine::connection::{Opening, SettingsError};
use lockgate_engine::testing::{LoneStep, TestClock};
use lockgate_flow::diagnostic::render_text;
use lockgate_flow::source::Source;
use lockgate_http::testing::{Seen, Server};
use lockgate_http::{Exchange, HttpPolicy, SystemResolver};
use serde_json::{Value, json};

pub(crate) type Reply = http::Response<axum::body::Body>;

pub(crate) struct Stand {
    pub(crate) server: Server,
    pub(crate) step: LoneStep,
    actions: Vec<OperationAction>,
    connector: Arc<Connector>,
    settings: Value,
}

/// Reads a connector that has no mistake.
pub(crate) fn connector(text: &str) -> Arc<Connector> {
    let (connector, findings) = Connector::parse(&Source::new("connectors/acme.yaml", text));
    assert!(findings.is_empty(), "{}", render_text(&findings, false));
    Arc::new(connector.unwrap())
}

/// `acme` with this authentication, these settings and these operations.
pub(crate) fn acme(connection: &str, auth: &str, operations: &str) -> String {
    let head = format!(
        "connector: acme\nsummary: Contacts of Acme\nconnection: {connection}\nbase_url: https://api.acme.example/v2\nauth: {auth}\noperations:\n"
    );
    operations
        .lines()
        .fold(head, |text, line| format!("{text}  {line}\n"))
}

impl Stand {
    pub(crate) async fn new(text: &str, settings: Value, replies: impl IntoIterator<Item = Reply>) -> Self {
        let connector = connector(text);
        let server = Server::start(replies).await;
        let mut settings = settings;
        settings["base_url"] = json!(server.url("/v2"));
        if connector.settings_schema()["properties"]
            .get("token_url")
            .is_some()
        {
            settings["token_url"] = json!(server.url("/token"));
        }
        let policy = HttpPolicy::parse(["127.0.0.1"]).unwrap();
        let exchange = Arc::new(Exchange::new(policy, Arc::new(SystemResolver)));
        let actions = connector.actions(&exchange);
        let step = LoneStep::on(TestClock::default());
        let mut stand = Self {
            server,
            step,
            actions,
            connector,
            settings,
        };
        stand.reopen();
        stand
    }

    /// The connection anew, as after a restart.
    pub(crate) fn reopen(&mut self) {
        self.step.connection = Some(Arc::new(open(&self.connector, &self.settings).unwrap()));
    }

    pub(crate) fn set(&mut self, setting: &str, value: Value) {
        self.settings[setting] = value;
        self.reopen();
    }

    fn action(&self, operation: &str) -> &OperationAction {
        let name = format!("acme.{operation}");
        let mut actions = self.actions.iter();
        actions.find(|action| action.spec().name == name).unwrap()
    }

    pub(crate) async fn call(&self, operation: &str, input: Value) -> Result<Value, ActionError> {
        self.step.call(self.action(operation), input).await
    }

    pub(crate) async fn reconcile(&self, operation: &str, input: Value) -> Result<Reconciled, ActionError> {
        self.step.reconcile(self.action(operation), &input).await
    }

    /// The status for the flow's caller.
    pub(crate) fn status(&self, operation: &str, error: &ActionError) -> u16 {
        let spec = self.action(operation).spec();
        let declared = spec.error(&error.code).expect("a declared code").status;
        error.status.unwrap_or(declared)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.server.seen()
    }
}

pub(crate) fn open(connector: &Connector, settings: &Value) -> Result<LiveConnection, SettingsError> {
    LiveConnection::open(
        connector,
        &Opening {
            name: "main",
            settings: settings.as_object().unwrap(),
            clock: Arc::new(TestClock::default()),
        },
    )
}

pub(crate) fn header(seen: &Seen, name: &str) -> String {
    let value = seen.headers.get(name).map(|value| value.to_str().unwrap());
    value.unwrap_or_default().to_owned()
}

pub(crate) fn form(seen: &Seen) -> Vec<(String, String)> {
    url::form_urlencoded::parse(seen.body.as_bytes())
        .into_owned()
        .collect()
}

/// The word of a decision.
pub(crate) fn word(retry: Retry) -> &'static str {
    match retry {
        Retry::Never => "never",
        Retry::Transient => "transient",
        Retry::NothingHappened { .. } => "nothing_happened",
    }
}
