//! Whole flows in all three renderings, and what the renderings must escape.

use std::time::Duration;

use super::outline::{Card, Kind, Outline};
use super::{
    Marks, Scheme, SvgOptions, dot, dot_outline, mermaid, mermaid_outline, svg, svg_outline, wording,
};
use crate::graph::Edge;
use crate::source::Source;
use crate::syntax::{FlowSyntax, parse};

pub(super) const SIGN_UP: &str = r#"
name: sign-up
description: Create the user in Auth0 and give pro plans their quota.
trigger:
  http: POST /sign-up
input:
  email:    { type: string, format: email }
  password: { type: string, minLength: 8, secret: true }
  plan:     { enum: [free, pro], default: free }
steps:
  - id: user
    action: auth0.create_user
    with:
      connection: Username-Password-Authentication
      email: "{{input.email}}"
      password: "{{input.password}}"
    on_error:
      user_exists:
        - fail: { code: email_taken, status: 409, message: "{{input.email}} already has an account." }
  - if: eq input.plan "pro"
    action: auth0.update_user
    with:
      user_id: "{{steps.user.user_id}}"
      app_metadata: { plan: pro, quota: 1000 }
  - respond:
      status: 201
      body: { user_id: "{{steps.user.user_id}}", plan: "{{input.plan}}" }
"#;

/// Every verb, and every way to part and join.
pub(super) const ALL_VERBS: &str = r#"
name: all-verbs
trigger:
  schedule: { cron: "0 3 * * *", timezone: Europe/Berlin }
steps:
  - name: Guard
    if: not input.terms
    then:
      - return: { ok: false }
  - switch: input.country
    cases:
      de: [ { set: { tax: 19 } } ]
      fr: [ { set: { tax: 20, union: true } } ]
    default:
      - redirect: "https://example.com/{{input.country}}"
  - parallel:
      mail:
        - action: http.request
          retry: { attempts: 5 }
          timeout: 1500ms
          on_error:
            timeout: [ { wait: 90s } ]
            rate_limited: [ { wait: { until: "{{add_time (now) 'PT5M'}}" } } ]
            "*": continue
      audit: [ { call: write-audit } ]
  - id: invited
    for_each: input.people
    as: person
    at_once: 4
    steps:
      - if: person.admin
        then: [ { set: { role: admin } } ]
        else: [ { set: { role: member } } ]
    on_error:
      - fail: { code: not_invited, message: "nobody was invited" }
on_error:
  - respond: { status: 500 }
"#;

fn read(text: &str) -> FlowSyntax {
    let parsed = parse(&Source::new("flow.yaml", text));
    assert!(parsed.diagnostics.is_empty(), "{:#?}", parsed.diagnostics);
    parsed.flow.unwrap()
}

#[test]
fn sign_up() {
    let flow = read(SIGN_UP);
    insta::assert_snapshot!("sign_up_mermaid", mermaid(&flow));
    insta::assert_snapshot!("sign_up_dot", dot(&flow));
    insta::assert_snapshot!("sign_up_svg", svg(&flow, &SvgOptions::default()));
}

#[test]
fn all_verbs() {
    let flow = read(ALL_VERBS);
    insta::assert_snapshot!("all_verbs_mermaid", mermaid(&flow));
    insta::assert_snapshot!("all_verbs_dot", dot(&flow));
    let options = SvgOptions {
        scheme: Scheme::Light,
        heading: false,
        background: false,
        ..SvgOptions::default()
    };
    insta::assert_snapshot!("all_verbs_svg", svg(&flow, &options));
}

#[test]
fn an_if_beside_a_verb_and_an_if_with_then_are_drawn_alike() {
    let beside = "steps:\n  - if: input.a\n    call: other\n";
    let with_then = "steps:\n  - if: input.a\n    then:\n      - call: other\n";
    // The paths of the two differ; the languages without paths show the picture itself.
    assert_eq!(mermaid(&read(beside)), mermaid(&read(with_then)));
    assert_eq!(dot(&read(beside)), dot(&read(with_then)));
}

#[test]
fn every_step_can_be_found_by_its_path() {
    let picture = svg(&read(ALL_VERBS), &SvgOptions::default());
    for path in [
        "steps/0/then/0",
        "steps/1/cases/de/0",
        "steps/2/parallel/mail/0/on_error/timeout/0",
        "on_error/0",
    ] {
        assert!(picture.contains(&format!(" data-path=\"{path}\"")), "{path}");
    }
}

#[test]
fn a_scheme_can_be_forced() {
    let flow = read(SIGN_UP);
    let dark = svg(
        &flow,
        &SvgOptions {
            scheme: Scheme::Dark,
            ..SvgOptions::default()
        },
    );
    let auto = svg(&flow, &SvgOptions::default());
    assert!(auto.contains("prefers-color-scheme") && !dark.contains("prefers-color-scheme"));
}

/// All steps of a flow with `paths` as those that ran.
fn marked(paths: &[&str], all: &[&str], ways: &[(&str, Edge, bool)]) -> SvgOptions {
    let mut marks = Marks::default();
    for path in all {
        marks.step(path, paths.contains(path));
    }
    for (path, way, is_taken) in ways {
        marks.way(path, way.clone(), *is_taken);
    }
    SvgOptions {
        marks,
        ..SvgOptions::default()
    }
}

#[test]
fn what_ran_and_what_did_not_is_seen() {
    let all = [
        "trigger",
        "steps/0",
        "steps/0/on_error/user_exists/0",
        "steps/1",
        "steps/2",
    ];
    let options = SvgOptions {
        caption: Some("3 of 4 steps".to_owned()),
        ..marked(
            &["trigger", "steps/0", "steps/2"],
            &all,
            &[
                ("steps/0", Edge::Next, true),
                ("steps/0", Edge::Error(0), false),
                ("steps/1", Edge::Then, false),
                ("steps/1", Edge::Else, true),
                ("steps/1", Edge::Next, false),
                ("steps/2", Edge::Next, true),
            ],
        )
    };
    insta::assert_snapshot!("sign_up_marked_svg", svg(&read(SIGN_UP), &options));
}

/// The class of each box with a path and of each connector: `if taken steps/0`, `edge missed steps/0 > steps/0/then/0`.
fn classes(picture: &str) -> Vec<String> {
    let attribute = |line: &str, name: &str| {
        let rest = line.split(&format!(" {name}=\"")).nth(1)?;
        rest.split('"').next().map(str::to_owned)
    };
    picture
        .lines()
        .filter(|line| line.starts_with("<g "))
        .filter_map(|line| {
            let class = attribute(line, "class")?.replace("node ", "");
            if let Some(from) = attribute(line, "data-from") {
                return Some(format!("{class} {from} > {}", attribute(line, "data-to")?));
            }
            Some(format!(
                "{class} {}",
                attribute(line, "data-path").unwrap_or_default()
            ))
        })
        .collect()
}

#[test]
fn a_way_of_which_nothing_is_said_is_as_its_ends_are() {
    let text = "
steps:
  - parallel:
      a: [{ set: { a: 1 } }]
      b: [{ return: 1 }]
      c: []
  - for_each: input.list
    steps:
      - if: item.x
        set: { x: 1 }
";
    let all = [
        "trigger",
        "steps/0",
        "steps/0/parallel/a/0",
        "steps/0/parallel/b/0",
        "steps/1",
        "steps/1/each/#/steps/0",
    ];
    let seen =
        |ran: &[&str], ways: &[(&str, Edge, bool)]| classes(&svg(&read(text), &marked(ran, &all, ways)));
    // The branch `b` did not come to its turn, and `a` ended well.
    let found = seen(
        &["trigger", "steps/0", "steps/0/parallel/a/0"],
        &[("steps/0/parallel/a/0", Edge::Next, true)],
    );
    for expected in [
        "edge taken trigger > steps/0",
        "edge taken steps/0 > steps/0/parallel/a/0",
        "edge missed steps/0 > steps/0/parallel/b/0",
        "edge taken steps/0/parallel/a/0 > ",
        "set taken steps/0/parallel/a/0",
        "return missed steps/0/parallel/b/0",
        // The bar that the branches join at.
        "parallel taken ",
        "for_each missed steps/1",
        "edge missed steps/1 > steps/1/each/#/steps/0",
    ] {
        assert!(
            found.iter().any(|seen| seen == expected),
            "{expected} in {found:#?}"
        );
    }
    // An `if` beside a verb ran, whatever it decided; what it keeps from running did not.
    let found = seen(
        &["trigger", "steps/0", "steps/0/parallel/a/0", "steps/1"],
        &[
            ("steps/1/each/#/steps/0", Edge::Else, true),
            ("steps/1/each/#/steps/0", Edge::Then, false),
        ],
    );
    for expected in [
        "if taken steps/1/each/#/steps/0",
        "set missed steps/1/each/#/steps/0",
        "edge missed steps/1/each/#/steps/0 > steps/1/each/#/steps/0",
        "edge taken steps/1/each/#/steps/0 > steps/1",
    ] {
        assert!(
            found.iter().any(|seen| seen == expected),
            "{expected} in {found:#?}"
        );
    }
}

#[test]
fn every_way_out_of_a_step_can_be_marked() {
    let picture = |ways: &[(&str, Edge, bool)]| classes(&svg(&read(ALL_VERBS), &marked(&[], &[], ways)));
    let plain = classes(&svg(&read(ALL_VERBS), &SvgOptions::default()));
    for (path, way) in [
        ("steps/0", Edge::Then),
        ("steps/0", Edge::Else),
        ("steps/0/then/0", Edge::Next),
        ("steps/1", Edge::Case(0)),
        ("steps/1", Edge::Case(1)),
        ("steps/1", Edge::Default),
        ("steps/1/cases/de/0", Edge::Next),
        ("steps/2/parallel/mail/0", Edge::Next),
        ("steps/2/parallel/mail/0", Edge::Error(0)),
        ("steps/2/parallel/mail/0", Edge::Error(1)),
        ("steps/2/parallel/mail/0", Edge::Error(2)),
        ("steps/2", Edge::Branch(0)),
        ("steps/2", Edge::Branch(1)),
        ("steps/3", Edge::Next),
        ("steps/3", Edge::Body),
        ("steps/3", Edge::Error(0)),
        ("steps/3/each/#/steps/0", Edge::Then),
        ("steps/3/each/#/steps/0", Edge::Else),
    ] {
        let marked = picture(&[(path, way.clone(), false)]);
        let edges = |class: &str| marked.iter().filter(|seen| seen.starts_with(class)).count();
        let is_end = (path, &way) == ("steps/0/then/0", &Edge::Next);
        let is_marked = edges("edge missed") + edges("edge error missed") == 1;
        assert_eq!(is_marked, !is_end, "{path} {way:?} in {marked:#?}");
        assert!(!plain.iter().any(|seen| seen.contains("missed")));
    }
}

fn named(title: &str) -> Outline {
    let trigger = Card::of_flow("trigger", Kind::Trigger, title);
    Outline {
        name: title.to_owned(),
        description: None,
        trigger,
        input: vec![],
        body: vec![],
        on_error: vec![],
    }
}

#[test]
fn text_stays_text() {
    let hostile = named("1. \"<script>\" #35; %%{init: {}}%% `x` \\N & *b* ]);");
    let expected = "[\"\u{200b}1. #quot;#lt;script#gt;#quot; #35;35; #37;#37;{init: {}}#37;#37; #96;x#96; #92;N #amp; \
                    #42;b#42; ]);\"]";
    let drawn = mermaid_outline(&hostile);
    assert!(drawn.contains(expected), "{drawn}");
    let drawn = dot_outline(&hostile);
    assert!(
        drawn.contains(r#"label="1. \"<script>\" #35; %%{init: {}}%% `x` \\N &amp; *b* ]);""#),
        "{drawn}"
    );
    let drawn = svg_outline(&hostile, &SvgOptions::default());
    assert!(
        !drawn.contains("<script") && drawn.contains("&lt;script&gt;"),
        "{drawn}"
    );
}

#[test]
fn durations_are_said_in_their_largest_whole_unit() {
    for (millis, said) in [
        (0, "0ms"),
        (200, "200ms"),
        (1500, "1500ms"),
        (90_000, "90s"),
        (300_000, "5m"),
        (259_200_000, "3d"),
    ] {
        assert_eq!(wording::duration(Duration::from_millis(millis)), said);
    }
}
