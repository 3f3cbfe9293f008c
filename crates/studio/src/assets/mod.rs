//! `/studio/`: the web app as it was built, and what a browser is told to let it do: ask this server, and nothing else.
//!
//! The page is another one each time: it holds the nonce of the styles that the editor writes. What it loads has its digest in
//! its name and never changes.

mod answer;
mod headers;
mod packed;

pub(crate) use answer::{asset, page};
