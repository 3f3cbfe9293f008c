//! Flows by chance: what a run answers, its document has declared, body and all.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError, Actions};
use lockgate_engine::journal::NoJournal;
use lockgate_engine::outcome::Response;
use lockgate_engine::{Executor, RunOptions};
use lockgate_flow::catalog::{ActionSpec, Catalog};
use lockgate_flow::schema::compile;
use lockgate_flow::source::Source;
use lockgate_flow::workspace::Workspace;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::laboratory::{catalog, resolved};
use super::sound::check;
use crate::openapi::document;

/// `test.act`: fails with the code that it is given, unless that is `none`.
struct Act(Arc<ActionSpec>);

#[async_trait]
impl Action for Act {
    fn spec(&self) -> &Arc<ActionSpec> {
        &self.0
    }

    async fn call(&self, _: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        match input["fail"].as_str() {
            Some("none") | None => Ok(json!({ "id": "a", "count": 1, "tags": ["x"] })),
            Some("remote") => {
                Err(ActionError::new("remote", "as told").with_provider(json!({ "status": 418 })))
            }
            Some(code) => Err(ActionError::new(code.to_owned(), "as told")),
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Act(u8, On),
    Choice(u8, Vec<Step>, Vec<Step>, On),
    Parallel(Vec<Step>, Vec<Step>, On),
    Each(Vec<Step>),
    Call(On),
    Respond(u16, u8),
    Return(u8),
    Redirect,
    Fail(u16, bool),
    Set(u8),
}

#[derive(Clone, Debug)]
enum On {
    Nothing,
    Continue,
    All(Vec<Step>),
    Gone(Vec<Step>),
    GoneOrAny(Vec<Step>, Vec<Step>),
}

const BODIES: [&str; 12] = [
    "plain",
    "{{input.s}}",
    "{{optional input.o}}",
    "{{default input.o 3}}",
    "text {{input.s}} {{omit_if_missing input.o}}",
    "{{omit_if_missing input.o}}",
    "{{input.l}}",
    "{{input.l.[0]}}",
    "{{coalesce input.o null}}",
    "{{add 1 2}}",
    "{{vars.v}}",
    "{{vars.w.x}}",
];

fn body(number: u8) -> Value {
    let text = |number: u8| json!(BODIES[usize::from(number) % BODIES.len()]);
    match number / 12 {
        0 => text(number),
        1 => json!({ "a": text(number), "b": true, "c": text(number.wrapping_mul(7)) }),
        2 => json!([text(number), 1, { "d": text(number.wrapping_add(3)) }]),
        3 => json!({ "fixed": [1, "a", null], "none": null, "nested": { "x": 1.5 } }),
        _ => json!(number),
    }
}

fn steps(depth: u32) -> BoxedStrategy<Vec<Step>> {
    prop::collection::vec(step(depth), 0..4).boxed()
}

fn on(depth: u32) -> BoxedStrategy<On> {
    if depth == 0 {
        return prop_oneof![Just(On::Nothing), Just(On::Continue)].boxed();
    }
    prop_oneof![
        2 => Just(On::Nothing),
        1 => Just(On::Continue),
        1 => steps(depth - 1).prop_map(On::All),
        2 => steps(depth - 1).prop_map(On::Gone),
        1 => (steps(depth - 1), steps(depth - 1)).prop_map(|(a, b)| On::GoneOrAny(a, b)),
    ]
    .boxed()
}

fn step(depth: u32) -> BoxedStrategy<Step> {
    let leaf = prop_oneof![
        3 => (200..600_u16, any::<u8>()).prop_map(|(status, body)| Step::Respond(status, body % 60)),
        2 => any::<u8>().prop_map(|body| Step::Return(body % 60)),
        1 => Just(Step::Redirect),
        2 => (400..600_u16, any::<bool>()).prop_map(|(status, open)| Step::Fail(status, open)),
        2 => any::<u8>().prop_map(|body| Step::Set(body % 60)),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    prop_oneof![
        3 => leaf,
        3 => (0..3_u8, on(depth)).prop_map(|(which, on)| Step::Act(which, on)),
        2 => (0..3_u8, steps(depth - 1), steps(depth - 1), on(depth))
            .prop_map(|(which, a, b, on)| Step::Choice(which, a, b, on)),
        1 => (steps(depth - 1), steps(depth - 1), on(depth)).prop_map(|(a, b, on)| Step::Parallel(a, b, on)),
        1 => steps(depth - 1).prop_map(Step::Each),
        1 => on(depth).prop_map(Step::Call),
    ]
    .boxed()
}

/// Steps as a flow file has them. The checker refuses what can never run: nothing is written after an end.
#[derive(Default)]
struct Writer {
    ids: usize,
}

impl Writer {
    fn list(&mut self, steps: &[Step]) -> Value {
        let mut written = Vec::new();
        for step in steps {
            let ends = matches!(step, Step::Return(_) | Step::Fail(..));
            written.push(self.step(step));
            if ends {
                break;
            }
        }
        if written.is_empty() {
            written.push(json!({ "set": { "unused": 1 } }));
        }
        Value::Array(written)
    }

    fn step(&mut self, step: &Step) -> Value {
        self.ids += 1;
        let id = format!("s{}", self.ids);
        match step {
            Step::Act(which, on) => {
                let code = format!("{{{{input.f{which}}}}}");
                let step = json!({ "id": id, "action": "test.act", "with": { "fail": code } });
                self.on_error(step, on, true)
            }
            Step::Choice(which, then, otherwise, on) => {
                let step = json!({
                    "if": format!("input.b{which}"), "then": self.list(then), "else": self.list(otherwise),
                });
                self.on_error(step, on, false)
            }
            Step::Parallel(a, b, on) => {
                let step = json!({ "parallel": { "a": self.list(a), "b": self.list(b) } });
                self.on_error(step, on, false)
            }
            Step::Each(steps) => {
                json!({ "id": id, "for_each": "input.l", "steps": self.list(steps), "yield": "{{item}}" })
            }
            Step::Call(on) => {
                let step = json!({ "id": id, "call": "inner", "with": { "f0": "{{input.f0}}" } });
                self.on_error(step, on, true)
            }
            Step::Respond(status, number) => {
                json!({ "respond": { "status": status, "body": body(*number) } })
            }
            Step::Return(number) => json!({ "return": body(*number) }),
            Step::Redirect => json!({ "redirect": "https://example.com/{{input.s}}" }),
            Step::Fail(status, false) => {
                json!({ "fail": { "code": "as_told", "status": status, "message": "No." } })
            }
            Step::Fail(status, true) => json!({ "fail": {
                "code": "{{input.f1}}", "status": format!("{{{{default input.o {status}}}}}"), "message": "{{input.s}}"
            } }),
            Step::Set(number) => json!({ "set": { "v": body(number % 10), "w": { "x": body(number % 7) } } }),
        }
    }

    fn on_error(&mut self, mut step: Value, on: &On, may_continue: bool) -> Value {
        let handler = match on {
            On::Nothing => return step,
            On::Continue if may_continue => json!("continue"),
            On::Continue => json!([{ "set": { "unused": 2 } }]),
            On::All(steps) => self.list(steps),
            On::Gone(steps) => json!({ "gone": self.list(steps) }),
            On::GoneOrAny(gone, any) => json!({ "gone": self.list(gone), "*": self.list(any) }),
        };
        step["on_error"] = handler;
        step
    }
}

fn flow(name: &str, trigger: Option<&str>, steps: &[Step], on_error: &[Step]) -> String {
    let code = json!({ "enum": ["none", "gone", "locked", "other", "remote"], "default": "none" });
    let flag = json!({ "type": "boolean", "default": false });
    let mut writer = Writer::default();
    let mut written = json!([{ "set": { "v": 1, "w": { "x": "{{input.s}}" } } }]);
    if let (Value::Array(all), Value::Array(more)) = (&mut written, writer.list(steps)) {
        all.extend(more);
    }
    let mut flow = json!({
        "name": name,
        "input": {
            "s": { "type": "string", "default": "s" }, "o": { "type": "integer", "required": false },
            "l": { "type": "array", "items": { "type": "string" }, "default": ["a", "b"] },
            "f0": code, "f1": code, "f2": code, "b0": flag, "b1": flag, "b2": flag,
        },
        "steps": written,
    });
    if let Some(trigger) = trigger {
        flow["trigger"] = json!({ "http": trigger });
    }
    if !on_error.is_empty() {
        flow["on_error"] = writer.list(on_error);
    }
    flow.to_string()
}

fn inputs() -> impl Strategy<Value = Map<String, Value>> {
    let code = || prop::sample::select(vec!["none", "none", "gone", "locked", "other", "remote"]);
    let missing = prop::option::of(prop_oneof![Just(404_i64), Just(7), Just(503)]);
    (
        [code(), code(), code()],
        any::<[bool; 3]>(),
        missing,
        any::<bool>(),
    )
        .prop_map(|(codes, flags, o, is_empty)| {
            let mut input = Map::new();
            for (number, (code, flag)) in codes.into_iter().zip(flags).enumerate() {
                input.insert(format!("f{number}"), json!(code));
                input.insert(format!("b{number}"), json!(flag));
            }
            if let Some(o) = o {
                input.insert("o".to_owned(), json!(o));
            }
            if is_empty {
                input.insert("l".to_owned(), json!([]));
            }
            input
        })
}

/// What the document says about an answer of `POST /test`: the answer is one of those.
fn is_declared(document: &Value, answer: &Response) -> Result<(), String> {
    let responses = &document["paths"]["/test"]["post"]["responses"];
    let status = answer.status.to_string();
    let range = format!("{}XX", answer.status / 100);
    let declared = [status.as_str(), range.as_str(), "default"]
        .into_iter()
        .map(|key| &responses[key])
        .find(|response| !response.is_null())
        .ok_or_else(|| format!("{status} is not declared"))?;
    let declared = resolved(document, declared);
    let Some(body) = answer
        .body
        .as_ref()
        .filter(|_| ![204, 205, 304].contains(&answer.status))
    else {
        return Ok(());
    };
    let named = answer.headers.iter().find(|(name, _)| name == "content-type");
    let media = named.map_or("application/json", |(_, media)| media);
    let schema = declared
        .pointer(&format!("/content/{}/schema", media.replace('/', "~1")))
        .ok_or_else(|| format!("{status} has no {media} in {declared:#}"))?;
    let schema = json!({ "components": document["components"], "allOf": [schema] });
    let validator = compile(&schema).map_err(|problem| format!("{problem:?}"))?;
    if validator.is_valid(body) {
        return Ok(());
    }
    Err(format!("{status}: {body} is not {schema:#}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, max_global_rejects: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_answer_is_declared(
        outer in steps(3),
        inner in steps(2),
        on_error in prop_oneof![Just(Vec::new()), steps(1)],
        inputs in prop::collection::vec(inputs(), 6),
    ) {
        let texts = [
            flow("test", Some("POST /test"), &outer, &on_error),
            flow("inner", None, &inner, &[]),
        ];
        let catalog: Catalog = catalog();
        let sources: Vec<_> = texts
            .iter()
            .enumerate()
            .map(|(index, text)| Source::new(format!("flows/{index}.yaml"), text.as_str()))
            .collect();
        let workspace = Workspace::check(None, &sources, &catalog);
        prop_assume!(!workspace.has_errors());
        let flows: Vec<_> = workspace.runnable().into_values().collect();
        let document = document(&flows, &BTreeMap::new());
        check(&document);
        let mut actions = Actions::new();
        actions.add(Act(Arc::clone(catalog.action("test.act").unwrap())));
        let executor = Executor::new(actions).with_flows(flows.iter().cloned());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let test = flows.iter().find(|flow| flow.name == "test").unwrap();
        for input in inputs {
            let shown = json!(input);
            let input = test.input.validate(input).unwrap();
            let given = OnceLock::new();
            let responder = |response: &Response| {
                let _ = given.set(response.clone());
            };
            let options = RunOptions { responder: Some(&responder), ..RunOptions::new("run".to_owned()) };
            let outcome = runtime.block_on(executor.run(test, input, options, &NoJournal));
            let answer = given.get().cloned().unwrap_or_else(|| outcome.answer());
            if let Err(problem) = is_declared(&document, &answer) {
                prop_assert!(false, "{problem}\n{}\n{}\ninput {shown}", texts[0], texts[1]);
            }
        }
    }
}
