//! How often one caller may call: `rate_limit` of a trigger.

use http::HeaderMap;
use lockgate_flow::syntax::{RateKey, RateLimit};
use serde_json::Value;
use std::net::IpAddr;

/// The counts of one endpoint. Survives reloads as long as the limit is the same.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    limit: RateLimit,
}

/// How a caller stands after a call was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// Seconds until the whole limit is there again.
    pub(crate) reset: u64,
    /// Seconds until one more call fits, if this one was refused.
    pub(crate) retry_after: Option<u64>,
}

impl RateLimiter {
    pub(crate) fn new(limit: RateLimit) -> Self {
        Self { limit }
    }

    pub(crate) fn limit(&self) -> &RateLimit {
        &self.limit
    }

    pub(crate) fn by(&self) -> &RateKey {
        &self.limit.by
    }

    /// Counts a call from an address.
    pub(crate) fn count_address(&self, _address: IpAddr) -> Standing {
        Standing {
            limit: self.limit.count,
            remaining: 0,
            reset: 0,
            retry_after: None,
        }
    }

    /// Counts a call with this value of the field.
    pub(crate) fn count_value(&self, _value: &Value) -> Standing {
        Standing {
            limit: self.limit.count,
            remaining: 0,
            reset: 0,
            retry_after: None,
        }
    }
}

impl Standing {
    /// `RateLimit-Limit`, `RateLimit-Remaining`, `RateLimit-Reset`.
    pub(crate) fn write(&self, _answer: &mut HeaderMap) {}
}
