//! Bodies with a text in them, and work on it that takes its time.

use std::collections::BTreeSet;
use std::sync::Arc;

use lockgate_server::admin::JsonBody;
use lockgate_server::problem::Problem;
use serde::Deserialize;

use super::Studio;
use crate::aside::aside;
use crate::document::Overlay;
use crate::files::Desk;
use crate::path::FilePath;

/// The largest body: several times the largest text that is read as YAML, escaped as JSON.
const LARGEST: usize = 4 * 1024 * 1024;

/// A body with a text in it.
pub(super) type TextBody<T> = JsonBody<T, LARGEST>;

/// `Text` of the API.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TextAsked {
    path: String,
    text: String,
    #[serde(default)]
    collapsed: BTreeSet<String>,
}

/// A text that was sent, checked.
pub(super) struct Sent {
    pub(super) desk: Arc<Desk>,
    pub(super) path: FilePath,
    pub(super) overlay: Overlay,
    pub(super) collapsed: BTreeSet<String>,
}

impl TextAsked {
    pub(super) const fn new(path: String, text: String, collapsed: BTreeSet<String>) -> Self {
        Self {
            path,
            text,
            collapsed,
        }
    }
}

/// Checks a text, and makes something of it; where nobody else waits for the thread.
pub(super) async fn with_text<T: Send + 'static>(
    studio: Arc<Studio>,
    text: TextAsked,
    make: impl FnOnce(&Studio, Sent) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let TextAsked {
        path,
        text,
        collapsed,
    } = text;
    let path = FilePath::parse(&path)?;
    aside(move || {
        let desk = studio.desk();
        let overlay = Overlay::of(&*studio.files, &desk, &path, text);
        let sent = Sent {
            desk,
            path,
            overlay,
            collapsed,
        };
        make(&studio, sent)
    })
    .await
}
