//! `cargo xtask test`: what must hold before a change lands. Also the longer fuzz run and the benches.

use anyhow::Result;

use crate::generate;
use crate::process::{cargo, run, works};
use crate::schemathesis;
use crate::servers;
use crate::studio;

pub(crate) fn test() -> Result<()> {
    run("formatting", cargo(["fmt", "--all", "--check"]))?;
    run(
        "lints",
        cargo([
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "--deny",
            "warnings",
        ]),
    )?;
    let mut tests = if works(cargo(["nextest", "--version"])) {
        cargo([
            "nextest",
            "run",
            "--workspace",
            "--no-fail-fast",
            "--status-level",
            "slow",
        ])
    } else {
        println!("\n(cargo-nextest is not installed; `cargo test` runs the same tests, slower)");
        cargo([
            "test",
            "--workspace",
            "--quiet",
            "--lib",
            "--bins",
            "--tests",
            "--examples",
        ])
    };
    servers::prepare(&mut tests)?;
    run("tests", tests)?;
    run(
        "documentation tests",
        cargo(["test", "--workspace", "--doc", "--quiet"]),
    )?;
    let mut documentation = cargo(["doc", "--workspace", "--no-deps", "--quiet"]);
    documentation.env("RUSTDOCFLAGS", "--deny warnings");
    run("documentation", documentation)?;
    println!("\n── generated files");
    generate::generate(true)?;
    fuzz(None, 3)?;
    schemathesis::test()?;
    studio::test()?;
    if works(cargo(["deny", "--version"])) {
        run(
            "dependencies",
            cargo([
                "deny",
                "--offline",
                "check",
                "--hide-inclusion-graph",
                "bans",
                "licenses",
                "sources",
            ]),
        )?;
    } else {
        println!("\n(cargo-deny is not installed; the dependency policy in deny.toml was not checked)");
    }
    println!("\nall checks passed");
    Ok(())
}

pub(crate) fn fuzz(target: Option<&str>, seconds: u64) -> Result<()> {
    let mut command = cargo(["run", "--quiet", "--package", "lockgate-fuzz", "--"]);
    command.arg("--seconds").arg(seconds.to_string());
    command.args(target);
    run("fuzzing", command)
}

pub(crate) fn bench() -> Result<()> {
    run(
        "steps",
        cargo(["bench", "--package", "lockgate-engine", "--bench", "steps"]),
    )?;
    run(
        "check",
        cargo(["bench", "--package", "lockgate-flow", "--bench", "check"]),
    )
}
