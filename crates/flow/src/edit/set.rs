//! Gives keys values, and takes keys out.

use serde_json::{Map, Value};

use super::change::EditError;
use super::chunk::Chunk;
use super::draft::Draft;
use super::meaning::Meaning;
use super::put::{indents, position_for};
use super::tree::{Data, Form, Id, Style, Tree};
use super::write::{self, behind_key, in_brackets};
use super::{path, scalar};

/// Keys whose value can be written short: the key that the short form stands for.
const SHORT_FORMS: &[(&str, &str)] = &[
    ("retry", "attempts"),
    ("redirect", "to"),
    ("concurrency", "limit"),
    ("rate_limit", "limit"),
];

/// Gives a key of a step, or of the flow, a value.
pub(super) fn set_at(
    draft: &mut Draft<'_, '_>,
    step: &str,
    key: &str,
    value: &Value,
) -> Result<(), EditError> {
    let tree = draft.tree;
    let node = path::step_or_flow(tree, step)?;
    set(draft, node, &path::tokens(key)?, value)?;
    if let Some(node) = node.filter(|_| !step.is_empty()) {
        draft.select_node(node);
    }
    Ok(())
}

/// Gives what these keys lead to, from a step or the flow, a value.
pub(super) fn set(
    draft: &mut Draft<'_, '_>,
    from: Option<Id>,
    tokens: &[String],
    value: &Value,
) -> Result<(), EditError> {
    let tree = draft.tree;
    let Some(mut node) = from.filter(|node| !tree.is_null(*node)) else {
        let whole = nest(tokens, value.clone());
        if whole.as_object().is_none_or(Map::is_empty) {
            return Err(EditError::new("a flow is a map: name the key that is to be set"));
        }
        draft.means_root(Meaning::of_value(&whole));
        draft.write_at_end(&write::map(&whole, 0, write::Indents { map: 2, list: 2 }));
        return Ok(());
    };
    for (nth, token) in tokens.iter().enumerate() {
        let rest = &tokens[nth + 1..];
        match &tree.node(node).data {
            Data::Map(map) => match tree.get(node, token) {
                Some(value) => node = value,
                None if map.entries.is_empty() && map.form == Form::Flow && !tree.is_in_flow(node) => {
                    return draft.replace_value(node, &nest(&tokens[nth..], value.clone()));
                }
                None => {
                    let position = position_for(tree, node, token);
                    draft.put_value(node, position, token, &nest(rest, value.clone()))?;
                    return Ok(());
                }
            },
            Data::List(list) => {
                let index = if token == "-" {
                    Some(list.items.len())
                } else {
                    token.parse().ok()
                };
                match index {
                    Some(index) if index < list.items.len() => node = list.items[index].node,
                    Some(index) if index == list.items.len() => {
                        return draft.append_item(node, &nest(rest, value.clone()));
                    }
                    _ => return Err(EditError::new(format!("the list has no element `{token}`"))),
                }
            }
            Data::Scalar(_) => {
                let around = nth.checked_sub(1).map_or("", |before| tokens[before].as_str());
                let is_field = nth == 2 && tokens[0] == "input" && from == tree.root;
                let whole = expand(tree, node, around, is_field, &tokens[nth..], value)?;
                return draft.replace_value(node, &whole);
            }
            Data::Alias(_) => {
                return Err(path::alias());
            }
        }
    }
    draft.set_value(node, value)
}

/// The value under these keys.
fn nest(tokens: &[String], value: Value) -> Value {
    tokens.iter().rev().fold(value, |inner, token| {
        Value::Object(Map::from_iter([(token.clone(), inner)]))
    })
}

/// A short form as the map that it stands for, with a key in it.
fn expand(
    tree: &Tree<'_>,
    node: Id,
    around: &str,
    is_field: bool,
    tokens: &[String],
    value: &Value,
) -> Result<Value, EditError> {
    let mut fields = Map::new();
    if let Some(scalar) = tree.scalar(node).filter(|scalar| !scalar.is_null()) {
        let own = scalar.value();
        let long = SHORT_FORMS
            .iter()
            .find(|(known, _)| *known == around)
            .map(|(_, long)| *long);
        match (around, own.as_str()) {
            _ if is_field => drop(fields.insert("type".to_owned(), own)),
            ("http", Some(route)) => {
                let (method, path) = route
                    .split_once(' ')
                    .ok_or_else(|| EditError::new("the route is not to be read: correct it first"))?;
                fields.insert("method".to_owned(), method.into());
                fields.insert("path".to_owned(), path.trim_start().into());
            }
            ("on_error", Some("continue")) => drop(fields.insert("*".to_owned(), own)),
            // What stood there is another way to say the same.
            ("auth" | "wait", _) => {}
            _ => {
                let Some(long) = long else {
                    let message = format!("`{around}` holds a single value: it has no `{}`", tokens[0]);
                    return Err(EditError::new(message));
                };
                fields.insert(long.to_owned(), own);
            }
        }
    }
    fields.insert(tokens[0].clone(), nest(&tokens[1..], value.clone()));
    Ok(Value::Object(fields))
}

/// Takes out what a key of a step, or of the flow, leads to.
pub(super) fn remove_at(draft: &mut Draft<'_, '_>, step: &str, key: &str) -> Result<(), EditError> {
    let tree = draft.tree;
    let absent = || EditError::new(format!("there is no key `{key}`"));
    let node = path::step_or_flow(tree, step)?.ok_or_else(absent)?;
    let tokens = path::tokens(key)?;
    let (name, around) = tokens.split_last().ok_or_else(absent)?;
    let parent = path::below(tree, node, around)?.ok_or_else(absent)?;
    if tree.is_list(parent) {
        let index = name
            .parse::<usize>()
            .ok()
            .filter(|index| *index < tree.items(parent).len())
            .ok_or_else(absent)?;
        draft.cut_items(parent, &[index])?;
    } else {
        let position = tree.position(parent, name).ok_or_else(absent)?;
        draft.cut_entry(parent, position)?;
    }
    if !step.is_empty() {
        draft.select_node(node);
    }
    Ok(())
}

impl Draft<'_, '_> {
    /// Gives a node a value, and leaves alone what is the same in both.
    pub(super) fn set_value(&mut self, node: Id, value: &Value) -> Result<(), EditError> {
        let tree = self.tree;
        let wanted = Meaning::of_value(value);
        if Meaning::of(tree, node)? == wanted {
            return Ok(());
        }
        match (&tree.node(node).data, value) {
            (Data::Map(map), Value::Object(fields)) => {
                let shared = map
                    .entries
                    .iter()
                    .any(|entry| fields.contains_key(tree.key(entry)));
                if !shared || map.form == Form::Pair {
                    return self.replace_value(node, value);
                }
                for (name, value) in fields {
                    match tree.get(node, name) {
                        Some(own) => self.set_value(own, value)?,
                        None => drop(self.put_value(node, position_for(tree, node, name), name, value)?),
                    }
                }
                for (position, entry) in map.entries.iter().enumerate() {
                    if !fields.contains_key(tree.key(entry)) {
                        self.cut_entry(node, position)?;
                    }
                }
                Ok(())
            }
            (Data::List(list), Value::Array(items)) if !items.is_empty() && !list.items.is_empty() => {
                self.set_items(node, items)
            }
            _ => self.replace_value(node, value),
        }
    }

    fn set_items(&mut self, list: Id, items: &[Value]) -> Result<(), EditError> {
        let tree = self.tree;
        let old = tree.items(list);
        let is_same = |item: &super::tree::Item, value: &Value| {
            Meaning::of(tree, item.node).is_ok_and(|meaning| meaning == Meaning::of_value(value))
        };
        let front = old
            .iter()
            .zip(items)
            .take_while(|(item, value)| is_same(item, value))
            .count();
        let back = old[front..]
            .iter()
            .rev()
            .zip(items[front..].iter().rev())
            .take_while(|(item, value)| is_same(item, value))
            .count();
        let (old_end, new_end) = (old.len() - back, items.len() - back);
        let both = (old_end - front).min(new_end - front);
        if tree.form(list) != Some(Form::Block) && old.len() != items.len() {
            return self.replace_value(list, &Value::Array(items.to_vec()));
        }
        for at in front..front + both {
            self.set_value(old[at].node, &items[at])?;
        }
        if new_end > front + both {
            let chunks: Vec<Chunk> = items[front + both..new_end]
                .iter()
                .map(|value| self.chunk_of(list, value))
                .collect();
            self.put_steps(&path::Place::List(list), front + both, &chunks)?;
        }
        let gone: Vec<usize> = (front + both..old_end).collect();
        if !gone.is_empty() {
            self.cut_items(list, &gone)?;
        }
        Ok(())
    }

    /// A value as an item of a list in lines.
    fn chunk_of(&self, list: Id, value: &Value) -> Chunk {
        let lines = write::item(value, 0, indents(self.tree, Some(list)));
        let newline = self.tree.newline();
        Chunk {
            text: lines.iter().flat_map(|line| [line.as_str(), newline]).collect(),
            column: 0,
            meanings: vec![Meaning::of_value(value)],
        }
    }

    fn append_item(&mut self, list: Id, value: &Value) -> Result<(), EditError> {
        let tree = self.tree;
        let count = tree.items(list).len();
        if tree.form(list) == Some(Form::Block) {
            let chunk = self.chunk_of(list, value);
            return self
                .put_steps(&path::Place::List(list), count, &[chunk])
                .map(drop);
        }
        self.means_items(list, count, vec![Meaning::of_value(value)]);
        match tree.items(list).last() {
            Some(end) => self.insert(tree.node(end.node).end, format!(", {}", in_brackets(value))),
            None => self.insert(tree.node(list).at + 1, in_brackets(value)),
        }
        Ok(())
    }

    /// Gives a node a value; nothing of what stood there stays.
    pub(super) fn replace_value(&mut self, id: Id, value: &Value) -> Result<(), EditError> {
        let tree = self.tree;
        let node = tree.node(id);
        let style = match value {
            Value::String(_) => tree
                .scalar(id)
                .filter(|_| node.end > node.at)
                .map(|scalar| scalar.style),
            _ => None,
        };
        // A number or nothing was no text in a style.
        let style = style.filter(|style| *style != Style::Plain || tree.str(id).is_some());
        self.means_value(id, Meaning::of_value(value));
        let entry = tree.entry_of(id);
        if tree.is_in_flow(id) {
            let text = match value {
                Value::String(text) => {
                    let style = style.filter(|style| !matches!(style, Style::Literal | Style::Folded));
                    scalar::line(text, style, true)
                }
                value => in_brackets(value),
            };
            match entry.map(|(map, position)| tree.entries(map)[position]) {
                Some(entry) if node.end == node.lead => match entry.colon {
                    Some(colon) => self.insert(colon, format!(" {text}")),
                    None => self.insert(tree.node(entry.key).end, format!(": {text}")),
                },
                _ => self.replace(node.lead..node.end, text),
            }
            return Ok(());
        }
        let newline = tree.newline();
        if let Some((list, index)) = tree.item_of(id) {
            let dash = tree.items(list)[index].dash;
            let column = tree.column(dash);
            let end = node.end.max(dash + 1);
            let is_block = tree.form(id) == Some(Form::Block);
            let whole = if is_block { tree.line_end(end) } else { end };
            if value.is_array() || value.is_object() {
                let lines = write::item(value, column, indents(tree, Some(list)));
                self.replace(dash..whole, lines.join(newline).trim_start());
                return Ok(());
            }
            let written = scalar::write(value, style, scalar::Place::Block(column + 2));
            let below: String = written
                .lines
                .iter()
                .flat_map(|line| [newline, line.as_str()])
                .collect();
            self.replace(dash..whole, format!("- {}", written.inline));
            self.insert(tree.line_end(whole), below);
            return Ok(());
        }
        let Some((map, position)) = entry else {
            return Err(EditError::new(
                "the flow itself cannot be replaced here: set its keys",
            ));
        };
        let entry = tree.entries(map)[position];
        let colon = entry
            .colon
            .ok_or_else(|| EditError::new("this key has no colon"))?;
        let column = tree.column(tree.node(entry.key).lead);
        let written = behind_key(value, style, column, indents(tree, Some(map)));
        let below: String = written
            .lines
            .iter()
            .flat_map(|line| [newline, line.as_str()])
            .collect();
        let inline = if written.inline.is_empty() {
            String::new()
        } else {
            format!(" {}", written.inline)
        };
        let is_block = tree.form(id) == Some(Form::Block);
        let old_style = tree.scalar(id).map(|scalar| scalar.style);
        if is_block || matches!(old_style, Some(Style::Literal | Style::Folded)) {
            // The head stays on the key's line, with its comment; everything below is new.
            let head = if is_block {
                colon..colon
            } else {
                let header = &tree.text[node.at..tree.line_end(node.at)];
                colon..node.at + header.find([' ', '\t']).unwrap_or(header.len())
            };
            let line_end = tree.line_end(head.end);
            // A comment behind the last of what stood there is about that.
            let end = if is_block {
                tree.line_end(node.end)
            } else {
                node.end
            };
            self.replace(head, inline);
            self.replace(line_end..end.max(line_end), below);
        } else {
            let start = if node.end > node.lead && !inline.is_empty() {
                node.lead
            } else {
                colon
            };
            let inline = if start == colon { inline } else { written.inline };
            let end = node.end.max(colon);
            self.replace(start..end, inline);
            if !below.is_empty() {
                self.insert(tree.line_end(end), below);
            }
        }
        Ok(())
    }
}
