//! `cargo xtask studio`: the browser's side of the studio, which needs Node.js, and its tests in a real browser, which need
//! Chromium. Everything else of the project is built without either: `crates/studio/dist` is committed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Args, ValueEnum};

use crate::process::{cargo, run, target_folder, works};
use crate::servers;

/// The browser's side of the studio: builds `crates/studio/dist`, and tests it.
#[derive(Args)]
pub(crate) struct StudioArguments {
    /// What is to be done.
    #[arg(value_enum, default_value_t = Task::Build)]
    task: Task,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Task {
    /// Writes `crates/studio/dist`.
    Build,
    /// Whether `dist` is what the sources give; types, unit tests, and the tests in a browser.
    Test,
    /// Takes the pictures of `docs/studio.md`.
    Screenshots,
    /// Measures in a browser, with an optimised binary: time to interactive, edit to repaint, frames, memory.
    Measure,
}

/// The oldest Node.js that Vite runs with.
const OLDEST_NODE: &str =
    "const [a, b] = process.versions.node.split('.'); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)";

pub(crate) fn studio(arguments: &StudioArguments) -> Result<()> {
    ensure!(has_node(), "{}", no_node());
    install()?;
    match arguments.task {
        Task::Build => {
            generate(&folder().join("src/api"))?;
            build(&dist())
        }
        Task::Test => everything(),
        Task::Screenshots => browser("screenshots", false),
        Task::Measure => browser("measure", true),
    }
}

/// The part of `cargo xtask test`. Without Node.js or Chromium it says so and is left out, unless `CI` is set.
pub(crate) fn test() -> Result<()> {
    if !has_node() {
        ensure!(!is_ci(), "{}", no_node());
        println!("\n({}: the studio was not rebuilt and not tested)", no_node());
        return Ok(());
    }
    install()?;
    everything()
}

fn everything() -> Result<()> {
    println!("\n── the studio's generated types and its build");
    is_as_committed("the types of the API", &folder().join("src/api"), generate)?;
    is_as_committed("crates/studio/dist", &dist(), build)?;
    run("the studio's unit tests", npm(["run", "--silent", "test"]))?;
    if !servers::chromium()? {
        println!(
            "\n(Chromium is not installed: the studio was not tested in a browser; `apt-get install chromium`)"
        );
        return Ok(());
    }
    browser("test", false)
}

/// Runs a project of `e2e/playwright.config.ts` against the binary.
fn browser(project: &str, is_optimised: bool) -> Result<()> {
    ensure!(
        servers::chromium()?,
        "Chromium is not installed: `apt-get install chromium`"
    );
    let mut build = cargo(["build", "--quiet", "--package", "lockgate-cli"]);
    build.args(is_optimised.then_some("--release"));
    run("building lockgate", build)?;
    let binary = target_folder()?
        .join(if is_optimised { "release" } else { "debug" })
        .join(format!("lockgate{}", std::env::consts::EXE_SUFFIX));
    let mut tests = npm(["exec", "--", "playwright", "test", "--config"]);
    tests.arg(folder().join("e2e/playwright.config.ts"));
    tests.args(["--project", project]);
    tests.env("LOCKGATE", binary);
    run(&format!("the studio in a browser: {project}"), tests)
}

/// `node_modules` as the lock file has it; made again when that changes.
fn install() -> Result<()> {
    let lock = fs::read_to_string(folder().join("package-lock.json")).context("reading package-lock.json")?;
    let installed = folder().join("node_modules/.installed");
    if fs::read_to_string(&installed).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    run(
        "installing what the studio is built with",
        npm(["ci", "--no-audit", "--no-fund"]),
    )?;
    fs::write(&installed, lock).with_context(|| format!("writing {}", installed.display()))
}

/// The types of the API's documents, into a folder.
fn generate(into: &Path) -> Result<()> {
    for (document, types) in [
        ("studio-api.openapi.json", "studio.d.ts"),
        ("admin-api.openapi.json", "admin.d.ts"),
    ] {
        let mut generate = npm(["exec", "--", "openapi-typescript"]);
        generate.arg(crate::root().join("schemas").join(document));
        generate.arg("--output").arg(into.join(types));
        quietly(generate, "openapi-typescript")?;
    }
    Ok(())
}

/// The studio as the binary carries it, into a folder.
fn build(into: &Path) -> Result<()> {
    quietly(npm(["exec", "--", "tsc", "--noEmit"]), "the type check")?;
    let mut build = npm(["exec", "--", "vite", "build", "--logLevel", "warn", "--outDir"]);
    build.arg(into);
    quietly(build, "vite")
}

/// Makes something anew elsewhere, and compares it with what is committed.
fn is_as_committed(what: &str, committed: &Path, produce: fn(&Path) -> Result<()>) -> Result<()> {
    let folder = target_folder()?
        .join("studio")
        .join(committed.file_name().unwrap_or_default());
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    produce(&folder)?;
    let made = files(&folder)?;
    ensure!(!made.is_empty(), "{what}: nothing was made");
    let there = files(committed)?;
    let is_whole = committed == dist();
    let other: Vec<&String> = made
        .iter()
        .filter(|(name, content)| there.get(*name) != Some(content))
        .map(|(name, _)| name)
        .chain(there.keys().filter(|name| is_whole && !made.contains_key(*name)))
        .collect();
    if other.is_empty() {
        return Ok(());
    }
    bail!("{what} is not what the sources give: {other:?}; `cargo xtask studio build` writes it")
}

/// The files below a folder, by their paths in it.
fn files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let (mut found, mut todo) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = todo.pop() {
        for entry in fs::read_dir(&next).with_context(|| format!("listing {}", next.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                todo.push(path);
            } else {
                let name = path.strip_prefix(folder)?.to_string_lossy().replace('\\', "/");
                found.insert(name, fs::read(&path)?);
            }
        }
    }
    Ok(found)
}

fn quietly(mut command: Command, what: &str) -> Result<()> {
    let output = command
        .current_dir(folder())
        .output()
        .with_context(|| format!("cannot start {what}"))?;
    if output.status.success() {
        return Ok(());
    }
    bail!(
        "{what} failed\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn npm<const N: usize>(arguments: [&str; N]) -> Command {
    let mut command = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    command.arg("--prefix").arg(folder()).args(arguments);
    command
}

fn has_node() -> bool {
    let mut node = Command::new("node");
    node.args(["-e", OLDEST_NODE]);
    works(node) && works(npm(["--version"]))
}

fn no_node() -> &'static str {
    "Node.js 20.19 or newer with npm is not installed"
}

fn is_ci() -> bool {
    std::env::var_os("CI").is_some()
}

fn folder() -> PathBuf {
    crate::root().join("crates/studio/web")
}

fn dist() -> PathBuf {
    crate::root().join("crates/studio/dist")
}
