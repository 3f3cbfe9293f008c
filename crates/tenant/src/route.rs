//! Which operation a request asks for. Paths are matched by hand: there are nine of them, and the tenant must
//! see the raw path (a user id is percent-encoded) before anything decodes it.

use http::Method;

/// An operation of the tenant, as Auth0's documents name its method and path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    Token,
    Jwks,
    Discovery,
    CreateUser,
    ListUsers,
    GetUser,
    UpdateUser,
    DeleteUser,
    UsersByEmail,
    Unknown,
}

impl Operation {
    pub(crate) const COUNT: usize = 10;

    /// Method and path template, or nothing for a request that no route takes.
    pub(crate) fn template(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::Token => ("POST", "/oauth/token"),
            Self::Jwks => ("GET", "/.well-known/jwks.json"),
            Self::Discovery => ("GET", "/.well-known/openid-configuration"),
            Self::CreateUser => ("POST", "/api/v2/users"),
            Self::ListUsers => ("GET", "/api/v2/users"),
            Self::GetUser => ("GET", "/api/v2/users/{id}"),
            Self::UpdateUser => ("PATCH", "/api/v2/users/{id}"),
            Self::DeleteUser => ("DELETE", "/api/v2/users/{id}"),
            Self::UsersByEmail => ("GET", "/api/v2/users-by-email"),
            Self::Unknown => return None,
        })
    }

    pub(crate) fn all() -> [Self; Self::COUNT] {
        [
            Self::Token,
            Self::Jwks,
            Self::Discovery,
            Self::CreateUser,
            Self::ListUsers,
            Self::GetUser,
            Self::UpdateUser,
            Self::DeleteUser,
            Self::UsersByEmail,
            Self::Unknown,
        ]
    }

    /// The operation with this method and path template.
    pub(crate) fn named(method: &str, template: &str) -> Option<Self> {
        Self::all()
            .into_iter()
            .find(|operation| operation.template() == Some((method, template)))
    }

    /// Whether the answer has the token endpoint's error shape (`error`, `error_description`).
    pub(crate) fn is_authentication_api(self) -> bool {
        matches!(self, Self::Token | Self::Jwks | Self::Discovery)
    }
}

/// The operation, and the path parameter as it was sent (still percent-encoded).
pub(crate) fn route<'a>(method: &Method, path: &'a str) -> (Operation, &'a str) {
    let operation = match (method.as_str(), path) {
        ("POST", "/oauth/token") => Operation::Token,
        ("GET", "/.well-known/jwks.json") => Operation::Jwks,
        ("GET", "/.well-known/openid-configuration") => Operation::Discovery,
        ("POST", "/api/v2/users") => Operation::CreateUser,
        ("GET", "/api/v2/users") => Operation::ListUsers,
        ("GET", "/api/v2/users-by-email") => Operation::UsersByEmail,
        (method, path) => {
            let Some(id) = path
                .strip_prefix("/api/v2/users/")
                .filter(|id| !id.is_empty() && !id.contains('/'))
            else {
                return (Operation::Unknown, "");
            };
            let operation = match method {
                "GET" => Operation::GetUser,
                "PATCH" => Operation::UpdateUser,
                "DELETE" => Operation::DeleteUser,
                _ => Operation::Unknown,
            };
            return (operation, id);
        }
    };
    (operation, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_reached_by_its_template() {
        for operation in Operation::all() {
            let Some((method, template)) = operation.template() else {
                continue;
            };
            let path = template.replace("{id}", "auth0%7Cabc");
            let method: Method = method.parse().unwrap();
            let (found, id) = route(&method, &path);
            assert_eq!(found, operation);
            assert_eq!(
                id,
                if template.contains("{id}") {
                    "auth0%7Cabc"
                } else {
                    ""
                }
            );
            assert_eq!(Operation::named(method.as_str(), template), Some(operation));
        }
    }

    #[test]
    fn other_paths_and_methods_are_unknown() {
        for (method, path) in [
            ("GET", "/"),
            ("GET", "/api/v2/users/"),
            ("GET", "/api/v2/users/a/roles"),
            ("PUT", "/api/v2/users/a"),
            ("DELETE", "/api/v2/users"),
            ("GET", "/oauth/token"),
            ("GET", "/api/v2/clients"),
        ] {
            assert_eq!(
                route(&method.parse().unwrap(), path).0,
                Operation::Unknown,
                "{method} {path}"
            );
        }
    }
}
