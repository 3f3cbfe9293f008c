//! Reads steps: the common keys and the verb.

use serde_json::Value;

use super::ast::{Step, Verb};
use super::reader::{Fields, Reader};
use super::trigger::is_identifier;
use super::{data, handler, verb};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::source::Span;
use crate::yaml::{Data, Node, Spanned};

/// The keys that every step may have.
pub const COMMON_KEYS: &[&str] = &[
    "id", "name", "notes", "if", "timeout", "retry", "on_error", "secret",
];

/// The verbs' own keys, in the order of the language page. `then` and `else` make a choice of an `if`.
pub const VERBS: &[&str] = &[
    "action", "then", "else", "switch", "parallel", "for_each", "set", "wait", "call", "respond", "return",
    "redirect", "fail",
];

/// Keys that stand beside a verb's key, by verb.
pub(crate) const COMPANIONS: &[(&str, &[&str])] = &[
    ("action", &["with", "connection"]),
    ("switch", &["cases", "default"]),
    ("for_each", &["as", "at_once", "steps", "yield"]),
    ("call", &["with"]),
];

/// Reads a list of steps. `path` is the list's structural path.
pub(super) fn read_list(
    reader: &mut Reader,
    node: &Node,
    what: &str,
    path: &str,
    needs_one: bool,
) -> Vec<Step> {
    let Some(nodes) = node.as_list() else {
        reader.wrong_type(node, what, "a list of steps");
        if node.as_map().is_some()
            && let Some(finding) = reader.diagnostics.last_mut()
        {
            finding.help = Some("begin each step with `- `".to_owned());
        }
        return Vec::new();
    };
    if nodes.is_empty() && needs_one {
        reader.report(Code::MissingKey, node.span, format!("{what} has no step"));
    }
    nodes
        .iter()
        .enumerate()
        .filter_map(|(index, node)| read_step(reader, node, format!("{path}/{index}")))
        .collect()
}

fn read_step(reader: &mut Reader, node: &Node, path: String) -> Option<Step> {
    if let Some(text) = node.as_str() {
        let help = if VERBS.contains(&text.trim_end_matches(':')) {
            format!("write it as a map: `{}: …`", text.trim_end_matches(':'))
        } else {
            "a step is a map with a verb, like `- action: auth0.get_user`".to_owned()
        };
        reader.report_help(
            Code::WrongType,
            node.span,
            "a step must be a map, not a text",
            help,
        );
        return None;
    }
    let mut fields = reader.fields(node, "the step")?;
    let id = fields.take("id").and_then(|node| read_id(reader, node));
    let name = fields
        .take("name")
        .and_then(|node| reader.text(node, "`name`"))
        .map(|text| text.value);
    let notes = fields
        .take("notes")
        .and_then(|node| reader.text(node, "`notes`"))
        .map(|text| text.value);
    let condition = fields
        .take("if")
        .and_then(|node| data::read_expression(reader, node, "`if`"));
    let timeout = fields
        .take("timeout")
        .and_then(|node| reader.duration(node, "`timeout`"));
    let retry = fields
        .take("retry")
        .and_then(|node| handler::read_retry(reader, node));
    let on_error = fields
        .entry("on_error")
        .and_then(|entry| handler::read_on_error(reader, entry, &path));
    let secret = fields
        .take("secret")
        .and_then(|node| reader.boolean(node, "`secret`"))
        .unwrap_or(false);
    let (verb, verb_span) = read_verb(reader, &mut fields, node, &path);
    let known = known_keys(&verb);
    fields.finish(reader, &known);
    Some(Step {
        path,
        span: node.span,
        id,
        name,
        notes,
        condition,
        verb,
        verb_span,
        timeout,
        retry,
        on_error,
        secret,
    })
}

fn known_keys(verb: &Verb) -> Vec<&'static str> {
    let mut known: Vec<&'static str> = match verb {
        Verb::Invalid => VERBS.to_vec(),
        Verb::Choose { .. } => vec!["then", "else"],
        verb => vec![verb.name()],
    };
    known.extend(COMMON_KEYS);
    for (name, companions) in COMPANIONS {
        if known.contains(name) {
            known.extend(*companions);
        }
    }
    known
}

fn read_id(reader: &mut Reader, node: &Node) -> Option<Spanned<String>> {
    let id = match &node.data {
        // `id: 3` or `id: true` is a name that YAML reads as something else; the finding below says it.
        Data::Scalar(scalar) if !scalar.value.is_null() => Spanned::new(scalar.text.clone(), node.span),
        _ => reader.text(node, "`id`")?,
    };
    if is_identifier(&id.value) {
        return Some(id);
    }
    let repaired: String = id
        .value
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .collect();
    let repaired = repaired
        .trim_matches('_')
        .trim_start_matches(|c: char| c.is_ascii_digit());
    let example = if repaired.is_empty() { "user" } else { repaired };
    reader.report_help(
        Code::InvalidName,
        id.span,
        format!("`{}` is no identifier", id.value),
        format!("letters, digits and `_`, not beginning with a digit, like `{example}`"),
    );
    // The references to it are not wrong as well.
    Some(id)
}

fn read_verb(reader: &mut Reader, fields: &mut Fields<'_>, node: &Node, path: &str) -> (Verb, Span) {
    let entries = node.as_map().unwrap_or_default();
    let found: Vec<(&'static str, Span)> = VERBS
        .iter()
        .filter_map(|verb| {
            entries
                .iter()
                .find(|entry| entry.key.text == *verb)
                .map(|entry| (*verb, entry.key.span))
        })
        .collect();
    let chooses = |name: &str| name == "then" || name == "else";
    let Some((name, span)) = found.first().copied() else {
        let head = Span::new(node.span.start as usize, node.span.start as usize);
        let first_line = entries.first().map_or(head, |entry| entry.key.span);
        let misspelt = entries.iter().find_map(|entry| {
            let near = nearest(&entry.key.text, VERBS.iter().copied())?;
            (!COMMON_KEYS.contains(&entry.key.text.as_str())).then_some((entry.key.span, near))
        });
        // A misspelt verb is reported once, as the unknown key that it is.
        if misspelt.is_none() {
            let mut finding =
                Diagnostic::new(Code::NoVerb, &reader.source, first_line, "the step does nothing");
            finding.help = Some(if entries.iter().any(|entry| entry.key.text == "if") {
                "`if` decides; say with `then`, `action`, … what".to_owned()
            } else {
                format!(
                    "give it a verb: {}",
                    crate::diagnostic::list(VERBS.iter().copied().filter(|v| !chooses(v)))
                )
            });
            reader.diagnostics.push(finding);
            for entry in entries {
                fields.take(&entry.key.text);
            }
        }
        take_companions(fields);
        return (Verb::Invalid, first_line);
    };
    if let Some((other, other_span)) = found
        .iter()
        .skip(1)
        .find(|(other, _)| !(chooses(name) && chooses(other)))
    {
        // `default` and `with` belong to several verbs, so only the verbs' own keys are compared.
        let finding = Diagnostic::new(
            Code::SeveralVerbs,
            &reader.source,
            *other_span,
            format!("the step says `{name}` and also `{other}`"),
        )
        .and(span, "the first verb")
        .help("one step does one thing: make two steps of it");
        reader.diagnostics.push(finding);
        for (verb, _) in &found {
            fields.take(verb);
        }
        take_companions(fields);
        return (Verb::Invalid, span);
    }
    (verb::read(reader, fields, name, span, path), span)
}

/// Passes over the keys that stand beside verbs, where it is not known which verb it is.
fn take_companions(fields: &mut Fields<'_>) {
    for (_, companions) in COMPANIONS {
        for companion in *companions {
            fields.take(companion);
        }
    }
}

/// A key of the author's as one segment of a structural path: `/`, `#`, `@` and `%` would mean something else there.
pub(crate) fn path_segment(key: &str) -> String {
    key.replace('%', "%25")
        .replace('/', "%2F")
        .replace('#', "%23")
        .replace('@', "%40")
}

/// The scalar's value where it is one.
pub(super) fn scalar_value(node: &Node) -> Option<&Value> {
    match &node.data {
        Data::Scalar(scalar) => Some(&scalar.value),
        _ => None,
    }
}
