//! `/api/files/{path}`: read, saved, deleted; never over what somebody else has written meanwhile.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use lockgate_server::admin::JsonBody;
use lockgate_server::problem::Problem;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Studio;
use super::body::TextBody;
use crate::files::{FileError, Read, version_of};
use crate::merge::merge;
use crate::path::{FileKind, FilePath};
use crate::problem::{no_file, problem, read_only};

/// A file's path, as it stands in the URL.
type Named = Result<Path<String>, PathRejection>;

fn named(path: Named) -> Result<FilePath, Problem> {
    // What is not UTF-8 after its escapes is no name.
    let Path(path) = path.map_err(|error| Problem::Malformed(error.body_text()))?;
    Ok(FilePath::parse(&path)?)
}

/// `GET /api/files/{path}`
pub(super) async fn read(State(studio): State<Arc<Studio>>, path: Named) -> Result<Json<Value>, Problem> {
    let path = named(path)?;
    let found = studio.files.read(&path).await?;
    let found = found.ok_or_else(|| no_file(path.as_str()))?;
    Ok(Json(shown(&path, &found)))
}

fn shown(path: &FilePath, found: &Read) -> Value {
    json!({ "path": path.as_str(), "text": found.text, "version": found.version })
}

/// `Save` of the API.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Save {
    text: String,
    // Left out is not null: who does not say what was edited must not write.
    #[serde(deserialize_with = "Option::deserialize")]
    base: Option<String>,
    base_text: Option<String>,
}

/// `SaveConflict` of the API.
#[derive(Debug, Serialize)]
struct SaveConflict {
    code: &'static str,
    message: &'static str,
    theirs: Option<Value>,
    merged: Option<String>,
}

/// `PUT /api/files/{path}`
pub(super) async fn save(
    State(studio): State<Arc<Studio>>,
    path: Named,
    JsonBody(save): TextBody<Save>,
) -> Result<Response, Problem> {
    writable(&studio)?;
    let path = named(path)?;
    let Save {
        text,
        base,
        base_text,
    } = save;
    if base.is_none() && !matches!(path.kind(), FileKind::Flow | FileKind::Tests) {
        return Err(problem(
            StatusCode::FORBIDDEN,
            "not_allowed",
            format!("{path} cannot be made from here: new files are flows and their tests"),
        ));
    }
    match studio.files.write(&path, base.as_deref(), text.clone()).await {
        Ok(version) => Ok(Json(json!({ "version": version })).into_response()),
        Err(FileError::Conflict(theirs)) => {
            let base = base_text.filter(|text| base == Some(version_of(text.as_bytes())));
            let merged = match (&base, &theirs) {
                (Some(base), Some(theirs)) => merge(base, &text, &theirs.text),
                _ => None,
            };
            let conflict = SaveConflict {
                code: "conflict",
                message: match theirs {
                    Some(_) => "the file has been changed by somebody else; nothing was written",
                    None => "the file is not there any more; nothing was written",
                },
                theirs: theirs.map(|theirs| shown(&path, &theirs)),
                merged,
            };
            Ok((StatusCode::CONFLICT, Json(conflict)).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// Which version is meant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    version: String,
}

/// `DELETE /api/files/{path}`
pub(super) async fn delete(
    State(studio): State<Arc<Studio>>,
    path: Named,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<StatusCode, Problem> {
    writable(&studio)?;
    let path = named(path)?;
    let wrong = |_| Problem::Malformed("the query takes `version`, the one that is to be deleted".to_owned());
    let Query(which) = which.map_err(wrong)?;
    if !matches!(path.kind(), FileKind::Flow | FileKind::Tests) {
        return Err(problem(
            StatusCode::FORBIDDEN,
            "not_allowed",
            format!("{path} cannot be deleted from here: only flows and their tests can"),
        ));
    }
    match studio.files.delete(&path, &which.version).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(FileError::Conflict(None)) => Err(no_file(path.as_str())),
        Err(error) => Err(error.into()),
    }
}

fn writable(studio: &Studio) -> Result<(), Problem> {
    if studio.files.setting().is_writable {
        Ok(())
    } else {
        Err(read_only())
    }
}
