//! Path, query and body → the flow's input.

use bytes::Bytes;
use lockgate_flow::graph::{Coercion, InputSpec};
use lockgate_flow::json::Unique;
use percent_encoding::percent_decode_str;
use serde_json::map::Entry;
use serde_json::{Map, Value};

use crate::body::MediaType;
use crate::endpoint::Endpoint;
use crate::problem::Problem;

/// The input of a run, validated. A name that stands in two places is a mistake of the caller's, who may think that
/// another one counts.
pub(crate) fn read(
    endpoint: &Endpoint,
    parameters: &[&str],
    query: Option<&str>,
    body: &Bytes,
    media: MediaType,
) -> Result<Value, Problem> {
    let spec = &endpoint.flow.input;
    let mut input = Map::new();
    for (name, raw) in endpoint.parameters.iter().zip(parameters) {
        let text = percent_decode_str(raw)
            .decode_utf8()
            .map_err(|_| Problem::Malformed(format!("the path's `{name}` is not UTF-8 text")))?;
        add(&mut input, name.clone(), coerce(spec, name, &text), "the path")?;
    }
    for (name, text) in pairs(query.unwrap_or_default().as_bytes(), "query")? {
        let value = coerce(spec, &name, &text);
        add(&mut input, name, value, "the query")?;
    }
    if !body.is_empty() {
        match media {
            MediaType::Json => {
                let Value::Object(fields) = json(body)? else {
                    return Err(Problem::Malformed("the body is not a JSON object".to_owned()));
                };
                if input.is_empty() {
                    input = fields;
                } else {
                    for (name, value) in fields {
                        add(&mut input, name, value, "the body")?;
                    }
                }
            }
            MediaType::Form if is_object(body) => {
                return Err(Problem::Malformed(
                    "the body is JSON, and its `Content-Type` says that it is a form; send `Content-Type: application/json`"
                        .to_owned(),
                ));
            }
            MediaType::Form => {
                for (name, text) in pairs(body, "form")? {
                    let value = coerce(spec, &name, &text);
                    add(&mut input, name, value, "the form")?;
                }
            }
        }
    }
    spec.validate(input).map_err(Problem::InvalidInput)
}

fn add(input: &mut Map<String, Value>, name: String, value: Value, place: &str) -> Result<(), Problem> {
    match input.entry(name) {
        Entry::Occupied(entry) => Err(Problem::Malformed(format!(
            "`{}` comes twice, the second time in {place}",
            entry.key()
        ))),
        Entry::Vacant(entry) => {
            entry.insert(value);
            Ok(())
        }
    }
}

fn coerce(spec: &InputSpec, name: &str, text: &str) -> Value {
    match spec.coerce(name, text) {
        Coercion::Value(value) | Coercion::Unknown(value) => value,
    }
}

/// The pairs of a query or a form (the URL standard's `application/x-www-form-urlencoded`). A name that comes several
/// times is refused where it is added.
fn pairs(text: &[u8], what: &str) -> Result<Vec<(String, String)>, Problem> {
    let malformed = || Problem::Malformed(format!("the {what} is not UTF-8 text"));
    if !is_utf8_decoded(text) {
        return Err(malformed());
    }
    Ok(url::form_urlencoded::parse(text)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect())
}

/// Whether the text stays UTF-8 when its percent signs are decoded; the parser would put replacement characters.
fn is_utf8_decoded(text: &[u8]) -> bool {
    percent_encoding::percent_decode(text).decode_utf8().is_ok()
}

/// A JSON text without duplicate keys.
fn json(body: &Bytes) -> Result<Value, Problem> {
    serde_json::from_slice(body)
        .map(|Unique(value)| value)
        .map_err(|error| Problem::Malformed(format!("the body is not JSON: {error}")))
}

/// Whether what is called a form is a JSON object, which no form of a browser can be: `curl -d` calls everything a form.
fn is_object(body: &Bytes) -> bool {
    body.trim_ascii_start().starts_with(b"{") && matches!(json(body), Ok(Value::Object(_)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{Served, request};

    #[tokio::test]
    async fn json_that_is_called_a_form_is_told_so() {
        let flow = "trigger: { http: POST /echo }\ninput: { a: string }\nsteps:\n  - return: '{{input.a}}'\n";
        let served = Served::new(&[flow]);
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let answer = served
            .send(request("POST /echo", &form, "\n{\"a\": \"=\"}"))
            .await;
        assert_eq!(answer.status, 400);
        let message = answer.body["message"].as_str().unwrap();
        assert!(
            message.ends_with("send `Content-Type: application/json`"),
            "{message}"
        );
        // A brace alone is nothing to go by.
        let answer = served.send(request("POST /echo", &form, "{a}=1&a=2")).await;
        assert_eq!(answer.body["errors"][0]["field"], "{a}");
        let answer = served.send(request("POST /echo", &form, "a={}")).await;
        assert_eq!(answer.body, json!("{}"));
    }
}
