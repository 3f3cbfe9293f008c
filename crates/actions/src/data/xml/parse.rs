//! `xml.parse`: the action, and the tree of values that it makes.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_flow::catalog::{ActionSpec, Effect, ErrorSpec};
use lockgate_flow::schema::Schema;
use quick_xml::errors::{Error, IllFormedError, SyntaxError};
use quick_xml::escape::{EscapeError, resolve_predefined_entity};
use quick_xml::events::attributes::AttrError;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use serde_json::{Map, Value, json};

use super::super::place::{LARGEST, Place};
use super::LEVELS;
use super::grammar::{is_char, is_name, is_space};

/// Attributes of one element: the library compares each with all before it.
const ATTRIBUTES: usize = 500;

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    Arc::new(ActionSpec {
        docs: DOCS.into(),
        input: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["xml"],
            "properties": {
                "xml": { "type": "string", "description": "The text. At most 1 MiB." },
                "always_list": {
                    "type": "array", "items": { "type": "string", "minLength": 1 }, "default": [],
                    "description": "Elements that are a list even where there is one of them: by name (`item`), or by path \
                        from the root (`order/items/item`)."
                },
                "trim": {
                    "type": "boolean", "default": false,
                    "description": "Whether white space around the text of elements is dropped."
                }
            }
        })),
        output: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["object"],
            "properties": {
                "object": { "type": "object", "description": "An object with one member, the root element." }
            }
        })),
        errors: ERRORS.to_vec(),
        example: "id: order\naction: xml.parse\nwith:\n  xml: \"{{input.order}}\"\n  always_list: [item]\n"
            .into(),
        ..ActionSpec::new("xml.parse", Effect::Pure, "Reads a value from an XML text")
    })
});

const DOCS: &str = "\
| XML | value |\n|---|---|\n\
| `<a>text</a>` | `{ a: \"text\" }` |\n\
| `<a/>` | `{ a: \"\" }` |\n\
| `<a id=\"1\">text</a>` | `{ a: { \"@id\": \"1\", \"#text\": \"text\" } }` |\n\
| `<a><b>1</b><b>2</b></a>` | `{ a: { b: [\"1\", \"2\"] } }` |\n\n\
An element that may occur once or several times is text or object in the first case and a list in the second: name it under \
`always_list`. All values are text. Names are kept as they are written, prefixes and `@xmlns` with them; CDATA is text. White \
space between elements goes away, and text between them is put together under `#text`. The order of elements of different names, \
comments and processing instructions are not in the value.\n\n\
A document type declaration is refused with `dtd_forbidden`: it is the way to entities that grow without end and to \
files and addresses that a reader would fetch. Entities other than `&lt; &gt; &amp; &apos; &quot;` and characters by number are \
refused with `unknown_entity`. Nothing is ever fetched. Errors say the line and the column, and never what stands there.";

const ERRORS: &[ErrorSpec] = &[
    ErrorSpec::new("invalid_xml", 422, "the text is not well-formed XML 1.0"),
    ErrorSpec::new("dtd_forbidden", 422, "the text has a document type declaration"),
    ErrorSpec::new(
        "unknown_entity",
        422,
        "the text uses an entity that XML does not define itself",
    ),
    ErrorSpec::new(
        "too_large",
        422,
        "the text has more than 1 MiB, 50 elements in one another, or 500 attributes on one",
    ),
];

/// Reads a value from an XML text.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::data) struct XmlParse;

#[async_trait]
impl Action for XmlParse {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, _: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let text = input.get("xml").and_then(Value::as_str).unwrap_or_default();
        let lists = input.get("always_list").and_then(Value::as_array);
        let options = Options {
            lists: lists.into_iter().flatten().filter_map(Value::as_str).collect(),
            trim: input.get("trim").and_then(Value::as_bool).unwrap_or(false),
        };
        let object = parse(text, &options)?;
        Ok(json!({ "object": object }))
    }
}

/// How elements become values.
#[derive(Default)]
pub(super) struct Options<'a> {
    lists: Vec<&'a str>,
    trim: bool,
}

/// The root element under its name.
pub(super) fn parse(text: &str, options: &Options<'_>) -> Result<Value, ActionError> {
    if text.len() > LARGEST {
        return Err(ActionError::new("too_large", "the text has more than 1 MiB"));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut tree = Tree {
        options,
        open: Vec::new(),
        root: None,
    };
    loop {
        let begins = usize::try_from(reader.buffer_position()).unwrap_or(text.len());
        let read = reader.read_event();
        let refused = match read {
            Ok(Event::Eof) => match tree.root {
                Some((name, value)) if tree.open.is_empty() => return Ok(json!({ name: value })),
                Some(_) => Refusal::Invalid("an element is not closed"),
                None => Refusal::Invalid("there is no element"),
            },
            Ok(event) => match tree.take(event, begins == 0) {
                Ok(()) => continue,
                Err(refused) => refused,
            },
            Err(error) => {
                let at = usize::try_from(reader.error_position()).unwrap_or(text.len());
                return Err(syntax(&error, text, at).at(Place::of(text, at)));
            }
        };
        return Err(refused.at(Place::of(text, begins)));
    }
}

/// Why a text is not taken. Never holds a part of it.
#[derive(Clone, Copy)]
enum Refusal {
    Invalid(&'static str),
    Dtd,
    Entity,
    TooLarge(&'static str),
}

impl Refusal {
    fn at(self, place: Place) -> ActionError {
        let (code, problem) = match self {
            Self::Invalid(problem) => ("invalid_xml", problem),
            Self::Dtd => ("dtd_forbidden", "a document type declaration is not taken"),
            Self::Entity => (
                "unknown_entity",
                "the text uses an entity that XML does not define",
            ),
            Self::TooLarge(problem) => ("too_large", problem),
        };
        ActionError::new(code, format!("{problem}, at {place}"))
    }
}

struct Tree<'o> {
    options: &'o Options<'o>,
    /// From the root to where the reader is.
    open: Vec<Element>,
    /// The name and, once it is closed, the value of the root.
    root: Option<(String, Value)>,
}

/// An element that is being read.
struct Element {
    name: String,
    attributes: Map<String, Value>,
    children: Map<String, Value>,
    text: String,
}

impl Tree<'_> {
    fn take(&mut self, event: Event<'_>, is_first: bool) -> Result<(), Refusal> {
        match event {
            Event::Start(start) => self.open(&start),
            Event::Empty(start) => {
                self.open(&start)?;
                self.close();
                Ok(())
            }
            Event::End(_) => {
                self.close();
                Ok(())
            }
            Event::Text(text) => {
                if text.contains("]]>") {
                    return Err(Refusal::Invalid("`]]>` ends a CDATA section that nothing began"));
                }
                self.text(&text.xml10_content())
            }
            Event::CData(_) | Event::GeneralRef(_) if self.open.is_empty() => Err(OUTSIDE),
            Event::CData(text) => self.text(&text.xml10_content()),
            Event::GeneralRef(reference) => self.reference(&reference),
            Event::Comment(text) => characters(&text),
            Event::PI(instruction) if is_name(instruction.target()) => {
                if instruction.target().eq_ignore_ascii_case("xml") {
                    return Err(DECLARATION);
                }
                characters(instruction.content())
            }
            Event::PI(_) => Err(Refusal::Invalid("a processing instruction has no name")),
            Event::Decl(declaration) => {
                if is_first {
                    version(&declaration)
                } else {
                    Err(DECLARATION)
                }
            }
            Event::DocType(_) => Err(Refusal::Dtd),
            Event::Eof => Ok(()),
        }
    }

    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), Refusal> {
        if self.open.len() == LEVELS {
            return Err(Refusal::TooLarge("more than 50 elements stand in one another"));
        }
        let name = start.name().into_inner();
        if !is_name(name) {
            return Err(Refusal::Invalid("an element has a name that is none"));
        }
        if self.open.is_empty() {
            if self.root.is_some() {
                return Err(Refusal::Invalid("there is a second root element"));
            }
            self.root = Some((name.to_owned(), Value::Null));
        }
        let mut attributes = Map::new();
        for attribute in start.attributes() {
            if attributes.len() == ATTRIBUTES {
                return Err(Refusal::TooLarge("an element has more than 500 attributes"));
            }
            let attribute = attribute.map_err(|error| {
                Refusal::Invalid(match error {
                    AttrError::Duplicated(..) => "an element has an attribute twice",
                    _ => "an attribute is not written `name=\"value\"`",
                })
            })?;
            let name = attribute.key.into_inner();
            if !is_name(name) {
                return Err(Refusal::Invalid("an attribute has a name that is none"));
            }
            if attribute.value.contains('<') {
                return Err(Refusal::Invalid("`<` stands in an attribute"));
            }
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| match error {
                    Error::Escape(EscapeError::UnrecognizedEntity(..)) => Refusal::Entity,
                    _ => Refusal::Invalid("`&` begins no reference"),
                })?;
            characters(&value)?;
            attributes.insert(format!("@{name}"), value.into_owned().into());
        }
        self.open.push(Element {
            name: name.to_owned(),
            attributes,
            children: Map::new(),
            text: String::new(),
        });
        Ok(())
    }

    /// The library has compared the name of the end with that of the start.
    fn close(&mut self) {
        let Some(element) = self.open.pop() else { return };
        let is_list = self.is_list(&element.name);
        let name = element.name.clone();
        let value = element.into_value(self.options.trim);
        match (self.open.last_mut(), &mut self.root) {
            (Some(parent), _) => parent.add(name, value, is_list),
            (None, root) => *root = Some((name, value)),
        }
    }

    /// Whether the author wants a list of this child of the innermost open element.
    fn is_list(&self, name: &str) -> bool {
        self.options.lists.iter().any(|list| {
            let mut path = list.rsplit('/');
            let is_path = list.contains('/');
            path.next() == Some(name)
                && (!is_path || path.eq(self.open.iter().rev().map(|element| element.name.as_str())))
        })
    }

    fn text(&mut self, text: &str) -> Result<(), Refusal> {
        characters(text)?;
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.chars().all(is_space) => {}
            None => return Err(OUTSIDE),
        }
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), Refusal> {
        let character = match reference.resolve_char_ref() {
            Ok(Some(c)) => Cow::from(c.to_string()),
            Ok(None) => Cow::from(resolve_predefined_entity(reference).ok_or(Refusal::Entity)?),
            Err(_) => return Err(Refusal::Invalid("a character by number is none")),
        };
        self.text(&character)
    }
}

const OUTSIDE: Refusal = Refusal::Invalid("there is text outside the root element");
const DECLARATION: Refusal = Refusal::Invalid("`<?xml …?>` stands elsewhere than at the beginning");

impl Element {
    fn add(&mut self, name: String, value: Value, is_list: bool) {
        match self.children.get_mut(&name) {
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
            None => {
                let value = if is_list { Value::Array(vec![value]) } else { value };
                self.children.insert(name, value);
            }
        }
    }

    fn into_value(self, trim: bool) -> Value {
        let mut text = self.text;
        if trim {
            text = text.trim_matches(is_space).into();
        }
        if self.attributes.is_empty() && self.children.is_empty() {
            return text.into();
        }
        let mut object = self.attributes;
        // What stands between elements is there for the eye.
        let is_layout = !self.children.is_empty() && text.chars().all(is_space);
        if !text.is_empty() && !is_layout {
            object.insert("#text".to_owned(), text.into());
        }
        object.extend(self.children);
        object.into()
    }
}

fn characters(text: &str) -> Result<(), Refusal> {
    if text.chars().all(is_char) {
        Ok(())
    } else {
        Err(Refusal::Invalid(
            "a character stands there that XML does not have",
        ))
    }
}

/// Any 1.x is read as 1.0, as the fifth edition has it (§2.8). The declared encoding says nothing: the text is a text
/// already.
fn version(declaration: &BytesDecl<'_>) -> Result<(), Refusal> {
    let version = declaration
        .version()
        .map_err(|_| Refusal::Invalid("`<?xml …?>` has no version"))?;
    let minor = version.strip_prefix("1.").unwrap_or_default();
    if minor.is_empty() || !minor.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::Invalid("the text is of another version than XML 1"));
    }
    Ok(())
}

/// What the library has found, in words of ours: its own quote the text.
fn syntax(error: &Error, text: &str, at: usize) -> Refusal {
    const DECLARES: [&str; 5] = ["<!DOCTYPE", "<!ENTITY", "<!ELEMENT", "<!ATTLIST", "<!NOTATION"];
    let begins = |word: &str| {
        let there = text.as_bytes().get(at..at + word.len());
        there.is_some_and(|there| there.eq_ignore_ascii_case(word.as_bytes()))
    };
    if DECLARES.into_iter().any(begins) {
        return Refusal::Dtd;
    }
    Refusal::Invalid(match error {
        Error::Syntax(SyntaxError::UnclosedDoctype)
        | Error::IllFormed(IllFormedError::MissingDoctypeName) => {
            return Refusal::Dtd;
        }
        Error::Syntax(SyntaxError::UnclosedComment) => "a comment is not closed",
        Error::Syntax(SyntaxError::UnclosedCData) => "a CDATA section is not closed",
        Error::Syntax(SyntaxError::UnclosedPI | SyntaxError::UnclosedXmlDecl) => {
            "a processing instruction is not closed"
        }
        Error::Syntax(SyntaxError::InvalidBangMarkup) => "`<!` begins nothing that XML has",
        Error::Syntax(_) => "a tag is not closed",
        Error::IllFormed(IllFormedError::UnclosedReference) => "`&` begins no reference",
        Error::IllFormed(IllFormedError::DoubleHyphenInComment) => "`--` stands in a comment",
        Error::IllFormed(IllFormedError::MissingEndTag(_)) => "an element is not closed",
        Error::IllFormed(IllFormedError::MismatchedEndTag { .. } | IllFormedError::UnmatchedEndTag(_)) => {
            "an end tag closes another element than the last that was opened"
        }
        _ => "the text is not XML",
    })
}
