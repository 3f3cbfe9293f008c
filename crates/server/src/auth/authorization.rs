//! The header `Authorization` (RFC 9110, section 11.6.2): a scheme, and what it carries.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use http::HeaderMap;
use http::header::AUTHORIZATION;

/// RFC 7617 pads; not every client does.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a request carries there.
pub(super) struct Authorization<'h> {
    scheme: &'h [u8],
    rest: &'h [u8],
}

impl<'h> Authorization<'h> {
    /// Nothing is `rest` of no scheme.
    ///
    /// # Errors
    /// Two of them: somebody between the caller and this server may have taken the other for the one that counts.
    pub(super) fn read(headers: &'h HeaderMap) -> Result<Self, &'static str> {
        let mut lines = headers.get_all(AUTHORIZATION).iter();
        let line = lines.next().map_or(&[][..], |line| line.as_bytes());
        if lines.next().is_some() {
            return Err("there is more than one `Authorization`");
        }
        let line = line.trim_ascii();
        let end = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
        let (scheme, rest) = line.split_at(end);
        Ok(Self {
            scheme,
            rest: rest.trim_ascii_start(),
        })
    }

    /// The token, if it is one (RFC 6750, section 2.1).
    pub(super) fn bearer(&self) -> Option<&'h [u8]> {
        (self.scheme.eq_ignore_ascii_case(b"bearer") && !self.rest.is_empty()).then_some(self.rest)
    }

    /// `name:password`, if it is one (RFC 7617, section 2).
    pub(super) fn basic(&self) -> Option<Vec<u8>> {
        if !self.scheme.eq_ignore_ascii_case(b"basic") {
            return None;
        }
        BASE64.decode(self.rest).ok()
    }
}
