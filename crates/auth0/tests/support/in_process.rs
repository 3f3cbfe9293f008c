//! A connection and a tenant without a socket between them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use lockgate_auth0::{Auth0Connection, Wire, WireError};
use lockgate_engine::clock::Clock;
use lockgate_tenant::{Broken, Builder, Tenant};
use tokio::time::Instant;

use super::{Bench, settings};

/// What stands between the two: neither knows of the other.
pub struct InProcess(pub Arc<Tenant>);

#[async_trait]
impl Wire for InProcess {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, WireError> {
        self.0.handle(request).await.map_err(|broken| match broken {
            Broken::Cut { status, .. } => WireError::Cut {
                status,
                reason: broken.to_string(),
            },
            // A client cannot know what was done before a reset.
            other => WireError::Lost(other.to_string()),
        })
    }
}

/// Tokio's time, counted from a fixed date.
#[derive(Clone, Copy)]
pub struct VirtualClock(pub Instant);

impl VirtualClock {
    pub const START: Timestamp = Timestamp::constant(1_893_456_000, 0); // 2030-01-01
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Self::START + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// A tenant, and a bench that is connected to it.
pub fn join(builder: Builder) -> (Arc<Tenant>, Bench) {
    let clock = VirtualClock(Instant::now());
    let tenant = builder
        .clock(move || clock.now().as_millisecond())
        .build()
        .unwrap();
    let tenant = Arc::new(tenant);
    let wire = Arc::new(InProcess(Arc::clone(&tenant)));
    let clock: Arc<dyn Clock> = Arc::new(clock);
    let connection = Auth0Connection::over("auth0", &settings(&tenant), Arc::clone(&clock), wire).unwrap();
    (tenant, Bench::of(connection, clock))
}
