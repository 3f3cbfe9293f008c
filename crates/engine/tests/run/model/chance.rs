//! Flows that chance writes: every byte decides something.

use serde_json::{Value, json};

/// The file of a flow, as JSON, which is YAML too.
pub(super) fn flow(bytes: &[u8]) -> Value {
    let mut chance = Chance {
        bytes: bytes.iter().copied(),
        ids: 0,
        loops: 0,
    };
    let mut flow = json!({
        "name": "chance",
        "input": { "a": {}, "list": { "type": "array" } },
        "steps": chance.steps(3, 8),
    });
    if chance.one_in(2) {
        flow["on_error"] = chance.list(1, true);
    }
    flow
}

struct Chance<I> {
    bytes: I,
    /// Steps so far; each has an id.
    ids: usize,
    loops: usize,
}

impl<I: Iterator<Item = u8>> Chance<I> {
    fn pick(&mut self, choices: usize) -> usize {
        usize::from(self.bytes.next().unwrap_or(0)) % choices
    }

    fn one_of<const N: usize>(&mut self, choices: [&'static str; N]) -> &'static str {
        choices[self.pick(N)]
    }

    fn one_in(&mut self, choices: usize) -> bool {
        self.pick(choices) == choices - 1
    }

    fn list(&mut self, depth: usize, filled: bool) -> Value {
        let most = self.pick(4) + usize::from(filled);
        self.steps(depth, most)
    }

    fn steps(&mut self, depth: usize, length: usize) -> Value {
        (0..length).map(|_| self.step(depth)).collect()
    }

    /// A value, often one that refers to something that may not be there.
    fn value(&mut self) -> Value {
        let step = self.pick(self.ids + 1);
        let variable = self.pick(2);
        let text = match self.pick(12) {
            0 => return json!(self.pick(3)),
            1 => return json!({ "x": "{{input.a}}", "y": [1, "{{default vars.v0 0}}"] }),
            2 => "{{input.a}}".to_owned(),
            3 if self.one_in(3) => format!("{{{{steps.s{step}.x}}}}"),
            6 if self.one_in(2) => format!("{{{{vars.v{variable}}}}}"),
            3..=5 => format!("{{{{default steps.s{step}.x \"none\"}}}}"),
            6 | 7 => format!("{{{{default vars.v{variable} 0}}}}"),
            8 => "{{default error.code \"none\"}}".to_owned(),
            9 if self.loops > 0 => "{{to_json item}}".to_owned(),
            10 if self.loops > 0 => format!("{{{{index}}}} of {{{{default item{} 0}}}}", self.loops - 1),
            _ => format!("{{{{default steps.s{step}.error.code \"fine\"}}}} and text"),
        };
        json!(text)
    }

    fn condition(&mut self) -> String {
        let step = self.pick(self.ids + 1);
        match self.pick(7) {
            0 => "eq input.a 1".to_owned(),
            1 => format!("exists steps.s{step}"),
            2 => "vars.v0".to_owned(),
            3 => format!("steps.s{step}.x"),
            4 => "gt input.a vars.v1".to_owned(),
            5 => "error".to_owned(),
            _ => "not (eq (default vars.v1 0) 1)".to_owned(),
        }
    }

    fn step(&mut self, depth: usize) -> Value {
        let id = format!("s{}", self.ids);
        self.ids += 1;
        let mut verb = self.verb(depth);
        verb["id"] = json!(id);
        let chooses = verb.get("then").is_some();
        if !chooses && self.one_in(4) {
            verb["if"] = json!(self.condition());
        }
        if self.one_in(3) {
            verb["on_error"] = match self.pick(4) {
                0 => json!("continue"),
                1 => self.list(depth.saturating_sub(1), true),
                2 => json!({ "busy": "continue", "*": self.list(depth.saturating_sub(1), true) }),
                _ => {
                    json!({ "refused": self.list(depth.saturating_sub(1), true), "missing_value": "continue" })
                }
            };
        }
        verb
    }

    fn verb(&mut self, depth: usize) -> Value {
        let verb = self.pick(if depth == 0 { 10 } else { 15 });
        match verb {
            0 => json!({ "action": "test.echo", "with": { "x": self.value() } }),
            1 | 9 => json!({ "action": "test.once", "with": { "value": self.value() } }),
            2 if self.one_in(2) => {
                json!({ "action": "test.fail", "with": { "code": self.one_of(["busy", "refused"]) } })
            }
            2..=5 => {
                let variable = format!("v{}", self.pick(2));
                json!({ "set": { variable: self.value() } })
            }
            6 => json!({ "respond": { "body": self.value() } }),
            7 if self.one_in(6) => json!({ "return": self.value() }),
            8 if self.one_in(6) => json!({ "fail": { "code": "mine", "message": self.value() } }),
            7 | 8 => json!({ "wait": "0s" }),
            10 | 11 => {
                json!({ "if": self.condition(), "then": self.list(depth - 1, true), "else": self.list(depth - 1, false) })
            }
            12 => {
                let mut step = json!({
                    "switch": self.one_of(["input.a", "default vars.v0 9"]),
                    "cases": { "1": self.list(depth - 1, true), "none": self.list(depth - 1, false) },
                });
                if self.one_in(2) {
                    step["default"] = self.list(depth - 1, true);
                }
                step
            }
            13 => {
                let list = self.one_of(["input.list", "input.list", "input.list", "vars.v0"]);
                self.loops += 1;
                let mut step = json!({
                    "for_each": list, "at_once": 1 + self.pick(3), "steps": self.list(depth - 1, true),
                });
                if self.one_in(2) {
                    step["yield"] = self.value();
                }
                self.loops -= 1;
                if self.one_in(2) {
                    step["as"] = json!(format!("item{}", self.loops));
                }
                step
            }
            _ => {
                json!({ "parallel": { "left": self.list(depth - 1, true), "right": self.list(depth - 1, true) } })
            }
        }
    }
}
