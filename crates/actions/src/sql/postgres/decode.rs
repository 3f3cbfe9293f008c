//! Values of PostgreSQL's binary format as JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Number, Value};

use super::super::sqlite::not_finite;
use super::kind::Kind;
use super::{array, numeric, time};

/// Not what its type says, or a time that no calendar here reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// Takes bytes from the front.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Unreadable> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Unreadable)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        self.take(N)?.try_into().map_err(|_| Unreadable)
    }

    pub(super) fn i16(&mut self) -> Result<i16, Unreadable> {
        self.array().map(i16::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Unreadable> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn i32(&mut self) -> Result<i32, Unreadable> {
        self.array().map(i32::from_be_bytes)
    }

    pub(super) fn i64(&mut self) -> Result<i64, Unreadable> {
        self.array().map(i64::from_be_bytes)
    }
}

/// A value that is not null.
pub(super) fn decode(kind: &Kind, bytes: &[u8]) -> Result<Value, Unreadable> {
    let mut reader = Reader(bytes);
    Ok(match kind {
        Kind::Bool => Value::from(reader.take(1)? != [0]),
        Kind::Int2 => Value::from(reader.i16()?),
        Kind::Int4 => Value::from(reader.i32()?),
        Kind::Int8 => Value::from(reader.i64()?),
        Kind::Oid => Value::from(reader.array().map(u32::from_be_bytes)?),
        Kind::Float4 => {
            let number = reader.array().map(f32::from_be_bytes)?;
            // 0.1 is to stay 0.1: the shortest text that means it, not the nearest number with more digits.
            float(number.to_string().parse().map_err(|_| Unreadable)?)
        }
        Kind::Float8 => float(reader.array().map(f64::from_be_bytes)?),
        Kind::Numeric => Value::from(numeric::decode(bytes)?),
        Kind::Text => Value::from(text(bytes)?),
        Kind::Json => serde_json::from_slice(bytes).map_err(|_| Unreadable)?,
        Kind::Jsonb => match bytes.split_first() {
            // The version of the format.
            Some((1, json)) => serde_json::from_slice(json).map_err(|_| Unreadable)?,
            _ => return Err(Unreadable),
        },
        Kind::Uuid => Value::from(uuid(&reader.array()?)),
        Kind::Bytea => Value::from(STANDARD.encode(bytes)),
        Kind::Date => Value::from(time::date_text(bytes)?),
        Kind::Time => Value::from(time::time(bytes)?),
        Kind::TimeTz => Value::from(time::time_tz(bytes)?),
        Kind::Timestamp => Value::from(time::timestamp(bytes)?),
        Kind::TimestampTz => Value::from(time::timestamp_tz(bytes)?),
        Kind::Interval => Value::from(time::interval(bytes)?),
        Kind::Inet => Value::from(inet(bytes)?),
        Kind::MacAddress => {
            let parts: Vec<String> = reader.take(6)?.iter().map(|byte| format!("{byte:02x}")).collect();
            Value::from(parts.join(":"))
        }
        Kind::Void => Value::Null,
        Kind::Array(element, _) => array::decode(bytes, &mut |bytes| decode(element, bytes))?,
    })
}

fn float(number: f64) -> Value {
    Number::from_f64(number).map_or_else(|| Value::from(not_finite(number)), Value::Number)
}

fn text(bytes: &[u8]) -> Result<&str, Unreadable> {
    std::str::from_utf8(bytes).map_err(|_| Unreadable)
}

fn uuid(bytes: &[u8; 16]) -> String {
    let digits = format!("{:032x}", u128::from_be_bytes(*bytes));
    let parts = [
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..],
    ];
    parts.join("-")
}

/// `network_send`: family, bits of the network, whether it is a `cidr`, length, address.
fn inet(bytes: &[u8]) -> Result<String, Unreadable> {
    let [_, bits, is_cidr, _, address @ ..] = bytes else {
        return Err(Unreadable);
    };
    let address: std::net::IpAddr = match address.len() {
        4 => <[u8; 4]>::try_from(address).map_err(|_| Unreadable)?.into(),
        16 => <[u8; 16]>::try_from(address).map_err(|_| Unreadable)?.into(),
        _ => return Err(Unreadable),
    };
    let whole = if address.is_ipv4() { 32 } else { 128 };
    Ok(if *is_cidr != 0 || *bits != whole {
        format!("{address}/{bits}")
    } else {
        address.to_string()
    })
}
