//! Plausible values for what a flow takes: what its author gives as an example, else what the name and the schema of a
//! field suggest. Each value is checked against the schema before it is offered.

use lockgate_flow::schema::{SchemaView, TypeSet, compile, problems};
use lockgate_flow::syntax::InputField;
use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Map, Number, Value, json};

/// A schema is a tree; what is deeper than this nobody types in.
const DEEPEST: usize = 8;

/// What stands for a text, by what its field is called and by its format. The first that fits the schema is taken.
const TEXTS: &[(&[&str], &str)] = &[
    (&["email", "idn-email", "mail"], "ada@example.com"),
    (&["password", "passphrase"], "correct horse 9"),
    (&["user_id"], "auth0|507f1f77bcf86cd799439020"),
    (&["given_name", "first_name", "nickname", "username"], "ada"),
    (&["family_name", "last_name"], "Lovelace"),
    (&["name"], "Ada Lovelace"),
    (&["phone", "phone_number", "mobile"], "+12025550123"),
    (
        &["uri", "url", "iri", "website", "uri-reference", "iri-reference"],
        "https://example.com/",
    ),
    (&["uuid"], "3f2b8c1e-5d4a-4f6b-9c7d-8e9f0a1b2c3d"),
    (&["date", "birthdate", "birthday"], "1990-12-10"),
    (&["date-time"], "2030-01-31T12:00:00Z"),
    (&["time"], "12:00:00Z"),
    (&["duration"], "P1D"),
    (&["hostname", "idn-hostname", "host", "domain"], "example.com"),
    (&["ipv4", "ip"], "192.0.2.1"),
    (&["ipv6"], "2001:db8::1"),
    (&["country"], "GB"),
    (&["language", "locale", "lang"], "en"),
    (&["currency"], "EUR"),
    (&["code", "otp", "pin"], "123456"),
    (&["json-pointer", "path"], "/a"),
    (&["regex"], "^a$"),
];

/// A value for a field; nothing where none is found that its schema allows.
pub(super) fn sample(field: &InputField) -> Option<Value> {
    if let Some(default) = &field.default {
        return Some(default.clone());
    }
    let validator = compile(&field.schema).ok()?;
    candidates(&field.name.value, &field.schema, 0)
        .into_iter()
        .find(|candidate| problems(&validator, candidate).is_empty())
}

/// What may fit, the most plausible first.
fn candidates(name: &str, schema: &Value, depth: usize) -> Vec<Value> {
    let mut found = Vec::new();
    if depth > DEEPEST {
        return found;
    }
    found.extend(schema.get("default").cloned());
    for key in ["examples", "enum"] {
        found.extend(
            schema
                .get(key)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .cloned(),
        );
    }
    found.extend(schema.get("example").cloned());
    found.extend(schema.get("const").cloned());
    if !found.is_empty() {
        return found;
    }
    let types = SchemaView::of(schema).types();
    if types.overlaps(TypeSet::STRING) {
        found.extend(texts(name, schema).into_iter().map(Value::String));
    }
    if types.overlaps(TypeSet::NUMBER) || types.overlaps(TypeSet::INTEGER) {
        found.extend(numbers(schema));
    }
    if types.overlaps(TypeSet::BOOLEAN) {
        found.extend([json!(true), json!(false)]);
    }
    if types.overlaps(TypeSet::OBJECT) {
        found.push(object(schema, depth));
    }
    if types.overlaps(TypeSet::ARRAY) {
        found.push(list(name, schema, depth));
    }
    if types.overlaps(TypeSet::NULL) {
        found.push(Value::Null);
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        let branches = schema.get(key).and_then(Value::as_array);
        for branch in branches.into_iter().flatten() {
            // What stands beside the branches counts for each of them.
            let mut whole = schema.as_object().cloned().unwrap_or_default();
            whole.shift_remove(key);
            whole.extend(branch.as_object().cloned().unwrap_or_default());
            found.extend(candidates(name, &Value::Object(whole), depth + 1));
        }
    }
    found
}

fn texts(name: &str, schema: &Value) -> Vec<String> {
    let length = |key: &str| {
        schema
            .get(key)
            .and_then(Value::as_u64)
            .and_then(|length| usize::try_from(length).ok())
    };
    let (least, most) = (
        length("minLength").unwrap_or(0),
        length("maxLength").unwrap_or(usize::MAX),
    );
    let format = schema.get("format").and_then(Value::as_str);
    let name = name.to_ascii_lowercase();
    let mut found = Vec::new();
    for wanted in [format, Some(name.as_str())].into_iter().flatten() {
        let known = TEXTS.iter().find(|(words, _)| words.contains(&wanted));
        found.extend(known.map(|(_, text)| (*text).to_owned()));
    }
    // `work_email`, `homeAddressCountry`.
    let known = TEXTS
        .iter()
        .find(|(words, _)| words.iter().any(|word| word.len() > 3 && name.ends_with(word)));
    found.extend(known.map(|(_, text)| (*text).to_owned()));
    let pattern = schema.get("pattern").and_then(Value::as_str);
    found.extend(pattern.and_then(|pattern| matching(pattern, least)));
    found.push(name);
    found.push("text".to_owned());
    found.push("1".to_owned());
    // As long as it must be, and no longer than it may.
    let fitted: Vec<String> = found
        .iter()
        .map(|text| {
            let padding = "x".repeat(least.saturating_sub(text.chars().count()).min(10_000));
            (text.clone() + &padding).chars().take(most).collect()
        })
        .collect();
    found
        .into_iter()
        .zip(fitted)
        .flat_map(|(text, fitted)| [text, fitted])
        .collect()
}

fn numbers(schema: &Value) -> Vec<Value> {
    let number = |key: &str| schema.get(key).and_then(Value::as_f64);
    let step = number("multipleOf").unwrap_or(1.0);
    let mut found = vec![1.0, 0.0, step];
    for (key, by) in [
        ("minimum", 0.0),
        ("exclusiveMinimum", step),
        ("maximum", 0.0),
        ("exclusiveMaximum", -step),
    ] {
        if let Some(bound) = number(key) {
            let at = bound + by;
            found.extend([
                at,
                (at / step).floor() * step,
                (at / step).ceil() * step,
                bound + by / 2.0,
            ]);
        }
    }
    found.into_iter().filter_map(as_number).collect()
}

/// Whole where it is.
fn as_number(number: f64) -> Option<Value> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < EXACT {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole, and within what a double holds exactly"
        )]
        return Some(json!(number as i64));
    }
    Number::from_f64(number).map(Value::Number)
}

fn object(schema: &Value, depth: usize) -> Value {
    let properties = schema.get("properties").and_then(Value::as_object);
    let required = schema.get("required").and_then(Value::as_array);
    let mut fields = Map::new();
    for name in required.into_iter().flatten().filter_map(Value::as_str) {
        let any = Value::Bool(true);
        let property = properties
            .and_then(|properties| properties.get(name))
            .unwrap_or(&any);
        fields.insert(name.to_owned(), fitting(name, property, depth));
    }
    Value::Object(fields)
}

fn list(name: &str, schema: &Value, depth: usize) -> Value {
    let length = |key: &str| {
        schema
            .get(key)
            .and_then(Value::as_u64)
            .and_then(|length| usize::try_from(length).ok())
    };
    let any = Value::Bool(true);
    let items = schema.get("items").unwrap_or(&any);
    // One shows what an element is; the empty list is for where there may be none.
    let count = length("minItems")
        .unwrap_or(1)
        .max(1)
        .min(length("maxItems").unwrap_or(usize::MAX))
        .min(100);
    // `people` holds a person; what a person is called is not known.
    let name = name.strip_suffix('s').unwrap_or(name);
    if schema.get("uniqueItems") == Some(&Value::Bool(true)) {
        let mut different: Vec<Value> = Vec::new();
        for candidate in allowed(name, items, depth) {
            if different.len() < count && !different.contains(&candidate) {
                different.push(candidate);
            }
        }
        return Value::Array(different);
    }
    Value::Array(vec![fitting(name, items, depth); count])
}

/// The first value that a schema within another allows.
fn fitting(name: &str, schema: &Value, depth: usize) -> Value {
    allowed(name, schema, depth)
        .into_iter()
        .next()
        .unwrap_or_default()
}

fn allowed(name: &str, schema: &Value, depth: usize) -> Vec<Value> {
    let mut found = candidates(name, schema, depth + 1);
    if let Ok(validator) = compile(schema) {
        found.retain(|candidate| problems(&validator, candidate).is_empty());
    }
    found
}

/// A short text that a pattern matches, with at least so many characters where the pattern repeats something. The
/// pattern is a JSON Schema's: it need not match the whole text.
fn matching(pattern: &str, least: usize) -> Option<String> {
    let hir = regex_syntax::parse(pattern).ok()?;
    let mut text = String::new();
    write(&hir, least.min(1000), &mut text);
    Some(text)
}

fn write(hir: &Hir, least: usize, text: &mut String) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(class) => text.extend(letter(class)),
        HirKind::Repetition(repetition) => {
            let most = repetition.max.unwrap_or(u32::MAX).min(1000);
            let wanted = u32::try_from(least.saturating_sub(text.chars().count())).unwrap_or(u32::MAX);
            for _ in 0..wanted.clamp(repetition.min.min(most), most) {
                write(&repetition.sub, 0, text);
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, least, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write(part, least, text)),
        HirKind::Alternation(branches) => {
            if let Some(first) = branches.first() {
                write(first, least, text);
            }
        }
    }
}

/// A character of a class: a letter or a digit, if there is one.
fn letter(class: &Class) -> Option<char> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.iter().map(|range| (range.start(), range.end())).collect(),
        Class::Bytes(class) => class
            .iter()
            .map(|range| (char::from(range.start()), char::from(range.end())))
            .collect(),
    };
    let is_in = |letter: char| ranges.iter().any(|(from, to)| (*from..=*to).contains(&letter));
    "a1A-_ x"
        .chars()
        .chain('a'..='z')
        .chain('A'..='Z')
        .chain('0'..='9')
        .find(|letter| is_in(*letter))
        .or_else(|| ranges.first().map(|(from, _)| *from))
}

#[cfg(test)]
mod tests {
    use lockgate_flow::source::Source;
    use lockgate_flow::syntax::parse;

    use super::*;

    fn sample_of(name: &str, schema: &str) -> Option<Value> {
        let text = format!("input:\n  {name}: {schema}\nsteps:\n  - return: 1\n");
        let parsed = parse(&Source::new("flows/a.yaml", text));
        assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
        sample(&parsed.flow.unwrap().input[0])
    }

    #[test]
    fn values_fit_their_schemas() {
        for (name, schema, expect) in [
            (
                "email",
                "{ type: string, format: email }",
                json!("ada@example.com"),
            ),
            (
                "password",
                "{ type: string, minLength: 8, secret: true }",
                json!("correct horse 9"),
            ),
            (
                "password",
                "{ type: string, minLength: 20 }",
                json!("correct horse 9xxxxx"),
            ),
            ("plan", "{ enum: [free, pro], default: pro }", json!("pro")),
            ("plan", "{ enum: [free, pro] }", json!("free")),
            ("plan", "{ type: string, examples: [gold] }", json!("gold")),
            ("age", "{ type: integer, minimum: 18 }", json!(18)),
            (
                "age",
                "{ type: integer, exclusiveMinimum: 18, multipleOf: 5 }",
                json!(20),
            ),
            (
                "rate",
                "{ type: number, exclusiveMinimum: 0, maximum: 0.5 }",
                json!(0.5),
            ),
            ("count", "{ type: integer, maximum: -3 }", json!(-3)),
            ("ok", "{ type: boolean }", json!(true)),
            ("ok", "{ const: false }", json!(false)),
            ("nothing", "{ type: 'null' }", json!(null)),
            ("work_email", "{ type: string }", json!("ada@example.com")),
            ("short", "{ type: string, maxLength: 2 }", json!("sh")),
            (
                "sku",
                "{ type: string, pattern: '^[A-Z]{3}-\\d{4}$' }",
                json!("AAA-1111"),
            ),
            (
                "user_id",
                "{ type: string, pattern: '^[^|]+\\|.+$' }",
                json!("auth0|507f1f77bcf86cd799439020"),
            ),
            (
                "any_of",
                "{ type: string, pattern: '(foo|bar)+', minLength: 7 }",
                json!("foofoofoofoofoofoofoo"),
            ),
            ("born", "{ type: string, format: date }", json!("1990-12-10")),
            (
                "people",
                "{ type: array, minItems: 2, items: { type: object, properties: { email: { type: string, format: email }, age: \
                 { type: integer } }, required: [email] } }",
                json!([{ "email": "ada@example.com" }, { "email": "ada@example.com" }]),
            ),
            (
                "tags",
                "{ type: array, uniqueItems: true, minItems: 2, items: { type: string } }",
                json!(["tag", "text"]),
            ),
            (
                "either",
                "{ anyOf: [{ type: string, maxLength: 0 }, { type: integer, minimum: 7 }] }",
                json!(""),
            ),
            ("anything", "{}", json!("anything")),
        ] {
            assert_eq!(sample_of(name, schema), Some(expect), "{name}: {schema}");
        }
    }

    #[test]
    fn what_nothing_fits_is_left_open() {
        assert_eq!(
            sample_of("none", "{ type: string, minLength: 3, maxLength: 2 }"),
            None
        );
    }
}
