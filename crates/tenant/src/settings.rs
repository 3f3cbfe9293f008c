//! What a tenant holds, written as JSON: the `tenant:` of a test file.

use serde_json::{Map, Value, json};

use crate::builder::Builder;
use crate::fault::Fault;
use crate::rate_limit::RateLimit;
use crate::roles::Role;
use crate::users::{Connection, SeedUser, Strategy, UsernameRule};

/// Settings that are not what [`settings_schema`] says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", if pointer.is_empty() { String::new() } else { format!("{pointer}: ") })]
pub struct SettingsError {
    /// Where, as a JSON Pointer (RFC 6901) into the settings.
    pub pointer: String,
    /// What is wrong there: a lower-case fragment.
    pub message: String,
}

/// The JSON Schema (2020-12) of [`Builder::settings`], for editors and for documentation.
pub fn settings_schema() -> Value {
    let texts = |description: &str| json!({ "type": "array", "items": { "type": "string" }, "description": description });
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "users": {
                "type": "array",
                "items": { "type": "object" },
                "description": "Users to begin with: what a create takes (no connection and no password are needed), \
                                or users as Auth0 answers them, with `identities`. `roles` names a user's roles."
            },
            "roles": {
                "type": "array",
                "items": {
                    "anyOf": [
                        { "type": "string" },
                        {
                            "type": "object",
                            "additionalProperties": false,
                            "required": ["name"],
                            "properties": {
                                "name": { "type": "string", "minLength": 1 },
                                "id": { "type": "string", "pattern": "^rol_[A-Za-z0-9]{16}$" },
                                "description": { "type": "string" }
                            }
                        }
                    ]
                },
                "description": "The tenant's roles: names, or objects with `name`, `id` and `description`."
            },
            "connections": {
                "type": "array",
                "items": {
                    "anyOf": [
                        { "type": "string" },
                        {
                            "type": "object",
                            "additionalProperties": false,
                            "required": ["name"],
                            "properties": {
                                "name": { "type": "string", "minLength": 1 },
                                "strategy": { "enum": ["database", "email", "sms", "external"] },
                                "usernames": { "enum": ["refused", "optional", "required"] },
                                "email_required": { "type": "boolean" },
                                "enabled": { "type": "boolean" },
                                "min_password": { "type": "integer", "minimum": 0 }
                            }
                        }
                    ]
                },
                "description": "Where users are kept, in place of the database `Username-Password-Authentication` and \
                                the passwordless `email` and `sms`. A name alone is a database."
            },
            "faults": texts("What goes wrong, like `503:once,path=/api/v2/*`."),
            "scopes": texts("What the connection's application may do; everything emulated when left out."),
            "custom_domains": texts("Verified custom domains. Two or more make Auth0 ask which one is meant."),
            "rate_limit": {
                "type": "object",
                "additionalProperties": false,
                "required": ["burst", "per_second"],
                "properties": {
                    "burst": { "type": "integer", "minimum": 0 },
                    "per_second": { "type": "number", "minimum": 0 }
                },
                "description": "The limit of the Management API: so many requests at once, and so many in the long run."
            }
        }
    })
}

impl Builder {
    /// Adds what the settings say; see [`settings_schema`]. Users, roles, connections and faults are added to those
    /// that are there already, the rest takes the place of what was set. A user is looked at when the tenant is made.
    ///
    /// # Errors
    /// The first thing that the schema does not allow.
    ///
    /// ```
    /// use lockgate_tenant::Tenant;
    /// use serde_json::json;
    ///
    /// let settings = json!({
    ///     "roles": ["admin"],
    ///     "users": [{ "email": "ada@example.com", "last_login": "2029-12-31T00:00:00Z", "roles": ["admin"] }],
    ///     "faults": ["503:once,path=/api/v2/*"],
    /// });
    /// let tenant = Tenant::builder().settings(&settings)?.build()?;
    /// let user = &tenant.users()[0];
    /// assert_eq!(user["last_login"], "2029-12-31T00:00:00.000Z");
    /// assert_eq!(tenant.roles_of(user["user_id"].as_str().unwrap())[0]["name"], "admin");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn settings(mut self, settings: &Value) -> Result<Self, SettingsError> {
        let known = [
            "users",
            "roles",
            "connections",
            "faults",
            "scopes",
            "custom_domains",
            "rate_limit",
        ];
        let settings = Place::root(settings).object(&known)?;
        for user in settings.list("users")? {
            let user_object = user.as_object()?.clone();
            self = self.seed(SeedUser::from_value(user_object.into()));
        }
        for role in settings.list("roles")? {
            self = self.roles([role.role()?]);
        }
        for connection in settings.list("connections")? {
            self = self.connection(connection.connection()?);
        }
        for fault in settings.list("faults")? {
            let parsed = fault.text()?.parse::<Fault>();
            let parsed = parsed.map_err(|problem| fault.wrong(problem.to_string()))?;
            self = self.faults([parsed]);
        }
        if let Some(scopes) = settings.texts("scopes")? {
            self = self.scopes(scopes);
        }
        if let Some(domains) = settings.texts("custom_domains")? {
            self = self.custom_domains(domains);
        }
        if let Some(limit) = settings.get("rate_limit") {
            let limit = limit.object(&["burst", "per_second"])?;
            let burst = limit.number("burst")?;
            let per_second = limit.need("per_second")?;
            let rate = per_second.value.as_f64().filter(|rate| *rate >= 0.0);
            let rate = rate.ok_or_else(|| per_second.wrong("expected a number from 0"))?;
            let burst = u32::try_from(burst).unwrap_or(u32::MAX);
            self = self.rate_limit(RateLimit::new(burst, rate));
        }
        Ok(self)
    }
}

/// A value, and where it stands.
#[derive(Debug, Clone)]
struct Place<'a> {
    value: &'a Value,
    pointer: String,
}

/// An object with no keys but those that may be there.
#[derive(Debug)]
struct Object<'a> {
    map: &'a Map<String, Value>,
    pointer: String,
}

impl<'a> Place<'a> {
    fn root(value: &'a Value) -> Self {
        Self {
            value,
            pointer: String::new(),
        }
    }

    fn wrong(&self, message: impl Into<String>) -> SettingsError {
        SettingsError {
            pointer: self.pointer.clone(),
            message: message.into(),
        }
    }

    fn as_object(&self) -> Result<&'a Map<String, Value>, SettingsError> {
        self.value
            .as_object()
            .ok_or_else(|| self.wrong("expected an object"))
    }

    fn object(&self, known: &[&str]) -> Result<Object<'a>, SettingsError> {
        let map = self.as_object()?;
        match map.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(self.wrong(format!("unknown key `{key}`; there are `{}`", known.join("`, `")))),
            None => Ok(Object {
                map,
                pointer: self.pointer.clone(),
            }),
        }
    }

    fn text(&self) -> Result<&'a str, SettingsError> {
        let text = self.value.as_str().filter(|text| !text.is_empty());
        text.ok_or_else(|| self.wrong("expected a text"))
    }

    fn role(&self) -> Result<Role, SettingsError> {
        if self.value.is_string() {
            return Ok(Role::new(self.text()?));
        }
        let object = self.object(&["name", "id", "description"])?;
        let mut role = Role::new(object.need("name")?.text()?);
        if let Some(description) = object.get("description") {
            role = role.description(description.text()?);
        }
        if let Some(id) = object.get("id") {
            role = role
                .with_id(id.text()?)
                .ok_or_else(|| id.wrong("expected `rol_` and 16 letters and digits"))?;
        }
        Ok(role)
    }

    fn connection(&self) -> Result<Connection, SettingsError> {
        if self.value.is_string() {
            return Ok(Connection::database(self.text()?));
        }
        let object = self.object(&[
            "name",
            "strategy",
            "usernames",
            "email_required",
            "enabled",
            "min_password",
        ])?;
        let mut connection = Connection::database(object.need("name")?.text()?);
        if let Some(strategy) = object.get("strategy") {
            connection.strategy = strategy.one_of(&[
                ("database", Strategy::Database),
                ("email", Strategy::Email),
                ("sms", Strategy::Sms),
                ("external", Strategy::External),
            ])?;
        }
        if let Some(rule) = object.get("usernames") {
            connection.usernames = rule.one_of(&[
                ("refused", UsernameRule::Refused),
                ("optional", UsernameRule::Optional),
                ("required", UsernameRule::Required),
            ])?;
        }
        if object.get("email_required").is_some() {
            connection.email_required = object.flag("email_required")?;
        }
        if object.get("enabled").is_some() {
            connection.enabled = object.flag("enabled")?;
        }
        if object.get("min_password").is_some() {
            connection.min_password = usize::try_from(object.number("min_password")?).unwrap_or(usize::MAX);
        }
        Ok(connection)
    }

    fn one_of<T: Copy>(&self, known: &[(&str, T)]) -> Result<T, SettingsError> {
        let text = self.text()?;
        let found = known.iter().find(|(name, _)| *name == text);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            self.wrong(format!("expected one of `{}`", names.join("`, `")))
        })
    }
}

impl<'a> Object<'a> {
    fn get(&self, name: &str) -> Option<Place<'a>> {
        Some(Place {
            value: self.map.get(name)?,
            pointer: format!("{}/{name}", self.pointer),
        })
    }

    fn need(&self, name: &str) -> Result<Place<'a>, SettingsError> {
        self.get(name).ok_or_else(|| SettingsError {
            pointer: self.pointer.clone(),
            message: format!("`{name}` is missing"),
        })
    }

    fn list(&self, name: &str) -> Result<Vec<Place<'a>>, SettingsError> {
        let Some(place) = self.get(name) else {
            return Ok(Vec::new());
        };
        let items = place
            .value
            .as_array()
            .ok_or_else(|| place.wrong("expected a list"))?;
        let item = |(index, value)| Place {
            value,
            pointer: format!("{}/{index}", place.pointer),
        };
        Ok(items.iter().enumerate().map(item).collect())
    }

    fn texts(&self, name: &str) -> Result<Option<Vec<String>>, SettingsError> {
        if self.get(name).is_none() {
            return Ok(None);
        }
        let texts = self
            .list(name)?
            .into_iter()
            .map(|item| item.text().map(str::to_owned));
        texts.collect::<Result<Vec<_>, _>>().map(Some)
    }

    fn number(&self, name: &str) -> Result<u64, SettingsError> {
        let place = self.need(name)?;
        place
            .value
            .as_u64()
            .ok_or_else(|| place.wrong("expected a number from 0"))
    }

    fn flag(&self, name: &str) -> Result<bool, SettingsError> {
        let place = self.need(name)?;
        place
            .value
            .as_bool()
            .ok_or_else(|| place.wrong("expected true or false"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tenant;

    #[test]
    fn everything_can_be_said() {
        let settings = json!({
            "users": [
                { "email": "ada@example.com", "email_verified": true, "roles": ["admin", "rol_NHBmr6NkzbRcHob1"] },
                { "connection": "phones", "phone_number": "+491" },
            ],
            "roles": ["admin", { "name": "editor", "id": "rol_NHBmr6NkzbRcHob1", "description": "Edits" }],
            "connections": [
                "customers",
                { "name": "phones", "strategy": "sms" },
                { "name": "staff", "usernames": "required", "email_required": false, "min_password": 12 },
                { "name": "acme", "strategy": "external", "enabled": false },
            ],
            "faults": ["503:once,path=/api/v2/*"],
            "scopes": ["read:users"],
            "custom_domains": ["login.example.com"],
            "rate_limit": { "burst": 2, "per_second": 0.5 },
        });
        let tenant = Tenant::builder().settings(&settings).unwrap().build().unwrap();
        let users = tenant.users();
        assert_eq!(users[0]["identities"][0]["connection"], "customers");
        assert_eq!(
            users[1]["user_id"].as_str().unwrap().split('|').next(),
            Some("sms")
        );
        let roles = tenant.roles_of(users[0]["user_id"].as_str().unwrap());
        assert_eq!(
            roles[1],
            json!({ "id": "rol_NHBmr6NkzbRcHob1", "name": "editor", "description": "Edits" })
        );
        assert_eq!((roles.len(), tenant.roles().len()), (2, 2));
        assert_eq!(tenant.faults().len(), 1);
        // What the schema names is what is read.
        let schema = settings_schema();
        let named: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
        let said: Vec<&String> = settings.as_object().unwrap().keys().collect();
        assert_eq!(named, said);
    }

    #[test]
    fn mistakes_have_a_place() {
        for (settings, expected) in [
            (json!([]), "expected an object"),
            (
                json!({ "user": [] }),
                "unknown key `user`; there are `users`, `roles`, `connections`, `faults`, `scopes`, `custom_domains`, `rate_limit`",
            ),
            (json!({ "users": {} }), "/users: expected a list"),
            (json!({ "users": [{}, 1] }), "/users/1: expected an object"),
            (json!({ "roles": [{}] }), "/roles/0: `name` is missing"),
            (json!({ "roles": [""] }), "/roles/0: expected a text"),
            (
                json!({ "roles": [{ "name": "a", "id": "b" }] }),
                "/roles/0/id: expected `rol_` and 16 letters and digits",
            ),
            (
                json!({ "connections": [{ "name": "a", "strategy": "ldap" }] }),
                "/connections/0/strategy: expected one of `database`, `email`, `sms`, `external`",
            ),
            (
                json!({ "connections": [{ "name": "a", "enabled": 1 }] }),
                "/connections/0/enabled: expected true or false",
            ),
            (
                json!({ "faults": ["oops"] }),
                "/faults/0: unknown fault \"oops\": expected a status (400 to 599), delay=…, truncate, html, reset or lost-answer",
            ),
            (json!({ "scopes": [1] }), "/scopes/0: expected a text"),
            (
                json!({ "rate_limit": { "burst": 1 } }),
                "/rate_limit: `per_second` is missing",
            ),
            (
                json!({ "rate_limit": { "burst": -1, "per_second": 1 } }),
                "/rate_limit/burst: expected a number from 0",
            ),
        ] {
            let error = Tenant::builder().settings(&settings).unwrap_err();
            assert_eq!(error.to_string(), expected, "{settings}");
        }
        let unknown_role = json!({ "users": [{ "email": "a@b.example", "roles": ["admin"] }] });
        let error = Tenant::builder()
            .settings(&unknown_role)
            .unwrap()
            .build()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "seeding user 0: the tenant has no role \"admin\""
        );
    }
}
