//! `cargo xtask bench`: what a request costs, beside the same service written by hand.
//!
//! Both servers do the same calls of one emulated tenant, each in a process of its own, under the same load in
//! alternating rounds, and only what one round of each has cost right after the other is compared. The driver is part of
//! this binary; it is built with optimizations and started again, so that it takes little of the machine.
//!
//! - `binaries`: builds what is measured
//! - `program`, `proc`: starts it; reads its CPU time and memory
//! - `workspace`: the flows that are served
//! - `scenario`, `load`: requests, and how they are sent
//! - `compare`, `start`, `many`: the measurements beside the hand-written service
//! - `durable`, `disk`, `kept`, `queries`: what it costs to keep runs
//! - `flow_tests`: a thousand test cases of flows
//! - `report`: what is printed
//! - `instructions`, `cases`: instruction counts, which also show a regression on a noisy machine
//!
//! It is no test of correctness: an answer with another status than the expected one ends it.

mod binaries;
mod cases;
mod compare;
mod disk;
mod durable;
mod flow_tests;
mod instructions;
mod kept;
mod latency;
mod load;
mod many;
mod proc;
mod program;
mod queries;
mod report;
mod scenario;
mod start;
mod workspace;

use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;

use self::binaries::Binaries;
use self::compare::Plan;
use self::kept::Sizes;
use self::report::Report;
use self::scenario::Scenario;
use self::workspace::Place;
use crate::suite;

pub(crate) use self::cases::run_case;

/// Measures requests/s, p50, p99, CPU per 1,000 requests, memory and start of `lockgate serve`, beside
/// `examples/handwritten` under the same load. The last line is one JSON object with the figures.
///
/// Without options it takes about seven minutes after the builds. Linux only: it reads /proc.
#[derive(Args, Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub(crate) struct BenchArguments {
    /// A short run, below a minute after the builds; its figures are coarse.
    #[arg(long)]
    quick: bool,
    /// Measures the hand-written service against itself instead: what the ratios say then is the error of the method.
    #[arg(long)]
    self_test: bool,
    /// Measures only what it costs to keep runs.
    #[arg(long, conflicts_with = "self_test")]
    kept: bool,
    /// Measures only how long a thousand test cases of flows take.
    #[arg(long, conflicts_with_all = ["self_test", "kept"])]
    tests: bool,
    /// Runs the benches of the engine and of the checker instead (criterion): no servers.
    #[arg(long, conflicts_with_all = ["quick", "self_test", "kept", "tests", "instructions"])]
    engine: bool,
    /// Counts instructions instead (needs valgrind), and compares them with the committed counts.
    #[arg(long, conflicts_with_all = ["quick", "self_test", "kept", "tests"])]
    instructions: bool,
    /// Writes the counts down as those to compare with.
    #[arg(long, requires = "instructions")]
    accept: bool,
}

/// What it costs to keep runs.
fn keep(binaries: &Binaries, place: &Place, plan: Plan, quick: bool, report: &mut Report) -> Result<()> {
    report.add_durable(durable::measure(binaries, place, plan)?);
    let sizes = if quick { Sizes::QUICK } else { Sizes::WHOLE };
    report.unended = Some(kept::measure(binaries, place, sizes)?);
    report.queries = Some(queries::measure(place, if quick { 20_000 } else { 1_000_000 })?);
    Ok(())
}

pub(crate) fn run(arguments: &BenchArguments) -> Result<()> {
    if arguments.engine {
        return suite::bench();
    }
    if cfg!(debug_assertions) {
        return binaries::build_and_run_again();
    }
    if arguments.instructions {
        return instructions::run(arguments.accept);
    }
    ensure!(
        cfg!(target_os = "linux"),
        "CPU time and memory are read from /proc, which only Linux has"
    );
    if let Some(note) = proc::busy()? {
        println!("note: {note}");
    }
    let binaries = Binaries::beside_this()?;
    let place = Place::new()?;
    // Many short rounds: what else the machine does comes and goes within seconds, and should hit both alike.
    let plan = if arguments.quick {
        Plan {
            pairs: 11,
            round: Duration::from_millis(250),
        }
    } else {
        Plan {
            pairs: 31,
            round: Duration::from_secs(1),
        }
    };
    if arguments.kept {
        let mut report = Report::default();
        keep(&binaries, &place, plan, arguments.quick, &mut report)?;
        report.finish();
        return Ok(());
    }
    if arguments.tests {
        let mut report = Report::default();
        report.tests = Some(flow_tests::measure(&binaries)?);
        report.finish();
        return Ok(());
    }
    if arguments.self_test {
        let mut report = Report::default();
        for connections in compare::CONNECTIONS {
            let rounds = compare::against_itself(&binaries, &place, Scenario::SignUp, connections, plan)?;
            report.add_rounds(rounds);
        }
        report.finish();
        return Ok(());
    }
    let mut report = Report::default();
    report.binary(&binaries)?;
    report.start = Some(start::measure(
        &binaries,
        &place,
        if arguments.quick { 5 } else { 10 },
    )?);
    for connections in compare::CONNECTIONS {
        let rounds = compare::measure(&binaries, &place, Scenario::SignUp, connections, plan)?;
        report.add_rounds(rounds);
    }
    if !arguments.quick {
        let rounds = compare::measure(&binaries, &place, Scenario::Register, 32, plan)?;
        report.add_rounds(rounds);
    }
    report.memory = Some(compare::memory(&binaries, &place)?);
    report.many = Some(many::measure(&binaries, &place, plan)?);
    report.tests = Some(flow_tests::measure(&binaries)?);
    keep(&binaries, &place, plan, arguments.quick, &mut report)?;
    report.finish();
    Ok(())
}
