//! Up to when the due times of schedules have been dealt with.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::OptionalExtension as _;

use super::{Shared, time};
use crate::error::StoreError;
use crate::rows::{self, micros, schedule_sum};

/// See [`Store::last_due`](super::Store::last_due).
pub(super) async fn last_due(shared: &Shared, flow: &str) -> Result<Option<Timestamp>, StoreError> {
    let flow = flow.to_owned();
    shared
        .read(move |connection, path| {
            let query = "SELECT last_due, sum FROM schedules WHERE flow = ?1";
            let row: Option<(i64, i64)> = connection
                .query_row(query, [&flow], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
                .map_err(|error| StoreError::sqlite(path, &error))?;
            let Some((last_due, sum)) = row else {
                return Ok(None);
            };
            if sum != schedule_sum(&flow, last_due) {
                return Err(StoreError::damaged(
                    path,
                    format!("the schedule of `{flow}` is damaged"),
                ));
            }
            time(path, last_due).map(Some)
        })
        .await
}

/// See [`Store::set_last_due`](super::Store::set_last_due).
pub(super) async fn set_last_due(shared: &Shared, flow: &str, due: Timestamp) -> Result<(), StoreError> {
    let (flow, due, path) = (flow.to_owned(), micros(due), Arc::clone(&shared.path));
    shared
        .transact(move |connection| {
            connection
                .execute(rows::PUT_SCHEDULE, (&flow, due, schedule_sum(&flow, due)))
                .map(drop)
                .map_err(|error| StoreError::sqlite(&path, &error))
        })
        .await
}
