//! Where the binaries are that the tests run. They are built here if they are older than what they are made of.
//!
//! Cargo tells a test only about binaries of its own package. What is run stands beside this test's executable, so that
//! it has the same profile and the same target folder.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

use crate::root;

/// What is run.
const BINARIES: [&str; 3] = ["lockgate", "example-custom-action", "example-embedded-engine"];

/// Folders of a crate that no binary is made of.
const NOT_BUILT: [&str; 4] = ["tests", "benches", "snapshots", "xtask"];

/// The path of a binary, which is as new as its sources; unless `LOCKGATE_E2E_BINARY` names another `lockgate`, such as
/// one of a release.
pub(crate) fn binary(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    if let ("lockgate", Some(other)) = (name, other()) {
        return other;
    }
    file(FOLDER.get_or_init(build), name)
}

/// Whether `lockgate` is built here, with its crash points.
pub(crate) fn is_ours() -> bool {
    other().is_none()
}

fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// The folder of the binaries, `target/<profile>`.
fn build() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    // target/<profile>/deps/suite-…
    let folder = test.ancestors().nth(2).unwrap().to_path_buf();
    let target = folder.parent().unwrap();
    // Each test may be a process of its own: whether cargo has anything to do is asked of a stamp, which is cheaper
    // than to ask cargo. Cargo itself waits for whoever else is building.
    let stamp = folder.join("lockgate-e2e.stamp");
    let is_fresh = fs::metadata(&stamp)
        .and_then(|stamp| stamp.modified())
        .is_ok_and(|built| newest_source() < built);
    let is_there = BINARIES.iter().all(|name| file(&folder, name).is_file());
    if is_fresh && is_there {
        return folder;
    }
    let began = tempfile::NamedTempFile::new_in(&folder).unwrap();
    let mut cargo = Command::new(cargo());
    // The whole workspace and a test of it (this one, which is there): features of dependencies are then chosen as in
    // a run of all tests, and what was compiled for that serves here, too.
    cargo
        .current_dir(root())
        .args([
            "build",
            "--quiet",
            "--workspace",
            "--test",
            "suite",
            "--target-dir",
        ])
        .arg(target);
    for name in BINARIES {
        cargo.args(["--bin", name]);
    }
    match folder.file_name().and_then(|name| name.to_str()).unwrap() {
        "debug" => {}
        profile => {
            cargo.args(["--profile", profile]);
        }
    }
    let output = cargo.output().unwrap();
    assert!(
        output.status.success(),
        "the binaries cannot be built:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // Its time is that of the moment before the build.
    began.persist(&stamp).unwrap();
    folder
}

#[expect(
    clippy::disallowed_methods,
    reason = "cargo says by a variable which cargo runs the tests"
)]
fn cargo() -> OsString {
    std::env::var("CARGO").map_or_else(|_| "cargo".into(), OsString::from)
}

#[expect(
    clippy::disallowed_methods,
    reason = "whoever runs the tests says it by a variable"
)]
fn other() -> Option<PathBuf> {
    std::env::var("LOCKGATE_E2E_BINARY").ok().map(PathBuf::from)
}

fn newest_source() -> SystemTime {
    let mut newest = SystemTime::UNIX_EPOCH;
    for file in ["Cargo.toml", "Cargo.lock"] {
        newest = newest.max(modified(&root().join(file)));
    }
    for folder in ["crates", "examples"] {
        visit(&root().join(folder), &mut newest);
    }
    newest
}

fn visit(folder: &Path, newest: &mut SystemTime) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if NOT_BUILT.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            visit(&entry.path(), newest);
        } else {
            *newest = (*newest).max(modified(&entry.path()));
        }
    }
}

/// A file that has just gone is older than everything.
fn modified(path: &Path) -> SystemTime {
    File::open(path)
        .and_then(|file| file.metadata()?.modified())
        .unwrap_or(SystemTime::UNIX_EPOCH)
}
