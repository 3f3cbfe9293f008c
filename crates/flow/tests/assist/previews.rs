//! What values give with what a run recorded.

use std::collections::BTreeMap;

use lockgate_flow::assist::Recorded;
use serde_json::{Value, json};

use crate::Marked;

const FLOW: &str = "\
trigger: { http: POST /a }
input:
  email: string
  people: { type: array, items: { type: object } }
  on: { type: boolean, default: true }
steps:
  - id: user
    action: auth0.get_user
    with: { user_id: x }
    on_error:
      user_not_found: continue
      \"*\":
        - return: 1
  - set: { name: \"{{lower input.email}}\", twice: \"{{vars.name}}{{vars.name}}\" }
  - if: input.on
    then:
      - set: { how: on }
    else:
      - set: { how: \"off\" }
  - for_each: input.people
    as: person
    steps:
      - return: 1
  - return: 1
¦";

fn recorded() -> Recorded {
    Recorded {
        input: json!({ "email": "Ada@x.org", "people": [{ "name": "Bob" }, { "name": "Eve" }], "on": true }),
        steps: BTreeMap::from([(
            "user".to_owned(),
            json!({ "user_id": "u1", "tags": ["a", "b"], "error": { "code": "broken" } }),
        )]),
        run: json!({ "id": "r1" }),
        request: None,
    }
}

#[track_caller]
fn check(step: &str, value: &Value, is_expression: bool, expected: Result<Value, &str>) {
    let marked = Marked::flow(FLOW);
    let found = marked.assist().preview(step, value, is_expression, &recorded());
    assert_eq!(found, expected.map_err(str::to_owned), "{value}");
}

#[test]
fn templates() {
    let template = |value: Value, expected| check("steps/4", &value, false, expected);
    template(json!("hello {{input.email}}"), Ok(json!("hello Ada@x.org")));
    template(json!("{{input.people}}"), Ok(recorded().input["people"].clone()));
    template(
        json!({ "a": ["{{steps.user.user_id}}", 1], "b": null }),
        Ok(json!({ "a": ["u1", 1], "b": null })),
    );
    template(json!({ "a": "{{omit_if_missing input.none}}" }), Ok(json!({})));
    template(json!("{{vars.twice}}"), Ok(json!("ada@x.orgada@x.org")));
    template(json!("{{config.support_email}}"), Ok(json!("help@example.com")));
    template(json!("{{run.id}}"), Ok(json!("r1")));
    template(
        json!("{{#each steps.user.tags}}{{this}},{{/each}}"),
        Ok(json!("a,b,")),
    );
    template(json!("{{now}}"), Ok(json!("2026-01-01T00:00:00Z")));
    template(json!("{{default request.ip \"none\"}}"), Ok(json!("none")));
    template(json!("{{request.ip}}"), Err("`request.ip` was not recorded"));
    template(json!("{{steps.none}}"), Err("`steps.none` was not recorded"));
    template(json!("{{input.none}}"), Err("`input.none` was not recorded"));
    template(
        json!("{{vars.how}}"),
        Err("several steps set `vars.how`, and which one did is not recorded"),
    );
    template(
        json!("{{upper 1}}"),
        Err("`upper`: takes string as `text`, got integer"),
    );
    template(json!(7), Ok(json!(7)));
}

#[test]
fn expressions() {
    let expression = |text: &str, expected| check("steps/4", &json!(text), true, expected);
    expression("eq input.on true", Ok(json!(true)));
    expression("input.people", Ok(recorded().input["people"].clone()));
    expression("input.none", Err("`input.none` was not recorded"));
    check("steps/4", &json!(true), true, Ok(json!(true)));
    check("steps/4", &json!([1]), true, Ok(json!([1])));
    let marked = Marked::flow(FLOW);
    let wrong = marked
        .assist()
        .preview("steps/4", &json!("input."), true, &recorded());
    assert!(wrong.is_err());
}

#[test]
fn it_depends_on_the_step() {
    check(
        "steps/3/each/#/steps/0",
        &json!("{{person.name}} {{index}}"),
        false,
        Ok(json!("Bob 0")),
    );
    check(
        "steps/4",
        &json!("{{person.name}}"),
        false,
        Err("`person.name` was not recorded"),
    );
    check(
        "steps/0/on_error/*/0",
        &json!("{{error.code}}"),
        false,
        Ok(json!("broken")),
    );
    check(
        "steps/2/then/0",
        &json!("{{vars.name}}"),
        false,
        Ok(json!("ada@x.org")),
    );
    check(
        "steps/1",
        &json!("{{vars.name}}"),
        false,
        Err("`vars.name` was not recorded"),
    );
    check("steps/9", &json!("x"), false, Err("there is no such step"));
    check("", &json!("{{input.email}}"), false, Ok(json!("Ada@x.org")));
}
