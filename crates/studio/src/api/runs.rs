//! `/api/runs/{id}/…`: a run on its picture, against an edited text, as a test. What else there is of runs is the admin API's.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use lockgate_flow::source::Source;
use lockgate_flow::syntax::parse;
use lockgate_flow::workspace::Workspace;
use lockgate_server::admin::JsonBody;
use lockgate_server::problem::Problem;
use serde::Serialize;

use super::Studio;
use super::body::{TextAsked, TextBody, with_text};
use super::connections::Nothing;
use crate::aside::aside;
use crate::document::{Document, Overlay};
use crate::files::Desk;
use crate::finding::{Finding, Findings};
use crate::operations::{CaseText, DepartureShown, Departures, Edited, PartCoverage, RunPath};

/// `RunPicture` of the API.
#[derive(Debug, Serialize)]
pub(super) struct RunPicture {
    document: Document,
    is_current: bool,
    path: PartCoverage,
    is_exact: bool,
}

/// `GET /api/runs/{id}/picture`
pub(super) async fn picture(
    State(studio): State<Arc<Studio>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<RunPicture>, Problem> {
    let collapsed = collapsed(query.as_deref().unwrap_or_default())?;
    let run = studio.operations.run_path(&id).await?;
    let RunPath {
        path,
        text,
        is_current,
        passage,
        is_exact,
    } = run;
    aside(move || {
        let overlay = recorded(&studio.desk(), Source::new(path, text));
        Ok(RunPicture {
            document: Document::of(&overlay, collapsed),
            is_current,
            path: passage,
            is_exact,
        })
    })
    .await
    .map(Json)
}

/// The text of a run in the place of its flow, which may stand elsewhere now, checked with the others as they are. Its path is no
/// one's to choose: it may be one that cannot be opened here.
fn recorded(desk: &Desk, source: Arc<Source>) -> Overlay {
    let name = parse(&source).flow.map(|flow| flow.name.value);
    let others = desk
        .checked
        .flows
        .iter()
        .filter(|other| other.source.path() != source.path() && Some(&other.name) != name.as_ref());
    let flows: Vec<Arc<Source>> = others
        .map(|other| Arc::clone(&other.source))
        .chain([Arc::clone(&source)])
        .collect();
    let mut workspace = Workspace::check(desk.workspace_file(), &flows, &desk.catalog);
    let mut findings = std::mem::take(&mut workspace.diagnostics);
    findings.retain(|finding| finding.primary.source.path() == source.path());
    Overlay {
        source,
        workspace: Arc::new(workspace),
        findings,
    }
}

/// The keys of the cards whose inside is left out; each a parameter of its own.
fn collapsed(query: &str) -> Result<BTreeSet<String>, Problem> {
    let mut collapsed = BTreeSet::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if name != "collapsed" {
            return Err(Problem::Malformed("the query takes `collapsed`".to_owned()));
        }
        collapsed.insert(value.into_owned());
    }
    Ok(collapsed)
}

/// `Departures` of the API.
#[derive(Debug, Serialize)]
pub(super) struct Compared {
    departs: bool,
    departures: Vec<DepartureShown>,
    end: String,
    diagnostics: Vec<Finding>,
}

/// `POST /api/runs/{id}/compare`
pub(super) async fn compare(
    State(studio): State<Arc<Studio>>,
    Path(id): Path<String>,
    JsonBody(text): TextBody<TextAsked>,
) -> Result<Json<Compared>, Problem> {
    let checked = with_text(Arc::clone(&studio), text, |_, sent| {
        let overlay = sent.overlay;
        Ok(match overlay.flow().and_then(|checked| checked.flow.clone()) {
            Some(flow) => Ok(Edited {
                workspace: Arc::clone(&overlay.workspace),
                flow,
            }),
            None => Err(unable(&overlay)),
        })
    });
    let edited = match checked.await? {
        Ok(edited) => edited,
        Err(diagnostics) => {
            return Ok(Json(Compared {
                departs: false,
                departures: Vec::new(),
                end: "the text cannot run, so that nobody can say where it departs".to_owned(),
                diagnostics,
            }));
        }
    };
    let Departures { departures, end } = studio.operations.compare_run(&id, edited).await?;
    Ok(Json(Compared {
        departs: !departures.is_empty(),
        departures,
        end,
        diagnostics: Vec::new(),
    }))
}

/// Why a text cannot run.
fn unable(overlay: &Overlay) -> Vec<Finding> {
    let mut findings = Findings::default();
    if let Some(syntax) = overlay.flow().and_then(|checked| checked.syntax.as_deref()) {
        findings.know(syntax, None);
    }
    let errors = overlay.findings.iter().filter(|finding| finding.is_error());
    findings.show_all(errors)
}

/// `POST /api/runs/{id}/case`
pub(super) async fn case(
    State(studio): State<Arc<Studio>>,
    Path(id): Path<String>,
    JsonBody(Nothing {}): JsonBody<Nothing>,
) -> Result<Json<CaseText>, Problem> {
    studio.operations.make_case(&id).await.map(Json)
}
