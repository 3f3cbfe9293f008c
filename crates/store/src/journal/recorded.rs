//! What a run has recorded, as a replay asks for it: by key and attempt.

use std::collections::HashMap;

use jiff::Timestamp;
use lockgate_engine::journal::Outcome;
use serde_json::Value;

use super::kept;
use crate::id::RunId;
use crate::record::Record;
use crate::seal::Seal;

/// What is known of a key and an attempt.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// `action`, `respond`, …; empty where only the start is known.
    pub(super) verb: String,
    /// The action's name, where the start is known.
    pub(super) action: Option<String>,
    pub(super) what: What,
}

#[derive(Clone, Debug)]
pub(super) enum What {
    /// It began, and may or may not have happened.
    Started,
    Finished(Outcome),
    Sleeping(Timestamp),
    Woken,
}

/// All that counts.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    entries: HashMap<String, Vec<(u32, Entry)>>,
    /// What the run has answered its caller. Also where that was dropped later: an answer that has been given is not taken
    /// back. One that failed is none.
    pub(crate) answer: Option<Value>,
    /// The key and attempt of it.
    answered_at: Option<(String, u32)>,
}

impl Recorded {
    /// From the records of a run. What is wrong with them, where they cannot be used.
    pub(crate) fn new(records: Vec<Record>, seal: &Seal, run: RunId) -> Result<Self, String> {
        let mut recorded = Self::default();
        for record in records {
            recorded.add(record, seal, run)?;
        }
        Ok(recorded)
    }

    fn add(&mut self, record: Record, seal: &Seal, run: RunId) -> Result<(), String> {
        match record {
            Record::Started {
                key, attempt, action, ..
            } => self.set(
                key,
                attempt,
                Entry {
                    verb: String::new(),
                    action: Some(action),
                    what: What::Started,
                },
            ),
            Record::Withdrawn { key, attempt, .. } => {
                if let Some(attempts) = self.entries.get_mut(&key) {
                    attempts.retain(|(other, _)| *other != attempt);
                }
                if self.answered_at == Some((key, attempt)) {
                    (self.answer, self.answered_at) = (None, None);
                }
            }
            Record::Finished {
                key,
                attempt,
                verb,
                outcome,
                ..
            } => {
                let outcome = kept::outcome(outcome, seal, run, &place(&key, attempt))
                    .map_err(|error| format!("the record of {key}: {error}"))?;
                if let Ok(answer) = &outcome
                    && self.answer.is_none()
                    && is_answer(&verb)
                    && !is_called(&key)
                {
                    self.answer = Some(answer.clone());
                    self.answered_at = Some((key.clone(), attempt));
                }
                let action = self.find(&key, attempt).and_then(|entry| entry.action.clone());
                let what = What::Finished(outcome);
                self.set(key, attempt, Entry { verb, action, what });
            }
            Record::Sleeping {
                key, attempt, until, ..
            } => self.set(key, attempt, Entry::wait(What::Sleeping(until))),
            Record::Woken { key, attempt, .. } => self.set(key, attempt, Entry::wait(What::Woken)),
            Record::Resumed { .. } => {}
            Record::Dropped { keys, .. } => {
                for key in keys {
                    self.entries.remove(&key);
                }
            }
        }
        Ok(())
    }

    fn set(&mut self, key: String, attempt: u32, entry: Entry) {
        let attempts = self.entries.entry(key).or_default();
        match attempts.iter_mut().find(|(other, _)| *other == attempt) {
            Some((_, place)) => *place = entry,
            None => attempts.push((attempt, entry)),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn find(&self, key: &str, attempt: u32) -> Option<&Entry> {
        let attempts = self.entries.get(key)?;
        let (_, entry) = attempts.iter().find(|(other, _)| *other == attempt)?;
        Some(entry)
    }

    /// How many outcomes a replay may be given.
    pub(super) fn outcomes(&self) -> usize {
        let entries = self.entries.values().flatten();
        entries
            .filter(|(_, entry)| matches!(entry.what, What::Finished(_) | What::Woken))
            .count()
    }
}

impl Entry {
    fn wait(what: What) -> Self {
        Self {
            verb: "wait".to_owned(),
            action: None,
            what,
        }
    }
}

/// Where in a run something is sealed.
pub(crate) fn place(key: &str, attempt: u32) -> String {
    format!("{key}#{attempt}")
}

/// Whether a step with this verb answers a caller: the run's, or that of a called flow.
pub(crate) fn is_answer(verb: &str) -> bool {
    matches!(verb, "respond" | "redirect")
}

/// Whether a key is one of a flow that was called: what answers there answers nobody.
pub(crate) fn is_called(key: &str) -> bool {
    // What stands behind the name of a branch or a case is a number.
    key.contains("/call/steps/") || key.contains("/call/on_error/")
}
