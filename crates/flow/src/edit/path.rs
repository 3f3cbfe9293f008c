//! Structural paths and JSON Pointers → nodes, and back. The paths are those that the reader of flows gives to steps.

use super::change::EditError;
use super::tree::{Data, Id, Tree};
use crate::syntax::path_segment;

/// What a slot's list is.
#[derive(Debug)]
pub(super) enum Place {
    /// A list that is there.
    List(Id),
    /// Keys that are missing in a map; the last holds the list.
    Missing { map: Id, keys: Vec<String> },
    /// A scalar stands where the list, or a map with these keys, belongs: nothing, or `continue`.
    Instead { node: Id, keys: Vec<String> },
    /// An `on_error` for all errors, beside which one for a code is to stand.
    Beside { all: Id, code: String },
    /// The file has nothing in it.
    Empty { keys: Vec<String> },
}

/// The steps that a path names.
pub(super) fn step(tree: &Tree<'_>, path: &str) -> Result<Id, EditError> {
    let absent = || EditError::new(format!("there is no step `{path}`"));
    let (list, index) = path.rsplit_once('/').ok_or_else(absent)?;
    let index: usize = index.parse().map_err(|_| absent())?;
    match place(tree, list) {
        Ok(Place::List(list)) => tree
            .items(list)
            .get(index)
            .map(|item| item.node)
            .ok_or_else(absent),
        _ => Err(absent()),
    }
}

/// A step, or the flow itself for the empty path. `None` is the flow of an empty file.
pub(super) fn step_or_flow(tree: &Tree<'_>, path: &str) -> Result<Option<Id>, EditError> {
    if path.is_empty() {
        Ok(tree.root)
    } else {
        step(tree, path).map(Some)
    }
}

/// The list that a path names.
pub(super) fn place(tree: &Tree<'_>, path: &str) -> Result<Place, EditError> {
    let absent = || EditError::new(format!("there is no place `{path}` for steps"));
    let mut segments = path.split('/').peekable();
    let first = segments
        .next()
        .filter(|first| matches!(*first, "steps" | "on_error"))
        .ok_or_else(absent)?;
    let mut keys = vec![first];
    let mut map = match tree.root {
        None => {
            return match segments.next() {
                None => Ok(Place::Empty {
                    keys: vec![first.to_owned()],
                }),
                Some(_) => Err(absent()),
            };
        }
        Some(root) if tree.is_map(root) => root,
        Some(root) if tree.is_null(root) => {
            return Ok(Place::Instead {
                node: root,
                keys: vec![first.to_owned()],
            });
        }
        Some(_) => return Err(EditError::new("the file is no flow: it must be a map")),
    };
    loop {
        let at = descend(tree, map, &keys).ok_or_else(absent)?;
        let Some(index) = segments.next() else {
            return Ok(at);
        };
        let Place::List(list) = at else {
            return Err(absent());
        };
        let index: usize = index.parse().map_err(|_| absent())?;
        map = tree
            .items(list)
            .get(index)
            .map(|item| item.node)
            .ok_or_else(absent)?;
        if !tree.is_map(map) {
            return Err(absent());
        }
        keys = match segments.next().ok_or_else(absent)? {
            key @ ("then" | "else" | "default") => vec![key],
            key @ ("cases" | "parallel") => vec![key, segments.next().ok_or_else(absent)?],
            "each" => match (segments.next(), segments.next()) {
                (Some("#"), Some("steps")) => vec!["steps"],
                _ => return Err(absent()),
            },
            "on_error" => {
                // A list for all errors goes on with an index, a map with a code; in a map `"*"` is for all.
                let handlers = tree.get(map, "on_error");
                let has_codes = handlers.is_some_and(|node| tree.is_map(node));
                let is_index = segments.peek().is_none_or(|next| next.parse::<usize>().is_ok());
                match segments.peek() {
                    None if has_codes => vec!["on_error", "*"],
                    None => vec!["on_error"],
                    Some(_) if is_index && !has_codes => vec!["on_error"],
                    Some(_) => vec!["on_error", segments.next().ok_or_else(absent)?],
                }
            }
            _ => return Err(absent()),
        };
    }
}

/// Follows keys from a map; they are written as in paths.
fn descend(tree: &Tree<'_>, map: Id, keys: &[&str]) -> Option<Place> {
    let mut map = map;
    for (nth, key) in keys.iter().enumerate() {
        let found = tree
            .entries(map)
            .iter()
            .find(|entry| tree.key(entry) == unescape(key));
        let missing = || keys[nth..].iter().map(|key| unescape(key)).collect();
        let Some(value) = found.map(|entry| entry.value) else {
            return Some(Place::Missing { map, keys: missing() });
        };
        let rest: Vec<String> = keys[nth + 1..].iter().map(|key| unescape(key)).collect();
        match &tree.node(value).data {
            Data::Map(_) if !rest.is_empty() => map = value,
            Data::List(_) if rest.is_empty() => return Some(Place::List(value)),
            Data::List(list) if *key == "on_error" && !list.items.is_empty() => {
                // `"*"` is what the list is already.
                return Some(match rest.into_iter().next() {
                    Some(code) if code != "*" => Place::Beside { all: value, code },
                    _ => Place::List(value),
                });
            }
            Data::List(list) if list.items.is_empty() => {
                return Some(Place::Instead {
                    node: value,
                    keys: rest,
                });
            }
            Data::Scalar(scalar) if scalar.is_null() || scalar.text == "continue" => {
                return Some(match rest.first() {
                    Some(code) if code != "*" && scalar.text == "continue" => Place::Beside {
                        all: value,
                        code: code.clone(),
                    },
                    _ => Place::Instead {
                        node: value,
                        keys: if scalar.text == "continue" {
                            Vec::new()
                        } else {
                            rest
                        },
                    },
                });
            }
            _ => return None,
        }
    }
    None
}

/// A segment of a path as the key that it stands for.
fn unescape(segment: &str) -> String {
    segment
        .replace("%40", "@")
        .replace("%23", "#")
        .replace("%2F", "/")
        .replace("%25", "%")
}

/// The structural path of the step at child positions from the root; `None` where there is none.
pub(super) fn of_way(tree: &Tree<'_>, way: &[usize]) -> Option<String> {
    // The key at a position of a map, and its value.
    let child = |map: Id, at: Option<&usize>| {
        let entry = tree.entries(map).get(*at?)?;
        Some((tree.key(entry), entry.value))
    };
    let mut way = way.iter();
    let mut path = String::new();
    let mut node = tree.root?;
    let mut is_step = false;
    loop {
        let Some(position) = way.next() else {
            // Something else than a step may stand in a list of steps; nobody sees it.
            let is_map = match &tree.node(node).data {
                Data::Alias(target) => tree.is_map(*target),
                _ => tree.is_map(node),
            };
            return (is_step && is_map).then_some(path);
        };
        let (key, value) = child(node, Some(position))?;
        let mut list = value;
        match key {
            "steps" | "on_error" if !is_step => path.push_str(key),
            _ if !is_step => return None,
            "then" | "else" | "default" => path = format!("{path}/{key}"),
            "steps" => path.push_str("/each/#/steps"),
            "cases" | "parallel" => {
                let (name, inner) = child(value, way.next())?;
                path = format!("{path}/{key}/{}", path_segment(name));
                list = inner;
            }
            "on_error" => {
                path.push_str("/on_error");
                if tree.is_map(value) {
                    let (code, inner) = child(value, way.next())?;
                    path = format!("{path}/{}", path_segment(code));
                    list = inner;
                }
            }
            // Not in a list of steps: the step around it.
            _ => return Some(path),
        }
        let index = *way.next()?;
        node = tree.items(list).get(index)?.node;
        path = format!("{path}/{index}");
        is_step = true;
    }
}

/// A JSON Pointer (RFC 6901) as its tokens.
pub(super) fn tokens(pointer: &str) -> Result<Vec<String>, EditError> {
    match pointer.strip_prefix('/') {
        Some(rest) => Ok(rest
            .split('/')
            .map(|token| token.replace("~1", "/").replace("~0", "~"))
            .collect()),
        None if pointer.is_empty() => Ok(Vec::new()),
        None => Err(EditError::new(format!(
            "`{pointer}` is no key: it begins with `/`"
        ))),
    }
}

/// What these keys lead to from a node; `None` where it is not there.
pub(super) fn below(tree: &Tree<'_>, node: Id, tokens: &[String]) -> Result<Option<Id>, EditError> {
    let mut node = node;
    for token in tokens {
        let next = match &tree.node(node).data {
            Data::List(list) => token
                .parse::<usize>()
                .ok()
                .and_then(|index| list.items.get(index))
                .map(|item| item.node),
            _ => tree.get(node, token),
        };
        let Some(next) = next else { return Ok(None) };
        if let Data::Alias(_) = tree.node(next).data {
            return Err(alias());
        }
        node = next;
    }
    Ok(Some(node))
}

pub(super) fn alias() -> EditError {
    EditError::new("an alias stands here (`*name`): write its value out first")
}
