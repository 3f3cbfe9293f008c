//! What a plain scalar means: YAML 1.2.2 §10.3.2, the core schema.

use serde_json::{Number, Value};

/// A plain scalar's value, and a warning where it differs from what it looks like.
pub(super) struct Resolved {
    pub(super) value: Value,
    pub(super) warning: Option<String>,
}

/// What a plain (unquoted) scalar means, and whether that is what its characters say.
pub(crate) fn plain_value(text: &str) -> (Value, bool) {
    let resolved = resolve(text);
    (resolved.value, resolved.warning.is_none())
}

/// Resolves a plain (unquoted) scalar.
pub(super) fn resolve(text: &str) -> Resolved {
    let fine = |value| Resolved { value, warning: None };
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return fine(Value::Null),
        "true" | "True" | "TRUE" => return fine(Value::Bool(true)),
        "false" | "False" | "FALSE" => return fine(Value::Bool(false)),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return integer(text, digits);
    }
    if let Some(value) = prefixed(text, "0x", 16).or_else(|| prefixed(text, "0o", 8)) {
        return Resolved {
            warning: Some(format!("YAML reads `{text}` as the number {value}")),
            value,
        };
    }
    if is_float(digits) {
        return float(text);
    }
    if matches!(digits, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Resolved {
            value: Value::String(text.to_owned()),
            warning: Some(format!(
                "`{text}` is a number that JSON does not have; it is taken as text"
            )),
        };
    }
    fine(Value::String(text.to_owned()))
}

fn integer(text: &str, digits: &str) -> Resolved {
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    let number = unsigned
        .parse::<i64>()
        .map(Number::from)
        .or_else(|_| unsigned.parse::<u64>().map(Number::from));
    let Ok(number) = number else {
        let approximate = unsigned.parse::<f64>().ok().and_then(Number::from_f64);
        let warning = Some(format!(
            "`{text}` has more digits than a number keeps; it would become approximate"
        ));
        return Resolved {
            value: approximate.map_or(Value::Null, Value::Number),
            warning,
        };
    };
    let warning = (digits.len() > 1 && digits.starts_with('0') || text.starts_with('+'))
        .then(|| format!("YAML reads `{text}` as the number {number}"));
    Resolved {
        value: Value::Number(number),
        warning,
    }
}

fn prefixed(text: &str, prefix: &str, radix: u32) -> Option<Value> {
    let digits = text.strip_prefix(prefix)?;
    i64::from_str_radix(digits, radix).ok().map(Value::from)
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`, without the sign.
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", fraction)) => all_digits(fraction),
        Some((whole, fraction)) => all_digits(whole) && (fraction.is_empty() || all_digits(fraction)),
        None => all_digits(mantissa),
    };
    mantissa_fits
        && exponent.is_none_or(|exponent| all_digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)))
}

fn float(text: &str) -> Resolved {
    let parsed = text
        .parse::<f64>()
        .ok()
        .filter(|number| number.is_finite())
        .and_then(Number::from_f64);
    let Some(number) = parsed else {
        let warning = Some(format!(
            "`{text}` is larger than a number can be; it is taken as text"
        ));
        return Resolved {
            value: Value::String(text.to_owned()),
            warning,
        };
    };
    let looks_like_version =
        text.contains('.') && text.ends_with('0') && !text.contains(['e', 'E']) && !text.ends_with(".0");
    let warning = looks_like_version.then(|| format!("YAML reads `{text}` as the number {number}"));
    Resolved {
        value: Value::Number(number),
        warning,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(text: &str, value: &Value, warns: bool) {
        let resolved = resolve(text);
        assert_eq!(&resolved.value, value, "{text}");
        assert_eq!(resolved.warning.is_some(), warns, "{text}");
    }

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        for (text, value, warns) in [
            ("", json!(null), false),
            ("~", json!(null), false),
            ("true", json!(true), false),
            ("no", json!("no"), false),
            ("yes", json!("yes"), false),
            ("12", json!(12), false),
            ("-3", json!(-3), false),
            ("0123", json!(123), true),
            ("+4", json!(4), true),
            ("18446744073709551615", json!(u64::MAX), false),
            (
                "123456789012345678901",
                json!(123_456_789_012_345_680_000.0),
                true,
            ),
            ("1.5", json!(1.5), false),
            ("1.10", json!(1.1), true),
            ("1.0", json!(1.0), false),
            ("1e3", json!(1000.0), false),
            ("1e999", json!("1e999"), true),
            (".inf", json!(".inf"), true),
            ("0x1F", json!(31), true),
            ("0o17", json!(15), true),
            ("1.2.3", json!("1.2.3"), false),
            ("2026-01-01", json!("2026-01-01"), false),
            ("e5", json!("e5"), false),
        ] {
            check(text, &value, warns);
        }
    }
}
