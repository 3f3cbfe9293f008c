//! The flow around a question: its syntax as far as it can be read, with a place for expressions in it.

use std::sync::Arc;

use serde_json::Value;

use super::Assist;
use super::cursor::{Cursor, Scalar, Segment, Spot};
use super::place::{Place, names};
use super::schema::member;
use super::scope::{Root, roots};
use super::shapes::Shapes;
use crate::check::{Probe, Probed, Site};
use crate::schema::SchemaView;
use crate::syntax::{FlowSyntax, Verb};

/// How a value is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// A text with expressions in braces.
    Template,
    /// One expression.
    Bare,
}

/// A place where expressions stand.
#[derive(Clone, Debug)]
pub(super) struct Spotted {
    pub(super) reading: Reading,
    /// `None`: no step, only `input` and `config`.
    pub(super) site: Option<Site>,
    pub(super) scalar: Scalar,
}

impl Spotted {
    /// The expressions that a cursor may stand in.
    pub(super) fn of(cursor: &Cursor<'_>, place: &Place) -> Option<Self> {
        let Spot::Value { scalar, .. } = &cursor.spot else {
            return None;
        };
        let (reading, site) = site(cursor, place)?;
        Some(Self {
            reading,
            site,
            scalar: scalar.clone(),
        })
    }
}

/// How the value that the levels lead to is read, if expressions may stand in it.
pub(super) fn site(cursor: &Cursor<'_>, place: &Place) -> Option<(Reading, Option<Site>)> {
    let Some(step) = &place.step else {
        let path = names(&cursor.levels);
        return matches!(path.as_slice(), ["concurrency", "key", ..]).then_some((Reading::Template, None));
    };
    let path = step.path.clone();
    match *step.keys(cursor).first()? {
        "if" => Some((Reading::Bare, Some(Site::Condition(path)))),
        "switch" | "for_each" => Some((Reading::Bare, Some(Site::Step(path)))),
        "yield" => Some((Reading::Template, Some(Site::Yield(path)))),
        "with" | "set" | "respond" | "return" | "fail" | "redirect" | "wait" => {
            Some((Reading::Template, Some(Site::Step(path))))
        }
        _ => None,
    }
}

/// A flow with a place in it.
pub(super) struct Situation {
    probed: Probed,
    config: Value,
    /// Variables that the step itself has set before the place.
    set: Vec<String>,
    /// Whether only `input` and `config` can be named.
    is_outside: bool,
}

impl Situation {
    /// The place of expressions around a cursor.
    pub(super) fn at(
        assist: &Assist<'_>,
        cursor: &Cursor<'_>,
        place: &Place,
        site: Option<&Site>,
    ) -> Option<Self> {
        let outside = Site::New("steps".to_owned(), 0);
        let mut own = Self::of(assist, site.unwrap_or(&outside))?;
        own.is_outside = site.is_none();
        if let Some(step) = &place.step
            && let [set, name, ..] = step.inside(cursor)
            && set.segment == Segment::Key("set".to_owned())
            && let Segment::Key(own_name) = &name.segment
        {
            let before = name.keys.iter().take_while(|key| key.name != *own_name);
            own.set = before.map(|key| key.name.clone()).collect();
        }
        Some(own)
    }

    fn of(assist: &Assist<'_>, site: &Site) -> Option<Self> {
        // A text that is broken is read up to the break: what can have run before the cursor stands in front of it. Where
        // the step around could not be read, the one around that is the nearest that is known.
        let syntax = assist.flow()?.syntax.as_deref()?;
        let mut site = Some(site.clone());
        while let Some(at) = site {
            if let Some(found) = Self::new(assist, syntax, &at) {
                return Some(found);
            }
            site = around(&at);
        }
        None
    }

    /// A place in a flow that has been read.
    pub(super) fn new(assist: &Assist<'_>, syntax: &FlowSyntax, site: &Site) -> Option<Self> {
        let nothing = Verb::Set {
            variables: Vec::new(),
        };
        Self::with_verb(assist, syntax, site, nothing)
    }

    /// A place at which a step of this verb stands.
    pub(super) fn with_verb(
        assist: &Assist<'_>,
        syntax: &FlowSyntax,
        site: &Site,
        verb: Verb,
    ) -> Option<Self> {
        let config = assist.workspace.config();
        let probed = Probed::new(syntax, site, verb, assist.catalog, &Arc::new(config.clone()))?;
        Some(Self {
            probed,
            config,
            set: Vec::new(),
            is_outside: false,
        })
    }

    pub(super) const fn probed(&self) -> &Probed {
        &self.probed
    }

    pub(super) const fn config(&self) -> &Value {
        &self.config
    }

    /// Works with what can be named there.
    pub(super) fn look<R>(
        &self,
        assist: &Assist<'_>,
        work: impl FnOnce(&Probe<'_>, &[Root<'_>], Shapes<'_>) -> R,
    ) -> R {
        let mut probe = self.probed.look(assist.catalog, true);
        for name in &self.set {
            probe.assume_set(name);
        }
        let shapes = Shapes::new(
            assist.workspace,
            assist.catalog,
            (probe.check.syntax, &probe.check.steps),
            &self.config,
        );
        let mut found = roots(&probe, shapes);
        if self.is_outside {
            found.retain(|root| root.path == "config" || root.path.split('.').next() == Some("input"));
        }
        work(&probe, &found, shapes)
    }
}

/// The site around a site that is not there.
fn around(site: &Site) -> Option<Site> {
    let up = |path: &str| {
        let (list, _) = path.rsplit_once('/')?;
        // The step that holds the list is the last number before it.
        let mut end = list.len();
        while let Some((head, last)) = list[..end].rsplit_once('/') {
            if last.bytes().all(|byte| byte.is_ascii_digit()) {
                return Some(Site::Step(list[..end].to_owned()));
            }
            end = head.len();
        }
        None
    };
    match site {
        Site::Step(path) | Site::Condition(path) => up(path),
        Site::Yield(path) => Some(Site::Step(path.clone())),
        Site::New(list, _) => up(&format!("{list}/0")),
    }
}

/// The schema of what a path leads to, as far as it is known.
pub(super) fn schema_at<'r>(roots: &'r [Root<'_>], path: &str) -> Option<&'r Value> {
    let (root, rest) = root_of(roots, path)?;
    let mut schema = &*root.schema;
    for (name, _) in super::expression::segments(rest) {
        schema = member(schema, &name)?.schema;
    }
    Some(schema)
}

/// The root that a path begins with, and the rest of the path.
pub(super) fn root_of<'r, 'a, 'p>(roots: &'r [Root<'a>], path: &'p str) -> Option<(&'r Root<'a>, &'p str)> {
    roots
        .iter()
        .filter_map(|root| {
            let rest = path.strip_prefix(root.path.as_str())?;
            let rest = if rest.is_empty() {
                rest
            } else {
                rest.strip_prefix('.')?
            };
            Some((root, rest))
        })
        .max_by_key(|(root, _)| root.path.len())
}

/// Whether values of a schema can stand where those of another are wanted.
pub(super) fn fits(schema: &Value, wanted: &Value) -> bool {
    SchemaView::of(schema)
        .types()
        .overlaps(SchemaView::of(wanted).types())
}
