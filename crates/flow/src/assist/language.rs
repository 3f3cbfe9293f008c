//! The keys of the language, read off the JSON Schema that editors get: one list for all of them.

use std::sync::LazyLock;

use serde_json::Value;

use super::schema::{member, members, values};
use crate::catalog::Catalog;
use crate::json_schema::{flow_schema, workspace_schema};
use crate::schema::{SchemaView, TypeSet};

/// Of flows, without actions.
static FLOW: LazyLock<Value> = LazyLock::new(|| flow_schema(&Catalog::new()));

/// Of `lockgate.yaml`, without connection types.
static WORKSPACE: LazyLock<Value> = LazyLock::new(|| workspace_schema(&Catalog::new()));

/// What may stand at a place: one schema, or several of which one must fit.
#[derive(Clone, Debug)]
pub(super) struct Grammar {
    root: &'static Value,
    schemas: Vec<&'static Value>,
    /// What is said of the key that leads here.
    docs: Option<&'static str>,
}

/// A key that may stand in a map.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) grammar: Grammar,
}

/// What stands behind a key, for the text that is put in with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Scalar,
    Map,
    Steps,
}

impl Grammar {
    /// A whole flow.
    pub(super) fn flow() -> Self {
        Self::new(&FLOW, &FLOW)
    }

    /// `lockgate.yaml`.
    pub(super) fn workspace() -> Self {
        Self::new(&WORKSPACE, &WORKSPACE)
    }

    /// A step.
    pub(super) fn step() -> Self {
        Self::new(&FLOW, &FLOW["$defs"]["step"])
    }

    fn new(root: &'static Value, schema: &'static Value) -> Self {
        let mut grammar = Self {
            root,
            schemas: Vec::new(),
            docs: SchemaView::of(schema).description(),
        };
        grammar.add(schema);
        grammar
    }

    /// Adds a schema, with what it refers to and chooses from.
    fn add(&mut self, schema: &'static Value) {
        let name = schema.get("$ref").and_then(Value::as_str);
        if let Some(target) = name.and_then(|name| name.strip_prefix('#')) {
            if let Some(schema) = self.root.pointer(target) {
                self.docs = self.docs.or(SchemaView::of(schema).description());
                self.add(schema);
            }
            return;
        }
        self.schemas.push(schema);
        for alternative in schema
            .get("anyOf")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            self.add(alternative);
        }
    }

    /// Goes to what stands under a key, or in a list (`*`).
    pub(super) fn enter(&self, key: &str) -> Option<Self> {
        self.schemas.iter().find_map(|schema| {
            let inner = match key {
                "*" if schema.get("items").is_some() => schema.get("items")?,
                key => match member(schema, key) {
                    Some(found) => found.schema,
                    None => schema.get("additionalProperties").filter(|any| any.is_object())?,
                },
            };
            Some(Self::new(self.root, inner))
        })
    }

    /// Goes through several keys; `None` where names of the author's own stand.
    pub(super) fn follow(self, path: &[&str]) -> Option<Self> {
        const FREE: [&str; 7] = ["set", "yield", "return", "body", "headers", "details", "config"];
        let mut grammar = self;
        for key in path {
            if FREE.contains(key) {
                return None;
            }
            grammar = grammar.enter(key)?;
        }
        Some(grammar)
    }

    /// The keys of a map here.
    pub(super) fn keys(&self) -> Vec<Key> {
        let mut found: Vec<Key> = Vec::new();
        for schema in &self.schemas {
            for member in members(schema) {
                if !found.iter().any(|known| known.name == member.name) {
                    found.push(Key {
                        name: member.name,
                        required: member.required,
                        grammar: Self::new(self.root, member.schema),
                    });
                }
            }
        }
        found
    }

    /// The values that are listed here.
    pub(super) fn values(&self) -> Vec<Value> {
        let mut found = Vec::new();
        for value in self.schemas.iter().flat_map(|schema| values(schema)) {
            if !found.contains(&value) {
                found.push(value);
            }
        }
        found
    }

    /// What the key that leads here does.
    pub(super) fn docs(&self) -> Option<&'static str> {
        self.docs
    }

    /// What is used where nothing is given.
    pub(super) fn default_value(&self) -> Option<&'static Value> {
        self.schemas
            .iter()
            .find_map(|schema| SchemaView::of(schema).default_value())
    }

    /// Whether steps stand here, alone or beside something else.
    pub(super) fn is_steps(&self) -> bool {
        let step = &self.root["$defs"]["steps"]["items"];
        let mut items = self.schemas.iter().filter_map(|schema| schema.get("items"));
        !step.is_null() && items.any(|items| items == step)
    }

    pub(super) fn shape(&self) -> Shape {
        if self.is_steps() && self.values().is_empty() {
            return Shape::Steps;
        }
        let types = |schema: &&'static Value| SchemaView::of(schema).types();
        let is_map = |types: TypeSet| types.without(TypeSet::NULL) == TypeSet::OBJECT;
        match self.schemas.as_slice() {
            [only] if is_map(types(only)) => Shape::Map,
            _ => Shape::Scalar,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks all keys; `path` tells where they are.
    fn undocumented(grammar: &Grammar, path: &str, depth: usize, found: &mut Vec<String>) -> usize {
        let mut count = 0;
        for key in grammar.keys() {
            let path = format!("{path}/{}", key.name);
            count += 1;
            if key.grammar.docs().is_none() {
                found.push(path.clone());
            }
            // Steps hold steps; a field's schema is told elsewhere.
            if depth > 0 && !key.grammar.is_steps() && key.name != "input" {
                count += undocumented(&key.grammar, &path, depth - 1, found);
            }
        }
        count
    }

    #[test]
    fn every_key_says_what_it_does() {
        let mut found = Vec::new();
        let count = undocumented(&Grammar::flow(), "", 6, &mut found)
            + undocumented(&Grammar::step(), "step", 6, &mut found)
            + undocumented(&Grammar::workspace(), "workspace", 6, &mut found);
        assert_eq!(found, Vec::<String>::new());
        assert!(count > 70, "only {count}");
    }
}
