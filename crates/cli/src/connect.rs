//! Settings → live connections. Or the emulated tenant in the place of all of them.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context, Result};
use lockgate_auth0::{Auth0Connection, CONNECTION_TYPE, TenantAccess, settings_for};
use lockgate_engine::clock::Clock;
use lockgate_engine::connection::{Connections, Opening, SettingsError};
use lockgate_flow::diagnostic::{Code, Diagnostic, list};
use lockgate_flow::graph::Flow;
use lockgate_flow::source::Span;
use lockgate_flow::workspace::{
    ConnectionSyntax, MissingVariable, Resolved, WorkspaceFile, resolve_settings,
};
use lockgate_server::auth::{Credentials, Scheme};
use lockgate_tenant::Tenant;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::terminal::Terminal;
use crate::workspace::{self, FILE, Loaded};

/// How `run` and `connections check` do without credentials.
const WITHOUT_ACCOUNT: &str = "to try the flow without an Auth0 account: `--emulated`";

/// How to do without a provider.
const WITHOUT_PROVIDER: &str = "`lockgate test` runs the flow without it, with a `mock`";

/// How to do without a secret that callers show.
const WITHOUT_SECRET: &str = "`lockgate dev` makes up what is missing";

/// Connections that can be called.
pub(crate) struct Live {
    pub(crate) connections: Connections,
    pub(crate) auth0: Vec<Arc<Auth0Connection>>,
    /// The connections that hold what callers must show. None are looked at where the emulated tenant stands in.
    pub(crate) callers: Vec<(String, Scheme)>,
    /// The connections of other types, by name and type.
    pub(crate) others: Vec<(String, String)>,
    /// Where the emulated tenant stands in: the connections of other types that lack a variable, and why a step that uses
    /// one fails.
    pub(crate) left_out: Vec<(String, String)>,
    /// The emulated tenant, if one was asked for.
    pub(crate) tenant: Option<Tenant>,
}

/// How the emulated tenant is called: what a connection is given in the place of its own settings.
#[derive(Clone)]
pub(crate) struct Emulated {
    pub(crate) url: String,
    client_id: String,
    client_secret: SecretString,
    audience: String,
}

impl Emulated {
    pub(crate) fn of(tenant: &Tenant) -> Self {
        Self {
            url: tenant.url().to_owned(),
            client_id: tenant.client_id().to_owned(),
            client_secret: tenant.client_secret().into(),
            audience: tenant.audience().to_owned(),
        }
    }
}

impl Live {
    /// Stops what was started.
    pub(crate) async fn close(self) {
        if let Some(tenant) = self.tenant {
            tenant.shutdown().await;
        }
    }
}

/// The connections that the steps of these flows use, and those of the flows that they call; with the names of all those
/// flows, also of those that cannot run.
pub(crate) fn reach<'a>(
    runnable: &BTreeMap<String, Arc<Flow>>,
    flows: impl IntoIterator<Item = &'a str>,
) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut connections, mut reached) = (BTreeSet::new(), BTreeSet::new());
    let mut todo: Vec<String> = flows.into_iter().map(str::to_owned).collect();
    while let Some(name) = todo.pop() {
        if let Some(flow) = runnable.get(&name)
            && !reached.contains(&name)
        {
            connections.extend(flow.connections().map(str::to_owned));
            todo.extend(flow.calls().map(str::to_owned));
        }
        reached.insert(name);
    }
    (connections, reached)
}

/// Makes the connections of these names.
///
/// # Errors
/// Variables are missing or settings are not usable: shown as findings in the workspace file, all at once.
pub(crate) async fn connect(
    loaded: &Loaded,
    names: &BTreeSet<String>,
    emulated: bool,
    clock: &Arc<dyn Clock>,
    terminal: &Terminal,
) -> Result<Live> {
    let mut live = Live {
        connections: Connections::new(),
        auth0: Vec::new(),
        callers: Vec::new(),
        others: Vec::new(),
        left_out: Vec::new(),
        tenant: None,
    };
    let Some(file) = &loaded.checked.file else {
        return Ok(live);
    };
    let wanted: Vec<&ConnectionSyntax> = file
        .connections
        .iter()
        .filter(|connection| names.contains(&connection.name.value))
        .collect();
    if emulated {
        let tenant = Tenant::start().await.context("starting the emulated tenant")?;
        terminal.remark(
            &terminal
                .stderr_style()
                .dim(&format!("emulated Auth0 tenant at {}", tenant.url())),
        );
        live.tenant = Some(tenant);
    }
    let mut findings = Vec::new();
    for connection in wanted {
        let name = &connection.name.value;
        if let Some(scheme) = Scheme::of_type(&connection.type_name.value) {
            if !emulated {
                let read = resolve(loaded, file, connection, WITHOUT_SECRET)
                    .and_then(|settings| open_credentials(file, connection, scheme, &settings));
                match read {
                    Ok(_) => live.callers.push((name.clone(), scheme)),
                    Err(finding) => findings.push(finding),
                }
            }
            continue;
        }
        let is_auth0 = connection.type_name.value == CONNECTION_TYPE;
        let settings = match &live.tenant {
            Some(tenant) if is_auth0 => emulated_settings(loaded, connection, &Emulated::of(tenant)),
            tenant => match resolve(
                loaded,
                file,
                connection,
                otherwise(&connection.type_name.value, WITHOUT_ACCOUNT),
            ) {
                Ok(settings) => settings,
                Err(missing) => {
                    if tenant.is_some() {
                        let reason = why_left_out(loaded, connection);
                        terminal.remark(&format!("{}: {reason}", terminal.stderr_style().warn("note")));
                        live.connections.leave_out(name, reason.clone());
                        live.left_out.push((name.clone(), reason));
                    } else {
                        findings.push(missing);
                    }
                    continue;
                }
            },
        };
        match open(loaded, file, connection, &settings, clock) {
            Ok(opened) => {
                live.connections.insert(name, Arc::clone(&opened));
                match opened.downcast::<Auth0Connection>() {
                    Ok(auth0) => live.auth0.push(auth0),
                    Err(_) => live
                        .others
                        .push((name.clone(), connection.type_name.value.clone())),
                }
            }
            Err(finding) => findings.push(finding),
        }
    }
    if findings.is_empty() {
        Ok(live)
    } else {
        Err(workspace::refuse(&findings, terminal))
    }
}

/// A connection's settings with every variable read. `otherwise` says how to do without them.
///
/// # Errors
/// Variables are missing: a finding in the workspace file.
pub(crate) fn resolve(
    loaded: &Loaded,
    file: &WorkspaceFile,
    connection: &ConnectionSyntax,
    otherwise: &str,
) -> Result<Resolved, Diagnostic> {
    resolve_settings(connection, &|name| loaded.environment.get(name))
        .map_err(|missing| missing_variables(loaded, file, connection, &missing, otherwise))
}

/// Makes a connection that steps use.
///
/// # Errors
/// The settings are not usable: a finding in the workspace file.
pub(crate) fn open(
    loaded: &Loaded,
    file: &WorkspaceFile,
    connection: &ConnectionSyntax,
    settings: &Resolved,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn Any + Send + Sync>, Diagnostic> {
    let type_name = &connection.type_name;
    let Some(known) = loaded.connection_type(&type_name.value) else {
        let message = format!("connections of type `{}` are not for steps", type_name.value);
        return Err(Diagnostic::new(
            Code::UnknownConnectionType,
            &file.source,
            type_name.span,
            message,
        ));
    };
    let opening = Opening {
        name: &connection.name.value,
        settings,
        clock: Arc::clone(clock),
    };
    (known.open)(&opening).map_err(|error: SettingsError| {
        let message = error.to_string();
        unusable(file, connection, &error.setting, message, error.help)
    })
}

/// How to do without the variables of a connection: `auth0` where it is one to Auth0.
pub(crate) fn otherwise<'a>(type_name: &str, auth0: &'a str) -> &'a str {
    if type_name == CONNECTION_TYPE {
        auth0
    } else {
        WITHOUT_PROVIDER
    }
}

/// Why a step cannot use a connection that lacks variables.
pub(crate) fn why_left_out(loaded: &Loaded, connection: &ConnectionSyntax) -> String {
    let missing: Vec<String> = variables(loaded, connection)
        .into_iter()
        .filter_map(|(name, is_set)| (!is_set).then_some(name))
        .collect();
    let are = if missing.len() == 1 { "is" } else { "are" };
    format!(
        "the connection `{}` is left out, since {} {are} not set: a step that uses it fails ({WITHOUT_PROVIDER})",
        connection.name.value,
        list(missing.iter().map(String::as_str)),
    )
}

/// What callers must show, as a connection of one of the types `bearer`, `basic`, `hmac` says.
///
/// # Errors
/// The settings are not usable: a finding in the workspace file.
pub(crate) fn open_credentials(
    file: &WorkspaceFile,
    connection: &ConnectionSyntax,
    scheme: Scheme,
    settings: &Resolved,
) -> Result<Credentials, Diagnostic> {
    Credentials::from_settings(&connection.name.value, scheme, settings).map_err(|error| {
        let message = error.to_string();
        unusable(file, connection, &error.setting, message, error.help)
    })
}

/// The variables that a connection reads, each once, with whether there is a value.
pub(crate) fn variables(loaded: &Loaded, connection: &ConnectionSyntax) -> Vec<(String, bool)> {
    let mut seen = BTreeSet::new();
    connection
        .variables()
        .into_iter()
        .filter(|(name, _)| seen.insert(name.clone()))
        .map(|(name, has_default)| {
            let is_set = has_default || loaded.environment.get(&name).is_some();
            (name, is_set)
        })
        .collect()
}

/// What a connection of type `auth0` is given so that it calls the emulated tenant: that, and of its other settings those that
/// have a value.
pub(crate) fn emulated_settings(
    loaded: &Loaded,
    connection: &ConnectionSyntax,
    tenant: &Emulated,
) -> Resolved {
    let get = |name: &str| loaded.environment.get(name);
    let is_known = |value: &Value| {
        let read = lockgate_flow::workspace::variables(value);
        read.iter()
            .all(|(name, has_default)| *has_default || get(name).is_some())
    };
    let mut others = connection.clone();
    others
        .settings
        .retain(|setting| is_known(&setting.value.to_value()));
    let mut settings = resolve_settings(&others, &get).unwrap_or_default();
    settings_for(
        &mut settings,
        &TenantAccess {
            base_url: &tenant.url,
            client_id: &tenant.client_id,
            client_secret: tenant.client_secret.expose_secret(),
            audience: &tenant.audience,
        },
    );
    settings
}

/// Where a setting's value stands; the connection's name, for one that is not there.
fn place(connection: &ConnectionSyntax, setting: &str) -> Span {
    connection
        .settings
        .iter()
        .find(|entry| entry.key.text == setting)
        .map_or(connection.name.span, |entry| entry.value.span)
}

fn missing_variables(
    loaded: &Loaded,
    file: &WorkspaceFile,
    connection: &ConnectionSyntax,
    missing: &[MissingVariable],
    otherwise: &str,
) -> Diagnostic {
    let name = &connection.name.value;
    let mut variables: Vec<&str> = missing.iter().map(|missing| missing.variable.as_str()).collect();
    variables.dedup();
    let (are, variables_are) = if variables.len() == 1 {
        ("is", "the variable")
    } else {
        ("are", "the variables")
    };
    let message = format!(
        "{variables_are} {} {are} not set, and the connection `{name}` needs {}",
        list(variables.iter().copied()),
        if variables.len() == 1 { "it" } else { "them" }
    );
    let mut places = missing
        .iter()
        .map(|missing| (place(connection, &missing.setting), &missing.variable));
    let first = places.next().map_or(connection.name.span, |(span, _)| span);
    let mut finding =
        Diagnostic::new(Code::MissingVariable, &file.source, first, message).labelled("not set");
    for (span, _) in places {
        finding = finding.and(span, "not set");
    }
    let users = match loaded.checked.flows_using(name).as_slice() {
        [] => "no flow uses this connection".to_owned(),
        [one] => format!("the flow `{one}` uses this connection"),
        many => format!("the flows {} use this connection", list(many.iter().copied())),
    };
    let example = if loaded.root.join(".env.example").is_file() {
        " (see .env.example)"
    } else {
        ""
    };
    finding.help(format!(
        "{users}\nset {} in the environment or in `.env` beside {FILE}{example}; {otherwise}",
        if variables.len() == 1 { "it" } else { "them" },
    ))
}

fn unusable(
    file: &WorkspaceFile,
    connection: &ConnectionSyntax,
    setting: &str,
    message: String,
    help: Option<String>,
) -> Diagnostic {
    let span = place(connection, setting);
    let mut finding = Diagnostic::new(Code::InvalidSetting, &file.source, span, message);
    finding.help = help;
    finding
}

#[cfg(test)]
mod tests {
    use lockgate_engine::clock::SystemClock;
    use serde_json::json;

    use super::*;
    use crate::catalogue;
    use crate::exit::Shown;
    use crate::terminal::ColorChoice;

    const FLOWS: &[(&str, &str)] = &[
        (
            "flows/a.yaml",
            "steps:\n  - call: b\n    with: { id: auth0|1 }\n  - call: c\n",
        ),
        (
            "flows/b.yaml",
            "input: { id: { type: string } }\nsteps:\n  - action: auth0.get_user\n    connection: main\n    with: { \
             user_id: '{{input.id}}' }\n",
        ),
        ("flows/c.yaml", "steps:\n  - call: d\n"),
        ("flows/d.yaml", "steps:\n  - return: 1\n"),
        (
            "flows/e.yaml",
            "steps:\n  - action: auth0.get_user\n    connection: other\n    with: { user_id: auth0|1 }\n",
        ),
    ];

    /// A workspace with the connections `main` and `other`, and a `.env`.
    fn workspace(settings: &str, env: &str) -> (tempfile::TempDir, Loaded) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("flows")).unwrap();
        let connection = format!("{{ type: auth0, {settings} }}");
        let file = format!("version: 1\nconnections:\n  main: {connection}\n  other: {connection}\n");
        for (name, text) in [(FILE, file.as_str()), (".env", env)].iter().chain(FLOWS) {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let loaded =
            Loaded::find(&folder.path().canonicalize().unwrap(), &catalogue::catalog(), &[]).unwrap();
        (folder, loaded)
    }

    async fn connect_main(loaded: &Loaded, emulated: bool) -> Result<Live, Value> {
        let terminal = Terminal::new(ColorChoice::Never, true);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let names = BTreeSet::from(["main".to_owned()]);
        connect(loaded, &names, emulated, &clock, &terminal)
            .await
            .map_err(|error| error.downcast::<Shown>().unwrap().details)
    }

    const SETTINGS: &str = "domain: '${LOCKGATE_TEST_DOMAIN}', client_id: '${LOCKGATE_TEST_ID}', client_secret: '${LOCKGATE_TEST_SECRET}'";

    #[test]
    fn what_called_flows_use_is_reached() {
        let (_folder, loaded) = workspace(SETTINGS, "");
        let names = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<BTreeSet<_>>()
        };
        let flows = loaded.checked.runnable();
        assert_eq!(
            reach(&flows, ["a"]),
            (names(&["main"]), names(&["a", "b", "c", "d"]))
        );
        assert_eq!(reach(&flows, ["e"]), (names(&["other"]), names(&["e"])));
        assert_eq!(reach(&flows, ["d"]), (names(&[]), names(&["d"])));
    }

    #[tokio::test]
    async fn missing_variables_are_told_at_once_with_what_to_do() {
        let (_folder, loaded) = workspace(SETTINGS, "LOCKGATE_TEST_ID=abc\n");
        let details = connect_main(&loaded, false).await.err().unwrap();
        assert_eq!(details.as_array().unwrap().len(), 1);
        let finding = &details[0];
        assert_eq!(finding["code"], "LG0704");
        assert_eq!(
            finding["message"],
            "the variables `LOCKGATE_TEST_DOMAIN`, `LOCKGATE_TEST_SECRET` are not set, and the connection `main` needs them"
        );
        assert_eq!(
            finding["help"],
            "the flow `b` uses this connection\nset them in the environment or in `.env` beside lockgate.yaml; to try the \
             flow without an Auth0 account: `--emulated`"
        );
        assert_eq!(
            (&finding["line"], finding["related"].as_array().unwrap().len()),
            (&json!(3), 1)
        );
    }

    #[tokio::test]
    async fn a_setting_that_cannot_be_used_is_told_without_its_secret() {
        let env =
            "LOCKGATE_TEST_DOMAIN=login.example.com\nLOCKGATE_TEST_ID=abc\nLOCKGATE_TEST_SECRET=canary\n";
        let (_folder, loaded) = workspace(SETTINGS, env);
        let details = connect_main(&loaded, false).await.err().unwrap();
        assert_eq!(details[0]["code"], "LG0703");
        let text = details.to_string();
        assert!(
            text.contains("login.example.com") && !text.contains("canary"),
            "{text}"
        );
    }

    #[tokio::test]
    async fn what_callers_show_is_read() {
        let connection =
            "version: 1\nconnections:\n  main: { type: bearer, token: '${LOCKGATE_TEST_TOKEN}' }\n";
        for (env, emulated, expect) in [
            ("LOCKGATE_TEST_TOKEN=canary-canary-canary\n", false, Ok(1)),
            (
                "LOCKGATE_TEST_TOKEN=canary\n",
                false,
                Err(("LG0703", "shorter than 16")),
            ),
            ("", false, Err(("LG0704", "`lockgate dev` makes up"))),
            ("", true, Ok(0)),
        ] {
            let (folder, _) = workspace(SETTINGS, env);
            std::fs::write(folder.path().join(FILE), connection).unwrap();
            let root = folder.path().canonicalize().unwrap();
            let loaded = Loaded::find(&root, &catalogue::catalog(), &[]).unwrap();
            match (connect_main(&loaded, emulated).await, expect) {
                (Ok(live), Ok(count)) => {
                    assert_eq!(live.callers.len(), count);
                    live.close().await;
                }
                (Err(details), Err((code, words))) => {
                    let text = details.to_string();
                    assert_eq!(details[0]["code"], code);
                    assert!(text.contains(words) && !text.contains("canary"), "{text}");
                }
                (live, _) => panic!("{env}: {:?}", live.map(|live| live.callers)),
            }
        }
    }

    #[tokio::test]
    async fn the_emulated_tenant_stands_in_for_every_connection() {
        let (_folder, loaded) = workspace(SETTINGS, "");
        let live = connect_main(&loaded, true).await.unwrap();
        assert!(live.connections.get("main").is_some());
        assert!(live.connections.get("other").is_none());
        let report = live.auth0[0].check().await.unwrap();
        assert!(report.scopes.unwrap().contains(&"create:users".to_owned()));
        live.close().await;
    }
}
