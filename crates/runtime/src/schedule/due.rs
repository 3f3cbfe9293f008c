//! Looks at the clock, and has what is due started: one run for each due time, whatever crashes in between.
//!
//! # Once
//!
//! The store keeps, for each flow, up to which due time its schedule has been dealt with. A run is on the disk before that is
//! noted. If the process ends between the two, the next one comes upon the same due time; it then finds in the history a run
//! that a schedule has started since, and takes it for the one. If the store fails, the same process tries again; the run has
//! the due time as its idempotency key, so that a try whose outcome nobody learned is found.
//!
//! A flow that is not kept (`durable: false`) has no history. Its due times are noted before they start a run: a crash in
//! between loses that run.
//!
//! # Clocks
//!
//! Only the time of day counts, as the clock of the flows shows it. It is looked at every second at least. If it was put
//! forward, or the machine was asleep, due times have been missed, and what becomes of them is the schedule's `missed`. If it was
//! put back, nothing is due until it has come again to where it was: nothing is started twice.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::select;
use futures_util::stream;
use jiff::{SignedDuration, Timestamp};
use lockgate_flow::graph::Flow;
use lockgate_flow::syntax::ScheduleTrigger;
use lockgate_store::StoreError;

use super::Schedule;
use super::plan::Plan;
use super::start::{Fate, Previous, Starter, Wanted};
use crate::keeper::{Counters, Keeper};
use crate::program::Program;

/// So many schedules are dealt with at once; what they write is committed together.
const AT_ONCE: usize = 64;

/// What was dealt with should not be further ahead of the clock than this: then the clock was wrong, or is.
const FAR_AHEAD: SignedDuration = SignedDuration::from_hours(1);

/// What a schedule says of when; if it changes, another schedule begins.
#[derive(Debug)]
struct Line {
    cron: String,
    zone: Option<String>,
}

impl Line {
    fn of(trigger: &ScheduleTrigger) -> Self {
        Self {
            cron: trigger.cron.value.clone(),
            zone: trigger.timezone.as_ref().map(|zone| zone.value.clone()),
        }
    }

    fn is_of(&self, trigger: &ScheduleTrigger) -> bool {
        let zone = trigger.timezone.as_ref().map(|zone| &zone.value);
        self.cron == trigger.cron.value && self.zone.as_ref() == zone
    }
}

/// The schedule of one flow. Kept while the flow is away: one that comes back has missed what was due meanwhile.
#[derive(Debug)]
struct Watched {
    line: Line,
    /// `None` if it cannot be read, which the checker does not let happen.
    schedule: Option<Schedule>,
    /// Up to here it has been dealt with.
    since: Timestamp,
    /// The store knows that.
    is_noted: bool,
    next: Option<Timestamp>,
    previous: Previous,
}

impl Watched {
    fn new(flow: &Flow, trigger: &ScheduleTrigger, since: Timestamp, previous: Previous) -> Self {
        let schedule = Schedule::parse(trigger)
            .inspect_err(|error| tracing::error!(flow = flow.name, %error, "the schedule starts nothing"))
            .ok();
        Self {
            line: Line::of(trigger),
            next: schedule.as_ref().and_then(|schedule| schedule.next(since)),
            schedule,
            since,
            is_noted: false,
            previous,
        }
    }

    fn needs_a_look(&self, trigger: &ScheduleTrigger, now: Timestamp) -> bool {
        !self.is_noted || self.next.is_some_and(|next| next <= now) || !self.line.is_of(trigger)
    }

    /// It has been dealt with up to here; the store has to be told.
    fn advance(&mut self, upto: Timestamp) {
        self.since = upto;
        self.is_noted = false;
        self.next = self.schedule.as_ref().and_then(|schedule| schedule.next(upto));
    }

    async fn note(&mut self, keeper: &Keeper, flow: &Flow) -> Result<(), StoreError> {
        keeper.store.set_last_due(&flow.name, self.since).await?;
        self.is_noted = true;
        Ok(())
    }
}

/// The flows with a schedule.
fn scheduled(program: &Program) -> impl Iterator<Item = (&Arc<Flow>, &ScheduleTrigger)> {
    program
        .flows()
        .filter_map(|flow| Some((flow, flow.syntax.trigger.schedule.as_ref()?)))
}

impl Keeper {
    /// Starts what is due; a task.
    pub(crate) async fn start_due(self: Arc<Self>) {
        let clock = self.clock();
        let mut programs = self.programs();
        let starter = Starter::new(&self);
        let mut watched: HashMap<String, Watched> = HashMap::new();
        while !self.is_stopping() {
            let program = Arc::clone(&programs.borrow_and_update());
            let now = self.now();
            let mut looks = Vec::new();
            for (flow, trigger) in scheduled(&program) {
                let known = watched.get(&flow.name);
                if known.is_none_or(|known| known.needs_a_look(trigger, now)) {
                    let look = Look {
                        starter: &starter,
                        keeper: &self,
                        wanted: Wanted {
                            program: &program,
                            flow,
                            trigger,
                        },
                        now,
                    };
                    looks.push(look.deal(watched.remove(&flow.name)));
                }
            }
            let mut dealt = stream::iter(looks).buffer_unordered(AT_ONCE);
            while let Some(one) = dealt.next().await {
                watched.extend(one);
            }
            drop(dealt);
            // What is due and could not be dealt with is looked at again after the longest pause.
            let next = scheduled(&program)
                .filter_map(|(flow, _)| watched.get(&flow.name)?.next)
                .filter(|next| *next > now)
                .min();
            let left = next.map_or(self.options.look_every, |next| {
                Duration::try_from(next.duration_since(self.now())).unwrap_or_default()
            });
            let pause = left.min(self.options.look_every);
            select(clock.sleep(pause), std::pin::pin!(programs.changed())).await;
        }
    }
}

/// One look at one schedule.
struct Look<'a> {
    starter: &'a Starter<'a>,
    keeper: &'a Keeper,
    wanted: Wanted<'a>,
    now: Timestamp,
}

impl Look<'_> {
    /// Deals with what is due. Gives what is known of the schedule from here on, under the flow's name; nothing if the
    /// store could not tell.
    async fn deal(self, known: Option<Watched>) -> Option<(String, Watched)> {
        let name = self.wanted.flow.name.clone();
        let mut watched = match known {
            Some(known) if known.line.is_of(self.wanted.trigger) => known,
            Some(changed) => self.changed(changed),
            None => match self.first_sight().await {
                Ok(watched) => watched,
                Err(error) => {
                    self.keeper.trouble(&error);
                    return None;
                }
            },
        };
        if let Err(error) = self.deal_with(&mut watched).await {
            // What is not dealt with stays due, and is looked at again.
            self.keeper.trouble(&error);
        }
        Some((name, watched))
    }

    /// A schedule that this process has not seen before: it goes on from where another one left it, or begins now.
    async fn first_sight(&self) -> Result<Watched, StoreError> {
        let Wanted { flow, trigger, .. } = self.wanted;
        let Some(since) = self.keeper.store.last_due(&flow.name).await? else {
            return Ok(Watched::new(flow, trigger, self.now, Previous::None));
        };
        if since.duration_since(self.now) > FAR_AHEAD {
            tracing::warn!(
                flow = flow.name,
                %since,
                "the schedule was dealt with up to a time that is still to come: the clock was wrong then, or is wrong now; nothing is started before that time"
            );
        }
        let mut watched = Watched::new(flow, trigger, since, Previous::Unknown);
        watched.is_noted = true;
        Ok(watched)
    }

    /// Another line or another zone: it counts from now on.
    fn changed(&self, before: Watched) -> Watched {
        let since = before.since.max(self.now);
        Watched::new(self.wanted.flow, self.wanted.trigger, since, before.previous)
    }

    async fn deal_with(&self, watched: &mut Watched) -> Result<(), StoreError> {
        let Wanted { flow, trigger, .. } = self.wanted;
        let plan = watched
            .schedule
            .as_ref()
            .and_then(|schedule| Plan::new(schedule, trigger.missed, watched.since, self.now));
        if let Some(plan) = plan {
            if !flow.durable {
                // At most once: there is no trace of its runs by which the next process could tell.
                watched.advance(plan.upto);
                watched.note(self.keeper, flow).await?;
            }
            let mut skipped = plan.missed;
            if let Some(due) = plan.start {
                match self
                    .starter
                    .start(self.wanted, due, &mut watched.previous)
                    .await?
                {
                    Fate::Started => Counters::count(&self.keeper.counters.scheduled),
                    Fate::Known => {}
                    Fate::Skipped => skipped += 1,
                    Fate::Stopping => return Ok(()),
                }
            }
            if plan.missed > 0 {
                tracing::warn!(
                    flow = flow.name,
                    due_times = plan.missed,
                    last = %plan.upto,
                    policy = trigger.missed.name(),
                    "due times were missed"
                );
            }
            self.keeper.counters.skipped.fetch_add(skipped, Ordering::Relaxed);
            watched.advance(plan.upto);
        }
        if !watched.is_noted {
            watched.note(self.keeper, flow).await?;
        }
        Ok(())
    }
}
