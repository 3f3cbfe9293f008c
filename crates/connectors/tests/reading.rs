//! What is found in a connector's file. The pages of the codes are tests, too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use lockgate_connectors::Connector;
use lockgate_flow::diagnostic::{Code, Diagnostic, render_text};
use lockgate_flow::source::Source;

const ACME: &str = r#"connector: acme
summary: Contacts of Acme
connection:
  api_key: { type: string, secret: true }
  region: { enum: [eu, us], default: eu }
  account: { type: string, required: false }
base_url: "https://{{connection.region}}.api.acme.example/v2"
auth: { bearer: "{{connection.api_key}}" }
headers: { X-Account: "{{omit_if_missing connection.account}}" }
errors:
  - { code: not_found, on: 404, status: 404, summary: "there is none" }
error_message: response.body.error.message
operations:
  create:
    summary: Creates a contact
    effect: once
    input:
      email: { type: string, format: email }
      name: { type: string, required: false }
    request:
      method: POST
      path: "/contacts/{{input.email}}"
      json: { name: "{{omit_if_missing input.name}}" }
    result: { id: "{{response.body.id}}", name: "{{optional input.name}}" }
    output: { type: object, required: [id], properties: { id: { type: string }, name: {} }, additionalProperties: false }
  list:
    summary: Lists contacts
    effect: read
    request: { method: GET, path: /contacts }
    pagination: { items: response.body.data, next: { query: { after: "{{response.body.next}}" } } }
    output: { type: array }
"#;

fn findings(text: &str) -> Vec<Diagnostic> {
    Connector::parse(&Source::new("connectors/acme.yaml", text)).1
}

fn lines(findings: &[Diagnostic]) -> Vec<String> {
    findings
        .iter()
        .map(|finding| {
            let place = finding.primary.source.position(finding.primary.span.start);
            let help = finding.help.as_ref().map(|help| format!(" | {help}"));
            format!(
                "{} {}: {}{}",
                place.line,
                finding.code,
                finding.message,
                help.unwrap_or_default()
            )
        })
        .collect()
}

#[test]
fn a_connector_without_a_mistake_has_none() {
    let (connector, found) = Connector::parse(&Source::new("connectors/acme.yaml", ACME));
    assert!(found.is_empty(), "{}", render_text(&found, false));
    let connector = connector.unwrap();
    assert!(connector.is_sound());
    let spec = connector.operations()[0].spec();
    assert_eq!(spec.name, "acme.create");
    assert_eq!(spec.connection.as_deref(), Some("acme"));
    let codes: Vec<&str> = spec.errors.iter().map(|error| &*error.code).collect();
    assert_eq!(
        codes,
        [
            "not_found",
            "unauthorized",
            "rate_limited",
            "rejected",
            "unavailable",
            "invalid_response",
            "forbidden_address",
            "too_large"
        ]
    );
    assert_eq!(
        spec.example,
        "id: create\naction: acme.create\nwith:\n  email: \"{{input.email}}\"\n"
    );
    let settings = connector.settings_schema();
    assert_eq!(settings["required"], serde_json::json!(["api_key"]));
    assert_eq!(settings["properties"]["api_key"]["secret"], true);
    assert!(settings["properties"]["base_url"].is_object());
}

#[test]
fn mistakes_are_found_where_they_stand() {
    let mut failures = Vec::new();
    for (from, to, expected) in [
        // Keys.
        (
            "summary: Contacts of Acme",
            "sumary: x",
            "2 LG0103: unknown key `sumary` in the connector | did you mean `summary`?",
        ),
        (
            "    effect: once",
            "    efect: once",
            "16 LG0103: unknown key `efect` in the operation | did you mean `effect`?",
        ),
        (
            "    summary: Lists contacts\n",
            "",
            "27 LG0105: the operation has no `summary`",
        ),
        ("method: GET, ", "", "29 LG0105: the request has no `method`"),
        (
            "connector: acme",
            "connector: Acme-2",
            "1 LG0208: `Acme-2` cannot be the name of a connector | lower-case letters, digits and `_`, beginning with a letter",
        ),
        (
            "  list:",
            "  List:",
            "26 LG0208: `List` cannot be the name of an operation | lower-case letters, digits and `_`, beginning with a letter",
        ),
        (
            "effect: read",
            "effect: reads",
            "28 LG0801: `reads` is no effect | did you mean `read`?",
        ),
        (
            "method: POST",
            "method: post",
            "21 LG0801: `post` is no method that can be sent | did you mean `POST`?",
        ),
        // What is there.
        (
            "{{input.email}}",
            "{{input.mail}}",
            "22 LG0304: `input` has no field `mail` | did you mean `email`?",
        ),
        (
            "{{omit_if_missing input.name}}",
            "{{input.name}}",
            "23 LG0304: `input.name` may be missing | give it a `default`, or write `{{default input.name \"…\"}}` or `{{omit_if_missing input.name}}`",
        ),
        (
            "{{connection.region}}",
            "{{connection.regoin}}",
            "7 LG0304: `connection` has no field `regoin` | did you mean `region`?",
        ),
        (
            "{{connection.region}}",
            "{{input.region}}",
            "7 LG0205: there is no value `input` here | the input is there inside operations only",
        ),
        (
            "{{connection.region}}",
            "{{steps.a}}",
            "7 LG0205: there is no value `steps` here | a connector sees nothing of the flow but `input`",
        ),
        (
            "path: \"/contacts/{{input.email}}\"",
            "path: \"/contacts/{{input.email}}/{{response.status}}\"",
            "22 LG0205: there is no value `response` here | the answer is there after the request only",
        ),
        (
            "{{response.body.id}}",
            "{{response.text}}",
            "24 LG0304: `response` has no field `text` | known here: `status`, `headers`, `body`",
        ),
        (
            "{{response.body.id}}",
            "{{page.number}}",
            "24 LG0205: there is no value `page` here | `page` is there under `pagination` only",
        ),
        (
            "{{response.body.id}}",
            "{{uper response.body.id}}",
            "24 LG0204: unknown function `uper` | did you mean `upper`?",
        ),
        (
            "{{response.body.id}}",
            "{{upper response.status}}",
            "24 LG0405: `upper` takes string as `text`, and this is integer | The text in upper case.",
        ),
        (
            "error_message: response.body.error.message",
            "error_message: respones.body",
            "12 LG0205: there is no value `respones` here | did you mean `response`?",
        ),
        // Parts that cannot work.
        (
            "https://{{connection.region}}.api",
            "x",
            "7 LG0801: `base_url`: relative URL without a base | write one like `https://api.example.com/v1`",
        ),
        (
            "X-Account",
            "Host",
            "9 LG0801: the header Host is made from the request itself",
        ),
        (
            "on: 404",
            "on: 4x",
            "11 LG0801: `on`: `4x` is no status | write `404`, `4xx`, `\"200-204\"`, or a list of them",
        ),
        (
            "on: 404, ",
            "",
            "11 LG0801: an error that fits every answer | say which: `on: 404`, `on: 4xx`, or `if: …`",
        ),
        (
            "status: 404",
            "status: 200",
            "11 LG0104: `status` must be a whole number from 400 to 599, not 200",
        ),
        (
            "path: /contacts }",
            "path: contacts }",
            "29 LG0801: a path begins with `/` | write it like `/contacts/{{input.id}}`",
        ),
        (
            "path: /contacts }",
            "path: \"/contacts?all=1\" }",
            "29 LG0801: a path has no `?` and no `#` | what comes after `?` is written under `query`",
        ),
        (
            "path: /contacts }",
            "path: /contacts, json: {} }",
            "29 LG0801: a GET has no body | write what goes into the URL under `query`",
        ),
        (
            "json: {",
            "form: { a: 1 }\n      json: {",
            "23 LG0801: a second body, `form`",
        ),
        (
            "effect: read",
            "effect: once",
            "30 LG0801: only what reads has pages | an operation that writes is one request",
        ),
        (
            "query: { after: \"{{response.body.next}}\" }",
            "query: { after: 1 }",
            "30 LG0801: the next page is the same as this one | take a parameter from the answer: `after: \"{{response.body.next}}\"`",
        ),
        (
            "auth: { bearer: \"{{connection.api_key}}\" }",
            "auth: { token: \"{{connection.api_key}}\" }",
            "8 LG0801: `token` is no kind of authentication | known here: `none`, `bearer`, `basic`, `api_key`, `oauth_client_credentials`, `oauth_refresh_token`, `service_account`, `aws_sigv4`",
        ),
        (
            "auth: { bearer: \"{{connection.api_key}}\" }",
            "auth: { api_key: { value: \"{{connection.api_key}}\" } }",
            "8 LG0801: `api_key` goes into a `header` or into the `query` | write `api_key: { header: X-Api-Key, value: \"{{connection.api_key}}\" }`",
        ),
        (
            "auth: { bearer: \"{{connection.api_key}}\" }",
            "auth: { oauth_client_credentials: { token_url: https://x.example, client_id: a, client_secret: \"{{connection.api_key}}\", scopes: b } }",
            "8 LG0103: unknown key `scopes` in `oauth_client_credentials` | did you mean `scope`?",
        ),
        // Promises.
        (
            "result: { id: \"{{response.body.id}}\", ",
            "result: { ",
            "24 LG0802: `output` requires `id`, and the result has none",
        ),
        (
            "id: \"{{response.body.id}}\"",
            "id: \"{{omit_if_missing response.body.id}}\"",
            "24 LG0802: `output` requires `id`, and the result may leave it out | take it from `required`, or use `optional` and allow null",
        ),
        (
            "id: \"{{response.body.id}}\"",
            "id: \"{{response.status}}\"",
            "24 LG0802: `id` is integer, and `output` says string",
        ),
        (
            "id: \"{{response.body.id}}\"",
            "id: 7",
            "24 LG0802: `id` is integer, and `output` says string",
        ),
        (
            "name: \"{{optional input.name}}\"",
            "nam: \"{{optional input.name}}\"",
            "24 LG0802: `output` has no `nam` | did you mean `name`?",
        ),
        (
            "result: { id: \"{{response.body.id}}\", name: \"{{optional input.name}}\" }",
            "result: \"{{response.body.id}} {{optional input.name}}\"",
            "24 LG0802: the result is string, and `output` says object",
        ),
        (
            "output: { type: array }",
            "output: { type: object }",
            "31 LG0802: the pages make a list, and `output` says object | write `type: array`, or a `result` that takes the list as `{{page.items}}`",
        ),
        (
            "output: { type: array }",
            "output: { type: aray }",
            "31 LG0407: `aray` is no type | did you mean `array`?",
        ),
        // What nobody reads.
        (
            "json: { name: \"{{omit_if_missing input.name}}\" }",
            "json: {}",
            "",
        ),
        (
            "{{omit_if_missing connection.account}}",
            "x",
            "6 LG0804: no expression reads `connection.account` | use it, or leave it out",
        ),
        (
            "      email: {",
            "      phone: { type: string }\n      email: {",
            "18 LG0804: no expression reads `input.phone` | use it, or leave it out",
        ),
    ] {
        let text = ACME.replacen(from, to, 1);
        assert_ne!(text, ACME, "{from}");
        let found = lines(&findings(&text)).join("\n");
        if found != expected {
            failures.push(format!("{to}\n  expected {expected}\n     found {found}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = ACME
        .replace("summary: Contacts of Acme\n", "")
        .replace("on: 404", "on: 999")
        .replace("method: POST", "method: FETCH")
        .replace("{{response.body.next}}", "{{respons.body.next}}");
    let found = lines(&findings(&text));
    assert_eq!(found.len(), 4, "{found:#?}");
    let (connector, _) = Connector::parse(&Source::new("connectors/acme.yaml", text));
    // It is there for the flows that use it, and cannot be called.
    let connector = connector.unwrap();
    assert_eq!((connector.operations().len(), connector.is_sound()), (2, false));
}

#[test]
fn what_is_no_connector_is_none() {
    for (text, code) in [
        ("", "LG0111"),
        ("[]", "LG0104"),
        ("connector: [", "LG0101"),
        ("connector: acme\nconnector: acme\n", "LG0102"),
        ("operations: {}\n", "LG0105"),
    ] {
        let found = findings(text);
        assert_eq!(found[0].code.as_str(), code, "{text}");
    }
}

/// A file that breaks off says so, and nothing of what would have come.
#[test]
fn a_file_that_breaks_off_says_so_alone() {
    for end in (1..ACME.len()).filter(|end| ACME.is_char_boundary(*end)) {
        let (connector, found) = Connector::parse(&Source::new("connectors/acme.yaml", &ACME[..end]));
        let is_whole = !found.iter().any(|finding| finding.code == Code::Syntax);
        assert!(connector.is_none_or(|connector| is_whole || !connector.is_sound()));
    }
}

/// `## Wrong` gives the code and no other, `## Right` gives nothing. That a name is taken is seen where all are read.
#[test]
fn the_pages_of_the_codes_are_true() {
    for code in Code::ALL {
        if !code.as_str().starts_with("LG08") || *code == Code::DuplicateConnector {
            continue;
        }
        let (wrong, right) = code.page().split_once("## Right").unwrap();
        for (part, expected) in [(wrong, Some(*code)), (right, None)] {
            let text = part.split("```yaml file=connectors/acme.yaml\n").nth(1).unwrap();
            let source = Source::new("connectors/acme.yaml", text.split("```").next().unwrap());
            let found = Connector::parse(&source).1;
            let codes: Vec<Code> = found.iter().map(|finding| finding.code).collect();
            assert_eq!(codes, Vec::from_iter(expected), "{}", render_text(&found, false));
        }
    }
}

#[test]
fn shared_parts_are_of_every_operation() {
    let (connector, _) = Connector::parse(&Source::new("connectors/acme.yaml", ACME));
    let connector = Arc::new(connector.unwrap());
    let types = lockgate_connectors::connection_types([&connector]);
    assert_eq!(types[0].spec.type_name, "acme");
    assert_eq!(
        types[0].spec.example,
        "acme:\n  type: acme\n  api_key: ${ACME_API_KEY}\n"
    );
    for operation in connector.operations() {
        assert!(operation.spec().error("not_found").is_some());
    }
}
