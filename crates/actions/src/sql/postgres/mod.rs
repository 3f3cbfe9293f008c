//! PostgreSQL, over the extended protocol: the statement is prepared first, so that it is known which types its parameters and
//! columns have before any value is sent.
//!
//! The types are read and written here, in PostgreSQL's binary format, because the client library's own support for JSON and
//! UUID cannot be turned on beside the SQLite that the binary holds.

mod arguments;
mod array;
mod decode;
mod failure;
mod kind;
mod numeric;
mod run;
mod time;

pub(super) use run::Postgres;
