//! Idempotency keys whose runs wait for their turn, and so are not in the store yet.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

/// A flow's name and a key.
type Name = (String, String);

/// The keys that someone waits for a turn with.
#[derive(Debug, Default)]
pub(crate) struct Keys(Mutex<HashMap<Name, Arc<Notify>>>);

/// Where someone stands who comes with a key.
pub(crate) enum Place<'a> {
    /// Nobody else is there.
    First(First<'a>),
    /// Someone else is there; completes when that one has left.
    Behind(std::pin::Pin<Box<OwnedNotified>>),
}

/// The first one with a key, until this is dropped.
#[derive(Debug)]
pub(crate) struct First<'a> {
    keys: &'a Keys,
    name: Name,
}

impl Keys {
    fn lock(&self) -> MutexGuard<'_, HashMap<Name, Arc<Notify>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Comes with a key of a flow.
    pub(crate) fn line_up(&self, flow: &str, key: &str) -> Place<'_> {
        let name = (flow.to_owned(), key.to_owned());
        let mut keys = self.lock();
        if let Some(left) = keys.get(&name) {
            // Made under the lock, and so before the first one leaves: its leaving is heard.
            return Place::Behind(Box::pin(Arc::clone(left).notified_owned()));
        }
        keys.insert(name.clone(), Arc::default());
        Place::First(First { keys: self, name })
    }
}

impl Drop for First<'_> {
    fn drop(&mut self) {
        if let Some(left) = self.keys.lock().remove(&self.name) {
            left.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn one_is_first_and_the_others_hear_when_it_leaves() {
        let keys = Keys::default();
        let Place::First(first) = keys.line_up("flow", "key") else {
            panic!("nobody is there");
        };
        assert!(matches!(keys.line_up("flow", "other"), Place::First(_)));
        assert!(matches!(keys.line_up("other", "key"), Place::First(_)));
        let mut behind: Vec<_> = (0..3)
            .map(|_| match keys.line_up("flow", "key") {
                Place::Behind(left) => left,
                Place::First(_) => panic!("someone is there"),
            })
            .collect();
        assert!(behind.iter_mut().all(|left| left.now_or_never().is_none()));
        drop(first);
        assert!(behind.iter_mut().all(|left| left.now_or_never().is_some()));
        assert!(matches!(keys.line_up("flow", "key"), Place::First(_)));
        assert!(keys.lock().is_empty());
    }
}
