//! `jwt.sign`, `jwt.verify`, `jwt.decode`: signed tokens (RFC 7519), and `jwt` connections that hold keys.
//!
//! ```text
//!  sign, verify, decode     the actions
//!   ├─ claims                what is asked of a verified token: time, issuer, audience, subject
//!   ├─ cause                 why a token is not valid
//!   └─ connection            the connection type: settings → keys
//!       ├─ key_set            keys by id
//!       ├─ remote             a key set behind a URL: kept, renewed, rotated
//!       │   └─ freshness       how long an answer counts
//!       ├─ keys               one key for one algorithm: signs, or verifies
//!       │   └─ jwk, pem_key    what keys are read from
//!       └─ algorithm          HS, RS, ES, PS with 256, 384, 512
//!  compact                  the compact form: three parts and two dots (RFC 7515 §3.1)
//! ```
//!
//! The signatures are aws-lc's. The library that the rest of the house signs its assertions with knows eleven of the
//! twelve algorithms, and reads a header into fixed fields; two ways beside each other would be the greater risk. The
//! tests hold both against each other wherever both can do it.
//!
//! What a token says about itself is never believed before its signature: the algorithm is the connection's, the key
//! is the connection's, and the header's only part is to say which of the connection's keys it was (RFC 8725 §3.1).
//!
//! Not here: encrypted tokens (JWE), EdDSA, detached content.

mod algorithm;
mod cause;
mod claims;
mod compact;
mod connection;
mod decode;
mod freshness;
mod jwk;
mod key_set;
mod keys;
mod pem_key;
mod remote;
mod sign;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod vectors;
mod verify;

use lockgate_engine::action::Actions;
use lockgate_engine::connection::ConnectionType;
use lockgate_http::HttpPolicy;

use decode::JwtDecode;
use sign::JwtSign;
use verify::JwtVerify;

/// Adds the actions of this group.
pub(crate) fn register(actions: &mut Actions, policy: &HttpPolicy) {
    actions.add(JwtDecode);
    actions.add(JwtSign);
    actions.add(JwtVerify::new(policy.clone()));
}

/// The connection types that they use.
pub(crate) fn connection_types() -> Vec<ConnectionType> {
    vec![ConnectionType::new(connection::spec(), connection::open)]
}
