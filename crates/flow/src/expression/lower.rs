//! From Handlebars' tree to ours: functions and arities are checked, names inside blocks are bound, and every node
//! gets its place.
//!
//! Handlebars' tree has no spans. A cursor walks over the text of each tag in the order of the tree: names and paths
//! carry their raw text, so it always knows where it is.

use std::ops::Range;
use std::sync::Arc;

use handlebars::Template as HandlebarsTemplate;
use handlebars::template::{BlockParam, HelperTemplate, Parameter, TemplateElement};
use serde_json::Value;

use super::ast::{
    Block, BlockKind, Call, Expression, Literal, Local, Part, Path, ROOTS, Segment, Slot, Template, Text,
};
use super::error::{ParseError, ParseErrorKind};
use super::functions::{self, Function};
use super::path::WrittenPath;
use super::scan::{self, Tag, TagKind};

/// A tree being lowered.
pub(super) struct Lowering<'t> {
    text: &'t str,
    tags: std::iter::Peekable<std::slice::Iter<'t, Tag>>,
    frames: Vec<Frame>,
    errors: Vec<ParseError>,
}

/// A block that brings values into scope.
struct Frame {
    each: bool,
    /// `as |value key|`
    names: Vec<String>,
}

/// Walks over the text of one tag.
struct Cursor {
    at: usize,
    end: usize,
}

impl<'t> Lowering<'t> {
    pub(super) fn new(text: &'t str, tags: &'t [Tag]) -> Self {
        Self {
            text,
            tags: tags.iter().peekable(),
            frames: Vec::new(),
            errors: Vec::new(),
        }
    }

    pub(super) fn template(mut self, tree: &HandlebarsTemplate) -> Result<Template, Vec<ParseError>> {
        let mut parts = self.parts(tree);
        if !self.errors.is_empty() {
            return Err(self.errors);
        }
        match (parts.pop(), parts.is_empty()) {
            (None, _) => Ok(Template::Constant(Value::String(String::new()))),
            (Some(Part::Text(text)), true) => Ok(Template::Constant(Value::String(text))),
            (Some(Part::Expression(expression)), true) => Ok(Template::Expression(expression)),
            (Some(last), _) => {
                parts.push(last);
                Ok(Template::Text(Text { parts, html: false }))
            }
        }
    }

    fn error(&mut self, error: ParseError) {
        self.errors.push(error);
    }

    /// The next tag. Its absence would mean that the scan and Handlebars disagree about what a tag is.
    fn tag(&mut self, kinds: &[TagKind]) -> Option<&'t Tag> {
        let tag = self.tags.next().filter(|tag| kinds.contains(&tag.kind));
        if tag.is_none() && self.errors.is_empty() {
            let message = "cannot tell where the expressions of this text begin and end";
            self.error(ParseError::syntax(0..self.text.len(), message));
        }
        tag
    }

    fn parts(&mut self, tree: &HandlebarsTemplate) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::with_capacity(tree.elements.len());
        for element in &tree.elements {
            match element {
                TemplateElement::RawString(text) => match parts.last_mut() {
                    _ if text.is_empty() => {}
                    Some(Part::Text(before)) => before.push_str(text),
                    _ => parts.push(Part::Text(text.clone())),
                },
                TemplateElement::Expression(call) | TemplateElement::HtmlExpression(call) => {
                    let Some(tag) = self.tag(&[TagKind::Expression]) else {
                        break;
                    };
                    let mut cursor = Cursor {
                        at: tag.inner.start,
                        end: tag.inner.end,
                    };
                    parts.extend(self.helper(call, &mut cursor).map(Part::Expression));
                }
                TemplateElement::HelperBlock(block) => {
                    let Some(block) = self.block(block, false) else {
                        break;
                    };
                    parts.push(Part::Block(Box::new(block)));
                }
                TemplateElement::Comment(_) => {
                    if self.tag(&[TagKind::Comment]).is_none() {
                        break;
                    }
                }
                // Partials and decorators; the scan has refused these.
                _ => {
                    self.error(ParseError::new(
                        ParseErrorKind::Unsupported,
                        0..self.text.len(),
                        "partials and decorators are not supported",
                    ));
                    break;
                }
            }
        }
        parts
    }

    /// What stands in a tag or between parentheses: a call, or a name alone.
    fn helper(&mut self, helper: &HelperTemplate, cursor: &mut Cursor) -> Option<Expression> {
        if let Parameter::Subexpression(_) = &helper.name {
            return self.parameter(&helper.name, cursor);
        }
        if helper.params.is_empty() && helper.hash.is_empty() {
            return self.parameter(&helper.name, cursor);
        }
        let name = helper.name.as_name()?;
        let name_span = self.take(name, cursor);
        self.call(name, name_span, helper, cursor).map(Expression::Call)
    }

    fn parameter(&mut self, parameter: &Parameter, cursor: &mut Cursor) -> Option<Expression> {
        cursor.at = scan::skip_space(self.text, cursor.at);
        match parameter {
            Parameter::Name(name) => {
                let span = self.take(name, cursor);
                self.name(name, span)
            }
            Parameter::Path(_) => {
                let name = parameter.as_name()?;
                let span = self.take(name, cursor);
                self.name(name, span)
            }
            Parameter::Literal(value) => {
                let end = scan::literal_end(self.text, cursor.at).min(cursor.end);
                let span = cursor.at..end;
                cursor.at = end;
                Some(Expression::Literal(Literal {
                    value: value.clone(),
                    span,
                }))
            }
            Parameter::Subexpression(inner) => {
                cursor.at = scan::skip_space(self.text, cursor.at) + 1;
                let expression = match inner.as_element() {
                    TemplateElement::Expression(helper) => {
                        let alone = helper.params.is_empty() && helper.hash.is_empty();
                        match helper.name.as_name().and_then(functions::find) {
                            // Parentheses make a call of what could be a name: `(lower)` lacks its argument.
                            Some(function) if alone => {
                                let span = self.take(function.name, cursor);
                                self.call(function.name, span, helper, cursor)
                                    .map(Expression::Call)
                            }
                            _ => self.helper(helper, cursor),
                        }
                    }
                    _ => None,
                };
                cursor.at = (scan::skip_space(self.text, cursor.at) + 1).min(cursor.end);
                expression
            }
            _ => None,
        }
    }

    /// Moves over a name and tells where it stands.
    fn take(&self, name: &str, cursor: &mut Cursor) -> Range<usize> {
        let start = scan::skip_space(self.text, cursor.at);
        if self.text.get(start..).is_some_and(|rest| rest.starts_with(name)) {
            cursor.at = start + name.len();
            return start..cursor.at;
        }
        cursor.at.min(cursor.end)..cursor.end
    }

    /// A name without arguments: a word like `true`, a function that needs none, or a path.
    fn name(&mut self, name: &str, span: Range<usize>) -> Option<Expression> {
        let word = matches!(name, "true" | "false" | "null")
            || name.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        if let Some(value) = word.then(|| serde_json::from_str(name).ok()).flatten() {
            return Some(Expression::Literal(Literal { value, span }));
        }
        if let Some(function) = functions::find(name).filter(|function| function.min_arguments() == 0)
            && !self
                .frames
                .iter()
                .any(|frame| frame.names.iter().any(|known| known == name))
        {
            return Some(Expression::Call(Call {
                function,
                arguments: Vec::new(),
                span: span.clone(),
                name_span: span,
                pattern: None,
            }));
        }
        self.path(name, span).map(Expression::Path)
    }

    fn call(
        &mut self,
        name: &str,
        name_span: Range<usize>,
        helper: &HelperTemplate,
        cursor: &mut Cursor,
    ) -> Option<Call> {
        // Where arguments are named, their number is not wrong as well.
        let function = if helper.hash.is_empty() {
            self.function(name, &name_span, helper.params.len())
        } else {
            functions::find(name)
        };
        let arguments: Vec<_> = helper
            .params
            .iter()
            .filter_map(|parameter| self.parameter(parameter, cursor))
            .collect();
        if !helper.hash.is_empty() {
            let place = cursor.at.min(cursor.end)..cursor.end;
            let message = format!("`{name}` takes no named arguments");
            let mut error = ParseError::new(ParseErrorKind::Unsupported, place, message);
            error.help = function.map(|it| format!("write `{}`", it.signature()));
            self.error(error);
            cursor.at = cursor.end;
            return None;
        }
        let function = function?;
        for (position, argument) in arguments.iter().enumerate() {
            let (Some(parameter), Expression::Literal(literal)) = (function.parameter(position), argument)
            else {
                continue;
            };
            if let Some(Err(message)) = parameter.check.map(|check| check(&literal.value)) {
                let kind = ParseErrorKind::InvalidArgument {
                    function: function.name,
                    parameter: parameter.name,
                };
                self.error(ParseError::new(
                    kind,
                    literal.span.clone(),
                    format!("`{name}`: {message}"),
                ));
            }
        }
        let pattern = match arguments.get(1) {
            Some(Expression::Literal(Literal {
                value: Value::String(pattern),
                ..
            })) if name == "matches" => functions::compile_pattern(pattern).ok().map(Arc::new),
            _ => None,
        };
        let end = arguments.last().map_or(name_span.end, |last| self.end_of(last));
        Some(Call {
            function,
            span: name_span.start..end,
            arguments,
            name_span,
            pattern,
        })
    }

    /// Where an argument ends, with the parenthesis that closes it.
    fn end_of(&self, argument: &Expression) -> usize {
        let end = argument.span().end;
        let parenthesis = scan::skip_space(self.text, end);
        match argument {
            Expression::Call(_) if self.text[parenthesis..].starts_with(')') => parenthesis + 1,
            _ => end,
        }
    }

    fn function(&mut self, name: &str, span: &Range<usize>, given: usize) -> Option<&'static Function> {
        let Some(function) = functions::find(name) else {
            let suggestion = functions::suggest(name).map(|function| function.name);
            let kind = ParseErrorKind::UnknownFunction {
                name: name.to_owned(),
                suggestion,
            };
            let mut error = ParseError::new(kind, span.clone(), format!("unknown function `{name}`"));
            error.help = if ROOTS.contains(&name) {
                Some(format!("for a field, write `{name}.email` or `{name}.[odd key]`"))
            } else {
                functions::elsewhere(name)
                    .map(str::to_owned)
                    .or_else(|| suggestion.map(|suggestion| format!("did you mean `{suggestion}`?")))
            };
            self.error(error);
            return None;
        };
        let (min, max) = (function.min_arguments(), function.max_arguments());
        if given < min || max.is_some_and(|max| given > max) {
            let takes = match (min, max) {
                (1, Some(1)) => "1 argument".to_owned(),
                (min, Some(max)) if min == max => format!("{min} arguments"),
                (min, Some(max)) => format!("{min} to {max} arguments"),
                (1, None) => "at least 1 argument".to_owned(),
                (min, None) => format!("at least {min} arguments"),
            };
            let kind = ParseErrorKind::Arity {
                function: function.name,
                given,
            };
            self.error(
                ParseError::new(kind, span.clone(), format!("`{name}` takes {takes}, got {given}"))
                    .help(format!("write `{}`", function.signature())),
            );
            return None;
        }
        Some(function)
    }

    /// Lowers a path and binds what a block brings into scope.
    fn path(&mut self, text: &str, span: Range<usize>) -> Option<Path> {
        let written = WrittenPath::read(text, span.start);
        let mut path = Path {
            segments: written.segments,
            segment_spans: written.spans,
            span: span.clone(),
            slot: Slot::Unresolved,
            text: text.into(),
            bare_in_block: false,
        };
        if written.local {
            path.slot = self.local(&path, written.ups, &span)?;
            path.segments.clear();
            path.segment_spans.clear();
            return Some(path);
        }
        if written.root {
            return Some(path);
        }
        if written.ups > 0 || written.current {
            let depth = self.frames.len();
            if written.ups < depth {
                path.slot = Slot::Block(u32::try_from(written.ups).unwrap_or(u32::MAX));
            } else if written.ups > depth || written.current && path.segments.is_empty() {
                let message = match written.ups {
                    0 => "`this` stands for a block's value; there is no block around it",
                    _ => "there are fewer blocks around this than it has `../`",
                };
                self.error(ParseError::syntax(span, message));
                return None;
            } else if written.ups == 0 {
                self.error(
                    ParseError::syntax(
                        span,
                        "`this` stands for a block's value; there is no block around it",
                    )
                    .help("begin with a root, like `input`"),
                );
                return None;
            }
            return Some(path);
        }
        let Some(root) = path.root() else {
            let in_block = !self.frames.is_empty();
            path.slot = if in_block {
                Slot::Block(0)
            } else {
                Slot::Unresolved
            };
            return Some(path);
        };
        for (up, frame) in self.frames.iter().rev().enumerate() {
            let up = u32::try_from(up).unwrap_or(u32::MAX);
            match frame.names.iter().position(|name| name == root) {
                Some(0) => path.slot = Slot::Block(up),
                Some(_) => path.slot = Slot::BlockLocal(up, Local::Key),
                None => continue,
            }
            path.segments.remove(0);
            path.segment_spans.remove(0);
            return Some(path);
        }
        if !self.frames.is_empty() && !ROOTS.contains(&root) {
            path.slot = Slot::Block(0);
            path.bare_in_block = true;
        }
        Some(path)
    }

    /// `@index` and its like.
    fn local(&mut self, path: &Path, ups: usize, span: &Range<usize>) -> Option<Slot> {
        let local = match path.segments.as_slice() {
            [Segment::Key(name)] => match &**name {
                "index" => Some(Local::Index),
                "key" => Some(Local::Key),
                "first" => Some(Local::First),
                "last" => Some(Local::Last),
                _ => None,
            },
            _ => None,
        };
        let Some(local) = local else {
            self.error(
                ParseError::syntax(span.clone(), format!("there is no `{}`", path.text))
                    .help("there are `@index`, `@key`, `@first` and `@last`, inside `{{#each}}`"),
            );
            return None;
        };
        let frames = self.frames.iter().rev().enumerate();
        let Some((up, _)) = frames.filter(|(_, frame)| frame.each).nth(ups) else {
            let message = format!("`{}` has a meaning only inside `{{{{#each}}}}`", path.text);
            self.error(ParseError::syntax(span.clone(), message));
            return None;
        };
        Some(Slot::BlockLocal(u32::try_from(up).unwrap_or(u32::MAX), local))
    }

    /// `chained` is true for what follows `{{else if …}}`, which has no closing tag of its own.
    fn block(&mut self, block: &HelperTemplate, chained: bool) -> Option<Block> {
        let tag = self.tag(&[if chained {
            TagKind::ElseChain
        } else {
            TagKind::Open
        }])?;
        let mut cursor = Cursor {
            at: tag.inner.start,
            end: tag.inner.end,
        };
        let name = block.name.as_name().unwrap_or_default();
        let name_span = self.take(name, &mut cursor);
        let kind = self.block_kind(name, &name_span);
        if kind.is_some() && !block.hash.is_empty() {
            let message = format!("`{{{{#{name}}}}}` takes no named arguments");
            self.error(ParseError::new(
                ParseErrorKind::Unsupported,
                tag.inner.clone(),
                message,
            ));
        }
        let subject = match (block.params.as_slice(), kind) {
            ([subject], _) => self.parameter(subject, &mut cursor),
            (params, Some((_, function))) => {
                let kind = ParseErrorKind::Arity {
                    function,
                    given: params.len(),
                };
                let message = format!("`{{{{#{name}}}}}` takes 1 argument, got {}", params.len());
                let mut error = ParseError::new(kind, tag.inner.clone(), message);
                if params.len() > 1 {
                    error = error.help(format!(
                        "put parentheses around a call: `{{{{#{name} (eq a b)}}}}`"
                    ));
                }
                self.error(error);
                None
            }
            _ => None,
        };
        let frame = match kind {
            Some((BlockKind::Each | BlockKind::With, _)) => {
                let each = matches!(kind, Some((BlockKind::Each, _)));
                Some(Frame {
                    each,
                    names: block_names(block.block_param.as_ref()),
                })
            }
            _ => None,
        };
        let pushed = frame.is_some();
        self.frames.extend(frame);
        let body = block
            .template
            .as_ref()
            .map_or_else(Vec::new, |body| self.parts(body));
        if pushed {
            self.frames.pop();
        }
        let mut otherwise = Vec::new();
        if let Some(inverse) = &block.inverse {
            let next = self.tags.peek().map(|tag| tag.kind);
            if let (Some(TagKind::ElseChain), [TemplateElement::HelperBlock(next)]) =
                (next, inverse.elements.as_slice())
            {
                otherwise.extend(self.block(next, true).map(|block| Part::Block(Box::new(block))));
            } else {
                self.tag(&[TagKind::Else])?;
                otherwise = self.parts(inverse);
            }
        }
        if !chained {
            self.tag(&[TagKind::Close])?;
        }
        Some(Block {
            kind: kind?.0,
            subject: subject?,
            body,
            otherwise,
            has_else: block.inverse.is_some(),
            span: tag.span.clone(),
        })
    }

    fn block_kind(&mut self, name: &str, span: &Range<usize>) -> Option<(BlockKind, &'static str)> {
        let kind = match name {
            "if" => (BlockKind::If, "if"),
            "unless" => (BlockKind::Unless, "unless"),
            "each" => (BlockKind::Each, "each"),
            "with" => (BlockKind::With, "with"),
            _ => {
                let help = match functions::find(name) {
                    Some(_) => format!("`{name}` is a function; write `{{{{{name} …}}}}`"),
                    None => "there are `if`, `unless`, `each` and `with`".to_owned(),
                };
                let kind = ParseErrorKind::UnknownBlock {
                    name: name.to_owned(),
                };
                let message = format!("unknown block `{name}`");
                self.error(ParseError::new(kind, span.clone(), message).help(help));
                return None;
            }
        };
        Some(kind)
    }
}

fn block_names(parameter: Option<&BlockParam>) -> Vec<String> {
    let names = match parameter {
        Some(BlockParam::Single(name)) => vec![name.as_name()],
        Some(BlockParam::Pair((value, key))) => vec![value.as_name(), key.as_name()],
        _ => Vec::new(),
    };
    names.into_iter().flatten().map(str::to_owned).collect()
}
