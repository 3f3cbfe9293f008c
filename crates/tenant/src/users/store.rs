//! The users in memory, in the order of their creation, with the indexes that reads and uniqueness need.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::user::{UniqueKey, User};
use crate::clock::Clock;

/// All users of the tenant. Not concurrent: the tenant keeps it behind a lock.
#[derive(Debug, Default)]
pub(crate) struct Users {
    clock: Clock,
    next: u64,
    rows: BTreeMap<u64, Row>,
    by_id: HashMap<String, u64>,
    by_email: HashMap<String, Vec<u64>>,
    unique: HashMap<UniqueKey, u64>,
}

#[derive(Debug)]
struct Row {
    user: Arc<User>,
    /// What the search index still shows, until it catches up with a write.
    indexed: Option<Arc<User>>,
    /// By [`Clock::elapsed`].
    written: Duration,
}

/// Why a user cannot be stored.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Taken {
    #[error("another user has this user_id")]
    Id,
    #[error("another user of the connection has this {0}")]
    Field(&'static str),
}

impl Users {
    /// Nobody yet. By this clock a search is behind.
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            ..Self::default()
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<User>> {
        let row = self.rows.get(self.by_id.get(id)?)?;
        Some(Arc::clone(&row.user))
    }

    /// Users with exactly this stored address, oldest first.
    pub(crate) fn with_email(&self, email: &str) -> Vec<Arc<User>> {
        let found = self.by_email.get(email).into_iter().flatten();
        found
            .filter_map(|number| Some(Arc::clone(&self.rows.get(number)?.user)))
            .collect()
    }

    /// All users as they are, oldest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<User>> {
        self.rows.values().map(|row| &row.user)
    }

    /// All users as the search index shows them when it is `lag` behind, oldest first.
    pub(crate) fn indexed(&self, lag: Duration) -> impl Iterator<Item = &Arc<User>> {
        let now = self.clock.elapsed();
        self.rows.values().filter_map(move |row| {
            if now.saturating_sub(row.written) >= lag {
                Some(&row.user)
            } else {
                row.indexed.as_ref()
            }
        })
    }

    pub(crate) fn insert(&mut self, user: User) -> Result<Arc<User>, Taken> {
        if self.by_id.contains_key(user.id()) {
            return Err(Taken::Id);
        }
        self.check_unique(&user, None)?;
        let number = self.next;
        self.next += 1;
        let user = Arc::new(user);
        self.index(number, &user);
        self.by_id.insert(user.id().to_owned(), number);
        self.rows.insert(
            number,
            Row {
                user: Arc::clone(&user),
                indexed: None,
                written: self.clock.elapsed(),
            },
        );
        Ok(user)
    }

    /// Puts a changed user in the place of the one with the same id, which must exist.
    pub(crate) fn replace(&mut self, user: User) -> Result<Arc<User>, Taken> {
        let Some(number) = self.by_id.get(user.id()).copied() else {
            return self.insert(user);
        };
        self.check_unique(&user, Some(number))?;
        let user = Arc::new(user);
        let before = self.rows.get(&number).map(|row| Arc::clone(&row.user));
        if let Some(before) = &before {
            self.unindex(number, before);
        }
        self.index(number, &user);
        self.rows.insert(
            number,
            Row {
                user: Arc::clone(&user),
                indexed: before,
                written: self.clock.elapsed(),
            },
        );
        Ok(user)
    }

    pub(crate) fn remove(&mut self, id: &str) {
        let Some(number) = self.by_id.remove(id) else {
            return;
        };
        if let Some(row) = self.rows.remove(&number) {
            self.unindex(number, &row.user);
        }
    }

    fn check_unique(&self, user: &User, own: Option<u64>) -> Result<(), Taken> {
        for key in user.unique_keys() {
            if self.unique.get(&key).is_some_and(|number| Some(*number) != own) {
                return Err(Taken::Field(key.field));
            }
        }
        Ok(())
    }

    fn index(&mut self, number: u64, user: &User) {
        for key in user.unique_keys() {
            self.unique.insert(key, number);
        }
        if let Some(email) = user.text("email") {
            let numbers = self.by_email.entry(email.to_owned()).or_default();
            let place = numbers.partition_point(|other| *other < number);
            numbers.insert(place, number);
        }
    }

    fn unindex(&mut self, number: u64, user: &User) {
        for key in user.unique_keys() {
            self.unique.remove(&key);
        }
        let Some(email) = user.text("email") else { return };
        if let Some(numbers) = self.by_email.get_mut(email) {
            numbers.retain(|other| *other != number);
            if numbers.is_empty() {
                self.by_email.remove(email);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn user(id: &str, connection: &str, email: &str) -> User {
        let Value::Object(profile) =
            json!({"user_id": id, "email": email, "identities": [{"connection": connection}]})
        else {
            unreachable!()
        };
        User::new(profile)
    }

    #[test]
    fn emails_are_unique_per_connection_and_freed() {
        let mut users = Users::default();
        users.insert(user("auth0|1", "db", "a@b.example")).unwrap();
        assert_eq!(
            users.insert(user("auth0|1", "db", "c@b.example")).unwrap_err(),
            Taken::Id
        );
        assert_eq!(
            users.insert(user("auth0|2", "db", "A@b.example")).unwrap_err(),
            Taken::Field("email")
        );
        users.insert(user("email|3", "email", "a@b.example")).unwrap();
        let ids = |users: &Users| {
            users
                .with_email("a@b.example")
                .iter()
                .map(|u| u.id().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(&users), ["auth0|1", "email|3"]);

        users.replace(user("auth0|1", "db", "new@b.example")).unwrap();
        assert_eq!(ids(&users), ["email|3"]);
        users.insert(user("auth0|4", "db", "a@b.example")).unwrap();
        assert_eq!(
            users.replace(user("auth0|1", "db", "a@b.example")).unwrap_err(),
            Taken::Field("email")
        );
        users.remove("auth0|4");
        users.remove("auth0|4");
        users.replace(user("auth0|1", "db", "a@b.example")).unwrap();
        assert_eq!(ids(&users), ["auth0|1", "email|3"], "oldest first");
        assert_eq!(users.len(), 2);
    }

    #[test]
    fn a_lagging_index_shows_what_was() {
        let mut users = Users::default();
        users.insert(user("auth0|1", "db", "a@b.example")).unwrap();
        let hour = Duration::from_hours(1);
        assert_eq!(users.indexed(hour).count(), 0);
        assert_eq!(users.indexed(Duration::ZERO).count(), 1);
        users.replace(user("auth0|1", "db", "b@b.example")).unwrap();
        let seen: Vec<_> = users
            .indexed(hour)
            .filter_map(|user| user.text("email"))
            .collect();
        assert_eq!(seen, ["a@b.example"]);
    }
}
