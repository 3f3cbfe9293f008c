//! Resolves names to addresses that the policy allows.
//!
//! The client connects to what comes out of here, so nothing can change between the check and the connection. A
//! host that is written as an address never comes by: `exchange` checks it.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::policy::HttpPolicy;

/// A host whose every address is forbidden.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{host}` is at a private address")]
pub(crate) struct Forbidden {
    pub(crate) host: String,
}

impl Forbidden {
    /// Whether this is why a request failed.
    pub(crate) fn find<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        let mut error = error;
        loop {
            if let Some(forbidden) = error.downcast_ref() {
                return Some(forbidden);
            }
            error = error.source()?;
        }
    }
}

/// The system's resolver.
#[derive(Debug)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Another resolver behind the policy.
pub(crate) struct GuardedResolver {
    pub(crate) policy: Arc<HttpPolicy>,
    pub(crate) inner: Arc<dyn Resolve>,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = Arc::clone(&self.policy);
        let host = name.as_str().to_owned();
        let resolving = self.inner.resolve(name);
        Box::pin(async move {
            let addresses = resolving.await?;
            if policy.allows_host(&host) {
                return Ok(addresses);
            }
            let mut any = false;
            let allowed: Vec<SocketAddr> = addresses
                .inspect(|_| any = true)
                .filter(|address| policy.allows_address(address.ip()))
                .collect();
            if any && allowed.is_empty() {
                return Err(Forbidden { host }.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}
