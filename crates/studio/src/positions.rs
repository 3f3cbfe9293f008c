//! Bytes of UTF-8 ↔ UTF-16 code units: Rust counts the ones, browsers the others.

/// The characters of a text that are not ASCII: the two counts come apart there, and nowhere else.
#[derive(Clone, Debug)]
pub(crate) struct Positions {
    wide: Vec<Wide>,
    bytes: usize,
}

/// A character, where it begins and how long it is in both counts.
#[derive(Clone, Copy, Debug)]
struct Wide {
    byte: usize,
    bytes: usize,
    unit: usize,
    units: usize,
}

impl Positions {
    /// Those of a text.
    pub(crate) fn of(text: &str) -> Self {
        let mut wide = Vec::new();
        let mut unit = 0;
        if !text.is_ascii() {
            for (byte, character) in text.char_indices() {
                let units = character.len_utf16();
                if !character.is_ascii() {
                    wide.push(Wide {
                        byte,
                        bytes: character.len_utf8(),
                        unit,
                        units,
                    });
                }
                unit += units;
            }
        }
        Self {
            wide,
            bytes: text.len(),
        }
    }

    /// The UTF-16 offset of a byte offset. One inside a character is where that begins, one past the end is the end.
    pub(crate) fn unit(&self, byte: usize) -> usize {
        let byte = byte.min(self.bytes);
        let next = self.wide.partition_point(|wide| wide.byte <= byte);
        let Some(wide) = next.checked_sub(1).map(|last| self.wide[last]) else {
            return byte;
        };
        match byte.checked_sub(wide.byte + wide.bytes) {
            Some(past) => wide.unit + wide.units + past,
            None => wide.unit,
        }
    }

    /// The byte offset of a UTF-16 offset. One inside a pair is where the character begins, one past the end is the end.
    pub(crate) fn byte(&self, unit: usize) -> usize {
        let next = self.wide.partition_point(|wide| wide.unit <= unit);
        let Some(wide) = next.checked_sub(1).map(|last| self.wide[last]) else {
            return unit.min(self.bytes);
        };
        match unit.checked_sub(wide.unit + wide.units) {
            Some(past) => wide
                .byte
                .saturating_add(wide.bytes)
                .saturating_add(past)
                .min(self.bytes),
            None => wide.byte,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 8] = [
        "",
        "steps:\n  - return: 1\n",
        "a\r\nb\r\n",
        "ä",
        "name: Zoë 🎉\r\nsteps: [] # 👩‍👩‍👧 ok\n",
        "🎉🎉",
        "日本語\nabc\n😀",
        "a\u{10FFFF}b\u{FFFF}c\u{7FF}\u{800}d",
    ];

    #[test]
    fn every_character_begins_where_the_other_count_has_it() {
        for text in TEXTS {
            let positions = Positions::of(text);
            let mut unit = 0;
            for (byte, character) in text.char_indices() {
                assert_eq!(positions.unit(byte), unit, "{text:?} at {byte}");
                assert_eq!(positions.byte(unit), byte, "{text:?} at unit {unit}");
                for inside in 1..character.len_utf8() {
                    assert_eq!(positions.unit(byte + inside), unit, "inside {character:?}");
                }
                for inside in 1..character.len_utf16() {
                    assert_eq!(positions.byte(unit + inside), byte, "inside {character:?}");
                }
                unit += character.len_utf16();
            }
            assert_eq!(unit, text.encode_utf16().count());
            for past in [0, 1, 1000] {
                assert_eq!(positions.unit(text.len() + past), unit, "{text:?}");
                assert_eq!(positions.byte(unit + past), text.len(), "{text:?}");
            }
            assert_eq!(positions.byte(usize::MAX), text.len(), "{text:?}");
        }
    }
}
