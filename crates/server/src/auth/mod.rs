//! Who may call: what a trigger's `auth` asks for.

use lockgate_flow::catalog::ConnectionSpec;
use lockgate_flow::syntax::AuthKind;

/// The connection types that hold what callers must show.
pub fn connection_specs() -> Vec<ConnectionSpec> {
    Vec::new()
}

/// What callers must show.
#[derive(Debug)]
pub struct Credentials {
    kind: AuthKind,
}

impl Credentials {
    pub(crate) fn kind(&self) -> AuthKind {
        self.kind
    }
}
