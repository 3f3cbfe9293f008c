//! JSON values in PostgreSQL's binary format, as the types of a statement's parameters ask for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo};
use sqlx::{Encode, Postgres, Type};

use super::kind::Kind;
use super::{array, numeric, time};

/// A value that does not fit; what would have: a noun, like "an integer".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unfit(pub(super) &'static str);

/// A value that is ready to be sent.
pub(super) struct Argument {
    info: PgTypeInfo,
    bytes: Option<Vec<u8>>,
}

impl Argument {
    /// The value as a parameter of this type.
    pub(super) fn new(info: &PgTypeInfo, kind: &Kind, value: &Value) -> Result<Self, Unfit> {
        let bytes = if value.is_null() {
            None
        } else {
            let mut bytes = Vec::new();
            encode(kind, value, &mut bytes)?;
            Some(bytes)
        };
        Ok(Self {
            info: info.clone(),
            bytes,
        })
    }
}

impl Type<Postgres> for Argument {
    fn type_info() -> PgTypeInfo {
        // `produces` says which one it is.
        <String as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Argument {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Ok(match &self.bytes {
            Some(bytes) => {
                buffer.extend_from_slice(bytes);
                IsNull::No
            }
            None => IsNull::Yes,
        })
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(self.info.clone())
    }
}

/// A value that is not null.
fn encode(kind: &Kind, value: &Value, out: &mut Vec<u8>) -> Result<(), Unfit> {
    let text = |wanted| value.as_str().ok_or(Unfit(wanted));
    match kind {
        Kind::Bool => out.push(u8::from(value.as_bool().ok_or(Unfit("a boolean"))?)),
        Kind::Int2 => put(
            integer(value).map(|number: i16| number.to_be_bytes()),
            "an integer of 16 bits",
            out,
        )?,
        Kind::Int4 => put(
            integer(value).map(|number: i32| number.to_be_bytes()),
            "an integer of 32 bits",
            out,
        )?,
        Kind::Int8 => put(
            integer(value).map(|number: i64| number.to_be_bytes()),
            "an integer of 64 bits",
            out,
        )?,
        Kind::Oid => {
            let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
            put(
                number.map(u32::to_be_bytes),
                "an integer of 32 bits without a sign",
                out,
            )?;
        }
        Kind::Float4 => {
            // What a `real` cannot tell apart is the nearest one, as in PostgreSQL; what it cannot reach is refused.
            #[allow(clippy::cast_possible_truncation)]
            let number = float(value).map(|number| (number, number as f32));
            let number = number.filter(|(wide, narrow)| narrow.is_finite() || !wide.is_finite());
            put(number.map(|(_, narrow)| narrow.to_be_bytes()), "a number", out)?;
        }
        Kind::Float8 => put(float(value).map(f64::to_be_bytes), "a number", out)?,
        Kind::Numeric => {
            let decimal = match value {
                Value::Number(number) => number.to_string(),
                value => value.as_str().unwrap_or_default().to_owned(),
            };
            numeric::encode(&decimal, out).ok_or(Unfit("a number, or a text with one"))?;
        }
        Kind::Text => {
            let text = text("a text")?;
            if text.contains('\0') {
                return Err(Unfit("a text without the character U+0000"));
            }
            out.extend_from_slice(text.as_bytes());
        }
        Kind::Json | Kind::Jsonb => {
            if *kind == Kind::Jsonb {
                // The version of the format.
                out.push(1);
            }
            out.extend_from_slice(value.to_string().as_bytes());
        }
        Kind::Uuid => put(uuid(text("a UUID")?), "a UUID", out)?,
        Kind::Bytea => {
            let bytes = STANDARD.decode(text("a text in base64")?);
            out.extend_from_slice(&bytes.map_err(|_| Unfit("a text in base64"))?);
        }
        Kind::Date => {
            time::encode_date(text("a date")?, out).ok_or(Unfit("a date like `2030-01-31`"))?;
        }
        Kind::Time => {
            time::encode_time(text("a time")?, out).ok_or(Unfit("a time like `12:00:00`, without a zone"))?;
        }
        Kind::Timestamp => {
            time::encode_timestamp(text("a time")?, out).ok_or(Unfit(
                "a date and time like `2030-01-31T12:00:00`, without a zone",
            ))?;
        }
        Kind::TimestampTz => {
            time::encode_timestamp_tz(text("a time")?, out)
                .ok_or(Unfit("a date and time with a zone like `2030-01-31T12:00:00Z`"))?;
        }
        Kind::Array(element, number) => {
            let may_be_lists = matches!(**element, Kind::Json | Kind::Jsonb);
            array::encode(value, *number, may_be_lists, out, &|value, out| {
                encode(element, value, out)
            })?;
        }
        Kind::TimeTz | Kind::Interval | Kind::Inet | Kind::MacAddress | Kind::Void => {
            return Err(Unfit(
                "given as a text: write `$1::text` before the cast to its type",
            ));
        }
    }
    Ok(())
}

fn put<const N: usize>(bytes: Option<[u8; N]>, wanted: &'static str, out: &mut Vec<u8>) -> Result<(), Unfit> {
    out.extend_from_slice(&bytes.ok_or(Unfit(wanted))?);
    Ok(())
}

/// `3.0` is no integer: it may stand for what was measured.
fn integer<T: TryFrom<i64>>(value: &Value) -> Option<T> {
    T::try_from(value.as_i64()?).ok()
}

fn float(value: &Value) -> Option<f64> {
    match value.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        Some(_) => None,
        None => value.as_f64(),
    }
}

/// 32 hexadecimal digits, with hyphens where they belong or none.
fn uuid(text: &str) -> Option<[u8; 16]> {
    let has_hyphens = text.len() == 36 && [8, 13, 18, 23].iter().all(|at| text.as_bytes()[*at] == b'-');
    let digits = if has_hyphens {
        text.replace('-', "")
    } else {
        text.to_owned()
    };
    if digits.len() != 32 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    u128::from_str_radix(&digits, 16).ok().map(u128::to_be_bytes)
}
