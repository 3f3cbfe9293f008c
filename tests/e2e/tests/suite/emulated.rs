//! An emulated tenant in the test's own process, where the test can look into it and break it.

use std::ops::Deref;
use std::time::{Duration, Instant};

use lockgate_tenant::{Builder, Fault, Tenant};
use tokio::runtime::Runtime;

/// A running tenant, with the threads that it runs on.
pub(crate) struct Emulated {
    tenant: Tenant,
    // Dropped after the tenant, which runs on it.
    _runtime: Runtime,
}

impl Emulated {
    pub(crate) fn start() -> Self {
        Self::built(Tenant::builder())
    }

    /// With these faults, in the syntax of `lockgate tenant --fault`.
    pub(crate) fn with_faults(faults: &[&str]) -> Self {
        Self::built(Tenant::builder().faults(faults.iter().map(|fault| fault.parse::<Fault>().unwrap())))
    }

    pub(crate) fn built(builder: Builder) -> Self {
        let runtime = runtime();
        let tenant = runtime.block_on(builder.start()).unwrap();
        Self {
            tenant,
            _runtime: runtime,
        }
    }

    /// How often users were asked to be created.
    pub(crate) fn creates(&self) -> u64 {
        self.request_count("POST", "/api/v2/users").unwrap()
    }

    /// How often a token was asked for.
    pub(crate) fn tokens(&self) -> u64 {
        self.request_count("POST", "/oauth/token").unwrap()
    }

    /// The e-mail addresses of all users, sorted.
    pub(crate) fn emails(&self) -> Vec<String> {
        let mut emails: Vec<String> = self
            .users()
            .iter()
            .map(|user| user["email"].as_str().unwrap().to_owned())
            .collect();
        emails.sort();
        emails
    }
}

impl Deref for Emulated {
    type Target = Tenant;

    fn deref(&self) -> &Tenant {
        &self.tenant
    }
}

/// Threads for servers: the test's own thread waits for the binary.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

/// Looks again and again until it is so.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "waited in vain: {what}"
        );
        // Between two looks, what is waited for needs the processor.
        std::thread::sleep(Duration::from_millis(2));
    }
}
