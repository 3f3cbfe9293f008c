//! Random values and digests. Randomness comes from the run, so that a replay sees the same values.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;
use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::super::arguments::{Arguments, Outcome};
use super::table::{Function, Group, Parameter};
use crate::schema::TypeSet;

const STRING: TypeSet = TypeSet::STRING;
const TEXT: Parameter = Parameter::new("text", STRING);
const ENCODING: Parameter = Parameter::new("encoding", STRING)
    .optional()
    .checked(check_encoding);
const DIGESTED: &[Parameter] = &[TEXT, ENCODING];

/// Longest text that `random` gives, in characters.
const MAX_RANDOM: usize = 1024;
const BAD_LENGTH: &str = "the length is 1 to 1024";

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new(
        Group::Digests,
        "uuid",
        "A random UUID (version 4, RFC 9562).",
        &[],
        STRING,
        &[("uuid", "\"0b30557a-9fc4-490e-b358-7da2c7ec1136\"")],
        uuid,
    )
    .impure(),
    Function::new(
        Group::Digests,
        "random",
        "A random text that cannot be foretold, for tokens and codes. The length is 32 characters if not given; the alphabet is `alphanumeric`, `hex`, `letters` or `digits`.",
        &[
            Parameter::new("length", TypeSet::INTEGER).optional().checked(|length| {
                let fits = length.as_u64().is_some_and(|length| (1..=1024).contains(&length));
                if fits { Ok(()) } else { Err(BAD_LENGTH.to_owned()) }
            }),
            Parameter::new("alphabet", STRING).optional().checked(|name| alphabet(name).map(|_| ())),
        ],
        STRING,
        &[("random 6 \"digits\"", "\"023568\""), ("length (random)", "32")],
        random,
    )
    .impure(),
    Function::new(
        Group::Digests,
        "md5",
        "The MD5 digest. For old interfaces only: it protects nothing. All digests are in `hex`, `base64` or `base64url`.",
        DIGESTED,
        STRING,
        &[("md5 \"abc\"", "\"900150983cd24fb0d6963f7d28e17f72\"")],
        digest::<Md5>,
    ),
    Function::new(
        Group::Digests,
        "sha1",
        "The SHA-1 digest. For old interfaces only.",
        DIGESTED,
        STRING,
        &[("sha1 \"abc\"", "\"a9993e364706816aba3e25717850c26c9cd0d89d\"")],
        digest::<Sha1>,
    ),
    Function::new(
        Group::Digests,
        "sha256",
        "The SHA-256 digest.",
        DIGESTED,
        STRING,
        &[
            ("sha256 \"abc\"", "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\""),
            ("sha256 \"abc\" \"base64url\"", "\"ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0\""),
        ],
        digest::<Sha256>,
    ),
    Function::new(
        Group::Digests,
        "sha512",
        "The SHA-512 digest.",
        DIGESTED,
        STRING,
        &[(
            "sha512 \"abc\" \"base64\"",
            "\"3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==\"",
        )],
        digest::<Sha512>,
    ),
    Function::new(
        Group::Digests,
        "hmac_sha256",
        "The HMAC-SHA-256 of a text under a key (RFC 2104), as webhooks are signed.",
        &[TEXT, Parameter::new("key", STRING), ENCODING],
        STRING,
        &[(
            "hmac_sha256 \"what do ya want for nothing?\" \"Jefe\"",
            "\"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843\"",
        )],
        hmac_sha256,
    ),
];

#[allow(clippy::unnecessary_wraps)] // The shape of every function of the table.
fn uuid<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let mut bytes = [0_u8; 16];
    arguments.ambient.random_bytes(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex(&bytes);
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    Ok(parts.join("-").into())
}

fn alphabet(name: &Value) -> Result<&'static [u8], String> {
    match name.as_str() {
        Some("alphanumeric") => Ok(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
        Some("hex") => Ok(b"0123456789abcdef"),
        Some("letters") => Ok(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
        Some("digits") => Ok(b"0123456789"),
        _ => Err("the alphabet is \"alphanumeric\", \"hex\", \"letters\" or \"digits\"".to_owned()),
    }
}

fn random<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let length = if arguments.len() > 0 {
        arguments.integer(0)?
    } else {
        32
    };
    let length = usize::try_from(length)
        .ok()
        .filter(|length| (1..=MAX_RANDOM).contains(length))
        .ok_or(BAD_LENGTH)?;
    let name = if arguments.len() > 1 {
        arguments.value(1)?.into_owned()
    } else {
        "alphanumeric".into()
    };
    let alphabet = alphabet(&name)?;
    let mut bytes = vec![0_u8; length * 8];
    arguments.ambient.random_bytes(&mut bytes);
    // The high half of a 64-bit product: every character is as likely as the others to one part in 2^58.
    let text = bytes.chunks_exact(8).filter_map(|chunk| {
        let draw = u128::from(u64::from_le_bytes(chunk.try_into().ok()?));
        let index = usize::try_from((draw * alphabet.len() as u128) >> 64).ok()?;
        alphabet.get(index).map(|byte| char::from(*byte))
    });
    Ok(text.collect::<String>().into())
}

fn digest<'a, D: Digest>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let text = arguments.text(0)?;
    encoded(arguments, 1, &D::digest(text.as_bytes()))
}

fn hmac_sha256<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let text = arguments.text(0)?;
    let key = arguments.text(1)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).map_err(|_| "the key cannot be used")?;
    mac.update(text.as_bytes());
    encoded(arguments, 2, &mac.finalize().into_bytes())
}

fn check_encoding(encoding: &Value) -> Result<(), String> {
    match encoding.as_str() {
        Some("hex" | "base64" | "base64url") => Ok(()),
        _ => Err("the encoding is \"hex\", \"base64\" or \"base64url\"".to_owned()),
    }
}

/// The digest in the encoding that the argument at `position` names.
fn encoded<'a>(arguments: &mut Arguments<'a, '_>, position: usize, digest: &[u8]) -> Outcome<'a> {
    if arguments.len() <= position {
        return Ok(hex(digest).into());
    }
    let encoding = arguments.value(position)?;
    check_encoding(&encoding)?;
    Ok(match encoding.as_str() {
        Some("base64") => STANDARD.encode(digest),
        Some("base64url") => URL_SAFE_NO_PAD.encode(digest),
        _ => hex(digest),
    }
    .into())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
            // Writing to a string does not fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}
