//! The expression around a cursor: which word of it, what stands before.
//!
//! Words and brackets only: an expression that is being typed is none that a parser reads.

use std::ops::Range;

/// An expression around a cursor, in a text with expressions or alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Within {
    /// What stands between the braces; of a bare expression, all of it.
    pub(super) inner: Range<usize>,
    /// Whether the braces are closed.
    pub(super) is_closed: bool,
    /// The blocks that are open there, outermost first: their name and their subject.
    pub(super) blocks: Vec<(String, String)>,
}

/// A word of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) span: Range<usize>,
    pub(super) kind: WordKind,
    /// Whether it comes first: between the braces, or behind a `(`.
    pub(super) is_first: bool,
    /// Of the call that it is an argument of: the name.
    pub(super) function: Option<String>,
    /// The other words of that call.
    pub(super) others: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WordKind {
    /// A name, a path, a number; empty where nothing is written yet.
    Name,
    /// Inside of quotes.
    Text,
    /// `#if`, `/if`, `else`
    Block,
}

/// The expression that a cursor stands in; `None` in plain text. A `{{` that is not closed ends with its line.
pub(super) fn in_template(text: &str, cursor: usize) -> Option<Within> {
    let mut blocks: Vec<(String, String)> = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find("{{") {
        let open = at + found;
        if open + 2 > cursor {
            return None;
        }
        let is_escaped = text[..open].ends_with('\\') && !text[..open].ends_with("\\\\");
        let start = open + 2;
        let (end, is_closed) = tag_end(text, start);
        at = if is_closed { end + 2 } else { end };
        if is_escaped {
            at = start;
            continue;
        }
        if cursor <= end {
            return Some(Within {
                inner: start..end,
                is_closed,
                blocks,
            });
        }
        let inner = text[start..end].trim_matches(['~', ' ', '\n']);
        if let Some(opened) = inner.strip_prefix('#') {
            let (name, subject) = opened.trim().split_once(' ').unwrap_or((opened.trim(), ""));
            blocks.push((name.to_owned(), subject.trim().to_owned()));
        } else if inner.starts_with('/') {
            blocks.pop();
        }
        if at >= text.len() {
            return None;
        }
    }
    None
}

/// Where the braces close, or where what is between them ends without.
fn tag_end(text: &str, start: usize) -> (usize, bool) {
    let mut quote = None;
    for (at, char) in text[start..].char_indices() {
        let here = start + at;
        match (quote, char) {
            (Some(open), char) if char == open => quote = None,
            (None, '"' | '\'') => quote = Some(char),
            (None, '}') if text[here..].starts_with("}}") => return (here, true),
            (None, '{') if text[here..].starts_with("{{") => return (here, false),
            (_, '\n') => {
                // A quote that lacks its other one hides the braces.
                let line = &text[start..here];
                return line.find("}}").map_or((here, false), |end| (start + end, true));
            }
            _ => {}
        }
    }
    let rest = &text[start..];
    match rest.find("}}") {
        Some(end) if quote.is_some() => (start + end, true),
        _ => (text.len(), false),
    }
}

/// An expression without braces; with them, what is between.
pub(super) fn bare(text: &str, cursor: usize) -> Option<Within> {
    if text.trim_start().starts_with("{{") {
        return in_template(text, cursor);
    }
    Some(Within {
        inner: 0..text.len(),
        is_closed: true,
        blocks: Vec::new(),
    })
}

/// The word at a cursor.
pub(super) fn word(text: &str, within: &Within, cursor: usize) -> Word {
    let mut calls: Vec<Vec<Range<usize>>> = vec![Vec::new()];
    let inner = within.inner.clone();
    let mut at = inner.start;
    let mut found: Option<(Range<usize>, WordKind)> = None;
    while at < inner.end {
        let Some(char) = text[at..inner.end].chars().next() else {
            break;
        };
        let next = at + char.len_utf8();
        match char {
            '(' | ')' if at >= cursor => break,
            '(' => calls.push(Vec::new()),
            ')' => {
                let ended = calls.len() > 1;
                if ended {
                    calls.pop();
                }
            }
            '"' | '\'' => {
                let end = text[next..inner.end].find(char).map(|length| next + length);
                let stop = end.unwrap_or(inner.end);
                if cursor > at && cursor <= stop {
                    found = Some((next..stop, WordKind::Text));
                    break;
                }
                if at >= cursor {
                    break;
                }
                add(&mut calls, at..end.map_or(stop, |end| end + 1));
                at = end.map_or(stop, |end| end + 1);
                continue;
            }
            char if char.is_whitespace() || matches!(char, '~' | '}' | '|' | ']') => {}
            _ => {
                if at > cursor {
                    break;
                }
                let end = name_end(text, at, inner.end).max(next);
                if cursor <= end {
                    found = Some((at..end, WordKind::Name));
                    break;
                }
                add(&mut calls, at..end);
                at = end;
                continue;
            }
        }
        at = next;
    }
    let (span, kind) = found.unwrap_or((cursor..cursor, WordKind::Name));
    let call = calls.pop().unwrap_or_default();
    let mut words: Vec<&str> = call.iter().map(|range| &text[range.clone()]).collect();
    // The name of a block is not an argument.
    if words
        .first()
        .is_some_and(|first| first.starts_with('#') || *first == "else")
    {
        words.remove(0);
    }
    let is_block = call.is_empty() && calls.is_empty() && text[span.clone()].starts_with(['#', '/']);
    Word {
        kind: if is_block { WordKind::Block } else { kind },
        is_first: words.is_empty() && kind == WordKind::Name,
        function: words.first().map(|first| (*first).to_owned()),
        others: words.into_iter().skip(1).map(str::to_owned).collect(),
        span,
    }
}

fn add(calls: &mut [Vec<Range<usize>>], word: Range<usize>) {
    if let Some(call) = calls.last_mut() {
        call.push(word);
    }
}

/// Where a name or path ends: names in brackets may have blanks in them.
fn name_end(text: &str, start: usize, limit: usize) -> usize {
    let mut in_brackets = false;
    for (at, char) in text[start..limit].char_indices() {
        match char {
            '[' => in_brackets = true,
            ']' => in_brackets = false,
            '(' | ')' | '"' | '\'' | '~' | '}' | '|' if !in_brackets => return start + at,
            char if char.is_whitespace() && !in_brackets => return start + at,
            _ => {}
        }
    }
    if in_brackets {
        let name = &text[start..limit];
        return start + name.find(char::is_whitespace).unwrap_or(name.len());
    }
    limit
}

/// The segments of a path with their places in it.
pub(super) fn segments(path: &str) -> Vec<(String, Range<usize>)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < path.len() {
        if path[at..].starts_with('[') {
            let end = path[at..].find(']').map_or(path.len(), |length| at + length);
            found.push((path[at + 1..end].to_owned(), at + 1..end));
            at = (end + 1).min(path.len());
        } else {
            let end = path[at..]
                .find(['.', '/', '['])
                .map_or(path.len(), |length| at + length);
            found.push((path[at..end].to_owned(), at..end));
            at = end;
        }
        if path[at..].starts_with(['.', '/']) {
            at += 1;
            if at == path.len() {
                found.push((String::new(), at..at));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(marked: &str, expected: &str) {
        let cursor = marked.find('¦').unwrap();
        let text = marked.replace('¦', "");
        let Some(within) = in_template(&text, cursor) else {
            assert_eq!("plain", expected, "{marked}");
            return;
        };
        let word = word(&text, &within, cursor);
        let blocks: Vec<String> = within
            .blocks
            .iter()
            .map(|(name, of)| format!("{name} {of}"))
            .collect();
        let shown = format!(
            "{:?}({}){}{} {}",
            word.kind,
            &text[word.span.clone()],
            if word.is_first { "^" } else { "" },
            if within.is_closed { "" } else { "…" },
            [word.function.into_iter().collect(), word.others, blocks]
                .concat()
                .join(",")
        );
        assert_eq!(shown.trim_end(), expected, "{marked}");
    }

    #[test]
    fn words_are_found() {
        check("a ¦", "plain");
        check("{¦{x}}", "plain");
        check("{{¦}}", "Name()^");
        check("{{ ¦ }}", "Name()^");
        check("{{input.¦}}", "Name(input.)^");
        check("{{in¦put.a}}", "Name(input.a)^");
        check("{{input.a¦}} b", "Name(input.a)^");
        check("{{input.a}}¦", "plain");
        check("{{a}} {{¦b}}", "Name(b)^");
        check("{{input.¦", "Name(input.)^…");
        check("{{input.¦\nmore {{x}}", "Name(input.)^…");
        check("{{input.¦ {{x}}", "Name(input.)^…");
        check("{{eq ¦}}", "Name() eq");
        check("{{eq input.plan ¦}}", "Name() eq,input.plan");
        check("{{eq input.plan \"p¦\"}}", "Text(p) eq,input.plan");
        check("{{eq input.plan \"p¦}}", "Text(p) eq,input.plan");
        check("{{not (¦)}}", "Name()^");
        check("{{not (eq a ¦) b}}", "Name() eq,a");
        check("{{and (eq a b) ¦}}", "Name() and");
        check("{{#¦}}", "Block(#)^");
        check("{{#if ¦}}", "Name()^");
        check("{{#if a}}{{#each input.b}}{{¦}}", "Name()^ if a,each input.b");
        check("{{#if a}}{{/if}}{{¦}}", "Name()^");
        check("{{/¦", "Block(/)^…");
        check("{{input.[first na¦me]}}", "Name(input.[first name])^");
        check("{{lower input.email}¦", "Name()… lower,input.email");
        check("{{a|¦]", "Name()… a");
        check("\\{{¦", "plain");
        check("{{~ a¦ ~}}", "Name(a)^");
    }

    #[test]
    fn paths_have_segments() {
        let shown =
            |path: &str| -> Vec<String> { segments(path).into_iter().map(|(name, _)| name).collect() };
        assert_eq!(shown("input.a.0"), ["input", "a", "0"]);
        assert_eq!(shown("input.[first name].b"), ["input", "first name", "b"]);
        assert_eq!(shown("input."), ["input", ""]);
        assert_eq!(shown(""), Vec::<String>::new());
        assert_eq!(shown("input.[x"), ["input", "x"]);
        for path in ["..", "[", "[]", "a[b]c", "./a", "a..b", "ä.[ö"] {
            for (name, range) in segments(path) {
                assert_eq!(path[range], name);
            }
        }
    }
}
