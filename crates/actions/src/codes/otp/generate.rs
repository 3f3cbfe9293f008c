//! `otp.generate`.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use jiff::SignedDuration;
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_engine::state::UNAVAILABLE;
use lockgate_flow::catalog::{ActionSpec, Effect, ErrorSpec, Group, InputProblem, KnownInput};
use lockgate_flow::duration::parse_duration;
use lockgate_flow::schema::Schema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::change::change;
use super::super::guesses::ATTEMPTS;
use super::super::hashes::{digest, hash};
use super::alphabet::Alphabet;
use super::reference::{NewCode, Reference, Refused};
use super::{LONGEST_REFERENCE, place, read};

/// How long a code is good, if nothing else is said.
const VALIDITY: SignedDuration = SignedDuration::from_mins(5);

const SHORTEST_VALIDITY: SignedDuration = SignedDuration::from_secs(1);
const LONGEST_VALIDITY: SignedDuration = SignedDuration::from_hours(24);

/// How many codes a reference gets in ten minutes, if nothing else is said.
const CODES: u32 = 5;

const LENGTH: usize = 6;

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    Arc::new(ActionSpec {
        group: Group::Identity,
        docs: DOCS.into(),
        input: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["reference"],
            "properties": {
                "reference": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": LONGEST_REFERENCE,
                    "description": "Whose code it is: an e-mail address, a telephone number, an id. `otp.verify` is given the same text."
                },
                "length": {
                    "type": "integer",
                    "minimum": 4,
                    "maximum": 10,
                    "default": LENGTH,
                    "description": "How many characters the code has."
                },
                "alphabet": {
                    "enum": Alphabet::NAMES,
                    "default": "digits",
                    "description": "`digits`; `letters`: twenty consonants, in capitals; `alphanumeric`: these and the digits 2 to 9."
                },
                "validity": {
                    "type": "string",
                    "default": "5m",
                    "description": "How long the code is good: a duration of at most a day."
                },
                "attempts": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": 100,
                    "default": ATTEMPTS,
                    "description": "How many wrong guesses the reference bears in ten minutes, or in `validity` where that is longer."
                },
                "codes": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": 100,
                    "default": CODES,
                    "description": "How many codes the reference gets in ten minutes."
                }
            }
        })),
        output: Schema::new(json!({
            "type": "object",
            "required": ["code", "expires_at"],
            "properties": {
                "code": { "type": "string", "secret": true, "description": "The code: to be sent, and never to be answered with." },
                "expires_at": { "type": "string", "format": "date-time", "description": "Until when it is good." }
            }
        })),
        errors: ERRORS.to_vec(),
        check: Some(check),
        example: "id: code\naction: otp.generate\nwith:\n  reference: \"{{input.email}}\"\n  validity: 10m\n"
            .into(),
        offline: true,
        ..ActionSpec::new(
            "otp.generate",
            Effect::Idempotent,
            "Makes a one-time code for an e-mail address, a number or an id",
        )
    })
});

const DOCS: &str = "\
The code is sent by another step; `otp.verify` checks what the person types.

What is guaranteed:

- **A code is good once**, and only until the next one for the same reference: of several, the newest counts.
- **Guesses are limited for the reference, not for the code**: whoever asks for new codes gets no new guesses. A wrong guess counts for ten \
minutes, or for `validity` where that is longer; the right code wipes them away. With six digits and five attempts, somebody who \
guesses all day long is right once in some 1,400 days, as long as codes are sent to the owner all that time.
- **Codes are limited, too**: a mailbox cannot be flooded, nor a bill for text messages run up, from one reference. A further one fails with `too_many_codes`, \
and where no guess is left, with `too_many_attempts`: there is no use in sending a code that nobody can use.
- **The code is not kept**: a keyed hash (HMAC-SHA256) is, under a keyed hash of the reference. The code is drawn evenly from a \
key of the workspace and the step's identity: without the key nobody can foretell it.
- **A step that is done again** after a crash gives the same code and counts once, unless another code was asked for \
meanwhile. (If the code has expired by then, it is good anew.)

The limits hold for all flows of the workspace that use the same reference, and over restarts where runs are kept in a store; without one (`durable: false` flows \
alone, `lockgate run --no-keep`, tests) they end with the process. The reference is compared as it is: give the address in one spelling, `{{lower input.email}}`. \
Who can make up references at will (a session's id, say) has new guesses with each: bind the reference to what is verified.";

const ERRORS: &[ErrorSpec] = &[
    ErrorSpec::new(
        "too_many_codes",
        429,
        "the reference has got as many codes as it may in ten minutes",
    ),
    ErrorSpec::new(
        "too_many_attempts",
        429,
        "the reference has no guess left: a code would be of no use",
    ),
    UNAVAILABLE,
];

/// Makes a one-time code.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Generate;

/// What is asked for.
#[derive(Deserialize)]
struct Input {
    reference: String,
    #[serde(default = "length")]
    length: usize,
    #[serde(default)]
    alphabet: Alphabet,
    validity: Option<String>,
    #[serde(default = "attempts")]
    attempts: u32,
    #[serde(default = "codes")]
    codes: u32,
}

const fn length() -> usize {
    LENGTH
}

const fn attempts() -> u32 {
    ATTEMPTS
}

const fn codes() -> u32 {
    CODES
}

#[async_trait]
impl Action for Generate {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let input: Input = read(input)?;
        let validity = match &input.validity {
            Some(text) => validity(text).map_err(|problem| ActionError::new("invalid_input", problem))?,
            None => VALIDITY,
        };
        let identity = context.identity();
        // Of the same step, what it asks for makes another code.
        let asked = [
            &identity,
            input.reference.as_bytes(),
            &input.length.to_be_bytes(),
            input.alphabet.characters(),
        ];
        let code = input.alphabet.draw(input.length, |number| {
            let number = number.to_be_bytes();
            let parts = [&asked[..], &[&number]].concat();
            digest(context.state, "otp new code", &parts)
        });
        let new = NewCode {
            hash: hash(
                context.state,
                "otp code",
                &[input.reference.as_bytes(), code.as_bytes()],
            ),
            mark: hash(context.state, "otp step", &asked),
            length: input.length,
            validity,
            attempts: input.attempts,
            codes: input.codes,
        };
        let place = place(context, &input.reference);
        let given = change(context, &place, |reference: Reference, now| {
            reference.give(&new, now).map_err(refused)
        });
        let expires_at = given.await?;
        // Whole seconds: a hair too early, and what people can be shown.
        Ok(json!({ "code": code, "expires_at": format!("{expires_at:.0}") }))
    }
}

fn refused(refused: Refused) -> ActionError {
    match refused {
        Refused::TooManyCodes(again) => ActionError::new(
            "too_many_codes",
            format!("the reference gets no further code before {again:.0}"),
        ),
        Refused::TooManyAttempts(again) => ActionError::new(
            "too_many_attempts",
            format!("the reference has no guess left before {again:.0}"),
        ),
    }
}

/// How long a code is good.
fn validity(text: &str) -> Result<SignedDuration, String> {
    let validity = parse_duration(text).map_err(|error| error.to_string())?;
    SignedDuration::try_from(validity)
        .ok()
        .filter(|validity| (SHORTEST_VALIDITY..=LONGEST_VALIDITY).contains(validity))
        .ok_or_else(|| "a code is good for a second at least, and for a day at most".to_owned())
}

fn check(known: &KnownInput) -> Vec<InputProblem> {
    let text = known.value.get("validity").and_then(Value::as_str);
    let problem = text.and_then(|text| validity(text).err());
    let found = problem.map(|message| InputProblem {
        pointer: "/validity".to_owned(),
        message,
        help: Some("write a duration like `5m`".to_owned()),
    });
    found.into_iter().collect()
}
