//! Puts steps into lists and keys into maps, in the way in which the file is written around.

use std::ops::Range;

use serde_json::Value;

use super::change::EditError;
use super::chunk::Chunk;
use super::draft::{Draft, Mark};
use super::meaning::{Key, Meaning};
use super::path::Place;
use super::rewrite::{Grown, Growth};
use super::scalar;
use super::tree::{Form, Id, Tree};
use super::write::{self, Indents};
use crate::yaml::plain_value;

/// The usual order of a step's keys.
const STEP: &[&str] = &[
    "if",
    "id",
    "name",
    "notes",
    "action",
    "call",
    "switch",
    "parallel",
    "for_each",
    "set",
    "wait",
    "respond",
    "return",
    "redirect",
    "fail",
    "as",
    "at_once",
    "connection",
    "with",
    "then",
    "else",
    "cases",
    "default",
    "steps",
    "yield",
    "timeout",
    "retry",
    "secret",
    "on_error",
];

/// The usual order of a flow's keys.
const FLOW: &[&str] = &[
    "name",
    "description",
    "trigger",
    "input",
    "timeout",
    "durable",
    "concurrency",
    "steps",
    "on_error",
];

/// The usual order of the keys under a key.
const UNDER: &[(&str, &[&str])] = &[
    (
        "http",
        &["method", "path", "auth", "cors", "rate_limit", "max_body"],
    ),
    ("schedule", &["cron", "timezone", "missed", "overlap"]),
    ("respond", &["status", "headers", "body"]),
    ("fail", &["code", "status", "message", "details"]),
    ("redirect", &["to", "status"]),
    ("retry", &["attempts", "delay", "max_delay", "codes"]),
];

/// How maps and lists under the keys of a map are indented.
pub(super) fn indents(tree: &Tree<'_>, map: Option<Id>) -> Indents {
    Indents {
        map: tree.map_offset(map),
        list: tree.list_offset(map),
    }
}

/// Before which of a map's keys a new one belongs.
pub(super) fn position_for(tree: &Tree<'_>, map: Id, key: &str) -> usize {
    let entries = tree.entries(map);
    let own = tree
        .entry_of(map)
        .map(|(around, at)| tree.key(&tree.entries(around)[at]));
    let order = match own {
        None if tree.node(map).parent.is_none() => FLOW,
        None => STEP,
        Some("on_error") => {
            // What is for the rest stands last.
            let rest = entries.last().is_some_and(|entry| tree.key(entry) == "*");
            return entries.len() - usize::from(rest);
        }
        Some(own) => UNDER
            .iter()
            .find(|(known, _)| *known == own)
            .map_or(&[][..], |(_, keys)| keys),
    };
    let rank = |key: &str| order.iter().position(|known| *known == key);
    let Some(new) = rank(key) else {
        return entries.len();
    };
    entries
        .iter()
        .rposition(|entry| rank(tree.key(entry)).is_some_and(|rank| rank < new))
        .map_or(0, |before| before + 1)
}

/// A key on the way to a list of steps: a case may be a number.
pub(super) fn key_of_list(key: &str, around: Option<&str>) -> (String, Key) {
    let (value, is_clear) = plain_value(key);
    if around == Some("cases") && is_clear && (value.is_number() || value.is_boolean()) {
        return (
            key.to_owned(),
            Key {
                text: key.to_owned(),
                value,
            },
        );
    }
    (scalar::key(key, None), Key::text(key))
}

/// Steps under keys as lines; the first key stands in `column`.
fn body(
    keys: &[String],
    chunks: &[Chunk],
    column: usize,
    indents: Indents,
    around: Option<&str>,
    newline: &str,
) -> Vec<String> {
    let mut lines = Vec::new();
    let mut column = column;
    let mut around = around;
    for (nth, key) in keys.iter().enumerate() {
        column += if nth > 0 { indents.map } else { 0 };
        lines.push(format!("{:column$}{}:", "", key_of_list(key, around).0));
        around = Some(key);
    }
    let column = column + indents.list;
    lines.extend(chunk_lines(chunks, column, newline));
    lines
}

/// The lines of steps, without their line ends.
pub(super) fn chunk_lines(chunks: &[Chunk], column: usize, newline: &str) -> Vec<String> {
    let text: String = chunks.iter().map(|chunk| chunk.at(column, newline)).collect();
    text.split_terminator('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line).to_owned())
        .collect()
}

/// What steps under keys mean, without the first key.
fn nested(keys: &[String], chunks: &[Chunk]) -> Meaning {
    let steps = Meaning::List(chunks.iter().flat_map(|chunk| chunk.meanings.clone()).collect());
    keys.iter()
        .enumerate()
        .skip(1)
        .rev()
        .fold(steps, |inner, (nth, key)| {
            let around = keys.get(nth - 1).map(String::as_str);
            Meaning::Map(vec![(key_of_list(key, around).1, inner)])
        })
}

impl Draft<'_, '_> {
    /// Puts steps into a place, before the one that has this index now. Gives the mark of the first.
    pub(super) fn put_steps(
        &mut self,
        place: &Place,
        index: usize,
        chunks: &[Chunk],
    ) -> Result<Mark, EditError> {
        let count = match place {
            Place::List(list) => self.tree.items(*list).len(),
            _ => 0,
        };
        if index > count {
            return Err(EditError::new(format!(
                "the list has {count} steps: there is no place {index}"
            )));
        }
        match place {
            Place::List(list) => self.put_items(*list, index, chunks),
            Place::Missing { map, keys } => self.put_under(*map, keys, chunks),
            Place::Instead { node, keys } if self.tree.node(*node).parent.is_none() => {
                Ok(self.put_at_end(keys, chunks))
            }
            Place::Instead { node, keys } => self.put_instead(*node, keys, chunks),
            Place::Beside { all, code } => self.put_beside(*all, code, chunks),
            Place::Empty { keys } => Ok(self.put_at_end(keys, chunks)),
        }
    }

    fn put_items(&mut self, list: Id, index: usize, chunks: &[Chunk]) -> Result<Mark, EditError> {
        let tree = self.tree;
        let meanings = chunks.iter().flat_map(|chunk| chunk.meanings.clone()).collect();
        let mark = self.means_items(list, index, meanings);
        if tree.form(list) != Some(Form::Block) {
            self.rewrite(&Grown {
                at: list,
                growth: Growth::Items { index, chunks },
            })?;
            return Ok(mark);
        }
        let items = tree.items(list);
        let column = tree.column(items[0].dash);
        let newline = tree.newline();
        let lines = |index: usize| {
            tree.item_lines(list, index)
                .ok_or_else(|| EditError::new("a list stands on the line of another list's dash"))
        };
        let is_spaced = |index: usize| -> Result<bool, EditError> {
            if index == 0 || index >= items.len() {
                return Ok(false);
            }
            let start = lines(index)?.start;
            Ok(tree.blank_before(start) < start)
        };
        let texts: Vec<String> = chunks.iter().map(|chunk| chunk.at(column, newline)).collect();
        let next = (index..items.len()).find(|at| !self.is_removed(items[*at].node));
        if let Some(next) = next {
            let blank = is_spaced(next)? || next == 0 && is_spaced(1)?;
            let gap = if blank { newline } else { "" };
            let text: String = texts.iter().flat_map(|text| [text.as_str(), gap]).collect();
            self.insert_lines(lines(next)?.start, &text);
        } else {
            let end = items.len() - 1;
            let gap = if is_spaced(end)? { newline } else { "" };
            let text: String = texts.iter().flat_map(|text| [gap, text.as_str()]).collect();
            self.insert_lines(lines(end)?.end, &text);
        }
        Ok(mark)
    }

    /// Puts keys into a map, the last with steps.
    fn put_under(&mut self, map: Id, keys: &[String], chunks: &[Chunk]) -> Result<Mark, EditError> {
        let tree = self.tree;
        let position = position_for(tree, map, &keys[0]);
        let around = tree
            .entry_of(map)
            .map(|(around, at)| tree.key(&tree.entries(around)[at]));
        let (_, key) = key_of_list(&keys[0], around);
        let mut mark = self.means_entry(map, position, key, nested(keys, chunks));
        mark.below = vec![0; keys.len()];
        let indents = indents(tree, Some(map));
        let newline = tree.newline();
        let lines = |column: usize| body(keys, chunks, column, indents, around, newline);
        if tree.form(map) == Some(Form::Block) {
            self.put_lines(map, position, &lines(tree.column_of(map)));
        } else {
            self.rewrite(&Grown {
                at: map,
                growth: Growth::Entry {
                    position,
                    lines: &lines,
                },
            })?;
        }
        Ok(mark)
    }

    /// Puts the lines of a key before a map's key of this position.
    pub(super) fn put_lines(&mut self, map: Id, position: usize, lines: &[String]) {
        let tree = self.tree;
        let newline = tree.newline();
        let text: String = lines.iter().flat_map(|line| [line.as_str(), newline]).collect();
        let entries = tree.entries(map);
        let is_root = tree.node(map).parent.is_none();
        let Some(before) = position.checked_sub(1) else {
            let lead = tree.node(entries[0].key).lead;
            if let Some(own) = tree.entry_lines(map, 0) {
                self.insert_lines(own.start, &text);
            } else {
                let column = tree.column(lead);
                self.insert(lead, format!("{}{:column$}", text.trim_start_matches(' '), ""));
            }
            return;
        };
        let at = tree.entry_end(map, before);
        // A file whose parts stand apart gets another part.
        let is_spaced = is_root
            && lines.len() > 1
            && (0..entries.len().saturating_sub(1)).any(|at| {
                let end = tree.entry_end(map, at);
                tree.blank_after(end) > end
            });
        let (above, below) = if is_spaced {
            (
                newline,
                if position < entries.len() && tree.blank_after(at) == at {
                    newline
                } else {
                    ""
                },
            )
        } else {
            ("", "")
        };
        self.insert_lines(at, &format!("{above}{text}{below}"));
    }

    /// Puts steps, under keys, where nothing or `continue` stands.
    fn put_instead(&mut self, node: Id, keys: &[String], chunks: &[Chunk]) -> Result<Mark, EditError> {
        let tree = self.tree;
        let (map, position) = tree
            .entry_of(node)
            .ok_or_else(|| EditError::new("there is no place for steps here"))?;
        let entry = tree.entries(map)[position];
        let own = tree.key(&entry);
        let indents = indents(tree, Some(map));
        let newline = tree.newline();
        // As if the key itself were put in, without its line.
        let all: Vec<String> = std::iter::once(own.to_owned())
            .chain(keys.iter().cloned())
            .collect();
        let mut mark = self.means_value(node, nested(&all, chunks));
        mark.below = vec![0; all.len()];
        let lines = |column: usize| body(&all, chunks, column, indents, None, newline).split_off(1);
        if tree.form(map) == Some(Form::Block) {
            self.replace_behind_key(map, position, &lines(tree.column_of(map)))?;
        } else {
            self.rewrite(&Grown {
                at: node,
                growth: Growth::Instead { lines: &lines },
            })?;
        }
        Ok(mark)
    }

    /// Puts lines below a key in the place of what stands behind it; a comment there stays.
    pub(super) fn replace_behind_key(
        &mut self,
        map: Id,
        position: usize,
        lines: &[String],
    ) -> Result<(), EditError> {
        let tree = self.tree;
        let entry = tree.entries(map)[position];
        let colon = entry.colon.ok_or_else(|| EditError::new("a key has no colon"))?;
        let node = tree.node(entry.value);
        let newline = tree.newline();
        let text: String = lines.iter().flat_map(|line| [newline, line.as_str()]).collect();
        let end = node.end.max(colon);
        self.delete(colon..end);
        self.insert(tree.line_end(end), text);
        Ok(())
    }

    /// Makes codes of an `on_error` for all errors: one for a code, and `"*"` for the rest.
    fn put_beside(&mut self, all: Id, code: &str, chunks: &[Chunk]) -> Result<Mark, EditError> {
        let tree = self.tree;
        let (map, position) = tree
            .entry_of(all)
            .ok_or_else(|| EditError::new("there is no place for steps here"))?;
        if tree.form(map) != Some(Form::Block) || tree.form(all).is_some_and(|form| form != Form::Block) {
            return Err(EditError::new(
                "write this `on_error` in lines first, without brackets",
            ));
        }
        let steps = Meaning::List(chunks.iter().flat_map(|chunk| chunk.meanings.clone()).collect());
        let under = vec![(Key::text(code), steps.clone())];
        let mut mark = self.means_under(all, under, Key::text("*"));
        mark.below = vec![0, 0];
        let newline = tree.newline();
        let indents = indents(tree, Some(map));
        let column = tree.column_of(map) + indents.map;
        let mut lines = body(&[code.to_owned()], chunks, column, indents, None, newline);
        if tree.is_list(all) {
            let items = tree.items(all);
            let own = (0..items.len()).map(|index| tree.item_lines(all, index));
            let own: Vec<Range<usize>> = own
                .collect::<Option<_>>()
                .ok_or_else(|| EditError::new("a list stands on the line of another list's dash"))?;
            let stays = |index: &usize| !self.is_removed(items[*index].node);
            let rest: Vec<usize> = (0..items.len()).filter(stays).collect();
            if rest.is_empty() {
                // What was for all errors is for one now.
                let value = Meaning::Map(vec![(Key::text(code), steps)]);
                mark = self.means_value(all, value);
                mark.below = vec![0, 0];
                self.means_grown(all);
            } else {
                lines.push(format!("{:column$}\"*\":", ""));
            }
            let text: String = lines.iter().flat_map(|line| [line.as_str(), newline]).collect();
            self.insert_lines(own[0].start, &text);
            let dashes = tree.column_of(all);
            for index in rest {
                let below = own.get(index + 1).map_or(own[index].end, |next| next.start);
                self.indent(own[index].start..below, dashes, column + indents.list);
            }
        } else {
            lines.push(format!("{:column$}\"*\": continue", ""));
            self.replace_behind_key(map, position, &lines)?;
        }
        Ok(mark)
    }

    /// Puts the flow's own key at the end of a file that has nothing in it.
    fn put_at_end(&mut self, keys: &[String], chunks: &[Chunk]) -> Mark {
        let tree = self.tree;
        let newline = tree.newline();
        let lines = body(keys, chunks, 0, Indents { map: 2, list: 2 }, None, newline);
        let all: Vec<String> = std::iter::once(String::new())
            .chain(keys.iter().cloned())
            .collect();
        self.means_root(nested(&all, chunks));
        self.write_at_end(&lines);
        Mark {
            anchor: super::draft::Anchor::Node(0),
            below: vec![0; all.len()],
        }
    }

    /// Writes lines at the end of a file that has nothing in it.
    pub(super) fn write_at_end(&mut self, lines: &[String]) {
        let newline = self.tree.newline();
        let text: String = lines.iter().flat_map(|line| [line.as_str(), newline]).collect();
        let before = self.tree.text;
        let gap = if before.is_empty() || before.ends_with('\n') {
            ""
        } else {
            newline
        };
        self.insert(before.len(), format!("{gap}{text}"));
    }

    /// Puts a key with a value into a map.
    pub(super) fn put_value(
        &mut self,
        map: Id,
        position: usize,
        name: &str,
        value: &Value,
    ) -> Result<Mark, EditError> {
        let tree = self.tree;
        let mark = self.means_entry(map, position, Key::text(name), Meaning::of_value(value));
        let indents = indents(tree, Some(map));
        if tree.form(map) == Some(Form::Block) {
            self.put_lines(
                map,
                position,
                &write::entry(name, value, tree.column_of(map), indents),
            );
            return Ok(mark);
        }
        if tree.form(map) == Some(Form::Pair) {
            return Err(EditError::new(
                "this key stands in a list in brackets without braces of its own",
            ));
        }
        let text = format!("{}: {}", scalar::key(name, None), write::in_brackets(value));
        let entries = tree.entries(map);
        let end = |at: usize| {
            let entry = entries[at];
            tree.node(entry.value)
                .end
                .max(entry.colon.unwrap_or(0))
                .max(tree.node(entry.key).end)
        };
        if entries.is_empty() {
            let inside = tree.node(map).at + 1..tree.node(map).end - 1;
            if tree.comments(inside.clone()).is_empty() {
                self.replace(inside, format!(" {text} "));
            } else {
                return Err(EditError::new(
                    "comments stand in these brackets: write them in lines first",
                ));
            }
        } else if position == 0 {
            self.insert(tree.node(entries[0].key).lead, format!("{text}, "));
        } else {
            let lead = tree.node(entries[position - 1].key).lead;
            let gap = if tree.begins_line(lead) {
                format!("{}{:column$}", tree.newline(), "", column = tree.column(lead))
            } else {
                " ".to_owned()
            };
            self.insert(end(position - 1), format!(",{gap}{text}"));
        }
        Ok(mark)
    }
}
