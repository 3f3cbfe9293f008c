//! Graphviz DOT.

use std::fmt::Write as _;

use crate::syntax::FlowSyntax;

use super::diagram::{Diagram, Element, Role};
use super::outline::{Kind, Outline};

/// Draws a flow as a DOT graph.
pub fn dot(flow: &FlowSyntax) -> String {
    dot_outline(&Outline::of(flow))
}

/// Draws an outline as a DOT graph.
pub fn dot_outline(outline: &Outline) -> String {
    let diagram = Diagram::of(outline);
    let mut out = String::new();
    let _ = writeln!(out, "digraph {} {{", quoted(std::slice::from_ref(&outline.name)));
    out.push_str(
        "  graph [rankdir=TB, nodesep=0.4, ranksep=0.45, fontname=\"Helvetica\", fontsize=11, style=rounded, color=\"#98a4b6\"];\n  \
         node [shape=box, style=\"rounded,filled\", fillcolor=\"#ffffff\", color=\"#98a4b6\", fontname=\"Helvetica\", fontsize=11];\n  \
         edge [color=\"#7b8798\", fontname=\"Helvetica\", fontsize=10, arrowsize=0.7];\n",
    );
    elements(&mut out, &diagram.elements, 1);
    for edge in &diagram.edges {
        let mut attributes = Vec::new();
        if let Some(label) = &edge.label {
            attributes.push(format!("label={}", quoted(std::slice::from_ref(label))));
        }
        if edge.is_error {
            attributes.push("style=dashed, color=\"#d5424d\", fontcolor=\"#d5424d\"".to_owned());
        }
        let attributes = if attributes.is_empty() {
            String::new()
        } else {
            format!(" [{}]", attributes.join(", "))
        };
        let _ = writeln!(out, "  {} -> {}{attributes};", edge.from, edge.to);
    }
    out.push_str("}\n");
    out
}

fn elements(out: &mut String, list: &[Element], depth: usize) {
    let indent = "  ".repeat(depth);
    for element in list {
        match element {
            Element::Node(node) => {
                let label = quoted(&node.lines);
                let _ = writeln!(out, "{indent}{} [label={label}{}];", node.id, shape(node.role));
            }
            Element::Group {
                id,
                lines,
                elements: inside,
            } => {
                let _ = writeln!(
                    out,
                    "{indent}subgraph cluster_{id} {{\n{indent}  label={};",
                    quoted(lines)
                );
                elements(out, inside, depth + 1);
                let _ = writeln!(out, "{indent}}}");
            }
        }
    }
}

const fn shape(role: Role) -> &'static str {
    match role {
        Role::Card(Kind::Trigger) => ", fillcolor=\"#e7f0ff\"",
        Role::Card(Kind::Decision | Kind::Switch) => ", shape=hexagon, style=filled, fillcolor=\"#fff6e0\"",
        Role::Card(Kind::Return) => ", style=\"rounded,filled\", fillcolor=\"#e3f7ea\", color=\"#178043\"",
        Role::Card(Kind::Fail) => ", style=\"rounded,filled\", fillcolor=\"#ffecec\", color=\"#d5424d\"",
        Role::Card(_) => "",
        Role::Bar => {
            ", shape=box, style=filled, fillcolor=\"#56637a\", fontcolor=\"#ffffff\", height=0.2, width=1.2"
        }
        Role::Each => ", shape=circle, margin=0.02",
        Role::End => ", shape=oval, fillcolor=\"#e6eaf0\"",
    }
}

/// A quoted string: DOT knows `\"`, `\\`, `\n`, and HTML entities even in plain labels.
fn quoted(lines: &[String]) -> String {
    let mut label = String::from("\"");
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            label.push_str("\\n");
        }
        for character in line.chars() {
            match character {
                '"' => label.push_str("\\\""),
                '\\' => label.push_str("\\\\"),
                '&' => label.push_str("&amp;"),
                control if control.is_control() => label.push(' '),
                other => label.push(other),
            }
        }
    }
    label.push('"');
    label
}
