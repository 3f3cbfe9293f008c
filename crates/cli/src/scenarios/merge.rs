//! What a scenario adds to files of a workspace that are there. What stands in them stays as it is, comments too: entries are put
//! behind the last one of their kind.

use lockgate_flow::source::Source;
use lockgate_flow::yaml::{Entry, Limits, Node, load};

/// The keys of the workspace file whose entries are put together.
const MAPS: [&str; 2] = ["connections", "config"];

/// A workspace file with more in it.
pub(super) struct Merged {
    pub(super) text: String,
    pub(super) notes: Vec<String>,
}

/// Adds the connections and constants that `theirs` has and `ours` lacks. An entry of the same name stays as it is in `ours`.
///
/// # Errors
/// One of the files cannot be read, a connection of the same name has another type, or the place to add to cannot be found for
/// sure (a map on one line).
pub(super) fn workspace_file(ours: &str, theirs: &str) -> Result<Merged, ()> {
    let mut merged = Merged {
        text: ours.to_owned(),
        notes: Vec::new(),
    };
    for key in MAPS {
        let wanted = read(theirs)?;
        let Some(wanted) = entry(&wanted, key) else {
            continue;
        };
        // Read anew each time: places move.
        let there = read(&merged.text)?;
        let there = entry(&there, key);
        let mut missing = Vec::new();
        for wanted in wanted.value.as_map().ok_or(())? {
            let same = there
                .and_then(|there| there.value.as_map())
                .into_iter()
                .flatten()
                .find(|entry| entry.key.text == wanted.key.text);
            match same {
                None => missing.push(wanted),
                Some(same) if key == "connections" => {
                    let type_of = |entry: &Entry| {
                        entry
                            .value
                            .as_map()?
                            .iter()
                            .find(|setting| setting.key.text == "type")
                            .map(|setting| setting.value.to_value())
                    };
                    if type_of(same) != type_of(wanted) {
                        return Err(());
                    }
                }
                Some(same) => {
                    if same.value.to_value() != wanted.value.to_value() {
                        merged.notes.push(format!(
                            "`config.{}` stays {}; the scenario has {}",
                            wanted.key.text,
                            same.value.to_value(),
                            wanted.value.to_value()
                        ));
                    }
                }
            }
        }
        if missing.is_empty() {
            continue;
        }
        let blocks: Vec<Block<'_>> = missing.iter().map(|entry| block(theirs, entry)).collect();
        merged.text = add(&merged.text, key, there, &blocks)?;
    }
    // What is written must be read as what was meant.
    let (before, after) = (value(ours)?, value(&merged.text)?);
    let is_kept = before.as_object().is_some_and(|before| {
        before.iter().all(|(key, value)| match value {
            serde_json::Value::Object(entries) if MAPS.contains(&key.as_str()) => entries
                .iter()
                .all(|(name, entry)| after[key.as_str()].get(name) == Some(entry)),
            value => after.get(key) == Some(value),
        })
    });
    if is_kept { Ok(merged) } else { Err(()) }
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

fn read(text: &str) -> Result<Node, ()> {
    let loaded = load(&Source::new("lockgate.yaml", text), Limits::default());
    loaded.root.filter(|_| loaded.diagnostics.is_empty()).ok_or(())
}

fn value(text: &str) -> Result<serde_json::Value, ()> {
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
fn add(text: &str, key: &str, there: Option<&Entry>, blocks: &[Block<'_>]) -> Result<String, ()> {
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
            let last = there.value.as_map().and_then(<[Entry]>::last).ok_or(())?;
            let key_line = line_of(text, there.key.span.start as usize);
            let first = there.value.as_map().and_then(<[Entry]>::first).ok_or(())?;
            if line_of(text, first.key.span.start as usize) == key_line {
                // `connections: { a: …, b: … }`
                return Err(());
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
        for ours in [
            "version: 1\nconnections: { auth0: { type: auth0 } }\n",
            "version: 1\nconnections:\n  stripe: { type: http }\n",
            "version: 1\nconnections: 3\n",
            ": :\n  - [",
        ] {
            assert!(workspace_file(ours, THEIRS).is_err(), "{ours}");
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
