//! The figures: as a table for people, and on the last line as JSON.

use std::fmt;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::binaries::Binaries;
use super::compare::{Pair, Round, Rounds};
use super::durable::Durable;
use super::flow_tests::FlowTests;
use super::kept::Unended;
use super::latency::median;
use super::queries::Queries;

/// The goals; `docs/performance.md` names them.
const MOST_CPU_RATIO: f64 = 1.25;
const MOST_P99_RATIO: f64 = 1.3;
const MOST_RESIDENT_MB: f64 = 30.0;
const MOST_START_MS: f64 = 50.0;
const MOST_BINARY_MB: f64 = 25.0;
const MOST_START_OF_MANY_S: f64 = 2.0;

/// What was measured. What was not stays empty and is left out.
#[derive(Default)]
pub(super) struct Report {
    pub(super) start: Option<Start>,
    pub(super) memory: Option<Memory>,
    pub(super) many: Option<Many>,
    pub(super) unended: Option<Unended>,
    pub(super) queries: Option<Queries>,
    pub(super) tests: Option<FlowTests>,
    durable: Option<Durable>,
    rounds: Vec<Rounds>,
    binary_mb: Option<f64>,
}

/// Milliseconds from the start of a process to its first good answer, in the median.
pub(super) struct Start {
    pub(super) base: f64,
    pub(super) measured: f64,
}

/// Bytes held after so many requests.
pub(super) struct Memory {
    pub(super) requests: u32,
    pub(super) base: u64,
    pub(super) measured: u64,
}

/// A workspace with many flows, beside one with few.
pub(super) struct Many {
    pub(super) flows: usize,
    pub(super) start_seconds: f64,
    pub(super) cpu_ratio: f64,
    pub(super) p50_ratio: f64,
}

impl Report {
    /// The size of the `lockgate` binary.
    pub(super) fn binary(&mut self, binaries: &Binaries) -> Result<()> {
        let path = &binaries.lockgate;
        let size = path
            .metadata()
            .with_context(|| format!("reading {}", path.display()))?
            .len();
        self.binary_mb = Some(megabytes(size));
        Ok(())
    }

    /// Prints the rounds at once: the whole takes minutes.
    pub(super) fn add_rounds(&mut self, rounds: Rounds) {
        print!("{rounds}");
        self.rounds.push(rounds);
    }

    /// Prints how runs are kept, at once.
    pub(super) fn add_durable(&mut self, durable: Durable) {
        print!("{durable}");
        self.durable = Some(durable);
    }

    /// Prints the rest, and the JSON.
    pub(super) fn finish(self) {
        println!();
        let mut figures = Figures::default();
        self.tell_rounds(&mut figures);
        self.tell_process(&mut figures);
        if let Some(durable) = &self.durable {
            durable.tell(&mut figures);
        }
        if let Some(unended) = &self.unended {
            unended.tell(&mut figures);
        }
        if let Some(queries) = &self.queries {
            queries.tell(&mut figures);
        }
        if let Some(tests) = &self.tests {
            tests.tell(&mut figures);
        }
        let Figures(mut figures) = figures;
        let rounds = self.rounds.iter().map(Rounds::json).collect();
        figures.insert("rounds".to_owned(), Value::Array(rounds));
        if let Some(durable) = &self.durable {
            figures.insert("keeping".to_owned(), durable.json());
        }
        println!("\n{}", Value::Object(figures));
    }

    fn tell_rounds(&self, figures: &mut Figures) {
        if self.rounds.is_empty() {
            return;
        }
        let worst = |ratio: fn(&Rounds) -> f64| self.rounds.iter().map(ratio).fold(0.0, f64::max);
        let (cpu, p99) = (worst(Rounds::cpu_ratio), worst(Rounds::p99_ratio));
        // Measured against itself, a service has no goals.
        let goal = |most| {
            self.rounds
                .iter()
                .all(|rounds| rounds.measured != rounds.base)
                .then_some(Goal::Most(most))
        };
        let words = format!("CPU per request, worst of all: {cpu:.3} ×");
        figures.add("cpu_ratio", cpu, goal(MOST_CPU_RATIO), &words);
        let words = format!("p99, worst of all: {p99:.3} ×");
        figures.add("p99_ratio", p99, goal(MOST_P99_RATIO), &words);
    }

    fn tell_process(&self, figures: &mut Figures) {
        if let Some(memory) = &self.memory {
            let (base, measured) = (megabytes(memory.base), megabytes(memory.measured));
            let words = format!(
                "memory after {} requests: {measured:.1} MB; handwritten {base:.1} MB",
                memory.requests
            );
            figures.add("rss_mb", measured, Some(Goal::Most(MOST_RESIDENT_MB)), &words);
            figures.add_silently("handwritten_rss_mb", base);
        }
        if let Some(Start { base, measured }) = self.start {
            let words = format!("start to first answer: {measured:.1} ms; handwritten {base:.1} ms");
            figures.add("cold_start_ms", measured, Some(Goal::Most(MOST_START_MS)), &words);
            figures.add_silently("handwritten_cold_start_ms", base);
        }
        if let Some(size) = self.binary_mb {
            let words = format!("binary: {size:.1} MB");
            figures.add("binary_mb", size, Some(Goal::Most(MOST_BINARY_MB)), &words);
        }
        if let Some(many) = &self.many {
            let seconds = many.start_seconds;
            let words = format!("start with {} flows: {seconds:.2} s", many.flows);
            let goal = Goal::Most(MOST_START_OF_MANY_S);
            figures.add("many_flows_start_s", seconds, Some(goal), &words);
            let (cpu, p50) = (many.cpu_ratio, many.p50_ratio);
            let words = format!("a request with {} flows beside ten: CPU {cpu:.3} ×", many.flows);
            figures.add("many_flows_cpu_ratio", cpu, None, &words);
            let words = format!("a request with {} flows beside ten: p50 {p50:.3} ×", many.flows);
            figures.add("many_flows_p50_ratio", p50, None, &words);
        }
    }
}

/// What a figure is to be.
#[derive(Clone, Copy)]
pub(super) enum Goal {
    /// Not above.
    Most(f64),
    /// Not below.
    Least(f64),
}

/// Figures that are printed as they come, and end up in the JSON.
#[derive(Default)]
pub(super) struct Figures(serde_json::Map<String, Value>);

impl Figures {
    /// Prints a figure with what is thought of it.
    pub(super) fn add(&mut self, name: &str, value: f64, goal: Option<Goal>, words: &str) {
        let verdict = match goal {
            Some(Goal::Most(most)) if value <= most => format!("  (goal: at most {most}, met)"),
            Some(Goal::Most(most)) => format!("  (goal: at most {most}, MISSED)"),
            Some(Goal::Least(least)) if value >= least => format!("  (goal: at least {least}, met)"),
            Some(Goal::Least(least)) => format!("  (goal: at least {least}, MISSED)"),
            None => String::new(),
        };
        println!("{words}{verdict}");
        self.add_silently(name, value);
    }

    /// For the JSON only.
    pub(super) fn add_silently(&mut self, name: &str, value: f64) {
        self.0.insert(name.to_owned(), rounded(value));
    }
}

impl Rounds {
    fn cpu_ratio(&self) -> f64 {
        median(self.pairs.iter().map(Pair::cpu_ratio))
    }

    fn p99_ratio(&self) -> f64 {
        median(self.pairs.iter().map(Pair::p99_ratio))
    }

    /// The lowest CPU per request that each has shown: what else the machine does can only add to it.
    fn lowest_cpu(&self) -> (f64, f64) {
        let lowest = |side: fn(&Pair) -> &Round| {
            let all = self.pairs.iter().map(|pair| side(pair).cpu_per_thousand());
            all.fold(f64::INFINITY, f64::min)
        };
        (lowest(|pair| &pair.base), lowest(|pair| &pair.measured))
    }

    fn json(&self) -> Value {
        let service = |side: fn(&Pair) -> &Round| {
            let middle =
                |figure: fn(&Round) -> f64| rounded(median(self.pairs.iter().map(|pair| figure(side(pair)))));
            json!({
                "requests_per_s": middle(Round::per_second),
                "p50_ms": middle(|round| round.latencies.quantile(0.5)),
                "p99_ms": middle(|round| round.latencies.quantile(0.99)),
                "cpu_s_per_1000": middle(Round::cpu_per_thousand),
            })
        };
        let ratios = |ratio: fn(&Pair) -> f64| -> Vec<Value> {
            self.pairs.iter().map(|pair| rounded(ratio(pair))).collect()
        };
        let (base_cpu, measured_cpu) = self.lowest_cpu();
        json!({
            "scenario": self.scenario.name(),
            "concurrency": self.connections,
            "cpu_ratio": rounded(self.cpu_ratio()),
            "p99_ratio": rounded(self.p99_ratio()),
            "lowest_cpu_ratio": rounded(measured_cpu / base_cpu),
            "base": { "name": self.base, "median": service(|pair| &pair.base) },
            "measured": { "name": self.measured, "median": service(|pair| &pair.measured) },
            "cpu_ratios": ratios(Pair::cpu_ratio),
            "p99_ratios": ratios(Pair::p99_ratio),
        })
    }
}

impl fmt::Display for Rounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{}, concurrency {}\n{:>6} {:>42} {:>42} {:>15}",
            self.scenario.name(),
            self.connections,
            "",
            self.base,
            self.measured,
            "ratio",
        )?;
        let columns = format!(
            "{:>9} {:>9} {:>9} {:>12}",
            "req/s", "p50 ms", "p99 ms", "CPU s/1000"
        );
        writeln!(f, "{:>6} {columns} {columns} {:>7} {:>7}", "pair", "CPU", "p99")?;
        for (number, pair) in self.pairs.iter().enumerate() {
            let (base, measured) = (Columns(&pair.base), Columns(&pair.measured));
            let (cpu, p99) = (pair.cpu_ratio(), pair.p99_ratio());
            writeln!(f, "{:>6} {base} {measured} {cpu:>7.3} {p99:>7.3}", number + 1)?;
        }
        let (cpu, p99) = (self.cpu_ratio(), self.p99_ratio());
        writeln!(f, "{:>6} {:>42} {:>42} {cpu:>7.3} {p99:>7.3}", "median", "", "")?;
        let (base, measured) = self.lowest_cpu();
        let ratio = measured / base;
        writeln!(f, "{:>6} {base:>42.4} {measured:>42.4} {ratio:>7.3}", "lowest")
    }
}

struct Columns<'a>(&'a Round);

impl fmt::Display for Columns<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(round) = self;
        let (p50, p99) = (round.latencies.quantile(0.5), round.latencies.quantile(0.99));
        let (per_second, cpu) = (round.per_second(), round.cpu_per_thousand());
        write!(f, "{per_second:>9.0} {p50:>9.3} {p99:>9.3} {cpu:>12.4}")
    }
}

#[expect(clippy::cast_precision_loss, reason = "a size that a machine has")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// To four places: the rest is noise.
pub(super) fn rounded(value: f64) -> Value {
    json!((value * 10_000.0).round() / 10_000.0)
}
