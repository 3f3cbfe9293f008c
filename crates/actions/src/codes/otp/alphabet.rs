//! Which characters a code has, and how one is drawn.

use serde::Deserialize;

/// Which characters a code has. None has letters that differ in their case alone, and none has vowels: so no words turn up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Alphabet {
    /// Ten digits.
    #[default]
    Digits,
    /// The twenty consonants of RFC 8628, section 6.1.
    Letters,
    /// These, and the digits that look like no letter.
    Alphanumeric,
}

impl Alphabet {
    /// As written.
    pub(super) const NAMES: [&'static str; 3] = ["digits", "letters", "alphanumeric"];

    pub(super) const fn characters(self) -> &'static [u8] {
        match self {
            Self::Digits => b"0123456789",
            Self::Letters => b"BCDFGHJKLMNPQRSTVWXZ",
            Self::Alphanumeric => b"23456789BCDFGHJKLMNPQRSTVWXZ",
        }
    }

    /// A code, each of which is as likely as any other. `block` gives random bytes: the n-th ones, each time the same.
    pub(super) fn draw(self, length: usize, block: impl Fn(u32) -> [u8; 32]) -> String {
        let characters = self.characters();
        // Bytes from here on would make the first characters likelier.
        let fair = 256 - 256 % characters.len();
        let bytes = (0..).flat_map(block).map(usize::from);
        let drawn = bytes.filter(|byte| *byte < fair).take(length);
        drawn
            .map(|byte| char::from(characters[byte % characters.len()]))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest::{SHA256, digest};
    use serde_json::json;

    use super::*;

    fn block(seed: u32) -> impl Fn(u32) -> [u8; 32] {
        move |number| {
            let seed = [seed.to_be_bytes(), number.to_be_bytes()].concat();
            digest(&SHA256, &seed).as_ref().try_into().unwrap()
        }
    }

    #[test]
    fn each_name_is_one() {
        for name in Alphabet::NAMES {
            let alphabet: Alphabet = serde_json::from_value(json!(name)).unwrap();
            let code = alphabet.draw(200, block(1));
            assert_eq!(code.len(), 200);
            for character in alphabet.characters() {
                assert!(
                    code.contains(char::from(*character)),
                    "{name}: {}",
                    char::from(*character)
                );
            }
        }
    }

    #[test]
    fn characters_are_as_likely_as_each_other() {
        for alphabet in [Alphabet::Digits, Alphabet::Letters, Alphabet::Alphanumeric] {
            let mut counts = std::collections::BTreeMap::new();
            let codes = 2_800;
            for seed in 0..codes {
                for character in alphabet.draw(10, block(seed)).bytes() {
                    *counts.entry(character).or_insert(0_u32) += 1;
                }
            }
            let expected = codes * 10 / u32::try_from(alphabet.characters().len()).unwrap();
            for (character, count) in counts {
                let off = count.abs_diff(expected);
                // Six standard deviations.
                assert!(
                    off * off < 36 * expected,
                    "{}: {count}, not {expected}",
                    char::from(character)
                );
            }
        }
    }

    #[test]
    fn unfair_bytes_are_left_out() {
        // 255 is past 250: without the rule it would be a 5.
        let code = Alphabet::Digits.draw(4, |number| if number == 0 { [255; 32] } else { [7; 32] });
        assert_eq!(code, "7777");
    }
}
