//! Steps that are new: of an action with what it needs, of another verb, and those that were pasted; and the expressions
//! that stand in for what an author will say.

use serde_json::{Map, Value, json};

use super::change::EditError;
use super::chunk::Chunk;
use super::names;
use super::path::Place;
use super::put::indents;
use super::tree::{Id, Tree};
use super::write::{self, Indents};
use crate::catalog::Catalog;

/// A field of the flow's input.
struct Field<'t> {
    name: &'t str,
    type_name: Option<&'t str>,
    values: Vec<String>,
    secret: bool,
}

fn fields<'t>(tree: &'t Tree<'_>) -> Vec<Field<'t>> {
    let input = tree.root.and_then(|root| tree.get(root, "input"));
    let entries = input.map(|input| tree.entries(input)).unwrap_or_default();
    entries
        .iter()
        .filter(|entry| crate::syntax::is_identifier(tree.key(entry)))
        .map(|entry| {
            let get = |key: &str| tree.get(entry.value, key);
            let values = get("enum").map(|list| tree.items(list)).unwrap_or_default();
            Field {
                name: tree.key(entry),
                type_name: tree.str(entry.value).or_else(|| tree.str(get("type")?)),
                values: values
                    .iter()
                    .filter_map(|item| Some(tree.scalar(item.node)?.text.clone().into_owned()))
                    .collect(),
                secret: get("secret")
                    .and_then(|it| tree.scalar(it))
                    .is_some_and(|it| it.value() == true),
            }
        })
        .collect()
}

/// An expression that an `if` can begin with: a field of the input.
pub(super) fn condition(tree: &Tree<'_>) -> Value {
    let fields = fields(tree);
    let is_flag = |field: &&Field<'_>| field.type_name == Some("boolean");
    let field = fields
        .iter()
        .find(is_flag)
        .or_else(|| fields.iter().find(|field| !field.secret));
    field.map_or(json!(true), |field| json!(format!("input.{}", field.name)))
}

/// An expression that a `switch` can begin with, and its cases.
pub(super) fn subject(tree: &Tree<'_>) -> (Value, Vec<String>) {
    let fields = fields(tree);
    let of = |field: &Field<'_>| json!(format!("input.{}", field.name));
    if let Some(field) = fields
        .iter()
        .find(|field| !field.values.is_empty() && !field.secret)
    {
        return (of(field), field.values.clone());
    }
    let is_text = |field: &&Field<'_>| field.type_name == Some("string") && !field.secret;
    let value = vec!["value".to_owned()];
    match fields.iter().find(is_text) {
        Some(field) => (of(field), value),
        None => (json!("run.flow"), value),
    }
}

/// What a `for_each` can begin with: a list of the input, or one with one element.
pub(super) fn elements(tree: &Tree<'_>) -> Value {
    fields(tree)
        .iter()
        .find(|field| field.type_name == Some("array"))
        .map_or(json!([1]), |field| json!(format!("input.{}", field.name)))
}

/// A name in snake case.
pub(super) fn snake(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            if character.is_ascii_uppercase() && out.ends_with(|c: char| c.is_ascii_lowercase()) {
                out.push('_');
            }
            out.push(character.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
    }
    let out = out.trim_matches('_');
    if out.starts_with(|c: char| c.is_ascii_digit()) {
        format!("step_{out}")
    } else {
        out.to_owned()
    }
}

/// The last part of an action's name in snake case.
pub(super) fn last_part(action: &str) -> String {
    snake(action.rsplit('.').next().unwrap_or(action))
}

/// A step that calls an action, with its required arguments.
pub(super) fn action(
    tree: &Tree<'_>,
    place: &Place,
    index: usize,
    name: &str,
    catalog: &Catalog,
) -> Result<Chunk, EditError> {
    let spec = catalog
        .action(name)
        .ok_or_else(|| EditError::new(format!("there is no action `{name}`")))?;
    let id = names::free(&last_part(name), &names::ids(tree));
    let schema = spec.input.as_value();
    let required = schema.get("required").and_then(Value::as_array);
    let fields = fields(tree);
    let mut with = Map::new();
    for argument in required.into_iter().flatten().filter_map(Value::as_str) {
        let schema = schema.get("properties").and_then(|all| all.get(argument));
        let wanted = schema
            .and_then(|schema| schema.get("type"))
            .and_then(Value::as_str);
        let fits = |field: &&Field<'_>| {
            field.name == argument
                && wanted
                    .zip(field.type_name)
                    .is_none_or(|(wanted, given)| wanted == given)
        };
        let value = if let Some(field) = fields.iter().find(fits) {
            json!(format!("{{{{input.{}}}}}", field.name))
        } else if let Some(step) = user_above(tree, place, index, catalog).filter(|_| argument == "user_id") {
            json!(format!("{{{{steps.{step}.user_id}}}}"))
        } else {
            placeholder(schema)
        };
        with.insert(argument.to_owned(), value);
    }
    let mut step = vec![("id", json!(id)), ("action", json!(name))];
    if !with.is_empty() {
        step.push(("with", Value::Object(with)));
    }
    chunk(tree, &step)
}

/// A value of an argument's type that says nothing yet.
fn placeholder(schema: Option<&Value>) -> Value {
    let get = |key: &str| schema.and_then(|schema| schema.get(key));
    if let Some(value) = get("default").or_else(|| get("const")) {
        return value.clone();
    }
    if let Some(first) = get("enum")
        .and_then(Value::as_array)
        .and_then(|values| values.first())
    {
        return first.clone();
    }
    let type_name = match get("type") {
        Some(Value::Array(types)) => types.first().and_then(Value::as_str),
        Some(name) => name.as_str(),
        None => None,
    };
    match type_name {
        Some("integer" | "number") => get("minimum").cloned().unwrap_or(json!(0)),
        Some("boolean") => json!(false),
        Some("array") => json!([]),
        Some("object") => json!({}),
        Some("null") => Value::Null,
        _ => json!(""),
    }
}

/// The id of a step above in the same list that has surely run there and whose result has a `user_id`.
fn user_above(tree: &Tree<'_>, place: &Place, index: usize, catalog: &Catalog) -> Option<String> {
    let Place::List(list) = place else { return None };
    let above = tree.items(*list).get(..index)?;
    above.iter().rev().map(|item| item.node).find_map(|step| {
        let text = |key: &str| tree.get(step, key).and_then(|node| tree.str(node));
        let spec = catalog.action(text("action").filter(|action| action.starts_with("auth0."))?)?;
        spec.output.as_value().get("properties")?.get("user_id")?;
        let is_sure = tree.get(step, "if").is_none()
            && tree.get(step, "on_error").is_none_or(|it| always_ends(tree, it));
        text("id").filter(|_| is_sure).map(str::to_owned)
    })
}

/// Whether every arm of an `on_error` ends the run.
fn always_ends(tree: &Tree<'_>, on_error: Id) -> bool {
    let ends = |list: Id| {
        tree.items(list).last().is_some_and(|item| {
            let does = |key: &str| tree.get(item.node, key).is_some();
            !does("if") && (does("fail") || does("return"))
        })
    };
    if tree.is_map(on_error) {
        return tree.entries(on_error).iter().all(|entry| ends(entry.value));
    }
    ends(on_error)
}

/// A step of a verb, the smallest that says something.
pub(super) fn verb(tree: &Tree<'_>, verb: &str) -> Result<Chunk, EditError> {
    let step = match verb {
        "if" => vec![("if", condition(tree)), ("then", json!([]))],
        "switch" => {
            let (subject, cases) = subject(tree);
            let cases: Map<String, Value> = cases.into_iter().map(|case| (case, json!([]))).collect();
            vec![("switch", subject), ("cases", Value::Object(cases))]
        }
        "parallel" => vec![("parallel", json!({ "first": [], "second": [] }))],
        "for_each" => vec![
            ("for_each", elements(tree)),
            (
                "steps",
                json!([{ "set": { free_variable(tree, "element"): "{{item}}" } }]),
            ),
        ],
        "set" => vec![("set", json!({ free_variable(tree, "value"): "" }))],
        "wait" => vec![("wait", json!("1m"))],
        "call" => vec![("call", json!("flow-name"))],
        "respond" => vec![("respond", json!({ "status": 200, "body": {} }))],
        "redirect" => vec![("redirect", json!("https://example.com"))],
        "return" => vec![("return", json!({}))],
        "fail" => vec![(
            "fail",
            json!({ "code": "failed", "message": "This did not work." }),
        )],
        _ => return Err(EditError::new(format!("there is no verb `{verb}`"))),
    };
    chunk(tree, &step)
}

fn free_variable(tree: &Tree<'_>, name: &str) -> String {
    let taken = names::all_steps(tree)
        .into_iter()
        .filter_map(|step| tree.get(step, "set"))
        .flat_map(|set| tree.entries(set).iter().map(|entry| tree.key(entry).to_owned()))
        .collect();
    names::free(name, &taken)
}

/// A step in lines; what stands under its keys too, so that it can grow.
fn chunk(tree: &Tree<'_>, step: &[(&str, Value)]) -> Result<Chunk, EditError> {
    let indents = indents(tree, names::all_steps(tree).first().copied().or(tree.root));
    let mut lines = Vec::new();
    for (key, value) in step {
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                lines.push(format!("  {key}:"));
                lines.extend(open(fields, 2 + indents.map, indents));
            }
            value => lines.extend(write::entry(key, value, 2, indents)),
        }
    }
    if let Some(first) = lines.first_mut() {
        first.replace_range(..1, "-");
    }
    let newline = tree.newline();
    let text: String = lines.iter().flat_map(|line| [line.as_str(), newline]).collect();
    Chunk::read(text)
}

fn open(fields: &Map<String, Value>, column: usize, indents: Indents) -> Vec<String> {
    fields
        .iter()
        .flat_map(|(key, value)| {
            // A case may be a number.
            let (key_text, _) = super::put::key_of_list(key, value.is_array().then_some("cases"));
            let mut lines = write::entry(key, value, column, indents);
            if value.is_array() {
                lines[0] = format!("{:column$}{key_text}: {}", "", write::in_brackets(value));
                lines.truncate(1);
            }
            lines
        })
        .collect()
}

/// Steps as YAML: one, or a list.
pub(super) fn pasted(yaml: &str) -> Result<Chunk, EditError> {
    let tree = Tree::read(yaml).map_err(|error| EditError::new(format!("what is put in: {error}")))?;
    let no_step = || EditError::new("what is put in is no step and no list of steps");
    let root = tree.root.ok_or_else(no_step)?;
    let node = tree.node(root);
    let in_lines = tree.form(root) == Some(super::tree::Form::Block);
    let newline = tree.newline();
    let mut text = String::new();
    if tree.is_list(root) && in_lines {
        if tree.items(root).iter().any(|item| !tree.is_map(item.node)) {
            return Err(no_step());
        }
        // Comments above and below belong to it.
        let first = tree.line_start(node.at);
        let head = yaml[..first]
            .rfind("---")
            .map_or(0, |at| tree.next_line(at).min(first));
        text.push_str(&yaml[head..]);
    } else if tree.is_map(root) {
        let first = tree.line_start(node.at);
        let head = yaml[..first]
            .rfind("---")
            .map_or(0, |at| tree.next_line(at).min(first));
        let column = tree.column(node.at);
        text.push_str(&yaml[head..first]);
        text.extend([" ".repeat(column).as_str(), "- "]);
        let rest = &yaml[node.at..];
        let mut lines = rest.split_inclusive('\n');
        text.push_str(lines.next().unwrap_or_default());
        for line in lines {
            if line.trim().is_empty() {
                text.push_str(line);
            } else {
                text.push_str("  ");
                text.push_str(line);
            }
        }
    } else if tree.is_list(root) {
        for item in tree.items(root).iter().filter(|item| tree.is_map(item.node)) {
            let node = tree.node(item.node);
            let own = super::chunk::hang(&yaml[node.lead..node.end], 2);
            text.extend(["- ", own.as_str(), newline]);
        }
    } else {
        return Err(no_step());
    }
    let text = text.trim_start_matches(['\n', '\r']).trim_end();
    if text.is_empty() {
        return Err(no_step());
    }
    let chunk = Chunk::read(format!("{text}{newline}"))?;
    if chunk.meanings.is_empty() {
        return Err(no_step());
    }
    Ok(chunk)
}
