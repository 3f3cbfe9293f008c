//! `totp.verify`.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_engine::state::UNAVAILABLE;
use lockgate_flow::catalog::{ActionSpec, Effect, ErrorSpec, Group};
use lockgate_flow::schema::Schema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use subtle::ConstantTimeEq as _;
use totp_rs::Totp;

use super::super::change::change;
use super::super::guesses::ATTEMPTS;
use super::super::hashes::hash;
use super::super::typed::Typed;
use super::authenticator::{Authenticator, Fit, Guess, Verdict};
use super::parameters::{Hash, Parameters, code, parse_secret};
use super::read;

/// How many time steps a clock may be off, if nothing else is said (RFC 6238, section 5.2 recommends one).
const WINDOW: u64 = 1;

/// And at most.
const WIDEST: u64 = 10;

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    let mut input = Map::from_iter([
        (
            "secret".to_owned(),
            json!({ "type": "string", "secret": true, "minLength": 1, "maxLength": 1000, "description": "What `totp.generate_secret` gave: base32." }),
        ),
        (
            "code".to_owned(),
            json!({
                "type": ["string", "integer"],
                "secret": true,
                "minimum": 0,
                "maxLength": 250,
                "description": "What the person typed. Spaces and dashes do no harm; a number gets its leading zeros back."
            }),
        ),
        (
            "window".to_owned(),
            json!({
                "type": "integer",
                "minimum": 0,
                "maximum": WIDEST,
                "default": WINDOW,
                "description": "How many time steps the app's clock may be off, either way."
            }),
        ),
        (
            "reference".to_owned(),
            json!({
                "type": "string",
                "minLength": 1,
                "maxLength": 250,
                "description": "Whose authenticator it is: an id. Without it, codes can be used again, and guesses are not limited."
            }),
        ),
        (
            "attempts".to_owned(),
            json!({
                "type": "integer",
                "minimum": 1,
                "maximum": 100,
                "default": ATTEMPTS,
                "description": "How many wrong guesses the reference bears in ten minutes."
            }),
        ),
    ]);
    input.extend(Parameters::schemas().map(|(name, schema)| (name.to_owned(), schema)));
    Arc::new(ActionSpec {
        group: Group::Identity,
        docs: DOCS.into(),
        input: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["secret", "code"],
            "properties": input
        })),
        output: Schema::new(json!({
            "type": "object",
            "required": ["valid", "cause", "drift", "attempts_left"],
            "properties": {
                "valid": { "type": "boolean", "description": "Whether it is a code that can be taken." },
                "cause": {
                    "enum": ["UNEQUAL", "REPLAYED", "TOO_MANY_ATTEMPTS", null],
                    "description": "Why not. `REPLAYED`: this code or a later one has been taken already. `TOO_MANY_ATTEMPTS`: it was not looked at."
                },
                "drift": {
                    "type": ["integer", "null"],
                    "description": "How many time steps the app's clock is ahead (behind, if negative); null where the code is not valid."
                },
                "attempts_left": {
                    "type": ["integer", "null"],
                    "description": "How many more wrong guesses are borne; null without `reference`."
                }
            }
        })),
        errors: vec![
            ErrorSpec::new("invalid_secret", 500, "the secret is no base32, or has fewer than 80 bits"),
            UNAVAILABLE,
        ],
        example: "id: check\naction: totp.verify\nwith:\n  secret: \"{{input.totp_secret}}\"\n  code: \"{{input.code}}\"\n  \
                  reference: \"{{input.user_id}}\"\n"
            .into(),
        offline: true,
        ..ActionSpec::new(
            "totp.verify",
            Effect::Idempotent,
            "Checks a code of an authenticator app",
        )
    })
});

const DOCS: &str = "\
Does not fail on a wrong code: look at `valid` and `cause`. It fails on a secret that is none, and where the state cannot be read or written: then nobody is let in. \
Codes come about as RFC 6238 says (HMAC of the time step, RFC 4226).

What is guaranteed with `reference`:

- **A code is taken once** (RFC 6238, section 5.2): of several who have it at the same time, one gets `valid`. No code of an earlier time step is taken after it, either. Another secret for the same \
reference begins anew.
- **No more wrong guesses than `attempts` in ten minutes**, also where thousands come at the same time: a guess is counted, on the disk where there is a store, before its answer is \
given. With none left, the right code is refused, too. A code that is taken wipes them away; a code that is right but was taken already counts as none. With six digits, a window of one and five attempts, \
somebody who guesses all day long is right once in some 460 days: watch for `TOO_MANY_ATTEMPTS`.
- **A step that is done again** after a crash gets the same answer: the one whose code was taken sees `valid` again, and a wrong guess counts once.

Codes are compared in constant time, with all time steps of the window. The limits hold for all flows of the workspace that use the same `reference` here (those of `otp.verify` are others), \
and over restarts where runs are kept in a store; without one they end with the process.";

/// Checks a code of an authenticator app.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Verify;

/// What is asked.
#[derive(Deserialize)]
struct Input {
    secret: String,
    code: Value,
    #[serde(default = "window")]
    window: u64,
    reference: Option<String>,
    #[serde(default = "attempts")]
    attempts: u32,
    #[serde(default)]
    algorithm: Hash,
    #[serde(default = "digits")]
    digits: u8,
    #[serde(default = "period")]
    period: u64,
}

const fn window() -> u64 {
    WINDOW
}

const fn attempts() -> u32 {
    ATTEMPTS
}

const fn digits() -> u8 {
    Parameters::DIGITS
}

const fn period() -> u64 {
    Parameters::PERIOD
}

#[async_trait]
impl Action for Verify {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let input: Input = read(input)?;
        let secret =
            parse_secret(&input.secret).map_err(|problem| ActionError::new("invalid_secret", problem))?;
        let parameters = Parameters {
            algorithm: input.algorithm,
            digits: input.digits,
            period: input.period,
        };
        let typed = Typed::new(&input.code).as_code(usize::from(input.digits));
        let fits = fits(
            &parameters.totp(&secret),
            &typed,
            context.clock.now(),
            input.window,
        );
        let Some(reference) = &input.reference else {
            let verdict = fits
                .first()
                .map_or(Verdict::Unequal, |fit| Verdict::Valid { drift: fit.drift });
            return Ok(told(verdict, None));
        };
        let state = context.state;
        let place = format!(
            "totp/{}",
            hash(state, "totp reference", &[reference.as_bytes()]).as_str()
        );
        let fingerprint = hash(state, "totp secret", &[&secret]);
        let steps = i64::try_from(input.period.saturating_mul(2 * WIDEST + 2)).unwrap_or(i64::MAX);
        let guess = Guess {
            mark: hash(
                state,
                "totp step",
                &[
                    &context.identity(),
                    fingerprint.as_str().as_bytes(),
                    typed.as_bytes(),
                ],
            ),
            secret: fingerprint,
            fits,
            attempts: input.attempts,
            life: SignedDuration::from_secs(steps),
        };
        let judged = change(context, &place, |authenticator: Authenticator, now| {
            Ok(authenticator.judge(&guess, now))
        });
        let (verdict, left) = judged.await?;
        Ok(told(verdict, Some(left)))
    }
}

/// The time steps within the window whose code it is, the nearest first. All are looked at, wherever it fits.
fn fits(totp: &Totp, typed: &str, now: Timestamp, window: u64) -> Vec<Fit> {
    let now = u64::try_from(now.as_second()).unwrap_or(0) / totp.step();
    let mut fits = Vec::new();
    for off in 0..=window {
        for (step, ahead) in [(now.checked_sub(off), false), (now.checked_add(off), true)] {
            let Some(step) = step.filter(|_| off > 0 || ahead) else {
                continue;
            };
            if bool::from(code(totp, step).as_bytes().ct_eq(typed.as_bytes())) {
                let drift = i64::try_from(off).unwrap_or(i64::MAX);
                let begins = i64::try_from(step.saturating_mul(totp.step())).ok();
                fits.push(Fit {
                    step,
                    drift: if ahead { drift } else { -drift },
                    begins: begins
                        .and_then(|second| Timestamp::from_second(second).ok())
                        .unwrap_or(Timestamp::MAX),
                });
            }
        }
    }
    fits
}

fn told(verdict: Verdict, left: Option<u32>) -> Value {
    let (cause, drift) = match verdict {
        Verdict::Valid { drift } => (None, Some(drift)),
        Verdict::Unequal => (Some("UNEQUAL"), None),
        Verdict::Replayed => (Some("REPLAYED"), None),
        Verdict::TooManyAttempts => (Some("TOO_MANY_ATTEMPTS"), None),
    };
    json!({ "valid": cause.is_none(), "cause": cause, "drift": drift, "attempts_left": left })
}
