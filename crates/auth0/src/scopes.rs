//! Which scope an endpoint of the Management API asks for: a table for `auth0.send_request`.
//!
//! The endpoints of users are taken from Auth0's OpenAPI description (`security` of each operation, where any
//! of the listed scopes is enough). For other resources the table names those whose scopes follow the rule
//! `verb:resource`; a path that is in neither place gives no need, and `check` says nothing about it.

use lockgate_flow::catalog::ScopeNeed;

/// `(method, path below /api/v2, scopes: the least first)`; `*` stands for one segment.
const USERS: &[(&str, &str, &[&str])] = &[
    ("GET", "users", &["read:users"]),
    ("POST", "users", &["create:users"]),
    ("GET", "users-by-email", &["read:users"]),
    ("GET", "users/*", &["read:users"]),
    ("DELETE", "users/*", &["delete:users"]),
    ("PATCH", "users/*", &["update:users"]),
    (
        "GET",
        "users/*/authentication-methods",
        &["read:authentication_methods"],
    ),
    (
        "DELETE",
        "users/*/authentication-methods",
        &["delete:authentication_methods"],
    ),
    (
        "POST",
        "users/*/authentication-methods",
        &["create:authentication_methods"],
    ),
    (
        "PUT",
        "users/*/authentication-methods",
        &["update:authentication_methods"],
    ),
    (
        "GET",
        "users/*/authentication-methods/*",
        &["read:authentication_methods"],
    ),
    (
        "DELETE",
        "users/*/authentication-methods/*",
        &["delete:authentication_methods"],
    ),
    (
        "PATCH",
        "users/*/authentication-methods/*",
        &["update:authentication_methods"],
    ),
    (
        "DELETE",
        "users/*/authenticators",
        &["delete:guardian_enrollments"],
    ),
    ("GET", "users/*/connected-accounts", &["read:users"]),
    (
        "GET",
        "users/*/effective-permissions",
        &["read:user_effective_permissions"],
    ),
    (
        "GET",
        "users/*/effective-permissions/sources/effective-roles",
        &["read:user_permission_source_roles"],
    ),
    ("GET", "users/*/effective-roles", &["read:user_effective_roles"]),
    (
        "GET",
        "users/*/effective-roles/sources/groups",
        &["read:user_role_source_groups"],
    ),
    ("GET", "users/*/enrollments", &["read:users"]),
    (
        "GET",
        "users/*/federated-connections-tokensets",
        &["read:federated_connections_tokens"],
    ),
    (
        "DELETE",
        "users/*/federated-connections-tokensets/*",
        &["delete:federated_connections_tokens"],
    ),
    ("GET", "users/*/groups", &["read:groups"]),
    ("POST", "users/*/identities", &["update:users"]),
    ("DELETE", "users/*/identities/*/*", &["update:users"]),
    ("GET", "users/*/logs", &["read:logs_users", "read:logs"]),
    (
        "POST",
        "users/*/multifactor/actions/invalidate-remember-browser",
        &["update:users"],
    ),
    ("DELETE", "users/*/multifactor/*", &["update:users"]),
    ("GET", "users/*/organizations", &["read:organizations"]),
    ("GET", "users/*/permissions", &["read:users"]),
    ("DELETE", "users/*/permissions", &["update:users"]),
    ("POST", "users/*/permissions", &["update:users"]),
    ("POST", "users/*/recovery-code-regeneration", &["update:users"]),
    (
        "POST",
        "users/*/revoke-access",
        &["delete:sessions", "delete:refresh_tokens"],
    ),
    ("POST", "users/*/risk-assessments/clear", &["update:users"]),
    (
        "GET",
        "users/*/roles",
        &["read:role_members", "read:roles", "read:users"],
    ),
    (
        "DELETE",
        "users/*/roles",
        &["delete:role_members", "update:users"],
    ),
    ("POST", "users/*/roles", &["create:role_members", "update:users"]),
    // Not of users by their path, but by what they ask for.
    ("POST", "jobs/verification-email", &["update:users"]),
    ("POST", "jobs/users-imports", &["create:users"]),
    ("POST", "jobs/users-exports", &["read:users"]),
    ("POST", "tickets/email-verification", &["create:user_tickets"]),
    ("POST", "tickets/password-change", &["create:user_tickets"]),
];

/// `(path's first segment, resource in the scope)`: `GET` reads, `POST` creates, `PATCH` and `PUT` update, `DELETE`
/// deletes. Only for the collection and its members, not for what lies below them.
const RESOURCES: &[(&str, &str)] = &[
    ("clients", "clients"),
    ("client-grants", "client_grants"),
    ("connections", "connections"),
    ("custom-domains", "custom_domains"),
    ("logs", "logs"),
    ("log-streams", "log_streams"),
    ("organizations", "organizations"),
    ("resource-servers", "resource_servers"),
    ("roles", "roles"),
];

/// The needs of one call. `path` begins with `/api/v2/`; its ids may be `{name}` or anything else.
pub(crate) fn of_endpoint(method: &str, path: &str) -> Vec<ScopeNeed> {
    let Some(path) = path.strip_prefix("/api/v2/") else {
        return Vec::new();
    };
    let segments: Vec<&str> = path.split('/').collect();
    let matches = |pattern: &str| {
        let mut wanted = pattern.split('/');
        let all = segments
            .iter()
            .all(|segment| wanted.next().is_some_and(|want| want == "*" || want == *segment));
        all && wanted.next().is_none()
    };
    if let Some((_, _, scopes)) = USERS
        .iter()
        .find(|(verb, pattern, _)| *verb == method && matches(pattern))
    {
        return vec![ScopeNeed(
            scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        )];
    }
    let verb = match method {
        "GET" => "read",
        "POST" => "create",
        "PATCH" | "PUT" => "update",
        "DELETE" => "delete",
        _ => return Vec::new(),
    };
    RESOURCES
        .iter()
        .find(|(first, _)| segments.first() == Some(first) && segments.len() <= 2)
        .map(|(_, resource)| vec![ScopeNeed(vec![format!("{verb}:{resource}")])])
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: &str, path: &str, expected: &[&str]) {
        let found = of_endpoint(method, path);
        let found: Vec<&str> = found
            .iter()
            .flat_map(|need| &need.0)
            .map(String::as_str)
            .collect();
        assert_eq!(found, expected, "{method} {path}");
    }

    #[test]
    fn endpoints_need_their_scopes() {
        check("GET", "/api/v2/users", &["read:users"]);
        check("GET", "/api/v2/users/{id}", &["read:users"]);
        check(
            "POST",
            "/api/v2/users/auth0%7C1/roles",
            &["create:role_members", "update:users"],
        );
        check(
            "DELETE",
            "/api/v2/users/{id}/identities/{provider}/{user_id}",
            &["update:users"],
        );
        check("GET", "/api/v2/users/{id}/unheard-of", &[]);
        check(
            "PATCH",
            "/api/v2/resource-servers/{id}",
            &["update:resource_servers"],
        );
        check("GET", "/api/v2/organizations/{id}/members", &[]);
        check("GET", "/api/v2/stats/daily", &[]);
        check("OPTIONS", "/api/v2/roles", &[]);
        check("GET", "/oauth/token", &[]);
    }
}
