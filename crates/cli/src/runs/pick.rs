//! Which run is meant.

use anyhow::Result;
use lockgate_store::RunId;
use lockgate_store::history::{Filter, History};

use crate::exit::Mistake;
use crate::store;

/// The fewest digits of an id that history looks for.
const SHORTEST: usize = 4;

/// The newest run.
const LAST: &str = "last";

/// A run by what was typed: its id, the beginning of it, or `last`.
///
/// # Errors
/// There is none, or more than one; the store cannot be read.
pub(crate) fn pick(history: &History, typed: &str) -> Result<RunId> {
    let wanted = typed.trim().to_ascii_lowercase();
    if wanted == LAST {
        let page = history.list(&Filter::default(), None, 1).map_err(store::failed)?;
        return page
            .runs
            .first()
            .map(|run| run.id)
            .ok_or_else(|| Mistake::new("there is no run yet").into());
    }
    let digits = wanted.chars().filter(|c| *c != '-').count();
    if !wanted.chars().all(|c| c.is_ascii_hexdigit() || c == '-') {
        return Err(Mistake::new(format!("`{typed}` is no id of a run"))
            .help("write its id, the beginning of it, or `last`; `lockgate runs` lists them")
            .into());
    }
    if digits < SHORTEST {
        let message = format!("`{typed}` is too short for the beginning of an id");
        return Err(Mistake::new(message)
            .help(format!("write {SHORTEST} digits of it at least, or `last`"))
            .into());
    }
    let found = history.find(&wanted).map_err(store::failed)?;
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(Mistake::new(format!("there is no run `{typed}`"))
            .help(
                "`lockgate runs` lists the newest; ended ones are deleted when they are past their retention",
            )
            .into()),
        several => {
            let ids: Vec<String> = several.iter().map(|id| format!("\n  {id}")).collect();
            Err(
                Mistake::new(format!("several runs begin with `{typed}`:{}", ids.concat()))
                    .help("write more of the id")
                    .into(),
            )
        }
    }
}
