//! The names that a connector's expressions may begin with: each gets its slot, and what is surely not there is found.

use std::collections::BTreeSet;

use lockgate_flow::diagnostic::{Code, Severity, nearest, suggestion};
use lockgate_flow::expression::{
    BlockKind, Expression, Part, Path, Slot, Template, Walk, follow, functions, segment_text,
};
use lockgate_flow::schema::TypeSet;
use lockgate_flow::source::Span;
use lockgate_flow::syntax::{DataKind, DataNode, InputField, Reader, read_expression};
use lockgate_flow::yaml::Node;
use serde_json::{Map, Value, json};

use crate::scope::{CONNECTION, PAGE, RESPONSE};

/// What may be read at a place of the file, and what has been read so far.
#[derive(Debug)]
pub(super) struct Names {
    connection: Value,
    input: Option<Value>,
    run: bool,
    response: bool,
    page: bool,
    settings_read: BTreeSet<String>,
    inputs_read: BTreeSet<String>,
}

/// Stands for all fields of a root.
const ALL: &str = "*";

impl Names {
    /// The settings alone.
    pub(super) fn of_connection(settings: &[InputField], is_known: bool) -> Self {
        Self {
            connection: declared(settings, is_known),
            input: None,
            run: false,
            response: false,
            page: false,
            settings_read: BTreeSet::new(),
            inputs_read: BTreeSet::new(),
        }
    }

    /// From here on inside an operation with this input, or outside.
    pub(super) fn with_input(&mut self, input: Option<(&[InputField], bool)>) {
        self.input = input.map(|(fields, is_known)| declared(fields, is_known));
        self.inputs_read.clear();
    }

    pub(super) fn with_run(&mut self, is_there: bool) {
        self.run = is_there;
    }

    pub(super) fn with_response(&mut self, is_there: bool) {
        self.response = is_there;
    }

    pub(super) fn with_page(&mut self, is_there: bool) {
        self.page = is_there;
    }

    /// Reads a bare expression.
    pub(super) fn read_expression(
        &mut self,
        reader: &mut Reader,
        node: &Node,
        what: &str,
    ) -> Option<Expression> {
        let mut expression = read_expression(reader, node, what)?.value;
        expression.paths_mut(&mut |path| self.resolve(path));
        let mut check = Check {
            names: self,
            reader,
            present: Vec::new(),
        };
        // As a condition, or as what may be missing: there is no other use of bare expressions.
        check.expression(&expression, true);
        Some(expression)
    }

    /// Reads a text with expressions.
    pub(super) fn read_text(&mut self, reader: &mut Reader, node: &Node, what: &str) -> Template {
        let mut data = DataNode::read(reader, node);
        self.check_data(reader, &mut data);
        match data.kind {
            DataKind::Template(template) => template,
            DataKind::Constant(value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) => {
                Template::Constant(value)
            }
            _ => {
                reader.wrong_type(node, what, "a text");
                Template::Constant(Value::Null)
            }
        }
    }

    /// Fills the slots in data, and finds what is not there.
    pub(super) fn check_data(&mut self, reader: &mut Reader, data: &mut DataNode) {
        data.paths_mut(&mut |path| self.resolve(path));
        let mut check = Check {
            names: self,
            reader,
            present: Vec::new(),
        };
        for template in data.templates() {
            check.template(template);
        }
    }

    /// The types that an expression may have.
    pub(super) fn types(&self, expression: &Expression) -> TypeSet {
        expression.types(&|path| match self.walk(path) {
            Some(Walk::To { types, .. }) => types,
            _ => TypeSet::ANY,
        })
    }

    /// Says which inputs of an operation no expression reads.
    pub(super) fn report_unread_inputs(&self, reader: &mut Reader, fields: &[InputField]) {
        report_unread(reader, &self.inputs_read, fields, "input");
    }

    /// Says which settings no expression reads.
    pub(super) fn report_unread_settings(&self, reader: &mut Reader, fields: &[InputField]) {
        report_unread(reader, &self.settings_read, fields, "connection");
    }

    /// Fills the slot of a path.
    fn resolve(&mut self, path: &mut Path) {
        if path.slot.is_block_local() && !path.bare_in_block {
            return;
        }
        let Some(slot) = path.root().and_then(|root| self.slot(root)) else {
            return;
        };
        path.slot = slot;
        let first = path.rest().first().map_or_else(|| ALL.to_owned(), segment_text);
        match slot {
            Slot::Input => self.inputs_read.insert(first),
            CONNECTION => self.settings_read.insert(first),
            _ => false,
        };
    }

    fn slot(&self, root: &str) -> Option<Slot> {
        match root {
            "connection" => Some(CONNECTION),
            "input" if self.input.is_some() => Some(Slot::Input),
            "run" if self.run => Some(Slot::Run),
            "response" if self.response => Some(RESPONSE),
            "page" if self.page => Some(PAGE),
            _ => None,
        }
    }

    fn known(&self) -> Vec<&'static str> {
        ["input", "connection", "run", "response", "page"]
            .into_iter()
            .filter(|root| self.slot(root).is_some())
            .collect()
    }

    /// Where a path leads; nothing where that cannot be known.
    fn walk(&self, path: &Path) -> Option<Walk> {
        let (rest, at) = (path.rest(), path.slot.consumed());
        Some(match path.slot {
            Slot::Input => follow(self.input.as_ref()?, rest, at, false),
            CONNECTION => follow(&self.connection, rest, at, false),
            Slot::Run => follow(&run_schema(), rest, at, false),
            RESPONSE => follow(&response_schema(), rest, at, false),
            PAGE => follow(&page_schema(), rest, at, false),
            _ => return None,
        })
    }
}

/// A walk over expressions that looks for mistakes.
struct Check<'a> {
    names: &'a Names,
    reader: &'a mut Reader,
    /// What conditions around have shown to be there.
    present: Vec<String>,
}

impl Check<'_> {
    fn template(&mut self, template: &Template) {
        match template {
            Template::Constant(_) => {}
            Template::Expression(expression) => self.expression(expression, false),
            Template::Text(text) => self.parts(&text.parts),
        }
    }

    fn parts(&mut self, parts: &[Part]) {
        for part in parts {
            match part {
                Part::Text(_) => {}
                Part::Expression(expression) => self.expression(expression, false),
                Part::Block(block) => {
                    self.expression(&block.subject, block.accepts_missing());
                    let before = self.present.len();
                    if block.kind != BlockKind::Unless {
                        self.assume(&block.subject);
                    }
                    self.parts(&block.body);
                    self.present.truncate(before);
                    if block.kind == BlockKind::Unless {
                        self.assume(&block.subject);
                    }
                    self.parts(&block.otherwise);
                    self.present.truncate(before);
                }
            }
        }
    }

    /// What is there where an expression is true.
    fn assume(&mut self, expression: &Expression) {
        match expression {
            Expression::Literal(_) => {}
            Expression::Path(path) => self.present.push(path.text.to_string()),
            Expression::Call(call) => match call.function.name {
                "and" | "exists" => call.arguments.iter().for_each(|argument| self.assume(argument)),
                _ => {}
            },
        }
    }

    fn expression(&mut self, expression: &Expression, accepts_missing: bool) {
        match expression {
            Expression::Literal(_) => {}
            Expression::Path(path) => self.path(path, accepts_missing),
            Expression::Call(call) => {
                let before = self.present.len();
                for (position, argument) in call.arguments.iter().enumerate() {
                    let parameter = call.function.parameter(position);
                    self.expression(argument, parameter.is_some_and(|it| it.accepts_missing));
                    if call.function.name == "and" {
                        self.assume(argument);
                    }
                    let types = self.names.types(argument);
                    if let Some(parameter) = parameter.filter(|it| !types.overlaps(it.types)) {
                        let message = format!(
                            "`{}` takes {} as `{}`, and this is {types}",
                            call.function.name, parameter.types, parameter.name
                        );
                        self.reader.report_help(
                            Code::FunctionArgument,
                            span(&argument.span()),
                            message,
                            call.function.summary,
                        );
                    }
                }
                self.present.truncate(before);
            }
        }
    }

    fn path(&mut self, path: &Path, accepts_missing: bool) {
        // One without segments stands for what was reported already.
        if path.segments.is_empty() || path.slot.is_block_local() {
            return;
        }
        if path.slot == Slot::Unresolved {
            return self.unknown(path);
        }
        match self.names.walk(path) {
            Some(Walk::To { optional: true, .. })
                if matches!(path.slot, Slot::Input | CONNECTION)
                    && path.segments.len() == 2
                    && !accepts_missing
                    && !self.present.iter().any(|present| **present == *path.text) =>
            {
                let text = &path.text;
                let help = format!(
                    "give it a `default`, or write `{{{{default {text} \"…\"}}}}` or `{{{{omit_if_missing {text}}}}}`"
                );
                self.reader.report_help(
                    Code::UnknownField,
                    span(&path.span),
                    format!("`{text}` may be missing"),
                    help,
                );
            }
            Some(Walk::NoField {
                at,
                fields,
                closed,
                types,
            }) => {
                let name = path.segments.get(at).map(segment_text).unwrap_or_default();
                let owner: Vec<String> = path.segments.iter().take(at).map(segment_text).collect();
                let owner = owner.join(".");
                let place = path.segment_spans.get(at).map_or_else(|| span(&path.span), span);
                let message = if !types.overlaps(TypeSet::OBJECT) {
                    format!("`{owner}` is {types} and has no fields")
                } else if closed {
                    format!("`{owner}` has no field `{name}`")
                } else {
                    format!("`{owner}` has no known field `{name}`")
                };
                self.reader.report(Code::UnknownField, place, message);
                if let Some(finding) = self.reader.diagnostics.last_mut() {
                    finding.help = suggestion(&name, fields.iter().map(String::as_str));
                    if !closed {
                        finding.severity = Severity::Warning;
                    }
                }
            }
            _ => {}
        }
    }

    fn unknown(&mut self, path: &Path) {
        let root = path.root().unwrap_or_default();
        let place = path.segment_spans.first().map_or_else(|| span(&path.span), span);
        if let Some(function) = functions::find(root).filter(|_| path.segments.len() == 1) {
            let message = format!("`{root}` is a function and lacks its arguments");
            let help = format!("write `{}`", function.signature());
            return self.reader.report_help(Code::WrongArity, place, message, help);
        }
        let known = self.names.known();
        let elsewhere = match root {
            "input" => Some("the input is there inside operations only"),
            "response" => Some("the answer is there after the request only"),
            "page" => Some("`page` is there under `pagination` only"),
            "steps" | "vars" | "config" | "request" => {
                Some("a connector sees nothing of the flow but `input`")
            }
            _ => None,
        };
        let help = elsewhere.map(str::to_owned).or_else(|| {
            nearest(root, known.iter().copied())
                .map(|near| format!("did you mean `{near}`?"))
                .or_else(|| functions::elsewhere(root).map(str::to_owned))
                .or_else(|| suggestion(root, known))
        });
        self.reader.report(
            Code::UnknownRoot,
            place,
            format!("there is no value `{root}` here"),
        );
        if let Some(finding) = self.reader.diagnostics.last_mut() {
            finding.help = help;
        }
    }
}

fn span(range: &std::ops::Range<usize>) -> Span {
    Span::new(range.start, range.end)
}

/// What is there of fields when an expression is evaluated: defaults are filled in by then.
fn declared(fields: &[InputField], is_known: bool) -> Value {
    let properties: Map<String, Value> = fields
        .iter()
        .map(|field| (field.name.value.clone(), field.schema.clone()))
        .collect();
    let required: Vec<&str> = fields
        .iter()
        .filter(|field| field.required || field.default.is_some())
        .map(|field| field.name.value.as_str())
        .collect();
    json!({
        "type": "object", "properties": properties, "required": required,
        "additionalProperties": if is_known { json!(false) } else { json!({}) },
    })
}

fn run_schema() -> Value {
    json!({
        "type": "object", "required": ["id", "step"], "additionalProperties": false,
        "properties": { "id": { "type": "string" }, "step": { "type": "string" } },
    })
}

fn response_schema() -> Value {
    json!({
        "type": "object", "required": ["status", "headers", "body"], "additionalProperties": false,
        "properties": {
            "status": { "type": "integer" },
            "headers": { "type": "object", "additionalProperties": { "type": "string" } },
            "body": {},
        },
    })
}

fn page_schema() -> Value {
    json!({
        "type": "object", "required": ["number", "count"], "additionalProperties": false,
        "properties": {
            "number": { "type": "integer" }, "count": { "type": "integer" }, "last": {}, "items": { "type": "array" },
        },
    })
}

fn report_unread(reader: &mut Reader, read: &BTreeSet<String>, fields: &[InputField], root: &str) {
    if read.contains(ALL) {
        return;
    }
    for field in fields {
        let name = &field.name.value;
        if !read.contains(name) {
            reader.report_help(
                Code::NeverRead,
                field.name.span,
                format!("no expression reads `{root}.{name}`"),
                "use it, or leave it out",
            );
        }
    }
}
