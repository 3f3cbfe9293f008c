//! The compact form of a signed token (RFC 7515 §3.1): three parts in base64url, two dots between them.
//!
//! It reads and writes; whether a signature holds is for the keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::cause::{Cause, Refusal};

/// Longer tokens are refused unread, in bytes. Headers of requests end at about that.
pub(super) const MAX_TOKEN: usize = 16 * 1024;

/// A token that has been read and not verified.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Compact<'a> {
    pub(super) header: Map<String, Value>,
    pub(super) payload: Map<String, Value>,
    pub(super) signature: Vec<u8>,
    /// What is signed: the first two parts, as they came.
    pub(super) signed: &'a str,
    /// The last part, as it came.
    pub(super) signature_text: &'a str,
}

impl<'a> Compact<'a> {
    /// Reads a token.
    pub(super) fn parse(token: &'a str) -> Result<Self, Refusal> {
        let malformed = |detail: &str| Refusal::new(Cause::Malformed, detail);
        if token.len() > MAX_TOKEN {
            let detail = format!("the token has {} bytes", token.len());
            return Err(Refusal::new(Cause::TokenTooLarge, detail));
        }
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature_text), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed(match token.split('.').count() {
                5 => "the token is encrypted (JWE)",
                _ => "the token has not three parts",
            }));
        };
        // The engine takes neither padding, nor other alphabets, nor bits that stand for nothing: a token has one form.
        let signature = URL_SAFE_NO_PAD
            .decode(signature_text)
            .map_err(|_| malformed("the signature is not base64url"))?;
        Ok(Self {
            header: object(header).ok_or_else(|| malformed("the header is no JSON object in base64url"))?,
            payload: object(payload)
                .ok_or_else(|| malformed("the payload is no JSON object in base64url"))?,
            signature,
            signed: &token[..header.len() + 1 + payload.len()],
            signature_text,
        })
    }

    /// A text of the header.
    pub(super) fn header_text(&self, name: &str) -> Option<&str> {
        self.header.get(name).and_then(Value::as_str)
    }
}

/// What is signed of a token with this header and payload.
pub(super) fn to_be_signed(header: Map<String, Value>, payload: Map<String, Value>) -> String {
    let [header, payload] =
        [header, payload].map(|part| URL_SAFE_NO_PAD.encode(Value::Object(part).to_string()));
    format!("{header}.{payload}")
}

/// The token of what was signed, and the signature.
pub(super) fn join(mut signed: String, signature: &[u8]) -> String {
    signed.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut signed);
    signed
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn part(text: &str) -> String {
        URL_SAFE_NO_PAD.encode(text)
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let (header, payload) = (part(r#"{"alg":"HS256"}"#), part("{}"));
        assert!(Compact::parse(&format!("{header}.{payload}.")).is_ok());
        for (token, detail) in [
            (String::new(), "three parts"),
            ("a".to_owned(), "three parts"),
            (format!("{header}.{payload}"), "three parts"),
            (format!("{header}.{payload}.AA.AA"), "three parts"),
            (format!("{header}.{payload}.AA.AA.AA"), "encrypted"),
            (format!("{header}.{payload}.A"), "signature"),
            (format!("{header}.{payload}.AA=="), "signature"),
            (format!("{header}.{payload}.AA\n"), "signature"),
            // The same bytes in another form: bits that stand for nothing, the other alphabet.
            (format!("{header}.{payload}.AB"), "signature"),
            (format!("{header}.{payload}.+/+/"), "signature"),
            (format!(" {header}.{payload}.AA"), "header"),
            (format!(".{payload}.AA"), "header"),
            (format!("{header}..AA"), "payload"),
            (format!("{}.{payload}.AA", part("[]")), "header"),
            (format!("{}.{payload}.AA", part("{}x")), "header"),
            (
                format!("{}.{payload}.AA", part("{\"alg\":\"\\ud800\"}")),
                "header",
            ),
            (format!("{header}.{}.AA", part("\"text\"")), "payload"),
            (format!("{header}.{}.AA", part("{\"exp\":1e999}")), "payload"),
            (format!("{header}.{}.AA", part(&"[".repeat(2000))), "payload"),
        ] {
            let refusal = Compact::parse(&token).unwrap_err();
            assert_eq!(refusal.cause, Cause::Malformed, "{token}");
            assert!(refusal.detail.contains(detail), "{token}: {}", refusal.detail);
        }
    }

    #[test]
    fn a_token_that_is_too_long_is_not_read() {
        let token = |length: usize| {
            let front = format!("{}.{}.", part(r#"{"alg":"HS256"}"#), part("{}"));
            let rest = (length - front.len()) / 4 * 4;
            let token = format!("{front}{}", "A".repeat(rest));
            assert!(token.len() > length - 4);
            token
        };
        assert!(Compact::parse(&token(MAX_TOKEN)).is_ok());
        assert_eq!(
            Compact::parse(&token(MAX_TOKEN + 4)).unwrap_err().cause,
            Cause::TokenTooLarge
        );
    }

    proptest! {
        #[test]
        fn nothing_that_is_read_panics(token in "\\PC{0,200}|[A-Za-z0-9_.=-]{0,200}") {
            if let Ok(read) = Compact::parse(&token) {
                prop_assert_eq!(format!("{}.{}", read.signed, read.signature_text), token);
            }
        }

        #[test]
        fn what_is_written_is_read(name in "\\PC{1,20}", text in "\\PC*", number: i64, signature: Vec<u8>) {
            let header = json!({ "alg": "HS256", name.clone(): number }).as_object().cloned().unwrap();
            let payload = json!({ name: text }).as_object().cloned().unwrap();
            let signed = to_be_signed(header.clone(), payload.clone());
            let token = join(signed.clone(), &signature);
            let read = Compact::parse(&token).unwrap();
            prop_assert_eq!(read.signed, &signed);
            prop_assert_eq!((read.header, read.payload, read.signature), (header, payload, signature));
        }
    }
}
