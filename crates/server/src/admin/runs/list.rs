//! `GET /api/runs`: a page of runs, newest first.

use std::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State as Shared};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use lockgate_store::Status;
use lockgate_store::history::Filter;

use super::history::ask;
use crate::problem::Problem;
use crate::state::State;

const DEFAULT_LIMIT: usize = 50;
const MOST: usize = 200;

/// What is asked for.
#[derive(Debug, Default, PartialEq)]
struct Query {
    filter: Filter,
    cursor: Option<String>,
    limit: Option<usize>,
}

pub(in crate::admin) async fn list(
    Shared(state): Shared<Arc<State>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let Query {
        filter,
        cursor,
        limit,
    } = Query::read(query.as_deref().unwrap_or_default())?;
    let page = ask(&state, move |history| {
        history.list(&filter, cursor.as_deref(), limit.unwrap_or(DEFAULT_LIMIT))
    });
    Ok(Json(page.await?).into_response())
}

impl Query {
    /// Reads a query; `status` may come more than once.
    ///
    /// # Errors
    /// What is not known, comes twice, or cannot be read: a filter that is left out would show what nobody asked for.
    fn read(query: &str) -> Result<Self, Problem> {
        let mut read = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let value = value.into_owned();
            let filter = &mut read.filter;
            match &*name {
                "flow" => once(&mut filter.flow, &name, value)?,
                "status" => filter.statuses.push(status(&value)?),
                "since" => once(
                    &mut filter.since,
                    &name,
                    parsed::<Timestamp>(&name, &value, TIME)?,
                )?,
                "until" => once(
                    &mut filter.until,
                    &name,
                    parsed::<Timestamp>(&name, &value, TIME)?,
                )?,
                "text" => once(&mut filter.text, &name, value)?,
                "cursor" => once(&mut read.cursor, &name, value)?,
                "limit" => {
                    let limit = parsed::<usize>(&name, &value, "a number")?;
                    if limit == 0 || limit > MOST {
                        return Err(wrong(format!("`limit` is a number from 1 to {MOST}")));
                    }
                    once(&mut read.limit, &name, limit)?;
                }
                _ => {
                    return Err(wrong(
                        "the query takes `flow`, `status`, `since`, `until`, `text`, `cursor` and `limit`"
                            .to_owned(),
                    ));
                }
            }
        }
        Ok(read)
    }
}

const TIME: &str = "a time like `2026-11-23T09:30:00Z`";

fn wrong(what: String) -> Problem {
    Problem::Malformed(what)
}

fn once<T>(slot: &mut Option<T>, name: &str, value: T) -> Result<(), Problem> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(wrong(format!("`{name}` comes twice"))),
    }
}

fn parsed<T: FromStr>(name: &str, value: &str, what: &str) -> Result<T, Problem> {
    value.parse().map_err(|_| wrong(format!("`{name}` is {what}")))
}

fn status(name: &str) -> Result<Status, Problem> {
    let found = Status::ALL.into_iter().find(|status| status.name() == name);
    found.ok_or_else(|| {
        let names = Status::ALL.map(Status::name).join("`, `");
        wrong(format!("`status` is one of `{names}`"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_whole_or_not_at_all() {
        let read = Query::read(
            "flow=a&status=failed&status=in_doubt&since=2026-11-23T09:30:00Z&text=x%20y&limit=200&cursor=c",
        )
        .unwrap();
        assert_eq!(
            read,
            Query {
                filter: Filter {
                    flow: Some("a".to_owned()),
                    statuses: vec![Status::Failed, Status::InDoubt],
                    since: Some("2026-11-23T09:30:00Z".parse().unwrap()),
                    until: None,
                    text: Some("x y".to_owned()),
                },
                cursor: Some("c".to_owned()),
                limit: Some(200),
            }
        );
        assert_eq!(Query::read("").unwrap(), Query::default());
        for wrong in [
            "limit=0",
            "limit=201",
            "limit=x",
            "limit=-1",
            "limit=1&limit=1",
            "status=lost",
            "status=",
            "since=yesterday",
            "since=2026-11-23",
            "flow=a&flow=b",
            "colour=red",
        ] {
            let problem = Query::read(wrong).unwrap_err();
            assert_eq!(problem.kind().0, "malformed_request", "{wrong}");
            assert!(!problem.to_string().contains("red"));
        }
    }
}
