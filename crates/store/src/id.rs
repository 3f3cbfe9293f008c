//! The id of a run.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// A UUID, version 7 (RFC 9562, section 5.7): ids sort by the time at which their runs were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(Uuid);

/// A text is no id of a run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no id of a run; it looks like `0199c5d4-2f6e-7c31-9a52-0f6f8f3f2a11`")]
pub struct InvalidRunId(pub String);

impl RunId {
    /// An id that no other run has.
    #[expect(clippy::new_without_default, reason = "a default is the same each time")]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// As it is stored.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// From what is stored.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for RunId {
    type Err = InvalidRunId;

    fn from_str(text: &str) -> Result<Self, InvalidRunId> {
        Uuid::try_parse(text)
            .map(Self)
            .map_err(|_| InvalidRunId(text.to_owned()))
    }
}

impl serde::Serialize for RunId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
