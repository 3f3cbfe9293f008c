//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07): the header, and the order of requests that have the
//! same key.
//!
//! Which run a key has started, and for how long that counts, is the store's business. Here is only what belongs to requests
//! that are there at the same moment: they come one after the other until the first has begun its run, and hold nothing
//! while they wait that another request could need.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderMap, HeaderName};
use tokio::sync::OwnedMutexGuard;

use crate::problem::Problem;

pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The longest key, in bytes.
pub(crate) const LONGEST: usize = 255;

/// What a caller calls its wish, so that asking again is no second one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key(String);

impl Key {
    /// That of a request, if it has one: a string as structured fields write it (RFC 9651, section 3.3.3), which is what
    /// the draft asks for, or the bare text that most clients send. `"a"` and `a` are the same key.
    ///
    /// # Errors
    /// There are several, or it is none. Who sends a key relies on it, so a key that cannot be read is never left out.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let mut lines = headers.get_all(IDEMPOTENCY_KEY).iter();
        let Some(line) = lines.next() else {
            return Ok(None);
        };
        if lines.next().is_some() {
            return Err(malformed("a request has one `Idempotency-Key`"));
        }
        let line = line.as_bytes().trim_ascii();
        let key = match line.strip_prefix(b"\"") {
            Some(quoted) => unquoted(quoted),
            None => bare(line),
        };
        let key = key.ok_or_else(|| {
            malformed(
                "`Idempotency-Key` is a text of visible ASCII characters, or such a text in double quotes",
            )
        })?;
        if key.is_empty() {
            return Err(malformed("`Idempotency-Key` is empty"));
        }
        if key.len() > LONGEST {
            return Err(malformed(&format!(
                "`Idempotency-Key` is longer than {LONGEST} bytes"
            )));
        }
        Ok(Some(Self(key)))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn malformed(what: &str) -> Problem {
    Problem::Malformed(what.to_owned())
}

/// No comma: two headers that a proxy has made one are two. No space, no quote.
fn bare(line: &[u8]) -> Option<String> {
    let is_fine = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b',' | b'"');
    line.iter().all(is_fine).then(|| ascii(line))
}

/// The text before the closing quote, which is the last character.
fn unquoted(quoted: &[u8]) -> Option<String> {
    let (mut text, mut rest) = (Vec::with_capacity(quoted.len()), quoted.iter());
    loop {
        match *rest.next()? {
            b'"' => return rest.next().is_none().then(|| ascii(&text)),
            b'\\' => match *rest.next()? {
                escaped @ (b'"' | b'\\') => text.push(escaped),
                _ => return None,
            },
            byte @ b' '..=b'~' => text.push(byte),
            _ => return None,
        }
    }
}

fn ascii(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Requests that are asking what their key has started.
#[derive(Debug, Default)]
pub(crate) struct Keys(Mutex<HashMap<String, Gate>>);

type Gate = Arc<tokio::sync::Mutex<()>>;

/// It is this request's turn to ask; the next one's when this is dropped.
#[derive(Debug)]
pub(crate) struct Asking<'a> {
    // In this order: the place in the line is given up after the gate is open.
    _open: OwnedMutexGuard<()>,
    _place: InLine<'a>,
}

#[derive(Debug)]
struct InLine<'a> {
    keys: &'a Keys,
    name: String,
    gate: Option<Gate>,
}

impl Keys {
    /// Waits for all who have come before with the same key for the same flow. Dropping the future leaves the line.
    pub(crate) async fn ask(&self, flow: &str, key: &Key) -> Asking<'_> {
        // No name of a flow has a slash.
        let name = format!("{flow}/{}", key.as_str());
        let gate = Arc::clone(self.lock().entry(name.clone()).or_default());
        let place = InLine {
            keys: self,
            name,
            gate: Some(Arc::clone(&gate)),
        };
        Asking {
            _open: gate.lock_owned().await,
            _place: place,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Gate>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        let mut keys = self.keys.lock();
        self.gate = None;
        // Gates are handed out under the lock: nobody has this one but the table.
        if keys
            .get(&self.name)
            .is_some_and(|gate| Arc::strong_count(gate) == 1)
        {
            keys.remove(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use http::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(lines: &[&[u8]], expected: Result<Option<&str>, &str>) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(IDEMPOTENCY_KEY, HeaderValue::from_bytes(line).unwrap());
        }
        let found = Key::of(&headers);
        let found = found.map(|key| key.map(|key| key.0)).map_err(|problem| {
            assert_eq!(problem.kind().1, 400);
            problem.to_string()
        });
        match expected {
            Ok(key) => assert_eq!(found.unwrap().as_deref(), key, "{lines:?}"),
            Err(what) => {
                let problem = found.unwrap_err();
                assert!(problem.contains(what), "{lines:?}: {problem}");
            }
        }
    }

    #[test]
    fn bare_and_quoted_keys_are_the_same() {
        check(&[], Ok(None));
        let uuid = "8e03978e-40d5-43e8-bc93-6894a57f9324";
        check(&[uuid.as_bytes()], Ok(Some(uuid)));
        check(&[format!("\"{uuid}\"").as_bytes()], Ok(Some(uuid)));
        check(&[b" a+/=:;(x) "], Ok(Some("a+/=:;(x)")));
        check(
            &[br#""two words, \"quoted\" \\ ""#],
            Ok(Some("two words, \"quoted\" \\ ")),
        );
    }

    #[test]
    fn what_is_no_key_is_refused() {
        check(&[b"a", b"a"], Err("has one"));
        check(&[b"a", b"b"], Err("has one"));
        check(&[b""], Err("empty"));
        check(&[b"\"\""], Err("empty"));
        let none = "visible ASCII";
        for line in [
            "a,b",
            "a b",
            "a\tb",
            "a\"b",
            "\"a",
            "\"a\"b",
            "\"a\";x=1",
            "\"a\\n\"",
            "\"\\",
            "\"a\tb\"",
            "\"é\"",
            "é",
            "🔑",
        ] {
            check(&[line.as_bytes()], Err(none));
        }
        check(&[b"\xff"], Err(none));
        check(&[&[b'a'; 255]], Ok(Some(&"a".repeat(255))));
        check(&[&[b'a'; 256]], Err("longer than 255 bytes"));
        check(&[&[b'a'; 10_000]], Err("longer than 255 bytes"));
        // Quotes and what they escape do not count.
        let quoted = format!("\"{}\"", "\\\"".repeat(255));
        check(&[quoted.as_bytes()], Ok(Some(&"\"".repeat(255))));
    }

    #[tokio::test]
    async fn they_ask_one_after_the_other_and_leave_nothing_behind() {
        let keys = Keys::default();
        let (a, b) = (Key("a".to_owned()), Key("b".to_owned()));
        let first = keys.ask("flow", &a).await;
        drop(keys.ask("flow", &b).await);
        drop(keys.ask("other", &a).await);
        let (mut second, mut third) = (Box::pin(keys.ask("flow", &a)), Box::pin(keys.ask("flow", &a)));
        assert!((&mut second).now_or_never().is_none() && (&mut third).now_or_never().is_none());
        // Its caller has left.
        drop(second);
        drop(first);
        let third = third.now_or_never().unwrap();
        assert_eq!(keys.lock().len(), 1);
        drop(third);
        assert!(keys.lock().is_empty());
    }
}
