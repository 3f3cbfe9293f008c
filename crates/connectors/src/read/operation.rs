//! One operation of a connector.

use std::fmt::Write as _;
use std::sync::Arc;

use lockgate_flow::catalog::{ActionSpec, Effect, Group, Text};
use lockgate_flow::diagnostic::{Code, Diagnostic, suggestion};
use lockgate_flow::graph::strip;
use lockgate_flow::schema::Schema;
use lockgate_flow::syntax::{InputField, Reader, read_input, read_schema};
use lockgate_flow::yaml::{Entry, Node};
use serde_json::json;

use super::names::Names;
use super::{
    Shared, auth, check_name, errors, needed_text, optional_text, pages, read_base_url, read_data, request,
    result, with_secrets,
};
use crate::connector::Operation;

const KEYS: &[&str] = &[
    "summary",
    "docs",
    "effect",
    "changes_users",
    "input",
    "base_url",
    "auth",
    "request",
    "timeout",
    "accept",
    "success_if",
    "result",
    "output",
    "errors",
    "error_message",
    "pagination",
    "reconcile",
    "example",
];

const EFFECTS: [Effect; 4] = [Effect::Pure, Effect::Read, Effect::Idempotent, Effect::Once];

/// Reads an operation; nothing where there is no request to make.
pub(super) fn read(
    reader: &mut Reader,
    entry: &Entry,
    shared: &Shared,
    names: &mut Names,
    auths: &mut usize,
) -> Option<Operation> {
    let before = reader.diagnostics.len();
    let name = entry.key.text.clone();
    let name_is_good = check_name(reader, &name, entry.key.span, "the name of an operation");
    let mut fields = reader.fields(&entry.value, "the operation")?;
    let summary = needed_text(reader, &mut fields, "summary", "`summary`");
    let docs = optional_text(reader, &mut fields, "docs", "`docs`");
    let effect = fields
        .need(reader, "effect")
        .and_then(|node| read_effect(reader, node));
    let changes_users = fields
        .take("changes_users")
        .and_then(|node| reader.boolean(node, "`changes_users`"))
        .unwrap_or(false);
    let (inputs, inputs_are_known) = match fields.take_or_recover("input", KEYS) {
        Some(node) => read_input(reader, node),
        None => (Vec::new(), true),
    };
    names.with_input(None);
    let base_url = fields.take("base_url").map_or_else(
        || Arc::clone(&shared.base_url),
        |node| Arc::new(read_base_url(reader, node, names)),
    );
    let auth = match fields.take("auth") {
        Some(node) => {
            *auths += 1;
            Arc::new(auth::read(reader, node, *auths - 1, names))
        }
        None => Arc::clone(&shared.auth),
    };

    names.with_input(Some((&inputs, inputs_are_known)));
    names.with_run(true);
    let request_node = fields.take_or_recover("request", KEYS);
    if request_node.is_none() {
        fields.missing(reader, "request");
    }
    let request = request_node.and_then(|node| request::read(reader, node, &shared.headers, names));
    let timeout = fields
        .take("timeout")
        .and_then(|node| reader.duration(node, "`timeout`"))
        .map_or(shared.timeout, |timeout| timeout.value);
    let accept = match fields.take("accept") {
        Some(node) => errors::read_statuses(reader, node, "`accept`"),
        None => shared.accept.clone(),
    };
    names.with_response(true);
    let success_if = fields
        .take("success_if")
        .and_then(|node| names.read_expression(reader, node, "`success_if`"))
        .or_else(|| shared.success_if.clone());
    let rules = fields
        .take("errors")
        .map(|node| errors::read(reader, node, names))
        .unwrap_or_default()
        .before(&shared.rules);
    let error_message = fields
        .take("error_message")
        .and_then(|node| names.read_expression(reader, node, "`error_message`"))
        .or_else(|| shared.error_message.clone());
    let pagination_node = fields.take("pagination");
    let pagination = pagination_node.and_then(|node| pages::read_pagination(reader, node, effect, names));
    let output_node = fields.take("output");
    let output = output_node.and_then(|node| read_schema(reader, node, "`output`"));
    names.with_page(pagination_node.is_some());
    let result = fields.take("result").map(|node| read_data(reader, node, names));
    match (&result, &output, output_node) {
        (Some(result), Some(schema), _) => result::check(reader, result, schema, names),
        (None, Some(schema), Some(node)) if pagination_node.is_some() => {
            result::check_pages(reader, node.span, schema);
        }
        _ => {}
    }
    names.with_page(false);
    let reconcile = fields
        .take("reconcile")
        .and_then(|node| pages::read_reconcile(reader, node, effect, shared, names));
    let example = optional_text(reader, &mut fields, "example", "`example`");
    fields.finish(reader, KEYS);
    names.with_response(false);
    names.with_run(false);
    // What a mistake keeps from being read is not left unread.
    let is_sound = !reader.diagnostics[before..].iter().any(Diagnostic::is_error);
    if inputs_are_known && is_sound {
        names.report_unread_inputs(reader, &inputs);
    }
    names.with_input(None);

    let request = request?;
    let full_name = format!("{}.{name}", shared.name);
    let spec = ActionSpec {
        docs: documentation(docs, shared.docs.as_deref()).into(),
        group: Group::Business,
        input: Schema::new(with_secrets(&inputs)),
        output: Schema::new(output.unwrap_or_else(|| json!({}))),
        errors: rules.specs,
        connection: Some(Text::Owned(shared.name.clone())),
        changes_users,
        example: complete_example(&full_name, &name, example, &inputs).into(),
        ..ActionSpec::new(full_name, effect.unwrap_or(Effect::Once), summary)
    };
    name_is_good.then(|| Operation {
        name,
        spec: Arc::new(spec),
        defaults: inputs
            .into_iter()
            .filter_map(|field| Some((field.name.value, field.default?)))
            .collect(),
        base_url,
        auth,
        request,
        accept,
        success_if,
        errors: rules.rules,
        error_message,
        result: result.map(|result| strip(&result, None)),
        pagination,
        reconcile,
        timeout,
    })
}

fn read_effect(reader: &mut Reader, node: &Node) -> Option<Effect> {
    let text = reader.text(node, "`effect`")?;
    let found = EFFECTS.into_iter().find(|effect| effect.name() == text.value);
    if found.is_none() {
        let help = suggestion(&text.value, EFFECTS.map(Effect::name)).unwrap_or_default();
        let message = format!("`{}` is no effect", text.value);
        reader.report_help(Code::InvalidConnector, text.span, message, help);
    }
    found
}

fn documentation(own: Option<String>, of_provider: Option<&str>) -> String {
    let mut docs = own.unwrap_or_default();
    if let Some(url) = of_provider {
        if !docs.is_empty() {
            docs.truncate(docs.trim_end().len());
            docs.push_str("\n\n");
        }
        docs.push_str("See <");
        docs.push_str(url);
        docs.push_str(">.");
    }
    docs
}

/// A whole step: with its action, and with what it needs where the connector has no example.
fn complete_example(action: &str, id: &str, written: Option<String>, inputs: &[InputField]) -> String {
    let written = written.unwrap_or_else(|| {
        let mut with = String::new();
        for field in inputs.iter().filter(|field| field.required) {
            let name = &field.name.value;
            // Writing to a string does not fail.
            let _ = writeln!(with, "  {name}: \"{{{{input.{name}}}}}\"");
        }
        if with.is_empty() {
            with
        } else {
            format!("with:\n{with}")
        }
    });
    let written = written.trim_end();
    if written.contains("action:") {
        format!("{written}\n")
    } else if written.is_empty() {
        format!("id: {id}\naction: {action}\n")
    } else {
        format!("id: {id}\naction: {action}\n{written}\n")
    }
}
