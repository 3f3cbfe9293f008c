//! The roles in memory, and who has which.

use std::collections::HashMap;

use super::role::Role;

/// All roles of the tenant. Not concurrent: the tenant keeps it behind a lock.
#[derive(Debug, Default)]
pub(crate) struct Roles {
    /// In the order in which they were added.
    all: Vec<Role>,
    /// Role ids by user id, in the order in which they were assigned.
    assigned: HashMap<String, Vec<String>>,
}

impl Roles {
    pub(crate) fn new(all: Vec<Role>) -> Self {
        Self {
            all,
            assigned: HashMap::new(),
        }
    }

    pub(crate) fn all(&self) -> &[Role] {
        &self.all
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Role> {
        self.all.iter().find(|role| role.id == id)
    }

    /// The role with this id or name.
    pub(crate) fn named(&self, name: &str) -> Option<&Role> {
        self.get(name)
            .or_else(|| self.all.iter().find(|role| role.name == name))
    }

    pub(crate) fn of(&self, user_id: &str) -> Vec<&Role> {
        let ids = self.assigned.get(user_id).into_iter().flatten();
        ids.filter_map(|id| self.get(id)).collect()
    }

    pub(crate) fn assign(&mut self, user_id: &str, role_id: &str) {
        let ids = self.assigned.entry(user_id.to_owned()).or_default();
        if !ids.iter().any(|id| id == role_id) {
            ids.push(role_id.to_owned());
        }
    }

    pub(crate) fn remove(&mut self, user_id: &str, role_id: &str) {
        if let Some(ids) = self.assigned.get_mut(user_id) {
            ids.retain(|id| id != role_id);
        }
    }

    /// A user is gone.
    pub(crate) fn forget(&mut self, user_id: &str) {
        self.assigned.remove(user_id);
    }
}
