//! Records written as JSON, without making the [`Record`](crate::Record) first: this is done for each step of each run.

use std::fmt::{self, Write as _};

use jiff::Timestamp;

/// A value as it is kept, in JSON: see [`Kept`](crate::Kept).
#[derive(Debug)]
pub(super) struct KeptText {
    /// JSON.
    pub(super) shown: String,
    /// Base64.
    pub(super) sealed: Option<String>,
}

/// A record's beginning: its name, key, attempt and time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head<'a, K> {
    pub(super) key: &'a K,
    pub(super) attempt: u32,
    pub(super) at: Timestamp,
}

impl<K: fmt::Display> Head<'_, K> {
    fn write(&self, line: &mut String, record: &str) {
        field(line, '{', "record");
        plain(line, record);
        field(line, ',', "key");
        text(line, self.key);
        field(line, ',', "attempt");
        number(line, self.attempt);
        field(line, ',', "at");
        text(line, &self.at);
    }

    /// `input`: masked JSON, and the digest of the whole.
    pub(super) fn started(&self, line: &mut String, action: &str, effect: &str, input: Option<(&str, &str)>) {
        self.write(line, "started");
        field(line, ',', "action");
        plain(line, action);
        field(line, ',', "effect");
        plain(line, effect);
        field(line, ',', "input");
        match input {
            Some((shown, digest)) => {
                line.push('[');
                line.push_str(shown);
                line.push(',');
                plain(line, digest);
                line.push(']');
            }
            None => line.push_str("null"),
        }
        line.push('}');
    }

    pub(super) fn withdrawn(&self, line: &mut String) {
        self.write(line, "withdrawn");
        line.push('}');
    }

    pub(super) fn finished(&self, line: &mut String, verb: &str, outcome: Result<&KeptText, &KeptText>) {
        self.write(line, "finished");
        field(line, ',', "verb");
        plain(line, verb);
        field(line, ',', "outcome");
        let (name, kept) = match outcome {
            Ok(kept) => ("Ok", kept),
            Err(kept) => ("Err", kept),
        };
        field(line, '{', name);
        field(line, '{', "shown");
        line.push_str(&kept.shown);
        if let Some(sealed) = &kept.sealed {
            field(line, ',', "sealed");
            plain(line, sealed);
        }
        line.push_str("}}}");
    }

    pub(super) fn sleeping(&self, line: &mut String, until: Timestamp) {
        self.write(line, "sleeping");
        field(line, ',', "until");
        text(line, &until);
        line.push('}');
    }

    pub(super) fn woken(&self, line: &mut String) {
        self.write(line, "woken");
        line.push('}');
    }
}

/// A life of the run begins.
pub(super) fn resumed(line: &mut String, at: Timestamp, attempt: u32) {
    field(line, '{', "record");
    plain(line, "resumed");
    field(line, ',', "at");
    text(line, &at);
    field(line, ',', "attempt");
    number(line, attempt);
    line.push('}');
}

fn field(line: &mut String, before: char, name: &str) {
    line.push(before);
    line.push('"');
    line.push_str(name);
    line.push_str("\":");
}

fn number(line: &mut String, number: u32) {
    // Writing to a `String` cannot fail.
    let _ = write!(line, "{number}");
}

/// A name of ours, or hexadecimal digits, or base64: what needs no escapes.
fn plain(line: &mut String, text: &str) {
    line.push('"');
    line.push_str(text);
    line.push('"');
}

/// As a JSON string.
fn text(line: &mut String, text: &impl fmt::Display) {
    line.push('"');
    let _ = write!(Escaped(line), "{text}");
    line.push('"');
}

/// Escapes what stands in a JSON string (RFC 8259, section 7).
struct Escaped<'a>(&'a mut String);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let is_plain = |byte: &u8| *byte >= 0x20 && *byte != b'"' && *byte != b'\\';
        if text.as_bytes().iter().all(is_plain) {
            self.0.push_str(text);
            return Ok(());
        }
        for letter in text.chars() {
            match letter {
                '"' => self.0.push_str("\\\""),
                '\\' => self.0.push_str("\\\\"),
                '\0'..='\x1f' => write!(self.0, "\\u{:04x}", u32::from(letter))?,
                letter => self.0.push(letter),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::record::{Kept, Record};

    #[test]
    fn lines_are_records() {
        let at: Timestamp = "2030-01-02T03:04:05.000006Z".parse().unwrap();
        let until: Timestamp = "2031-01-02T03:04:05.000000007Z".parse().unwrap();
        for key in ["steps/1@input", "odd \"\\\n\u{1}ü/é"] {
            let head = Head {
                key: &key,
                attempt: 3,
                at,
            };
            let shown = json!({ "a": [1, null, "x\"y"], "b": 0.1 });
            let kept = |sealed: Option<&str>| KeptText {
                shown: shown.to_string(),
                sealed: sealed.map(str::to_owned),
            };
            let write = |write: &dyn Fn(&mut String)| {
                let mut line = String::new();
                write(&mut line);
                serde_json::from_str::<Record>(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
            };
            let (key, attempt) = (key.to_owned(), 3);
            let (record_key, shown_value) = (|| key.clone(), || shown.clone());
            let expected = [
                Record::Started {
                    key: record_key(),
                    attempt,
                    at,
                    action: "test.once".into(),
                    effect: "once".into(),
                    input: Some((shown_value(), "00ff".into())),
                },
                Record::Started {
                    key: record_key(),
                    attempt,
                    at,
                    action: String::new(),
                    effect: "read".into(),
                    input: None,
                },
                Record::Withdrawn {
                    key: record_key(),
                    attempt,
                    at,
                },
                Record::Finished {
                    key: record_key(),
                    attempt,
                    at,
                    verb: "action".into(),
                    outcome: Ok(Kept {
                        shown: shown_value(),
                        sealed: None,
                    }),
                },
                Record::Finished {
                    key: record_key(),
                    attempt,
                    at,
                    verb: "set".into(),
                    outcome: Err(Kept {
                        shown: shown_value(),
                        sealed: Some("c2VhbGVk".into()),
                    }),
                },
                Record::Sleeping {
                    key: record_key(),
                    attempt,
                    at,
                    until,
                },
                Record::Woken {
                    key: record_key(),
                    attempt,
                    at,
                },
                Record::Resumed { at, attempt },
            ];
            let written = [
                write(&|line| head.started(line, "test.once", "once", Some((&shown.to_string(), "00ff")))),
                write(&|line| head.started(line, "", "read", None)),
                write(&|line| head.withdrawn(line)),
                write(&|line| head.finished(line, "action", Ok(&kept(None)))),
                write(&|line| head.finished(line, "set", Err(&kept(Some("c2VhbGVk"))))),
                write(&|line| head.sleeping(line, until)),
                write(&|line| head.woken(line)),
                write(&|line| resumed(line, at, 3)),
            ];
            assert_eq!(written, expected);
        }
    }
}
