//! What templates give.

use serde_json::{Value, json};

use super::super::functions;
use super::super::{EvaluationErrorKind, Expression, Slot, Template, ValueTemplate};
use super::scope::{Still, TestScope};

#[test]
fn texts_and_types() {
    let scope = TestScope::new();
    for (text, expected) in [
        ("plain", json!("plain")),
        ("", json!("")),
        ("{ not } a {template}", json!("{ not } a {template}")),
        ("{{input.age}}", json!(36)),
        ("{{ input.tags }}", json!(["admin", "beta"])),
        ("{{{input.age}}}", json!(36)),
        ("{{& input.age}}", json!(36)),
        ("{{~input.age~}}", json!(36)),
        ("{{! a comment }}{{input.age}}", json!(36)),
        ("{{!-- }} --}}{{input.age}}", json!(36)),
        (" {{input.age}}", json!(" 36")),
        ("{{input.age}}{{input.age}}", json!("3636")),
        ("{{input.age}} {{input.age}}\n{{input.age}}", json!("36 36\n36")),
        (
            "Hi {{input.name}}, {{input.tags}}{{null}}!",
            json!("Hi Ada Lovelace, [\"admin\",\"beta\"]!"),
        ),
        ("{{input.tags.[1]}}", json!("beta")),
        ("{{input.tags.1}}", json!("beta")),
        ("{{input.[name]}}", json!("Ada Lovelace")),
        ("{{steps.user.user_id}}", json!("auth0|1")),
        ("{{item.sku}}", json!("A")),
        ("{{eq input.plan \"pro\"}}", json!(true)),
        ("{{eq input.plan 'pro'}}", json!(true)),
        ("{{eq \"}}\" \"}}\"}}", json!(true)),
        ("{{eq (eq 1 2) (eq 3 4)}}", json!(true)),
        ("{{(eq 1 1)}}", json!(true)),
        ("{{true}}{{12}}", json!("true12")),
        ("{{12}}", json!(12)),
        (r"\{{input.age}}", json!("{{input.age}}")),
        (r"\\{{input.age}}", json!(r"\36")),
        (r"a \{{b}} {{input.age}}", json!("a {{b}} 36")),
        ("ä{{input.age}}ö", json!("ä36ö")),
    ] {
        assert_eq!(scope.render(text), Ok(Some(expected)), "{text}");
    }
}

#[test]
fn blocks() {
    let scope = TestScope::new();
    for (text, expected) in [
        ("{{#if input.plan}}yes{{/if}}", "yes"),
        ("{{#if input.nickname}}yes{{else}}no{{/if}}", "no"),
        ("{{#if input.nickname}}yes{{^}}no{{/if}}", "no"),
        ("{{#unless input.nickname}}none{{/unless}}", "none"),
        (
            "{{#if (eq input.plan \"free\")}}a{{else if (eq input.age 36)}}b{{else}}c{{/if}}",
            "b",
        ),
        (
            "{{#if 0}}a{{else if 0}}b{{else if 0}}c{{else if 1}}d{{else}}e{{/if}}",
            "d",
        ),
        (
            "{{#if 0}}a{{else if 0}}b{{else if 0}}c{{else if 0}}d{{else}}e{{/if}}",
            "e",
        ),
        ("{{#if 0}}a{{else}}{{#if 0}}b{{else if 1}}c{{/if}}{{/if}}", "c"),
        (
            "{{#each input.tags}}{{@index}}:{{this}}{{#unless @last}}, {{/unless}}{{/each}}",
            "0:admin, 1:beta",
        ),
        (
            "{{#each input.tags as |tag at|}}{{at}}={{tag}};{{/each}}",
            "0=admin;1=beta;",
        ),
        (
            "{{#each input.address}}{{@key}}={{this}}{{#if @first}};{{/if}}{{/each}}",
            "city=London;zip=W1",
        ),
        (
            "{{#each input.tags}}{{#if (eq this \"beta\")}}{{input.plan}}{{/if}}{{/each}}",
            "pro",
        ),
        (
            "{{#each input.tags}}{{../input.age}}{{@root.input.age}}{{/each}}",
            "36363636",
        ),
        (
            "{{#with input.address}}{{city}} {{this.zip}} {{./zip}} {{lower city}}{{/with}}",
            "London W1 W1 london",
        ),
        ("{{#with input.nickname}}x{{else}}none{{/with}}", "none"),
        ("{{#each input.nicknames}}x{{else}}none{{/each}}", "none"),
        ("{{#each (optional input.nicknames)}}x{{/each}}", ""),
        (
            "{{#with input}}{{#each tags}}{{this}}{{../plan}}{{@index}} {{/each}}{{/with}}",
            "adminpro0 betapro1 ",
        ),
        (
            "{{#each input.tags}}{{#each ../input.tags}}{{@../index}}{{@index}} {{/each}}{{/each}}",
            "00 01 10 11 ",
        ),
        ("{{#each input.tags}}{{item.sku}}{{/each}}", "AA"),
        ("a\n{{#if true}}\nb\n{{/if}}\nc", "a\nb\nc"),
    ] {
        if text.contains("lower") && functions::find("lower").is_none() {
            continue;
        }
        assert_eq!(scope.render(text), Ok(Some(json!(expected))), "{text}");
    }
}

#[test]
fn missing_values() {
    let scope = TestScope::new();
    for (text, path) in [
        ("{{input.nickname}}", "input.nickname"),
        ("Hi {{input.nickname}}", "input.nickname"),
        ("{{eq input.nickname 1}}", "input.nickname"),
        ("{{input.tags.2}}", "input.tags.2"),
        ("{{input.name.first}}", "input.name.first"),
        ("{{unknown}}", "unknown"),
        ("{{#each input.nicknames}}{{/each}}", "input.nicknames"),
        ("{{#with input.address}}{{street}}{{/with}}", "street"),
        ("{{default input.a input.b}}", "input.b"),
    ] {
        let error = scope.render(text).unwrap_err();
        let EvaluationErrorKind::Missing { path: missing } = &error.kind else {
            panic!("{text}: {error}")
        };
        assert_eq!(missing, path, "{text}");
        assert_eq!(&text[error.span.clone()], path, "{text}");
    }
    assert!(
        !scope
            .expression("input.nickname")
            .is_true(&scope, &mut Still::default())
            .unwrap()
    );
}

#[test]
fn the_place_of_an_error() {
    let scope = TestScope::new();
    let values = scope.values(&json!({ "body": { "list": ["x", { "y": "{{input.nickname}}" }] } }));
    let error = values.evaluate(&scope, &mut Still::default()).unwrap_err();
    assert_eq!(error.place, "body.list.1.y");
    assert_eq!(
        error.to_string(),
        "`input.nickname` is missing (in `body.list.1.y`)"
    );
}

#[test]
fn values_are_omitted() {
    let scope = TestScope::new();
    let values = scope.values(&json!({
        "a": "{{omit_if_missing input.nickname}}",
        "b": "{{omit_if_missing input.plan}}",
        "c": ["{{omit_if_missing input.nickname}}", 1],
        "d": "text {{omit_if_missing input.nickname}}",
        "e": "{{default (omit_if_missing input.nickname) 2}}",
    }));
    let value = values.evaluate(&scope, &mut Still::default()).unwrap().unwrap();
    assert_eq!(*value, json!({ "b": "pro", "c": [1], "e": 2 }));
    assert_eq!(scope.render("{{omit_if_missing input.nickname}}"), Ok(None));
}

#[test]
fn constants_collapse() {
    let scope = TestScope::new();
    let value = json!({ "a": [1, "x", { "b": null }], "c": "\\{{" });
    let ValueTemplate::Constant(constant) = scope.values(&value) else {
        panic!("not constant")
    };
    assert_eq!(constant, json!({ "a": [1, "x", { "b": null }], "c": "{{" }));
    assert!(matches!(
        scope.values(&json!(["{{input.age}}"])),
        ValueTemplate::List(_)
    ));
}

#[test]
fn html_is_escaped_on_demand() {
    let mut scope = TestScope::new();
    scope.input = json!({ "x": "<a href='1'>\"&\"</a>" });
    let escaped = "<b>&lt;a href=&#x27;1&#x27;&gt;&quot;&amp;&quot;&lt;/a&gt;</b>";
    for (text, html, expected) in [
        ("<b>{{input.x}}</b>", true, escaped),
        ("<b>{{{input.x}}}</b>", true, escaped),
        ("<b>{{#with input}}{{x}}{{/with}}</b>", true, escaped),
        ("{{input.x}}", true, &escaped[3..escaped.len() - 4]),
        ("{{input.x}}", false, "<a href='1'>\"&\"</a>"),
    ] {
        let template = scope.template(text);
        let template = if html { template.into_html() } else { template };
        let value = template.evaluate(&scope, &mut Still::default()).unwrap().unwrap();
        assert_eq!(*value, json!(expected), "{text}");
    }
}

#[test]
fn spans_are_exact() {
    let text = "ä {{eq input.plan (and input.a 'x')}} {{#each steps.u.l}}{{default name 1}}{{/each}}";
    let template = Template::parse(text).unwrap();
    let paths: Vec<_> = template
        .references()
        .iter()
        .map(|it| &text[it.path.span.clone()])
        .collect();
    assert_eq!(paths, ["input.plan", "input.a", "steps.u.l", "name"]);
    let accepting: Vec<_> = template
        .references()
        .iter()
        .map(|it| it.accepts_missing)
        .collect();
    assert_eq!(accepting, [false, true, false, true]);
    let mut calls = Vec::new();
    template.walk(&mut |node| {
        if let super::super::Node::Call(call) = node {
            calls.push((&text[call.span.clone()], &text[call.name_span.clone()]));
        }
    });
    assert_eq!(
        calls,
        [
            ("eq input.plan (and input.a 'x')", "eq"),
            ("and input.a 'x'", "and"),
            ("default name 1", "default"),
        ]
    );

    let text = "  and (eq input.plan \"pro\") steps.user.[odd key].0 ";
    let bare = Expression::parse(text).unwrap();
    assert!(!bare.was_braced);
    let references = bare.expression.references();
    let path = references[1].path;
    assert_eq!(&text[path.span.clone()], "steps.user.[odd key].0");
    let segments: Vec<_> = path
        .segment_spans
        .iter()
        .map(|span| &text[span.clone()])
        .collect();
    assert_eq!(segments, ["steps", "user", "odd key", "0"]);

    let text = " {{ input.items }}";
    let braced = Expression::parse(text).unwrap();
    assert!(braced.was_braced);
    assert_eq!(&text[braced.expression.span()], "input.items");
}

#[test]
fn bare_literals() {
    let scope = TestScope::new();
    for (text, expected) in [
        ("true", json!(true)),
        ("null", json!(null)),
        ("-3", json!(-3)),
        ("1.5", json!(1.5)),
        ("\"a b\"", json!("a b")),
        ("'it'", json!("it")),
        ("[1, \"two\"]", json!([1, "two"])),
        ("{\"a\": {\"b\": 1}}", json!({ "a": { "b": 1 } })),
    ] {
        assert_eq!(scope.value(text), Ok(expected), "{text}");
    }
}

#[test]
fn paths_are_borrowed() {
    let scope = TestScope::new();
    let expression = scope.expression("input.address");
    let value = expression.value(&scope, &mut Still::default()).unwrap();
    assert!(
        matches!(value, std::borrow::Cow::Borrowed(value) if std::ptr::eq(value, &raw const scope.input["address"]))
    );
}

#[test]
fn names_in_blocks() {
    let template = Template::parse("{{#each input.a}}{{b}}{{this.b}}{{../x}}{{run.id}}{{/each}}").unwrap();
    let slots: Vec<_> = template
        .references()
        .iter()
        .map(|it| (it.path.slot, it.path.bare_in_block))
        .collect();
    assert_eq!(
        slots,
        [
            (Slot::Unresolved, false),
            (Slot::Block(0), true),
            (Slot::Block(0), false),
            (Slot::Unresolved, false),
            (Slot::Unresolved, false),
        ]
    );
}

#[test]
fn output_is_bounded() {
    let mut scope = TestScope::new();
    scope.input = json!({ "x": "y".repeat(2000), "list": vec![Value::Null; 1000] });
    let error = scope
        .render("{{#each input.list}}{{../input.x}}{{/each}}")
        .unwrap_err();
    assert_eq!(error.kind, EvaluationErrorKind::TooLong);
}

#[test]
fn the_examples_of_the_table_hold() {
    let scope = TestScope::new();
    for function in functions::all() {
        assert!(!function.examples.is_empty(), "{} has no example", function.name);
        for (expression, json) in function.examples {
            let expected: Value = serde_json::from_str(json).unwrap();
            assert_eq!(scope.value(expression), Ok(expected), "{expression}");
        }
    }
}
