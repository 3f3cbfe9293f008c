//! Scenarios as the studio shows and adds them.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use http::StatusCode;
use lockgate_flow::render::{SvgOptions, svg};
use lockgate_flow::source::Source;
use lockgate_flow::yaml::{Limits, load};
use lockgate_studio::aside;
use lockgate_studio::operations::{FileDiff, Scenario, ScenarioPicture, ScenarioPlan};
use lockgate_studio::problem::{Problem, problem};
use tokio::sync::Mutex;

use super::doing::absent;
use crate::exit;
use crate::scenarios::{self, Plan};
use crate::workspace::FILE;

/// The scenarios of this binary, drawn when they are first asked for.
#[derive(Default)]
pub(super) struct Scenarios {
    all: Arc<OnceLock<Arc<[Scenario]>>>,
    /// Two that add one do so one after the other.
    adding: Arc<Mutex<()>>,
}

impl Scenarios {
    /// All.
    pub(super) async fn all(&self) -> Result<Arc<[Scenario]>, Problem> {
        let all = Arc::clone(&self.all);
        aside(move || {
            let made = || scenarios::all().iter().map(shown).collect();
            Ok(Arc::clone(all.get_or_init(made)))
        })
        .await
    }

    /// Adds one, or says what that would do.
    pub(super) async fn add(
        &self,
        root: PathBuf,
        name: &str,
        dry_run: bool,
    ) -> Result<ScenarioPlan, Problem> {
        let turn = Arc::clone(&self.adding).lock_owned().await;
        let name = name.to_owned();
        aside(move || {
            let _turn = turn;
            let all = scenarios::all();
            let known = || all.iter().map(|scenario| scenario.name.as_str());
            let found = all.iter().find(|scenario| scenario.name == name);
            let scenario = found.ok_or_else(|| absent("no_such_scenario", "scenario", &name, known()))?;
            let plan = Plan::of(&root, scenario).map_err(|error| failed(&error))?;
            let is_written = !dry_run && plan.clashes.is_empty();
            if is_written {
                plan.write(&root).map_err(|error| failed(&error))?;
            }
            Ok(planned(plan, is_written))
        })
        .await
    }
}

/// A file cannot be read or written.
fn failed(error: &anyhow::Error) -> Problem {
    problem(StatusCode::CONFLICT, "file_refused", exit::message(error))
}

fn shown(scenario: &scenarios::Scenario) -> Scenario {
    let pictures: Vec<ScenarioPicture> = scenario
        .flows()
        .map(|(_, flow)| ScenarioPicture {
            flow: flow.name.value.clone(),
            svg: svg(&flow, &SvgOptions::default()),
        })
        .collect();
    Scenario {
        name: scenario.name.clone(),
        title: scenario.title.clone(),
        summary: scenario.summary.clone(),
        readme: scenario.page.clone(),
        flows: pictures.iter().map(|picture| picture.flow.clone()).collect(),
        connections: connections(scenario),
        pictures,
    }
}

/// The names of the connections that its `lockgate.yaml` declares.
fn connections(scenario: &scenarios::Scenario) -> Vec<String> {
    let Some(text) = scenario.files.get(FILE) else {
        return Vec::new();
    };
    let root = load(&Source::new(FILE, text.as_str()), Limits::default()).root;
    let entries = root.as_ref().and_then(|root| root.as_map());
    let declared = entries
        .into_iter()
        .flatten()
        .find(|entry| entry.key.text == "connections")
        .and_then(|entry| entry.value.as_map());
    let names = declared
        .into_iter()
        .flatten()
        .map(|connection| connection.key.text.clone());
    names.collect()
}

fn planned(plan: Plan, written: bool) -> ScenarioPlan {
    let mut notes = plan.notes;
    let reasons = plan.clashes.iter().filter_map(|clash| {
        let reason = clash.reason.as_ref()?;
        Some(format!("{} cannot be added to: {reason}", clash.path))
    });
    notes.extend(reasons);
    ScenarioPlan {
        grown: plan
            .grown
            .iter()
            .map(|grown| FileDiff {
                path: grown.path.clone(),
                diff: grown.diff(),
            })
            .collect(),
        clashes: plan
            .clashes
            .into_iter()
            .map(|clash| FileDiff {
                path: clash.path,
                diff: clash.diff,
            })
            .collect(),
        new: plan.new.into_iter().map(|(path, _)| path).collect(),
        same: plan.same,
        notes,
        written,
    }
}
