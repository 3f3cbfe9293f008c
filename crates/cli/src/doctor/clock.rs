//! This machine's clock against the tenant's; time zones; when flows are due.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use lockgate_auth0::Auth0Connection;
use lockgate_engine::clock::Clock;
use lockgate_runtime::schedule::Schedule;

use super::Checks;
use crate::run::duration;
use crate::runs::{absolute, relative};
use crate::workspace::Loaded;

/// A `Date` header is cut to seconds; tokens and due times do not mind so much.
const FINE: SignedDuration = SignedDuration::from_secs(3);

/// From here on tokens count as expired, or as not valid yet.
const WRONG: SignedDuration = SignedDuration::from_secs(60);

/// How long a tenant may take to tell the time.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A clock that was looked at, to be looked at again: whether it is set while others look at it.
pub(crate) struct Steady {
    now: Timestamp,
    elapsed: Duration,
}

impl Steady {
    pub(crate) fn begin(clock: &dyn Clock) -> Self {
        Self {
            now: clock.now(),
            elapsed: clock.elapsed(),
        }
    }

    /// How much further the clock on the wall has gone than time itself.
    fn drift(&self, clock: &dyn Clock) -> SignedDuration {
        let wall = clock.now().duration_since(self.now);
        let passed = clock.elapsed().saturating_sub(self.elapsed);
        wall - SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX)
    }
}

/// The clock itself.
pub(crate) async fn clock(
    checks: &mut Checks,
    tenants: &[Arc<Auth0Connection>],
    steady: &Steady,
    clock: &dyn Clock,
) {
    const SET: SignedDuration = SignedDuration::from_millis(100);

    for tenant in tenants {
        if let Some(apart) = apart_from(tenant.base_url(), clock).await {
            against(checks, tenant.name(), apart);
        }
    }
    let drift = steady.drift(clock);
    if drift.abs() > SET {
        checks.warning(
            "steady",
            format!("the clock was set by {} just now", shown(drift)),
            "runs that sleep and schedules go by the clock: let a time service (chrony, systemd-timesyncd) steer it in \
             small steps",
        );
    } else {
        checks.ok("steady", "the clock goes as fast as time");
    }
    let zone = TimeZone::system();
    let name = zone.iana_name().unwrap_or("one without a name").to_owned();
    let count = jiff::tz::db().available().count();
    if count == 0 {
        checks.error(
            "time zones",
            "there are none",
            "install the package `tzdata`, or set TZDIR to where the zones are",
        );
    } else {
        checks.ok(
            "time zones",
            format!("{count} are known; this machine's is {name}"),
        );
    }
}

fn against(checks: &mut Checks, tenant: &str, apart: SignedDuration) {
    let message = || {
        let which = if apart.is_negative() { "behind" } else { "before" };
        format!("{} {which} the clock of `{tenant}`", shown(apart))
    };
    let help = "let a time service (chrony, systemd-timesyncd) set it: tokens and due times go by it";
    if apart.abs() <= FINE {
        checks.ok(
            "time",
            format!("as that of `{tenant}`, as exact as it can be asked"),
        );
    } else if apart.abs() <= WRONG {
        checks.warning("time", message(), help);
    } else {
        checks.error("time", message(), help);
    }
}

fn shown(apart: SignedDuration) -> String {
    duration(apart.unsigned_abs())
}

/// How far this machine's clock is before that of a server. Nothing where it does not tell.
async fn apart_from(url: &str, clock: &dyn Clock) -> Option<SignedDuration> {
    let client = reqwest::Client::builder()
        .user_agent(concat!("lockgate/", env!("CARGO_PKG_VERSION")))
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .ok()?;
    // Any answer tells the time, also that there is no such page.
    let before = clock.now();
    let answer = client.head(url).send().await.ok()?;
    let after = clock.now();
    let date = answer.headers().get("date")?.to_str().ok()?;
    let theirs = Timestamp::try_from(httpdate::parse_http_date(date).ok()?).ok()?;
    Some(apart(before, after, theirs))
}

/// Their clock was read between the two of ours, and was up to a second further than it says.
fn apart(before: Timestamp, after: Timestamp, theirs: Timestamp) -> SignedDuration {
    let latest = theirs + SignedDuration::from_secs(1);
    if before > latest {
        before.duration_since(latest)
    } else if after < theirs {
        after.duration_since(theirs)
    } else {
        SignedDuration::ZERO
    }
}

/// When the flows with a schedule are due next.
pub(crate) fn schedules(checks: &mut Checks, loaded: &Loaded, now: Timestamp) {
    let flows = loaded.checked.runnable();
    let scheduled = flows
        .values()
        .filter_map(|flow| Some((flow, flow.syntax.trigger.schedule.as_ref()?)));
    for (flow, trigger) in scheduled {
        let zone = trigger
            .timezone
            .as_ref()
            .map_or("UTC", |zone| zone.value.as_str());
        match Schedule::parse(trigger).map(|schedule| schedule.next(now)) {
            Ok(Some(next)) => {
                let zoned = next.in_tz(zone).map_or_else(
                    |_| absolute(next),
                    |next| next.strftime("%Y-%m-%d %H:%M").to_string(),
                );
                checks.ok(
                    flow.name.as_str(),
                    format!("due next {} ({zoned}, {zone})", relative(next, now)),
                );
            }
            Ok(None) => checks.warning(
                flow.name.as_str(),
                format!("`{}` is never due", trigger.cron.value),
                "`lockgate explain` has a page on schedules",
            ),
            Err(error) => checks.error(flow.name.as_str(), error.to_string(), "see `lockgate check`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_compared_as_exactly_as_they_can_be() {
        let at = |second: f64| {
            "2026-11-23T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs_f64(second)
        };
        // Read at 10.2 to 10.4 of ours, when theirs said 10: anything in that second.
        for (before, after, theirs, expected) in [
            (10.2, 10.4, 10.0, 0.0),
            (10.2, 12.0, 11.0, 0.0),
            (13.5, 14.0, 10.0, 2.5),
            (10.0, 10.5, 70.0, -59.5),
        ] {
            assert_eq!(
                apart(at(before), at(after), at(theirs)),
                SignedDuration::from_secs_f64(expected),
                "{before} {after} {theirs}"
            );
        }
    }

    #[test]
    fn a_wrong_clock_is_told_by_how_wrong_it_is() {
        for (seconds, expected) in [
            (0, "✓ time  as that of `auth0`, as exact as it can be asked"),
            (-3, "✓ time  as that of `auth0`, as exact as it can be asked"),
            (20, "! time  20 s before the clock of `auth0`"),
            (-3600, "✗ time  60 min behind the clock of `auth0`"),
        ] {
            let mut checks = Checks::default();
            checks.begin("clock");
            against(&mut checks, "auth0", SignedDuration::from_secs(seconds));
            let terminal = crate::terminal::Terminal::new(crate::terminal::ColorChoice::Never, true);
            let text = checks.render(terminal.stdout_style());
            assert!(text.contains(expected), "{text}");
        }
    }
}
