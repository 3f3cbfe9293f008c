//! Inside of expressions: what can be named, functions, blocks.

use serde_json::Value;

use super::{Offer, Question, item, whole};
use crate::assist::answers::{Completion, CompletionKind, Reference};
use crate::assist::cursor::Style;
use crate::assist::describe;
use crate::assist::expression::{Within, Word, WordKind, bare, in_template, word};
use crate::assist::schema::{type_name, values};
use crate::assist::scope::{Root, written};
use crate::assist::situation::{Reading, Situation, Spotted, root_of, schema_at};
use crate::check::Probe;
use crate::expression::functions;

/// Of how many roots the fields are looked through for a word without dots.
pub(super) const NEAR: usize = 60;

/// What is put around an item.
#[derive(Clone, Copy, Default)]
pub(super) struct Around {
    pub(super) before: &'static str,
    pub(super) after: &'static str,
}

pub(super) fn complete(question: &Question<'_, '_>, spotted: &Spotted) -> Option<Offer> {
    let said = spotted.scalar.unescape(question.cursor.text);
    let cursor = said.offset(question.cursor.offset);
    let within = match spotted.reading {
        Reading::Bare => bare(&said.text, cursor),
        Reading::Template => in_template(&said.text, cursor),
    };
    let situation = || {
        Situation::at(
            question.assist,
            question.cursor,
            question.place,
            spotted.site.as_ref(),
        )
    };
    match within {
        Some(within) => {
            let word = word(&said.text, &within, cursor);
            let situation = situation()?;
            let items = situation.look(question.assist, |probe, roots, _| {
                let before = said.text[within.inner.start..word.span.start.max(within.inner.start)]
                    .trim_matches(['~', ' ', '\n']);
                let asked = Asked {
                    probe,
                    roots,
                    within: &within,
                    word: &word,
                    begins_tag: before.is_empty(),
                    in_block_tag: before.starts_with('#') || before.starts_with("else"),
                    typed: said.text.get(word.span.start..cursor).unwrap_or_default(),
                    is_text: spotted.reading == Reading::Template,
                    style: spotted.scalar.style,
                };
                asked.items()
            });
            let span = said.span(&word.span);
            Some(Offer { span, items })
        }
        None => whole::values(question, spotted, &said, situation),
    }
}

/// What is asked inside of an expression.
struct Asked<'r, 'p> {
    probe: &'r Probe<'p>,
    roots: &'r [Root<'r>],
    within: &'r Within,
    word: &'r Word,
    /// Whether nothing stands before the word between the braces.
    begins_tag: bool,
    /// Whether it is what a block decides by or goes over.
    in_block_tag: bool,
    /// What of the word stands before the cursor.
    typed: &'r str,
    /// Whether it stands in a text with expressions, where blocks may be.
    is_text: bool,
    style: Style,
}

impl Asked<'_, '_> {
    fn items(&self) -> Vec<Completion> {
        match self.word.kind {
            WordKind::Text => self.compared(false),
            WordKind::Block => self.blocks(),
            WordKind::Name => {
                let mut items = if self.word.is_first {
                    Vec::new()
                } else {
                    self.compared(true)
                };
                items.extend(self.references());
                if !self.typed.contains('.') {
                    items.extend(self.functions());
                    if self.word.is_first {
                        items.extend(self.blocks());
                    }
                }
                items
            }
        }
    }

    /// The values that the other side of a comparison can have.
    fn compared(&self, with_quotes: bool) -> Vec<Completion> {
        let compares = matches!(
            self.word.function.as_deref(),
            Some("eq" | "ne" | "loose_eq" | "includes" | "default")
        );
        if !compares {
            return Vec::new();
        }
        let others = self.word.others.iter();
        let schemas = others.filter_map(|path| schema_at(self.roots, path));
        let listed: Vec<Value> = schemas.flat_map(values).collect();
        listed
            .iter()
            .filter(|value| with_quotes || value.is_string())
            .map(|value| {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let insert = match (value.is_string() && with_quotes, self.style) {
                    (true, Style::Double) => format!("\\\"{text}\\\""),
                    (true, _) => format!("\"{text}\""),
                    (false, _) => text.clone(),
                };
                Completion {
                    insert,
                    ..item(text, CompletionKind::Value)
                }
            })
            .collect()
    }

    fn references(&self) -> Vec<Completion> {
        let mut found = self.of_blocks();
        let path = self.typed;
        if let Some((base, _)) = path.rsplit_once('.') {
            found.extend(self.below(base));
        } else {
            found.extend(self.tops());
            let word = path.to_lowercase();
            if word.len() > 1 {
                let near = self
                    .roots
                    .iter()
                    .rev()
                    .filter(|root| root.path != "input")
                    .take(NEAR);
                let deep = near.flat_map(|root| root.fields(2, &|path| self.probe.is_present(path)));
                let is_meant = |reference: &Reference| {
                    let last = reference.path.rsplit('.').next().unwrap_or_default();
                    last.to_lowercase().starts_with(&word)
                };
                found.extend(deep.filter(is_meant));
            }
        }
        let around = Around {
            before: "",
            after: if self.within.is_closed || !self.word.is_first {
                ""
            } else {
                "}}"
            },
        };
        found
            .iter()
            .map(|reference| of_reference(reference, around))
            .collect()
    }

    /// What can be begun with: what is nearest comes first.
    fn tops(&self) -> Vec<Reference> {
        let rank = |root: &Root<'_>| match root.path.split('.').next().unwrap_or_default() {
            "input" if root.path != "input" => 2,
            "steps" => 3,
            "vars" => 4,
            "error" => 1,
            "input" => 5,
            "config" | "request" | "run" => 6,
            _ => 0,
        };
        let mut tops: Vec<(usize, usize, Reference)> = self
            .roots
            .iter()
            .enumerate()
            .map(|(index, root)| {
                // Of steps the last one is the nearest.
                let index = if rank(root) == 3 {
                    self.roots.len() - index
                } else {
                    index
                };
                (rank(root), index, root.reference())
            })
            .collect();
        tops.sort_by_key(|(rank, index, _)| (*rank, *index));
        tops.into_iter().map(|(_, _, reference)| reference).collect()
    }

    /// What stands one segment below a path.
    fn below(&self, base: &str) -> Vec<Reference> {
        let prefix = format!("{base}.");
        let mut found: Vec<Reference> = self
            .roots
            .iter()
            .filter(|root| {
                root.path
                    .strip_prefix(&prefix)
                    .is_some_and(|rest| !rest.contains('.'))
            })
            .map(Root::reference)
            .collect();
        if base == "steps" {
            // The last one is the nearest.
            found.reverse();
        }
        if let Some((root, rest)) = root_of(self.roots, base).filter(|(root, _)| root.path != "input") {
            let depth = rest.split('.').filter(|name| !name.is_empty()).count() + 1;
            let below = root.fields(depth, &|path| self.probe.is_present(path));
            let direct = below.into_iter().filter(|reference| {
                reference
                    .path
                    .strip_prefix(&prefix)
                    .is_some_and(|rest| !rest.contains('.') || rest.starts_with('['))
            });
            for reference in direct {
                if !found.iter().any(|known| known.path == reference.path) {
                    found.push(reference);
                }
            }
        }
        found
    }

    /// `this` and what a block tells of its element.
    fn of_blocks(&self) -> Vec<Reference> {
        let mut found = Vec::new();
        let innermost = self
            .within
            .blocks
            .iter()
            .rev()
            .find(|(name, _)| name == "each" || name == "with");
        let Some((name, subject)) = innermost else {
            return found;
        };
        let mut add = |path: String, type_name: String, docs: &str| {
            found.push(Reference {
                path,
                type_name,
                docs: Some(docs.to_owned()),
                is_sure: true,
                secret: false,
            });
        };
        let subject = schema_at(self.roots, subject);
        let own = match (name.as_str(), subject) {
            ("each", Some(list)) => list.get("items"),
            (_, schema) => schema,
        };
        let kind = own.map_or_else(|| "any".to_owned(), type_name);
        if !self.typed.contains('.') {
            add(
                "this".to_owned(),
                kind,
                "The element, or the value, of the block around.",
            );
            if name == "each" {
                add(
                    "@index".to_owned(),
                    "integer".to_owned(),
                    "The element's place, from 0.",
                );
                add("@key".to_owned(), "string".to_owned(), "The name of the field.");
                add(
                    "@first".to_owned(),
                    "boolean".to_owned(),
                    "Whether this is the first.",
                );
                add(
                    "@last".to_owned(),
                    "boolean".to_owned(),
                    "Whether this is the last.",
                );
            }
        }
        for member in own.map(crate::assist::schema::members).unwrap_or_default() {
            add(
                format!("this.{}", written(member.name)),
                type_name(member.schema),
                "",
            );
        }
        found.retain(|reference| self.typed.starts_with("this.") || !reference.path.starts_with("this."));
        found
    }

    fn functions(&self) -> Vec<Completion> {
        // A call that is an argument, or what a block takes, stands in parentheses.
        let is_argument = !self.word.is_first || self.in_block_tag && self.word.function.is_none();
        functions::all()
            .map(|function| {
                let cursor = if function.parameters.is_empty() {
                    ""
                } else {
                    " ${}"
                };
                let insert = if is_argument {
                    format!("({}{cursor})", function.name)
                } else {
                    format!("{}{cursor}", function.name)
                };
                Completion {
                    detail: Some(function.signature()),
                    docs: Some(describe::function(function)),
                    insert,
                    ..item(function.name, CompletionKind::Function)
                }
            })
            .collect()
    }

    fn blocks(&self) -> Vec<Completion> {
        if !self.is_text || !self.begins_tag {
            return Vec::new();
        }
        let mut items = Vec::new();
        if let Some((open, _)) = self.within.blocks.last() {
            let closing = format!("/{open}");
            for (label, docs) in [
                ("else", "What is written otherwise."),
                (closing.as_str(), "Ends the block."),
            ] {
                items.push(Completion {
                    docs: Some(docs.to_owned()),
                    ..item(label, CompletionKind::Function)
                });
            }
        }
        let (close, end) = if self.within.is_closed {
            ("}}", "")
        } else {
            ("}}", "}}")
        };
        for (name, docs) in [
            (
                "if",
                "Writes what follows where the value is true, and what stands behind `{{else}}` otherwise.",
            ),
            (
                "each",
                "Writes what follows for each element, which is `this` there; `@index` counts from 0.",
            ),
            ("unless", "Writes what follows where the value is not true."),
            ("with", "Writes what follows with the value as `this`."),
        ] {
            items.push(Completion {
                detail: Some("block".to_owned()),
                docs: Some(docs.to_owned()),
                insert: format!("#{name} ${{}}{close}{{{{/{name}{end}"),
                ..item(format!("#{name}"), CompletionKind::Function)
            });
        }
        items
    }
}

/// A reference, with what to do where it may be missing.
pub(super) fn of_reference(reference: &Reference, around: Around) -> Completion {
    let Around { before, after } = around;
    let path = &reference.path;
    let mut detail = reference.type_name.clone();
    let mut docs: Vec<String> = reference
        .docs
        .iter()
        .filter(|docs| !docs.is_empty())
        .cloned()
        .collect();
    if !reference.is_sure {
        detail.push_str(", may be missing");
        docs.push(format!(
            "It is not there on every way here: write `default {path} \"…\"` or `optional {path}`."
        ));
    }
    if reference.secret {
        docs.push("Secret: masked wherever it would be written.".to_owned());
    }
    Completion {
        detail: Some(detail),
        docs: (!docs.is_empty()).then(|| docs.join("\n\n")),
        insert: format!("{before}{path}{after}"),
        ..item(path.clone(), CompletionKind::Reference)
    }
}
