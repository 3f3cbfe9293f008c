//! What edits should give, on JSON values.

use lockgate_flow::edit::Slot;
use lockgate_flow::source::Source;
use lockgate_flow::yaml::{Limits, load};
use serde_json::{Map, Value, json};

pub(crate) fn try_value(text: &str) -> Option<Value> {
    let loaded = load(&Source::new("flows/it.yaml", text), Limits::default());
    assert!(loaded.complete, "{:?}\n{text}", loaded.diagnostics);
    loaded.root.map(|root| root.to_value())
}

/// The value of a text.
pub(crate) fn value(text: &str) -> Value {
    try_value(text).unwrap_or(Value::Null)
}

/// The JSON Pointer of a structural path.
pub(crate) fn pointer(path: &str) -> String {
    if path.is_empty() {
        return String::new();
    }
    let mut pointer = String::new();
    for segment in path
        .split('/')
        .filter(|segment| !matches!(*segment, "each" | "#"))
    {
        let key = segment
            .replace("%40", "@")
            .replace("%23", "#")
            .replace("%2F", "/")
            .replace("%25", "%");
        pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
    }
    pointer
}

pub(crate) fn step(value: &Value, path: &str) -> Value {
    value
        .pointer(&pointer(path))
        .cloned()
        .unwrap_or_else(|| panic!("no {path} in {value:#}"))
}

/// Where the steps of a list are: those for all errors stand under `"*"` where there are codes.
fn place(value: &Value, list: &str) -> String {
    let own = pointer(list);
    let is_codes = own.ends_with("/on_error") && value.pointer(&own).is_some_and(Value::is_object);
    if is_codes { format!("{own}/*") } else { own }
}

pub(crate) fn list(value: &Value, list: &str) -> Vec<Value> {
    value
        .pointer(&place(value, list))
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default()
}

pub(crate) fn list_mut<'v>(value: &'v mut Value, list: &str) -> &'v mut Vec<Value> {
    value.pointer_mut(&pointer(list)).unwrap().as_array_mut().unwrap()
}

/// Puts steps into a slot.
pub(crate) fn put(value: &mut Value, at: &Slot, steps: Vec<Value>) {
    let own = place(value, &at.list);
    if let Some(Value::Array(items)) = value.pointer_mut(&own) {
        items.splice(at.index..at.index, steps);
        return;
    }
    if let Some((around, code)) = own.rsplit_once('/')
        && around.ends_with("/on_error")
        && let Some(all) = value.pointer_mut(around)
        && !all.is_object()
        && !all.is_null()
        && *all != json!([])
    {
        *all = if code == "*" {
            json!(steps)
        } else {
            json!({ code: steps, "*": all.take() })
        };
        return;
    }
    set(value, &own, json!(steps));
}

/// Gives a pointer a value; maps on the way are made.
pub(crate) fn set(value: &mut Value, pointer: &str, new: Value) {
    let mut at = value;
    for token in pointer.split('/').skip(1) {
        let key = token.replace("~1", "/").replace("~0", "~");
        if !at.is_object() && !at.is_array() {
            *at = Value::Object(Map::new());
        }
        at = match at {
            Value::Array(items) => &mut items[key.parse::<usize>().unwrap()],
            Value::Object(fields) => fields.entry(key).or_insert(Value::Null),
            _ => unreachable!(),
        };
    }
    *at = new;
}

pub(crate) fn remove(value: &mut Value, pointer: &str) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/").replace("~0", "~");
    match value.pointer_mut(parent).unwrap() {
        Value::Array(items) => drop(items.remove(key.parse().unwrap())),
        Value::Object(fields) => drop(fields.shift_remove(&key)),
        _ => panic!("nothing at {pointer}"),
    }
}

/// Takes steps out.
pub(crate) fn take(value: &mut Value, steps: &[String]) {
    for step in steps {
        *value.pointer_mut(&pointer(step)).unwrap() = json!("gone");
    }
    drop_gone(value);
}

pub(crate) fn drop_gone(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.retain(|item| item != "gone");
            items.iter_mut().for_each(drop_gone);
        }
        Value::Object(fields) => fields.values_mut().for_each(drop_gone),
        _ => {}
    }
}

/// Without the keys of lists of which all steps are taken out. Each step that stays keeps its place.
pub(crate) fn emptied(mut value: Value, steps: &[String]) -> Value {
    fn clear(value: &mut Value) {
        match value {
            Value::Array(items) if items.iter().all(|item| item == "gone") => items.clear(),
            Value::Array(items) => items.iter_mut().for_each(clear),
            Value::Object(fields) => fields.values_mut().for_each(clear),
            _ => {}
        }
    }
    for step in steps {
        if let Some(place) = value.pointer_mut(&pointer(step)) {
            *place = json!("gone");
        }
    }
    clear(&mut value);
    pruned(value)
}

/// Without lists of steps that have none, where their keys may be left out.
pub(crate) fn pruned(value: Value) -> Value {
    let is_empty = |value: &Value| *value == json!([]) || *value == json!({});
    match value {
        Value::Array(items) => items.into_iter().map(pruned).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(key, value)| {
                let mut value = pruned(value);
                if key == "on_error"
                    && let Value::Object(arms) = &mut value
                {
                    arms.retain(|_, arm| !is_empty(arm));
                }
                (key, value)
            });
            let left_out =
                |key: &str, value: &Value| matches!(key, "else" | "default" | "on_error") && is_empty(value);
            Value::Object(fields.filter(|(key, value)| !left_out(key, value)).collect())
        }
        other => other,
    }
}

/// Without maps that say nothing when they are empty.
pub(crate) fn without_optional(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(without_optional).collect(),
        Value::Object(fields) => {
            let optional = [
                "with",
                "on_error",
                "retry",
                "headers",
                "input",
                "trigger",
                "concurrency",
            ];
            let fields = fields
                .into_iter()
                .map(|(key, value)| (key, without_optional(value)));
            Value::Object(
                fields
                    .filter(|(key, value)| !(optional.contains(&key.as_str()) && *value == json!({})))
                    .collect(),
            )
        }
        other => other,
    }
}

/// The steps directly inside a step, without those that handle errors.
pub(crate) fn inner_steps(step: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    for (key, value) in step.as_object().into_iter().flatten() {
        let lists: Vec<&Value> = match key.as_str() {
            "then" | "else" | "default" | "steps" => vec![value],
            "cases" | "parallel" => value
                .as_object()
                .into_iter()
                .flatten()
                .map(|(_, list)| list)
                .collect(),
            _ => continue,
        };
        found.extend(lists.into_iter().filter_map(Value::as_array).flatten().cloned());
    }
    found
}

/// The steps that a pasted text holds.
pub(crate) fn pasted(yaml: &str) -> Vec<Value> {
    match value(yaml) {
        Value::Array(items) => items,
        one => vec![one],
    }
}

/// The ids of all steps, wherever they stand.
pub(crate) fn ids(value: &Value) -> Vec<String> {
    fn walk(list: &Value, found: &mut Vec<String>) {
        for step in list.as_array().into_iter().flatten() {
            if let Some(id) = step.get("id").and_then(Value::as_str) {
                found.push(id.to_owned());
            }
            for list in inner_lists(step) {
                walk(list, found);
            }
        }
    }
    let mut found = Vec::new();
    for key in ["steps", "on_error"] {
        if let Some(list) = value.get(key) {
            walk(list, &mut found);
        }
    }
    found
}

fn inner_lists(step: &Value) -> Vec<&Value> {
    let mut lists = Vec::new();
    for (key, value) in step.as_object().into_iter().flatten() {
        match key.as_str() {
            "then" | "else" | "default" | "steps" => lists.push(value),
            "on_error" if value.is_array() => lists.push(value),
            "cases" | "parallel" | "on_error" => {
                lists.extend(value.as_object().into_iter().flatten().map(|(_, list)| list));
            }
            _ => {}
        }
    }
    lists
}

/// Steps with each id, and its uses, replaced by its place among the ids.
pub(crate) fn without_ids(steps: &[Value]) -> String {
    let whole = json!({ "steps": steps });
    let mut text = whole.to_string();
    let mut ids: Vec<(usize, String)> = ids(&whole).into_iter().enumerate().collect();
    for (place, id) in ids.drain(..) {
        text = text.replace(&format!("\"id\":\"{id}\""), &format!("\"id\":\"<{place}>\""));
        let used = format!("steps.{id}");
        let mut parts = text.split(&used);
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let goes_on = part.starts_with(|c: char| c.is_alphanumeric() || c == '_');
            let name = if goes_on {
                used.clone()
            } else {
                format!("steps.<{place}>")
            };
            out.extend([name.as_str(), part]);
        }
        text = out;
    }
    text
}
