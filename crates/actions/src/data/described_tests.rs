//! The declarations of the group: their examples are steps that `check` accepts, and everything is described.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use lockgate_engine::action::Actions;
use lockgate_flow::catalog::Catalog;
use lockgate_flow::diagnostic::{Severity, render_text};
use lockgate_flow::schema::{SchemaView, compile};
use lockgate_flow::source::Source;
use lockgate_flow::workspace::Workspace;

fn catalog() -> Catalog {
    let mut actions = Actions::new();
    super::register(&mut actions);
    let mut catalog = Catalog::new();
    actions.declare(&mut catalog);
    catalog
}

/// The inputs that an example reads.
fn inputs(example: &str) -> BTreeSet<&str> {
    let name = |rest: &'_ str| {
        rest.find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len())
    };
    example
        .split("input.")
        .skip(1)
        .map(|rest| &rest[..name(rest)])
        .collect()
}

#[test]
fn each_example_is_a_step() {
    let catalog = catalog();
    for spec in catalog.actions() {
        let mut text = "name: example\ninput:\n".to_owned();
        for name in inputs(&spec.example) {
            let _ = writeln!(text, "  {name}: {{ type: string }}");
        }
        text += "steps:\n";
        for (line, example) in spec.example.lines().enumerate() {
            let _ = writeln!(text, "  {} {example}", if line == 0 { "-" } else { " " });
        }
        let source = Source::new("flows/example.yaml", text.as_str());
        let found = Workspace::check(None, &[source], &catalog).diagnostics;
        let errors: Vec<_> = found
            .into_iter()
            .filter(|found| found.severity == Severity::Error)
            .collect();
        assert!(errors.is_empty(), "{text}\n{}", render_text(&errors, false));
        assert!(text.contains("with:"), "{}", spec.name);
    }
}

fn described(schema: SchemaView<'_>, at: &str) {
    for name in schema.property_names() {
        let property = schema.property(name).unwrap();
        let at = format!("{at}.{name}");
        let described = property.description().is_some_and(|text| text.ends_with('.'));
        assert!(described, "{at} is not described");
        self::described(property, &at);
    }
}

#[test]
fn everything_is_described() {
    for spec in catalog().actions() {
        for (schema, side) in [(&spec.input, "with"), (&spec.output, "result")] {
            assert!(compile(schema.as_value()).is_ok(), "{} {side}", spec.name);
            described(schema.view(), &format!("{} {side}", spec.name));
        }
        assert!(
            !spec.docs.is_empty() && !spec.summary.ends_with('.'),
            "{}",
            spec.name
        );
    }
}
