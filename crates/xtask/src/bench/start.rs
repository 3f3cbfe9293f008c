//! From the start of a process to its first good answer.

use std::time::Duration;

use anyhow::Result;

use super::binaries::Binaries;
use super::compare::runtime;
use super::latency::median;
use super::load::Connection;
use super::program::Program;
use super::report::Start;
use super::scenario::Scenario;
use super::workspace::{self, Place};

/// Starts both so many times. The first answer needs the token, too.
pub(super) fn measure(binaries: &Binaries, place: &Place, times: usize) -> Result<Start> {
    let tenant = place.tenant(binaries)?;
    let handwritten = workspace::handwritten(binaries, &tenant)?;
    let lockgate = place.lockgate(binaries, &tenant)?;
    // The first start reads the binaries from the disk.
    first_answer(&handwritten, place)?;
    first_answer(&lockgate, place)?;
    let (mut base, mut measured) = (Vec::new(), Vec::new());
    for _ in 0..times {
        base.push(first_answer(&handwritten, place)?);
        measured.push(first_answer(&lockgate, place)?);
    }
    let milliseconds = |all: &[Duration]| median(all.iter().map(|one| one.as_secs_f64() * 1000.0));
    Ok(Start {
        base: milliseconds(&base),
        measured: milliseconds(&measured),
    })
}

fn first_answer(program: &Program, place: &Place) -> Result<Duration> {
    // Made before: the driver's own start is not the server's.
    let runtime = runtime()?;
    let server = program.start(place.logs())?;
    runtime.block_on(async {
        Connection::open(server.address)
            .await?
            .exchange(Scenario::SignUp)
            .await
    })?;
    Ok(server.since.elapsed())
}
