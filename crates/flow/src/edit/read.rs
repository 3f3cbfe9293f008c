//! Text → [`Tree`]: the parser's events, with the dashes, colons and brackets between them looked up in the text.

use std::collections::HashMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::change::EditError;
use super::tree::{Data, Entry, Form, Id, Item, List, Map, Node, Scalar, Style, Tree};
use crate::yaml::{Limits, Places};

/// Reads a text; see [`Tree::read`].
pub(super) fn read(text: &str) -> Result<Tree<'_>, EditError> {
    let limits = Limits::default();
    if text.len() > limits.bytes {
        return Err(EditError::new("the file is too large to be edited"));
    }
    let mut builder = Builder::new(text, limits.depth);
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => {
                let span = builder.places.byte(span.start.index())..builder.places.byte(span.end.index());
                builder.event(event, span)?;
            }
            Err(error) => {
                let line = error.marker().line();
                let message = format!("the text is no YAML (line {line}): correct it first");
                return Err(EditError::new(message));
            }
        }
    }
    Ok(Tree {
        text,
        nodes: builder.nodes,
        root: builder.root,
    })
}

enum Open {
    List(Id),
    Map {
        id: Id,
        key: Option<Id>,
        colon: Option<usize>,
    },
}

struct Builder<'a> {
    text: &'a str,
    depth: usize,
    places: Places,
    nodes: Vec<Node<'a>>,
    open: Vec<Open>,
    anchors: HashMap<usize, Id>,
    root: Option<Id>,
    documents: usize,
    /// What was read so far.
    cursor: usize,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str, depth: usize) -> Self {
        Self {
            text,
            depth,
            places: Places::of(text),
            nodes: Vec::new(),
            open: Vec::new(),
            anchors: HashMap::new(),
            root: None,
            documents: 0,
            cursor: if text.starts_with('\u{feff}') { 3 } else { 0 },
        }
    }

    fn event(&mut self, event: Event<'a>, span: Range<usize>) -> Result<(), EditError> {
        match event {
            Event::DocumentStart(explicit) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(EditError::new(
                        "the file holds a second YAML document: take it out first",
                    ));
                }
                if explicit {
                    self.cursor = span.end;
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let properties = usize::from(anchor > 0) + usize::from(tag.is_some());
                let (lead, at) = self.begin(properties, style == ScalarStyle::Plain && text.is_empty())?;
                let (style, end) = self.measure(style, at, span.end, text.is_empty())?;
                let is_text = style != Style::Plain || tag.is_some();
                let scalar = Scalar { text, style, is_text };
                let id = self.push(lead, at, end, Data::Scalar(scalar), anchor);
                self.cursor = end;
                self.add(id)?;
            }
            Event::Alias(anchor) => {
                let (lead, at) = self.begin(0, false)?;
                if !self.text[at..].starts_with('*') {
                    return self.lost(at);
                }
                let target = *self
                    .anchors
                    .get(&anchor)
                    .ok_or_else(|| EditError::new("an alias stands for nothing"))?;
                let end = span.end.max(at + 1);
                let id = self.push(lead, at, end, Data::Alias(target), 0);
                self.cursor = end;
                self.add(id)?;
            }
            Event::SequenceStart(anchor, tag) => {
                let properties = usize::from(anchor > 0) + usize::from(tag.is_some());
                let (lead, at) = self.begin(properties, false)?;
                let form = self.form(at, '[')?;
                let data = Data::List(List {
                    form,
                    items: Vec::new(),
                });
                let id = self.push(lead, at, at, data, anchor);
                self.deeper(Open::List(id))?;
            }
            Event::MappingStart(anchor, tag) => {
                let properties = usize::from(anchor > 0) + usize::from(tag.is_some());
                let (lead, at) = self.begin(properties, false)?;
                let form = self.form(at, '{')?;
                let data = Data::Map(Map {
                    form,
                    entries: Vec::new(),
                });
                let id = self.push(lead, at, at, data, anchor);
                self.deeper(Open::Map {
                    id,
                    key: None,
                    colon: None,
                })?;
            }
            Event::SequenceEnd | Event::MappingEnd => return self.close(),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    /// Passes over what stands before a value: dashes, colons and commas belong to what is open, anchors and tags to the
    /// value. Gives where the anchor or the tag begins, and the value.
    fn begin(&mut self, properties: usize, is_empty: bool) -> Result<(usize, usize), EditError> {
        let flow = self.is_in_flow();
        match self.open.last_mut() {
            None => {}
            Some(Open::List(id)) => {
                let id = *id;
                if flow {
                    self.cursor = self.skip(self.cursor, ",");
                    if is_explicit(&self.text[self.cursor..]) {
                        self.cursor += 1;
                    }
                } else {
                    let dash = self.skip(self.cursor, "");
                    if !self.text[dash..].starts_with('-') {
                        return self.lost(dash);
                    }
                    self.cursor = dash + 1;
                    if let Data::List(list) = &mut self.nodes[id].data {
                        list.items.push(Item { dash, node: 0 });
                    }
                }
            }
            Some(Open::Map { key: None, .. }) => {
                let at = self.skip(self.cursor, if flow { "," } else { "" });
                // `? key`; a key that is not there has nothing to pass over.
                if is_explicit(&self.text[at..]) {
                    self.cursor = at + 1;
                } else if flow && !is_empty {
                    self.cursor = at;
                }
            }
            Some(Open::Map {
                key: Some(_), colon, ..
            }) => {
                let mut end = self.cursor;
                end += blanks(&self.text[end..]);
                if !self.text[end..].starts_with(':') {
                    end = skip_from(self.text, self.cursor, "");
                }
                if self.text[end..].starts_with(':') {
                    *colon = Some(end + 1);
                    self.cursor = end + 1;
                }
            }
        }
        if is_empty && properties == 0 {
            return Ok((self.cursor, self.cursor));
        }
        let lead = self.skip(self.cursor, "");
        let mut at = lead;
        for nth in 0..properties {
            if !self.text[at..].starts_with(['&', '!']) {
                return self.lost(at);
            }
            at += property(&self.text[at..], flow);
            // What follows an anchor of nothing is something else's.
            if is_empty && nth + 1 == properties {
                return Ok((lead, at));
            }
            at = self.skip(at, "");
        }
        self.cursor = at;
        Ok((lead, at))
    }

    fn skip(&self, from: usize, also: &str) -> usize {
        skip_from(self.text, from, also)
    }

    fn is_in_flow(&self) -> bool {
        let id = match self.open.last() {
            Some(Open::List(id) | Open::Map { id, .. }) => *id,
            None => return false,
        };
        match &self.nodes[id].data {
            Data::List(list) => list.form != Form::Block,
            Data::Map(map) => map.form != Form::Block,
            _ => false,
        }
    }

    fn form(&mut self, at: usize, bracket: char) -> Result<Form, EditError> {
        if self.text[at..].starts_with(bracket) {
            // A block's first key may be a list or map in brackets: that is no key of a flow.
            self.cursor = at + 1;
            return Ok(Form::Flow);
        }
        if !self.is_in_flow() {
            return Ok(Form::Block);
        }
        if bracket == '{' {
            return Ok(Form::Pair);
        }
        self.lost(at)
    }

    /// The style of a scalar, and where it ends. The parser's own end is past comments behind some quotes, and past the
    /// blank lines behind a block.
    fn measure(
        &self,
        style: ScalarStyle,
        at: usize,
        end: usize,
        is_empty: bool,
    ) -> Result<(Style, usize), EditError> {
        let rest = &self.text[at..];
        Ok(match style {
            ScalarStyle::Plain if is_empty => (Style::Plain, at),
            ScalarStyle::Plain => {
                let end = end.max(at);
                (Style::Plain, at + self.text[at..end].trim_end().len())
            }
            ScalarStyle::SingleQuoted => (Style::Single, at + quoted(rest, '\'').ok_or_else(unclosed)?),
            ScalarStyle::DoubleQuoted => (Style::Double, at + quoted(rest, '"').ok_or_else(unclosed)?),
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let style = if style == ScalarStyle::Literal {
                    Style::Literal
                } else {
                    Style::Folded
                };
                if !rest.starts_with(['|', '>']) {
                    return self.lost(at);
                }
                let header = at + rest.find('\n').unwrap_or(rest.len());
                let keeps = self.text[at..header]
                    .split('#')
                    .next()
                    .is_some_and(|it| it.contains('+'));
                let mut end = end.max(header);
                let line = self.text[..end].rfind('\n').map_or(0, |newline| newline + 1);
                if line > header && self.text[line..end].bytes().all(|byte| byte == b' ') {
                    end = line;
                }
                let mut lines = &self.text[header..end];
                if keeps {
                    lines = strip_newline(lines);
                } else {
                    loop {
                        let shorter = strip_newline(lines);
                        let blank = shorter
                            .rfind('\n')
                            .is_some_and(|newline| is_blank(&shorter[newline + 1..]));
                        lines = shorter;
                        if !blank {
                            break;
                        }
                        lines = lines.trim_end_matches([' ', '\t']);
                    }
                }
                if lines.is_empty() {
                    return Ok((style, at + self.text[at..header].trim_end_matches('\r').len()));
                }
                (style, header + lines.len())
            }
        })
    }

    fn push(&mut self, lead: usize, at: usize, end: usize, data: Data<'a>, anchor: usize) -> Id {
        let id = self.nodes.len();
        let parent = match self.open.last() {
            Some(Open::List(id) | Open::Map { id, .. }) => Some(*id),
            None => None,
        };
        self.nodes.push(Node {
            parent,
            lead,
            at,
            end,
            data,
        });
        if anchor > 0 {
            self.anchors.insert(anchor, id);
        }
        id
    }

    fn deeper(&mut self, open: Open) -> Result<(), EditError> {
        self.open.push(open);
        if self.open.len() > self.depth {
            return Err(EditError::new("the file is nested too deep to be edited"));
        }
        Ok(())
    }

    /// Hangs a finished node into what is open.
    fn add(&mut self, id: Id) -> Result<(), EditError> {
        match self.open.last_mut() {
            None => self.root = Some(id),
            Some(Open::List(list)) => {
                let at = self.nodes[id].lead;
                let list = *list;
                if let Data::List(list) = &mut self.nodes[list].data {
                    if list.form == Form::Block {
                        // Its dash was found when it began.
                        match list.items.last_mut() {
                            Some(item) if item.node == 0 => item.node = id,
                            _ => return self.lost(at),
                        }
                    } else {
                        list.items.push(Item { dash: at, node: id });
                    }
                }
            }
            Some(Open::Map { id: map, key, colon }) => match key.take() {
                None if matches!(self.nodes[id].data, Data::List(_) | Data::Map(_)) => {
                    return self.lost(self.nodes[id].at);
                }
                None => *key = Some(id),
                Some(key) => {
                    let (map, colon) = (*map, colon.take());
                    if let Data::Map(map) = &mut self.nodes[map].data {
                        map.entries.push(Entry {
                            key,
                            colon,
                            value: id,
                        });
                    }
                }
            },
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), EditError> {
        let flow = self.is_in_flow();
        let Some(Open::List(id) | Open::Map { id, .. }) = self.open.pop() else {
            return Ok(());
        };
        let pair = matches!(&self.nodes[id].data, Data::Map(map) if map.form == Form::Pair);
        if flow && !pair {
            let bracket = self.skip(self.cursor, ",");
            if !self.text[bracket..].starts_with([']', '}']) {
                return self.lost(bracket);
            }
            self.cursor = bracket + 1;
        }
        self.nodes[id].end = self.cursor;
        // A block begins with its first child.
        let first = match &self.nodes[id].data {
            Data::List(list) if !flow => list.items.first().map(|item| item.dash),
            Data::Map(map) if !flow || pair => map.entries.first().map(|entry| self.nodes[entry.key].lead),
            _ => None,
        };
        if let Some(first) = first {
            let node = &mut self.nodes[id];
            if node.lead == node.at {
                node.lead = first;
            }
            node.at = first;
        }
        self.add(id)
    }

    fn lost<T>(&self, at: usize) -> Result<T, EditError> {
        let line = self.text[..at].matches('\n').count() + 1;
        Err(EditError::new(format!(
            "the text around line {line} is written in a way that cannot be edited here"
        )))
    }
}

fn unclosed() -> EditError {
    EditError::new("a quote is not closed")
}

/// Passes over blanks, line ends, comments, and the characters of `also`.
fn skip_from(text: &str, from: usize, also: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = from;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => at += 1,
            b'#' => at += text[at..].find('\n').unwrap_or(text.len() - at),
            byte if byte.is_ascii() && also.as_bytes().contains(byte) => at += 1,
            _ => break,
        }
    }
    at
}

fn blanks(text: &str) -> usize {
    text.len() - text.trim_start_matches([' ', '\t']).len()
}

fn is_explicit(rest: &str) -> bool {
    rest.strip_prefix('?')
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r']))
}

/// The length of an anchor or a tag.
fn property(rest: &str, flow: bool) -> usize {
    if rest.starts_with("!<") {
        return rest.find('>').map_or(rest.len(), |end| end + 1);
    }
    rest.find(|c: char| c.is_whitespace() || flow && ",[]{}".contains(c))
        .unwrap_or(rest.len())
}

/// The length of a text in quotes.
fn quoted(rest: &str, quote: char) -> Option<usize> {
    let mut characters = rest.char_indices().peekable();
    if characters.next()?.1 != quote {
        return None;
    }
    while let Some((at, character)) = characters.next() {
        if character == '\\' && quote == '"' {
            characters.next();
        } else if character == quote {
            if quote == '\'' && characters.peek().is_some_and(|(_, next)| *next == quote) {
                characters.next();
            } else {
                return Some(at + 1);
            }
        }
    }
    None
}

fn strip_newline(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

fn is_blank(line: &str) -> bool {
    line.trim_matches([' ', '\t', '\r']).is_empty()
}
