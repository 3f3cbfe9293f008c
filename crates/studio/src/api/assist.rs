//! `/api/document/…`: what an editor asks about a place in a text, or about a step.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use lockgate_flow::assist::{Assist, Place};
use lockgate_server::admin::JsonBody;
use lockgate_server::problem::Problem;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Studio;
use super::body::{Sent, TextAsked, TextBody, with_text};
use super::forms;
use crate::document::Document;
use crate::finding::units;
use crate::positions::Positions;
use crate::problem::no_step;

/// A place in a text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlaceAsked {
    path: String,
    text: String,
    #[serde(default)]
    collapsed: BTreeSet<String>,
    /// In UTF-16 code units.
    offset: usize,
}

/// A step of a text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepAsked {
    path: String,
    text: String,
    #[serde(default)]
    collapsed: BTreeSet<String>,
    step: String,
}

impl PlaceAsked {
    fn split(self) -> (TextAsked, usize) {
        (TextAsked::new(self.path, self.text, self.collapsed), self.offset)
    }
}

/// What an assistant says of a text.
fn assist(sent: &Sent) -> Assist<'_> {
    Assist::new(&sent.overlay.workspace, &sent.desk.catalog, sent.path.as_str())
}

/// `POST /api/document/completions`
pub(super) async fn complete(
    State(studio): State<Arc<Studio>>,
    JsonBody(place): TextBody<PlaceAsked>,
) -> Result<Json<Value>, Problem> {
    let (text, offset) = place.split();
    let found = with_text(studio, text, move |_, sent| {
        let positions = Positions::of(sent.overlay.source.text());
        let found = assist(&sent).complete(positions.byte(offset));
        let (from, to) = units(&positions, found.span);
        let items = found.items.into_iter().map(|item| {
            json!({
                "label": item.label,
                "kind": item.kind.name(),
                "detail": item.detail,
                "docs": item.docs,
                "insert": item.insert,
            })
        });
        Ok(json!({ "from": from, "to": to, "items": items.collect::<Vec<_>>() }))
    });
    found.await.map(Json)
}

/// `POST /api/document/hover`
pub(super) async fn hover(
    State(studio): State<Arc<Studio>>,
    JsonBody(place): TextBody<PlaceAsked>,
) -> Result<Json<Value>, Problem> {
    let (text, offset) = place.split();
    let found = with_text(studio, text, move |_, sent| {
        let positions = Positions::of(sent.overlay.source.text());
        let found = assist(&sent).hover(positions.byte(offset));
        Ok(found.map_or(Value::Null, |hover| {
            let (from, to) = units(&positions, hover.span);
            json!({ "from": from, "to": to, "docs": hover.docs })
        }))
    });
    found.await.map(Json)
}

/// `POST /api/document/definition`
pub(super) async fn define(
    State(studio): State<Arc<Studio>>,
    JsonBody(place): TextBody<PlaceAsked>,
) -> Result<Json<Value>, Problem> {
    let (text, offset) = place.split();
    let found = with_text(studio, text, move |_, sent| {
        let positions = Positions::of(sent.overlay.source.text());
        let found = assist(&sent).definition(positions.byte(offset));
        Ok(found.map_or(Value::Null, |Place { source, span }| {
            // It may stand in another file.
            let (from, to) = units(&Positions::of(source.text()), span);
            let line = source.position(span.start).line;
            json!({ "path": source.path(), "from": from, "to": to, "line": line })
        }))
    });
    found.await.map(Json)
}

/// `POST /api/document/scope`
pub(super) async fn scope(
    State(studio): State<Arc<Studio>>,
    JsonBody(asked): TextBody<StepAsked>,
) -> Result<Json<Value>, Problem> {
    let text = TextAsked::new(asked.path, asked.text, asked.collapsed);
    let found = with_text(studio, text, move |_, sent| {
        let scope = assist(&sent)
            .scope(&asked.step)
            .ok_or_else(|| no_step(&asked.step))?;
        let references = scope.references.into_iter().map(|reference| {
            json!({
                "path": reference.path,
                "type": reference.type_name,
                "docs": reference.docs,
                "is_sure": reference.is_sure,
                "secret": reference.secret,
            })
        });
        Ok(json!({ "references": references.collect::<Vec<_>>(), "functions": scope.functions }))
    });
    found.await.map(Json)
}

/// A template of a step.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TemplateAsked {
    path: String,
    text: String,
    #[serde(default)]
    collapsed: BTreeSet<String>,
    step: String,
    value: Value,
    is_expression: bool,
    run: String,
}

/// `POST /api/document/preview`
pub(super) async fn preview(
    State(studio): State<Arc<Studio>>,
    JsonBody(asked): TextBody<TemplateAsked>,
) -> Result<Json<Value>, Problem> {
    let recorded = studio.operations.recorded(&asked.run).await?;
    let text = TextAsked::new(asked.path, asked.text, asked.collapsed);
    let found = with_text(studio, text, move |_, sent| {
        let found = assist(&sent).preview(&asked.step, &asked.value, asked.is_expression, &recorded);
        Ok(match found {
            Ok(value) => json!({ "value": value, "problem": null }),
            Err(problem) => json!({ "value": null, "problem": problem }),
        })
    });
    found.await.map(Json)
}

/// `POST /api/document/step`
pub(super) async fn step(
    State(studio): State<Arc<Studio>>,
    JsonBody(asked): TextBody<StepAsked>,
) -> Result<Json<Value>, Problem> {
    let text = TextAsked::new(asked.path, asked.text, asked.collapsed);
    let found = with_text(studio, text, move |_, sent| {
        let form = assist(&sent)
            .form(&asked.step)
            .ok_or_else(|| no_step(&asked.step))?;
        let document = Document::of(&sent.overlay, BTreeSet::new());
        forms::shown(&asked.step, &form, &document, &sent.overlay.source)
    });
    found.await.map(Json)
}
