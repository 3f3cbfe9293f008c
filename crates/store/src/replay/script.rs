//! What a run recorded, by key and attempt: what a replay gives.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use lockgate_engine::journal::Outcome;
use serde_json::Value;

use crate::record::{Kept, Record};

/// The key of a record and its attempt.
pub(super) type Place = (String, u32);

/// What a run recorded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    lines: HashMap<Place, Line>,
    /// The steps whose branches were ended by one of them: what the others had recorded until then need not come again.
    ended: BTreeSet<String>,
}

/// What is recorded at one place.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    /// When it came, among all.
    pub(super) order: usize,
    pub(super) what: What,
    /// What the action got: masked, and the digest of the whole.
    pub(super) input: Option<(Value, String)>,
    /// `None`: it had begun when the records end, or it sleeps.
    pub(super) outcome: Option<Outcome>,
    /// That of a sleep.
    pub(super) sleeps_until: Option<Timestamp>,
    /// Whether a sleep is over.
    pub(super) is_woken: bool,
    /// As people may read it: the outcome, masked.
    pub(super) shown: Option<Value>,
}

/// What happened at a place.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum What {
    /// An action of this name.
    Action(String),
    /// An action; what touches nothing outside is not announced, and its name not recorded.
    #[default]
    SomeAction,
    /// A sleep.
    Sleep,
    /// A value or an answer of this verb.
    Verb(String),
}

impl What {
    /// As departures have it.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Action(name) | Self::Verb(name) => name,
            Self::SomeAction => "action",
            Self::Sleep => "wait",
        }
    }
}

/// What part of a step a key names; empty for its effect.
pub(super) fn part(key: &str) -> &str {
    key.rsplit_once('@').map_or("", |(_, part)| part)
}

/// A key without its part.
pub(super) fn path(key: &str) -> &str {
    key.rsplit_once('@').map_or(key, |(path, _)| path)
}

impl Script {
    /// From the records of a run; `open` gives the outcome of a step as it was before it was masked.
    ///
    /// # Errors
    /// Those of `open`.
    pub(crate) fn of<E>(
        records: &[Record],
        mut open: impl FnMut(&str, u32, &Result<Kept, Kept>) -> Result<Outcome, E>,
    ) -> Result<Self, E> {
        let mut script = Self::default();
        for (order, record) in records.iter().enumerate() {
            match record {
                Record::Started {
                    key,
                    attempt,
                    action,
                    input,
                    ..
                } => {
                    let line = script.line(key, *attempt, order);
                    line.what = What::Action(action.clone());
                    line.input.clone_from(input);
                }
                Record::Withdrawn { key, attempt, .. } => {
                    script.lines.remove(&(key.clone(), *attempt));
                }
                Record::Finished {
                    key,
                    attempt,
                    verb,
                    outcome,
                    ..
                } => {
                    let (Ok(kept) | Err(kept)) = outcome;
                    let opened = open(key, *attempt, outcome)?;
                    let line = script.line(key, *attempt, order);
                    if verb != "action" || !part(key).is_empty() {
                        line.what = What::Verb(verb.clone());
                    }
                    line.outcome = Some(opened);
                    line.shown = Some(kept.shown.clone());
                    if part(key) == "end" {
                        script.ended.insert(path(key).to_owned());
                    }
                }
                Record::Sleeping {
                    key, attempt, until, ..
                } => {
                    let line = script.line(key, *attempt, order);
                    line.what = What::Sleep;
                    line.sleeps_until = Some(*until);
                }
                Record::Woken { key, attempt, .. } => {
                    let line = script.line(key, *attempt, order);
                    line.what = What::Sleep;
                    line.is_woken = true;
                }
                Record::Dropped { keys, .. } => script.forget(keys),
                Record::Resumed { .. } => {}
            }
        }
        Ok(script)
    }

    /// What is recorded under these keys counts no more.
    fn forget(&mut self, keys: &[String]) {
        let keys: HashSet<&String> = keys.iter().collect();
        self.lines.retain(|(key, _), _| !keys.contains(key));
        let lines = &self.lines;
        self.ended.retain(|path| {
            lines
                .keys()
                .any(|(key, _)| part(key) == "end" && self::path(key) == path)
        });
    }

    fn line(&mut self, key: &str, attempt: u32, order: usize) -> &mut Line {
        self.lines
            .entry((key.to_owned(), attempt))
            .or_insert_with(|| Line {
                order,
                ..Line::default()
            })
    }

    pub(super) fn get(&self, place: &Place) -> Option<&Line> {
        self.lines.get(place)
    }

    /// All lines, in the order in which they came.
    pub(super) fn in_order(&self) -> Vec<(&Place, &Line)> {
        let mut lines: Vec<_> = self.lines.iter().collect();
        lines.sort_by_key(|(_, line)| line.order);
        lines
    }

    /// How many outcomes a replay can give: what a barrier counts.
    pub(super) fn outcomes(&self) -> usize {
        let is_outcome =
            |line: &&Line| line.outcome.is_some() || line.sleeps_until.is_some() || line.is_woken;
        self.lines.values().filter(is_outcome).count()
    }

    /// Whether something was recorded in a branch that another ended: the first life may have come further in it than a
    /// replay, in which all branches come along at once.
    pub(super) fn may_be_left_out(&self, key: &str) -> bool {
        self.ended.iter().any(|step| {
            let inside = key.strip_prefix(step.as_str());
            inside.is_some_and(|inside| inside.starts_with('/'))
        })
    }
}
