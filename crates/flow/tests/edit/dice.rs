//! Choices out of what proptest rolled, so that it can make them smaller.

use lockgate_flow::edit::{Edit, NewStep, Slot, Wrapper};
use serde_json::{Value, json};

use crate::flows::Flow;

/// Steps as people paste them.
pub(crate) const PASTED: &[&str] = &[
    "return: 1\n",
    "# pasted note-p1!\nset: { a: 'b' } # note-p2!\n",
    "- id: user\n  action: log\n  with: { message: |-\n      no block here }\n",
    "- id: user\n  action: log\n\n- if: steps.user.a\n  then:\n  - return: \"{{steps.user}}\"\n",
    "    - set:\n        text: |\n          a\n\n            b\n",
    "[{ return: 1 }, { wait: 1m }]",
];

/// Rolls, one after the other; 0 when there are no more.
pub(crate) struct Dice {
    rolls: Vec<u32>,
    at: usize,
}

impl Dice {
    pub(crate) fn new(rolls: Vec<u32>) -> Self {
        Self { rolls, at: 0 }
    }

    /// A number below `sides`.
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        let roll = self.rolls.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        roll as usize % sides.max(1)
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let at = self.roll(from.len());
        &from[at]
    }
}

/// A value to be set.
pub(crate) fn value(dice: &mut Dice) -> Value {
    let texts = [
        "",
        "x",
        "a b",
        "null",
        "0123",
        "yes",
        "- a",
        "a: b",
        "a #b",
        "it's",
        "say \"x\"",
        "{{input.email}}",
        "{{default input.a \"b\"}} c",
        "two\nlines",
        "two\nlines\n",
        "\nfirst",
        " a\n  b\n",
        "a\n\n\nb\n\n",
        "tab\t",
        "\r\n",
        "*a",
        "[x]",
        "{x}",
        "é😀",
        "\u{feff}",
        "\\n",
        "a,b",
        "#",
        "|",
        "%",
        "continue",
    ];
    match dice.roll(8) {
        0 => json!(dice.roll(1000)),
        1 => json!([true, null, 1.5, -3, "x"])[dice.roll(5)].clone(),
        2 => json!({ "plan": "pro", "n": dice.roll(9) }),
        3 => json!([dice.pick(&texts), { "a": { "b": [1, { "c": dice.pick(&texts) }] } }]),
        4 => json!({ "a b": dice.pick(&texts), "c": [], "d": {}, "e": { "f": dice.pick(&texts) } }),
        _ => json!(dice.pick(&texts)),
    }
}

/// Any edit at all.
pub(crate) fn any_edit(
    dice: &mut Dice,
    flow: &Flow,
    steps: &dyn Fn(&mut Dice, &Flow) -> Vec<String>,
    slot: &dyn Fn(&mut Dice, &Flow) -> Slot,
) -> Edit {
    match dice.roll(10) {
        0 => Edit::Insert {
            at: slot(dice, flow),
            step: NewStep::Verb((*dice.pick(&["if", "parallel", "set", "for_each"])).to_owned()),
        },
        1 => Edit::Insert {
            at: slot(dice, flow),
            step: NewStep::Yaml((*dice.pick(PASTED)).to_owned()),
        },
        2 => Edit::Delete {
            steps: steps(dice, flow),
        },
        3 => Edit::Move {
            steps: steps(dice, flow),
            at: slot(dice, flow),
        },
        4 => Edit::Copy {
            steps: steps(dice, flow),
            at: slot(dice, flow),
        },
        5 => Edit::Wrap {
            steps: vec![dice.pick(&flow.steps).path.clone()],
            within: *dice.pick(&[Wrapper::If, Wrapper::Switch, Wrapper::Parallel, Wrapper::ForEach]),
        },
        6 => Edit::Unwrap {
            step: dice.pick(&flow.steps).path.clone(),
        },
        7 => {
            let (step, key) = flow.some_data(dice);
            Edit::Set {
                step,
                key,
                value: value(dice),
            }
        }
        8 => {
            let (step, key) = flow.some_data(dice);
            if flow.has_key(&step, &key) {
                Edit::Remove { step, key }
            } else {
                // A step with nothing in it.
                let value = json!("first");
                Edit::Set { step, key, value }
            }
        }
        _ => {
            let number = dice.roll(1000);
            Edit::RenameId {
                step: dice.pick(&flow.steps).path.clone(),
                to: format!("id{number}"),
            }
        }
    }
}
