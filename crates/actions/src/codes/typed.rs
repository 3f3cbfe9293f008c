//! A code as a person types it, or as a client sends it: with spaces and dashes, in small letters, as a number.

use serde_json::Value;

/// A code that was typed.
pub(super) struct Typed<'a>(&'a Value);

impl<'a> Typed<'a> {
    pub(super) fn new(value: &'a Value) -> Self {
        Self(value)
    }

    /// Without spaces and dashes, in capitals. A number has lost its leading zeros: it gets them back, up to the length that
    /// the code has.
    pub(super) fn as_code(&self, length: usize) -> String {
        match self.0 {
            Value::String(text) => text
                .chars()
                .filter(|char| !is_filling(*char))
                .map(|char| char.to_ascii_uppercase())
                .collect(),
            Value::Number(number) => {
                let digits = match (number.as_u64(), number.as_f64()) {
                    (Some(whole), _) => whole.to_string(),
                    // `123456.0` is an integer in JSON Schema.
                    (None, Some(float)) => format!("{float:.0}"),
                    (None, None) => number.to_string(),
                };
                format!("{digits:0>length$}")
            }
            _ => String::new(),
        }
    }
}

/// What stands between the parts of a code, and comes along when it is copied.
fn is_filling(char: char) -> bool {
    char.is_whitespace()
        || matches!(char, '-' | '\u{2010}'..='\u{2015}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn codes_are_read_as_people_type_them() {
        for (typed, code) in [
            (json!("012345"), "012345"),
            (json!(" 012 345 "), "012345"),
            (json!("012-345"), "012345"),
            (json!("012\u{a0}345\n"), "012345"),
            (json!("\u{feff}012\u{2013}345\u{200b}"), "012345"),
            (json!("bcdf-gh"), "BCDFGH"),
            (json!(12345), "012345"),
            (json!(0), "000000"),
            (json!(12345.0), "012345"),
            (json!(1_234_567), "1234567"),
            // What is no code stays none.
            (json!("12345"), "12345"),
            (json!(""), ""),
            (json!("+12345"), "+12345"),
            (json!("0x1234"), "0X1234"),
            (json!(null), ""),
        ] {
            assert_eq!(Typed::new(&typed).as_code(6), code, "{typed}");
        }
    }
}
