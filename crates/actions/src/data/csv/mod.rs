//! `csv.parse`: the rows of a table that is carried as text (RFC 4180).
//!
//! ```text
//!  parse    the Action: declaration, and the table in steps
//!   └─ quotes   quotes that do not end, which the csv library would read over
//! ```

mod parse;
mod quotes;

pub(super) use parse::CsvParse;
