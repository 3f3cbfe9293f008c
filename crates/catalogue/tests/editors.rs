//! What editors are told of the flows that ship, with all actions: at every offset, and held against the check.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../flow/tests/assist/agreement.rs"]
mod agreement;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lockgate_catalogue::catalog;
use lockgate_flow::source::Source;
use lockgate_flow::workspace::Workspace;

struct Files {
    file: Arc<Source>,
    flows: Vec<Arc<Source>>,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// The workspaces: the shipped flows, and each scenario.
fn workspaces() -> Vec<Files> {
    let root = repository();
    let scenarios = std::fs::read_dir(root.join("scenarios")).unwrap();
    let mut folders: Vec<PathBuf> = scenarios
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("lockgate.yaml").is_file())
        .collect();
    folders.push(root);
    folders.sort();
    folders.iter().map(|folder| read(folder)).collect()
}

fn read(folder: &Path) -> Files {
    let source = |path: &str| Source::new(path, std::fs::read_to_string(folder.join(path)).unwrap());
    let mut flows: Vec<String> = std::fs::read_dir(folder.join("flows"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| Path::new(name).extension().is_some_and(|ending| ending == "yaml"))
        .filter(|name| !name.ends_with(".test.yaml"))
        .map(|name| format!("flows/{name}"))
        .collect();
    flows.sort();
    Files {
        file: source("lockgate.yaml"),
        flows: flows.iter().map(|path| source(path)).collect(),
    }
}

#[test]
fn every_offset_of_what_ships_has_answers() {
    let catalog = catalog();
    let (flows, followed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    // One thread for each workspace: there are a hundred thousand questions.
    std::thread::scope(|scope| {
        for files in workspaces() {
            let (catalog, flows, followed) = (&catalog, &flows, &followed);
            scope.spawn(move || {
                let workspace = Workspace::check(Some(&files.file), &files.flows, catalog);
                agreement::every_offset(&workspace, catalog, "lockgate.yaml", files.file.text());
                for flow in &files.flows {
                    let count = agreement::every_offset(&workspace, catalog, flow.path(), flow.text());
                    followed.fetch_add(count, Ordering::Relaxed);
                    flows.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let (flows, followed) = (flows.into_inner(), followed.into_inner());
    assert!(flows > 30 && followed > 300, "{followed} in {flows}");
}

#[test]
fn scopes_of_what_ships_agree_with_the_check() {
    let catalog = catalog();
    let mut sum = agreement::Count::default();
    for files in workspaces() {
        let workspace = Workspace::check(Some(&files.file), &files.flows, &catalog);
        for flow in &files.flows {
            let check = |text: &str| {
                let changed = files.flows.iter().map(|own| {
                    let is_it = own.path() == flow.path();
                    if is_it {
                        Source::new(own.path(), text)
                    } else {
                        Arc::clone(own)
                    }
                });
                let changed: Vec<Arc<Source>> = changed.collect();
                Workspace::check(Some(&files.file), &changed, &catalog)
            };
            let count = agreement::scopes(&workspace, &catalog, flow.path(), &check);
            sum.sure += count.sure;
            sum.unsure += count.unsure;
        }
    }
    assert!(
        sum.sure > 3000 && sum.unsure > 300,
        "{} and {}",
        sum.sure,
        sum.unsure
    );
}

/// Each step of what ships has a form with what is written in it.
#[test]
fn forms_of_what_ships() {
    let catalog = catalog();
    for files in workspaces() {
        let workspace = Workspace::check(Some(&files.file), &files.flows, &catalog);
        for flow in &workspace.flows {
            let assist = lockgate_flow::assist::Assist::new(&workspace, &catalog, flow.source.path());
            for step in lockgate_flow::graph::flatten(flow.syntax.as_ref().unwrap()) {
                let form = assist
                    .form(&step.path)
                    .unwrap_or_else(|| panic!("no form of {}", step.path));
                assert_eq!(form.verb, step.verb.name());
                assert!(!form.docs.is_empty());
                for field in &form.fields {
                    let written = form.value.pointer(&field.key);
                    assert_eq!(field.value.as_ref(), written, "{} of {}", field.key, step.path);
                    assert_eq!(field.value.is_some(), field.span.is_some());
                }
                let given = form.value.get("with").and_then(serde_json::Value::as_object);
                let shown = form
                    .fields
                    .iter()
                    .filter(|field| field.key.starts_with("/with/") && field.value.is_some());
                assert_eq!(
                    given.map_or(0, serde_json::Map::len),
                    shown.count(),
                    "{}",
                    step.path
                );
            }
        }
    }
}
