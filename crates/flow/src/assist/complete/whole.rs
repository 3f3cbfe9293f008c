//! Expressions as the whole of a value that has none yet: `email: ` is most likely `"{{input.email}}"`.

use serde_json::{Value, json};

use super::expressions::{Around, NEAR, of_reference};
use super::{Offer, Question, arguments};
use crate::assist::answers::Reference;
use crate::assist::cursor::{Spot, Style, Unescaped};
use crate::assist::language::Grammar;
use crate::assist::schema::{member, type_name, values as listed};
use crate::assist::scope::{Root, written};
use crate::assist::situation::{Reading, Situation, Spotted, fits};
use crate::schema::SchemaView;

/// An expression as the whole of a value that has none yet.
pub(super) fn values(
    question: &Question<'_, '_>,
    spotted: &Spotted,
    said: &Unescaped,
    situation: impl FnOnce() -> Option<Situation>,
) -> Option<Offer> {
    let style = spotted.scalar.style;
    let is_empty = said.text.trim_matches(['{', ' ']).is_empty();
    if spotted.reading == Reading::Bare || style == Style::Block || style != Style::Plain && !is_empty {
        return None;
    }
    let Spot::Value { lacks_space, .. } = &question.cursor.spot else {
        return None;
    };
    let around = match (style, lacks_space) {
        (Style::Plain, true) => Around {
            before: " \"{{",
            after: "}}\"",
        },
        (Style::Plain, false) => Around {
            before: "\"{{",
            after: "}}\"",
        },
        _ => Around {
            before: "{{",
            after: "}}",
        },
    };
    let (wanted, name) = wanted(question);
    let mut items = super::values::listed(&listed(&wanted), style);
    if *lacks_space {
        for item in &mut items {
            item.insert.insert(0, ' ');
        }
    }
    if let Some(situation) = situation() {
        items.extend(situation.look(question.assist, |_, roots, _| {
            let named = |path: &str| path.rsplit('.').next() == name.as_deref();
            let is_value = |root: &&Root<'_>| {
                !matches!(
                    root.path.as_str(),
                    "input" | "config" | "run" | "request" | "error"
                )
            };
            let known = || roots.iter().rev().filter(is_value).take(NEAR);
            // What has the name of the argument is most likely meant.
            let fields = known().filter_map(|root| {
                let found = member(&root.schema, name.as_deref()?)?;
                fits(found.schema, &wanted).then(|| Reference {
                    path: format!("{}.{}", root.path, written(found.name)),
                    type_name: type_name(found.schema),
                    docs: SchemaView::of(found.schema).description().map(str::to_owned),
                    is_sure: root.is_sure,
                    secret: root.secret,
                })
            });
            let fitting = roots
                .iter()
                .filter(is_value)
                .filter(|root| fits(&root.schema, &wanted));
            let (named, others): (Vec<_>, Vec<_>) =
                fitting.map(Root::reference).partition(|own| named(&own.path));
            let all = named.into_iter().chain(fields).chain(others);
            all.map(|reference| of_reference(&reference, around))
                .collect::<Vec<_>>()
        }));
    }
    (!items.is_empty()).then(|| Offer {
        span: spotted.scalar.span.clone(),
        items,
    })
}

/// The schema of the value at the cursor, and the name of its key.
fn wanted(question: &Question<'_, '_>) -> (Value, Option<String>) {
    let anything = || json!({});
    let Some(step) = &question.place.step else {
        return (anything(), None);
    };
    let path = step.keys(question.cursor);
    let name = path
        .last()
        .filter(|name| **name != "*")
        .map(|name| (*name).to_owned());
    let levels = step.inside(question.cursor);
    let schema = match path.as_slice() {
        ["with", ..] => levels.first().and_then(|own| {
            let schema = arguments::schema(question.assist, &own.keys, question.cursor.text)?;
            arguments::inside(&schema, &levels[1..]).cloned()
        }),
        ["respond" | "fail" | "redirect", ..] => {
            let grammar = Grammar::step().follow(&path);
            let values = grammar.map(|grammar| grammar.values()).unwrap_or_default();
            (!values.is_empty()).then(|| json!({ "enum": values }))
        }
        _ => None,
    };
    (schema.unwrap_or_else(anything), name)
}
