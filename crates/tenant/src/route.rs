//! Which operation a request asks for. Paths are matched by hand: there are few of them, and the tenant must
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
    LinkIdentity,
    UnlinkIdentity,
    ListUserRoles,
    AssignRoles,
    RemoveRoles,
    ListRoles,
    GetRole,
    VerificationEmail,
    GetJob,
    PasswordTicket,
    VerificationTicket,
    Unknown,
}

/// Method and path template of each operation that has them, by its place in the enumeration.
const TEMPLATES: [(Operation, &str, &str); Operation::COUNT - 1] = [
    (Operation::Token, "POST", "/oauth/token"),
    (Operation::Jwks, "GET", "/.well-known/jwks.json"),
    (Operation::Discovery, "GET", "/.well-known/openid-configuration"),
    (Operation::CreateUser, "POST", "/api/v2/users"),
    (Operation::ListUsers, "GET", "/api/v2/users"),
    (Operation::GetUser, "GET", "/api/v2/users/{id}"),
    (Operation::UpdateUser, "PATCH", "/api/v2/users/{id}"),
    (Operation::DeleteUser, "DELETE", "/api/v2/users/{id}"),
    (Operation::UsersByEmail, "GET", "/api/v2/users-by-email"),
    (Operation::LinkIdentity, "POST", "/api/v2/users/{id}/identities"),
    (
        Operation::UnlinkIdentity,
        "DELETE",
        "/api/v2/users/{id}/identities/{provider}/{user_id}",
    ),
    (Operation::ListUserRoles, "GET", "/api/v2/users/{id}/roles"),
    (Operation::AssignRoles, "POST", "/api/v2/users/{id}/roles"),
    (Operation::RemoveRoles, "DELETE", "/api/v2/users/{id}/roles"),
    (Operation::ListRoles, "GET", "/api/v2/roles"),
    (Operation::GetRole, "GET", "/api/v2/roles/{id}"),
    (
        Operation::VerificationEmail,
        "POST",
        "/api/v2/jobs/verification-email",
    ),
    (Operation::GetJob, "GET", "/api/v2/jobs/{id}"),
    (
        Operation::PasswordTicket,
        "POST",
        "/api/v2/tickets/password-change",
    ),
    (
        Operation::VerificationTicket,
        "POST",
        "/api/v2/tickets/email-verification",
    ),
];

/// The parameters in a path, as they were sent (still percent-encoded): empty where there are fewer.
pub(crate) type Parameters<'a> = [&'a str; 3];

impl Operation {
    pub(crate) const COUNT: usize = Self::Unknown as usize + 1;

    /// The operation with this method and path template.
    pub(crate) fn named(method: &str, template: &str) -> Option<Self> {
        TEMPLATES
            .iter()
            .find(|(_, its_method, its_template)| *its_method == method && *its_template == template)
            .map(|(operation, ..)| *operation)
    }

    /// Whether the answer has the token endpoint's error shape (`error`, `error_description`).
    pub(crate) fn is_authentication_api(self) -> bool {
        matches!(self, Self::Token | Self::Jwks | Self::Discovery)
    }
}

/// The operation, and its path parameters.
pub(crate) fn route<'a>(method: &Method, path: &'a str) -> (Operation, Parameters<'a>) {
    let unknown = (Operation::Unknown, [""; 3]);
    let Some(below) = path.strip_prefix("/api/v2/") else {
        let operation = match (method.as_str(), path) {
            ("POST", "/oauth/token") => Operation::Token,
            ("GET", "/.well-known/jwks.json") => Operation::Jwks,
            ("GET", "/.well-known/openid-configuration") => Operation::Discovery,
            _ => return unknown,
        };
        return (operation, [""; 3]);
    };
    let mut parts = [""; 6];
    let mut count = 0;
    for part in below.split('/') {
        if part.is_empty() || count == parts.len() {
            return unknown;
        }
        parts[count] = part;
        count += 1;
    }
    let [_, one, _, two, three, _] = parts;
    let operation = match (method.as_str(), &parts[..count]) {
        ("POST", ["users"]) => Operation::CreateUser,
        ("GET", ["users"]) => Operation::ListUsers,
        ("GET", ["users-by-email"]) => Operation::UsersByEmail,
        ("GET", ["users", _]) => Operation::GetUser,
        ("PATCH", ["users", _]) => Operation::UpdateUser,
        ("DELETE", ["users", _]) => Operation::DeleteUser,
        ("POST", ["users", _, "identities"]) => Operation::LinkIdentity,
        ("DELETE", ["users", _, "identities", _, _]) => Operation::UnlinkIdentity,
        ("GET", ["users", _, "roles"]) => Operation::ListUserRoles,
        ("POST", ["users", _, "roles"]) => Operation::AssignRoles,
        ("DELETE", ["users", _, "roles"]) => Operation::RemoveRoles,
        ("GET", ["roles"]) => Operation::ListRoles,
        ("GET", ["roles", _]) => Operation::GetRole,
        ("POST", ["jobs", "verification-email"]) => Operation::VerificationEmail,
        ("GET", ["jobs", _]) => Operation::GetJob,
        ("POST", ["tickets", "password-change"]) => Operation::PasswordTicket,
        ("POST", ["tickets", "email-verification"]) => Operation::VerificationTicket,
        _ => return unknown,
    };
    (operation, [one, two, three])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_reached_by_its_template() {
        for (place, (operation, method, template)) in TEMPLATES.into_iter().enumerate() {
            assert_eq!(operation as usize, place, "{template}");
            let path = template
                .replace("{id}", "auth0%7Cabc")
                .replace("{provider}", "github")
                .replace("{user_id}", "7");
            let (found, [id, provider, user_id]) = route(&method.parse().unwrap(), &path);
            assert_eq!(found, operation);
            for (name, value, expected) in [
                ("{id}", id, "auth0%7Cabc"),
                ("{provider}", provider, "github"),
                ("{user_id}", user_id, "7"),
            ] {
                if template.contains(name) {
                    assert_eq!(value, expected, "{template}");
                }
            }
            assert_eq!(Operation::named(method, template), Some(operation));
        }
    }

    #[test]
    fn other_paths_and_methods_are_unknown() {
        for (method, path) in [
            ("GET", "/"),
            ("GET", "/api/v2/users/"),
            ("GET", "/api/v2//users"),
            ("GET", "/api/v2/users/a/permissions"),
            ("PUT", "/api/v2/users/a"),
            ("PUT", "/api/v2/users/a/roles"),
            ("DELETE", "/api/v2/users/a/identities/b"),
            ("DELETE", "/api/v2/users/a/identities/b/c/d"),
            ("DELETE", "/api/v2/users/a/identities/b/c/d/e"),
            ("DELETE", "/api/v2/users"),
            ("POST", "/api/v2/jobs/users-imports"),
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
