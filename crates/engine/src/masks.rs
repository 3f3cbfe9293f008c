//! The secrets of one run, and how they are kept out of everything that is written.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use lockgate_flow::graph::Flow;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// What stands in place of a secret.
pub const MASKED: &str = "••••";

/// Shorter texts are masked only where they are a whole value: to cross out every `1` would help nobody.
const SHORTEST_INSIDE: usize = 4;

/// Texts from this length on, in bytes, are masked in their encoded forms, too. What base64 makes of less could be
/// part of an innocent text.
const SHORTEST_ENCODED: usize = 6;

/// What RFC 3986 §2.3 leaves as it is.
const RESERVED: &percent_encoding::AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The texts that must not be written. Shared by everything that belongs to one run.
#[derive(Debug, Default)]
pub struct Masks {
    any: AtomicBool,
    secrets: RwLock<Secrets>,
}

#[derive(Debug, Default)]
struct Secrets {
    /// As they were added.
    given: Vec<Box<str>>,
    /// How many of them stand in `forms`. Most runs write nothing, and need no forms.
    expanded: usize,
    /// In each form in which they may be quoted. Longest first, so that a secret inside another does not leave the rest
    /// of it standing.
    forms: Vec<String>,
}

impl Secrets {
    const fn new() -> Self {
        Self {
            given: Vec::new(),
            expanded: 0,
            forms: Vec::new(),
        }
    }

    fn is_expanded(&self) -> bool {
        self.expanded == self.given.len()
    }

    fn expand(&mut self) {
        let Self { given, forms, .. } = self;
        for text in &given[self.expanded..] {
            each_form(text, &mut |form| {
                if !forms.contains(&form) {
                    let at = forms.partition_point(|known| known.len() > form.len());
                    forms.insert(at, form);
                }
            });
        }
        self.expanded = self.given.len();
    }
}

impl Masks {
    /// No secrets yet.
    pub const fn new() -> Self {
        Self {
            any: AtomicBool::new(false),
            secrets: RwLock::new(Secrets::new()),
        }
    }

    /// Whether there is nothing to mask.
    pub fn is_empty(&self) -> bool {
        !self.any.load(Ordering::Acquire)
    }

    /// Adds a text, also as it looks inside JSON, in a URL, a form, and in base64: whoever is sent a secret may quote
    /// what was sent. The empty text is no secret.
    pub fn add(&self, text: &str) {
        if text.is_empty() {
            return;
        }
        let mut secrets = self.secrets.write().unwrap_or_else(PoisonError::into_inner);
        if !secrets.given.iter().any(|known| **known == *text) {
            secrets.given.push(text.into());
        }
        self.any.store(true, Ordering::Release);
    }

    /// Adds every text and number in a value. `true`, `false` and `null` keep no secret.
    pub fn add_value(&self, value: &Value) {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => self.add(&number.to_string()),
            Value::String(text) => self.add(text),
            Value::Array(items) => items.iter().for_each(|item| self.add_value(item)),
            Value::Object(fields) => fields.values().for_each(|field| self.add_value(field)),
        }
    }

    /// Adds what another run keeps secret, as of now.
    pub fn add_all(&self, other: &Self) {
        if !other.is_empty() {
            let given = other
                .secrets
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .given
                .clone();
            for text in &given {
                self.add(text);
            }
        }
    }

    /// Adds the secret fields of a flow's input.
    pub fn add_input(&self, flow: &Flow, input: &Value) {
        for path in &flow.input.secrets {
            let path: Vec<&str> = path.split('.').collect();
            self.add_at(input, &path);
        }
    }

    /// Adds what stands at the path in a value, if anything does; `*` stands for every element of a list.
    pub(crate) fn add_at<T: AsRef<str>>(&self, value: &Value, path: &[T]) {
        let Some((first, rest)) = path.split_first() else {
            return self.add_value(value);
        };
        match value {
            Value::Object(fields) => {
                if let Some(field) = fields.get(first.as_ref()) {
                    self.add_at(field, rest);
                }
            }
            Value::Array(items) if first.as_ref() == "*" => {
                for item in items {
                    self.add_at(item, rest);
                }
            }
            _ => {}
        }
    }

    /// The text without secrets.
    pub fn apply<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut masked = Cow::Borrowed(text);
        for secret in self.forms().iter() {
            if *text == **secret {
                return Cow::Owned(MASKED.to_owned());
            }
            if secret.len() >= SHORTEST_INSIDE && masked.contains(&**secret) {
                masked = Cow::Owned(masked.replace(&**secret, MASKED));
            }
        }
        masked
    }

    /// Whether a secret may stand in a text of JSON. `false` is sure: what the text holds needs no masking. One search
    /// of the whole text is much cheaper than [`Self::apply_to`], and most texts hold no secret.
    pub fn may_be_in(&self, json: &str) -> bool {
        !self.is_empty() && self.forms().iter().any(|form| json.contains(&**form))
    }

    /// The value without secrets, in its keys too.
    pub fn apply_to<'a>(&self, value: &'a Value) -> Cow<'a, Value> {
        if self.is_empty() {
            Cow::Borrowed(value)
        } else {
            Cow::Owned(self.masked(value))
        }
    }

    /// Each secret in each of its forms; a lock is held as long as they are looked at.
    fn forms(&self) -> impl Deref<Target = [String]> {
        let mut secrets = self.secrets.read().unwrap_or_else(PoisonError::into_inner);
        if !secrets.is_expanded() {
            drop(secrets);
            self.secrets
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .expand();
            secrets = self.secrets.read().unwrap_or_else(PoisonError::into_inner);
        }
        Forms(secrets)
    }

    fn masked(&self, value: &Value) -> Value {
        match value {
            Value::Null | Value::Bool(_) => value.clone(),
            Value::Number(number) => {
                let text = number.to_string();
                match self.apply(&text) {
                    Cow::Borrowed(_) => value.clone(),
                    Cow::Owned(masked) => Value::String(masked),
                }
            }
            Value::String(text) => Value::String(self.apply(text).into_owned()),
            Value::Array(items) => items.iter().map(|item| self.masked(item)).collect(),
            Value::Object(fields) => {
                let fields = fields
                    .iter()
                    .map(|(key, field)| (self.apply(key).into_owned(), self.masked(field)));
                Value::Object(fields.collect())
            }
        }
    }
}

struct Forms<'a>(RwLockReadGuard<'a, Secrets>);

impl Deref for Forms<'_> {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.0.forms
    }
}

/// A text as it is, and as JSON, URLs, forms and base64 write it. Most texts look the same in most of them. This is done for each
/// run that has a secret, and so allocates for what it gives only.
fn each_form(text: &str, take: &mut impl FnMut(String)) {
    take(text.to_owned());
    if text
        .bytes()
        .any(|byte| byte < b' ' || matches!(byte, b'"' | b'\\'))
    {
        let mut json = Value::from(text).to_string();
        json.pop();
        json.remove(0);
        take(json);
    }
    if text.len() < SHORTEST_ENCODED {
        return;
    }
    let is_reserved = |byte: u8| !(byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte));
    if text.bytes().any(is_reserved) {
        let percent = utf8_percent_encode(text, RESERVED).to_string();
        if text.contains(' ') {
            take(percent.replace("%20", "+"));
        }
        take(percent);
    }
    // Base64 writes three bytes as four letters. What it makes of a text depends on where in these three the text
    // begins; the letters at both ends hold bits of its neighbours, too (as in `Basic` credentials, RFC 7617).
    let mut shifted = Vec::with_capacity(text.len() + 2);
    shifted.extend_from_slice(&[0, 0]);
    shifted.extend_from_slice(text.as_bytes());
    for shift in 0..3 {
        let bytes = &shifted[2 - shift..];
        let mut standard = STANDARD_NO_PAD.encode(bytes);
        standard.truncate(bytes.len() * 4 / 3);
        standard.drain(..(shift * 4).div_ceil(3));
        if standard.contains(['+', '/']) {
            take(standard.replace('+', "-").replace('/', "_"));
        }
        take(standard);
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_go_wherever_they_stand() {
        let masks = Masks::new();
        for secret in ["hunter22", "hunter22-and-more", "a\"b\nc", "abc", ""] {
            masks.add(secret);
        }
        for (text, expected) in [
            ("the password is hunter22.", "the password is ••••."),
            ("hunter22-and-more", "••••"),
            ("x hunter22-and-more x", "x •••• x"),
            ("{\"p\":\"a\\\"b\\nc\"}", "{\"p\":\"••••\"}"),
            ("abc", "••••"),
            ("abcd", "abcd"),
            ("", ""),
        ] {
            assert_eq!(masks.apply(text), expected);
        }
    }

    #[test]
    fn what_was_sent_encoded_is_masked_when_it_is_quoted() {
        let masks = Masks::new();
        let secret = "s3cret/ö? +key";
        masks.add(secret);
        for (text, expected) in [
            ("?key=s3cret%2F%C3%B6%3F%20%2Bkey&a=1".to_owned(), "?key=••••&a=1"),
            ("key=s3cret%2F%C3%B6%3F+%2Bkey".to_owned(), "key=••••"),
        ] {
            assert_eq!(masks.apply(&text), expected);
        }
        for before in ["", "a", "ab", "abc", "user:"] {
            for after in ["", "x", "yz"] {
                for base64 in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
                    let text = base64.encode(format!("{before}{secret}{after}"));
                    let masked = masks.apply(&text);
                    assert!(masked.contains(MASKED), "{before}…{after}: {masked}");
                    // What is left is the neighbours', and less than a letter of the secret at each end.
                    let left = masked.replace(MASKED, "").len();
                    assert!(
                        left <= (before.len() + after.len() + 2) * 4 / 3 + 2,
                        "{before}…{after}: {masked}"
                    );
                }
            }
        }
        // Short ones stay as they were.
        let masks = Masks::new();
        masks.add("abcd");
        assert_eq!(masks.apply("YWJjZA"), "YWJjZA");
    }

    #[test]
    fn values_are_masked_inside() {
        let masks = Masks::new();
        masks.add_value(&json!({ "otp": 123_456, "deep": ["s3cret!"], "flag": true }));
        let value = json!({ "code": 123_456, "other": 12, "s3cret!": [{ "x": "a s3cret! b" }, true] });
        let expected = json!({ "code": MASKED, "other": 12, MASKED: [{ "x": "a •••• b" }, true] });
        assert_eq!(*masks.apply_to(&value), expected);
    }

    #[test]
    fn paths_reach_into_lists() {
        let masks = Masks::new();
        masks.add_at(
            &json!({ "keys": [{ "secret": "first-one" }, { "secret": "second-one" }] }),
            &["keys", "*", "secret"],
        );
        assert_eq!(
            masks.apply("first-one, second-one, third-one"),
            "••••, ••••, third-one"
        );
    }
}
