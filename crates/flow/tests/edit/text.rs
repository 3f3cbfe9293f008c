//! Questions about texts.

use std::collections::BTreeSet;

use lockgate_flow::edit::Change;
use lockgate_flow::source::{Source, Span};
use lockgate_flow::yaml::{Limits, load};

/// The changes that give back the text before.
pub(crate) fn inverse(before: &str, changes: &[Change]) -> Vec<Change> {
    let (mut grown, mut shrunk) = (0, 0);
    changes
        .iter()
        .map(|change| {
            let start = change.span.start as usize + grown - shrunk;
            let old = &before[change.span.range()];
            grown += change.text.len();
            shrunk += old.len();
            Change {
                span: Span::new(start, start + change.text.len()),
                text: old.to_owned(),
            }
        })
        .collect()
}

/// The codes of what YAML itself finds.
pub(crate) fn mistakes(text: &str) -> BTreeSet<&'static str> {
    let loaded = load(&Source::new("flows/it.yaml", text), Limits::default());
    loaded
        .diagnostics
        .iter()
        .map(|finding| finding.code.as_str())
        .collect()
}

/// The comments: those in lines of their own, and those that were put in for the test. Each as often as it stands there.
pub(crate) fn notes(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some(at) = line.find("note-") {
            let end = line[at..].find('!').unwrap_or(0);
            found.push(line[at..at + end].to_owned());
        } else if line.trim_start().starts_with("# ") && !line.contains("no comment") {
            found.push(line.trim().to_owned());
        }
    }
    found
}

/// How many lines stand in the first text only, and in the second only.
pub(crate) fn differing_lines(before: &str, after: &str) -> (usize, usize) {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let mut common = vec![0_usize; new.len() + 1];
    for line in &old {
        let mut diagonal = 0;
        for (at, other) in new.iter().enumerate() {
            let above = common[at + 1];
            common[at + 1] = if line == other {
                diagonal + 1
            } else {
                above.max(common[at])
            };
            diagonal = above;
        }
    }
    let same = common[new.len()];
    (old.len() - same, new.len() - same)
}

/// The lines of a stretch, with the comments directly above and those below that stand deeper.
pub(crate) fn with_comments(text: &str, span: Span) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let at = |offset: usize| text[..offset.min(text.len())].matches('\n').count();
    let (mut first, mut last) = (at(span.start as usize), at((span.end as usize).max(1) - 1));
    let is_comment = |line: &str| line.trim_start().starts_with('#');
    // The dash of `-\n  key: …` stands above its step.
    let column = lines[first].len() - lines[first].trim_start().len();
    while first > 0 && (is_comment(lines[first - 1]) || lines[first - 1].trim() == "-") {
        first -= 1;
    }
    while let Some(line) = lines.get(last + 1) {
        let deeper = line.len() - line.trim_start().len() + 1 >= column;
        if !(line.trim().is_empty() || is_comment(line) && deeper) {
            break;
        }
        last += 1;
    }
    lines[first..=last.min(lines.len() - 1)].concat() + "\n"
}

/// The lines of the value at a pointer.
pub(crate) fn of_value(text: &str, pointer: &str) -> String {
    let root = load(&Source::new("flows/it.yaml", text), Limits::default())
        .root
        .unwrap();
    let node = root.at_pointer(pointer);
    let start = text[..node.span.start as usize].rfind(':').unwrap_or(0);
    with_comments(text, Span::new(start, node.span.end as usize))
}

/// The lines of a key with its value, and of the keys around that have nothing else in them.
pub(crate) fn of_entry(text: &str, pointer: &str) -> String {
    let root = load(&Source::new("flows/it.yaml", text), Limits::default())
        .root
        .unwrap();
    let mut found = String::new();
    let mut pointer = pointer.to_owned();
    while let Some((parent, key)) = pointer.rsplit_once('/') {
        let node = root.at_pointer(parent);
        let key = key.replace("~1", "/").replace("~0", "~");
        let entry = node
            .as_map()
            .and_then(|entries| entries.iter().find(|entry| entry.key.text == key));
        let span = entry.map_or_else(
            || root.at_pointer(&pointer).span,
            lockgate_flow::yaml::Entry::span,
        );
        found.push_str(&with_comments(text, span));
        if node.as_map().is_none_or(|entries| entries.len() > 1) {
            break;
        }
        pointer = parent.to_owned();
    }
    found
}

/// Whether the list of a structural path, or something around it, stands in brackets.
pub(crate) fn is_in_brackets(text: &str, list: &str) -> bool {
    let source = Source::new("flows/it.yaml", text);
    let root = load(&source, Limits::default()).root.unwrap();
    let pointer = crate::model::pointer(list);
    let mut at = String::new();
    pointer.split('/').skip(1).any(|token| {
        at = format!("{at}/{token}");
        source.slice(root.at_pointer(&at).span).starts_with(['[', '{'])
    })
}

/// Whether a key is written in another way than it would be now.
pub(crate) fn has_odd_keys(text: &str) -> bool {
    text.starts_with("---")
}
