//! Validation: the `jsonschema` crate behind three questions.

use serde_json::Value;

/// A compiled schema.
pub type Validator = jsonschema::Validator;

/// Why a schema itself is not usable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaProblem {
    /// JSON Pointer of the part.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
}

/// Compiles a schema; formats (`email`, `uri`, `date-time`, …) are asserted, nothing is fetched.
pub fn compile(schema: &Value) -> Result<Validator, SchemaProblem> {
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(true)
        .build(schema)
        .map_err(|error| SchemaProblem {
            pointer: error.instance_path().to_string(),
            message: error.to_string(),
        })
}

/// One mistake in a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueProblem {
    /// JSON Pointer of the offending part.
    pub pointer: String,
    /// What is wrong. Quotes the value, so it must not be shown where the value is secret.
    pub message: String,
    /// The same without the value.
    pub masked: String,
}

/// Every mistake in a value.
pub fn problems(validator: &Validator, value: &Value) -> Vec<ValueProblem> {
    validator
        .iter_errors(value)
        .map(|error| ValueProblem {
            pointer: error.instance_path().to_string(),
            message: error.to_string(),
            masked: error.masked_with("the value").to_string(),
        })
        .collect()
}
