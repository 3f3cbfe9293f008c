//! `cargo xtask schemathesis`: requests by chance from the document of the shipped flows, against the flows themselves.
//!
//! - `python`: Schemathesis and a validator of OpenAPI documents, from PyPI, in a virtual environment under `target/`
//! - `workspace`: the shipped flows, each behind a route
//! - `server`: `lockgate dev` with an emulated tenant
//! - `profiles`: stands in for the service that `sync-profile` asks
//!
//! What is asked and checked stands in `crates/xtask/schemathesis/schemathesis.toml`.

mod profiles;
mod python;
mod server;
mod workspace;

use anyhow::{Context as _, Result};

use crate::process::{cargo, run, target_folder};

/// Fails on any finding. Where there is no Python, or PyPI cannot be reached, it says so and is left out, unless `CI` is
/// set.
pub(crate) fn test() -> Result<()> {
    let target = target_folder()?;
    let python = match python::environment(&target.join("schemathesis")) {
        Ok(python) => python,
        Err(problem) if std::env::var_os("CI").is_none() => {
            println!("\n({problem:#}; the OpenAPI document was not tested against the flows)");
            return Ok(());
        }
        Err(problem) => return Err(problem),
    };
    run(
        "building lockgate",
        cargo(["build", "--quiet", "--package", "lockgate-cli"]),
    )?;
    let profiles = profiles::start()?;
    let folder = workspace::write(profiles)?;
    let executable = target
        .join("debug")
        .join(format!("lockgate{}", std::env::consts::EXE_SUFFIX));
    let server = server::Server::start(&executable, folder.path())?;
    let document = format!("{}/openapi.json", server.url);
    let files = crate::root().join("crates/xtask/schemathesis");
    let mut validate = python.command("python");
    validate.arg(files.join("validate.py")).arg(&document);
    println!("\n── the OpenAPI document and Schemathesis");
    python::finish(validate, "the OpenAPI document is not valid")?;
    let mut schemathesis = python.command("schemathesis");
    schemathesis
        .arg("--config-file")
        .arg(files.join("schemathesis.toml"))
        .args(["run", &document])
        .env("CALLERS_TOKEN", server::TOKEN);
    python::finish(schemathesis, "Schemathesis has findings").with_context(|| server.log())
}
