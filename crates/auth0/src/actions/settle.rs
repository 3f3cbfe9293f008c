//! Finding out what became of a create whose answer was lost, or that met a 409.
//!
//! A create in a database connection carries a `user_id` that nobody else has: 24 hexadecimal digits derived
//! from the run and the step. A read by that id tells whether the user is there, and reads are exact. Where
//! the author gave the id, others may have it too, and the time of creation has to tell.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lockgate_engine::action::{ActionContext, ActionError, Retry};
use reqwest::Method;
use serde_json::Value;

use super::get_user::path_error;
use crate::connection::{Request, Session};
use crate::error;
use crate::path::ApiPath;

/// How far Auth0's clock may lie behind ours.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(10);

/// How often a read is tried.
const READS: u32 = 4;

/// The wait after the first read that fails; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The provider in the ids of all database connections.
const DATABASE_PREFIX: &str = "auth0|";

/// By what a created user is recognized.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CreatedId {
    /// As sent in `user_id`.
    pub(super) local: String,
    pub(super) is_derived: bool,
}

/// What a read by id has shown.
#[derive(Debug)]
pub(super) enum Found {
    /// The user that this step created.
    Ours(Value),
    /// Somebody with that id, whom this step did not create, or may not have.
    Another,
    Nobody,
    /// The read failed.
    Unread(ActionError),
}

impl CreatedId {
    /// The id of a create with this input, if it goes to a database connection.
    ///
    /// A database user is told by its password: databases demand one, and no other connection takes one
    /// (Auth0 docs and OpenAPI description of the operation).
    pub(super) fn of(context: &ActionContext<'_>, input: &Value) -> Option<Self> {
        input.get("password").filter(|password| !password.is_null())?;
        match input.get("user_id").and_then(Value::as_str) {
            Some(given) if !given.is_empty() => Some(Self {
                local: given.strip_prefix(DATABASE_PREFIX).unwrap_or(given).to_owned(),
                is_derived: false,
            }),
            _ => {
                let mut digits = String::with_capacity(24);
                for byte in &context.identity()[..12] {
                    for half in [byte >> 4, byte & 15] {
                        digits.extend(char::from_digit(u32::from(half), 16));
                    }
                }
                Some(Self {
                    local: digits,
                    is_derived: true,
                })
            }
        }
    }

    /// The whole id, as in paths and answers.
    pub(super) fn full(&self) -> String {
        format!("{DATABASE_PREFIX}{}", self.local)
    }

    /// Reads the user with this id, several times where the read fails for a reason that may pass: a create
    /// that stays unsettled is worse than a late one. `since`: when this attempt began, if it may have sent a
    /// create.
    pub(super) async fn find(&self, session: &Session<'_>, input: &Value, since: Option<Timestamp>) -> Found {
        let mut pause = FIRST_PAUSE;
        for _ in 1..READS {
            match self.read(session, input, since).await {
                Found::Unread(error) if error.retry != Retry::Never && session.has_time_for(pause) => {
                    session.connection().clock().sleep(pause).await;
                    pause *= 2;
                }
                found => return found,
            }
        }
        self.read(session, input, since).await
    }

    async fn read(&self, session: &Session<'_>, input: &Value, since: Option<Timestamp>) -> Found {
        let path = match ApiPath::user(&self.full()) {
            Ok(path) => path,
            Err(problem) => return Found::Unread(path_error(&problem)),
        };
        let request = Request::new(Method::GET, path);
        match session.send_json(&request, true).await {
            Ok(user) if self.is_ours(&user, input, since) => Found::Ours(user),
            Ok(_) => Found::Another,
            Err(error) if error::is_no_user(&error) => Found::Nobody,
            Err(error) => Found::Unread(error),
        }
    }

    fn is_ours(&self, user: &Value, input: &Value, since: Option<Timestamp>) -> bool {
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_lowercase);
        let same = |name: &str| text(input, name).is_none_or(|sent| text(user, name) == Some(sent));
        let in_connection = user
            .get("identities")
            .and_then(Value::as_array)
            .is_some_and(|identities| {
                identities
                    .iter()
                    .any(|identity| identity.get("connection") == input.get("connection"))
            });
        let is_it = user.get("user_id").and_then(Value::as_str) == Some(&self.full())
            && in_connection
            && ["email", "username", "phone_number"].into_iter().all(same);
        let is_new = || {
            let created: Option<Timestamp> = user.get("created_at").and_then(Value::as_str)?.parse().ok();
            Some(created? >= since? - CLOCK_SKEW)
        };
        is_it && (self.is_derived || is_new().unwrap_or(false))
    }
}
