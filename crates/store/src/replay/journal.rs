//! A journal of recorded outcomes. Where there is none for something that touches the world, the run stops.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use lockgate_engine::clock::Clock;
use lockgate_engine::journal::{
    Journal, JournalError, Outcome, Prior, ReplayBarrier, RunEnd, Slept, StepInfo,
};
use lockgate_engine::masks::{MASKED, Masks};
use lockgate_engine::outcome::StepError;
use lockgate_engine::step_key::StepKey;
use serde_json::{Value, json};

use super::alignment::Alignment;
use super::departure::{Departure, ReplayEnd};
use super::script::{Line, Place, Script, What, part};
use crate::error::StoreError;
use crate::journal::recorded::{is_answer, is_called};
use crate::run::{Status, StoredRun};

/// Gives recorded outcomes; where there is none for something that touches the world, the run stops (as interrupted).
/// [`replay`](super::replay()) and [`fits`](super::fits) are what most callers want.
pub struct ReplayJournal {
    script: Script,
    recorded: RecordedEnd,
    digest: Digest,
    alignment: Alignment,
    /// What is not shown: the secrets of the flow, and those that the recorded flow had. An edited flow may call less of it secret.
    hidden: Arc<Masks>,
    /// What the recorded flow did in a replay of its own.
    before: Option<Observed>,
    barrier: ReplayBarrier,
    /// Whether a sleep that is the last that was recorded is not over.
    stays_asleep: bool,
    state: Mutex<State>,
}

/// Makes the digest of an action's input (its JSON), as the record has it.
pub(crate) type Digest = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// How the recorded run ended.
#[derive(Clone, Debug)]
pub(super) struct RecordedEnd {
    /// Whether it came to an end of its own: nothing is left that it would have done.
    is_its_own: bool,
    output: Option<Value>,
    error: Option<StepError>,
}

/// What a flow does that is not recorded, by place.
#[derive(Clone, Debug, Default)]
struct Observed {
    /// What it computes where a value is recorded.
    computed: HashMap<Place, Outcome>,
    /// Which action it calls with what, where that is not recorded: what touches nothing outside is not announced.
    called: HashMap<Place, (String, Option<Value>)>,
}

#[derive(Debug, Default)]
struct State {
    used: HashSet<Place>,
    departures: Vec<Departure>,
    /// Those of the run as a whole.
    at_the_end: Vec<Departure>,
    observed: Observed,
    /// What cannot go on, by a number that counts up: the branches of a run may come to several such places.
    stuck: BTreeMap<u64, Stuck>,
    next_stuck: u64,
    /// The first answer to the run's caller: the one that it gets.
    answer: Option<Value>,
    /// A changed answer has been noted.
    has_other_answer: bool,
    end: Option<ReplayEnd>,
}

/// Why a branch cannot go on.
#[derive(Clone, Debug)]
enum Stuck {
    At(Departure),
    /// It had begun when the record ends.
    InTheMiddle {
        key: String,
        what: String,
    },
}

/// A branch that cannot go on, as long as it is not dropped.
struct StuckBranch<'a> {
    journal: &'a ReplayJournal,
    number: u64,
}

impl Drop for StuckBranch<'_> {
    fn drop(&mut self) {
        self.journal.lock().stuck.remove(&self.number);
    }
}

impl ReplayJournal {
    /// Replays what this run recorded, for a flow whose steps have the same keys. Blocks on the disk.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn of(run: &StoredRun) -> Result<Self, StoreError> {
        let (script, digest) = run.journal.script()?;
        Ok(Self::new(script, RecordedEnd::of(run), digest))
    }

    pub(super) fn new(script: Script, recorded: RecordedEnd, digest: Digest) -> Self {
        Self {
            barrier: ReplayBarrier::new(script.outcomes()),
            script,
            recorded,
            digest,
            alignment: Alignment::default(),
            hidden: Arc::default(),
            before: None,
            stays_asleep: false,
            state: Mutex::default(),
        }
    }

    /// Goes no further than the run has come: nothing tells that it woke up from its last sleep.
    #[must_use]
    pub(super) fn staying_asleep(mut self) -> Self {
        self.stays_asleep = true;
        self
    }

    /// For a flow whose steps have keys of their own.
    #[must_use]
    pub(super) fn aligned(mut self, alignment: Alignment) -> Self {
        self.alignment = alignment;
        self
    }

    /// Compares what is not recorded with what the recorded flow did in this replay.
    #[must_use]
    pub(super) fn compared_with(mut self, recorded_flow: &Self) -> Self {
        self.before = Some(recorded_flow.lock().observed.clone());
        self.hidden = Arc::clone(&recorded_flow.hidden);
        self
    }

    /// Where the flow departed, in order. To be asked after the run.
    pub fn departures(&self) -> Vec<Departure> {
        let state = self.lock();
        let mut departures = state.departures.clone();
        if state.end != Some(ReplayEnd::Departed) {
            let unused = self.unused(&state);
            departures.extend(unused.map(|(place, line)| Departure::Unused {
                key: place.0.clone(),
                what: line.what.name().to_owned(),
            }));
        }
        // The parts and attempts of a step tell the same of it.
        departures.dedup_by(|next, before| match (next, before) {
            (Departure::Unused { key: next, .. }, Departure::Unused { key: before, .. }) => {
                super::script::path(next) == super::script::path(before)
            }
            _ => false,
        });
        departures.extend(state.at_the_end.iter().cloned());
        departures
    }

    /// Where the replay ended; `None` before it has.
    pub fn end(&self) -> Option<ReplayEnd> {
        self.lock().end.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is recorded and has not come again, in its order.
    fn unused<'a>(&'a self, state: &State) -> impl Iterator<Item = (&'a Place, &'a Line)> {
        let mut lines = self.script.in_order();
        lines.retain(|(place, _)| !state.used.contains(place) && !self.script.may_be_left_out(&place.0));
        lines.into_iter()
    }

    /// Whether the flow has come to where the record ends, and the run would have gone on.
    fn is_past_the_record(&self, state: &State) -> bool {
        !self.recorded.is_its_own && self.unused(state).next().is_none()
    }

    fn note(&self, departure: Departure) {
        self.lock().departures.push(departure);
    }

    /// Completes when no branch gets any further by the record.
    async fn pass(&self) {
        self.barrier.pass().await;
        // The last outcome may just have been given to another branch: it comes to where it is stuck.
        tokio::task::yield_now().await;
    }

    /// Ends the run, unless another branch still gets further by the record and ends this one.
    async fn stop(&self, stuck: Stuck) -> JournalError {
        let branch = {
            let mut state = self.lock();
            let number = state.next_stuck;
            state.next_stuck += 1;
            state.stuck.insert(number, stuck);
            StuckBranch {
                journal: self,
                number,
            }
        };
        self.pass().await;
        let mut state = self.lock();
        if state.end.is_none() {
            let is_past = self.is_past_the_record(&state);
            let mut end = None;
            for stuck in std::mem::take(&mut state.stuck).into_values() {
                match stuck {
                    Stuck::At(Departure::NotRecorded { key, what, .. }) if is_past => {
                        end.get_or_insert(ReplayEnd::RecordEnds { key, what });
                    }
                    Stuck::InTheMiddle { key, what } => {
                        end.get_or_insert(ReplayEnd::RecordEnds { key, what });
                    }
                    Stuck::At(departure) => {
                        state.departures.push(departure);
                        end = Some(ReplayEnd::Departed);
                    }
                }
            }
            state.end = end;
        }
        drop(state);
        drop(branch);
        JournalError::Unavailable("the replay ends here".into())
    }

    /// Notes an action's input, where it is another than the recorded one.
    fn compare_input(&self, key: &StepKey<'_>, info: StepInfo<'_>, (place, line): (&Place, &Line)) {
        let Some((shown, digest)) = &line.input else {
            return self.compare_call(key, info, place);
        };
        let Some(input) = info.input else { return };
        let same_digest = serde_json::to_string(input).is_ok_and(|json| (self.digest)(&json) == *digest);
        if same_digest {
            return;
        }
        let found = self.masked(input, info.secret);
        // The digest is one of the text; the order of fields makes another text, and no other value.
        if *shown == found && !shown.to_string().contains(MASKED) {
            return;
        }
        self.note(Departure::Input {
            key: key.to_string(),
            recorded: Some(shown.clone()),
            found: Some(found),
        });
    }

    /// The same for an action of which only the outcome is recorded.
    fn compare_call(&self, key: &StepKey<'_>, info: StepInfo<'_>, place: &Place) {
        let mut state = self.lock();
        let before = self.before.as_ref().and_then(|before| before.called.get(place));
        if let Some((_, before)) = before
            && before.as_ref() != info.input
        {
            let shown = |input: Option<&Value>| input.map(|input| self.masked(input, info.secret));
            state.departures.push(Departure::Input {
                key: key.to_string(),
                recorded: shown(before.as_ref()),
                found: shown(info.input),
            });
        }
        let called = (info.action.to_owned(), info.input.cloned());
        state.observed.called.insert(place.clone(), called);
    }

    /// Whether something else was recorded at a place than what the flow does there; then, what.
    fn other_at(&self, place: &Place, line: &Line, is_action: bool, info: StepInfo<'_>) -> Option<String> {
        let is_other = match &line.what {
            What::Action(name) => !is_action || name != info.action,
            What::SomeAction if is_action => {
                // Only the recorded flow knows which.
                let before = self.before.as_ref().and_then(|before| before.called.get(place));
                let (name, _) = before.filter(|(name, _)| name != info.action)?;
                return Some(name.clone());
            }
            What::SomeAction | What::Sleep => true,
            What::Verb(verb) => is_action || verb != info.verb,
        };
        is_other.then(|| line.what.name().to_owned())
    }

    /// Notes a value that the flow computes otherwise than the recorded flow did.
    fn compare_value(
        &self,
        key: &StepKey<'_>,
        info: StepInfo<'_>,
        (place, line): (&Place, &Line),
        computed: Option<Outcome>,
    ) {
        let Some(computed) = computed else { return };
        let is_answer = is_answer(info.verb) && part(&place.0).is_empty();
        let before = match (&self.before, &line.outcome) {
            (Some(before), _) => before.computed.get(place).cloned(),
            // Without the recorded flow, what an answer was made from is not known; most are the same each time.
            (None, Some(recorded)) if is_answer => Some(recorded.clone()),
            _ => None,
        };
        let is_same = before.as_ref().is_none_or(|before| same(before, &computed));
        let mut state = self.lock();
        if !is_same {
            // A sleep is recorded as it was, and compared as if the run had begun it when it began.
            let recorded = match line.what {
                What::Sleep => before.and_then(Result::ok),
                _ => line.shown.clone().map(value),
            };
            let found = Some(value(self.shown(&computed, info.secret)));
            if is_answer {
                state.has_other_answer |= key.parent.is_none();
                state.departures.push(Departure::Answer { recorded, found });
            } else {
                let key = key.to_string();
                state.departures.push(Departure::Input { key, recorded, found });
            }
        }
        state.observed.computed.insert(place.clone(), computed);
    }

    /// Keeps the answer of the run: the first of the flow itself.
    fn note_answer(&self, key: &StepKey<'_>, info: StepInfo<'_>, outcome: Option<&Outcome>) {
        if is_answer(info.verb)
            && key.parent.is_none()
            && key.part.is_empty()
            && let Some(Ok(answer)) = outcome
        {
            let answer = value(self.masked(answer, info.secret));
            self.lock().answer.get_or_insert(answer);
        }
    }

    fn masked(&self, value: &Value, is_secret: bool) -> Value {
        if is_secret {
            return MASKED.into();
        }
        self.hidden.apply_to(value).into_owned()
    }

    fn shown(&self, outcome: &Outcome, is_secret: bool) -> Value {
        match outcome {
            Ok(value) => self.masked(value, is_secret),
            Err(error) => self.masked(&failure(Some(error)).unwrap_or_default(), false),
        }
    }

    /// What the recorded run answered.
    fn recorded_answer(&self) -> Option<Value> {
        let lines = self.script.in_order();
        let answer = lines.into_iter().find(|(place, line)| {
            matches!(&line.what, What::Verb(verb) if is_answer(verb))
                && !is_called(&place.0)
                && part(&place.0).is_empty()
                && matches!(line.outcome, Some(Ok(_)))
        });
        answer.and_then(|(_, line)| line.shown.clone()).map(value)
    }
}

impl RecordedEnd {
    pub(super) fn of(run: &StoredRun) -> Self {
        Self::new(run.status, run.output.clone(), run.error.clone())
    }

    pub(super) fn new(status: Status, output: Option<Value>, error: Option<StepError>) -> Self {
        Self {
            is_its_own: matches!(status, Status::Succeeded | Status::Failed),
            output,
            error,
        }
    }

    /// As if it had not ended: what comes after the record is not known.
    pub(super) fn forget(&mut self) {
        self.is_its_own = false;
    }
}

impl fmt::Debug for ReplayJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayJournal")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl Journal for ReplayJournal {
    const READS_INPUT: bool = true;

    async fn step<'a, F, Fut>(
        &'a self,
        key: &'a StepKey<'a>,
        info: StepInfo<'a>,
        effect: F,
    ) -> Result<Option<Outcome>, JournalError>
    where
        F: FnOnce(Prior) -> Fut + Send + 'a,
        Fut: Future<Output = Option<Outcome>> + Send + 'a,
    {
        self.hidden.add_all(info.masks);
        let is_action = info.verb == "action" && key.part.is_empty();
        let place = (self.alignment.recorded_key(key), info.attempt);
        let found = if is_action { info.action } else { info.verb };
        let Some(line) = self.script.get(&place) else {
            if is_action {
                let input = info.input.map(|input| self.masked(input, info.secret));
                let departure = Departure::NotRecorded {
                    key: key.to_string(),
                    what: found.to_owned(),
                    input,
                };
                return Err(self.stop(Stuck::At(departure)).await);
            }
            self.pass().await;
            let outcome = effect(Prior::Fresh).await;
            self.note_answer(key, info, outcome.as_ref());
            return Ok(outcome);
        };
        self.lock().used.insert(place.clone());
        if let Some(recorded) = self.other_at(&place, line, is_action, info) {
            return Err(self.stop(other(key, recorded, found)).await);
        }
        let Some(outcome) = &line.outcome else {
            self.compare_input(key, info, (&place, line));
            let stuck = Stuck::InTheMiddle {
                key: key.to_string(),
                what: found.to_owned(),
            };
            return Err(self.stop(stuck).await);
        };
        self.barrier.given();
        if is_action {
            self.compare_input(key, info, (&place, line));
        } else if key.part != "until" {
            // When a limit is over is a matter of the clock, which stands still.
            let computed = effect(Prior::Fresh).await;
            self.compare_value(key, info, (&place, line), computed);
            self.note_answer(key, info, Some(outcome));
        }
        Ok(Some(outcome.clone()))
    }

    async fn sleep<'a>(
        &'a self,
        key: &'a StepKey<'a>,
        info: StepInfo<'a>,
        until: Timestamp,
        _clock: &'a dyn Clock,
    ) -> Result<Slept, JournalError> {
        let place = (self.alignment.recorded_key(key), info.attempt);
        let Some(line) = self.script.get(&place) else {
            self.pass().await;
            // How long it is until the next attempt is a part of the failure that was recorded.
            let mut state = self.lock();
            if key.part == "wait" && !self.is_past_the_record(&state) {
                state.departures.push(Departure::Waits {
                    key: key.to_string(),
                    until,
                });
            }
            return Ok(Slept::Elapsed);
        };
        self.lock().used.insert(place.clone());
        if line.what != What::Sleep {
            let recorded = line.what.name().to_owned();
            return Err(self.stop(other(key, recorded, info.verb)).await);
        }
        if self.stays_asleep {
            self.pass().await;
            let is_last = self.is_past_the_record(&self.lock());
            if is_last {
                let stuck = Stuck::InTheMiddle {
                    key: key.to_string(),
                    what: info.verb.to_owned(),
                };
                return Err(self.stop(stuck).await);
            }
        }
        self.barrier.given();
        if key.part == "wait" {
            self.compare_value(key, info, (&place, line), Some(Ok(json!(until))));
        }
        Ok(Slept::Elapsed)
    }

    async fn end<'a>(&'a self, end: RunEnd<'a>) -> Result<(), JournalError> {
        self.hidden.add_all(end.masks);
        let mut state = self.lock();
        state.end = Some(ReplayEnd::Ended);
        let answer = self.recorded_answer();
        // A run that had not ended may answer after its record.
        let may_answer_later = answer.is_none() && !self.recorded.is_its_own;
        if answer != state.answer && !state.has_other_answer && !may_answer_later {
            let found = state.answer.clone();
            state.at_the_end.push(Departure::Answer {
                recorded: answer,
                found,
            });
        }
        if !self.recorded.is_its_own {
            return Ok(());
        }
        let shown = |output: Option<&Value>| output.map(|output| self.masked(output, false));
        if self.recorded.output.as_ref() != end.output {
            state.at_the_end.push(Departure::Output {
                recorded: shown(self.recorded.output.as_ref()),
                found: shown(end.output),
            });
        }
        let (recorded, found) = (failure(self.recorded.error.as_ref()), failure(end.error));
        if recorded != found {
            state.at_the_end.push(Departure::Failure {
                recorded: shown(recorded.as_ref()),
                found: shown(found.as_ref()),
            });
        }
        Ok(())
    }
}

fn other(key: &StepKey<'_>, recorded: String, found: &str) -> Stuck {
    Stuck::At(Departure::Other {
        key: key.to_string(),
        recorded,
        found: found.to_owned(),
    })
}

/// What of an error does not hang on where the step stands in its file.
fn failure(error: Option<&StepError>) -> Option<Value> {
    error.map(|error| {
        json!({
            "code": error.code,
            "message": error.message,
            "status": error.status,
            "details": error.details,
        })
    })
}

/// Equal, but for the place in the file of what failed.
fn same(one: &Outcome, other: &Outcome) -> bool {
    match (one, other) {
        (Ok(one), Ok(other)) => one == other,
        (Err(one), Err(other)) => failure(Some(one)) == failure(Some(other)),
        _ => false,
    }
}

/// A recorded value stands beside the texts that `mask` was called with for it.
fn value(mut recorded: Value) -> Value {
    match recorded.get_mut("value") {
        Some(value) => value.take(),
        None => recorded,
    }
}
