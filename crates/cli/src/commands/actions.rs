//! `lockgate actions`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use lockgate_flow::catalog::{ActionSpec, COMMON_ERRORS, Catalog, Group, KnownInput};
use lockgate_flow::diagnostic::suggestion;
use lockgate_flow::schema::SchemaView;
use serde_json::{Value, json};

use crate::args::ActionsArgs;
use crate::catalogue;
use crate::exit::{Exit, Mistake};
use crate::run::describe;
use crate::terminal::{Style, Table, Terminal};

pub(super) fn actions(folder: &Path, args: &ActionsArgs, terminal: &Terminal) -> Result<Exit> {
    let catalog = catalogue::catalog_around(folder);
    let Some(name) = &args.name else {
        if args.json {
            terminal.print_json(&catalog.actions().map(|spec| as_json(spec)).collect::<Value>())?;
            return Ok(Exit::Done);
        }
        terminal.print(&listing(&catalog, terminal.stdout_style()))?;
        terminal.remark(
            &terminal
                .stderr_style()
                .dim("`lockgate actions NAME` describes one, with an example"),
        );
        return Ok(Exit::Done);
    };
    let spec = catalog.action(name).ok_or_else(|| {
        let known = catalog.actions().map(|spec| &*spec.name);
        Mistake::new(format!("there is no action `{name}`")).maybe_help(suggestion(name, known))
    })?;
    if args.json {
        terminal.print_json(&as_json(spec))?;
    } else {
        terminal.print(&page(spec, terminal.stdout_style()))?;
    }
    Ok(Exit::Done)
}

/// All actions, by group.
fn listing(catalog: &Catalog, style: Style) -> String {
    let mut text = String::new();
    for group in Group::ALL {
        let mut table = Table::new(style, &["action", "effect", "connection", "what it does"]).indented(2);
        for spec in catalog.actions().filter(|spec| spec.group == group) {
            table.row([
                spec.name.to_string(),
                spec.effect.to_string(),
                spec.connection.as_deref().unwrap_or_default().to_owned(),
                spec.summary.to_string(),
            ]);
        }
        if table.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        let _ = writeln!(text, "{}", style.help(group.title()));
        text.push_str(&table.render());
    }
    text
}

/// The scopes that a step needs at the least, where that can be said without its input.
fn scopes(spec: &ActionSpec) -> Vec<String> {
    let known = KnownInput {
        value: json!({}),
        unknown: Vec::new(),
    };
    let needs = spec.scopes.map(|rule| rule(&known)).unwrap_or_default();
    needs.into_iter().map(|need| need.0.join(" or ")).collect()
}

fn page(spec: &ActionSpec, style: Style) -> String {
    let mut text = format!("{}  {}\n", style.name(&spec.name), spec.summary);
    if !spec.docs.is_empty() {
        let _ = writeln!(text, "\n{}", wrapped(spec.docs.trim()));
    }
    let mut section = |title: &str, body: String| {
        if !body.trim().is_empty() {
            let _ = write!(text, "\n{}\n{body}", style.help(title));
        }
    };
    section("Input", fields(spec.input.view(), style, true));
    let result = fields(spec.output.view(), style, false);
    section(
        "Result",
        if result.is_empty() {
            format!("  {}\n", describe(spec.output.as_value()))
        } else {
            result
        },
    );
    let mut errors = Table::new(style, &[]).indented(2);
    let own = |code: &str| spec.errors.iter().any(|error| error.code == code);
    for error in spec
        .errors
        .iter()
        .chain(COMMON_ERRORS.iter().filter(|error| !own(&error.code)))
    {
        errors.row([
            error.code.to_string(),
            error.status.to_string(),
            error.summary.to_string(),
        ]);
    }
    section("Errors", errors.render());
    let effect = match spec.effect.name() {
        "pure" => "pure: computes only",
        "read" => "read: may be repeated",
        "idempotent" => "idempotent: a repeat leaves the same state",
        _ => "once: never repeated blindly",
    };
    let mut facts = Table::new(style, &[]).indented(2);
    facts.row(["effect".to_owned(), effect.to_owned()]);
    if let Some(connection) = &spec.connection {
        facts.row(["connection".to_owned(), connection.to_string()]);
    }
    if spec.scopes.is_some() {
        let scopes = scopes(spec);
        let scopes = if scopes.is_empty() {
            "depend on the input".to_owned()
        } else {
            scopes.join(", ")
        };
        facts.row(["scopes".to_owned(), scopes]);
    }
    section("Facts", facts.render());
    let example = format!("  - {}\n", spec.example.trim_end().replace('\n', "\n    "));
    section("Example", example);
    text
}

/// Paragraphs as wide as the terminal, or as a page.
fn wrapped(text: &str) -> String {
    const PAGE: u16 = 100;
    let width = usize::from(Terminal::width().unwrap_or(PAGE).min(PAGE));
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut current = String::new();
        for word in line.split(' ') {
            let length = current.chars().count() + 1 + word.chars().count();
            if !current.is_empty() && length > width {
                lines.push(std::mem::take(&mut current));
            }
            if !current.is_empty() {
                current.push(' ');
            }
            current.push_str(word);
        }
        lines.push(current);
    }
    lines.join("\n")
}

/// The properties of an object's schema, those of objects inside with dots.
fn fields(schema: SchemaView<'_>, style: Style, is_input: bool) -> String {
    let mut table = Table::new(style, &[]).indented(2);
    add_fields(&mut table, schema, "", is_input, 0);
    if table.is_empty() {
        String::new()
    } else {
        table.render()
    }
}

fn add_fields(table: &mut Table, schema: SchemaView<'_>, prefix: &str, is_input: bool, depth: usize) {
    let mut seen = BTreeSet::new();
    for name in schema.property_names() {
        // Header names mean the same in any case, and some are declared in several.
        if !seen.insert(name.to_lowercase()) {
            continue;
        }
        let Some(property) = schema.property(name) else {
            continue;
        };
        let path = format!("{prefix}{name}");
        let mut notes = Vec::new();
        if is_input && schema.requires(name) {
            notes.push("required".to_owned());
        }
        if let Some(default) = property.default_value() {
            notes.push(format!(
                "default {}",
                default
                    .as_str()
                    .map_or_else(|| default.to_string(), str::to_owned)
            ));
        }
        if property.is_secret() {
            notes.push("secret".to_owned());
        }
        let description = property.description().unwrap_or_default();
        let text = if notes.is_empty() {
            description.to_owned()
        } else {
            format!("{description} ({})", notes.join(", "))
                .trim_start()
                .to_owned()
        };
        table.row([path.clone(), describe(property.as_value()), text]);
        if depth < 2 {
            add_fields(table, property, &format!("{path}."), is_input, depth + 1);
        }
    }
}

fn as_json(spec: &ActionSpec) -> Value {
    let errors: Vec<Value> = spec
        .errors
        .iter()
        .map(|error| json!({ "code": error.code, "status": error.status, "summary": error.summary }))
        .collect();
    json!({
        "name": spec.name,
        "group": spec.group.title(),
        "summary": spec.summary,
        "docs": spec.docs,
        "effect": spec.effect.name(),
        "connection": spec.connection,
        "scopes": scopes(spec),
        "input": spec.input.as_value(),
        "output": spec.output.as_value(),
        "errors": errors,
        "example": spec.example,
    })
}
