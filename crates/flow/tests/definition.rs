//! What a run is pinned to comes back as it was: a definition is kept as JSON, read, and compiled to the flows that it came
//! from.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use lockgate_flow::catalog::{ActionSpec, Catalog, Effect};
use lockgate_flow::definition::{Compiled, Definition};
use lockgate_flow::diagnostic::Code;
use lockgate_flow::graph::{Flow, Op};
use lockgate_flow::workspace::Workspace;
use proptest::prelude::*;
use support::markdown::blocks;
use support::seeds::{EVERYTHING, SIGN_UP};

/// The types of a workspace's connections.
fn connections(workspace: &Workspace) -> BTreeMap<String, String> {
    let pair = |(name, kind): (&str, &str)| (name.to_owned(), kind.to_owned());
    let named = workspace.connections().iter();
    named
        .map(|connection| pair((&connection.name.value, &connection.type_name.value)))
        .collect()
}

fn definition(workspace: &Workspace, name: &str) -> Definition {
    let flows = workspace.runnable();
    Definition::of(&flows[name], &flows, &connections(workspace))
}

/// Kept and read again.
fn kept(definition: &Definition) -> Definition {
    let text = serde_json::to_string(definition).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Everything of a flow that decides what it does.
fn behaviour(flow: &Flow) -> String {
    format!(
        "{} {} {:?}\n{:?} {:?} {} {:?} {}\n{:?}\n{:?} {:?}\n{:?} {:?}\n{:?}",
        flow.name,
        flow.digest,
        flow.source.path(),
        flow.input,
        flow.timeout,
        flow.durable,
        flow.concurrency,
        flow.reads_request,
        flow.graph,
        flow.body,
        flow.on_error,
        flow.steps,
        flow.variables,
        flow.config,
    )
}

/// Takes every runnable flow of a workspace there and back. Gives how many there were.
fn there_and_back(workspace: &Workspace, catalog: &Catalog) -> usize {
    let flows = workspace.runnable();
    for (name, flow) in &flows {
        let definition = definition(workspace, name);
        let read = kept(&definition);
        assert_eq!(read, definition, "{name}");
        assert_eq!(read.digest(), definition.digest(), "{name}");
        let compiled = read.compile(catalog).unwrap_or_else(|findings| {
            panic!("{name}: {}", support::shown(&findings));
        });
        assert_eq!(behaviour(&compiled.flow), behaviour(flow), "{name}");
        for (called, copy) in &compiled.flows {
            assert_eq!(behaviour(copy), behaviour(&flows[called]), "{called} of {name}");
        }
        let again = Definition::of(&compiled.flow, &compiled.flows, &read.connections);
        assert_eq!(again, definition, "{name}");
    }
    flows.len()
}

#[test]
fn the_shipped_flows_come_back() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let read = |path: &str| std::fs::read_to_string(format!("{root}/{path}")).unwrap();
    let mut files = vec![("lockgate.yaml".to_owned(), read("lockgate.yaml"))];
    for entry in std::fs::read_dir(format!("{root}/flows")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some((_, "yaml")) = name.split_once('.') {
            let path = format!("flows/{name}");
            let text = read(&path);
            files.push((path, text));
        }
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (&**path, &**text)).collect();
    let workspace = support::check(&files);
    assert!(
        !workspace.has_errors(),
        "{}",
        support::shown(&workspace.diagnostics)
    );
    let count = there_and_back(&workspace, &support::catalog::catalog());
    assert!(count >= 7 && count == files.len() - 1, "only {count}");
}

/// Also of a workspace whose other flows have mistakes, and with every key and verb.
#[test]
fn what_the_pages_show_comes_back() {
    let catalog = support::catalog::catalog();
    let everything = [
        ("flows/sign-up.yaml", SIGN_UP),
        ("flows/everything.yaml", EVERYTHING),
    ];
    assert_eq!(there_and_back(&support::check(&everything), &catalog), 2);
    let mut count = 0;
    for code in support::codes_of_flows() {
        for section in ["Wrong", "Right"] {
            let blocks = blocks(code.page());
            let files: Vec<(&str, &str)> = blocks
                .iter()
                .filter(|block| block.section == section && block.attribute("generate").is_none())
                .filter(|block| block.language == "yaml")
                .map(|block| {
                    (
                        block.attribute("file").unwrap_or(support::FLOW),
                        block.text.as_str(),
                    )
                })
                .collect();
            let workspace = support::check(&files);
            // Where the workspace file has mistakes, nothing of it runs.
            if workspace
                .diagnostics
                .iter()
                .any(|finding| finding.is_error() && finding.primary.source.path() == "lockgate.yaml")
            {
                continue;
            }
            count += there_and_back(&workspace, &catalog);
        }
    }
    assert!(count > 60, "only {count}");
}

const TWO: &str = "\
version: 1
connections:
  here: { type: auth0, domain: a.eu.auth0.com, client_id: a, client_secret: '${A}' }
  there: { type: auth0, domain: b.eu.auth0.com, client_id: b, client_secret: '${B}' }
  callers: { type: bearer, token: '${C}' }
config: { quota: 20 }
";

const OUTER: &str = "\
trigger: { http: { method: POST, path: /outer, auth: bearer } }
steps:
  - call: middle
  - action: auth0.get_user
    connection: here
    with: { user_id: a }
";

const MIDDLE: &str = "\
steps:
  - call: inner
";

const INNER: &str = "\
steps:
  - action: auth0.get_user
    connection: there
    with: { user_id: '{{to_string config.quota}}' }
";

fn two() -> Workspace {
    support::check(&[
        ("lockgate.yaml", TWO),
        ("flows/outer.yaml", OUTER),
        ("flows/middle.yaml", MIDDLE),
        ("flows/inner.yaml", INNER),
    ])
}

#[test]
fn a_definition_holds_what_the_flow_needs_and_no_more() {
    let workspace = two();
    assert!(
        !workspace.has_errors(),
        "{}",
        support::shown(&workspace.diagnostics)
    );
    let outer = definition(&workspace, "outer");
    let names = |definition: &Definition| definition.files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&outer), ["inner", "middle", "outer"]);
    assert_eq!(outer.files["inner"].path, "flows/inner.yaml");
    assert_eq!(outer.connections.keys().collect::<Vec<_>>(), ["here", "there"]);
    assert_eq!(outer.config["quota"], 20);
    let middle = definition(&workspace, "middle");
    assert_eq!(names(&middle), ["inner", "middle"]);
    assert_eq!(middle.connections.keys().collect::<Vec<_>>(), ["there"]);
    // No setting of a connection is in it.
    let text = serde_json::to_string(&outer).unwrap();
    for setting in ["eu.auth0.com", "client_id", "${A}", "callers"] {
        assert!(!text.contains(setting), "{setting}: {text}");
    }
    there_and_back(&workspace, &support::catalog::catalog());
}

/// The connection that each step of a flow uses.
fn used(compiled: &Compiled) -> Vec<String> {
    let mut used = Vec::new();
    for flow in compiled.flows.values() {
        for node in flow.graph.node_weights() {
            if let Op::Action(action) = &node.op {
                used.push(format!(
                    "{}: {}",
                    flow.name,
                    action.connection.as_deref().unwrap()
                ));
            }
        }
    }
    used
}

#[test]
fn a_step_keeps_its_connection() {
    let catalog = support::catalog::catalog();
    let compiled = definition(&two(), "outer").compile(&catalog).unwrap();
    assert_eq!(used(&compiled), ["inner: there", "outer: here"]);
    // One that names none has the only one of its type, whatever else there is.
    let flow = "steps:\n  - { action: auth0.get_user, with: { user_id: a } }\n";
    let compiled = definition(&support::check(&[(support::FLOW, flow)]), "example");
    assert_eq!(used(&compiled.compile(&catalog).unwrap()), ["example: auth0"]);
}

#[test]
fn what_starts_a_flow_does_not_keep_a_run_from_going_on() {
    let catalog = support::catalog::catalog();
    let mut outer = definition(&two(), "outer");
    // Two flows of it on one route; the second is only called, and a line that this binary does not read any more.
    let triggers = [
        (
            "middle",
            "trigger: { http: { method: POST, path: /outer, auth: hmac } }\n",
        ),
        ("inner", "trigger: { schedule: every full moon }\n"),
    ];
    for (name, trigger) in triggers {
        let file = outer.files.get_mut(name).unwrap();
        file.text = format!("{trigger}{}", file.text);
    }
    outer.compile(&catalog).unwrap();
}

#[test]
fn a_called_flow_that_could_not_run_is_not_missed() {
    let workspace = support::check(&[
        (support::FLOW, "steps:\n  - call: broken\n"),
        ("flows/broken.yaml", "steps:\n  - action: nothing\n"),
    ]);
    assert_eq!(there_and_back(&workspace, &support::catalog::catalog()), 1);
}

#[test]
fn what_this_binary_cannot_run_is_said() {
    let catalog = support::catalog::catalog();
    let outer = definition(&two(), "outer");
    let codes = |definition: &Definition, catalog: &Catalog| {
        support::codes(&definition.compile(catalog).unwrap_err())
    };
    assert_eq!(
        codes(&outer, &Catalog::new()),
        [Code::UnknownAction, Code::UnknownAction]
    );
    let mut changed = support::catalog::catalog();
    changed.add_action(Arc::new(ActionSpec::new("auth0.get_user", Effect::Read, "")));
    let found = codes(&outer, &changed);
    assert!(found.contains(&Code::UnknownArgument), "{found:?}");
    let other = Definition {
        version: 2,
        ..outer.clone()
    };
    assert_eq!(codes(&other, &catalog), [Code::LanguageVersion]);
    let mut cut = outer.clone();
    cut.files.remove("outer");
    assert_eq!(codes(&cut, &catalog), [Code::UnknownFlow]);
}

#[test]
fn whatever_changes_a_flow_changes_the_digest() {
    let outer = definition(&two(), "outer");
    let mut others = vec![outer.clone(); 5];
    others[0].files.get_mut("inner").unwrap().text.push('\n');
    others[1].config["quota"] = 21.into();
    others[2]
        .connections
        .insert("there".to_owned(), "hmac".to_owned());
    others[3].files.get_mut("inner").unwrap().path.push('2');
    others[4].version = 2;
    for other in others {
        assert_ne!(other.digest(), outer.digest(), "{other:?}");
    }
    assert_eq!(outer.digest().len(), 64);
}

fn constant() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        // A number that came back changed in its last digit would be another definition, and another step.
        prop::num::f64::NORMAL.prop_map(Into::into),
        ".{0,20}".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::vec(("[a-z]{1,6}", inner), 0..4)
                .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Whatever constants a workspace has, and in whatever order: they come back, in that order.
    #[test]
    fn constants_come_back(fields in prop::collection::vec(("[a-z]{1,6}", constant()), 0..5)) {
        let mut definition = definition(&two(), "outer");
        definition.config = serde_json::Value::Object(fields.into_iter().collect());
        let read = kept(&definition);
        prop_assert_eq!(&read, &definition);
        prop_assert_eq!(read.digest(), definition.digest());
    }
}
