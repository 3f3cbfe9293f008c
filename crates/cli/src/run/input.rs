//! `--input` and `--input-json` → the flow's input, or every mistake in it at once.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use lockgate_flow::graph::{Coercion, Flow, InputMistake, InputSpec};
use serde_json::{Map, Value, json};

use super::json::read_object;
use crate::exit::{Mistake, Shown};
use crate::terminal::{Style, Table, Terminal};

/// What was typed, read but not yet compared with what the flow takes.
#[derive(Debug, Default)]
pub(crate) struct Given {
    /// From `--input-json`.
    object: Map<String, Value>,
    /// From `--input`, in their order.
    texts: Vec<(String, String)>,
}

/// Everything that is wrong with an input.
#[derive(Debug)]
pub(crate) struct Mistakes(Vec<InputMistake>);

impl Given {
    /// Reads arguments, files and stdin. Paths are relative to `folder`.
    ///
    /// # Errors
    /// An argument is not `NAME=VALUE`, a file cannot be read, a text is not a JSON object.
    pub(crate) fn read(inputs: &[String], json: Option<&str>, folder: &Path) -> Result<Self> {
        let mut texts = Vec::new();
        for (index, input) in inputs.iter().enumerate() {
            let Some((name, value)) = input.split_once('=').filter(|(name, _)| !name.is_empty()) else {
                // What was typed may be a secret: it is told by its place alone.
                let which = match inputs.len() {
                    1 => "the `--input`".to_owned(),
                    count => format!("`--input` number {} of {count}", index + 1),
                };
                let why = match input.chars().next() {
                    Some('=') => "there is no name before the `=`",
                    _ => "there is no `=` in it",
                };
                return Err(Mistake::new(format!("{which} is not NAME=VALUE: {why}"))
                    .help("write it like `--input email=ada@example.com`")
                    .into());
            };
            let text = match value.strip_prefix('@') {
                Some(rest) if rest.starts_with('@') => rest.to_owned(),
                Some(path) => without_line_break(read_text(&folder.join(path)).map_err(|error| {
                    Mistake::new(format!("`--input {name}=@…`: {error:#}")).help(format!(
                        "for a text that begins with `@` write two of them: `--input {name}=@@…`"
                    ))
                })?),
                None => value.to_owned(),
            };
            texts.push((name.to_owned(), text));
        }
        let object = match json {
            None => Map::new(),
            Some(text) => read_object("--input-json", text, folder)?,
        };
        Ok(Self { object, texts })
    }

    /// What was given, texts as the types of their fields, for one step alone: the rest of the input may be missing. Of what
    /// is given twice the text counts.
    pub(crate) fn part(self, spec: &InputSpec) -> Map<String, Value> {
        let mut object = self.object;
        for (name, text) in self.texts {
            let (Coercion::Value(value) | Coercion::Unknown(value)) = spec.coerce(&name, &text);
            object.insert(name, value);
        }
        object
    }

    /// The input as the flow takes it: texts as the types of their fields, defaults filled in.
    ///
    /// # Errors
    /// Every mistake.
    pub(crate) fn fit(self, spec: &InputSpec) -> Result<Value, Mistakes> {
        let mut twice = Vec::new();
        let mut object = self.object;
        for (name, text) in &self.texts {
            let (Coercion::Value(value) | Coercion::Unknown(value)) = spec.coerce(name, text);
            if object.insert(name.clone(), value).is_some() {
                twice.push(InputMistake {
                    field: name.clone(),
                    message: "is given twice".to_owned(),
                });
            }
        }
        let result = spec.validate(object);
        match result {
            Ok(input) if twice.is_empty() => Ok(input),
            Ok(_) => Err(Mistakes(twice)),
            Err(mut mistakes) => {
                mistakes.extend(twice);
                Err(Mistakes(mistakes))
            }
        }
    }
}

pub(super) fn read_text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

/// Editors end a file with a line break; a value has none.
fn without_line_break(text: String) -> String {
    let stripped = text
        .strip_suffix('\n')
        .map(|text| text.strip_suffix('\r').unwrap_or(text));
    stripped.map(str::to_owned).unwrap_or(text)
}

impl Mistakes {
    /// Shows the mistakes, and what the flow takes; gives the error for who called.
    pub(crate) fn show(self, flow: &Flow, terminal: &Terminal) -> anyhow::Error {
        terminal.say(
            self.render(&flow.name, &flow.input, terminal.stderr_style())
                .trim_end(),
        );
        let details = self
            .0
            .iter()
            .map(|mistake| json!({ "field": mistake.field, "message": mistake.message }));
        Shown {
            code: "invalid_input",
            message: format!("the input does not fit the flow `{}`", flow.name),
            details: details.collect(),
        }
        .into()
    }

    fn render(&self, flow: &str, spec: &InputSpec, style: Style) -> String {
        let mut mistakes = Table::new(style, &[]).indented(2);
        for mistake in &self.0 {
            mistakes.row([mistake.field.clone(), mistake.message.clone()]);
        }
        let head = format!(
            "{}: the input does not fit the flow `{flow}`\n",
            style.bad("error")
        );
        let takes = if spec.fields.is_empty() {
            format!("\n{}: it takes no input\n", style.help("help"))
        } else {
            format!("\n{}: it takes\n{}", style.help("help"), fields(spec, style))
        };
        format!("{head}{}{takes}", mistakes.render())
    }
}

/// The fields of a flow, one a line.
fn fields(spec: &InputSpec, style: Style) -> String {
    let mut table = Table::new(style, &[]).indented(2);
    for field in &spec.fields {
        let mut notes = Vec::new();
        match &field.default {
            Some(_) if holds_secret(spec, &field.name.value) => notes.push("has a default".to_owned()),
            Some(default) => notes.push(format!("default {}", plain(default))),
            None if field.required => notes.push("required".to_owned()),
            None => notes.push("optional".to_owned()),
        }
        if field.secret {
            notes.push("secret".to_owned());
        }
        let mut row = [
            field.name.value.clone(),
            describe(&field.schema),
            notes.join(", "),
        ];
        if let Some(description) = field.schema.get("description").and_then(Value::as_str) {
            row[2] = format!("{}  {description}", row[2]);
        }
        table.row(row);
    }
    table.render()
}

/// Whether a field is secret, or something in it.
fn holds_secret(spec: &InputSpec, field: &str) -> bool {
    spec.secrets
        .iter()
        .filter_map(|path| path.strip_prefix(field))
        .any(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// A schema in a few words: `string (email), at least 8 characters`.
pub(crate) fn describe(schema: &Value) -> String {
    let mut words = kind(schema);
    if schema.get("enum").or_else(|| schema.get("const")).is_some() {
        return words;
    }
    for (keyword, before, after) in [
        ("minLength", "at least ", " characters"),
        ("maxLength", "at most ", " characters"),
        ("minimum", "from ", ""),
        ("maximum", "up to ", ""),
        ("minItems", "at least ", " elements"),
        ("maxItems", "at most ", " elements"),
        ("pattern", "matching ", ""),
    ] {
        match schema.get(keyword) {
            Some(least) if keyword.starts_with("min") && (*least == 1) && !after.is_empty() => {
                words.push_str(", not empty");
            }
            Some(value) => {
                let _ = write!(words, ", {before}{}{after}", plain(value));
            }
            None => {}
        }
    }
    words
}

/// The type in a few words, without what else is asked of the value.
fn kind(schema: &Value) -> String {
    let joined = |schemas: &[Value], by| schemas.iter().map(kind).collect::<Vec<_>>().join(by);
    if let Some(Value::Array(values)) = schema.get("enum") {
        return values.iter().map(plain).collect::<Vec<_>>().join(" | ");
    }
    if let Some(value) = schema.get("const") {
        return plain(value);
    }
    for keyword in ["anyOf", "oneOf"] {
        if let Some(Value::Array(schemas)) = schema.get(keyword) {
            return joined(schemas, " or ");
        }
    }
    let words = match schema.get("type") {
        Some(Value::String(name)) if name == "array" => match schema.get("items").map(kind) {
            Some(items) if items != "any" => format!("list of {items}"),
            _ => "list".to_owned(),
        },
        Some(Value::String(name)) => name.clone(),
        Some(Value::Array(names)) => names.iter().map(plain).collect::<Vec<_>>().join(" or "),
        _ => "any".to_owned(),
    };
    match schema.get("format").and_then(Value::as_str) {
        Some(format) => format!("{words} ({format})"),
        None => words,
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::ColorChoice;
    use lockgate_flow::source::Source;
    use lockgate_flow::syntax::parse;

    fn spec(input: &str) -> InputSpec {
        let source = Source::new("flows/a.yaml", format!("input: {input}\nsteps:\n  - return: 1\n"));
        InputSpec::new(&parse(&source).flow.unwrap().input)
    }

    fn fit(spec: &InputSpec, inputs: &[&str], json: Option<&str>) -> Result<Value, Vec<String>> {
        let inputs: Vec<String> = inputs.iter().map(|text| (*text).to_owned()).collect();
        let given = Given::read(&inputs, json, Path::new("/nonexistent")).unwrap();
        given.fit(spec).map_err(|error| {
            error
                .0
                .into_iter()
                .map(|mistake| format!("{} {}", mistake.field, mistake.message))
                .collect()
        })
    }

    #[test]
    fn texts_become_what_their_fields_want() {
        let spec = spec(
            "{ n: { type: integer }, b: { type: boolean }, s: { type: string }, l: { type: array }, \
             p: { enum: [free, pro], default: free } }",
        );
        assert_eq!(
            fit(&spec, &["n=7", "b=true", "s=007", "l=[1, 2]"], None),
            Ok(json!({ "n": 7, "b": true, "s": "007", "l": [1, 2], "p": "free" }))
        );
        // A value may hold `=`, and may be empty.
        assert_eq!(
            fit(
                &spec,
                &["s=a=b", "p=pro"],
                Some(r#"{"n": 1, "b": false, "l": []}"#)
            ),
            Ok(json!({ "n": 1, "b": false, "s": "a=b", "l": [], "p": "pro" }))
        );
        assert_eq!(
            fit(&spec, &["n=many", "s=@@ada", "b=true", "s=x", "other=1"], None),
            Err(vec![
                "n \"many\" is not of type \"integer\"".to_owned(),
                "l is required".to_owned(),
                "other is not a field of this flow".to_owned(),
                "s is given twice".to_owned(),
            ])
        );
    }

    #[test]
    fn files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("text"), "line 1\nline 2\r\n").unwrap();
        std::fs::write(folder.path().join("json"), "{\"n\": 1}").unwrap();
        let given = Given::read(
            &["s=@text".to_owned(), "t=@@x".to_owned()],
            Some("@json"),
            folder.path(),
        )
        .unwrap();
        assert_eq!(
            given.texts,
            [
                ("s".to_owned(), "line 1\nline 2".to_owned()),
                ("t".to_owned(), "@x".to_owned())
            ]
        );
        assert_eq!(Value::Object(given.object), json!({ "n": 1 }));
    }

    #[test]
    fn mistakes_in_typing_quote_nothing() {
        for (inputs, json, expected) in [
            (
                vec!["canary".to_owned()],
                None,
                "the `--input` is not NAME=VALUE: there is no `=` in it",
            ),
            (
                vec!["a=1".to_owned(), "=canary".to_owned()],
                None,
                "`--input` number 2 of 2 is not NAME=VALUE: there is no name before the `=`",
            ),
            (vec![], Some("[1]"), "`--input-json` is no JSON object"),
            (
                vec![],
                Some("{canary}"),
                "`--input-json` is no JSON: key must be a string at line 1 column 2",
            ),
        ] {
            let error = Given::read(&inputs, json, Path::new(".")).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn what_a_flow_takes_is_told() {
        let spec = spec(
            "{ email: { type: string, format: email, description: where to }, password: { type: string, minLength: 8, \
             secret: true }, pin: { type: string, secret: true, default: canary }, card: { type: object, default: { cvc: \
             canary }, properties: { cvc: { type: string, secret: true } } }, plan: { enum: [free, pro], default: free }, age: { type: integer, required: false } }",
        );
        let given = Given::read(&["plam=pro".to_owned()], None, Path::new(".")).unwrap();
        let error = given.fit(&spec).unwrap_err();
        let style = crate::terminal::Terminal::new(ColorChoice::Never, false).stdout_style();
        assert_eq!(
            error.render("sign-up", &spec, style),
            "error: the input does not fit the flow `sign-up`\n  \
             email     is required\n  \
             password  is required\n  \
             plam      is not a field of this flow; did you mean `plan`?\n\n\
             help: it takes\n  \
             email     string (email)                 required  where to\n  \
             password  string, at least 8 characters  required, secret\n  \
             pin       string                         has a default, secret\n  \
             card      object                         has a default\n  \
             plan      free | pro                     default free\n  \
             age       integer                        optional\n"
        );
    }
}
