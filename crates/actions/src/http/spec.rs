//! What `http.request` declares, and what `check` finds in a known input.

use std::sync::{Arc, LazyLock};

use lockgate_flow::catalog::{ActionSpec, Effect, ErrorSpec, InputProblem, KnownInput};
use lockgate_flow::duration::parse_duration;
use lockgate_flow::schema::Schema;
use lockgate_http::{StatusRange, is_reserved};
use serde_json::{Value, json};

use super::request::{BODIES, METHODS, has_no_body};

pub(super) static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    Arc::new(ActionSpec {
        docs: DOCS.into(),
        input: Schema::new(input()),
        output: Schema::new(output()),
        errors: ERRORS.to_vec(),
        check: Some(check),
        example: "id: quota\naction: http.request\nwith:\n  method: POST\n  url: https://billing.example.com/quotas\n  \
                  bearer: \"{{input.billing_token}}\"\n  json: { email: \"{{input.email}}\", plan: pro }\n  \
                  accept_status: [2xx, 409]\n".into(),
        ..ActionSpec::new(
            "http.request",
            Effect::Once,
            "Sends an HTTP request and gives the answer",
        )
    })
});

const DOCS: &str = "\
The result's `body` is the parsed value where the answer says that it is JSON, the text where it is text, and null \
where there is none. Header names are lower-case.

A status outside `accept_status` fails with `http_status`; what the other end said is in `error.provider` with \
`status`, `headers`, and `body` (JSON) or `body_excerpt` (the beginning of a text).

What may be repeated: a request that could not be connected, and one that was answered 429, are repeated for every \
method. Other failures that may pass (408, 425, 5xx, a timeout, a broken connection) are repeated for GET, HEAD, \
OPTIONS, PUT and DELETE, whose repetition leaves the same state (RFC 9110 §9.2.2), for POST and PATCH only with `idempotent: true`. POST, \
PUT, PATCH and DELETE carry an `Idempotency-Key` that is the same for every attempt of the step, also after a crash, \
unless you set the header yourself. What may be repeated is also what is sent again where a crash left it open \
whether it was sent; the run ends in doubt otherwise.

Requests reach public addresses only. `http: { allow: [10.0.0.0/8, localhost] }` in `lockgate.yaml` opens private \
networks and hosts. At most five redirects are followed; to another origin they carry none of your headers and no \
credentials. An answer has at most 1 MiB.";

const ERRORS: &[ErrorSpec] = &[
    ErrorSpec::new(
        "http_status",
        502,
        "the answer's status is not in `accept_status`",
    ),
    ErrorSpec::new(
        "unavailable",
        502,
        "no connection (name, network, TLS), or it broke off",
    ),
    ErrorSpec::new(
        "forbidden_address",
        502,
        "the host is at a private address that the workspace does not allow",
    ),
    ErrorSpec::new("too_large", 502, "the answer is larger than 1 MiB"),
    ErrorSpec::new(
        "invalid_response",
        502,
        "the answer is not what it says it is: broken JSON, binary data, a redirect to nowhere",
    ),
    ErrorSpec::new("too_many_redirects", 502, "more than five redirects"),
    ErrorSpec::new("invalid_request", 500, "the request cannot be sent as it is"),
];

fn input() -> Value {
    let scalar = json!(["string", "number", "boolean"]);
    let values = json!({
        "anyOf": [{ "type": scalar }, { "type": "array", "items": { "type": scalar } }, { "type": "null" }]
    });
    let secret_header = json!({ "type": "string", "secret": true, "description": "Never written anywhere." });
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["url"],
        "properties": {
            "method": { "enum": METHODS, "default": "GET", "description": "The method." },
            "url": {
                "type": "string", "format": "uri", "exposed": "a URL",
                "description": "Where to, with `https://` or `http://`."
            },
            "query": {
                "type": "object", "additionalProperties": values, "exposed": "a URL",
                "description": "Query parameters, encoded for you. A list repeats its name; null leaves it out."
            },
            "headers": {
                "type": "object",
                "properties": {
                    "Authorization": secret_header, "authorization": secret_header,
                    "X-Api-Key": secret_header, "x-api-key": secret_header
                },
                "additionalProperties": { "type": "string" },
                "description": "Further headers."
            },
            "json": { "description": "A body, sent as JSON. At most one of `json`, `form`, `text`, `xml`." },
            "form": {
                "type": "object", "additionalProperties": values,
                "description": "A body of form fields (`application/x-www-form-urlencoded`)."
            },
            "text": { "type": "string", "description": "A body of plain text." },
            "xml": { "type": "string", "description": "A body of XML, as text." },
            "basic": {
                "type": "object",
                "additionalProperties": false,
                "required": ["username", "password"],
                "properties": {
                    "username": { "type": "string", "description": "Without a colon." },
                    "password": { "type": "string", "secret": true }
                },
                "description": "HTTP Basic credentials."
            },
            "bearer": { "type": "string", "secret": true, "description": "A bearer token." },
            "idempotent": {
                "type": "boolean", "default": false,
                "description": "The service does a request once for each `Idempotency-Key`, or the request may be \
                    repeated for another reason."
            },
            "timeout": {
                "type": "string", "default": "10s",
                "description": "Longest time until the whole answer is there, all redirects included."
            },
            "accept_status": {
                "type": "array",
                "minItems": 1,
                "items": { "anyOf": [{ "type": "integer", "minimum": 100, "maximum": 599 }, { "type": "string" }] },
                "default": ["2xx"],
                "description": "The statuses that are no error: numbers, classes like `4xx`, ranges like `200-204`."
            },
            "follow_redirects": {
                "type": "boolean", "default": true,
                "description": "Whether redirects are followed. Where not, a 3xx is a status like any other."
            }
        }
    })
}

fn output() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["status", "headers", "body", "success"],
        "properties": {
            "status": { "type": "integer", "description": "The status." },
            "headers": {
                "type": "object", "additionalProperties": { "type": "string" },
                "description": "By lower-case name; several of one name are joined by `, `, cookies by line breaks."
            },
            "body": { "description": "The parsed JSON, the text, or null." },
            "success": { "type": "boolean", "description": "Whether the status is from 200 to 299." }
        }
    })
}

fn check(known: &KnownInput) -> Vec<InputProblem> {
    let mut problems = Vec::new();
    let mut found = |pointer: &str, message: String, help: Option<&str>| {
        problems.push(InputProblem {
            pointer: pointer.to_owned(),
            message,
            help: help.map(str::to_owned),
        });
    };
    let input = &known.value;
    // A part that an expression will give may turn out to be dropped.
    let given = |name: &str| input.get(name).is_some() && !known.is_unknown(&format!("/{name}"));
    let text = |name: &str| input.get(name).and_then(Value::as_str);

    let bodies: Vec<&str> = BODIES.iter().copied().filter(|name| given(name)).collect();
    if let [first, second, ..] = bodies[..] {
        let message = format!("the request has two bodies, `{first}` and `{second}`");
        found(&format!("/{second}"), message, Some("keep one of them"));
    }
    let method = if known.is_unknown("/method") {
        None
    } else {
        Some(text("method").unwrap_or("GET"))
    };
    if let Some(method) = method.filter(|method| has_no_body(method))
        && let Some(body) = bodies.first()
    {
        let help = "write the `method`, like `method: POST`, or move it to `query`";
        found(&format!("/{body}"), format!("a {method} has no body"), Some(help));
    }
    if given("basic") && given("bearer") {
        found(
            "/bearer",
            "the request has both `basic` and `bearer`".to_owned(),
            Some("keep one of them"),
        );
    }
    if let Some(url) = text("url") {
        match url::Url::parse(url) {
            Ok(url) if !matches!(url.scheme(), "http" | "https") => {
                found(
                    "/url",
                    format!("`{}:` is not HTTP", url.scheme()),
                    Some("write `https://…`"),
                );
            }
            Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                let help = "write them under `basic`: a URL is written to logs";
                found("/url", "the URL holds credentials".to_owned(), Some(help));
            }
            Ok(_) | Err(_) => {}
        }
    }
    if let Some(timeout) = text("timeout")
        && let Err(error) = parse_duration(timeout)
    {
        found("/timeout", error.to_string(), None);
    }
    for (index, status) in input
        .get("accept_status")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .enumerate()
    {
        let pointer = format!("/accept_status/{index}");
        if !known.is_unknown(&pointer)
            && let Err(problem) = StatusRange::parse(status)
        {
            found(
                &pointer,
                problem,
                Some("write a number, a class like `4xx`, or a range like `200-204`"),
            );
        }
    }
    for (name, value) in input
        .get("headers")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let pointer = format!("/headers/{}", name.replace('~', "~0").replace('/', "~1"));
        if is_reserved(name) {
            found(
                &pointer,
                format!("the header {name} is made from the request itself"),
                Some("leave it out"),
            );
        } else if !known.is_unknown(&pointer)
            && name.eq_ignore_ascii_case("authorization")
            && !value.is_null()
        {
            for other in ["basic", "bearer"].into_iter().filter(|other| given(other)) {
                let message = format!("the header {name} and `{other}` say the same");
                found(&pointer, message, Some("keep one of them"));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn problems(value: Value, unknown: &[&str], expected: &[(&str, &str)]) {
        let known = KnownInput {
            value,
            unknown: unknown.iter().map(|pointer| (*pointer).to_owned()).collect(),
        };
        let found: Vec<_> = check(&known)
            .into_iter()
            .map(|problem| (problem.pointer, problem.message))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(p, m)| ((*p).to_owned(), (*m).to_owned()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn mistakes_are_found_before_it_runs() {
        let url = "https://example.com";
        problems(json!({ "url": null }), &["/url"], &[]);
        problems(
            json!({ "url": url, "method": "POST", "json": {}, "text": null }),
            &["/text"],
            &[],
        );
        problems(
            json!({ "url": url, "method": "POST", "json": {}, "text": "" }),
            &[],
            &[("/text", "the request has two bodies, `json` and `text`")],
        );
        problems(
            json!({ "url": url, "form": {} }),
            &[],
            &[("/form", "a GET has no body")],
        );
        problems(
            json!({ "url": url, "method": null, "form": {} }),
            &["/method"],
            &[],
        );
        problems(
            json!({ "url": "ftp://example.com" }),
            &[],
            &[("/url", "`ftp:` is not HTTP")],
        );
        problems(
            json!({ "url": "https://a:b@example.com" }),
            &[],
            &[("/url", "the URL holds credentials")],
        );
        problems(
            json!({ "url": url, "timeout": "10", "accept_status": [200, "3xx", "six", null] }),
            &["/accept_status/3"],
            &[
                (
                    "/timeout",
                    "`10` has no unit; write `10s` for seconds, or use ms, m, h, d",
                ),
                ("/accept_status/2", "`six` is no status"),
            ],
        );
        problems(
            json!({ "url": url, "bearer": "x", "basic": {}, "headers": { "Host": "x", "Authorization": "y" } }),
            &[],
            &[
                ("/bearer", "the request has both `basic` and `bearer`"),
                ("/headers/Host", "the header Host is made from the request itself"),
                (
                    "/headers/Authorization",
                    "the header Authorization and `basic` say the same",
                ),
                (
                    "/headers/Authorization",
                    "the header Authorization and `bearer` say the same",
                ),
            ],
        );
    }

    #[test]
    fn the_schema_is_one_and_the_example_keeps_it() {
        let compiled = lockgate_flow::schema::compile(SPEC.input.as_value()).unwrap();
        let input = json!({ "url": "https://e.com", "json": {}, "accept_status": ["2xx", 409], "query": { "a": [1] } });
        assert!(compiled.is_valid(&input));
        assert!(!compiled.is_valid(&json!({ "url": "https://e.com", "methd": "GET" })));
    }
}
