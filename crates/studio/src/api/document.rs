//! `/api/document`: what a text means, and what an edit does to it.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use lockgate_flow::edit::{apply, edit};
use lockgate_flow::source::Source;
use lockgate_server::admin::JsonBody;
use lockgate_server::problem::Problem;
use serde::{Deserialize, Serialize};

use super::Studio;
use super::body::{TextAsked, TextBody, with_text};
use super::edits::EditSent;
use crate::aside::aside;
use crate::document::{Document, Overlay};
use crate::finding::units;
use crate::path::{FileKind, FilePath};
use crate::positions::Positions;
use crate::problem::problem;

/// `POST /api/document`
pub(super) async fn read(
    State(studio): State<Arc<Studio>>,
    JsonBody(text): TextBody<TextAsked>,
) -> Result<Json<Document>, Problem> {
    let document = with_text(studio, text, |_, sent| {
        Ok(Document::of(&sent.overlay, sent.collapsed))
    });
    document.await.map(Json)
}

/// A text and what is done to it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EditAsked {
    path: String,
    text: String,
    #[serde(default)]
    collapsed: BTreeSet<String>,
    edit: EditSent,
}

/// `Edited` of the API.
#[derive(Debug, Serialize)]
pub(super) struct Edited {
    changes: Vec<Change>,
    select: Option<String>,
    document: Document,
}

#[derive(Debug, Serialize)]
struct Change {
    from: usize,
    to: usize,
    insert: String,
}

/// `POST /api/document/edit`
pub(super) async fn change(
    State(studio): State<Arc<Studio>>,
    JsonBody(asked): TextBody<EditAsked>,
) -> Result<Json<Edited>, Problem> {
    let path = FilePath::parse(&asked.path)?;
    if path.kind() != FileKind::Flow {
        return Err(refused(format!("{path} is no flow: edit its text")));
    }
    // What the text means before is not asked: an edit goes by what is written.
    aside(move || {
        let desk = studio.desk();
        let source = Source::new(path.as_str(), asked.text);
        let done =
            edit(&source, &asked.edit.into(), &desk.catalog).map_err(|error| refused(error.message))?;
        let positions = Positions::of(source.text());
        let after = apply(source.text(), &done.changes);
        let changes = done.changes.into_iter().map(|change| {
            let (from, to) = units(&positions, change.span);
            Change {
                from,
                to,
                insert: change.text,
            }
        });
        let overlay = Overlay::of(&*studio.files, &desk, &path, after);
        Ok(Edited {
            changes: changes.collect(),
            select: done.select,
            document: Document::of(&overlay, asked.collapsed),
        })
    })
    .await
    .map(Json)
}

/// The edit does not fit the text.
fn refused(why: String) -> Problem {
    problem(StatusCode::UNPROCESSABLE_ENTITY, "edit_refused", why)
}
