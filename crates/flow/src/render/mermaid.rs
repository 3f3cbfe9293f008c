//! Mermaid flowcharts, for READMEs and wikis.

use std::fmt::Write as _;

use crate::syntax::FlowSyntax;

use super::diagram::{Diagram, Element, Role};
use super::outline::{Kind, Outline};

/// Draws a flow as a Mermaid flowchart.
pub fn mermaid(flow: &FlowSyntax) -> String {
    mermaid_outline(&Outline::of(flow))
}

/// Draws an outline as a Mermaid flowchart.
pub fn mermaid_outline(outline: &Outline) -> String {
    let diagram = Diagram::of(outline);
    let mut out = String::from("flowchart TD\n");
    let mut ends = Vec::new();
    let mut fails = Vec::new();
    elements(&mut out, &diagram.elements, 1, &mut ends, &mut fails);
    for edge in &diagram.edges {
        let arrow = if edge.is_error { "-.->" } else { "-->" };
        let label = edge
            .label
            .as_ref()
            .map(|label| format!("|{}|", quoted(std::slice::from_ref(label))));
        let _ = writeln!(
            out,
            "  {} {arrow}{} {}",
            edge.from,
            label.unwrap_or_default(),
            edge.to
        );
    }
    for (class, nodes, style) in [
        ("returns", ends, "fill:#e9f9ef,stroke:#178043,color:#0c4a26"),
        ("fails", fails, "fill:#fff0f0,stroke:#d5424d,color:#7a1620"),
    ] {
        if !nodes.is_empty() {
            let _ = writeln!(
                out,
                "  classDef {class} {style}\n  class {} {class}",
                nodes.join(",")
            );
        }
    }
    out
}

fn elements<'a>(
    out: &mut String,
    list: &'a [Element],
    depth: usize,
    ends: &mut Vec<&'a str>,
    fails: &mut Vec<&'a str>,
) {
    let indent = "  ".repeat(depth);
    for element in list {
        match element {
            Element::Node(node) => {
                let (open, close) = shape(node.role);
                let _ = writeln!(out, "{indent}{}{open}{}{close}", node.id, quoted(&node.lines));
                match node.role {
                    Role::Card(Kind::Return) => ends.push(&node.id),
                    Role::Card(Kind::Fail) => fails.push(&node.id),
                    _ => {}
                }
            }
            Element::Group {
                id,
                lines,
                elements: inside,
            } => {
                let _ = writeln!(out, "{indent}subgraph {id}[{}]", quoted(lines));
                elements(out, inside, depth + 1, ends, fails);
                let _ = writeln!(out, "{indent}end");
            }
        }
    }
}

const fn shape(role: Role) -> (&'static str, &'static str) {
    match role {
        Role::Card(Kind::Trigger | Kind::Return | Kind::Fail) | Role::End => ("([", "])"),
        Role::Card(Kind::Decision | Kind::Switch) => ("{{", "}}"),
        Role::Card(Kind::Call) => ("[[", "]]"),
        Role::Card(_) => ("[", "]"),
        Role::Bar | Role::Each => ("((", "))"),
    }
}

/// A label: in quotes, with Mermaid's own entities for what it would read as its syntax, as HTML or as Markdown.
fn quoted(lines: &[String]) -> String {
    let mut label = String::from("\"");
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            label.push_str("<br/>");
        }
        let start = line.trim_start_matches(|c: char| c.is_ascii_digit());
        // `1. ` and `- ` at the start of a label are Markdown lists, which Mermaid refuses to draw.
        if start.starts_with(['-', '*', '+']) || (start.len() < line.len() && start.starts_with(['.', ')'])) {
            label.push('\u{200b}');
        }
        for character in line.chars() {
            match character {
                '"' => label.push_str("#quot;"),
                '#' => label.push_str("#35;"),
                '%' => label.push_str("#37;"),
                '&' => label.push_str("#amp;"),
                '<' => label.push_str("#lt;"),
                '>' => label.push_str("#gt;"),
                '`' => label.push_str("#96;"),
                '*' => label.push_str("#42;"),
                '\\' => label.push_str("#92;"),
                control if control.is_control() => label.push(' '),
                other => label.push(other),
            }
        }
    }
    label.push('"');
    label
}
