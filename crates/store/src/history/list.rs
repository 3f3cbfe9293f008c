//! Pages of runs, newest first.
//!
//! A page goes along an index that has its runs in the order of the list, and stops when it is full. What the index cannot tell
//! (the text; the status, where only the time index fits) is looked up run by run. Both are bounded, so that no page takes long:
//! one that has found little until then says where the next goes on.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Rows, Statement, ToSql};
use serde::Serialize;

use super::cursor::Cursor;
use super::reader::unreadable;
use super::run::{Listed, RunSummary, query};
use crate::error::StoreError;
use crate::rows::{micros_after, status_number};
use crate::run::Status;

/// Most entries of indexes that one page goes over.
const MOST_ENTRIES: usize = 50_000;

/// Most runs that one page reads to find those that fit.
const MOST_READ: usize = 4_000;

/// Which runs are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Of this flow.
    pub flow: Option<String>,
    /// That stand so; any, if empty.
    pub statuses: Vec<Status>,
    /// Started at or after.
    pub since: Option<Timestamp>,
    /// Started before.
    pub until: Option<Timestamp>,
    /// With this text in the id, the input, the output or the error, as they are shown (without regard to case).
    pub text: Option<String>,
}

/// A page of runs, newest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Page {
    /// The runs.
    pub runs: Vec<RunSummary>,
    /// Where the next page begins; `None` where nothing is left. A page looks at a bounded number of runs, so that a search for
    /// something rare may give a page with few runs, or none, that yet has a next: the search goes on there.
    pub next: Option<String>,
}

/// An entry of an index.
#[derive(Clone, Copy)]
struct Entry {
    at: Cursor,
    /// Where the index has it.
    flow: Option<i64>,
    status: Option<i64>,
}

/// An index that has the runs of a filter, or some of them, in the order of lists.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lane {
    /// All.
    Time,
    /// Of one flow.
    Flow(i64),
    /// That stand so; there is none for those that succeeded, which most do.
    Status(i64),
}

impl Lane {
    /// The lanes that together have every run of these statuses (any, if empty) and this flow.
    fn of(flow: Option<i64>, statuses: &[i64]) -> Vec<Self> {
        if statuses.is_empty() || statuses.contains(&status_number(Status::Succeeded)) {
            vec![flow.map_or(Self::Time, Self::Flow)]
        } else {
            statuses.iter().copied().map(Self::Status).collect()
        }
    }

    fn query(self) -> &'static str {
        match self {
            Self::Time => {
                "SELECT started_at, seq, NULL, NULL FROM runs INDEXED BY runs_by_time \
                 WHERE (started_at, seq) < (?1, ?2) AND started_at >= ?3 \
                 ORDER BY started_at DESC, seq DESC"
            }
            Self::Flow(_) => {
                "SELECT started_at, seq, flow, status FROM runs INDEXED BY runs_by_flow \
                 WHERE flow = ?4 AND started_at <= ?1 AND (started_at < ?1 OR seq < ?2) AND started_at >= ?3 \
                 ORDER BY started_at DESC, seq DESC"
            }
            Self::Status(_) => {
                "SELECT started_at, seq, flow, status FROM runs INDEXED BY runs_by_status \
                 WHERE status = ?4 AND status <> 3 \
                 AND started_at <= ?1 AND (started_at < ?1 OR seq < ?2) AND started_at >= ?3 \
                 ORDER BY started_at DESC, seq DESC"
            }
        }
    }
}

/// What is looked for, as the rows have it.
struct Wanted {
    flow: Option<i64>,
    statuses: Vec<i64>,
    /// In lower case.
    text: Option<String>,
}

impl Wanted {
    /// Whether an entry may be of a run that fits.
    fn may_be(&self, entry: Entry) -> bool {
        self.flow
            .is_none_or(|flow| entry.flow.is_none_or(|found| found == flow))
            && (self.statuses.is_empty() || entry.status.is_none_or(|found| self.statuses.contains(&found)))
    }

    fn fits(&self, run: &Listed) -> bool {
        let status = status_number(run.summary.status);
        (self.statuses.is_empty() || self.statuses.contains(&status))
            && self.text.as_deref().is_none_or(|text| is_in(text, run))
    }
}

/// Whether a text stands in a run. Looked for in the JSON of its values, and so as JSON has it.
fn is_in(text: &str, run: &Listed) -> bool {
    let json = serde_json::Value::from(text).to_string();
    let json = &json[1..json.len() - 1];
    run.summary.id.to_string().contains(text)
        || [Some(&run.input), run.output.as_ref(), run.error.as_ref()]
            .into_iter()
            .flatten()
            .any(|value| value.to_lowercase().contains(json))
}

pub(super) fn list(
    connection: &mut Connection,
    path: &Path,
    filter: &Filter,
    cursor: Option<&str>,
    most: usize,
) -> Result<Page, StoreError> {
    let failed = |error| unreadable(path, &error);
    let mut begin = cursor.map_or(Ok(Cursor::FIRST), |cursor| {
        Cursor::decode(cursor).ok_or_else(|| StoreError::Query {
            what: format!("`{cursor}` is no cursor of a list of runs"),
        })
    })?;
    if let Some(until) = filter.until {
        let before = Cursor {
            started_at: micros_after(until),
            seq: 0,
        };
        begin = begin.min(before);
    }
    // All that a page says is of one moment.
    let moment = connection.transaction().map_err(failed)?;
    let flow = match &filter.flow {
        None => None,
        Some(name) => match flow_number(&moment, name).map_err(failed)? {
            Some(flow) => Some(flow),
            None => {
                return Ok(Page {
                    runs: Vec::new(),
                    next: None,
                });
            }
        },
    };
    let is_any = Status::ALL.iter().all(|status| filter.statuses.contains(status));
    let mut statuses: Vec<i64> = filter.statuses.iter().copied().map(status_number).collect();
    statuses.sort_unstable();
    statuses.dedup();
    let wanted = Wanted {
        flow,
        statuses: if is_any { Vec::new() } else { statuses },
        text: filter
            .text
            .as_deref()
            .filter(|text| !text.is_empty())
            .map(str::to_lowercase),
    };
    let bounds = Bounds {
        begin,
        since: filter.since.map_or(i64::MIN, micros_after),
    };
    collect(&moment, path, &wanted, bounds, most.max(1))
}

fn flow_number(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    let mut statement = connection.prepare("SELECT id FROM flows WHERE name = ?1")?;
    statement.query_row([name], |row| row.get(0)).optional()
}

/// What part of an index a page goes over, at most.
#[derive(Clone, Copy)]
struct Bounds {
    begin: Cursor,
    since: i64,
}

fn collect(
    connection: &Connection,
    path: &Path,
    wanted: &Wanted,
    bounds: Bounds,
    most: usize,
) -> Result<Page, StoreError> {
    let failed = |error| unreadable(path, &error);
    let lanes = Lane::of(wanted.flow, &wanted.statuses);
    let mut statements = lanes
        .iter()
        .map(|lane| connection.prepare(lane.query()))
        .collect::<rusqlite::Result<Vec<_>>>()
        .map_err(failed)?;
    let mut entries = Entries::begin(&lanes, &mut statements, bounds).map_err(failed)?;
    let mut run_at = connection.prepare(&query("seq = ?1")).map_err(failed)?;
    let mut runs = Vec::with_capacity(most.min(1000));
    let (mut seen, mut read) = (0, 0);
    let mut last = bounds.begin;
    while let Some(entry) = entries.next().map_err(failed)? {
        if seen == MOST_ENTRIES || read == MOST_READ + most {
            return Ok(Page {
                runs,
                next: Some(last.encode()),
            });
        }
        seen += 1;
        if wanted.may_be(entry) {
            read += 1;
            let run = run_at
                .query_row([entry.at.seq], |row| Ok(Listed::read(row, path)))
                .map_err(|error| match error {
                    rusqlite::Error::QueryReturnedNoRows => StoreError::Corrupt {
                        path: path.to_owned(),
                        what: format!("the run number {} is in an index, and not there", entry.at.seq),
                    },
                    error => failed(error),
                })??;
            if wanted.fits(&run) {
                if runs.len() == most {
                    return Ok(Page {
                        runs,
                        next: Some(last.encode()),
                    });
                }
                runs.push(run.summary);
            }
        }
        last = entry.at;
    }
    Ok(Page { runs, next: None })
}

/// The entries of several lanes, in the order of lists.
struct Entries<'a> {
    lanes: Vec<(Rows<'a>, Option<Entry>)>,
}

impl<'a> Entries<'a> {
    fn begin(lanes: &[Lane], statements: &'a mut [Statement<'_>], bounds: Bounds) -> rusqlite::Result<Self> {
        let lanes = lanes.iter().zip(statements).map(|(lane, statement)| {
            let Bounds { begin, since } = bounds;
            let of = match lane {
                Lane::Time => None,
                Lane::Flow(of) | Lane::Status(of) => Some(of),
            };
            let mut parameters: Vec<&dyn ToSql> = vec![&begin.started_at, &begin.seq, &since];
            parameters.extend(of.map(|of| of as &dyn ToSql));
            let mut rows = statement.query(&*parameters)?;
            let first = entry(&mut rows)?;
            Ok((rows, first))
        });
        Ok(Self {
            lanes: lanes.collect::<rusqlite::Result<_>>()?,
        })
    }

    fn next(&mut self) -> rusqlite::Result<Option<Entry>> {
        let newest = self
            .lanes
            .iter_mut()
            .filter(|(_, head)| head.is_some())
            .max_by_key(|(_, head)| head.map(|entry| entry.at));
        let Some((rows, head)) = newest else {
            return Ok(None);
        };
        let following = entry(rows)?;
        Ok(std::mem::replace(head, following))
    }
}

fn entry(rows: &mut Rows<'_>) -> rusqlite::Result<Option<Entry>> {
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let at = Cursor {
        started_at: row.get(0)?,
        seq: row.get(1)?,
    };
    Ok(Some(Entry {
        at,
        flow: row.get(2)?,
        status: row.get(3)?,
    }))
}

/// Most runs have succeeded: the others are counted, and what is left of all has.
pub(super) fn counts(connection: &mut Connection, path: &Path) -> Result<Vec<(Status, u64)>, StoreError> {
    let failed = |error| unreadable(path, &error);
    let moment = connection.transaction().map_err(failed)?;
    let mut counts = Vec::with_capacity(Status::ALL.len());
    let mut left = moment
        .query_row("SELECT count(*) FROM runs", [], count)
        .map_err(failed)?;
    let mut statement = moment
        .prepare("SELECT count(*) FROM runs INDEXED BY runs_by_status WHERE status = ?1 AND status <> 3")
        .map_err(failed)?;
    for status in Status::ALL {
        let of_status = statement
            .query_row([status_number(status)], count)
            .map_err(failed)?;
        left = left.saturating_sub(of_status);
        counts.push((status, of_status));
    }
    for (status, count) in &mut counts {
        if *status == Status::Succeeded {
            *count = left;
        }
    }
    Ok(counts)
}

fn count(row: &Row<'_>) -> rusqlite::Result<u64> {
    row.get::<_, i64>(0).map(i64::unsigned_abs)
}
