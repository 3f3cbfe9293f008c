//! Findings point at the very characters, however YAML wrote the text around them.
//!
//! `«` and `»` mark the place that a finding must have; they are taken out before the check.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use lockgate_flow::diagnostic::Code;

/// Checks a flow whose one finding has the marked place.
fn check(name: &str, marked: &str, code: Code) {
    let start = marked.find('«').expect("a start");
    let end = marked.find('»').expect("an end") - '«'.len_utf8();
    let text = marked.replace(['«', '»'], "");
    let findings = support::check_flow(&text);
    assert_eq!(
        support::codes(&findings),
        [code],
        "{name}\n{text}\n{}",
        support::shown(&findings)
    );
    let range = findings[0].primary.span.range();
    assert_eq!(
        (range.start, range.end),
        (start, end),
        "{name}: {:?} instead of {:?}\n{text}",
        &text[range.clone()],
        &text[start..end],
    );
}

#[test]
fn in_templates() {
    let cases = [
        ("plain", "  - return: Hello {{input.«mail»}}\n"),
        (
            "plain, with others before it",
            "  - return: mail email {{input.email}} {{input.«mail»}}\n",
        ),
        ("double quotes", "  - return: \"Hello {{input.«mail»}}\"\n"),
        ("single quotes", "  - return: 'Hello {{input.«mail»}}'\n"),
        (
            "double quotes with escapes before",
            "  - return: \"\\u00e9 \\\"a\\\" \\n {{input.«mail»}}\"\n",
        ),
        (
            "single quotes with a quote before",
            "  - return: 'it''s {{input.«mail»}}'\n",
        ),
        (
            "characters of many bytes before",
            "  - return: \"Grüße 🎉 日本 {{input.«mail»}}\"\n",
        ),
        (
            "plain, characters of many bytes before",
            "  - return: Grüße 🎉 日本 {{input.«mail»}}\n",
        ),
        (
            "after a comment with characters of many bytes",
            "  # Größe 🎉\n  - return: \"{{input.«mail»}}\"\n",
        ),
        (
            "literal block",
            "  - return: |\n      Hello,\n      {{input.email}} is not {{input.«mail»}}\n",
        ),
        (
            "literal block with characters of many bytes",
            "  - return: |\n      Grüße 🎉,\n      {{input.«mail»}}\n",
        ),
        (
            "literal block, more indented",
            "  - return: |\n      a\n        b {{input.«mail»}}\n      c\n",
        ),
        (
            "literal block, kept",
            "  - return: |+\n      {{input.«mail»}}\n\n\n",
        ),
        (
            "literal block with an indentation indicator",
            "  - return: |2\n       {{input.«mail»}}\n",
        ),
        (
            "folded block",
            "  - return: >\n      Hello,\n      dear {{input.«mail»}}\n",
        ),
        (
            "folded block, stripped",
            "  - return: >-\n      Grüß\n\n      Gott {{input.«mail»}}\n      !\n",
        ),
        (
            "plain over several lines",
            "  - return: Hello\n      and {{input.«mail»}}\n      bye\n",
        ),
        (
            "double quotes over several lines",
            "  - return: \"Hello\n      and {{input.«mail»}} \\\n      bye\"\n",
        ),
        (
            "in a flow map",
            "  - return: { a: \"é\", b: \"{{input.«mail»}}\" }\n",
        ),
        ("in a list", "  - return: [a, \"{{input.«mail»}}\"]\n"),
        (
            "in an argument of a function",
            "  - return: \"{{upper (trim input.«mail»)}}\"\n",
        ),
        (
            "in a block helper",
            "  - return: \"{{#if input.email}}{{input.«mail»}}{{/if}}\"\n",
        ),
        (
            "an expression over two lines",
            "  - return: |\n      {{lower\n        input.«mail»}}\n",
        ),
        (
            "windows line ends",
            "  - action: log\r\n    with:\r\n      message: \"é {{input.«mail»}}\"\r\n",
        ),
        (
            "windows line ends in a block",
            "  - return: |\r\n      é\r\n      {{input.«mail»}}\r\n",
        ),
    ];
    for (name, steps) in cases {
        check(
            name,
            &format!("input: {{ email: string }}\nsteps:\n{steps}"),
            Code::UnknownField,
        );
    }
}

#[test]
fn in_bare_expressions() {
    for (name, condition) in [
        ("plain", "eq input.«mail» \"x\""),
        ("single quotes", "'eq input.«mail» \"x\"'"),
        ("double quotes", "\"eq input.«mail» \\\"x\\\"\""),
        (
            "characters of many bytes",
            "and (eq input.email \"Grüße 🎉\") (eq input.«mail» \"x\")",
        ),
        (
            "folded",
            ">\n      and\n      (eq input.email \"x\")\n      (eq input.«mail» \"x\")",
        ),
    ] {
        let text = format!("input: {{ email: string }}\nsteps:\n  - if: {condition}\n    return: x\n");
        check(name, &text, Code::UnknownField);
    }
}

#[test]
fn of_keys_and_values() {
    for (marked, code) in [
        ("# é\n«stepz»:\n  - return: x\n", Code::UnknownKey),
        ("steps:\n  - return: x\n# 🎉\n«\"nam\"»: x\n", Code::UnknownKey),
        (
            "steps:\n  - fail: { code: x, message: é, «detials»: x }\n",
            Code::UnknownKey,
        ),
        (
            "description: é\ntimeout: «30» # seconds\nsteps:\n  - return: x\n",
            Code::InvalidDuration,
        ),
        (
            "steps:\n  - { action: «lgo», with: { message: 🎉 } }\n",
            Code::UnknownAction,
        ),
        ("steps:\n  - return: { a: é, b: «01234» }\n", Code::ChangedByYaml),
        ("steps:\n  - return: { é: 1, «é»: 2 }\n", Code::DuplicateKey),
        ("steps:\n  - fail: «{ code: x }» # é\n# more\n", Code::MissingKey),
        ("steps:\n  - parallel: «[ é ]»   \n\n# more\n", Code::WrongType),
        ("steps:\n  - set: { a: é }\n    «return»: x\n", Code::SeveralVerbs),
    ] {
        check(code.title(), marked, code);
    }
}

#[test]
fn of_syntax_errors() {
    let text = "steps:\n  - return: é\n  - return: \"🎉 open\n";
    let findings = support::check_flow(text);
    assert_eq!(support::codes(&findings), [Code::Syntax]);
    let range = findings[0].primary.span.range();
    assert!(
        text.get(range.clone()).is_some() && range.start >= text.find('"').unwrap(),
        "{range:?}"
    );
}
