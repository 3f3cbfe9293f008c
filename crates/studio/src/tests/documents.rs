//! What texts mean.

use serde_json::{Value, json};

use super::stand::{FILE, FLOW, RUN, Stand};

/// What stands between two UTF-16 offsets.
fn between(text: &str, place: &Value) -> String {
    let units: Vec<u16> = text.encode_utf16().collect();
    let at = |name: &str| usize::try_from(place[name].as_u64().unwrap()).unwrap();
    String::from_utf16(&units[at("from")..at("to")]).unwrap()
}

#[tokio::test]
async fn a_workspace_tells_its_flows_and_files() {
    let stand = Stand::new();
    let workspace = stand.get("/api/workspace").await.json();
    assert_eq!(
        workspace["files"],
        json!([
            "connectors/own.yaml",
            "flows/greet.yaml",
            "flows/sign-up.test.yaml",
            "flows/sign-up.yaml",
            "lockgate.yaml",
        ])
    );
    assert_eq!(
        workspace["flows"][1],
        json!({
            "name": "sign-up", "path": "flows/sign-up.yaml", "description": "Makes an account.",
            "route": "POST /sign-up", "schedule": null, "auth": "none", "durable": false, "state": "ready",
            "errors": 0, "warnings": 0, "steps": 5, "tests": "flows/sign-up.test.yaml",
            "calls": ["greet"], "connections": ["acme"],
        })
    );
    assert_eq!(
        (&workspace["diagnostics"], &workspace["serving"]),
        (&json!([]), &json!(true))
    );
}

#[tokio::test]
async fn findings_of_all_files_are_told_with_their_step_and_key() {
    let stand = Stand::new();
    stand
        .files
        .put("flows/sign-up.yaml", &FLOW.replace("user.id", "nobody.id"));
    stand.files.put("flows/sign-up.test.yaml", "cases: wrong\n");
    stand.files.look();
    let workspace = stand.get("/api/workspace").await.json();
    let [own, of_tests] = &workspace["diagnostics"].as_array().unwrap()[..] else {
        panic!("{workspace:#}");
    };
    assert_eq!(
        (&own["code"], &own["step"], &own["key"]),
        (&json!("LG0301"), &json!("steps/2"), &json!("/return"))
    );
    assert_eq!(
        (&of_tests["path"], &of_tests["step"], &of_tests["from"]),
        (&json!("flows/sign-up.test.yaml"), &Value::Null, &json!(7))
    );
    let flow = &workspace["flows"][1];
    assert_eq!((&flow["state"], &flow["errors"]), (&json!("broken"), &json!(1)));
}

#[tokio::test]
async fn a_text_is_told_with_places_in_utf_16() {
    let stand = Stand::new();
    for text in [FLOW.to_owned(), FLOW.replace('\n', "\r\n")] {
        let document = stand.document("flows/sign-up.yaml", &text).await;
        assert_eq!(
            (&document["complete"], &document["diagnostics"]),
            (&json!(true), &json!([]))
        );
        assert_eq!(document["flow"]["route"], "POST /sign-up");
        assert_eq!(document["flow"]["input"][0]["name"], "email");
        assert_eq!(document["flow"]["written"]["durable"], json!(false));
        assert!(document["flow"]["written"].get("steps").is_none());
        let steps: Vec<(&str, &str, u64, String)> = document["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| {
                let text = between(&text, step);
                let first = text.lines().next().unwrap().to_owned();
                let list = step["list"].as_str().unwrap();
                (
                    step["path"].as_str().unwrap(),
                    list,
                    step["index"].as_u64().unwrap(),
                    first,
                )
            })
            .collect();
        let expected = [
            ("steps/0", "steps", 0, "id: user"),
            (
                "steps/0/on_error/refused/0",
                "steps/0/on_error/refused",
                0,
                "fail: { code: taken, message: Ada Zoë 🎉 is known }",
            ),
            ("steps/1", "steps", 1, "if: input.email"),
            ("steps/1/then/0", "steps/1/then", 0, "call: greet"),
            ("steps/2", "steps", 2, "return: '{{steps.user.id}}'"),
        ];
        let expected = expected.map(|(path, list, index, text)| (path, list, index, text.to_owned()));
        assert_eq!(steps, expected);
        let cards = document["picture"]["cards"].as_array().unwrap();
        let last = cards.iter().find(|card| card["path"] == "steps/2").unwrap();
        assert_eq!(between(&text, last), "return: '{{steps.user.id}}'");
    }
}

#[tokio::test]
async fn a_text_is_checked_with_the_other_files_and_nothing_of_it_is_kept() {
    let stand = Stand::new();
    let text = FLOW.replace("call: greet", "call: nobody");
    let document = stand.document("flows/sign-up.yaml", &text).await;
    let [finding] = &document["diagnostics"].as_array().unwrap()[..] else {
        panic!("{:#}", document["diagnostics"]);
    };
    assert_eq!(
        (
            &finding["step"],
            &finding["key"],
            between(&text, finding).as_str()
        ),
        (&json!("steps/1/then/0"), &json!("/call"), "nobody")
    );
    // A file that is not there yet.
    let document = stand
        .document("flows/new.yaml", "steps:\n  - call: sign-up\n")
        .await;
    assert_eq!(document["diagnostics"][0]["code"], "LG0402");
    // Findings of other files are theirs: `sign-up` calls what is gone now.
    let document = stand
        .document("flows/greet.yaml", "name: other\nsteps: [{ return: 1 }]\n")
        .await;
    assert_eq!(document["diagnostics"], json!([]));
    let again = stand.document("flows/sign-up.yaml", FLOW).await;
    assert_eq!(again["diagnostics"], json!([]));
}

#[tokio::test]
async fn a_text_that_is_not_yaml_is_told_as_far_as_it_could_be_read() {
    let stand = Stand::new();
    for text in [
        "",
        "steps: [",
        "- a",
        "a: b: c",
        "\u{0}",
        "steps:\n  - return: \"x",
    ] {
        let document = stand.document("flows/a.yaml", text).await;
        assert_ne!(document["diagnostics"], json!([]), "{text:?}");
    }
    let document = stand
        .document("flows/a.yaml", "steps:\n  - return: 1\n  - {[\n")
        .await;
    assert_eq!(document["complete"], false);
}

#[tokio::test]
async fn other_files_have_findings_and_no_picture() {
    let stand = Stand::new();
    let document = stand
        .document("lockgate.yaml", &FILE.replace("type: acme", "type: acne"))
        .await;
    assert_eq!(
        (&document["flow"], &document["picture"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(document["diagnostics"][0]["code"], "LG0702");
    for path in ["flows/a.test.yaml", "connectors/x.yaml"] {
        let document = stand.document(path, "all is wrong").await;
        assert_eq!(
            (&document["picture"], &document["diagnostics"][0]["from"]),
            (&Value::Null, &json!(7))
        );
        let answer = stand
            .post(
                "/api/document/edit",
                json!({ "path": path, "text": "", "edit": { "edit": "delete", "steps": [] } }),
            )
            .await;
        answer.is_refused(422, "edit_refused");
    }
}

#[tokio::test]
async fn what_is_no_file_of_a_workspace_is_no_text_of_one() {
    let stand = Stand::new();
    for path in ["", ".env", "flows/../.env", "/etc/passwd", "other.yaml"] {
        let answer = stand
            .post("/api/document", json!({ "path": path, "text": "" }))
            .await;
        answer.is_refused(404, "no_such_file");
    }
}

#[tokio::test]
async fn steps_that_are_not_there_have_no_form_and_no_scope() {
    let stand = Stand::new();
    for path in ["step", "scope"] {
        let body = json!({ "path": "flows/sign-up.yaml", "text": FLOW, "step": "steps/9" });
        let answer = stand.post(&format!("/api/document/{path}"), body).await;
        answer.is_refused(404, "no_such_step");
    }
}

#[tokio::test]
async fn a_template_is_shown_with_what_a_run_recorded() {
    let stand = Stand::new();
    let preview = async |value: &str, is_expression: bool, run: &str| {
        let body = json!({
            "path": "flows/sign-up.yaml", "text": FLOW, "step": "steps/2",
            "value": value, "is_expression": is_expression, "run": run,
        });
        stand.post("/api/document/preview", body).await
    };
    for (value, is_expression, expected) in [
        ("{{upper input.email}} 🎉", false, json!("ADA@EXAMPLE.COM 🎉")),
        ("{{steps.user}}", false, json!({ "id": "u1" })),
        ("eq steps.user.id \"u1\"", true, json!(true)),
    ] {
        let answer = preview(value, is_expression, RUN).await.json();
        assert_eq!(answer, json!({ "value": expected, "problem": null }), "{value}");
    }
    for value in ["{{", "{{input.nobody}}", "{{request.path}}"] {
        let answer = preview(value, false, RUN).await.json();
        assert!(answer["problem"].is_string(), "{value}: {answer}");
    }
    preview("x", false, "0199d0a0-0000-7000-8000-000000000001")
        .await
        .is_refused(404, "no_such_run");
}

#[tokio::test]
async fn places_beyond_the_end_are_the_end() {
    let stand = Stand::new();
    for offset in [0, 20, FLOW.len(), usize::MAX] {
        for path in ["completions", "hover", "definition"] {
            let body = json!({ "path": "flows/sign-up.yaml", "text": FLOW, "offset": offset });
            let answer = stand.post(&format!("/api/document/{path}"), body).await;
            assert_eq!(answer.status, 200, "{path} at {offset}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn the_language_is_told() {
    let stand = Stand::new();
    let actions = stand.get("/api/actions").await.json();
    let action = &actions[0];
    assert_eq!(
        (
            &action["name"],
            &action["effect"],
            &action["scopes"],
            &action["errors"][0]
        ),
        (
            &json!("acme.create"),
            &json!("once"),
            &json!(["create:all or create:one"]),
            &json!({ "code": "refused", "status": 409, "when": "it is there already" })
        )
    );
    let functions = stand.get("/api/functions").await.json();
    assert!(functions.as_array().unwrap().len() > 20);
    let page = stand.get("/api/diagnostics/LG0102").await.json();
    assert!(page["markdown"].as_str().unwrap().starts_with("# LG0102"));
    for code in ["LG9999", "x", "%00"] {
        stand
            .get(&format!("/api/diagnostics/{code}"))
            .await
            .is_refused(404, "no_such_code");
    }
}
