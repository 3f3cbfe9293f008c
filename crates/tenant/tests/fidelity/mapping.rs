//! What cannot be the same on two tenants (ids, times, tokens), mapped from the recorded value to ours. Nothing is
//! left out of a comparison: an id must be the same one everywhere, times must keep their order, a token must
//! look like one.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

#[derive(Debug, Default)]
pub(crate) struct Mapping {
    /// Local ids, recorded to ours.
    ids: HashMap<String, String>,
    /// Milliseconds, recorded to ours.
    times: BTreeMap<i64, i64>,
}

impl Mapping {
    /// The id that our tenant knows a recorded user by.
    pub(crate) fn ours(&self, id: &str) -> String {
        match id.split_once('|') {
            Some((provider, local)) => {
                format!("{provider}|{}", self.ids.get(local).map_or(local, String::as_str))
            }
            None => id.to_owned(),
        }
    }

    /// Takes note that these two are one user.
    pub(crate) fn bind(&mut self, recorded: &str, ours: &str) {
        let local = |id: &str| id.rsplit('|').next().unwrap_or_default().to_owned();
        self.ids.entry(local(recorded)).or_insert_with(|| local(ours));
    }

    /// Compares an answer with the recorded one.
    pub(crate) fn compare(&mut self, recorded: &Value, ours: &Value) -> Result<(), String> {
        let mut times = Vec::new();
        self.at("$", recorded, ours, &mut times)?;
        // Within one document, what was later must be later; by one millisecond is how creates end by chance.
        for (at, recorded, ours) in &times {
            for (other_at, other_recorded, other_ours) in &times {
                if *recorded > other_recorded + 1 && ours <= other_ours {
                    return Err(format!("{at} is not later than {other_at}"));
                }
            }
        }
        Ok(())
    }

    fn at(
        &mut self,
        at: &str,
        recorded: &Value,
        ours: &Value,
        times: &mut Vec<(String, i64, i64)>,
    ) -> Result<(), String> {
        match (recorded, ours) {
            (Value::Object(a), Value::Object(b)) => {
                if let Some(key) = b.keys().find(|key| !a.contains_key(*key)) {
                    return Err(format!("{at}.{key} is not in the recording"));
                }
                for (key, value) in a {
                    let own = b.get(key).ok_or_else(|| format!("{at}.{key} is missing"))?;
                    self.at(&format!("{at}.{key}"), value, own, times)?;
                }
                Ok(())
            }
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
                for (index, (value, own)) in a.iter().zip(b).enumerate() {
                    self.at(&format!("{at}[{index}]"), value, own, times)?;
                }
                Ok(())
            }
            (Value::String(a), Value::String(b)) => self.text(at, a, b, times),
            _ if recorded == ours => Ok(()),
            _ => Err(format!("{at}: {ours} where {recorded} was recorded")),
        }
    }

    fn text(
        &mut self,
        at: &str,
        recorded: &str,
        ours: &str,
        times: &mut Vec<(String, i64, i64)>,
    ) -> Result<(), String> {
        let differs = || format!("{at}: {ours:?} where {recorded:?} was recorded");
        let field = at.rsplit('.').next().unwrap_or_default();
        match field {
            "access_token" => {
                let parts = ours.split('.').filter(|part| part.len() > 20).count();
                return if parts == 3 { Ok(()) } else { Err(differs()) };
            }
            "created_at" | "updated_at" | "last_password_reset" => {
                let (a, b) = (
                    time(recorded).ok_or_else(differs)?,
                    time(ours).ok_or_else(differs)?,
                );
                if *self.times.entry(a).or_insert(b) != b {
                    return Err(format!("{at}: the time of {recorded} has become another one"));
                }
                if self.times.range(..a).any(|(_, earlier)| *earlier > b) {
                    return Err(format!("{at}: {ours} is before what {recorded} came after"));
                }
                times.push((at.to_owned(), a, b));
                return Ok(());
            }
            "user_id" => {
                let local = |id: &str| id.rsplit('|').next().unwrap_or_default().to_owned();
                let (a, b) = (local(recorded), local(ours));
                if is_generated(&a) && is_generated(&b) {
                    if self.ids.iter().any(|(other, taken)| *taken == b && *other != a) {
                        return Err(format!("{at}: {b} is the id of two users"));
                    }
                    self.ids.entry(a).or_insert(b);
                }
                return if self.ours_anywhere(recorded) == ours {
                    Ok(())
                } else {
                    Err(differs())
                };
            }
            _ => {}
        }
        if recorded == ours { Ok(()) } else { Err(differs()) }
    }

    /// Like `ours`, also for an id without its provider.
    fn ours_anywhere(&self, id: &str) -> String {
        if id.contains('|') {
            self.ours(id)
        } else {
            self.ids.get(id).cloned().unwrap_or_else(|| id.to_owned())
        }
    }
}

fn is_generated(id: &str) -> bool {
    id.len() == 24
        && id
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// The milliseconds of a time in the one form that Auth0 writes.
fn time(text: &str) -> Option<i64> {
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    (shape == "0000-00-00T00:00:00.000Z")
        .then(|| text.parse::<jiff::Timestamp>().ok())??
        .as_millisecond()
        .into()
}

/// Whether the keys of all objects stand in the same order.
pub(crate) fn same_order(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.keys().eq(b.keys()) && a.values().zip(b.values()).all(|(a, b)| same_order(a, b))
        }
        (Value::Array(a), Value::Array(b)) => a.iter().zip(b).all(|(a, b)| same_order(a, b)),
        _ => true,
    }
}
