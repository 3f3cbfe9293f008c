//! Signed requests: `Lockgate-Signature: t=1767225600,v1=5257a869…`.
//!
//! `v1` is the HMAC-SHA256, in hex, of four parts with a line feed between them: the time `t` (Unix seconds), the method,
//! the path with its query, and the body. The first three can have no line feed in them, so no two requests are signed
//! alike. The time is what lets a signature get old. The path and the query are signed because a flow's input stands in
//! them as well: who has seen a signed request must not be able to send it to another flow or for another user.
//!
//! Several `v1` are allowed, for callers who change their secret; what has another version is passed over.
//!
//! The same request can be sent again as long as its time is within the tolerance. Refusing it would need a memory that
//! all servers share, and would refuse two requests that are meant and happen to be alike within a second.

use hmac::{Hmac, Mac as _};
use http::{HeaderMap, Method};
use jiff::Timestamp;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};

use super::credentials::Signed;

/// A signature whose time is right. Whether it fits is not known yet.
pub(crate) struct Signature<'a> {
    keys: &'a [Hmac<Sha256>],
    /// As the caller wrote it: that is what was signed.
    time: String,
    shown: Vec<[u8; 32]>,
}

impl<'a> Signature<'a> {
    /// Reads the header and looks at the time.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(
        signed: &'a Signed,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Self, &'static str> {
        let mut lines = headers.get_all(&signed.header).iter();
        let Some(line) = lines.next() else {
            return Err("the request is not signed");
        };
        if lines.next().is_some() {
            return Err("there is more than one signature header");
        }
        let line = line.to_str().map_err(|_| "the signature cannot be read")?;
        let (mut time, mut shown) = (None, Vec::new());
        for part in line.split(',') {
            match part.trim().split_once('=') {
                Some(("t", text)) if time.is_none() => time = Some(text),
                Some(("t", _)) => return Err("the signature has more than one time"),
                Some(("v1", hex)) => shown.extend(decode(hex)),
                Some(_) => {}
                None => return Err("the signature cannot be read"),
            }
        }
        let time = time.ok_or("the signature has no time")?;
        if shown.is_empty() {
            return Err("there is no signature of version 1");
        }
        let seconds = time.parse().ok();
        let moment = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
        let moment = moment.ok_or("the signature's time cannot be read")?;
        if now.duration_since(moment).unsigned_abs() > signed.tolerance {
            return Err("the signature's time is too far from now");
        }
        Ok(Self {
            keys: &signed.keys,
            time: time.to_owned(),
            shown,
        })
    }

    /// Whether it was made for this request, with one of the secrets. All are compared, so that the time that it takes
    /// tells nothing.
    pub(super) fn is_of(&self, method: &Method, target: &str, body: &[u8]) -> bool {
        let mut fits = Choice::from(0);
        for key in self.keys {
            let mut mac = key.clone();
            for part in [self.time.as_str(), method.as_str(), target] {
                mac.update(part.as_bytes());
                mac.update(b"\n");
            }
            mac.update(body);
            let expected: [u8; 32] = mac.finalize().into_bytes().into();
            for shown in &self.shown {
                fits |= expected.ct_eq(shown);
            }
        }
        fits.into()
    }
}

/// 64 hexadecimal digits. What is none of that is no signature.
fn decode(hex: &str) -> Option<[u8; 32]> {
    let digits = hex.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |at: usize| {
            char::from(pair[at])
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        };
        *byte = digit(0)? << 4 | digit(1)?;
    }
    Some(bytes)
}
