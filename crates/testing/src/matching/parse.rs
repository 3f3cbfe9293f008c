//! JSON → pattern.

use lockgate_flow::diagnostic::suggestion;
use regex::Regex;
use serde_json::{Map, Value};

use super::{Form, Kind, Matcher, Pattern, PatternMistake, child};

const MATCHERS: [&str; 6] = ["any", "matches", "absent", "exactly", "contains", "one_of"];

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// All mistakes in it: a type that there is not, a regular expression that cannot be read, matchers that can never
    /// hold together.
    pub fn parse(value: &Value) -> Result<Self, Vec<PatternMistake>> {
        let mut parser = Parser::default();
        let pattern = parser.pattern(value, "", Place::Open);
        if parser.mistakes.is_empty() {
            Ok(pattern)
        } else {
            Err(parser.mistakes)
        }
    }

    /// Exactly this value: nothing in it is a matcher, and nothing more may be there.
    pub fn exactly(value: &Value) -> Self {
        let form = match value {
            Value::Array(items) => Form::List(items.iter().map(Self::exactly).collect()),
            Value::Object(fields) => Form::Object {
                fields: fields
                    .iter()
                    .map(|(key, value)| (key.clone(), Self::exactly(value)))
                    .collect(),
                is_open: false,
            },
            _ => Form::Scalar,
        };
        Self {
            written: value.clone(),
            form,
        }
    }
}

/// Where a part of a pattern stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Open,
    /// Below `exactly`.
    Closed,
    /// The value of `exactly` itself.
    Keys,
}

impl Place {
    fn below(self) -> Self {
        match self {
            Self::Open => Self::Open,
            Self::Closed | Self::Keys => Self::Closed,
        }
    }
}

#[derive(Default)]
struct Parser {
    mistakes: Vec<PatternMistake>,
}

impl Parser {
    fn report(&mut self, pointer: &str, message: impl Into<String>, help: Option<String>) {
        self.mistakes.push(PatternMistake {
            pointer: pointer.to_owned(),
            message: message.into(),
            help,
        });
    }

    fn pattern(&mut self, value: &Value, at: &str, place: Place) -> Pattern {
        let form = match value {
            Value::Array(items) => {
                let items = items.iter().enumerate();
                Form::List(
                    items
                        .map(|(index, item)| {
                            let at = child(at, &index.to_string());
                            self.present(item, &at, place.below(), "an element of a list")
                        })
                        .collect(),
                )
            }
            Value::Object(fields) if place != Place::Keys && is_matchers(fields) => {
                Form::Matchers(self.matchers(fields, at, place))
            }
            Value::Object(fields) => Form::Object {
                fields: fields
                    .iter()
                    .map(|(key, value)| (key.clone(), self.pattern(value, &child(at, key), place.below())))
                    .collect(),
                is_open: place == Place::Open,
            },
            _ => Form::Scalar,
        };
        Pattern {
            written: value.clone(),
            form,
        }
    }

    /// A pattern for something that is there anyway: `absent` could not hold.
    fn present(&mut self, value: &Value, at: &str, place: Place, what: &str) -> Pattern {
        let pattern = self.pattern(value, at, place);
        if let Form::Matchers(matchers) = &pattern.form
            && matchers
                .iter()
                .any(|(_, matcher)| matches!(matcher, Matcher::Absent))
        {
            self.report(at, format!("{what} cannot be absent"), None);
        }
        pattern
    }

    fn matchers(
        &mut self,
        fields: &Map<String, Value>,
        at: &str,
        place: Place,
    ) -> Vec<(&'static str, Matcher)> {
        let mut matchers = Vec::with_capacity(fields.len());
        for (key, value) in fields {
            let name = MATCHERS.into_iter().find(|name| name == key).unwrap_or_default();
            let inner = child(at, key);
            if let Some(matcher) = self.matcher(name, value, &inner, place) {
                matchers.push((name, matcher));
            }
        }
        if fields.len() > 1 && fields.contains_key("absent") {
            let help = "take `absent` out, or the others".to_owned();
            self.report(at, "what is absent can be nothing else as well", Some(help));
        }
        matchers
    }

    fn matcher(&mut self, name: &str, value: &Value, at: &str, place: Place) -> Option<Matcher> {
        match name {
            "any" => match value {
                Value::Bool(true) => Some(Matcher::Any(None)),
                // YAML reads `any: null` as a null.
                Value::Null => Some(Matcher::Any(Some(Kind::Null))),
                Value::String(name) => {
                    let kind = Kind::ALL.iter().find(|(known, _)| known == name);
                    if kind.is_none() {
                        let known = Kind::ALL.iter().map(|(name, _)| *name);
                        self.report(at, format!("there is no type `{name}`"), suggestion(name, known));
                    }
                    kind.map(|(_, kind)| Matcher::Any(Some(*kind)))
                }
                _ => {
                    self.report(at, "`any` is `true` or the name of a type", None);
                    None
                }
            },
            "matches" => {
                let Value::String(text) = value else {
                    self.report(at, "`matches` is a regular expression", None);
                    return None;
                };
                match Regex::new(text) {
                    Ok(regex) => Some(Matcher::Matches(regex)),
                    Err(error) => {
                        let said = error.to_string();
                        let said = said.lines().last().unwrap_or_default();
                        let said = said.trim_start_matches("error: ");
                        self.report(at, format!("the regular expression cannot be read: {said}"), None);
                        None
                    }
                }
            }
            "absent" => {
                if *value == Value::Bool(true) {
                    return Some(Matcher::Absent);
                }
                let help = "write `{ any: true }` for what must be there".to_owned();
                self.report(at, "`absent` is `true`", Some(help));
                None
            }
            "exactly" => Some(Matcher::Exactly(Box::new(self.pattern(value, at, Place::Keys)))),
            "contains" => Some(Matcher::Contains(Box::new(self.present(
                value,
                at,
                place.below(),
                "an element of a list",
            )))),
            "one_of" => match value {
                Value::Array(options) if !options.is_empty() => {
                    let options = options.iter().enumerate();
                    Some(Matcher::OneOf(
                        options
                            .map(|(index, option)| {
                                self.pattern(option, &child(at, &index.to_string()), place.below())
                            })
                            .collect(),
                    ))
                }
                _ => {
                    self.report(at, "`one_of` is a list of what may be there", None);
                    None
                }
            },
            _ => None,
        }
    }
}

pub(crate) fn is_matchers(fields: &Map<String, Value>) -> bool {
    !fields.is_empty() && fields.keys().all(|key| MATCHERS.contains(&key.as_str()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_mistake_is_found_with_its_place() {
        let mistakes = Pattern::parse(&json!({
            "a": { "any": "strng" },
            "b": [{ "matches": "(" }, { "absent": true }],
            "c/d": { "absent": false },
            "e": { "one_of": [] },
            "f": { "absent": true, "any": true },
            "g": { "contains": { "absent": true } },
            "h": { "matches": 5 },
            "i": { "any": false },
        }))
        .unwrap_err();
        let told: Vec<_> = mistakes
            .iter()
            .map(|mistake| format!("{}: {}", mistake.pointer, mistake.message))
            .collect();
        assert_eq!(
            told,
            [
                "/a/any: there is no type `strng`",
                "/b/0/matches: the regular expression cannot be read: unclosed group",
                "/b/1: an element of a list cannot be absent",
                "/c~1d/absent: `absent` is `true`",
                "/e/one_of: `one_of` is a list of what may be there",
                "/f: what is absent can be nothing else as well",
                "/g/contains: an element of a list cannot be absent",
                "/h/matches: `matches` is a regular expression",
                "/i/any: `any` is `true` or the name of a type",
            ]
        );
        assert_eq!(mistakes[0].help.as_deref(), Some("did you mean `string`?"));
    }

    #[test]
    fn keys_beside_a_matcher_make_it_a_key() {
        for literal in [
            json!({ "any": true, "id": 1 }),
            json!({}),
            json!({ "exactly": { "any": true } }),
        ] {
            let pattern = Pattern::parse(&literal).unwrap();
            let inner = literal.get("exactly").unwrap_or(&literal);
            assert!(pattern.compare(Some(inner)).holds(), "{literal}");
            assert!(!pattern.compare(Some(&json!(1))).holds(), "{literal}");
        }
    }
}
