//! Values as they are kept: shown to people with secrets masked, and sealed where that is not the whole of it.

use lockgate_engine::journal::Outcome;
use lockgate_engine::masks::{MASKED, Masks};
use lockgate_engine::outcome::StepError;
use serde::Serialize;
use serde_json::Value;

use super::line::KeptText;
use crate::id::RunId;
use crate::record::Kept;
use crate::seal::{Seal, Unsealable};

/// What of a value is shown to people, in JSON; and whether that is all of it.
pub(crate) fn shown(value: &Value, masks: &Masks) -> Shown {
    let json = json(value);
    if !masks.may_be_in(&json) {
        return Shown::Whole(json);
    }
    // Masked is by value: what was found in the text may be nothing (`"a":1` of a key and its number, say).
    let shown = masks.apply_to(value).to_string();
    if shown == json {
        Shown::Whole(json)
    } else {
        Shown::Masked { shown, json }
    }
}

/// The same for an error. What is shown is an error, too: the one that a run's caller is told.
pub(crate) fn shown_error(error: &StepError, masks: &Masks) -> Shown {
    let whole = json(error);
    if !masks.may_be_in(&whole) {
        return Shown::Whole(whole);
    }
    let shown = json(&error.clone().masked(masks));
    if shown == whole {
        Shown::Whole(whole)
    } else {
        Shown::Masked { shown, json: whole }
    }
}

/// What of a value is shown.
#[derive(Debug)]
pub(crate) enum Shown {
    /// All of it.
    Whole(String),
    /// With something masked.
    Masked { shown: String, json: String },
}

impl Shown {
    /// Nothing of it is shown.
    pub(crate) fn hidden(json: String) -> Self {
        Self::Masked {
            shown: format!("\"{MASKED}\""),
            json,
        }
    }
}

/// The JSON of a value.
pub(crate) fn json(value: &impl Serialize) -> String {
    // Values and errors of steps always have a form in JSON.
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

/// An outcome as it is kept at a place of a run.
pub(super) fn keep(
    outcome: &Outcome,
    is_secret: bool,
    masks: &Masks,
    seal: &Seal,
    run: RunId,
    place: impl FnOnce() -> String,
) -> Result<KeptText, Unsealable> {
    let shown = match outcome {
        Ok(value) if is_secret => Shown::hidden(json(value)),
        Ok(value) => shown(value, masks),
        Err(error) => shown_error(error, masks),
    };
    Ok(match shown {
        Shown::Whole(shown) => KeptText { shown, sealed: None },
        Shown::Masked { shown, json } => KeptText {
            shown,
            sealed: Some(seal.seal_text(run, &place(), &json)?),
        },
    })
}

/// The outcome again, exactly.
pub(crate) fn outcome(
    kept: Result<Kept, Kept>,
    seal: &Seal,
    run: RunId,
    place: &str,
) -> Result<Outcome, String> {
    let open = |kept: Kept| match kept.sealed {
        None => Ok(kept.shown),
        Some(sealed) => {
            let json = seal
                .open_text(run, place, &sealed)
                .map_err(|error| error.to_string())?;
            serde_json::from_str(&json).map_err(|error| error.to_string())
        }
    };
    Ok(match kept {
        Ok(kept) => Ok(open(kept)?),
        Err(kept) => {
            let error: StepError = serde_json::from_value(open(kept)?).map_err(|error| error.to_string())?;
            Err(Box::new(error))
        }
    })
}
