//! The body of a sign-up, with the rules of `flows/sign-up.yaml`. All mistakes are told at once.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::problem::{Mistake, Problem};

const MIN_PASSWORD: usize = 8;

/// Somebody who wants an account.
pub(crate) struct SignUp {
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) plan: Plan,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Plan {
    Free,
    Pro,
}

impl SignUp {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Problem> {
        let mut body: Map<String, Value> =
            serde_json::from_slice(body).map_err(|error| Problem::Malformed(error.to_string()))?;
        let mut mistakes = Vec::new();
        let mut mistake = |field: &str, message: &str| {
            mistakes.push(Mistake {
                field: field.to_owned(),
                message: message.to_owned(),
            });
        };
        let email = match body.swap_remove("email") {
            Some(email @ Value::String(_)) if !is_email(&email) => {
                mistake("email", "is not an e-mail address");
                None
            }
            Some(Value::String(email)) => Some(email),
            Some(_) => {
                mistake("email", "is not a string");
                None
            }
            None => {
                mistake("email", "is required");
                None
            }
        };
        let password = match body.swap_remove("password") {
            Some(Value::String(password)) if password.chars().count() < MIN_PASSWORD => {
                mistake("password", "is shorter than 8 characters");
                None
            }
            Some(Value::String(password)) => Some(password),
            Some(_) => {
                mistake("password", "is not a string");
                None
            }
            None => {
                mistake("password", "is required");
                None
            }
        };
        let plan = match body.swap_remove("plan") {
            None => Some(Plan::Free),
            Some(plan) => match plan.as_str() {
                Some("free") => Some(Plan::Free),
                Some("pro") => Some(Plan::Pro),
                _ => {
                    mistake("plan", "is not one of \"free\", \"pro\"");
                    None
                }
            },
        };
        for field in body.keys() {
            mistake(field, "is not a field of this request");
        }
        match (email, password, plan) {
            (Some(email), Some(password), Some(plan)) if mistakes.is_empty() => Ok(Self {
                email,
                password,
                plan,
            }),
            _ => Err(Problem::InvalidInput(mistakes)),
        }
    }
}

/// The format `email` of JSON Schema: the same addresses are let through as by the flow.
fn is_email(text: &Value) -> bool {
    static EMAIL: LazyLock<Option<Validator>> = LazyLock::new(|| {
        jsonschema::options()
            .should_validate_formats(true)
            .build(&json!({ "format": "email" }))
            .ok()
    });
    EMAIL.as_ref().is_some_and(|email| email.is_valid(text))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_told() {
        let body = br#"{ "email": "ada", "password": "short", "plan": "gold", "age": 3 }"#;
        let Err(Problem::InvalidInput(mistakes)) = SignUp::parse(body) else {
            panic!("the input was let through");
        };
        let fields: Vec<&str> = mistakes.iter().map(|mistake| mistake.field.as_str()).collect();
        assert_eq!(fields, ["email", "password", "plan", "age"]);
    }

    #[test]
    fn the_plan_is_free_unless_said() {
        let body = r#"{ "email": "ada@example.com", "password": "zwölf ünd" }"#;
        assert!(SignUp::parse(body.as_bytes()).ok().unwrap().plan == Plan::Free);
    }
}
