//! What it costs to keep runs: the same flow with `durable: false`, `batched` and `full`, in the same rounds.

use std::fmt;

use anyhow::Result;
use lockgate_store::history::History;
use serde_json::{Value, json};

use super::binaries::Binaries;
use super::compare::{Plan, Round, turns};
use super::disk::{self, Fsync};
use super::latency::median;
use super::report::{Figures, Goal, rounded};
use super::scenario::Scenario;
use super::workspace::{Keeping, Place};

const CONNECTIONS: usize = 32;

const MOST_CPU_RATIO: f64 = 1.3;
const LEAST_THROUGHPUT: f64 = 0.6;
/// So many times the disk's time may `full` be slower than `batched`, 99 times of a hundred.
const MOST_FSYNCS: f64 = 5.0;
/// On slower disks than this (milliseconds) there is no goal for the throughput of `full`.
const QUICK_DISK: f64 = 1.0;

const ALL: [Keeping; 3] = [Keeping::Not, Keeping::Batched, Keeping::Full];

/// The rounds, and the disk.
pub(super) struct Durable {
    fsync: Fsync,
    rounds: Vec<[Round; 3]>,
    /// Bytes of the store for each run, the log put in: `batched`, `full`.
    growth: [f64; 2],
}

pub(super) fn measure(binaries: &Binaries, place: &Place, plan: Plan) -> Result<Durable> {
    let tenant = place.tenant(binaries)?;
    let mut kept = ALL
        .iter()
        .map(|keeping| place.keeping(binaries, *keeping, keeping.name(), &[]))
        .collect::<Result<Vec<_>>>()?;
    let running = kept
        .iter_mut()
        .map(|kept| kept.start(place, &tenant))
        .collect::<Result<Vec<_>>>()?;
    let [not, batched, full] = running
        .try_into()
        .map_err(|_| anyhow::anyhow!("three servers are wanted"))?;
    let before = disk::measure(place.folder())?;
    let rounds = turns([&not, &batched, &full], Scenario::SignUp, CONNECTIONS, plan)?;
    let after = disk::measure(place.folder())?;
    // A store that was closed has its log put in.
    batched.stop()?;
    full.stop()?;
    let mut growth = [0.0; 2];
    for (growth, kept) in growth.iter_mut().zip(&kept[1..]) {
        let runs: u64 = History::open(&kept.store)?
            .counts()?
            .iter()
            .map(|(_, runs)| runs)
            .sum();
        #[expect(clippy::cast_precision_loss, reason = "a size that a disk has")]
        let each = kept.bytes() as f64 / runs as f64;
        *growth = each;
    }
    Ok(Durable {
        fsync: Fsync {
            median: f64::midpoint(before.median, after.median),
            p99: before.p99.max(after.p99),
        },
        rounds,
        growth,
    })
}

impl Durable {
    /// The median over the rounds of something between two ways of keeping.
    fn between(&self, what: impl Fn(&[Round; 3]) -> f64) -> f64 {
        median(self.rounds.iter().map(what))
    }

    pub(super) fn tell(&self, figures: &mut Figures) {
        let Fsync { median: fsync, p99 } = self.fsync;
        let words = format!("fsync of this disk (4 kB): {fsync:.3} ms, p99 {p99:.3} ms");
        figures.add("fsync_ms", fsync, None, &words);
        figures.add_silently("fsync_p99_ms", p99);
        let cpu = |one: usize| {
            self.between(move |rounds| rounds[one].cpu_per_thousand() / rounds[0].cpu_per_thousand())
        };
        let (batched, full) = (cpu(1), cpu(2));
        let words = format!("CPU of a kept run beside `durable: false`, `batched`: {batched:.3} ×");
        figures.add(
            "batched_cpu_ratio",
            batched,
            Some(Goal::Most(MOST_CPU_RATIO)),
            &words,
        );
        let words = format!("CPU of a kept run beside `durable: false`, `full`: {full:.3} ×");
        figures.add("full_cpu_ratio", full, None, &words);
        let share = self.between(|rounds| rounds[2].per_second() / rounds[1].per_second());
        let goal = (fsync <= QUICK_DISK).then_some(Goal::Least(LEAST_THROUGHPUT));
        let words = format!("throughput of `full` beside `batched`: {share:.3} ×");
        figures.add("full_throughput_ratio", share, goal, &words);
        let later = self
            .between(|[_, batched, full]| full.latencies.quantile(0.99) - batched.latencies.quantile(0.99));
        let goal = Goal::Most(rounded_to(MOST_FSYNCS * fsync));
        let words = format!("p99 of `full` above that of `batched`: {later:.3} ms");
        figures.add("full_p99_above_batched_ms", later, Some(goal), &words);
        for (name, each) in ["batched", "full"].iter().zip(self.growth) {
            let words = format!("the store grows by {each:.0} bytes a run (`{name}`)");
            figures.add(&format!("{name}_bytes_per_run"), each, None, &words);
        }
    }

    pub(super) fn json(&self) -> Value {
        let rounds = ALL.iter().enumerate().map(|(which, keeping)| {
            let middle = |figure: fn(&Round) -> f64| rounded(self.between(|rounds| figure(&rounds[which])));
            let figures = json!({
                "requests_per_s": middle(Round::per_second),
                "p50_ms": middle(|round| round.latencies.quantile(0.5)),
                "p99_ms": middle(|round| round.latencies.quantile(0.99)),
                "cpu_s_per_1000": middle(Round::cpu_per_thousand),
            });
            (keeping.name().to_owned(), figures)
        });
        Value::Object(rounds.collect())
    }
}

/// As it is printed.
fn rounded_to(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

impl fmt::Display for Durable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\nsign-up, concurrency {CONNECTIONS}, how runs are kept (medians)"
        )?;
        writeln!(
            f,
            "{:>10} {:>9} {:>9} {:>9} {:>12} {:>9}",
            "", "req/s", "p50 ms", "p99 ms", "CPU s/1000", "CPU"
        )?;
        for (which, keeping) in ALL.iter().enumerate() {
            let middle = |figure: fn(&Round) -> f64| self.between(|rounds| figure(&rounds[which]));
            let ratio =
                self.between(|rounds| rounds[which].cpu_per_thousand() / rounds[0].cpu_per_thousand());
            writeln!(
                f,
                "{:>10} {:>9.0} {:>9.3} {:>9.3} {:>12.4} {ratio:>9.3}",
                keeping.name(),
                middle(Round::per_second),
                middle(|round| round.latencies.quantile(0.5)),
                middle(|round| round.latencies.quantile(0.99)),
                middle(Round::cpu_per_thousand),
            )?;
        }
        Ok(())
    }
}
