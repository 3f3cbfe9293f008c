//! The two services under the same load, round by round in turns.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tokio::runtime::{Builder, Runtime};

use super::binaries::Binaries;
use super::latency::Latencies;
use super::load::{self, Until};
use super::proc::{CpuTimes, resident_bytes};
use super::program::{Program, Running};
use super::report::Memory;
use super::scenario::Scenario;
use super::workspace::{self, Place};

/// So many connections with one request at a time each.
pub(super) const CONNECTIONS: [usize; 3] = [1, 32, 128];

/// After so many requests memory is read.
const REQUESTS: u32 = 100_000;

/// How long each service is driven before the first round.
const WARM_UP: Duration = Duration::from_millis(500);

/// How long a line of the log may be on its way.
const LOG_TIME: Duration = Duration::from_secs(5);

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// Rounds of each service.
    pub(super) pairs: usize,
    /// How long one takes.
    pub(super) round: Duration,
}

/// What one service did in one round.
pub(super) struct Round {
    pub(super) latencies: Latencies,
    pub(super) took: Duration,
    pub(super) cpu: Duration,
}

impl Round {
    #[expect(clippy::cast_precision_loss, reason = "a count of a few seconds")]
    fn count(&self) -> f64 {
        self.latencies.count() as f64
    }

    pub(super) fn per_second(&self) -> f64 {
        self.count() / self.took.as_secs_f64()
    }

    /// CPU seconds of the service for 1,000 requests.
    pub(super) fn cpu_per_thousand(&self) -> f64 {
        self.cpu.as_secs_f64() * 1000.0 / self.count()
    }
}

/// A round of the one and a round of the other, right after one another.
pub(super) struct Pair {
    pub(super) base: Round,
    pub(super) measured: Round,
}

impl Pair {
    pub(super) fn cpu_ratio(&self) -> f64 {
        self.measured.cpu_per_thousand() / self.base.cpu_per_thousand()
    }

    pub(super) fn p99_ratio(&self) -> f64 {
        self.measured.latencies.quantile(0.99) / self.base.latencies.quantile(0.99)
    }

    pub(super) fn p50_ratio(&self) -> f64 {
        self.measured.latencies.quantile(0.5) / self.base.latencies.quantile(0.5)
    }
}

/// All pairs of one scenario with so many connections.
pub(super) struct Rounds {
    pub(super) scenario: Scenario,
    pub(super) connections: usize,
    pub(super) base: &'static str,
    pub(super) measured: &'static str,
    pub(super) pairs: Vec<Pair>,
}

/// `lockgate serve` beside the hand-written service.
pub(super) fn measure(
    binaries: &Binaries,
    place: &Place,
    scenario: Scenario,
    connections: usize,
    plan: Plan,
) -> Result<Rounds> {
    // New ones for each: the tenant keeps every user that was created.
    let tenant = place.tenant(binaries)?;
    let handwritten = workspace::handwritten(binaries, &tenant)?.start(place.logs())?;
    let lockgate = place.lockgate(binaries, &tenant)?.start(place.logs())?;
    let pairs = pairs(&handwritten, &lockgate, scenario, connections, plan)?;
    has_metrics(handwritten.address, scenario)?;
    has_metrics(lockgate.address_of("admin_url")?, scenario)?;
    Ok(Rounds {
        scenario,
        connections,
        base: "handwritten",
        measured: "lockgate",
        pairs,
    })
}

/// The hand-written service beside another process of it: the ratios should be 1.
pub(super) fn against_itself(
    binaries: &Binaries,
    place: &Place,
    scenario: Scenario,
    connections: usize,
    plan: Plan,
) -> Result<Rounds> {
    let tenant = place.tenant(binaries)?;
    let base = workspace::handwritten(binaries, &tenant)?;
    let measured = Program {
        name: "handwritten-again",
        ..workspace::handwritten(binaries, &tenant)?
    };
    let base = base.start(place.logs())?;
    let measured = measured.start(place.logs())?;
    Ok(Rounds {
        scenario,
        connections,
        base: "handwritten",
        measured: "handwritten",
        pairs: pairs(&base, &measured, scenario, connections, plan)?,
    })
}

/// Rounds in turns; who goes first changes from pair to pair.
pub(super) fn pairs(
    base: &Running,
    measured: &Running,
    scenario: Scenario,
    connections: usize,
    plan: Plan,
) -> Result<Vec<Pair>> {
    let rounds = turns([base, measured], scenario, connections, plan)?;
    Ok(rounds
        .into_iter()
        .map(|[base, measured]| Pair { base, measured })
        .collect())
}

/// Rounds of several services, each round of all right after one another; who goes first changes.
pub(super) fn turns<const N: usize>(
    services: [&Running; N],
    scenario: Scenario,
    connections: usize,
    plan: Plan,
) -> Result<Vec<[Round; N]>> {
    let runtime = runtime()?;
    let round = |server, length| runtime.block_on(round(server, scenario, connections, length));
    for service in services {
        round(service, WARM_UP)?;
    }
    let mut rounds = Vec::with_capacity(plan.pairs);
    for number in 0..plan.pairs {
        let mut these = services.map(|_| None);
        for turn in 0..N {
            let which = (number + turn) % N;
            these[which] = Some(round(services[which], plan.round)?);
        }
        rounds.push(these);
    }
    let whole = |these: [Option<Round>; N]| {
        let these: Vec<Round> = these.into_iter().flatten().collect();
        these.try_into().ok().context("a service had no turn")
    };
    rounds.into_iter().map(whole).collect()
}

async fn round(server: &Running, scenario: Scenario, connections: usize, length: Duration) -> Result<Round> {
    let connections = load::connect(server.address, scenario, connections).await?;
    server.forget_log()?;
    let before = CpuTimes::of(server.process())?;
    let (latencies, took) = load::drive(connections, scenario, Until::Passed(length)).await?;
    if scenario.is_compared() {
        logged(server, scenario, latencies.count()).await?;
    }
    let cpu = CpuTimes::of(server.process())?.since(&before);
    Ok(Round { latencies, took, cpu })
}

/// Logging is a part of what is measured: waits until there is a line for each request. A log that nobody waits for may
/// leave some out.
async fn logged(server: &Running, scenario: Scenario, requests: usize) -> Result<()> {
    let began = Instant::now();
    loop {
        let log = server.log_text()?;
        let lines = log.lines().filter(|line| line.contains(scenario.name())).count();
        if lines >= requests {
            return Ok(());
        }
        if began.elapsed() > LOG_TIME {
            ensure!(
                lines * 10 >= requests * 9,
                "{requests} requests, but {lines} lines in the access log: {}",
                log.lines().next().unwrap_or_default()
            );
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// And so are metrics.
fn has_metrics(address: SocketAddr, scenario: Scenario) -> Result<()> {
    let text = runtime()?.block_on(load::get(address, "/metrics"))?;
    let route = format!("/{}\"", scenario.name());
    ensure!(
        text.contains(&route),
        "the metrics at {address} do not have {route}"
    );
    Ok(())
}

/// Memory of both after so many requests of a process' life.
pub(super) fn memory(binaries: &Binaries, place: &Place) -> Result<Memory> {
    let tenant = place.tenant(binaries)?;
    let runtime = runtime()?;
    let after_requests = |program: Program| {
        let server = program.start(place.logs())?;
        runtime.block_on(async {
            let connections = load::connect(server.address, Scenario::SignUp, 32).await?;
            load::drive(connections, Scenario::SignUp, Until::Answered(REQUESTS)).await
        })?;
        resident_bytes(server.process())
    };
    Ok(Memory {
        requests: REQUESTS,
        base: after_requests(workspace::handwritten(binaries, &tenant)?)?,
        measured: after_requests(place.lockgate(binaries, &tenant)?)?,
    })
}

/// The driver takes one thread.
pub(super) fn runtime() -> Result<Runtime> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .context("starting the driver")
}
