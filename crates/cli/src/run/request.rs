//! `--request` → what `request` is in the expressions of a flow that an HTTP trigger would start.

use std::path::Path;

use anyhow::Result;
use lockgate_engine::request;
use serde_json::{Map, Value};

use super::json::read_object;
use crate::exit::Mistake;

/// Reads a request. What is left out is missing in the flow, but for `query` and `headers`: those are empty.
/// Header names become lower-case, as over HTTP.
///
/// # Errors
/// It is no JSON object, or not in the shape of a request.
pub(crate) fn read_request(argument: &str, folder: &Path) -> Result<Value> {
    let given = read_object("--request", argument, folder)?;
    let mut request = request::read(&given)
        .map_err(|mistake| Mistake::new(format!("`--request`: {mistake}")).maybe_help(mistake.help))?;
    for name in ["query", "headers"] {
        let empty = || Value::Object(Map::new());
        request.entry(name).or_insert_with(empty);
    }
    Ok(Value::Object(request))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_is_read_from_what_was_typed() {
        let read = |text: &str| read_request(text, Path::new(".")).map_err(|error| error.to_string());
        assert_eq!(
            read(r#"{"ip": "::1", "method": "POST", "headers": {"X-A": "1"}}"#),
            Ok(json!({ "method": "POST", "headers": { "x-a": "1" }, "ip": "::1", "query": {} }))
        );
        assert_eq!(read("{}"), Ok(json!({ "query": {}, "headers": {} })));
        for (text, expected) in [
            ("[]", "`--request` is no JSON object"),
            (r#"{"header": {}}"#, "`--request`: a request has no `header`"),
            (
                r#"{"headers": {"a": "", "A": ""}}"#,
                "`--request`: the header `A` stands twice: case makes no difference",
            ),
        ] {
            assert_eq!(read(text), Err(expected.to_owned()), "{text}");
        }
    }
}
