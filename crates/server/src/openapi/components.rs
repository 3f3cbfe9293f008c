//! The named schemas of a document.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use lockgate_flow::catalog::{ActionSpec, Text};
use serde_json::{Map, Value, json};

use super::schema;

/// Where a named schema stands.
const PREFIX: &str = "#/components/schemas/";

/// The schemas by their names, each name given once.
#[derive(Debug, Default)]
pub(super) struct Components {
    schemas: BTreeMap<String, Value>,
    taken: HashSet<String>,
    /// The names of the results of actions.
    actions: HashMap<Text, Option<String>>,
}

impl Components {
    /// A name that nothing has yet: the wanted one, or with a number behind it.
    pub(super) fn claim(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        let mut number = 2_u32;
        while !self.taken.insert(name.clone()) {
            name = format!("{wanted}_{number}");
            number += 1;
        }
        name
    }

    /// Puts a schema under a claimed name and gives the reference to it.
    pub(super) fn put(&mut self, name: String, schema: Value) -> Value {
        let reference = reference(&name);
        self.schemas.insert(name, schema);
        reference
    }

    /// The result of an action.
    pub(super) fn result_of(&mut self, spec: &ActionSpec) -> Value {
        if !self.actions.contains_key(&spec.name) {
            let output = spec.output.as_value();
            let name = schema::is_worth_a_name(output).then(|| {
                let name = self.claim(&format!("{}Result", pascal_case(&spec.name)));
                let mut shown = schema::of_answer(output, &format!("{PREFIX}{name}"));
                describe(&mut shown, &format!("What `{}` gives.", spec.name));
                self.schemas.insert(name.clone(), shown);
                name
            });
            self.actions.insert(spec.name.clone(), name);
        }
        match self.actions.get(&spec.name) {
            Some(Some(name)) => reference(name),
            _ => schema::of_answer(spec.output.as_value(), "#"),
        }
    }

    /// What a reference to a named schema stands for; any other schema stands for itself.
    pub(super) fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|reference| reference.strip_prefix(PREFIX))
            .and_then(|name| self.schemas.get(name))
            .unwrap_or(schema)
    }

    /// Those that the values refer to, and those that these refer to in turn.
    pub(super) fn used_by(self, roots: [&Value; 2]) -> Map<String, Value> {
        let mut todo: Vec<&Value> = roots.to_vec();
        let mut used: BTreeSet<&str> = BTreeSet::new();
        while let Some(value) = todo.pop() {
            match value {
                Value::Array(items) => todo.extend(items),
                Value::Object(fields) => {
                    if let Some(Value::String(reference)) = fields.get("$ref")
                        && let Some(rest) = reference.strip_prefix(PREFIX)
                        && let Some(name) = rest.split('/').next()
                        && let Some((name, schema)) = self.schemas.get_key_value(name)
                        && used.insert(name)
                    {
                        todo.push(schema);
                    }
                    todo.extend(fields.values());
                }
                _ => {}
            }
        }
        let used: BTreeSet<String> = used.into_iter().map(str::to_owned).collect();
        self.schemas
            .into_iter()
            .filter(|(name, _)| used.contains(name))
            .collect()
    }
}

/// Puts a description in front, where the schema has none.
pub(super) fn describe(schema: &mut Value, description: &str) {
    if let Value::Object(fields) = schema
        && !fields.contains_key("description")
    {
        fields.shift_insert(0, "description".to_owned(), description.into());
    }
}

/// A reference to a named schema.
pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("{PREFIX}{name}") })
}

/// `sign-up` → `SignUp`, `auth0.create_user` → `Auth0CreateUser`.
pub(super) fn pascal_case(name: &str) -> String {
    let mut result = String::with_capacity(name.len());
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    for word in words.filter(|word| !word.is_empty()) {
        let (first, rest) = word.split_at(1);
        result.push_str(&first.to_ascii_uppercase());
        result.push_str(rest);
    }
    // Names of types and functions in generated clients do not begin with a digit.
    if !result.starts_with(|c: char| c.is_ascii_alphabetic()) {
        result.insert_str(0, "Flow");
    }
    result
}

/// `sign-up` → `signUp`.
pub(super) fn camel_case(name: &str) -> String {
    let mut result = pascal_case(name);
    if let Some(first) = result.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    result
}
