//! Text to [`Template`] and [`Expression`]: scan for tags, let Handlebars' own parser read them, lower its tree.

use handlebars::template::Parameter;
use handlebars::{Template as HandlebarsTemplate, TemplateError};
use serde_json::Value;

use super::ast::{BareExpression, Expression, Literal, Template};
use super::error::{ParseError, ParseErrorKind};
use super::limits::MAX_TEMPLATE_BYTES;
use super::lower::Lowering;
use super::scan::{self, Tag, TagKind};
use super::{foreign, functions};

impl Template {
    /// Parses a text that may hold expressions.
    ///
    /// # Errors
    /// All mistakes that were found, with their places in the text.
    pub fn parse(text: &str) -> Result<Self, Vec<ParseError>> {
        if !text.contains("{{") {
            return Ok(Self::Constant(Value::String(text.to_owned())));
        }
        check_length(text)?;
        let tags = scan::tags(text)?;
        compile(text, &tags)
            .and_then(|tree| Lowering::new(text, &tags).template(&tree))
            .map_err(|errors| with_our_words(text, &tags, errors))
    }
}

impl Expression {
    /// Parses a bare expression, as `if`, `switch` and `for_each` take it. Braces around it are accepted.
    ///
    /// # Errors
    /// All mistakes that were found, with their places in the text.
    pub fn parse(text: &str) -> Result<BareExpression, Vec<ParseError>> {
        Self::parse_exactly(text).map_err(|mut errors| {
            if let (Some(words), Some(first)) = (our_words(text), errors.first_mut()) {
                first.help = Some(format!("write `{words}`"));
                errors.truncate(1);
            }
            errors
        })
    }

    /// The same without a look at how other languages would write it.
    fn parse_exactly(text: &str) -> Result<BareExpression, Vec<ParseError>> {
        check_length(text)?;
        let trimmed = text.trim();
        let start = text.len() - text.trim_start().len();
        if trimmed.is_empty() {
            return Err(vec![
                ParseError::syntax(0..text.len(), "there is no expression here")
                    .help("write a path like `input.items` or a call like `eq input.plan \"pro\"`"),
            ]);
        }
        if trimmed.starts_with("{{") {
            return match Template::parse(trimmed).map_err(|errors| moved(errors, start, 0))? {
                Template::Expression(mut expression) => {
                    shift(&mut expression, start, 0);
                    Ok(BareExpression {
                        expression,
                        was_braced: true,
                    })
                }
                Template::Constant(_) | Template::Text(_) => Err(vec![
                    ParseError::syntax(start..start + trimmed.len(), "takes one expression, not a text")
                        .help("write the expression alone, without braces"),
                ]),
            };
        }
        if let Some(error) = stray_mark(trimmed, start) {
            return Err(vec![error]);
        }
        // Handlebars reads expressions between braces only.
        let braced = format!("{{{{{trimmed}}}}}");
        let tags = scan::tags(&braced).map_err(|errors| bare(errors, start, trimmed.len()))?;
        if let Some(value) = lone_literal(trimmed) {
            let span = start..start + trimmed.len();
            let expression = Expression::Literal(Literal { value, span });
            return Ok(BareExpression {
                expression,
                was_braced: false,
            });
        }
        let whole = matches!(tags.as_slice(), [tag]
            if tag.kind == TagKind::Expression && tag.span == (0..braced.len()) && tag.inner == (2..braced.len() - 2));
        if !whole {
            return Err(vec![
                ParseError::syntax(start..start + trimmed.len(), "not an expression").help(
                    "write a path like `input.items` or a call like `eq input.plan \"pro\"`, without braces",
                ),
            ]);
        }
        let lowered = compile(&braced, &tags).and_then(|tree| Lowering::new(&braced, &tags).template(&tree));
        match lowered.map_err(|errors| bare(errors, start, trimmed.len()))? {
            Template::Expression(mut expression) => {
                shift(&mut expression, start, 2);
                Ok(BareExpression {
                    expression,
                    was_braced: false,
                })
            }
            Template::Constant(_) | Template::Text(_) => Err(vec![ParseError::syntax(
                start..start + trimmed.len(),
                "not an expression",
            )]),
        }
    }
}

/// How an expression of another language is written here.
fn our_words(text: &str) -> Option<String> {
    let words = foreign::rewrite(text)?;
    Expression::parse_exactly(&words).is_ok().then_some(words)
}

/// One error, with our words for it, for each tag that holds an expression of another language.
fn with_our_words(text: &str, tags: &[Tag], errors: Vec<ParseError>) -> Vec<ParseError> {
    let mut kept: Vec<ParseError> = Vec::new();
    let mut explained: Vec<usize> = Vec::new();
    for mut error in errors {
        let tag = tags.iter().find(|tag| {
            matches!(tag.kind, TagKind::Expression | TagKind::Open)
                && (tag.inner.start..=tag.inner.end).contains(&error.span.start)
        });
        if let Some(tag) = tag {
            if explained.contains(&tag.span.start) {
                continue;
            }
            let content = &text[tag.inner.clone()];
            let help = if tag.kind == TagKind::Expression {
                our_words(content).map(|words| format!("write `{{{{{words}}}}}`"))
            } else {
                content
                    .split_once(char::is_whitespace)
                    .and_then(|(block, content)| {
                        our_words(content).map(|words| format!("write `{{{{#{block} ({words})}}}}`"))
                    })
            };
            if help.is_some() {
                error.help = help;
                explained.push(tag.span.start);
            }
        }
        kept.push(error);
    }
    kept
}

/// What only a template has, in a bare expression: `{{` in the middle, or the mark of a block, comment or partial.
fn stray_mark(text: &str, start: usize) -> Option<ParseError> {
    let help = "write a path like `input.items` or a call like `eq input.plan \"pro\"`";
    if let Some(rest) = text.strip_prefix('!') {
        let span = start..start + 1;
        let help = format!("write `not {}`", rest.trim_start());
        return Some(ParseError::syntax(span, "there is no operator `!`").help(help));
    }
    if let Some(mark) = text.chars().next().filter(|first| "#/>*^&~}".contains(*first)) {
        let message = format!("an expression cannot begin with `{mark}`");
        return Some(ParseError::syntax(start..start + 1, message).help(help));
    }
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with(['"', '\'']) {
            at = scan::string_end(text, at).filter(|end| *end <= text.len())?;
            continue;
        }
        if text[at..].starts_with("{{") {
            let span = start + at..start + at + 2;
            return Some(ParseError::syntax(span, "there are no braces inside an expression").help(help));
        }
        at += text[at..].chars().next().map_or(1, char::len_utf8);
    }
    None
}

/// A written-out text, list or object that stands alone: Handlebars takes these as arguments only.
fn lone_literal(text: &str) -> Option<Value> {
    let is_literal = text.starts_with(['"', '\'', '[', '{']) && scan::literal_end(text, 0) == text.len();
    match is_literal.then(|| Parameter::parse(text).ok()).flatten()? {
        Parameter::Literal(value) => Some(value),
        _ => None,
    }
}

fn check_length(text: &str) -> Result<(), Vec<ParseError>> {
    if text.len() <= MAX_TEMPLATE_BYTES {
        return Ok(());
    }
    let message = format!("the text is longer than {MAX_TEMPLATE_BYTES} bytes");
    Err(vec![ParseError::new(ParseErrorKind::Limit, 0..0, message)])
}

/// Handlebars' tree of the text. Where it finds a mistake, each tag is tried alone, to report every tag that is wrong.
fn compile(text: &str, tags: &[Tag]) -> Result<HandlebarsTemplate, Vec<ParseError>> {
    let error = match HandlebarsTemplate::compile(text) {
        Ok(tree) => return Ok(tree),
        Err(error) => error,
    };
    let wrong: Vec<_> = tags.iter().filter_map(|tag| check_alone(text, tag)).collect();
    if wrong.is_empty() {
        let at = offset(text, &error).unwrap_or(0);
        return Err(vec![ParseError::syntax(
            at..text.len(),
            "cannot be read as Handlebars",
        )]);
    }
    Err(wrong)
}

/// What is wrong with a tag, if something is.
fn check_alone(text: &str, tag: &Tag) -> Option<ParseError> {
    let source = match tag.kind {
        TagKind::Comment | TagKind::Else => return None,
        TagKind::Expression => text[tag.span.clone()].to_owned(),
        TagKind::Open | TagKind::ElseChain | TagKind::Close => {
            // Only the part that can be wrong in itself.
            format!("{{{{{}}}}}", &text[tag.inner.clone()])
        }
    };
    let own_start = if tag.kind == TagKind::Expression {
        tag.span.start
    } else {
        tag.inner.start - 2
    };
    let content = &text[tag.inner.clone()];
    let source = match tag.kind {
        TagKind::Open | TagKind::ElseChain => {
            let name = content
                .split([' ', '\t', '\n', '\r', '('])
                .next()
                .unwrap_or_default();
            format!("{{{{#{}{{{{/{name}}}}}", &source[2..])
        }
        _ => source,
    };
    let shift = usize::from(matches!(tag.kind, TagKind::Open | TagKind::ElseChain));
    let error = HandlebarsTemplate::compile(&source).err()?;
    let at = offset(&source, &error).map_or(tag.inner.start, |at| own_start + at.saturating_sub(shift));
    let at = floor_char_boundary(text, at.clamp(tag.inner.start, tag.inner.end));
    Some(explain(content, tag, &text[at..tag.inner.end], at))
}

fn floor_char_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A line for people about a tag that Handlebars refuses.
fn explain(content: &str, tag: &Tag, rest: &str, at: usize) -> ParseError {
    let word = rest
        .split([' ', '\t', '\n', '\r', ')'])
        .next()
        .filter(|word| !word.is_empty());
    let span = word.map_or(tag.inner.clone(), |word| at..at + word.len());
    if content.starts_with("else") {
        return ParseError::syntax(tag.inner.clone(), "a name cannot begin with `else` here")
            .help("write `this.` or `@root.` in front of it");
    }
    if let Some((operator, place, help)) = operator(content) {
        let start = tag.inner.start + place;
        let message =
            format!("there is no operator `{operator}`; functions come first, then their arguments");
        return ParseError::syntax(start..start + operator.len(), message).help(help);
    }
    let mut words = content
        .split([' ', '\t', '\n', '\r'])
        .filter(|word| !word.is_empty());
    if let (Some(first), Some(infix)) = (words.next(), words.next().and_then(functions::find))
        && functions::find(first).is_none()
    {
        let start = tag.inner.start
            + content[first.len()..]
                .find(infix.name)
                .map_or(0, |at| first.len() + at);
        let message = format!("`{}` stands in front of its arguments", infix.name);
        return ParseError::syntax(start..start + infix.name.len(), message)
            .help(format!("write `{}`", infix.signature()));
    }
    if content.starts_with(['"', '\'', '[', '{']) && scan::literal_end(content, 0) == content.len() {
        return ParseError::syntax(tag.inner.clone(), "a written-out value needs no braces")
            .help("write the value as it is, outside of `{{…}}`");
    }
    if let Some(place) = content.find(',') {
        let start = tag.inner.start + place;
        return ParseError::syntax(start..start + 1, "arguments stand apart by spaces, not commas")
            .help("write `replace input.name \"a\" \"b\"`");
    }
    let name = content.split([' ', '\t', '\n', '\r']).next().unwrap_or_default();
    if let Some(place) = name
        .find('[')
        .filter(|place| *place > 0 && !name[..*place].ends_with(['.', '/']))
    {
        let start = tag.inner.start + place;
        return ParseError::syntax(start..start + 1, "a `.` is missing in front of this `[`")
            .help("write `input.items.[0]` or `input.items.0`, and `input.[odd key]`");
    }
    if name.contains(['.', '/']) && content.len() > name.len() && !name.contains(['(', '[']) {
        let start = tag.inner.start;
        return ParseError::syntax(start..start + name.len(), "only a function takes arguments")
            .help("write the function first, then its arguments, like `lower input.email`");
    }
    if let Some(place) = name.find('(') {
        let start = tag.inner.start + place;
        return ParseError::syntax(start..start + 1, "arguments stand after a space, not in parentheses")
            .help("write `lower input.email`; parentheses go around a call that is an argument, like `not (eq a b)`");
    }
    if name.ends_with('.') || word.is_some_and(|word| word.starts_with('.')) || content.contains("..") {
        return ParseError::syntax(span, "a name is missing around this `.`");
    }
    match word {
        Some(word) => ParseError::syntax(span, format!("cannot read `{word}` here")),
        None => ParseError::syntax(span, "cannot read this expression"),
    }
}

/// The first operator of other languages that stands outside of quotes: itself, its place, what to write.
fn operator(content: &str) -> Option<(&'static str, usize, &'static str)> {
    const OPERATORS: [(&str, &str); 15] = [
        ("===", "write `eq a b`"),
        ("!==", "write `ne a b`"),
        ("==", "write `eq a b`"),
        ("!=", "write `ne a b`"),
        ("<=", "write `le a b`"),
        (">=", "write `ge a b`"),
        ("&&", "write `and a b`"),
        ("||", "write `or a b`, or `default a b` for a fallback"),
        ("??", "write `default a b`"),
        ("<", "write `lt a b`"),
        (">", "write `gt a b`"),
        ("!", "write `not a`"),
        ("+", "write `add a b`"),
        ("|", "write `lower a` instead of `a | lower`"),
        (
            "?",
            "write `{{#if a}}…{{else}}…{{/if}}` in text, or `if`, `then` and `else` on a step",
        ),
    ];
    let mut at = 0;
    while at < content.len() {
        if content[at..].starts_with(['"', '\'']) {
            at = scan::string_end(content, at)?;
            continue;
        }
        if let Some((operator, help)) = OPERATORS
            .iter()
            .find(|(operator, _)| content[at..].starts_with(operator))
        {
            return Some((operator, at, help));
        }
        at += content[at..].chars().next().map_or(1, char::len_utf8);
    }
    None
}

/// Where Handlebars says the mistake is: its columns count characters, from 1.
fn offset(text: &str, error: &TemplateError) -> Option<usize> {
    let (line, column) = error.pos()?;
    let start: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let rest = &text[start..];
    Some(
        start
            + rest
                .char_indices()
                .nth(column.saturating_sub(1))
                .map_or(rest.len(), |(at, _)| at),
    )
}

/// Errors of a text that is a part of another, which starts at `start`; `braces` were put in front of it.
fn moved(errors: Vec<ParseError>, start: usize, braces: usize) -> Vec<ParseError> {
    let place = |at: usize| (start + at).saturating_sub(braces);
    let mut errors = errors;
    for error in &mut errors {
        error.span = place(error.span.start)..place(error.span.end);
    }
    errors
}

/// Errors of a bare expression that was put between braces for Handlebars.
fn bare(errors: Vec<ParseError>, start: usize, length: usize) -> Vec<ParseError> {
    let mut errors = moved(errors, start, 2);
    for error in &mut errors {
        let end = start + length;
        error.span = error.span.start.clamp(start, end)..error.span.end.clamp(start, end);
        if error.message.contains("`{{`") {
            error.message = String::from("not an expression");
            error.help =
                Some("write a path like `input.items` or a call like `eq input.plan \"pro\"`".to_owned());
        }
    }
    errors
}

fn shift(expression: &mut Expression, start: usize, braces: usize) {
    let place = |range: &mut std::ops::Range<usize>| {
        *range = (start + range.start).saturating_sub(braces)..(start + range.end).saturating_sub(braces);
    };
    match expression {
        Expression::Literal(literal) => place(&mut literal.span),
        Expression::Path(path) => {
            place(&mut path.span);
            path.segment_spans.iter_mut().for_each(place);
        }
        Expression::Call(call) => {
            place(&mut call.span);
            place(&mut call.name_span);
            call.arguments
                .iter_mut()
                .for_each(|argument| shift(argument, start, braces));
        }
    }
}
