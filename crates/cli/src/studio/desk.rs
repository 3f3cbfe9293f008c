//! A workspace that was read → what the studio shows of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockgate_flow::source::Source;
use lockgate_studio::files::{Desk, version_of};
use lockgate_studio::path::FilePath;

use crate::connectors::{CONNECTORS, is_contract};
use crate::test;
use crate::workspace::{self, Loaded};

/// Reads what was not read yet (tests and contracts), and puts it beside the rest. What cannot be opened is left out. It is
/// what is served, until somebody says otherwise.
pub(super) fn desk(loaded: &Loaded, number: u64) -> Desk {
    let flows = loaded.checked.flows.iter().map(|flow| &flow.source);
    let read = std::iter::once(&loaded.file)
        .chain(flows)
        .chain(&loaded.connectors.own)
        .cloned();
    let paths = test::find(&loaded.root)
        .into_iter()
        .chain(contracts(&loaded.root));
    let more = paths.filter_map(|path| workspace::read(&loaded.root, &path).ok());
    let sources = read.chain(more.map(|(source, _)| source));
    let files: BTreeMap<FilePath, Arc<Source>> = sources
        .filter_map(|source| Some((FilePath::parse(source.path()).ok()?, source)))
        .collect();
    let name = loaded.root.file_name().unwrap_or_default();
    Desk {
        name: name.to_string_lossy().into_owned(),
        version: format!("{number}-{}", &digest(&files)[..16]),
        is_served: true,
        files,
        catalog: Arc::clone(&loaded.catalog),
        checked: Arc::clone(&loaded.checked),
    }
}

/// Of all texts.
pub(super) fn digest(files: &BTreeMap<FilePath, Arc<Source>>) -> String {
    let mut all = String::new();
    for (path, source) in files {
        all.push_str(path.as_str());
        all.push('\0');
        all.push_str(&version_of(source.text().as_bytes()));
    }
    version_of(all.as_bytes())
}

/// `connectors/*.contract.yaml`
fn contracts(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(root.join(CONNECTORS)) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| is_contract(&path.to_string_lossy()) && path.is_file())
        .collect()
}
