//! `/api/workspace`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::Studio;
use crate::files::Mode;

/// `GET /api/workspace`
pub(super) async fn show(State(studio): State<Arc<Studio>>) -> Json<Value> {
    let desk = studio.desk();
    let setting = studio.files.setting();
    let files: Vec<&str> = desk.files.keys().map(crate::path::FilePath::as_str).collect();
    Json(json!({
        "name": desk.name,
        "is_writable": setting.is_writable,
        "mode": match setting.mode { Mode::Dev => "dev", Mode::Serve => "serve" },
        "version": desk.version,
        "serving": desk.is_served,
        "flows_url": setting.flows_url,
        "tenant": studio.files.tenant(),
        "flows": [],
        "files": files,
        "diagnostics": [],
    }))
}
