//! The workspace that is served: the shipped flows, those that no HTTP trigger starts behind a route of their own here.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

/// The routes of flows that have none.
const ROUTES: [(&str, &str); 6] = [
    (
        "bulk-invite",
        "{ method: POST, path: /invitations, auth: bearer }",
    ),
    ("create-user", "{ method: POST, path: /users, auth: bearer }"),
    (
        "get-user",
        "{ method: GET, path: '/users/:user_id', auth: bearer }",
    ),
    (
        "sync-profile",
        "{ method: POST, path: '/users/:user_id/profile', auth: bearer }",
    ),
    (
        "update-user",
        "{ method: PATCH, path: '/users/:user_id', auth: bearer }",
    ),
    ("upsert-user", "{ method: PUT, path: /users, auth: bearer }"),
];

/// Writes it to a temporary folder. `profiles` is where the profile service is.
pub(super) fn write(profiles: SocketAddr) -> Result<TempDir> {
    let folder = tempfile::tempdir().context("making a temporary folder")?;
    let files = crate::root().join("crates/xtask/schemathesis");
    fs::create_dir(folder.path().join("flows")).context("making the folder of the flows")?;
    let workspace = read(&files.join("lockgate.yaml"))?;
    let workspace = workspace.replace("PROFILE_SERVICE", &format!("http://{profiles}"));
    put(&folder.path().join("lockgate.yaml"), &workspace)?;
    put(
        &folder.path().join("flows/probe.yaml"),
        &read(&files.join("probe.yaml"))?,
    )?;
    let shipped = crate::root().join("flows");
    for entry in fs::read_dir(&shipped).with_context(|| format!("reading {}", shipped.display()))? {
        let path = entry
            .with_context(|| format!("reading {}", shipped.display()))?
            .path();
        let (Some(name), Some(file)) = (path.file_stem(), path.file_name()) else {
            continue;
        };
        // Tests stand beside their flows.
        if name.to_string_lossy().contains('.') || path.is_dir() {
            continue;
        }
        let mut text = read(&path)?;
        if !text.contains("\ntrigger:") {
            let (_, route) = ROUTES
                .iter()
                .find(|(flow, _)| **flow == *name)
                .with_context(|| format!("{} has no trigger: give it a route here", path.display()))?;
            let _ = write!(text, "\ntrigger:\n  http: {route}\n");
        }
        put(&folder.path().join("flows").join(file), &text)?;
    }
    Ok(folder)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

fn put(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}
