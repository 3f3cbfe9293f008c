//! `hash.password` and `hash.verify_password`: passwords as what may be kept of them.
//!
//! ```text
//!  hash     hash.password: the declaration, and what Auth0's bulk import takes
//!  verify   hash.verify_password
//!  workers  where the work is done: few at once, off the threads that runs share
//! ```
//!
//! Not for digests of data: those are functions of the expression language (`sha256`, `hmac_sha256`).

mod hash;
mod verify;
mod workers;

use std::ops::RangeInclusive;

pub(super) use hash::HashPassword;
pub(super) use verify::VerifyPassword;

/// What bcrypt reads of a password, in bytes; it passes over the rest without a word.
const BCRYPT_BYTES: usize = 72;
/// bcrypt's cost: each step doubles the work. Below is too little by today's measure (OWASP), above takes seconds.
const BCRYPT_COSTS: RangeInclusive<u32> = 10..=15;
/// The most memory for one password, in KiB.
const ARGON2_MOST_MEMORY: u32 = 256 * 1024;
/// The most passes over it.
const ARGON2_MOST_ITERATIONS: u32 = 20;

/// Whether bcrypt takes all of the password into account, and every implementation of it the same: some end at a NUL.
fn fits_bcrypt(password: &str) -> bool {
    password.len() <= BCRYPT_BYTES && !password.contains('\0')
}
