//! Masks what we sent in what Auth0 says: error texts sometimes quote the request.
//!
//! Only values that we know to be secret are masked; this module guesses nothing from how a text looks.

use std::fmt;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use url::form_urlencoded;

/// What stands in a secret's place.
pub(crate) const MASK: &str = "********";

/// Shorter secrets are masked only where they stand alone: masking each `a` would destroy the text and
/// tell the secret.
const MIN_INSIDE_WORDS: usize = 4;

/// Field names whose values are secret wherever they stand in a request body.
const SECRET_NAMES: [&str; 9] = [
    "password",
    "secret",
    "token",
    "private_key",
    "credential",
    "assertion",
    "api_key",
    "apikey",
    "passphrase",
];

/// The secrets of one request, in each form in which a text may quote them.
#[derive(Clone, Default)]
pub(crate) struct Redactor {
    forms: Vec<String>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({} forms)", self.forms.len())
    }
}

impl Redactor {
    /// Adds one secret.
    pub(crate) fn add(&mut self, secret: &str) {
        if secret.is_empty() {
            return;
        }
        let inside_quotes = |text: &str| {
            let quoted = Value::from(text).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        };
        let json = inside_quotes(secret);
        let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
        let unreserved = utf8_percent_encode(secret, crate::path::SEGMENT).to_string();
        let html = secret
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;");
        let forms = [
            secret.to_owned(),
            // JSON that quotes the request's JSON in a text.
            inside_quotes(&json),
            json,
            form,
            percent,
            unreserved,
            html.replace('\'', "&#39;"),
            html,
        ];
        for form in forms {
            if !self.forms.contains(&form) {
                self.forms.push(form);
            }
        }
        // A secret that contains another one goes first, or its rest would stay.
        self.forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }

    /// Adds every value under a secret's name in a request body.
    pub(crate) fn add_body(&mut self, body: &Value) {
        match body {
            Value::Object(map) => {
                for (name, value) in map {
                    if is_secret_name(name) {
                        self.add_all(value);
                    } else {
                        self.add_body(value);
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.add_body(item)),
            _ => {}
        }
    }

    fn add_all(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.add(text),
            Value::Number(number) => self.add(&number.to_string()),
            Value::Array(items) => items.iter().for_each(|item| self.add_all(item)),
            Value::Object(map) => map.values().for_each(|item| self.add_all(item)),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// The text with every secret masked.
    pub(crate) fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for form in &self.forms {
            if !text.contains(form.as_str()) {
                continue;
            }
            text = if form.chars().count() >= MIN_INSIDE_WORDS {
                text.replace(form.as_str(), MASK)
            } else {
                replace_alone(&text, form)
            };
        }
        text
    }

    /// The value with every secret masked, in keys too.
    pub(crate) fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(items) => Value::Array(items.into_iter().map(|item| self.value(item)).collect()),
            Value::Object(map) => Value::Object(
                map.into_iter()
                    .map(|(name, item)| (self.text(&name), self.value(item)))
                    .collect::<Map<_, _>>(),
            ),
            Value::Number(number) => {
                let text = number.to_string();
                if self.forms.contains(&text) {
                    Value::from(MASK)
                } else {
                    Value::Number(number)
                }
            }
            other => other,
        }
    }
}

/// Whether a field of that name holds a secret. Plain settings like `token_endpoint_auth_method` are caught
/// too; masking one of those in an error text costs nothing but its value.
fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|secret| name.contains(secret)) && name != "verify_password"
}

fn replace_alone(text: &str, form: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = None;
    while let Some(at) = rest.find(form) {
        let (front, back) = rest.split_at(at);
        let back = &back[form.len()..];
        let left = front.chars().next_back().or(before);
        let is_alone = !left.is_some_and(char::is_alphanumeric)
            && !back.chars().next().is_some_and(char::is_alphanumeric);
        out.push_str(front);
        out.push_str(if is_alone { MASK } else { form });
        before = form.chars().next_back();
        rest = back;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn redactor(body: &Value) -> Redactor {
        let mut redactor = Redactor::default();
        redactor.add_body(body);
        redactor
    }

    #[test]
    fn secrets_are_masked_in_every_form() {
        let redactor = redactor(&json!({ "password": "a-\"b <c> & d'e", "name": "Ada" }));
        for text in [
            "no a-\"b <c> & d'e here",
            r#"no a-\"b <c> & d'e here"#,
            r#"no a-\\\"b <c> & d'e here"#,
            "no a-&quot;b &lt;c&gt; &amp; d'e here",
            "no a-&quot;b &lt;c&gt; &amp; d&#39;e here",
            "no a%2D%22b%20%3Cc%3E%20%26%20d%27e here",
            "no a-%22b%20%3Cc%3E%20%26%20d%27e here",
            "no a-%22b+%3Cc%3E+%26+d%27e here",
        ] {
            assert_eq!(redactor.text(text), "no ******** here", "{text}");
        }
        assert_eq!(redactor.text("Ada"), "Ada");
    }

    #[test]
    fn nested_secrets_and_keys_are_masked() {
        let redactor = redactor(&json!({ "options": { "client_secret": ["s3cret", { "x": 123_456 }] } }));
        assert_eq!(
            redactor.value(json!({ "s3cret": ["is s3cret", 123_456, 7] })),
            json!({ MASK: ["is ********", MASK, 7] })
        );
    }

    #[test]
    fn a_short_secret_leaves_words_whole() {
        let redactor = redactor(&json!({ "password": "a" }));
        assert_eq!(
            redactor.text("password 'a' at a place: a"),
            "password '********' at ******** place: ********"
        );
    }

    #[test]
    fn the_longer_of_two_secrets_goes_first() {
        let redactor = redactor(&json!({ "token": "abcd", "secret": "abcdef" }));
        assert_eq!(redactor.text("abcdef abcd"), "******** ********");
    }
}
