//! `xml.parse` and `xml.serialize`: XML 1.0 as values, on the events of quick-xml.
//!
//! ```text
//!  parse      text → value: the tree, and what is refused on the way
//!  serialize  value → text
//!  grammar    what a name and a character are; the library leaves both to us
//! ```
//!
//! The form of a value is the common one of such converters: an element is its text, or an object with `@attribute`s, `#text`
//! and its child elements by name, lists where a name repeats. The order of children of different names is not kept, nor are
//! comments and processing instructions.
//!
//! Nothing is ever fetched and no entity is ever declared: a document type declaration is refused as a whole.

mod grammar;
mod parse;
#[cfg(test)]
mod parse_tests;
#[cfg(test)]
mod properties;
mod serialize;

pub(super) use parse::XmlParse;
pub(super) use serialize::XmlSerialize;

/// How many elements may stand in one another. Each can be two levels of a value, an object and a list.
const LEVELS: usize = 50;
