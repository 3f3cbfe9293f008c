//! Runs that were kept, as the studio shows them: on the picture of their text, against an edited text, as a test.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr as _;
use std::sync::{Arc, OnceLock};

use anyhow::Result;
use http::StatusCode;
use lockgate_flow::assist::Recorded;
use lockgate_flow::definition::Definition;
use lockgate_flow::graph::flatten;
use lockgate_flow::source::Source;
use lockgate_flow::syntax::parse;
use lockgate_store::history::{History, RunDetail, StepState, Timeline};
use lockgate_store::replay::{Departure, ReplayEnd};
use lockgate_store::{RunId, Store, StoreError, StoredRun};
use lockgate_studio::aside;
use lockgate_studio::files::version_of;
use lockgate_studio::operations::{CaseText, DepartureShown, Departures, Edited, PartCoverage, RunPath};
use lockgate_studio::problem::{Problem, problem};
use lockgate_testing::passage::of_records;
use serde_json::json;
use tokio::runtime::Handle;

use super::coverage::shown;
use crate::exit::{self, Mistake};
use crate::runs::{self, Compared, Side, Titles, structural_path};
use crate::test::{self, NoCase};
use crate::workspace::{Loaded, relative};

/// Where the runs are.
pub(super) struct Runs(Option<Kept>);

#[derive(Clone)]
struct Kept {
    store: Store,
    /// For reading; opened when it is first asked.
    history: Arc<OnceLock<History>>,
}

impl Runs {
    /// Those of a store, if there is one.
    pub(super) fn of(store: Option<Store>) -> Self {
        let history = Arc::default();
        Self(store.map(|store| Kept { store, history }))
    }

    fn kept(&self) -> Result<Kept, Problem> {
        self.0.clone().ok_or(Problem::NoStore)
    }

    /// See [`Operations::run_path`](lockgate_studio::Operations::run_path).
    pub(super) async fn path(&self, id: &str, loaded: Arc<Loaded>) -> Result<RunPath, Problem> {
        let (kept, id) = (self.kept()?, read_id(id)?);
        let stored = kept.load(id).await?;
        let runtime = Handle::current();
        aside(move || {
            // It computes: what a flow decides and computes is done once more.
            let retraced = runtime
                .block_on(runs::retrace(&stored, &loaded))
                .map_err(|error| failed(&error))?;
            let (passage, is_exact) = match retraced {
                Some(retraced) if retraced.is_exact => (shown(&retraced.flow, &retraced.visits), true),
                _ => (recorded_path(&kept.detail(id)?, &stored, &loaded), false),
            };
            let definition = &stored.definition;
            let file = definition.files.get(&definition.flow).ok_or(Problem::Internal)?;
            let now = std::fs::read_to_string(loaded.root.join(&file.path));
            Ok(RunPath {
                is_current: now.is_ok_and(|now| now == file.text),
                path: file.path.clone(),
                text: file.text.clone(),
                passage,
                is_exact,
            })
        })
        .await
    }

    /// See [`Operations::recorded`](lockgate_studio::Operations::recorded).
    pub(super) async fn recorded(&self, id: &str) -> Result<Recorded, Problem> {
        let (kept, id) = (self.kept()?, read_id(id)?);
        let definition = kept.load(id).await?.definition;
        aside(move || Ok(values(&kept.detail(id)?, &definition))).await
    }

    /// See [`Operations::compare_run`](lockgate_studio::Operations::compare_run).
    pub(super) async fn compare(
        &self,
        id: &str,
        loaded: Arc<Loaded>,
        edited: Edited,
    ) -> Result<Departures, Problem> {
        let (kept, id) = (self.kept()?, read_id(id)?);
        let stored = kept.load(id).await?;
        if stored.flow != edited.flow.name {
            return Err(Problem::Conflict {
                code: "other_flow",
                what: format!(
                    "the run is of the flow `{}`, and the text is of `{}`",
                    stored.flow, edited.flow.name
                ),
            });
        }
        let runtime = Handle::current();
        aside(move || {
            let Edited { workspace, flow } = edited;
            let compared = runtime
                .block_on(runs::compare(&stored, &loaded, &workspace, &flow))
                .map_err(|error| failed(&error))?;
            Ok(in_words(&compared))
        })
        .await
    }

    /// See [`Operations::make_case`](lockgate_studio::Operations::make_case).
    pub(super) async fn case(&self, id: &str, loaded: Loaded) -> Result<CaseText, Problem> {
        let (kept, id) = (self.kept()?, read_id(id)?);
        aside(move || {
            let run = kept.detail(id)?;
            let recorded = test::recorded(&loaded, kept.history()?, &run)
                .map_err(|error| failed(&error))?
                .map_err(|why| no_case(&why))?;
            let flow = loaded.checked.flow(&recorded.flow).ok_or(Problem::Internal)?;
            let path = test::tests_of(&loaded.root.join(flow.source.path()));
            let base = base(&path)?;
            let subject = test::subject(&loaded);
            let text =
                test::appended(&loaded, &subject, &recorded, &path).map_err(|error| refused(&error))?;
            let path = relative(&loaded.root, &path);
            Ok(CaseText {
                line: test::line_of_last(&path, &text),
                path,
                text,
                base,
            })
        })
        .await
    }
}

impl Kept {
    /// Blocks on the disk.
    fn history(&self) -> Result<&History, Problem> {
        if let Some(history) = self.history.get() {
            return Ok(history);
        }
        let opened = self.store.history().map_err(|error| failed(&error))?;
        Ok(self.history.get_or_init(|| opened))
    }

    /// Blocks on the disk.
    fn detail(&self, id: RunId) -> Result<RunDetail, Problem> {
        let run = self.history()?.run(id).map_err(|error| failed(&error))?;
        run.ok_or(Problem::NoRun)
    }

    async fn load(&self, id: RunId) -> Result<StoredRun, Problem> {
        let stored = self.store.load(id).await.map_err(|error| failed(&error))?;
        stored.ok_or(Problem::NoRun)
    }
}

fn read_id(id: &str) -> Result<RunId, Problem> {
    RunId::from_str(id).map_err(|_| Problem::NoRun)
}

fn failed(error: &StoreError) -> Problem {
    match error {
        StoreError::Closed => Problem::Stopping,
        error => Problem::Store {
            what: error.to_string(),
            help: error.help(),
        },
    }
}

/// What a run recorded, masked. Steps inside of loops and of called flows have several results, or none that its own steps see;
/// its request is sealed, and stays so.
fn values(run: &RunDetail, definition: &Definition) -> Recorded {
    let file = definition.files.get(&definition.flow);
    let text = file.map(|file| Source::new(file.path.clone(), file.text.clone()));
    let syntax = text.and_then(|text| parse(&text).flow);
    let steps = syntax.as_ref().map(flatten).unwrap_or_default();
    let ids: BTreeMap<&str, &str> = steps
        .into_iter()
        .filter_map(|step| Some((&*step.path, &*step.id.as_ref()?.value)))
        .collect();
    let timeline = Timeline::of(&run.records, run.summary.status);
    let finished = timeline.steps.into_iter();
    let finished = finished.filter(|step| step.state == StepState::Finished);
    let results = finished.filter_map(|step| {
        let id = ids.get(step.key.as_str())?;
        Some(((*id).to_owned(), step.output.unwrap_or_default()))
    });
    Recorded {
        input: run.input.clone(),
        steps: results.collect(),
        run: json!({
            "id": run.summary.id,
            "flow": run.summary.flow,
            "started_at": run.summary.started_at,
            "attempt": run.summary.attempt,
        }),
        request: None,
    }
}

/// Where a run has been by what it recorded: less than it did, since most steps record nothing.
fn recorded_path(run: &RunDetail, stored: &StoredRun, loaded: &Loaded) -> PartCoverage {
    let timeline = Timeline::of(&run.records, run.summary.status);
    let mut seen: BTreeMap<String, bool> = BTreeMap::new();
    for step in timeline
        .steps
        .iter()
        .filter(|step| step.state != StepState::Dropped)
    {
        // A step of a called flow: the one that calls it has begun.
        let (key, is_own) = match step.key.split_once("/call/") {
            Some((key, _)) => (key, false),
            None => (step.key.as_str(), true),
        };
        let has_passed = is_own && step.state == StepState::Finished;
        *seen.entry(structural_path(key)).or_default() |= has_passed;
    }
    match stored.definition.compile(&loaded.catalog) {
        Ok(compiled) => {
            let recorded = seen.iter().map(|(path, has_passed)| (path.as_str(), *has_passed));
            shown(&compiled.flow, &of_records(&compiled.flow, recorded))
        }
        Err(_) => PartCoverage {
            steps: seen.into_keys().map(|path| (path, true)).collect(),
            ways: Vec::new(),
        },
    }
}

fn in_words(compared: &Compared) -> Departures {
    let Compared { replayed, was, is } = compared;
    let shown = |departure: &Departure| {
        let described = runs::described(departure);
        let title = |titles: &Titles, key: &str| titles.title(key);
        DepartureShown {
            step: match described.at {
                Some((Side::Is, key)) => {
                    // In a called flow: at the step that calls it.
                    let key = key.split_once("/call/").map_or(key, |(key, _)| key);
                    Some(structural_path(key))
                }
                Some((Side::Was, _)) | None => None,
            },
            title: match described.at {
                Some((Side::Is, key)) => title(is, key),
                Some((Side::Was, key)) => title(was, key),
                None => "the run".to_owned(),
            },
            what: described.text(),
        }
    };
    let departures: Vec<DepartureShown> = replayed.departures.iter().map(shown).collect();
    let end = match (&replayed.end, departures.is_empty()) {
        (ReplayEnd::Departed, _) => "how it goes on from there is not known".to_owned(),
        (end, true) => runs::end_of_replay(end, is).map_or_else(
            || "it does what the run did".to_owned(),
            |end| format!("it does what the run did; {end}"),
        ),
        (end, false) => runs::end_of_replay(end, is).unwrap_or_else(|| "it comes to its end".to_owned()),
    };
    Departures { departures, end }
}

fn no_case(why: &NoCase) -> Problem {
    let code = match why {
        NoCase::Status(..) => "run_status",
        NoCase::Flow(..) => "no_such_flow",
    };
    Problem::Conflict {
        code,
        what: why.to_string(),
    }
}

/// Nothing can be appended to the test file, or it cannot be read.
fn refused(error: &anyhow::Error) -> Problem {
    match error.downcast_ref::<Mistake>() {
        Some(mistake) => {
            let help = mistake
                .help_text()
                .map_or_else(String::new, |help| format!("; {help}"));
            problem(
                StatusCode::UNPROCESSABLE_ENTITY,
                "case_refused",
                format!("{mistake}{help}"),
            )
        }
        None => Problem::Conflict {
            code: "file_refused",
            what: exit::message(error),
        },
    }
}

/// The version of the file that the case is added to.
fn base(path: &Path) -> Result<Option<String>, Problem> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(version_of(&bytes))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Problem::Conflict {
            code: "file_refused",
            what: format!("reading {}: {error}", path.display()),
        }),
    }
}
