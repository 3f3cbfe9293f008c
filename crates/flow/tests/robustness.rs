//! Whatever a file says, the check ends, says where, and never panics.

#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::format_collect, reason = "the texts are built once")]

mod support;

use std::sync::Arc;

use lockgate_flow::diagnostic::{Code, Label, render_github, render_json, render_text};
use lockgate_flow::source::Source;
use lockgate_flow::workspace::Workspace;
use proptest::prelude::*;
use support::seeds::{EVERYTHING, SIGN_UP, seeds};

/// Checks a text as a flow and as a workspace file, and looks at every finding.
fn survives(text: &str) {
    let catalog = support::catalog::catalog();
    let own = Source::new("flows/mutant.yaml", text);
    let sign_up = Source::new("flows/sign-up.yaml", SIGN_UP);
    for file in [support::WORKSPACE, text] {
        let file = Source::new("lockgate.yaml", file);
        let workspace = Workspace::check(Some(&file), &[Arc::clone(&own), Arc::clone(&sign_up)], &catalog);
        for finding in &workspace.diagnostics {
            for label in std::iter::once(&finding.primary).chain(&finding.secondary) {
                inside(label, text);
            }
            assert!(!finding.message.is_empty());
        }
        render_text(&workspace.diagnostics, true);
        render_json(&workspace.diagnostics);
        render_github(&workspace.diagnostics);
        for flow in &workspace.flows {
            let path = flow.source.path();
            let wrong = workspace
                .diagnostics
                .iter()
                .any(|finding| finding.is_error() && finding.primary.source.path() == path);
            assert_eq!(
                flow.flow.is_some(),
                !wrong,
                "{path} runs exactly if it has no error\n{text}"
            );
        }
    }
}

fn inside(label: &Label, text: &str) {
    let source = label.source.text();
    let range = label.span.range();
    assert!(
        range.start <= range.end && range.end <= source.len(),
        "{range:?}\n{text}"
    );
    assert!(
        source.get(range.clone()).is_some(),
        "{range:?} cuts a character\n{text}"
    );
}

/// One change to a text.
#[derive(Clone, Debug)]
enum Mutation {
    Delete { at: usize, length: usize },
    Insert { at: usize, text: String },
    Copy { from: usize, length: usize, to: usize },
    DeleteLine(usize),
    CopyLine { from: usize, to: usize },
    Indent { line: usize, by: i8 },
    Splice { seed: usize, from: usize, to: usize },
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let scraps = prop::sample::select(vec![
        "{{",
        "}}",
        "\"",
        "'",
        ":",
        ": ",
        "- ",
        "#",
        "&a ",
        "*a",
        "<<: ",
        "|\n",
        ">\n",
        "\t",
        "\n",
        "\r\n",
        "!x ",
        "? ",
        "[",
        "]",
        "{",
        "}",
        "%",
        "@",
        "`",
        "~",
        "ß",
        "🎉",
        "\u{0}",
        "\u{feff}",
        "---\n",
        "...\n",
        "0123",
        "1e999",
        "{{#if x}}",
        "{{/if}}",
        "{{else}}",
        "(",
        ")",
        "../",
        "this",
        "steps",
        "steps.user",
        "input",
        "error",
        "on_error:",
        "default: ",
        "\\",
        "\"\\u00e9\"",
    ]);
    let at = any::<u16>().prop_map(usize::from);
    prop_oneof![
        (at.clone(), 1_usize..40).prop_map(|(at, length)| Mutation::Delete { at, length }),
        (at.clone(), scraps).prop_map(|(at, text)| Mutation::Insert {
            at,
            text: text.to_owned()
        }),
        (at.clone(), any::<char>()).prop_map(|(at, c)| Mutation::Insert {
            at,
            text: c.to_string()
        }),
        (at.clone(), 1_usize..60, at.clone()).prop_map(|(from, length, to)| Mutation::Copy {
            from,
            length,
            to
        }),
        at.clone().prop_map(Mutation::DeleteLine),
        (at.clone(), at.clone()).prop_map(|(from, to)| Mutation::CopyLine { from, to }),
        (at.clone(), -4_i8..5).prop_map(|(line, by)| Mutation::Indent { line, by }),
        (at.clone(), at.clone(), at).prop_map(|(seed, from, to)| Mutation::Splice { seed, from, to }),
    ]
}

fn mutate(text: &str, mutation: &Mutation, seeds: &[String]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let join = |lines: Vec<String>| lines.join("\n") + "\n";
    match mutation {
        Mutation::Delete { at, length } if !chars.is_empty() => {
            let at = at % chars.len();
            let end = (at + length).min(chars.len());
            chars.drain(at..end);
        }
        Mutation::Insert { at, text } => {
            let at = at % (chars.len() + 1);
            chars.splice(at..at, text.chars());
        }
        Mutation::Copy { from, length, to } if !chars.is_empty() => {
            let from = from % chars.len();
            let piece: Vec<char> = chars[from..(from + length).min(chars.len())].to_vec();
            let to = to % chars.len();
            chars.splice(to..to, piece);
        }
        Mutation::DeleteLine(at) if !lines.is_empty() => {
            lines.remove(at % lines.len());
            return join(lines);
        }
        Mutation::CopyLine { from, to } if !lines.is_empty() => {
            let line = lines[from % lines.len()].clone();
            lines.insert(to % lines.len(), line);
            return join(lines);
        }
        Mutation::Indent { line, by } if !lines.is_empty() => {
            let at = line % lines.len();
            let by = *by;
            lines[at] = match usize::try_from(by) {
                Ok(more) => " ".repeat(more) + &lines[at],
                Err(_) => lines[at]
                    .strip_prefix(&" ".repeat(usize::from(by.unsigned_abs())))
                    .unwrap_or(&lines[at])
                    .to_owned(),
            };
            return join(lines);
        }
        Mutation::Splice { seed, from, to } if !lines.is_empty() => {
            let other: Vec<&str> = seeds[seed % seeds.len()].lines().collect();
            if !other.is_empty() {
                lines.insert(to % lines.len(), other[from % other.len()].to_owned());
            }
            return join(lines);
        }
        _ => {}
    }
    chars.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_shrink_iters: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_flows_are_checked_without_panic(
        seed in any::<prop::sample::Index>(),
        mutations in prop::collection::vec(mutation(), 1..8),
    ) {
        let seeds = seeds();
        // The two long ones as often as all the small ones together.
        let seed = seed.index(seeds.len() * 2);
        let mut text = seeds.get(seed).unwrap_or(if seed % 2 == 0 { &seeds[0] } else { &seeds[1] }).clone();
        for mutation in &mutations {
            text = mutate(&text, mutation, &seeds);
        }
        survives(&text);
    }

    #[test]
    fn any_text_is_checked_without_panic(text in "\\PC{0,200}") {
        survives(&text);
    }
}

#[test]
fn the_seeds_themselves_are_fine() {
    for text in [SIGN_UP, EVERYTHING] {
        let findings = support::check(&[
            ("flows/sign-up.yaml", SIGN_UP),
            (
                "flows/it.yaml",
                &text
                    .replace("sign-up\ndesc", "it\ndesc")
                    .replace("POST /sign-up", "POST /it"),
            ),
        ])
        .diagnostics;
        assert!(findings.is_empty(), "{}", support::shown(&findings));
    }
}

#[test]
fn every_prefix_of_a_flow_is_checked_without_panic() {
    // An editor checks at every keystroke.
    for end in (0..EVERYTHING.len())
        .filter(|end| EVERYTHING.is_char_boundary(*end))
        .step_by(7)
    {
        survives(&EVERYTHING[..end]);
    }
}

#[test]
fn hostile_files_are_refused() {
    let brackets = |n: usize| format!("steps: {}{}", "[".repeat(n), "]".repeat(n));
    let maps = |n: usize| format!("steps: {}1{}", "{a: ".repeat(n), "}".repeat(n));
    let dashes = |n: usize| format!("steps:\n  {}x\n", "- ".repeat(n));
    let blocks = |n: usize| {
        (0..n)
            .map(|i| format!("{}a:\n", " ".repeat(i)))
            .collect::<String>()
    };
    let nested_steps = (0..200).fold("return: x".to_owned(), |inner, _| {
        format!("{{ if: input, then: [ {inner} ] }}")
    });
    let ids: String = (0..4000)
        .map(|i| {
            format!(
                "  - {{ id: s{i}, action: log, with: {{ message: \"{{{{steps.s{}}}}}\" }} }}\n",
                i / 2
            )
        })
        .collect();
    for (name, expect, text) in [
        ("open brackets", Some(Code::TooDeep), "[".repeat(100_000)),
        ("brackets", Some(Code::TooDeep), brackets(60_000)),
        ("maps", Some(Code::TooDeep), maps(10_000)),
        ("dashes", Some(Code::TooDeep), dashes(100_000)),
        ("blocks", Some(Code::TooDeep), blocks(1_000)),
        ("keys", Some(Code::UnknownKey), (0..20_000).map(|i| format!("k{i}: 1\n")).collect()),
        ("the same key", Some(Code::DuplicateKey), "a: 1\n".repeat(20_000)),
        ("anchors", Some(Code::UnknownKey), (0..10_000).map(|i| format!("a{i}: &x{i} 1\n")).collect()),
        ("quotes", Some(Code::Syntax), "\"".repeat(100_000)),
        ("steps in steps", Some(Code::TooDeep), format!("input: {{}}\nsteps:\n  - {nested_steps}\n")),
        ("many steps", Some(Code::LaterStep), format!("steps:\n{ids}")),
        ("templates", Some(Code::InvalidExpression), format!("steps:\n  - return: \"{}\"\n", "{{input.a}}".repeat(5_000))),
        ("parentheses", Some(Code::InvalidExpression), format!("steps:\n  - if: {}x{}\n", "(not ".repeat(2_000), ")".repeat(2_000))),
        ("a long integer", Some(Code::ChangedByYaml), format!("steps:\n  - return: {}\n", "9".repeat(10_000))),
        ("a schema in a schema", None, format!("input:\n  a: {}{{type: string}}{}\nsteps: [return: x]\n", "{items: ".repeat(60), "}".repeat(60))),
        ("a schema that refers to itself", None, "input:\n  a: { $ref: '#' }\nsteps: [return: x]\n".to_owned()),
        ("a schema that refers to itself, with a default", None, "input:\n  a: { $ref: '#', default: 1 }\nsteps: [return: x]\n".to_owned()),
        ("a schema that refers to itself in a circle", None, "input:\n  a: { $defs: { x: { $ref: '#/$defs/y' }, y: { $ref: '#/$defs/x' } }, $ref: '#/$defs/x', default: 1 }\nsteps: [return: x]\n".to_owned()),
        ("a schema that refers to itself by allOf", None, "input:\n  a: { allOf: [{ $ref: '#' }], default: 1 }\nsteps: [return: x]\n".to_owned()),
        ("a schema that refers to elsewhere", Some(Code::InvalidSchema), "input:\n  a: { $ref: 'https://example.com/schema.json' }\nsteps: [return: x]\n".to_owned()),
        ("a pattern that is none", Some(Code::InvalidSchema), "input:\n  a: { type: string, pattern: '(' }\nsteps: [return: x]\n".to_owned()),
        ("a pattern that blows up", Some(Code::InvalidSchema), "input:\n  a: { type: string, pattern: '(((a{1,1000}){1,1000}){1,1000})' }\nsteps: [return: x]\n".to_owned()),
    ] {
        let source = Source::new("flows/hostile.yaml", text.as_str());
        let workspace = Workspace::check(None, &[source], &support::catalog::catalog());
        let found = support::codes(&workspace.diagnostics);
        match expect {
            Some(code) => assert!(found.contains(&code), "{name}: {found:?}"),
            None => assert!(found.is_empty(), "{name}: {found:?}"),
        }
        for finding in &workspace.diagnostics {
            inside(&finding.primary, name);
        }
    }
}
