//! What a scenario adds to files of a workspace that are there. What stands in them stays as it is, comments too: entries are put
//! behind the last one of their kind.

use lockgate_flow::source::Source;
use lockgate_flow::yaml::{Entry, Limits, Node, load};
use serde_json::Value;

/// The keys of the workspace file whose entries are put together.
const MAPS: [&str; 2] = ["connections", "config"];

/// A workspace file with more in it.
pub(super) struct Merged {
    pub(super) text: String,
    pub(super) notes: Vec<String>,
}

/// Adds the connections, their settings, and the constants that `theirs` has and `ours` lacks. What both have stays as it is in `ours`.
///
/// # Errors
/// Why not: one of the files cannot be read, a connection of the same name has another type, or the place to add to cannot be
/// found for sure (a map on one line).
pub(super) fn workspace_file(ours: &str, theirs: &str) -> Result<Merged, String> {
    let mut merged = Merged {
        text: ours.to_owned(),
        notes: Vec::new(),
    };
    for key in MAPS {
        let wanted = read(theirs).map_err(|reason| of_scenario(&reason))?;
        let Some(wanted) = entry(&wanted, key) else {
            continue;
        };
        let mut missing = Vec::new();
        let entries = wanted.value.as_map().ok_or_else(|| of_scenario(&no_map(key)))?;
        for wanted in entries {
            // Read anew each time: places move.
            let there = read(&merged.text)?;
            let there = entry(&there, key).and_then(|there| entry(&there.value, &wanted.key.text));
            match there {
                None => {
                    if key == "connections"
                        && let Some(other) = of_same_type(&read(&merged.text)?, wanted)
                    {
                        merged.notes.push(format!(
                            "`{other}` has the type of `{}`, which is added beside it: steps now have to say which they mean, \
                             with `connection`",
                            wanted.key.text
                        ));
                    }
                    missing.push(wanted);
                }
                Some(there) if key == "connections" => {
                    merged.text = connection(&merged.text, there, theirs, wanted)?;
                }
                Some(there) => {
                    let (ours, theirs) = (there.value.to_value(), wanted.value.to_value());
                    if ours != theirs {
                        let name = &wanted.key.text;
                        merged
                            .notes
                            .push(format!("`config.{name}` stays {ours}; the scenario has {theirs}"));
                    }
                }
            }
        }
        if missing.is_empty() {
            continue;
        }
        let there = read(&merged.text)?;
        let blocks: Vec<Block<'_>> = missing.iter().map(|entry| block(theirs, entry)).collect();
        merged.text = add(&merged.text, key, entry(&there, key), &blocks)?;
    }
    // What is written must be read as what was meant.
    if keeps(&value(ours)?, &value(&merged.text)?) {
        Ok(merged)
    } else {
        Err("adding to it would change what it says".to_owned())
    }
}

fn of_scenario(reason: &str) -> String {
    format!("the scenario's file: {reason}")
}

fn no_map(key: &str) -> String {
    format!("`{key}` is no map")
}

/// The name of a connection of a file that has the type of this one.
fn of_same_type(file: &Node, wanted: &Entry) -> Option<String> {
    let type_of = |connection: &Entry| Some(entry(&connection.value, "type")?.value.to_value());
    let connections = entry(file, "connections")?.value.as_map()?;
    connections
        .iter()
        .find(|connection| type_of(connection) == type_of(wanted))
        .map(|connection| connection.key.text.clone())
}

/// Whether a value has everything of another, and maps perhaps more.
fn keeps(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => before
            .iter()
            .all(|(key, value)| after.get(key).is_some_and(|after| keeps(value, after))),
        _ => before == after,
    }
}

/// Adds the settings that `theirs` has and the connection of the same name lacks; those that both have stay as they are.
///
/// # Errors
/// They have different types.
fn connection(text: &str, ours: &Entry, source: &str, theirs: &Entry) -> Result<String, String> {
    let type_of = |connection: &Entry| Some(entry(&connection.value, "type")?.value.to_value());
    if type_of(ours) != type_of(theirs) {
        let said = |kind: Option<Value>| kind.map_or_else(|| "none".to_owned(), |kind| kind.to_string());
        return Err(format!(
            "the connection `{}` has the type {} here, and {} in the scenario",
            ours.key.text,
            said(type_of(ours)),
            said(type_of(theirs)),
        ));
    }
    let missing = theirs
        .value
        .as_map()
        .into_iter()
        .flatten()
        .filter(|setting| entry(&ours.value, &setting.key.text).is_none());
    let blocks: Vec<Block<'_>> = missing.map(|setting| block(source, setting)).collect();
    if blocks.is_empty() {
        return Ok(text.to_owned());
    }
    add(text, "", Some(ours), &blocks)
}

/// Adds the lines that are not there, with the comments above them.
pub(super) fn lines(ours: &str, theirs: &str) -> String {
    let name = |line: &str| line.split('=').next().unwrap_or(line).trim().to_owned();
    let there: Vec<String> = ours.lines().map(name).collect();
    let mut text = ours.to_owned();
    let mut comments: Vec<&str> = Vec::new();
    for line in theirs.lines() {
        if line.trim().is_empty() || line.starts_with('#') {
            comments.push(line);
            continue;
        }
        let comments = std::mem::take(&mut comments);
        if there.contains(&name(line)) {
            continue;
        }
        end_line(&mut text);
        for line in comments.into_iter().chain([line]) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// An entry with the comments above it, and how far it is indented.
struct Block<'a> {
    indent: usize,
    lines: Vec<&'a str>,
}

fn read(text: &str) -> Result<Node, String> {
    let loaded = load(&Source::new("lockgate.yaml", text), Limits::default());
    match (loaded.root, loaded.diagnostics.first()) {
        (Some(root), None) => Ok(root),
        (_, Some(finding)) => Err(format!("it cannot be read as YAML: {}", finding.message)),
        (None, None) => Err("it is empty".to_owned()),
    }
}

fn value(text: &str) -> Result<Value, String> {
    read(text).map(|node| node.to_value())
}

fn entry<'a>(root: &'a Node, key: &str) -> Option<&'a Entry> {
    root.as_map()?.iter().find(|entry| entry.key.text == key)
}

/// The number of the line that a place is on, from 0.
fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count()
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The lines of an entry in block style, or of one that is on one line.
fn block<'a>(text: &'a str, entry: &Entry) -> Block<'a> {
    let lines: Vec<&str> = text.lines().collect();
    let first = line_of(text, entry.key.span.start as usize);
    let last = line_of(text, entry.value.span.end as usize).min(lines.len().saturating_sub(1));
    let indent = indent_of(lines[first]);
    let comments = lines[..first]
        .iter()
        .rev()
        .take_while(|line| line.trim_start().starts_with('#') && indent_of(line) == indent)
        .count();
    let mut lines = lines[first - comments..=last].to_vec();
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    Block { indent, lines }
}

/// Puts entries at the end of a map of the file, which is made where there is none.
fn add(text: &str, key: &str, there: Option<&Entry>, blocks: &[Block<'_>]) -> Result<String, String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let (at, indent) = match there {
        None => {
            while lines.last().is_some_and(|line| line.trim().is_empty()) {
                lines.pop();
            }
            lines.extend([String::new(), format!("{key}:")]);
            (lines.len(), 2)
        }
        Some(there) => {
            let name = &there.key.text;
            let entries = there.value.as_map().ok_or_else(|| no_map(name))?;
            let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
                return Err(format!(
                    "`{name}` is an empty map: leave it out, or write its entries below it"
                ));
            };
            let key_line = line_of(text, there.key.span.start as usize);
            if line_of(text, first.key.span.start as usize) == key_line {
                // `connections: { a: …, b: … }`
                return Err(format!(
                    "the entries of `{name}` stand on its own line: write each on a line below it"
                ));
            }
            let end = block(text, last);
            let last_line = line_of(text, last.key.span.start as usize);
            let own = end
                .lines
                .iter()
                .skip_while(|line| line.trim_start().starts_with('#'))
                .count();
            (last_line + own, end.indent)
        }
    };
    let new = blocks.iter().flat_map(|block| {
        block.lines.iter().map(move |line| {
            let line = line.get(block.indent..).unwrap_or(line.trim_start());
            format!("{}{line}", " ".repeat(indent)).trim_end().to_owned()
        })
    });
    let new: Vec<String> = new.collect();
    lines.splice(at..at, new);
    Ok(lines.join("\n") + "\n")
}

fn end_line(text: &mut String) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEIRS: &str = "version: 1\nconnections:\n  # The tenant.\n  auth0:\n    type: auth0\n    domain: ${AUTH0_DOMAIN}\n\n  # \
                          Payments.\n  stripe:\n    type: stripe\n    secret_key: ${STRIPE_KEY}\n\nconfig:\n  database: \
                          Users\n  plan: pro\n";

    #[track_caller]
    fn check(ours: &str, expected: &str) -> Vec<String> {
        let merged = workspace_file(ours, THEIRS).unwrap();
        assert_eq!(merged.text, expected);
        // Once more changes nothing.
        assert_eq!(
            workspace_file(&merged.text, THEIRS).map(|merged| merged.text),
            Ok(expected.to_owned())
        );
        merged.notes
    }

    #[test]
    fn what_is_missing_is_put_behind_what_is_there() {
        let notes = check(
            "# mine\nversion: 1\n\nconnections:\n    auth0:            # ours\n        type: auth0\n        domain: a\n\n# \
             constants\nconfig:\n  database: Mine\n# the end\n",
            "# mine\nversion: 1\n\nconnections:\n    auth0:            # ours\n        type: auth0\n        domain: a\n    # \
             Payments.\n    stripe:\n      type: stripe\n      secret_key: ${STRIPE_KEY}\n\n# constants\nconfig:\n  database: \
             Mine\n  plan: pro\n# the end\n",
        );
        assert_eq!(
            notes,
            ["`config.database` stays \"Mine\"; the scenario has \"Users\""]
        );
    }

    #[test]
    fn a_connection_gets_the_settings_that_it_lacks() {
        let merged = workspace_file(
            "connections:\n  auth0: # mine\n    type: auth0\n    # end\n\nconfig:\n  database: Users\n  plan: pro\n",
            "connections:\n  auth0:\n      type: auth0\n      # What the Action signs with.\n      secret: \
             ${SECRET}   # long\n      domain: ${DOMAIN}\n",
        );
        assert_eq!(
            merged.unwrap().text,
            "connections:\n  auth0: # mine\n    type: auth0\n    # What the Action signs with.\n    secret: ${SECRET}   # \
             long\n    domain: ${DOMAIN}\n    # end\n\nconfig:\n  database: Users\n  plan: pro\n"
        );
    }

    #[test]
    fn maps_that_are_not_there_are_made() {
        check(
            "version: 1\n",
            "version: 1\n\nconnections:\n  # The tenant.\n  auth0:\n    type: auth0\n    domain: ${AUTH0_DOMAIN}\n  # \
             Payments.\n  stripe:\n    type: stripe\n    secret_key: ${STRIPE_KEY}\n\nconfig:\n  database: Users\n  plan: \
             pro\n",
        );
    }

    #[test]
    fn what_cannot_be_put_together_for_sure_is_left() {
        for (ours, reason) in [
            (
                "version: 1\nconnections: { auth0: { type: auth0 } }\n",
                "the entries of `auth0` stand on its own line: write each on a line below it",
            ),
            (
                "version: 1\nconnections:\n  stripe: { type: http }\n",
                "the connection `stripe` has the type \"http\" here, and \"stripe\" in the scenario",
            ),
            ("version: 1\nconnections: 3\n", "`connections` is no map"),
            (
                "version: 1\nconnections: {}\n",
                "`connections` is an empty map: leave it out, or write its entries below it",
            ),
            (": :\n  - [", "it cannot be read as YAML: "),
            ("", "it is empty"),
        ] {
            let error = workspace_file(ours, THEIRS)
                .map(|merged| merged.text)
                .unwrap_err();
            assert!(error.starts_with(reason), "{ours}: {error}");
        }
    }

    #[test]
    fn variables_are_added_with_their_comments() {
        assert_eq!(
            lines("A=1", "# first\nA=\n\n# second\nB=\n"),
            "A=1\n\n# second\nB=\n"
        );
        assert_eq!(lines(".env\n", ".env\n"), ".env\n");
    }
}
