//! `otp.verify`.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_engine::state::UNAVAILABLE;
use lockgate_flow::catalog::{ActionSpec, Effect, Group};
use lockgate_flow::schema::Schema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::change::change;
use super::super::hashes::hash;
use super::super::typed::Typed;
use super::reference::{Guess, Reference, Verdict};
use super::{LONGEST_REFERENCE, place, read};

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    Arc::new(ActionSpec {
        group: Group::Identity,
        docs: DOCS.into(),
        input: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["reference", "code"],
            "properties": {
                "reference": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": LONGEST_REFERENCE,
                    "description": "What `otp.generate` was given."
                },
                "code": {
                    "type": ["string", "integer"],
                    "secret": true,
                    "minimum": 0,
                    "maxLength": 250,
                    "description": "What the person typed. Spaces, dashes and small letters do no harm; a number gets its leading zeros back."
                }
            }
        })),
        output: Schema::new(json!({
            "type": "object",
            "required": ["valid", "result", "attempts_left"],
            "properties": {
                "valid": { "type": "boolean", "description": "Whether it is the code." },
                "result": {
                    "enum": ["VALID", "UNEQUAL", "EXPIRED", "MISSING", "TOO_MANY_ATTEMPTS"],
                    "description": "`MISSING`: there is no code, or it has been used. `TOO_MANY_ATTEMPTS`: it was not looked at."
                },
                "attempts_left": {
                    "type": "integer",
                    "description": "How many more guesses are borne; 0 where there is nothing more to guess."
                }
            }
        })),
        errors: vec![UNAVAILABLE],
        example: "id: check\naction: otp.verify\nwith:\n  reference: \"{{input.email}}\"\n  code: \"{{input.code}}\"\n".into(),
        offline: true,
        ..ActionSpec::new(
            "otp.verify",
            Effect::Idempotent,
            "Checks a one-time code that somebody typed",
        )
    })
});

const DOCS: &str = "\
Does not fail on a wrong code: look at `valid`, and at `result` for the reason. It fails only where the state cannot be read or written: then \
nobody is let in.

What is guaranteed:

- **No more wrong guesses than `attempts`** of `otp.generate`, also where thousands come at the same time: a guess is counted, on the disk where there is a store, \
before its answer is given. After that the code is dead, also for whoever has it right.
- **A code is good once.** Of several who have it at the same time, one gets `VALID`.
- **A step that is done again** after a crash gets the same answer: the one that has used a code sees `VALID` again, and a wrong guess counts once.
- **What differs cannot be timed.** Hashes are compared in constant time. A reference without a code, or with an expired one, costs the same as a wrong code: the same hashes, the same \
writes. So a flow that answers nothing but `valid` does not say who has asked for a code.

Answer people with `valid` and `attempts_left` at most: the other results say whether a code was sent to an address.";

/// Checks a one-time code.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Verify;

/// What is asked.
#[derive(Deserialize)]
struct Input {
    reference: String,
    code: Value,
}

#[async_trait]
impl Action for Verify {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let input: Input = read(input)?;
        let typed = Typed::new(&input.code);
        let (state, identity) = (context.state, context.identity());
        let place = place(context, &input.reference);
        let judged = change(context, &place, |reference: Reference, now| {
            let code = typed.as_code(reference.length());
            let guess = Guess {
                hash: hash(state, "otp code", &[input.reference.as_bytes(), code.as_bytes()]),
                mark: hash(state, "otp step", &[&identity, code.as_bytes()]),
            };
            Ok(reference.judge(&guess, now))
        });
        let (result, left) = match judged.await? {
            Verdict::Valid => ("VALID", 0),
            Verdict::Unequal(left) => ("UNEQUAL", left),
            Verdict::Expired => ("EXPIRED", 0),
            Verdict::Missing => ("MISSING", 0),
            Verdict::TooManyAttempts => ("TOO_MANY_ATTEMPTS", 0),
        };
        Ok(json!({ "valid": result == "VALID", "result": result, "attempts_left": left }))
    }
}
