//! Whoever looks after the runs that ended in doubt: asks the service whether it happened, and lets them go on with the answer.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use lockgate_store::history::{Filter, History};
use lockgate_store::{RunId, Status};
use serde_json::json;

use crate::exchange::exchange;
use crate::order_desk::OrderDesk;
use crate::workspace::Flow;

/// Settles all of them. How many; an error where one is in doubt of which there is nothing to be asked.
pub(crate) async fn settle(store: &Path, admin: SocketAddr, desk: &OrderDesk) -> Result<u32> {
    let mut settled = 0;
    for (id, number) in in_doubt(store)? {
        let happened = desk.taken().0.contains_key(&format!("/charge/{number}"));
        let word = if happened {
            json!({ "happened": { "status": 200, "headers": {}, "body": { "taken": true }, "success": true } })
        } else {
            json!({ "did_not_happen": true })
        };
        let line = format!("POST /api/runs/{id}/resume");
        let answer = exchange(admin, &line, "", &word.to_string())
            .await
            .context("asking the admin port")?;
        ensure!(
            answer.status == 200,
            "{line} was answered with {}: {}",
            answer.status,
            answer.body
        );
        settled += 1;
    }
    Ok(settled)
}

/// The runs in doubt, with the number of their wish.
fn in_doubt(store: &Path) -> Result<Vec<(RunId, u64)>> {
    let history = History::open(store)?;
    let filter = Filter {
        statuses: vec![Status::InDoubt],
        ..Filter::default()
    };
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let page = history.list(&filter, cursor.as_deref(), 500)?;
        for run in page.runs {
            if run.flow != Flow::Charge.name() {
                bail!(
                    "a run of {} is in doubt, which can always be settled: {}",
                    run.flow,
                    run.id
                );
            }
            let detail = history.run(run.id)?.context("a run is gone")?;
            let number = detail.input["number"]
                .as_u64()
                .context("a run without a number")?;
            found.push((run.id, number));
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(found);
        }
    }
}
