//! What is said about texts that are wrong, and where.

use super::super::{Expression, ParseError, ParseErrorKind, Template};

fn shown(text: &str, errors: &[ParseError]) -> String {
    let lines: Vec<_> = errors
        .iter()
        .map(|error| {
            let help = error
                .help
                .as_ref()
                .map_or(String::new(), |help| format!(" -- {help}"));
            format!("  [{}] {}{help}", &text[error.span.clone()], error.message)
        })
        .collect();
    lines.join("\n")
}

/// Everything that is said about a list of texts, none of which is right.
fn page(texts: &[&str], parse: fn(&str) -> Result<(), Vec<ParseError>>) -> String {
    let right: Vec<_> = texts.iter().filter(|text| parse(text).is_ok()).collect();
    assert!(right.is_empty(), "{right:?}");
    let said = texts
        .iter()
        .map(|text| format!("{text}\n{}\n", shown(text, &parse(text).unwrap_err())));
    said.collect::<Vec<_>>().join("\n")
}

#[test]
fn templates() {
    insta::assert_snapshot!(page(
        &[
            "a {{input.x",
            "{{foo.bar}",
            "{{}}",
            "{{#if}}x{{/if}}",
            "{{#if a b}}x{{/if}}",
            "{{#if a}}x",
            "x{{/if}}",
            "{{else}}",
            "{{#if a}}x{{/each}}",
            "{{#iff a}}{{/iff}}",
            "{{#lower a}}{{/lower}}",
            "{{input.a == 1}}",
            "{{input.a | lower}}",
            "{{input.a && input.b}} {{!input.c}} {{not !a}}",
            r#"{{input.a "x"}}"#,
            r#"{{"text"}}"#,
            r#"{{eq input.a "x}}"#,
            r#"{{eq (input.a "x"}}"#,
            r#"{{eq input.a "x")}}"#,
            "{{lowr input.a}}",
            "{{eq 1}}",
            "{{eq 1 2 3}}",
            "{{(lower)}}",
            "{{> header}}",
            "{{#> layout}}{{/layout}}",
            "{{*x}}",
            "{{{{raw}}}}",
            "{{round 1 digits=2}}",
            r#"{{matches input.a "(x"}}"#,
            r#"{{add_time input.t "5 minutes"}}"#,
            "{{this}}",
            "{{#each input.a}}{{../../x}}{{/each}}",
            "{{@index}}",
            "{{#each input.a}}{{@nope}}{{/each}}",
            "{{elsewhere}}",
            "{{input.}}",
            "{{input..a}}",
            "{{a {{b}}",
            "{{input.a b=1}}",
            "é {{ü = }}",
            "{{#each a as |x}}{{/each}}",
            "{{lower(input.a, input.b)}}",
            "{{#if a}}{{else}}{{else}}{{/if}}",
            "{{x ? 1 : 2}}",
            "{{input.first name}}",
            r#"{{input["a"]}}"#,
            "{{input.items[0]}}",
        ],
        |text| Template::parse(text).map(|_| ()),
    ));
}

#[test]
fn bare_expressions() {
    insta::assert_snapshot!(page(
        &[
            "",
            "input.a == 1",
            "eq input.a",
            "}} x",
            "{{eq 1 1}} x",
            "#if a",
            "input.a {{b}}",
            r#"eq a "b"#,
            "> x",
            "else",
            "input.a and input.b",
            "lowr a",
            r#""a" "b""#,
            "{{eq a}}",
            "(eq 1 2",
            "eq 1 2)",
        ],
        |text| Expression::parse(text).map(|_| ()),
    ));
}

#[test]
fn kinds() {
    let errors = Template::parse("{{lowr input.x}} {{eq 1}} {{and (nope 1)}}").unwrap_err();
    let kinds: Vec<_> = errors.into_iter().map(|error| error.kind).collect();
    assert!(
        matches!(&kinds[0], ParseErrorKind::UnknownFunction { name, .. } if name == "lowr"),
        "{kinds:?}"
    );
    assert_eq!(
        kinds[1],
        ParseErrorKind::Arity {
            function: "eq",
            given: 1
        }
    );
    assert!(
        matches!(&kinds[2], ParseErrorKind::UnknownFunction { name, .. } if name == "nope"),
        "{kinds:?}"
    );
    assert!(Expression::parse("").is_err());
}
