//! Many runs that have not ended: what they cost while they sleep, whether they wake in time, and how soon they go on after a
//! crash.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use lockgate_store::Status;
use lockgate_store::history::{Filter, History};

use super::binaries::Binaries;
use super::compare::runtime;
use super::load::{flood, post_and_leave};
use super::proc::resident_bytes;
use super::report::{Figures, Goal};
use super::workspace::{Keeping, Place};

const CONNECTIONS: usize = 64;

/// How long is waited for anything.
const PATIENCE: Duration = Duration::from_mins(3);

const MOST_ASLEEP_MB: f64 = 100.0;
const MOST_RESUME_S: f64 = 5.0;
const MOST_LATE_S: f64 = 1.0;

const NAP: &str =
    "name: nap\ntrigger: { http: POST /nap }\ninput: { number: integer }\nsteps: [{ wait: 30d }]\n";

const ALARM: &str = "name: alarm\ntrigger: { http: POST /alarm }\ninput: { at: { type: string, format: date-time } }\nsteps: \
                     [{ wait: { until: '{{input.at}}' } }]\n";

/// How many runs of each kind.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    asleep: u32,
    alarms: u32,
    unfinished: u32,
}

impl Sizes {
    pub(super) const WHOLE: Self = Self {
        asleep: 100_000,
        alarms: 5_000,
        unfinished: 10_000,
    };
    pub(super) const QUICK: Self = Self {
        asleep: 5_000,
        alarms: 2_000,
        unfinished: 1_000,
    };
}

/// What was found.
pub(super) struct Unended {
    sizes: Sizes,
    /// Megabytes more than before they were asked for.
    asleep_mb: f64,
    /// Of a process that was started on a store with all of them, beside one whose store is empty.
    asleep_restarted_mb: f64,
    /// The latest wake-up, in seconds after its time; those of one second together.
    late_s: f64,
    /// From the start of the process to the end of the last run.
    resume_s: f64,
}

pub(super) fn measure(binaries: &Binaries, place: &Place, sizes: Sizes) -> Result<Unended> {
    let (asleep_mb, asleep_restarted_mb) = asleep(binaries, place, sizes.asleep)?;
    Ok(Unended {
        sizes,
        asleep_mb,
        asleep_restarted_mb,
        late_s: alarms(binaries, place, sizes.alarms)?,
        resume_s: resume(binaries, place, sizes.unfinished)?,
    })
}

/// Memory of runs that sleep: in the process that put them to sleep, and in one that was started since.
fn asleep(binaries: &Binaries, place: &Place, runs: u32) -> Result<(f64, f64)> {
    let runtime = runtime()?;
    let tenant = place.tenant(binaries)?;
    let mut kept = place.keeping(binaries, Keeping::Batched, "asleep", &[("nap", NAP)])?;
    let server = kept.start(place, &tenant)?;
    let empty = resident_bytes(server.process())?;
    let made = |number: u32| post_and_leave("/nap", &format!(r#"{{"number":{number}}}"#));
    runtime.block_on(flood(server.address, CONNECTIONS, runs, made))?;
    until(&kept.store, "all sleep", |history| {
        Ok(count(history, |status| status == Status::Sleeping)? == u64::from(runs))
    })?;
    let grown = resident_bytes(server.process())?.saturating_sub(empty);
    server.stop()?;
    let server = kept.start(place, &tenant)?;
    // What a start has to do for them is done soon after it.
    sleep(Duration::from_secs(1));
    let restarted = resident_bytes(server.process())?.saturating_sub(empty);
    Ok((megabytes(grown), megabytes(restarted)))
}

/// A thousand wake-ups a second, for some seconds; how late the latest was.
fn alarms(binaries: &Binaries, place: &Place, runs: u32) -> Result<f64> {
    let runtime = runtime()?;
    let tenant = place.tenant(binaries)?;
    let mut kept = place.keeping(binaries, Keeping::Full, "alarms", &[("alarm", ALARM)])?;
    let server = kept.start(place, &tenant)?;
    // All are asleep by then.
    let first = now() + Duration::from_secs(10);
    let at = move |number: u32| first + Duration::from_millis(u64::from(number));
    let made = move |number: u32| post_and_leave("/alarm", &format!(r#"{{"at":"{}"}}"#, at(number)));
    runtime.block_on(flood(server.address, CONNECTIONS, runs, made))?;
    if now() >= first {
        bail!("starting {runs} runs that sleep took longer than ten seconds");
    }
    until(&kept.store, "all have woken", |history| {
        Ok(count(history, |status| status == Status::Succeeded)? == u64::from(runs))
    })?;
    let mut ended = Vec::new();
    let (history, mut cursor) = (History::open(&kept.store)?, None);
    loop {
        let page = history.list(&Filter::default(), cursor.as_deref(), 500)?;
        ended.extend(page.runs.iter().filter_map(|run| run.finished_at));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    ended.sort();
    let late = (0..)
        .zip(ended)
        .map(|(number, ended)| ended.duration_since(at(number)).as_secs_f64());
    Ok(late.fold(0.0, f64::max))
}

/// A server that is killed in the middle of so many sign-ups, each with its create on the way; how long the next one takes
/// to end all of them.
fn resume(binaries: &Binaries, place: &Place, runs: u32) -> Result<f64> {
    let runtime = runtime()?;
    let silent = place.tenant_with(binaries, "silent-tenant", &["delay=60m:path=/api/v2/users"])?;
    let mut kept = place.keeping(binaries, Keeping::Full, "resume", &[])?;
    let server = kept.start(place, &silent)?;
    let made = |number: u32| {
        let plan = if number % 2 == 1 { "pro" } else { "free" };
        let body =
            format!(r#"{{"email":"eve-{number}@example.com","password":"correct horse 9","plan":"{plan}"}}"#);
        post_and_leave("/sign-up", &body)
    };
    runtime.block_on(flood(server.address, CONNECTIONS, runs, made))?;
    until(&kept.store, "all are recorded", |history| {
        Ok(count(history, Status::is_unfinished)? == u64::from(runs))
    })?;
    // Each has announced its create a moment later.
    sleep(Duration::from_secs(1));
    drop(server);
    drop(silent);
    let tenant = place.tenant(binaries)?;
    let server = kept.start(place, &tenant)?;
    until(&kept.store, "all have ended", |history| {
        Ok(count(history, Status::is_unfinished)? == 0)
    })?;
    let took = server.since.elapsed();
    let good = count(&History::open(&kept.store)?, |status| status == Status::Succeeded)?;
    if good != u64::from(runs) {
        bail!("{runs} runs were resumed, and {good} of them succeeded");
    }
    Ok(took.as_secs_f64())
}

/// Looks into a store again and again until it is so.
fn until(store: &Path, what: &str, is_so: impl Fn(&History) -> Result<bool>) -> Result<()> {
    let began = Instant::now();
    let history = History::open(store)?;
    while !is_so(&history)? {
        if began.elapsed() > PATIENCE {
            bail!("waited in vain: {what}; {:?}", history.counts()?);
        }
        sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn count(history: &History, so: impl Fn(Status) -> bool) -> Result<u64> {
    let counts = history.counts().context("counting runs")?;
    let fit = counts.iter().filter(|(status, _)| so(*status));
    Ok(fit.map(|(_, count)| count).sum())
}

#[expect(
    clippy::disallowed_methods,
    reason = "alarms ring by the clock of this machine"
)]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

#[expect(clippy::cast_precision_loss, reason = "a size that a machine has")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

impl Unended {
    pub(super) fn tell(&self, figures: &mut Figures) {
        let Sizes {
            asleep,
            alarms,
            unfinished,
        } = self.sizes;
        let (grown, restarted) = (self.asleep_mb, self.asleep_restarted_mb);
        let words =
            format!("memory of {asleep} runs asleep: {grown:.1} MB; after a restart {restarted:.1} MB");
        figures.add("asleep_mb", grown, Some(Goal::Most(MOST_ASLEEP_MB)), &words);
        figures.add_silently("asleep_restarted_mb", restarted);
        let words = format!(
            "the latest of {alarms} wake-ups, 1,000 a second: {:.3} s",
            self.late_s
        );
        figures.add("wake_late_s", self.late_s, Some(Goal::Most(MOST_LATE_S)), &words);
        let words = format!(
            "{unfinished} unfinished runs have ended after {:.2} s",
            self.resume_s
        );
        figures.add("resume_s", self.resume_s, Some(Goal::Most(MOST_RESUME_S)), &words);
    }
}
