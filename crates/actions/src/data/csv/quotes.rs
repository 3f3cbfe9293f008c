//! Whether the quotes of a CSV text are as RFC 4180 wants them.
//!
//! The csv library reads on where a quote is not closed, and swallows the rest of the file into one field; what comes
//! after a closing quote it takes into the field. Either is a broken file, and rows of it would be wrong.

/// What is wrong with the quotes, and at which byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QuoteProblem {
    /// A quote that is opened here and never closed.
    Open(usize),
    /// Something between a closing quote and the end of its field.
    After(usize),
}

enum State {
    FieldStart,
    Plain,
    Quoted { opened: usize },
    Closed,
}

/// Looks at the quotes of a whole text. Both the delimiter and the quote are ASCII, so bytes are enough.
pub(super) fn check(text: &str, delimiter: u8) -> Result<(), QuoteProblem> {
    let mut state = State::FieldStart;
    let mut bytes = text.bytes().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        let ends_field = byte == delimiter || byte == b'\n' || byte == b'\r';
        state = match state {
            State::Quoted { .. } if byte == b'"' => {
                if bytes.next_if(|&(_, next)| next == b'"').is_some() {
                    state
                } else {
                    State::Closed
                }
            }
            State::Quoted { .. } => state,
            _ if ends_field => State::FieldStart,
            State::FieldStart if byte == b'"' => State::Quoted { opened: at },
            State::FieldStart | State::Plain => State::Plain,
            State::Closed => return Err(QuoteProblem::After(at)),
        };
    }
    match state {
        State::Quoted { opened } => Err(QuoteProblem::Open(opened)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_open_at_a_field_and_close_at_its_end() {
        for (text, result) in [
            ("", Ok(())),
            ("a,b\n\"c\",\"d\"\r\n", Ok(())),
            ("\"a,\n\"\"b\"\"\"", Ok(())),
            ("a\"b,c\"", Ok(())),
            ("\"\",\"\"", Ok(())),
            ("a,\"b\n", Err(QuoteProblem::Open(2))),
            ("\"a\"\"", Err(QuoteProblem::Open(0))),
            ("x\n\"a\" ,b", Err(QuoteProblem::After(5))),
            ("\"a\"b", Err(QuoteProblem::After(3))),
            ("\"a\";b", Err(QuoteProblem::After(3))),
        ] {
            assert_eq!(check(text, b','), result, "{text:?}");
        }
        assert_eq!(check("\"a\";\"b\"", b';'), Ok(()));
    }
}
