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
pub(crate) fn shown(json: String, masks: &Masks) -> Shown {
    if !masks.may_be_in(&json) {
        return Shown::Whole(json);
    }
    // Masked is by value, and a secret may be a part of the text that it only looks like (`"a":1` of a key, say).
    let masked = serde_json::from_str::<Value>(&json).map(|value| masks.apply_to(&value).to_string());
    match masked {
        Ok(masked) if masked == json => Shown::Whole(json),
        Ok(masked) => Shown::Masked { shown: masked, json },
        // It was JSON a moment ago.
        Err(_) => Shown::hidden(json),
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
        Ok(value) => shown(json(value), masks),
        Err(error) => shown(json(error), masks),
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
