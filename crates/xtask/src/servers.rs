//! The servers that tests of actions run against: PostgreSQL, and Exim with a reader for its mail, from Debian's packages.
//!
//! The tests start them themselves. Here they are only found, and installed where CI runs; so is the browser of the studio's
//! tests.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::process::{run, works};

/// Has the tests fail, instead of leaving out those whose server is not there.
const ALL: (&str, &str) = ("LOCKGATE_TEST_ALL", "1");

struct Server {
    name: &'static str,
    package: &'static str,
    is_there: fn() -> bool,
}

const SERVERS: [Server; 3] = [
    Server {
        name: "PostgreSQL",
        package: "postgresql",
        // Debian keeps each version in a folder of its own, and off the PATH.
        is_there: || {
            Path::new("/usr/lib/postgresql").read_dir().is_ok_and(|versions| {
                versions
                    .flatten()
                    .any(|version| version.path().join("bin/postgres").is_file())
            })
        },
    },
    Server {
        name: "Exim",
        package: "exim4-daemon-light",
        is_there: || Path::new("/usr/sbin/exim4").is_file(),
    },
    Server {
        // Reads the mail that Exim delivered.
        name: "Python",
        package: "python3",
        is_there: || {
            let mut python = Command::new("python3");
            python.arg("--version");
            works(python)
        },
    },
];

/// Sets up what a command that runs the tests needs. Where a server is missing it says so, and its tests are left out; with
/// `CI` set it is installed, and nothing is left out.
pub(crate) fn prepare(tests: &mut Command) -> Result<()> {
    let missing: Vec<&Server> = SERVERS.iter().filter(|server| !(server.is_there)()).collect();
    if std::env::var_os("CI").is_some() {
        if !missing.is_empty() {
            install(missing.iter().map(|server| server.package))?;
        }
        for server in missing {
            ensure!((server.is_there)(), "{} is installed, and not found", server.name);
        }
        tests.env(ALL.0, ALL.1);
    } else if missing.is_empty() {
        tests.env(ALL.0, ALL.1);
    } else {
        for server in missing {
            println!(
                "\n({} is not installed: its tests are left out; `apt-get install {}`)",
                server.name, server.package
            );
        }
    }
    Ok(())
}

/// Whether Chromium is there, for the tests of the studio; with `CI` set it is installed where it is not.
pub(crate) fn chromium() -> Result<bool> {
    let is_there = || {
        let mut chromium = Command::new("chromium");
        chromium.arg("--version");
        works(chromium)
    };
    if is_there() {
        return Ok(true);
    }
    if std::env::var_os("CI").is_none() {
        return Ok(false);
    }
    // A font for what is measured in Latin letters.
    install(["chromium", "fonts-dejavu-core"].into_iter())?;
    ensure!(is_there(), "Chromium is installed, and not found");
    Ok(true)
}

fn install<'a>(packages: impl Iterator<Item = &'a str>) -> Result<()> {
    let packages: Vec<&str> = packages.collect();
    run("the lists of packages", apt_get(["update", "--quiet"])?)?;
    let mut install = apt_get(["install", "--yes", "--quiet", "--no-install-recommends"])?;
    install.args(packages);
    run("installing servers for tests", install)
}

/// As root; who is not asks `sudo`, which asks nobody.
fn apt_get<const N: usize>(arguments: [&str; N]) -> Result<Command> {
    let id = Command::new("id").arg("-u").output().context("cannot start id")?;
    let mut command = if id.stdout.trim_ascii() == b"0" {
        Command::new("env")
    } else {
        let mut command = Command::new("sudo");
        command.args(["--non-interactive", "env"]);
        command
    };
    command
        .args(["DEBIAN_FRONTEND=noninteractive", "apt-get"])
        .args(arguments);
    Ok(command)
}
