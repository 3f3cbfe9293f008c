//! JSON Schemas of flow files and of `lockgate.yaml`, for editors: generated from the declarations, so that an editor
//! with a YAML language server completes actions and their arguments and shows their documentation.
//!
//! They are looser than the checker in one thing: where a value may stand, an expression may stand too.

use serde_json::{Map, Value, json};

use crate::catalog::{ActionSpec, Catalog};
use crate::schema::{SchemaView, TypeSet};
use crate::syntax::{DRAFT_7_KEYWORDS, Missed};
use crate::workspace::LANGUAGE_VERSION;

const DIALECT: &str = "http://json-schema.org/draft-07/schema#";
const DURATION: &str = "^([0-9]+(ms|s|m|h|d)|P.+)$";

/// The schema of a flow file. Draft 7, because that is what editors' YAML language servers read.
pub fn flow_schema(catalog: &Catalog) -> Value {
    json!({
        "$schema": DIALECT,
        "title": "Lockgate flow",
        "type": "object",
        "required": ["steps"],
        "additionalProperties": false,
        "properties": {
            "name": text("Unique in the workspace. The file's stem where it is not given.", Some("^[a-z0-9]+(-[a-z0-9]+)*$")),
            "description": text("What the flow is for.", None),
            "trigger": trigger(),
            "input": {
                "description": "The fields that the flow takes: a JSON Schema each.",
                "type": ["object", "null"],
                "additionalProperties": { "$ref": "#/$defs/field" },
            },
            "steps": steps("What the flow does, in order."),
            "on_error": steps("Steps that run when an error leaves `steps`; `error` is in scope."),
            "timeout": duration("Longest time that the run may be active. Waiting does not count. 30s where it is not given."),
            "durable": { "type": "boolean", "default": true, "description": "`false` keeps the run out of the journal: faster, lost in a crash." },
            "concurrency": concurrency(),
        },
        "$defs": {
            "steps": { "type": "array", "items": { "$ref": "#/$defs/step" } },
            "step": step(catalog),
            "field": field(),
            "expression": {
                "description": "One bare expression, like `eq input.plan \"pro\"`.",
                "type": ["string", "boolean", "number"],
            },
            "on_error": {
                "description": "`continue`, a list of steps, or a map from error code to steps (`\"*\"`: any other).",
                "anyOf": [
                    { "const": "continue" },
                    { "$ref": "#/$defs/steps" },
                    { "type": "object", "additionalProperties": { "anyOf": [{ "const": "continue" }, { "$ref": "#/$defs/steps" }] } },
                ],
            },
            "retry": retry(),
        },
    })
}

fn text(description: &str, pattern: Option<&str>) -> Value {
    let mut schema = json!({ "type": "string", "description": description });
    if let (Some(pattern), Some(object)) = (pattern, schema.as_object_mut()) {
        object.insert("pattern".to_owned(), json!(pattern));
    }
    schema
}

fn steps(description: &str) -> Value {
    json!({ "description": description, "type": "array", "items": { "$ref": "#/$defs/step" } })
}

fn duration(description: &str) -> Value {
    text(
        &format!("{description} `200ms`, `30s`, `5m`, `2h`, `3d` or ISO 8601."),
        Some(DURATION),
    )
}

fn concurrency() -> Value {
    json!({
        "description": "How many runs go on at once; the others wait for their turn. A number, or a map with `limit`.",
        "anyOf": [
            { "type": "integer", "minimum": 1, "maximum": 100_000 },
            {
                "type": "object",
                "required": ["limit"],
                "additionalProperties": false,
                "properties": {
                    "limit": { "description": "How many at once: of each key, or of the flow where there is no key.", "type": "integer", "minimum": 1, "maximum": 100_000 },
                    "key": { "description": "What tells runs apart, like `\"{{input.email}}\"`: made of `input` and `config`." },
                    "total": { "description": "How many at once of all keys together.", "type": "integer", "minimum": 1, "maximum": 100_000 },
                    "queue": { "description": "How many may wait, of all keys together.", "type": "integer", "minimum": 0, "maximum": 1_000_000, "default": 1000 },
                },
            },
        ],
    })
}

fn trigger() -> Value {
    json!({
        "description": "How the flow is started; without one, from the command line, the API or another flow.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "http": {
                "description": "`METHOD /path/:param`, or a map.",
                "anyOf": [
                    { "type": "string", "pattern": "^(GET|POST|PUT|PATCH|DELETE) /" },
                    {
                        "type": "object",
                        "required": ["method", "path"],
                        "additionalProperties": false,
                        "properties": {
                            "method": { "description": "The HTTP method of the route.", "enum": ["GET", "POST", "PUT", "PATCH", "DELETE"] },
                            "path": text("The path of the route; `:name` stands for one segment, which is the input field of that name.", Some("^/")),
                            "auth": {
                                "description": "How callers prove who they are: `none`, or a kind with the connection that holds the secret.",
                                "anyOf": [
                                    { "enum": ["none", "bearer", "basic", "hmac"] },
                                    { "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false,
                                      "properties": {
                                          "bearer": text("The connection with the token that callers send.", None),
                                          "basic": text("The connection with the name and password that callers send.", None),
                                          "hmac": text("The connection with the secret that callers sign with.", None),
                                      } },
                                ],
                            },
                            "cors": { "description": "Origins that browsers may call from.",
                                      "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] },
                            "rate_limit": {
                                "description": "Like `20/min`, by the caller's address or by an input field.",
                                "anyOf": [
                                    { "type": "string", "pattern": "^[0-9]+/(s|sec|min|h)$" },
                                    { "type": "object", "required": ["limit"], "additionalProperties": false,
                                      "properties": {
                                          "limit": text("How many calls in which time, like `20/min`; units are `s`, `min` and `h`.", None),
                                          "by": text("What calls are counted by: `address`, or an input field like `input.email`.", None),
                                      } },
                                ],
                            },
                            "max_body": { "description": "Longest body: `256kb`, `1mb`, or bytes.", "type": ["string", "integer"] },
                        },
                    },
                ],
            },
            "schedule": {
                "description": "A cron line of five fields, or a map with `cron`.",
                "anyOf": [
                    { "type": "string" },
                    { "type": "object", "required": ["cron"], "additionalProperties": false,
                      "properties": {
                          "cron": text("Minute, hour, day of month, month, day of week: `0 6 * * 1-5`.", None),
                          "timezone": text("A name of the IANA database, like `Europe/Berlin`; UTC where it is not given.", None),
                          "missed": { "description": "What becomes of due times at which nothing was running: `skip`, or `once`: one run for the last of them.", "enum": Missed::ALL.map(Missed::name), "default": "skip" },
                          "overlap": { "description": "Whether a run starts while the one before still goes on.", "type": "boolean", "default": false },
                      } },
                ],
            },
        },
    })
}

/// JSON Schema's own keywords, as its draft 7 describes them, with our additions in place of its `required`.
fn field() -> Value {
    let mut properties: Map<String, Value> = DRAFT_7_KEYWORDS
        .iter()
        .map(|keyword| {
            (
                (*keyword).to_owned(),
                json!({ "$ref": format!("{DIALECT}/properties/{keyword}") }),
            )
        })
        .collect();
    let own = [
        (
            "required",
            json!({ "description": "`false`: the field may be left out. For an object's own fields, their list.", "type": ["boolean", "array"] }),
        ),
        (
            "secret",
            json!({ "description": "Masked wherever it would be written.", "type": "boolean" }),
        ),
        (
            "default",
            json!({ "description": "Used where the field is not given." }),
        ),
    ];
    properties.extend(own.map(|(name, schema)| (name.to_owned(), schema)));
    json!({
        "anyOf": [
            { "enum": ["string", "integer", "number", "boolean", "array", "object"] },
            { "type": "null" },
            { "type": "object", "properties": properties },
        ],
    })
}

fn retry() -> Value {
    json!({
        "description": "How often and when a failed attempt is repeated. `retry: 5` is short for `attempts`.",
        "anyOf": [
            { "type": "integer", "minimum": 1, "maximum": 100 },
            {
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "attempts": { "description": "How often it is tried in all.", "type": "integer", "minimum": 1, "maximum": 100, "default": 3 },
                    "delay": duration("Before the second attempt; doubles from there."),
                    "max_delay": duration("Never longer than this."),
                    "codes": { "description": "The errors that are worth another attempt; those that pass by themselves where it is not given.", "type": "array", "items": { "type": "string" } },
                },
            },
        ],
    })
}

fn step(catalog: &Catalog) -> Value {
    let properties: Map<String, Value> = [common_keys(), choosing_keys(catalog), doing_keys()]
        .into_iter()
        .filter_map(|keys| match keys {
            Value::Object(keys) => Some(keys),
            _ => None,
        })
        .flatten()
        .collect();
    let verbs = [
        "action", "then", "else", "switch", "parallel", "for_each", "set", "wait", "call", "respond",
        "return", "redirect", "fail",
    ];
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "anyOf": verbs.iter().map(|verb| json!({ "required": [verb] })).collect::<Vec<_>>(),
        "allOf": catalog.actions().map(|spec| action(spec)).collect::<Vec<_>>(),
    })
}

/// The keys of every step.
fn common_keys() -> Value {
    json!({
        "id": text("Its result is `steps.<id>`.", Some("^[A-Za-z_][A-Za-z0-9_]*$")),
        "name": text("What graph and progress show.", None),
        "notes": text("For people.", None),
        "if": { "$ref": "#/$defs/expression", "description": "Whether the step runs; with `then` and `else` it chooses." },
        "timeout": duration("Longest time for the step, all attempts together."),
        "retry": { "$ref": "#/$defs/retry" },
        "on_error": { "$ref": "#/$defs/on_error" },
        "secret": { "type": "boolean", "description": "The result is masked wherever it would be written." },
    })
}

/// The keys of the verbs that call actions and that choose and repeat steps.
fn choosing_keys(catalog: &Catalog) -> Value {
    json!({
        "action": {
            "description": "Calls an action; its result is `steps.<id>`.",
            "anyOf": catalog.actions().map(|spec| json!({ "const": spec.name, "description": spec.summary })).collect::<Vec<_>>(),
        },
        "with": { "description": "The input." },
        "connection": text("A connection of the workspace; may be left out where only one fits.", None),
        "then": steps("What happens if the condition is true."),
        "else": steps("What happens if it is false."),
        "switch": { "$ref": "#/$defs/expression", "description": "Takes the case that equals this value." },
        "cases": { "description": "From value to steps.", "type": "object", "additionalProperties": { "$ref": "#/$defs/steps" } },
        "default": steps("What happens if no case equals the value."),
        "parallel": { "description": "Runs the branches at once: a map from name to steps.", "type": "object", "additionalProperties": { "$ref": "#/$defs/steps" } },
        "for_each": { "description": "An expression that gives a list.", "anyOf": [{ "$ref": "#/$defs/expression" }, { "type": "array" }] },
        "as": text("What an element is called; `item` where it is not given.", Some("^[A-Za-z_][A-Za-z0-9_]*$")),
        "at_once": { "description": "Most elements at once.", "type": "integer", "minimum": 1, "maximum": 1000, "default": 1 },
        "steps": steps("Runs for each element."),
        "yield": { "description": "What each element adds to the result." },
    })
}

/// The keys of the other verbs.
fn doing_keys() -> Value {
    json!({
        "set": { "description": "Sets `vars.*`.", "type": "object" },
        "wait": {
            "description": "A duration, or `until` a time.",
            "anyOf": [
                { "type": "string" },
                { "type": "object", "required": ["until"], "additionalProperties": false, "properties": { "until": text("A time with its zone (RFC 3339), or an expression that gives one.", None) } },
            ],
        },
        "call": text("The name of a flow to run; the result is what it returned.", None),
        "respond": {
            "description": "Answers the HTTP caller; the steps after it still run.",
            "type": ["object", "null"],
            "additionalProperties": false,
            "properties": {
                "status": { "description": "The HTTP status, from 200 to 599.", "type": ["integer", "string"], "default": 200 },
                "headers": { "description": "Headers by name: a text or a list of texts; one that is null is left out.", "type": "object" },
                "body": { "description": "The body: any value, with expressions in its texts." },
            },
        },
        "return": { "description": "Ends the run with this result." },
        "redirect": {
            "description": "Answers with a redirect.",
            "anyOf": [
                { "type": "string" },
                { "type": "object", "required": ["to"], "additionalProperties": false,
                  "properties": {
                      "to": text("Where the caller is sent.", None),
                      "status": { "description": "The HTTP status: 303 asks for a GET, 302 and 307 are temporary, 301 and 308 for good.", "enum": [301, 302, 303, 307, 308], "default": 303 },
                  } },
            ],
        },
        "fail": {
            "description": "Ends the run as failed.",
            "type": "object",
            "required": ["code", "message"],
            "additionalProperties": false,
            "properties": {
                "code": text("For programs, like `email_taken`.", Some("^[A-Za-z_][A-Za-z0-9_]*$|\\{\\{")),
                "message": text("For people.", None),
                "status": { "description": "The HTTP status, from 400 to 599.", "anyOf": [{ "type": "integer", "minimum": 400, "maximum": 599 }, { "type": "string", "pattern": "\\{\\{" }], "default": 422 },
                "details": { "description": "Anything more for the caller." },
            },
        },
    })
}

/// If the action is this one, its arguments are these.
fn action(spec: &ActionSpec) -> Value {
    let with = with_expressions(spec.input.view(), true);
    json!({
        "if": { "properties": { "action": { "const": spec.name } }, "required": ["action"] },
        "then": { "properties": { "with": with } },
    })
}

/// A schema in which an expression may stand wherever a value may.
fn with_expressions(schema: SchemaView<'_>, top: bool) -> Value {
    let Some(keywords) = schema.as_value().as_object() else {
        return schema.as_value().clone();
    };
    let mut loose = Map::new();
    for (keyword, value) in keywords {
        let value = match keyword.as_str() {
            "secret" | "html" | "exposed" => continue,
            "properties" => Value::Object(
                value
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(name, property)| (name.clone(), with_expressions(SchemaView::of(property), false)))
                    .collect(),
            ),
            "items" | "additionalProperties" if value.is_object() => {
                with_expressions(SchemaView::of(value), false)
            }
            _ => value.clone(),
        };
        loose.insert(keyword.clone(), value);
    }
    let says_more = loose
        .keys()
        .any(|keyword| !matches!(keyword.as_str(), "type" | "description"));
    let plain_text = schema.types() == TypeSet::STRING && !says_more;
    if top || plain_text || schema.types() == TypeSet::ANY && !says_more {
        return Value::Object(loose);
    }
    let description = loose.shift_remove("description");
    let mut either = json!({ "anyOf": [Value::Object(loose), { "type": "string", "pattern": "\\{\\{" }] });
    if let (Some(description), Some(object)) = (description, either.as_object_mut()) {
        object.insert("description".to_owned(), description);
    }
    either
}

/// The schema of `lockgate.yaml`.
pub fn workspace_schema(catalog: &Catalog) -> Value {
    let settings: Vec<Value> = catalog
        .connections()
        .map(|spec| {
            let mut properties = Map::new();
            for name in spec.settings.view().property_names() {
                if let Some(property) = spec.settings.view().property(name) {
                    let description = property.description().unwrap_or_default();
                    let mut loose = json!({ "type": ["string", "boolean", "number", "array", "object"] });
                    if property.types() == TypeSet::STRING {
                        loose = json!({ "type": "string" });
                    }
                    if let Some(object) = loose.as_object_mut() {
                        object.insert("description".to_owned(), json!(description));
                    }
                    properties.insert(name.to_owned(), loose);
                }
            }
            properties.insert("type".to_owned(), json!({ "const": spec.type_name }));
            let required: Vec<&str> = spec
                .settings
                .view()
                .property_names()
                .filter(|name| spec.settings.view().requires(name))
                .collect();
            json!({
                "if": { "properties": { "type": { "const": spec.type_name } }, "required": ["type"] },
                "then": { "properties": properties, "required": required, "additionalProperties": false },
            })
        })
        .collect();
    json!({
        "$schema": DIALECT,
        "title": "Lockgate workspace",
        "type": "object",
        "required": ["version"],
        "additionalProperties": false,
        "properties": {
            "version": { "description": "Of the flow language.", "const": LANGUAGE_VERSION },
            "connections": {
                "description": "What steps talk to, by name. `${NAME}` reads the environment and `.env`, `${NAME:-default}` with a default.",
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "required": ["type"],
                    "properties": {
                        "type": { "anyOf": catalog.connections().map(|spec| json!({ "const": spec.type_name, "description": spec.summary })).collect::<Vec<_>>() },
                    },
                    "allOf": settings,
                },
            },
            "config": { "description": "Constants, `config.*` in expressions.", "type": "object" },
            "http": {
                "description": "What `http.request` may do beside reaching public addresses.",
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "allow": {
                        "description": "Networks (`10.0.0.0/8`), addresses and host names that it may reach although they are not public.",
                        "type": "array",
                        "items": { "type": "string" },
                    },
                },
            },
            "store": store(),
        },
    })
}

fn store() -> Value {
    json!({
        "description": "Where and how runs are kept.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "path": { "description": "The database file, relative to the workspace.", "type": "string", "default": ".lockgate/runs.db" },
            "durability": {
                "description": "`full`: what was promised is on the disk. `batched`: a crash takes the last `flush_interval`.",
                "enum": ["full", "batched"],
                "default": "full",
            },
            "flush_interval": duration("With `batched`: the longest time between two writes to the disk, from 1ms to 1s. 20ms where it is not given."),
            "retention": {
                "description": "How long ended runs are kept, whichever is over first.",
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "age": {
                        "description": "Since their end: `1d` or more, or `none`. 30d where it is not given.",
                        "anyOf": [{ "const": "none" }, { "type": "string", "pattern": DURATION }],
                    },
                    "count": {
                        "description": "How many, or `none`.",
                        "anyOf": [{ "const": "none" }, { "type": "integer", "minimum": 1, "maximum": u32::MAX }],
                        "default": 1_000_000,
                    },
                },
            },
        },
    })
}
