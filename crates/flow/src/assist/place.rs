//! Where in a flow the keys around a cursor lead: to which step, and to which of its keys.

use super::cursor::{Cursor, Level, Segment};
use crate::syntax::path_segment;

/// A step around the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StepPlace {
    /// Its structural path.
    pub(super) path: String,
    /// How many levels lead to it: the next is the map of its keys.
    pub(super) depth: usize,
}

/// A list of steps that the cursor is in, at no step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListPlace {
    /// Its structural path.
    pub(super) path: String,
}

/// Where the cursor is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The innermost step around it.
    pub(super) step: Option<StepPlace>,
    /// The list of steps directly around it.
    pub(super) list: Option<ListPlace>,
}

impl Place {
    pub(super) fn of(cursor: &Cursor<'_>) -> Self {
        let mut place = Self::default();
        let segment = |at: usize| cursor.levels.get(at).map(|level| &level.segment);
        let mut list = match segment(0) {
            Some(Segment::Key(root)) if root == "steps" || root == "on_error" => root.clone(),
            _ => return place,
        };
        let mut at = 1;
        loop {
            let Some(Segment::Index(index)) = segment(at) else {
                if segment(at).is_none() {
                    place.list = Some(ListPlace { path: list });
                }
                return place;
            };
            let path = format!("{list}/{index}");
            at += 1;
            place.step = Some(StepPlace {
                path: path.clone(),
                depth: at,
            });
            let (Some(Segment::Key(key)), inner) = (segment(at), segment(at + 1)) else {
                return place;
            };
            let name = match inner {
                Some(Segment::Key(name)) => Some(path_segment(name)),
                _ => None,
            };
            (list, at) = match (key.as_str(), name) {
                ("then" | "else" | "default", None) => (format!("{path}/{key}"), at + 1),
                ("steps", None) => (format!("{path}/each/#/steps"), at + 1),
                // An arm of it may stand there as well.
                ("on_error", None) if inner.is_some() => (format!("{path}/on_error"), at + 1),
                ("on_error" | "cases" | "parallel", Some(name)) => (format!("{path}/{key}/{name}"), at + 2),
                _ => return place,
            };
        }
    }
}

impl StepPlace {
    /// The levels within the step.
    pub(super) fn inside<'c>(&self, cursor: &'c Cursor<'_>) -> &'c [Level] {
        cursor.levels.get(self.depth..).unwrap_or_default()
    }

    /// The keys that lead from the step to the cursor; an index is `*`.
    pub(super) fn keys<'c>(&self, cursor: &'c Cursor<'_>) -> Vec<&'c str> {
        names(self.inside(cursor))
    }
}

/// The names of levels; an index is `*`.
pub(super) fn names(levels: &[Level]) -> Vec<&str> {
    levels
        .iter()
        .map(|level| match &level.segment {
            Segment::Key(name) => name.as_str(),
            Segment::Index(_) => "*",
        })
        .collect()
}
