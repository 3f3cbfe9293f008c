//! Whole flows in all three renderings, and what the renderings must escape.

use std::time::Duration;

use super::outline::{Card, Kind, Outline};
use super::{Scheme, SvgOptions, dot, dot_outline, mermaid, mermaid_outline, svg, svg_outline, wording};
use crate::source::Source;
use crate::syntax::{FlowSyntax, parse};

const SIGN_UP: &str = r#"
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
const ALL_VERBS: &str = r#"
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

fn named(title: &str) -> Outline {
    let trigger = Card {
        path: "trigger".to_owned(),
        kind: Kind::Trigger,
        title: title.to_owned(),
        subtitle: None,
        code: false,
        marks: Vec::new(),
        hover: title.to_owned(),
    };
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
