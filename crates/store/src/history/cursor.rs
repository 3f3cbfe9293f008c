//! Where a page of a list begins: opaque to whoever asks for it, checked when it comes back.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

/// A place in the order of lists: after the run that began at this time with this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cursor {
    /// Microseconds since 1970.
    pub(super) started_at: i64,
    /// `runs.seq`.
    pub(super) seq: i64,
}

/// Told apart from what later versions may give.
const VERSION: u8 = 1;

impl Cursor {
    /// Before every run: where the first page begins.
    pub(super) const FIRST: Self = Self {
        started_at: i64::MAX,
        seq: i64::MAX,
    };

    pub(super) fn encode(self) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend(self.started_at.to_be_bytes());
        bytes.extend(self.seq.to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// `None` where the text is no cursor.
    pub(super) fn decode(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (&[VERSION], rest) = bytes.split_first_chunk()? else {
            return None;
        };
        let (started_at, seq) = rest.split_first_chunk()?;
        let cursor = Self {
            started_at: i64::from_be_bytes(*started_at),
            seq: i64::from_be_bytes(seq.try_into().ok()?),
        };
        Timestamp::from_microsecond(cursor.started_at).ok()?;
        (cursor.seq > 0).then_some(cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_was() {
        let cursor = Cursor {
            started_at: 1_790_000_000_123_456,
            seq: 77,
        };
        assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
    }

    #[test]
    fn what_is_no_cursor_is_none() {
        let good = Cursor {
            started_at: 1,
            seq: 1,
        }
        .encode();
        let bytes = |change: fn(&mut Vec<u8>)| {
            let mut bytes = URL_SAFE_NO_PAD.decode(&good).unwrap();
            change(&mut bytes);
            URL_SAFE_NO_PAD.encode(bytes)
        };
        for text in [
            String::new(),
            "1".to_owned(),
            "not a cursor".to_owned(),
            bytes(|bytes| bytes[0] = 2),
            bytes(|bytes| bytes.truncate(16)),
            bytes(|bytes| bytes.push(0)),
            // A time that no calendar has, a number that no run has.
            bytes(|bytes| bytes[1] = 0x7f),
            bytes(|bytes| bytes[9] = 0xff),
            bytes(|bytes| bytes[16] = 0),
        ] {
            assert_eq!(Cursor::decode(&text), None, "{text}");
        }
    }
}
