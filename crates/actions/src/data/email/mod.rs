//! `email.verify`: whether an address is one that a flow wants.
//!
//! ```text
//!  verify       the Action: the rules in their order, and the answer
//!   ├─ spec       the declaration, and what `check` finds in a known input
//!   ├─ address    text → an address (RFC 5321, RFC 6531)
//!   ├─ entries    what an author's allow and block lists hold
//!   ├─ lists      providers that are free, and those that are disposable
//!   ├─ routes     whether mail finds its way to a domain: MX and address records
//!   └─ suggestion what somebody who mistyped a domain meant
//! ```
//!
//! No mail is sent: that somebody reads an address shows only when a code comes back from it (`otp.generate`).

mod address;
#[cfg(test)]
mod address_tests;
mod entries;
mod lists;
mod routes;
mod spec;
mod suggestion;
mod verify;

pub(super) use verify::EmailVerify;
