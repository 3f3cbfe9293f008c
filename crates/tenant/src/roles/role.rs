//! A role of the tenant.

use md5::{Digest, Md5};
use serde_json::{Value, json};

use crate::identifiers::hex;
use crate::payload::is_prefixed;

/// A role of the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: String,
}

impl Role {
    /// A role with this name. Its id (`rol_` and 16 letters and digits) is made from the name: the same in every
    /// tenant.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        let digest = hex(&Md5::digest(name.as_bytes()));
        Self {
            id: format!("rol_{}", &digest[..16]),
            name,
            description: String::new(),
        }
    }

    /// Sets what the role is for.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Sets the id. Nothing unless it is `rol_` and 16 letters and digits.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Option<Self> {
        self.id = id.into();
        is_prefixed(&self.id, "rol_").then_some(self)
    }

    /// The id, `rol_…`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// As the API shows it.
    pub(crate) fn value(&self) -> Value {
        json!({ "id": self.id, "name": self.name, "description": self.description })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_made_from_the_name_or_given() {
        let role = Role::new("admin");
        assert!(is_prefixed(role.id(), "rol_"));
        assert_eq!(role.id(), Role::new("admin").id());
        assert_ne!(role.id(), Role::new("editor").id());
        assert!(role.clone().with_id("admin").is_none());
        assert_eq!(
            role.with_id("rol_NHBmr6NkzbRcHob1").unwrap().id(),
            "rol_NHBmr6NkzbRcHob1"
        );
    }
}
