//! What the tenant would have sent, and what it gave out for somebody to use: verification emails, jobs, tickets.
//! Kept for tests to look at; nothing is sent anywhere.

use std::sync::Mutex;

use serde_json::{Value, json};

use crate::clock::Millis;
use crate::lock::lock;
use crate::users::User;

/// All of them, oldest first, as plain JSON.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    verification_emails: Mutex<Vec<Value>>,
    jobs: Mutex<Vec<Value>>,
    tickets: Mutex<Vec<Value>>,
}

impl Messages {
    /// `cause`: `create`, `update` or `job`.
    pub(crate) fn verification_email(&self, user: &User, cause: &str, now: Millis) {
        push(
            &self.verification_emails,
            json!({
                "to": user.text("email"), "user_id": user.id(), "cause": cause, "sent_at": now.rfc3339(),
            }),
        );
    }

    pub(crate) fn job(&self, job: Value) {
        push(&self.jobs, job);
    }

    pub(crate) fn ticket(&self, ticket: Value) {
        push(&self.tickets, ticket);
    }

    pub(crate) fn verification_emails(&self) -> Vec<Value> {
        all(&self.verification_emails)
    }

    pub(crate) fn jobs(&self) -> Vec<Value> {
        all(&self.jobs)
    }

    pub(crate) fn tickets(&self) -> Vec<Value> {
        all(&self.tickets)
    }
}

fn push(list: &Mutex<Vec<Value>>, value: Value) {
    lock(list).push(value);
}

fn all(list: &Mutex<Vec<Value>>) -> Vec<Value> {
    lock(list).clone()
}
