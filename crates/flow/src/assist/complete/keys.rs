//! Keys: of a flow, a step, a trigger, an input field, an action's arguments.

use serde_json::Value;

use super::fragments::Writing;
use super::{Offer, Question, arguments, item, steps, values};
use crate::assist::answers::{Completion, CompletionKind};
use crate::assist::cursor::{Sibling, Spot, value_of};
use crate::assist::keywords;
use crate::assist::language::{Grammar, Key, Shape};
use crate::assist::place::names;
use crate::assist::schema::shown;
use crate::assist::situation::{Situation, schema_at};
use crate::assist::verbs::verb;
use crate::check::Site;
use crate::syntax::{COMMON_KEYS, COMPANIONS, VERBS};

pub(super) fn complete(question: &Question<'_, '_>) -> Option<Offer> {
    let Spot::Key {
        span,
        keys,
        is_element,
        has_colon,
        ..
    } = &question.cursor.spot
    else {
        return None;
    };
    let writing = Writing::at(&question.cursor.spot);
    let items = if let Some(list) = &question.place.list {
        let mut items = steps::snippets(question, writing, !is_element);
        if list.path.ends_with("/on_error") {
            items.splice(0..0, codes(question, keys, writing));
        }
        items
    } else if let Some(step) = &question.place.step {
        let path = step.keys(question.cursor);
        match path.as_slice() {
            [] => {
                let mut items = of_step(question, keys, writing);
                if *is_element && !has_colon && keys.is_empty() {
                    items.splice(0..0, steps::snippets(question, writing, false));
                }
                items
            }
            ["with", ..] => arguments::keys(question, keys, writing)?,
            ["on_error"] => {
                let mut items = codes(question, keys, writing);
                items.extend(steps::snippets(question, writing, true));
                items
            }
            ["cases"] => cases(question, keys, writing),
            _ if *is_element => return values::elements(question, span.clone()),
            path => of_grammar(&Grammar::step().follow(path)?, keys, writing),
        }
    } else {
        let path = names(&question.cursor.levels);
        match path.as_slice() {
            _ if *is_element => return values::elements(question, span.clone()),
            ["input", inner @ ..] => keywords::keys(inner)?
                .into_iter()
                .filter(|(name, _)| is_new(keys, name))
                .map(|(name, docs)| Completion {
                    insert: writing.key(name, keywords::shape(name)),
                    docs: Some(docs.to_owned()),
                    ..item(name, CompletionKind::Key)
                })
                .collect(),
            path => of_grammar(&Grammar::flow().follow(path)?, keys, writing),
        }
    };
    Some(Offer {
        span: span.clone(),
        items,
    })
}

fn is_new(keys: &[Sibling], name: &str) -> bool {
    !keys.iter().any(|key| key.name == name)
}

/// The keys of a map of the language that are not there yet, the required ones first.
pub(super) fn of_grammar(grammar: &Grammar, keys: &[Sibling], writing: Writing) -> Vec<Completion> {
    let mut found: Vec<Key> = grammar
        .keys()
        .into_iter()
        .filter(|key| is_new(keys, key.name))
        .collect();
    found.sort_by_key(|key| !key.required);
    found.iter().map(|key| of_key(key, writing)).collect()
}

fn of_key(key: &Key, writing: Writing) -> Completion {
    let default = key
        .grammar
        .default_value()
        .map(|value| format!("default: {}", shown(value)));
    Completion {
        detail: if key.required {
            Some("required".to_owned())
        } else {
            default
        },
        docs: key.grammar.docs().map(str::to_owned),
        insert: writing.key(key.name, key.grammar.shape()),
        ..item(key.name, CompletionKind::Key)
    }
}

/// The keys of a step that fit those that it has.
fn of_step(question: &Question<'_, '_>, keys: &[Sibling], writing: Writing) -> Vec<Completion> {
    let has = |name: &str| !is_new(keys, name);
    let known = Grammar::step().keys();
    let of = |name: &str| {
        let key = known.iter().find(|key| key.name == name)?;
        let mut offered = of_key(key, writing);
        if let Some(info) = verb(name).filter(|_| name != "if") {
            offered.docs = Some(info.docs.to_owned());
            offered.detail = Some(info.summary.to_owned());
        }
        Some(offered)
    };
    let given = VERBS.iter().copied().find(|name| has(name));
    let mut names: Vec<&str> = Vec::new();
    match given {
        None => {
            if has("if") {
                names.extend(["then", "else"]);
            }
            names.extend(VERBS.iter().filter(|name| !matches!(**name, "then" | "else")));
        }
        Some("then" | "else") => names.extend(["if", "then", "else"]),
        Some(given) => {
            let companions = COMPANIONS.iter().find(|(name, _)| *name == given);
            names.extend(companions.into_iter().flat_map(|(_, keys)| *keys));
        }
    }
    let spec =
        value_of(keys, "action", question.cursor.text).and_then(|name| question.assist.catalog.action(name));
    let own = COMMON_KEYS.iter().copied();
    // Only an action is repeated.
    names.extend(own.filter(|name| *name != "retry" || given.is_none_or(|verb| verb == "action")));
    names
        .into_iter()
        .filter(|name| is_new(keys, name))
        .filter(|name| *name != "connection" || spec.is_none_or(|spec| spec.connection.is_some()))
        .filter_map(|name| {
            let mut offered = of(name)?;
            if name == "with" && !writing.has_colon && !writing.is_inline {
                offered.insert = arguments::with(question, keys, writing).unwrap_or(offered.insert);
            }
            Some(offered)
        })
        .collect()
}

/// The codes that a step can fail with.
fn codes(question: &Question<'_, '_>, keys: &[Sibling], writing: Writing) -> Vec<Completion> {
    let kind = if writing.is_inline {
        Shape::Scalar
    } else {
        Shape::Steps
    };
    let shape = |name: &str| writing.key(name, kind);
    let own = values::codes(question).into_iter().map(|error| Completion {
        detail: Some(format!("status {}", error.status)),
        docs: Some(error.summary.to_string()),
        insert: shape(&error.code),
        ..item(error.code.to_string(), CompletionKind::Code)
    });
    let rest = Completion {
        detail: Some("any other".to_owned()),
        docs: Some("What happens after an error that has no arm of its own.".to_owned()),
        insert: shape("*"),
        ..item("*", CompletionKind::Code)
    };
    own.chain([rest])
        .filter(|item| is_new(keys, &item.label))
        .collect()
}

/// The values that the subject of a `switch` can have.
fn cases(question: &Question<'_, '_>, keys: &[Sibling], writing: Writing) -> Vec<Completion> {
    let Some(step) = &question.place.step else {
        return Vec::new();
    };
    let level = question.cursor.levels.get(step.depth);
    let subject = level.and_then(|level| value_of(&level.keys, "switch", question.cursor.text));
    let Some(subject) = subject else {
        return Vec::new();
    };
    let subject = subject.trim_matches(['{', '}', ' ']);
    let site = Site::Step(step.path.clone());
    let Some(situation) = Situation::at(question.assist, question.cursor, question.place, Some(&site)) else {
        return Vec::new();
    };
    let values: Vec<Value> = situation.look(question.assist, |_, roots, _| {
        schema_at(roots, subject)
            .map(crate::assist::schema::values)
            .unwrap_or_default()
    });
    values
        .iter()
        .filter(|value| is_new(keys, &shown(value)))
        .map(|value| {
            let shape = if writing.is_inline {
                Shape::Scalar
            } else {
                Shape::Steps
            };
            let name = shown(value);
            // A text that looks like something else stands in quotes; what is something else does not.
            let insert = if value.is_string() {
                writing.key(&name, shape)
            } else {
                writing.key("~", shape).replacen("\"~\"", &name, 1)
            };
            Completion {
                insert,
                detail: Some(format!("of `{subject}`")),
                ..item(name, CompletionKind::Value)
            }
        })
        .collect()
}
