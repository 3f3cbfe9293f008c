//! Identity connections: where a user's credentials live. (Not a connection of a Lockgate workspace.)

use md5::{Digest, Md5};

use crate::identifiers::hex;

/// An identity connection of the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    pub(crate) name: String,
    pub(crate) strategy: Strategy,
    pub(crate) usernames: UsernameRule,
    pub(crate) email_required: bool,
    pub(crate) enabled: bool,
    pub(crate) min_password: usize,
    pub(crate) nickname_is_name: bool,
}

/// What kind of identity provider stands behind a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// Auth0's own user store; ids are `auth0|…`.
    Database,
    /// Passwordless by email; ids are `email|…`.
    Email,
    /// Passwordless by SMS; ids are `sms|…`.
    Sms,
    /// A social or enterprise provider: its users can be seeded, not created through the API.
    External,
}

/// Whether users of a database connection have a username.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsernameRule {
    /// A username is refused.
    Refused,
    /// A username may be given.
    Optional,
    /// A username must be given.
    Required,
}

impl Connection {
    /// A database connection: email required, username optional, passwords of at least 8 characters.
    pub fn database(name: impl Into<String>) -> Self {
        Self::new(name, Strategy::Database)
    }

    /// A passwordless connection by email.
    pub fn email(name: impl Into<String>) -> Self {
        Self::new(name, Strategy::Email)
    }

    /// A passwordless connection by SMS.
    pub fn sms(name: impl Into<String>) -> Self {
        Self::new(name, Strategy::Sms)
    }

    /// A social or enterprise connection: the API refuses to create users in it.
    pub fn external(name: impl Into<String>) -> Self {
        Self::new(name, Strategy::External)
    }

    /// Sets whether users have a username. Only of meaning for a database.
    #[must_use]
    pub fn usernames(mut self, rule: UsernameRule) -> Self {
        self.usernames = rule;
        self
    }

    /// Lets users be created without an email address, by username or phone number alone.
    #[must_use]
    pub fn email_optional(mut self) -> Self {
        self.email_required = false;
        self
    }

    /// Switches the connection off: it refuses creates, and changes of email and password.
    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.enabled = false;
        self
    }

    /// Sets the shortest password, in characters, that is not "too weak".
    #[must_use]
    pub fn min_password(mut self, characters: usize) -> Self {
        self.min_password = characters;
        self
    }

    /// Lets `nickname` default to `name`, as recordings show it until 2018; since then it defaults to the local part of
    /// the email.
    #[must_use]
    pub fn nickname_from_name(mut self) -> Self {
        self.nickname_is_name = true;
        self
    }

    /// The connections that a tenant has unless it is told otherwise.
    pub(crate) fn defaults() -> Vec<Self> {
        vec![
            Self::database("Username-Password-Authentication"),
            Self::email("email"),
            Self::sms("sms"),
        ]
    }

    /// The id, `con_` and 16 letters and digits: made from the name, so the same in every tenant.
    pub fn id(&self) -> String {
        format!("con_{}", &hex(&Md5::digest(self.name.as_bytes()))[..16])
    }

    pub(crate) fn provider(&self) -> &'static str {
        match self.strategy {
            Strategy::Database | Strategy::External => "auth0",
            Strategy::Email => "email",
            Strategy::Sms => "sms",
        }
    }

    fn new(name: impl Into<String>, strategy: Strategy) -> Self {
        Self {
            name: name.into(),
            strategy,
            usernames: UsernameRule::Optional,
            email_required: true,
            enabled: true,
            min_password: 8,
            nickname_is_name: false,
        }
    }
}
