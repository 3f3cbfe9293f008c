//! What is asked of both servers.

use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

/// A kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scenario {
    /// `flows/sign-up.yaml`: check, create; for every second one also update; answer.
    SignUp,
    /// Check, look for the e-mail address, create, get, answer.
    Register,
    /// A route that only answers: what the server alone costs. Only `lockgate serve` has it.
    Route,
}

impl Scenario {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::SignUp => "sign-up",
            Self::Register => "register",
            Self::Route => "route",
        }
    }

    /// Whether the hand-written service has it too. Then both have to do the same.
    pub(super) fn is_compared(self) -> bool {
        self != Self::Route
    }

    /// The status of a good answer.
    pub(super) fn status(self) -> u16 {
        match self {
            Self::SignUp | Self::Register => 201,
            Self::Route => 200,
        }
    }

    /// The bytes of another request, unlike all others of this process.
    pub(super) fn write(self, request: &mut Vec<u8>) {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        request.clear();
        let written = match self {
            Self::SignUp | Self::Register => {
                let plan = if number % 2 == 1 { "pro" } else { "free" };
                let mut body = [0_u8; 128];
                let mut rest = &mut body[..];
                let _ = write!(
                    rest,
                    r#"{{"email":"ada-{number}@example.com","password":"correct horse 9","plan":"{plan}"}}"#
                );
                let length = 128 - rest.len();
                let name = self.name();
                write!(
                    request,
                    "POST /{name} HTTP/1.1\r\nhost: localhost\r\nuser-agent: lockgate-bench\r\naccept: */*\r\ncontent-type: \
                     application/json\r\ncontent-length: {length}\r\n\r\n"
                )
                .and_then(|()| request.write_all(&body[..length]))
            }
            Self::Route => write!(
                request,
                "GET /route-7/{number} HTTP/1.1\r\nhost: localhost\r\nuser-agent: lockgate-bench\r\naccept: */*\r\n\r\n"
            ),
        };
        debug_assert!(written.is_ok(), "a vector takes everything");
    }
}
