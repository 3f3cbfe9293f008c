//! `numeric`: digits to the base 10,000 (`numeric_send`), and decimal text.

use std::fmt::Write as _;

use super::decode::{Reader, Unreadable};

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const NEGATIVE_INFINITY: u16 = 0xF000;

/// Digits before or behind the point that are taken; PostgreSQL's own bounds are 131,072 and 16,383.
const MOST_DIGITS: usize = 16_383;

/// Exact text, with as many digits behind the point as the value has.
pub(super) fn decode(bytes: &[u8]) -> Result<String, Unreadable> {
    let mut reader = Reader(bytes);
    let count = usize::from(reader.u16()?);
    let weight = i64::from(reader.i16()?);
    let sign = reader.u16()?;
    let scale = usize::from(reader.u16()?);
    match sign {
        0 | NEGATIVE => {}
        NAN => return Ok("NaN".to_owned()),
        INFINITY => return Ok("Infinity".to_owned()),
        NEGATIVE_INFINITY => return Ok("-Infinity".to_owned()),
        _ => return Err(Unreadable),
    }
    let mut groups = Vec::with_capacity(count);
    for _ in 0..count {
        groups.push(reader.i16()?);
    }
    // The group of the weight `w` stands for `10,000^w`.
    let group = |at: i64| {
        usize::try_from(weight - at)
            .ok()
            .and_then(|index| groups.get(index))
            .copied()
            .unwrap_or(0)
    };
    let written = |groups: &mut dyn Iterator<Item = i64>| -> String {
        groups.fold(String::new(), |mut text, at| {
            // A string takes everything.
            let _ = write!(text, "{:04}", group(at));
            text
        })
    };
    let whole = written(&mut (0..=weight.max(0)).rev());
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    let behind = i64::try_from(scale.div_ceil(4)).map_err(|_| Unreadable)?;
    let mut fraction = written(&mut (1..=behind).map(|at| -at));
    fraction.truncate(scale);
    let sign = if sign == NEGATIVE { "-" } else { "" };
    Ok(if scale == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    })
}

/// From decimal text: `-12.50`, `1e3`, `NaN`. `None` where it is none.
pub(super) fn encode(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let special = match text {
        "NaN" => Some(NAN),
        "Infinity" => Some(INFINITY),
        "-Infinity" => Some(NEGATIVE_INFINITY),
        _ => None,
    };
    if let Some(sign) = special {
        write(0, 0, sign, 0, &[], out);
        return Some(());
    }
    let (is_negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: String = [whole, fraction].concat();
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    // The point stands behind so many of the digits; it may stand before the first or behind the last.
    let point = i64::try_from(whole.len()).ok()?.checked_add(exponent)?;
    let most = i64::try_from(MOST_DIGITS).ok()?;
    if !(-most..=most).contains(&point) || digits.len() > MOST_DIGITS {
        return None;
    }
    let before = usize::try_from(point.max(0)).ok()?;
    let length = i64::try_from(digits.len()).ok()?;
    let scale = usize::try_from((length - point).max(0)).ok()?;
    // All digits from the first group before the point to the last behind it.
    let lead = (4 - before % 4) % 4;
    let mut all = "0".repeat(lead);
    if point < 0 {
        all.push_str(&"0".repeat(usize::try_from(-point).ok()?));
    }
    all.push_str(&digits);
    let total = lead + before + scale;
    while all.len() < total || all.len() % 4 != 0 {
        all.push('0');
    }
    let mut groups: Vec<i16> = Vec::with_capacity(all.len() / 4);
    for group in all.as_bytes().chunks(4) {
        let group = std::str::from_utf8(group).ok()?;
        groups.push(group.parse().ok()?);
    }
    let mut weight = i64::try_from((lead + before) / 4).ok()? - 1;
    let zeros = groups.iter().take_while(|group| **group == 0).count();
    groups.drain(..zeros);
    weight -= i64::try_from(zeros).ok()?;
    while groups.last() == Some(&0) {
        groups.pop();
    }
    let is_zero = groups.is_empty();
    let sign = if is_negative && !is_zero { NEGATIVE } else { 0 };
    write(
        u16::try_from(groups.len()).ok()?,
        if is_zero { 0 } else { i16::try_from(weight).ok()? },
        sign,
        u16::try_from(scale)
            .ok()
            .filter(|scale| usize::from(*scale) <= MOST_DIGITS)?,
        &groups,
        out,
    );
    Some(())
}

fn write(count: u16, weight: i16, sign: u16, scale: u16, groups: &[i16], out: &mut Vec<u8>) {
    out.extend_from_slice(&count.to_be_bytes());
    out.extend_from_slice(&weight.to_be_bytes());
    out.extend_from_slice(&sign.to_be_bytes());
    out.extend_from_slice(&scale.to_be_bytes());
    for group in groups {
        out.extend_from_slice(&group.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_text_goes_both_ways() {
        for (text, expected) in [
            ("0", "0"),
            ("-0", "0"),
            ("0.00", "0.00"),
            ("1", "1"),
            ("-1.50", "-1.50"),
            ("10000", "10000"),
            ("99999999.99999999", "99999999.99999999"),
            ("0.0001", "0.0001"),
            ("0.00001", "0.00001"),
            ("-0.000000010", "-0.000000010"),
            (
                "100000000000000000000000000000000000000.5",
                "100000000000000000000000000000000000000.5",
            ),
            ("0007.10", "7.10"),
            ("1e3", "1000"),
            ("1.5e-3", "0.0015"),
            ("12e-6", "0.000012"),
            ("1E+5", "100000"),
            (".5", "0.5"),
            ("5.", "5"),
            ("NaN", "NaN"),
            ("-Infinity", "-Infinity"),
        ] {
            let mut bytes = Vec::new();
            assert_eq!(encode(text, &mut bytes), Some(()), "{text}");
            assert_eq!(decode(&bytes).unwrap(), expected, "{text}: {bytes:?}");
        }
        for text in [
            "",
            "-",
            ".",
            "1,5",
            "1e",
            "e5",
            "0x10",
            "1 ",
            "--1",
            "1e99999",
            "٣",
            "1e9223372036854775807",
        ] {
            assert_eq!(encode(text, &mut Vec::new()), None, "{text}");
        }
    }
}
