//! Where a workspace keeps its runs: what `lockgate.yaml`, the flags and the environment say.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use lockgate_flow::workspace::{DurabilitySyntax, StoreSyntax};
use lockgate_store::{Durability, Retention, StoreError, StoreSettings};
use secrecy::SecretString;

use crate::args::DurabilityChoice;
use crate::catalogue;
use crate::environment::variable;
use crate::exit::Mistake;
use crate::workspace::Loaded;

/// Where `dev` keeps its runs, in the workspace. Not in the store of `serve`: what runs here calls an emulated tenant, or one
/// for trials, and its unfinished runs must not go on against the real one.
pub(crate) const OF_DEV: &str = ".lockgate/dev.db";

/// The variable with the key that seals secrets.
pub(crate) const KEY: &str = "LOCKGATE_STORE_KEY";

/// How often a store is flushed that is batched because somebody typed that: as where `lockgate.yaml` says it.
const FLUSH_INTERVAL: Duration = Duration::from_millis(20);

/// What was typed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Typed<'a> {
    pub(crate) path: Option<&'a Path>,
    pub(crate) durability: Option<DurabilityChoice>,
}

/// Where the runs of a workspace are. What was typed is relative to `folder`, what `lockgate.yaml` says to the workspace.
pub(crate) fn path(loaded: &Loaded, folder: &Path, typed: Option<&Path>) -> PathBuf {
    match typed {
        Some(path) => folder.join(path),
        None => loaded.root.join(&declared(loaded).path.value),
    }
}

/// Where the runs are that a command is to look at. Where that is typed, there need not be a workspace.
///
/// # Errors
/// There is no workspace.
pub(crate) fn find(folder: &Path, typed: Option<&Path>) -> Result<PathBuf> {
    if let Some(path) = typed {
        return Ok(folder.join(path));
    }
    Ok(path(
        &Loaded::find(folder, &catalogue::catalog(), &[])?,
        folder,
        None,
    ))
}

/// How the runs of a workspace are kept.
pub(crate) fn settings(loaded: &Loaded, folder: &Path, typed: Typed<'_>) -> StoreSettings {
    let declared = declared(loaded);
    StoreSettings {
        path: path(loaded, folder, typed.path),
        durability: durability(declared.durability, typed.durability),
        retention: retention(&declared),
        key: key(loaded),
    }
}

/// How the runs are kept that a command is to change. Where their place is typed, there need not be a workspace.
///
/// # Errors
/// There is no workspace, and no place was typed.
pub(crate) fn for_command(folder: &Path, typed: Option<&Path>) -> Result<StoreSettings> {
    match (Loaded::find(folder, &catalogue::catalog(), &[]), typed) {
        (Ok(loaded), path) => Ok(settings(
            &loaded,
            folder,
            Typed {
                path,
                durability: None,
            },
        )),
        (Err(_), Some(path)) => Ok(StoreSettings {
            path: folder.join(path),
            durability: Durability::Full,
            retention: retention(&StoreSyntax::default()),
            key: variable(KEY).map(SecretString::from),
        }),
        (Err(error), None) => Err(error),
    }
}

const fn retention(declared: &StoreSyntax) -> Retention {
    Retention {
        age: declared.retention.age,
        count: declared.retention.count,
    }
}

/// `store` of the workspace file.
fn declared(loaded: &Loaded) -> StoreSyntax {
    let file = loaded.checked.file.as_ref();
    file.map(|file| file.store.clone()).unwrap_or_default()
}

/// Where both say that it is batched, the interval is that of the file.
fn durability(declared: DurabilitySyntax, typed: Option<DurabilityChoice>) -> Durability {
    match (typed, declared) {
        (Some(DurabilityChoice::Full), _) | (None, DurabilitySyntax::Full) => Durability::Full,
        (_, DurabilitySyntax::Batched { flush_interval }) => Durability::Batched {
            every: flush_interval,
        },
        (Some(DurabilityChoice::Batched), DurabilitySyntax::Full) => Durability::Batched {
            every: FLUSH_INTERVAL,
        },
    }
}

/// The key that seals secrets, if one is given.
pub(crate) fn key(loaded: &Loaded) -> Option<SecretString> {
    loaded.environment.get(KEY).map(SecretString::from)
}

/// Why a store cannot be used, with what to do about it.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(crate) fn failed(error: StoreError) -> anyhow::Error {
    let help = error.help().map(str::to_owned);
    Mistake::new(error.to_string()).maybe_help(help).into()
}
