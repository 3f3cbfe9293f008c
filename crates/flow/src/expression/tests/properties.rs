//! What holds for every text and every value.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::functions;
use super::super::limits::{MAX_NESTING, MAX_TAGS, MAX_TEMPLATE_BYTES};
use super::super::{Call, Expression, Literal, ParseErrorKind, Scope, Slot, Template};
use super::scope::{Still, TestScope};

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-5_i64..5).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        "[-0-9a-zA-Z:+/=% .]{0,12}".prop_map(Value::from),
        prop_oneof![
            Just("2026-03-01T12:00:00Z"),
            Just("-9999-01-01"),
            Just("99999d"),
            Just("5m"),
            Just("%Y %Z %999d %-"),
            Just("(a+"),
            Just("url"),
            Just("digits"),
            Just("Europe/Madrid"),
        ]
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            vec((".{0,3}", inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Pieces that make texts which are nearly templates.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop_oneof![
            Just("{{"),
            Just("}}"),
            Just("{{{"),
            Just("}}}"),
            Just("{{{{"),
            Just("{"),
            Just("}"),
            Just("~"),
            Just("\\"),
            Just("{{#if "),
            Just("{{else}}"),
            Just("{{else if "),
            Just("{{/if}}"),
            Just("{{#each "),
            Just("{{/each}}"),
            Just("{{^}}"),
            Just("{{!--"),
            Just("--}}"),
            Just("{{!"),
            Just("{{> "),
            Just("{{#*"),
            Just("{{&"),
        ],
        prop_oneof![
            Just("("),
            Just(")"),
            Just("["),
            Just("]"),
            Just("\""),
            Just("'"),
            Just("="),
            Just(" "),
            Just("\n"),
            Just("."),
            Just("../"),
            Just("this"),
            Just("@index"),
            Just("@root"),
            Just("as |a b|"),
            Just("|"),
            Just(","),
        ],
        prop_oneof![
            Just("eq"),
            Just("input.a"),
            Just("now"),
            Just("lower"),
            Just("1"),
            Just("-1.5"),
            Just("true"),
            Just("null"),
            Just("\"x\""),
            Just("'y'"),
            Just("[1, \"a\"]"),
            Just("{\"a\": 1}"),
            Just("ü"),
            Just("a=1"),
        ],
    ];
    vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Expressions that are right, with the paths in them.
fn expression() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        Just("input.a"),
        Just("steps.user.[odd key].0"),
        Just("vars.ü"),
        Just("1"),
        Just("-2.5"),
        Just("true"),
        Just("\"a }} \\\" {{ b\""),
        Just("'it\\'s'"),
        Just("[1, \"]\", {\"a\": {\"b\": []}}]"),
        Just("{\"k\": [1]}"),
        Just("null"),
        Just("(now)"),
        Just("now"),
    ]
    .prop_map(str::to_owned);
    leaf.prop_recursive(3, 12, 3, |inner| {
        let space = prop_oneof![Just(" "), Just("  "), Just("\n")];
        (prop_oneof![Just("eq"), Just("ne")], space, inner.clone(), inner)
            .prop_map(|(name, space, left, right)| format!("({space}{name}{space}{left} {right}{space})"))
    })
    .boxed()
}

/// Templates that are right.
fn template() -> impl Strategy<Value = String> {
    let path = prop_oneof![
        Just("input.x"),
        Just("run.id"),
        Just("(eq input.x 1)"),
        Just("now"),
        Just("3")
    ];
    let leaf = prop_oneof![
        "[a-z <>\"'}é\\n]{0,6}",
        Just("\\\\{{input.x}}".to_owned()),
        Just(" \\{{ ".to_owned()),
        Just("{{! } }}".to_owned()),
        Just("{{!-- {{x}} --}}".to_owned()),
        path.prop_map(|path| format!("{{{{{path}}}}}")),
        expression().prop_map(|argument| format!("{{{{~ eq {argument} {argument} }}}}")),
        expression().prop_map(|argument| format!("{{{{{{not {argument}}}}}}}")),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let parts = vec(inner, 0..3).prop_map(|parts| parts.concat());
        let two = (expression(), parts.clone(), parts.clone());
        prop_oneof![
            (expression(), parts.clone()).prop_map(|(it, body)| format!("{{{{#if {it}}}}}{body}{{{{/if}}}}")),
            two.clone().prop_map(|(it, body, other)| format!(
                "{{{{# unless {it} ~}}}}\n{body}\n{{{{~^}}}}{other}{{{{/unless}}}}"
            )),
            (two.clone(), two.clone()).prop_map(|((a, x, y), (b, z, w))| format!(
                "{{{{#if {a}}}}}{x}{{{{else if {b}}}}}{y}{{{{~else if {a}}}}}{z}{{{{ else }}}}{w}{{{{/if}}}}"
            )),
            two.prop_map(|(_, body, other)| format!(
                "{{{{#each input.x as |it key|}}}}{body}{{{{it.x}}}}{{{{@index}}}}{{{{else}}}}{other}{{{{/each}}}}"
            )),
            parts.clone().prop_map(|body| format!("{{{{#with input.x}}}}{body}{{{{../input.y}}}}{{{{/with}}}}")),
            parts,
        ]
    })
}

fn in_bounds(text: &str) {
    let check = |errors: Vec<super::super::ParseError>| {
        assert!(!errors.is_empty());
        for error in errors {
            assert!(text.get(error.span.clone()).is_some(), "{error:?} in {text:?}");
        }
    };
    match Template::parse(text) {
        Ok(template) => {
            for reference in template.references() {
                let path = reference.path;
                assert_eq!(&text[path.span.clone()], &*path.text);
                assert!(
                    path.segment_spans
                        .iter()
                        .all(|span| text.get(span.clone()).is_some())
                );
            }
            let _ = template.evaluate(&TestScope::new(), &mut Still::default());
        }
        Err(errors) => check(errors),
    }
    match Expression::parse(text) {
        Ok(bare) => {
            assert!(text.get(bare.expression.span()).is_some());
            for reference in bare.expression.references() {
                assert_eq!(&text[reference.path.span.clone()], &*reference.path.text);
            }
        }
        Err(errors) => check(errors),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn parsing_never_panics(text in "(?s).{0,60}") {
        in_bounds(&text);
    }

    #[test]
    fn parsing_never_panics_on_near_templates(text in pieces()) {
        in_bounds(&text);
    }

    #[test]
    fn right_templates_are_read(text in template()) {
        prop_assert!(Template::parse(&text).is_ok(), "{:#?}", Template::parse(&text));
        in_bounds(&text);
    }

    #[test]
    fn right_expressions_are_read(text in expression()) {
        prop_assert!(Expression::parse(&text).is_ok(), "{:#?}", Expression::parse(&text));
        in_bounds(&text);
    }

    #[test]
    fn text_without_braces_is_constant(text in "[^{]{0,60}") {
        let template = Template::parse(&text).unwrap();
        prop_assert!(matches!(template, Template::Constant(Value::String(constant)) if constant == text));
    }

    #[test]
    fn text_around_an_expression_is_kept(before in "[^{\\\\]{1,20}", after in "[^{\\\\]{1,20}") {
        let text = format!("{before}{{{{input.age}}}}{after}");
        prop_assert_eq!(TestScope::new().render(&text), Ok(Some(json!(format!("{before}36{after}")))));
    }

    #[test]
    fn paths_lead_to_their_values(key in "[a-zA-Z_][a-zA-Z0-9_]{0,8}", value in value()) {
        prop_assume!(!["true", "false", "null"].contains(&key.as_str()));
        let mut scope = TestScope::new();
        scope.input = json!({ &key: [value.clone()] });
        prop_assert_eq!(scope.render(&format!("{{{{input.{key}.0}}}}")), Ok(Some(value.clone())));
        prop_assert_eq!(scope.value(&format!("input.[{key}].[0]")), Ok(value));
    }

    #[test]
    fn functions_never_panic(values in vec(value(), 4), missing in any::<bool>()) {
        for function in functions::all() {
            let most = function.max_arguments().unwrap_or(4).min(4);
            for count in function.min_arguments()..=most {
                let mut arguments: Vec<_> = values[..count]
                    .iter()
                    .map(|value| Expression::Literal(Literal { value: value.clone(), span: 0..0 }))
                    .collect();
                if missing && let Some(last) = arguments.last_mut() {
                    *last = Expression::parse("input.nowhere").unwrap().expression;
                }
                let call = Expression::Call(Call { function, arguments, span: 0..0, name_span: 0..0, pattern: None });
                let _ = call.evaluate(&Empty, &mut Still::default());
            }
        }
    }

    #[test]
    fn equality_is_reflexive_and_symmetric(left in value(), right in value()) {
        prop_assert!(super::super::equal(&left, &left));
        prop_assert_eq!(super::super::equal(&left, &right), super::super::equal(&right, &left));
        prop_assert_eq!(super::super::loosely_equal(&left, &right), super::super::loosely_equal(&right, &left));
    }
}

struct Empty;

impl Scope for Empty {
    fn root(&self, _: Slot) -> Option<&Value> {
        None
    }
}

#[test]
fn results_have_the_declared_types() {
    let scope = TestScope::new();
    for function in functions::all() {
        for (expression, _) in function.examples {
            if !expression.starts_with(function.name) {
                continue;
            }
            let value = scope.value(expression).unwrap();
            let types = crate::schema::TypeSet::of(&value);
            assert!(types.is_subset_of(function.returns), "{expression} gives {types}");
        }
    }
}

#[test]
fn nesting_is_bounded() {
    let call = |depth: usize| format!("{{{{{}true{}}}}}", "(not ".repeat(depth), ")".repeat(depth));
    let list = |depth: usize| format!("{{{{length {}{}}}}}", "[".repeat(depth), "]".repeat(depth));
    let block = |depth: usize| format!("{}x{}", "{{#if true}}".repeat(depth), "{{/if}}".repeat(depth));
    let chain = |depth: usize| format!("{{{{#if 0}}}}{}{{{{/if}}}}", "{{else if 0}}".repeat(depth));
    for (name, text) in [
        ("call", &call as &dyn Fn(usize) -> String),
        ("list", &list),
        ("block", &block),
    ] {
        let deepest =
            Template::parse(&text(MAX_NESTING)).unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
        deepest.evaluate(&Empty, &mut Still::default()).unwrap();
        for depth in [MAX_NESTING + 1, 3000] {
            let errors = Template::parse(&text(depth)).unwrap_err();
            assert!(
                errors.iter().any(|error| error.kind == ParseErrorKind::Limit),
                "{name} {depth}: {errors:?}"
            );
        }
    }
    for depth in [MAX_NESTING - 1, 3000] {
        if let Ok(template) = Template::parse(&chain(depth)) {
            template.evaluate(&Empty, &mut Still::default()).unwrap();
        }
    }
    let deep_both = format!(
        "{}{}{}",
        "{{#if true}}".repeat(MAX_NESTING),
        call(MAX_NESTING),
        "{{/if}}".repeat(MAX_NESTING)
    );
    let template = Template::parse(&deep_both).unwrap();
    template.evaluate(&Empty, &mut Still::default()).unwrap();
    assert!(Template::parse(&format!("{{{{a}}}}{}", "x".repeat(MAX_TEMPLATE_BYTES))).is_err());
}

/// The most that the limits allow, and what breaks them: neither takes long, whatever the tags are.
#[test]
fn long_templates_are_read_in_time() {
    let start = std::time::Instant::now();
    let units = ["{{input.a}}", "{{#if a}}b{{/if}}", "{{", "\\{{"];
    for unit in units {
        let tags = unit.matches("{{").count().max(1);
        for count in [MAX_TAGS / tags, MAX_TEMPLATE_BYTES / unit.len()] {
            let filling = "x".repeat(MAX_TEMPLATE_BYTES / count - unit.len());
            let text = format!("{unit}{filling}").repeat(count);
            let is_fine = Template::parse(&text).is_ok();
            assert!(
                !is_fine || text.matches("{{").count() <= MAX_TAGS || unit.starts_with('\\'),
                "{unit} {count}"
            );
        }
    }
    for unit in ["(not ", "a ", "[", "x.", "(a) "] {
        let _ = Template::parse(&format!(
            "{{{{eq {}}}}}",
            unit.repeat((MAX_TEMPLATE_BYTES - 8) / unit.len())
        ));
    }
    // Unoptimised, on a busy machine: work that grows with the square of the text would take minutes.
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}
