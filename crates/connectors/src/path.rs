//! The path of a request: what an expression gives stays inside its segment.

use lockgate_flow::expression::{Ambient, Expression, Scope};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// A path, in pieces.
#[derive(Debug, Default)]
pub(crate) struct PathTemplate(pub(crate) Vec<PathPiece>);

/// A piece of a path.
#[derive(Debug)]
pub(crate) enum PathPiece {
    /// As it is written.
    Text(String),
    /// A value. `url_encode` has encoded it already.
    Value {
        expression: Expression,
        is_encoded: bool,
    },
}

/// Why there is no path.
#[derive(Debug, PartialEq)]
pub(crate) enum PathProblem {
    /// An expression has no value.
    Evaluation(lockgate_flow::expression::EvaluationError),
    /// A value that no path can hold.
    Value { path: String, problem: &'static str },
}

/// What may stand in a segment as it is (RFC 3986 §3.3), without what some servers read as parameters (`;`, `=`, `&`, `+`).
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',')
    .remove(b':')
    .remove(b'@');

impl PathTemplate {
    /// The path, encoded.
    ///
    /// # Errors
    /// A value is missing, is no text or number, is empty, or would lead out of its segment in a way that no encoding
    /// prevents (`..`: WHATWG URL, "double-dot URL path segment", which `%2e%2e` is too).
    pub(crate) fn evaluate(
        &self,
        scope: &dyn Scope,
        ambient: &mut dyn Ambient,
    ) -> Result<String, PathProblem> {
        let mut path = String::new();
        let mut last_value = None;
        for piece in &self.0 {
            match piece {
                PathPiece::Text(text) => path.push_str(text),
                PathPiece::Value {
                    expression,
                    is_encoded,
                } => {
                    let name = described(expression);
                    let refuse = |problem| PathProblem::Value {
                        path: name.clone(),
                        problem,
                    };
                    let value = expression
                        .value(scope, ambient)
                        .map_err(PathProblem::Evaluation)?;
                    let text = match &*value {
                        Value::String(text) => text.clone(),
                        Value::Number(number) => number.to_string(),
                        _ => return Err(refuse("is neither a text nor a number")),
                    };
                    // `/users/` is another resource than `/users/1`.
                    if text.is_empty() {
                        return Err(refuse("is empty"));
                    }
                    if *is_encoded {
                        path.push_str(&text);
                    } else {
                        path.extend(utf8_percent_encode(&text, KEPT));
                    }
                    last_value = Some(name);
                }
            }
        }
        let is_dots = |segment: &str| {
            let segment = segment.to_ascii_lowercase().replace("%2e", ".");
            segment == "." || segment == ".."
        };
        match last_value {
            Some(path_of_value) if path.split('/').any(is_dots) => Err(PathProblem::Value {
                path: path_of_value,
                problem: "makes a `.` or `..` of the path",
            }),
            _ => Ok(path),
        }
    }
}

/// What an author wrote, for messages.
fn described(expression: &Expression) -> String {
    expression.references().first().map_or_else(
        || "a value of the path".to_owned(),
        |reference| format!("`{}`", reference.path.text),
    )
}

#[cfg(test)]
mod tests {
    use lockgate_engine::clock::SystemClock;
    use lockgate_engine::step_key::StepKey;
    use lockgate_engine::testing::LoneStep;
    use lockgate_flow::expression::Slot;
    use serde_json::json;

    use super::*;
    use crate::scope::{Surroundings, Values};

    fn path_of(value: &Value, encoded: bool) -> Result<String, PathProblem> {
        let text = if encoded {
            "url_encode input.id"
        } else {
            "input.id"
        };
        let mut expression = Expression::parse(text).unwrap().expression;
        expression.paths_mut(&mut |path| path.slot = Slot::Input);
        let template = PathTemplate(vec![
            PathPiece::Text("/users/".to_owned()),
            PathPiece::Value {
                expression,
                is_encoded: encoded,
            },
            PathPiece::Text("/blocks".to_owned()),
        ]);
        let (input, nothing) = (json!({ "id": value }), Value::Null);
        let step = LoneStep::on(SystemClock::new());
        let key = StepKey {
            parent: None,
            path: "steps/0",
            indices: &[],
            part: "",
        };
        let context = step.context(&key);
        let values = Values::of_call(&nothing, &input, &nothing);
        template.evaluate(&values, &mut Surroundings(&context))
    }

    #[test]
    fn values_stay_in_their_segment() {
        for (value, encoded, expected) in [
            (json!("auth0|1"), false, "/users/auth0%7C1/blocks"),
            (json!(7), false, "/users/7/blocks"),
            (json!("a/b?c#d"), false, "/users/a%2Fb%3Fc%23d/blocks"),
            (json!("../admin"), false, "/users/..%2Fadmin/blocks"),
            (json!("a%2fb"), false, "/users/a%252fb/blocks"),
            (json!("a\\b c"), false, "/users/a%5Cb%20c/blocks"),
            (json!("ü"), false, "/users/%C3%BC/blocks"),
            (json!("a/b@c"), true, "/users/a%2Fb%40c/blocks"),
            (json!("123:ABC-_"), false, "/users/123:ABC-_/blocks"),
        ] {
            assert_eq!(path_of(&value, encoded).as_deref(), Ok(expected), "{value}");
        }
    }

    #[test]
    fn what_no_path_can_hold_is_refused() {
        for (value, words) in [
            (json!(".."), "makes a `.` or `..` of the path"),
            (json!("."), "makes a `.` or `..` of the path"),
            (json!(""), "is empty"),
            (json!(["a"]), "is neither a text nor a number"),
            (json!(null), "is neither a text nor a number"),
        ] {
            let problem = PathProblem::Value {
                path: "`input.id`".to_owned(),
                problem: words,
            };
            assert_eq!(path_of(&value, false), Err(problem), "{value}");
        }
    }
}
