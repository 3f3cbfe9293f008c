//! Whether 10,000 flows cost more than ten: the start, and each request.

use anyhow::Result;

use super::binaries::Binaries;
use super::compare::{self, Pair, Plan};
use super::latency::median;
use super::program::Program;
use super::report::Many;
use super::scenario::Scenario;
use super::workspace::{Place, serve};

const FEW: usize = 10;
const MANY: usize = 10_000;

/// How often it is started with many flows.
const STARTS: usize = 3;

const CONNECTIONS: usize = 32;

pub(super) fn measure(binaries: &Binaries, place: &Place, plan: Plan) -> Result<Many> {
    let few = serve(binaries, &place.routes(FEW)?, Vec::new());
    let many = Program {
        name: "lockgate-many",
        ..serve(binaries, &place.routes(MANY)?, Vec::new())
    };
    let mut seconds = Vec::new();
    for _ in 0..STARTS {
        let server = many.start(place.logs())?;
        seconds.push(server.since.elapsed().as_secs_f64());
    }
    let few = few.start(place.logs())?;
    let many = many.start(place.logs())?;
    let pairs = compare::pairs(&few, &many, Scenario::Route, CONNECTIONS, plan)?;
    Ok(Many {
        flows: MANY,
        start_seconds: median(seconds),
        cpu_ratio: median(pairs.iter().map(Pair::cpu_ratio)),
        p50_ratio: median(pairs.iter().map(Pair::p50_ratio)),
    })
}
