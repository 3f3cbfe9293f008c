//! Finds the tags of a template and their places, and the mistakes that can be told from them alone.
//!
//! Handlebars' parser decides what is well-formed; but it reports one mistake in the words of its grammar, gives only
//! line and column, and recurses without a bound. So this scan runs before it.

use std::ops::Range;

use super::error::{ParseError, ParseErrorKind};
use super::limits::{MAX_NESTING, MAX_TAGS};

/// `{{…}}`
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tag {
    pub(super) kind: TagKind,
    /// With its braces.
    pub(super) span: Range<usize>,
    /// What is called or referred to: without braces, marks (`#`, `else`, `~`) and space around.
    pub(super) inner: Range<usize>,
}

/// What a tag is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TagKind {
    /// `{{x}}`, `{{{x}}}`, `{{&x}}`
    Expression,
    /// `{{! … }}`
    Comment,
    /// `{{#if x}}`
    Open,
    /// `{{else}}` or `{{^}}`
    Else,
    /// `{{else if x}}`
    ElseChain,
    /// `{{/if}}`
    Close,
}

/// Finds the tags of `text`, in order. Gives all mistakes that it finds.
pub(super) fn tags(text: &str) -> Result<Vec<Tag>, Vec<ParseError>> {
    let mut tags = Vec::new();
    let mut errors = Vec::new();
    let mut at = 0;
    while let Some(start) = next_opening(text, at) {
        if tags.len() + errors.len() == MAX_TAGS {
            let message = format!("more than {MAX_TAGS} expressions in one text");
            errors.push(ParseError::new(ParseErrorKind::Limit, start..start + 2, message));
            break;
        }
        match tag(text, start) {
            Ok(tag) => {
                at = tag.span.end;
                tags.push(tag);
            }
            Err((error, end)) => {
                errors.push(error);
                at = end;
            }
        }
    }
    if errors.is_empty() {
        check_blocks(text, &tags, &mut errors);
    }
    if errors.is_empty() { Ok(tags) } else { Err(errors) }
}

/// The next `{{` that is not escaped: `\{{` is text, `\\{{` is a backslash and a tag.
fn next_opening(text: &str, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let open = at + text[at..].find("{{")?;
        let backslashes = text[at..open]
            .bytes()
            .rev()
            .take_while(|byte| *byte == b'\\')
            .count();
        if backslashes != 1 {
            return Some(open);
        }
        at = open + if text[open..].starts_with("{{{{") { 4 } else { 2 };
    }
}

/// An error and where to go on.
type Failure = (ParseError, usize);

/// What Handlebars has and the flow language leaves out, by the sign that a tag or a block begins with: what it is, and
/// what to do instead.
fn left_out(rest: &str) -> Option<(&'static str, &'static str)> {
    match rest.bytes().next()? {
        b'>' => Some((
            "partials are not supported",
            "a flow has no partials; use a flow of its own and `call`",
        )),
        b'*' => Some((
            "decorators are not supported",
            "write the text where it is needed",
        )),
        _ => None,
    }
}

fn tag(text: &str, start: usize) -> Result<Tag, Failure> {
    let fail = |kind, message: &str, help: &str, end| {
        Err((ParseError::new(kind, start..end, message).help(help), end))
    };
    if text[start..].starts_with("{{{{") {
        let help = "for braces in the text, write `\\{{{{`";
        return fail(
            ParseErrorKind::Unsupported,
            "raw blocks are not supported",
            help,
            start + 4,
        );
    }
    let mut at = skip_space(text, start + 2);
    if text[start + 2..].starts_with('!') {
        return comment(text, start);
    }
    if text[at..].starts_with('~') {
        at = skip_space(text, at + 1);
    }
    let rest = &text[at..];
    if let Some((message, help)) = left_out(rest) {
        return fail(ParseErrorKind::Unsupported, message, help, at + 1);
    }
    let mut kind = TagKind::Expression;
    match rest.bytes().next() {
        Some(b'#') => {
            kind = TagKind::Open;
            at = skip_space(text, at + 1);
            if let Some((message, help)) = left_out(&text[at..]) {
                return fail(ParseErrorKind::Unsupported, message, help, at + 1);
            }
        }
        Some(b'/') => {
            kind = TagKind::Close;
            at = skip_space(text, at + 1);
        }
        Some(b'&') => at = skip_space(text, at + 1),
        Some(b'^') => {
            kind = TagKind::Else;
            at = skip_space(text, at + 1);
        }
        _ if starts_with_else(rest) => {
            kind = TagKind::Else;
            at = skip_space(text, at + "else".len());
        }
        _ => {}
    }
    let (content_end, end) = tag_end(text, start, at)?;
    let mut inner = at..content_end;
    if text[inner.clone()].starts_with('{') && text[inner.clone()].trim_end().ends_with('}') {
        // `{{{x}}}`: the inner pair says not to escape, which is nothing new here.
        inner = inner.start + 1..inner.start + text[inner].trim_end().len() - 1;
    }
    let content = &text[inner.clone()];
    inner.start += content.len() - content.trim_start().len();
    inner.end = inner.start + content.trim().len();
    if kind == TagKind::Else && !inner.is_empty() {
        kind = TagKind::ElseChain;
    }
    if inner.is_empty() && matches!(kind, TagKind::Expression | TagKind::Open | TagKind::Close) {
        let message = "there is nothing between the braces";
        let help = "write a path like `{{input.email}}`; for braces in the text, write `\\{{`";
        return fail(ParseErrorKind::Syntax, message, help, end);
    }
    Ok(Tag {
        kind,
        span: start..end,
        inner,
    })
}

fn starts_with_else(rest: &str) -> bool {
    rest.strip_prefix("else").is_some_and(|after| {
        after.starts_with(|next: char| next.is_ascii_whitespace() || next == '}' || next == '~')
    })
}

fn comment(text: &str, start: usize) -> Result<Tag, Failure> {
    let long = text[start..]
        .starts_with("{{!--")
        .then(|| text[start + 5..].find("--}}"))
        .flatten();
    let end = match long {
        Some(length) => Some(start + 5 + length + 4),
        None => text[start..].find("}}").map(|length| start + length + 2),
    };
    match end {
        Some(end) => Ok(Tag {
            kind: TagKind::Comment,
            span: start..end,
            inner: start..end,
        }),
        None => Err((unclosed(start), text.len())),
    }
}

fn unclosed(start: usize) -> ParseError {
    ParseError::syntax(start..start + 2, "this `{{` is never closed")
        .help("close it with `}}`; for braces in the text, write `\\{{`")
}

/// The end of the content and the end of the tag whose content starts at `from`.
fn tag_end(text: &str, start: usize, from: usize) -> Result<(usize, usize), Failure> {
    let mut brackets: Vec<(u8, usize)> = Vec::new();
    let mut at = from;
    let bytes = text.as_bytes();
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' | b'\'' => {
                let Some(end) = string_end(text, at) else {
                    let message = format!("the text that starts here has no closing {}", char::from(byte));
                    return Err((ParseError::syntax(at..at + 1, message), text.len()));
                };
                at = end;
                continue;
            }
            b'[' if is_key(text, from, at) => {
                let Some(length) = text[at..].find(']') else {
                    return Err((
                        ParseError::syntax(at..at + 1, "this `[` is never closed"),
                        text.len(),
                    ));
                };
                at += length;
            }
            b'(' | b'[' | b'{' => {
                if byte == b'{' && bytes.get(at + 1) == Some(&b'{') {
                    return Err((unclosed(start), at));
                }
                brackets.push((byte, at));
                if brackets.len() > MAX_NESTING {
                    let message = format!("nested more than {MAX_NESTING} deep");
                    return Err((
                        ParseError::new(ParseErrorKind::Limit, at..at + 1, message),
                        text.len(),
                    ));
                }
            }
            b'}' if brackets.last().is_none_or(|(open, _)| *open != b'{') => {
                if bytes.get(at + 1) != Some(&b'}') {
                    let message = "one `}` is missing here";
                    let error = ParseError::syntax(at..at + 1, message).help("an expression ends with `}}`");
                    return Err((error, at + 1));
                }
                if let Some((open, place)) = brackets.last() {
                    let message = format!("this `{}` is never closed", char::from(*open));
                    return Err((ParseError::syntax(*place..place + 1, message), at + 2));
                }
                let content = text[from..at].strip_suffix('~').unwrap_or(&text[from..at]);
                return Ok((from + content.len(), at + 2));
            }
            b')' | b']' | b'}' => {
                let expected = match byte {
                    b')' => b'(',
                    b']' => b'[',
                    _ => b'{',
                };
                if brackets.pop().map(|(open, _)| open) != Some(expected) {
                    let message = format!("this `{}` closes nothing", char::from(byte));
                    return Err((ParseError::syntax(at..at + 1, message), at + 1));
                }
            }
            _ => {}
        }
        at += 1;
    }
    Err((unclosed(start), text.len()))
}

/// Whether a `[` begins a field's name (`input.[odd key]`), and not a list.
fn is_key(text: &str, from: usize, at: usize) -> bool {
    if text[from..at].ends_with(['.', '/', '@']) {
        return true;
    }
    let inside = text[at + 1..].trim_start();
    let literal = inside.starts_with(['"', '\'', '[', '{', ']', '-'])
        || inside.starts_with(|next: char| next.is_ascii_digit())
        || ["true", "false", "null"]
            .iter()
            .any(|word| inside.starts_with(word));
    !literal
}

/// One past the closing quote of the string that starts at `at`.
pub(super) fn string_end(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let quote = *bytes.get(at)?;
    let mut end = at + 1;
    loop {
        match *bytes.get(end)? {
            b'\\' => end += 2,
            byte if byte == quote => return Some(end + 1),
            _ => end += 1,
        }
    }
}

/// One past the end of the literal that starts at `at`: a string, a list, an object, or a word.
pub(super) fn literal_end(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut end = at;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'"' | b'\'' => {
                end = string_end(text, end).unwrap_or(text.len());
                if depth == 0 {
                    return end;
                }
                continue;
            }
            b'[' | b'{' => depth += 1,
            b']' | b'}' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    return end + 1;
                }
            }
            byte if depth == 0 && (byte.is_ascii_whitespace() || b")}|~".contains(byte)) => return end,
            _ => {}
        }
        end += 1;
    }
    end.min(text.len())
}

/// The byte offset of the first character that is no white space, from `at`.
pub(super) fn skip_space(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    text.len().min(at) + rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len()
}

/// The first word of a tag.
fn name<'a>(text: &'a str, tag: &Tag) -> &'a str {
    let inner = &text[tag.inner.clone()];
    &inner[..inner.find([' ', '\t', '\n', '\r', '(']).unwrap_or(inner.len())]
}

/// A block that is open while its tags are checked.
struct OpenBlock<'t> {
    tag: &'t Tag,
    divided: bool,
    /// How deep it makes the tree: each `{{else if …}}` stands inside the one before.
    depth: usize,
}

/// Checks that blocks are opened, divided and closed in order, and not nested too deep.
fn check_blocks(text: &str, tags: &[Tag], errors: &mut Vec<ParseError>) {
    let mut open: Vec<OpenBlock<'_>> = Vec::new();
    let mut depth = 0;
    for tag in tags {
        match tag.kind {
            TagKind::Expression | TagKind::Comment => continue,
            TagKind::Open => {
                open.push(OpenBlock {
                    tag,
                    divided: false,
                    depth: 1,
                });
                depth += 1;
            }
            TagKind::Else | TagKind::ElseChain => match open.last_mut() {
                None => errors.push(ParseError::syntax(
                    tag.span.clone(),
                    "`{{else}}` outside of a block",
                )),
                Some(block) if block.divided => {
                    let message = "a second `{{else}}` in one block";
                    errors.push(ParseError::syntax(tag.span.clone(), message));
                }
                Some(block) if tag.kind == TagKind::Else => block.divided = true,
                Some(block) => {
                    block.depth += 1;
                    depth += 1;
                }
            },
            TagKind::Close => match open.pop() {
                None => {
                    let closes = name(text, tag);
                    let message = format!("`{{{{/{closes}}}}}` closes a block that was not opened");
                    errors.push(ParseError::syntax(tag.span.clone(), message));
                }
                Some(block) => {
                    depth -= block.depth;
                    errors.extend(mismatch(text, block.tag, tag));
                }
            },
        }
        if depth > MAX_NESTING {
            let message = format!("blocks nested more than {MAX_NESTING} deep");
            errors.push(ParseError::new(ParseErrorKind::Limit, tag.span.clone(), message));
            return;
        }
    }
    for OpenBlock { tag, .. } in open {
        let opened = name(text, tag);
        let message = format!("this `{{{{#{opened}}}}}` is never closed");
        let help = format!("close it with `{{{{/{opened}}}}}`");
        errors.push(ParseError::syntax(tag.span.clone(), message).help(help));
    }
}

/// What is wrong where a block is closed under another name.
fn mismatch(text: &str, opening: &Tag, closing: &Tag) -> Option<ParseError> {
    let (opened, closes) = (name(text, opening), name(text, closing));
    (opened != closes).then(|| {
        let message = format!("`{{{{/{closes}}}}}` closes a block that is opened as `{opened}`");
        ParseError::syntax(closing.span.clone(), message).help(format!("close it with `{{{{/{opened}}}}}`"))
    })
}
