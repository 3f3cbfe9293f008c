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
            format!("[{}] {}{help}", &text[error.span.clone()], error.message)
        })
        .collect();
    lines.join("\n")
}

#[test]
fn templates() {
    for (text, expected) in [
        (
            "a {{input.x",
            "[{{] this `{{` is never closed -- close it with `}}`; for braces in the text, write `\\{{`",
        ),
        ("{{foo.bar}", "[}] this `}` closes nothing"),
    ] {
        assert_eq!(
            shown(text, &Template::parse(text).unwrap_err()),
            expected,
            "{text}"
        );
    }
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
