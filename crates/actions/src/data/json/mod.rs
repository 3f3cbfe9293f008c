//! `json.parse` and `json.serialize`: JSON that is carried as text.
//!
//! There is no action that makes an object, as other flow tools have: `set`, or any `with`, writes one with expressions in
//! it.

mod parse;
mod serialize;

pub(super) use parse::JsonParse;
pub(super) use serialize::JsonSerialize;
