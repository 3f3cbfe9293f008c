//! Paths of the Management API, with ids in them that cannot break out of their segment.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything outside RFC 3986's unreserved characters is encoded: `auth0|…` becomes `auth0%7C…`.
pub(crate) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// In a path as an author wrote it, slashes and what is already encoded stay.
const WRITTEN: &AsciiSet = &SEGMENT.remove(b'/').remove(b'%');

/// An encoded path below the tenant's base URL, like `/api/v2/users/auth0%7C1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiPath {
    encoded: String,
    /// The path without its ids, for logs.
    template: Cow<'static, str>,
}

/// What cannot be a path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PathProblem {
    #[error("an empty id would name the whole collection")]
    EmptyId,
    #[error("`{0}` as an id would climb out of the path")]
    DotId(String),
    #[error("the path does not begin with `/api/v2/`")]
    NotApi,
    #[error("the path has a query or fragment; write the query under `query`")]
    Query,
    #[error("the path has an empty, `.` or `..` segment")]
    Segment,
    #[error("the path has `%` without two hexadecimal digits")]
    Percent,
    #[error("the path has `{{{0}}}`, but `path_params` has no `{0}`")]
    MissingParameter(String),
    #[error("`path_params` has `{0}`, but the path has no `{{{0}}}`")]
    UnusedParameter(String),
    #[error("the path has an unclosed `{{`")]
    Unclosed,
}

impl ApiPath {
    /// A path of this crate's own.
    pub(crate) fn fixed(path: &'static str) -> Self {
        Self {
            encoded: path.to_owned(),
            template: Cow::Borrowed(path),
        }
    }

    /// `/api/v2/users/{id}`.
    pub(crate) fn user(id: &str) -> Result<Self, PathProblem> {
        Self::filled("/api/v2/users/{id}", &[id])
    }

    /// A path of this crate's own, with these ids in the places of its `{names}`, in their order.
    pub(crate) fn filled(template: &'static str, ids: &[&str]) -> Result<Self, PathProblem> {
        let mut encoded = String::with_capacity(template.len() + 32);
        let mut ids = ids.iter();
        for (place, part) in template.split('{').enumerate() {
            let rest = match part.split_once('}') {
                Some((_, rest)) if place > 0 => {
                    encoded.push_str(&encode_id(ids.next().copied().unwrap_or_default())?);
                    rest
                }
                _ => part,
            };
            encoded.push_str(rest);
        }
        Ok(Self {
            encoded,
            template: Cow::Borrowed(template),
        })
    }

    /// A path as an author wrote it, with `{name}` for each parameter.
    pub(crate) fn from_template(
        template: &str,
        parameters: &[(String, String)],
    ) -> Result<Self, PathProblem> {
        if !template.starts_with("/api/v2/") {
            return Err(PathProblem::NotApi);
        }
        if template.contains(['?', '#']) {
            return Err(PathProblem::Query);
        }
        let mut encoded = String::with_capacity(template.len() + 32);
        let mut used = Vec::new();
        let mut rest = template;
        while let Some((front, back)) = rest.split_once('{') {
            encoded.extend(utf8_percent_encode(front, WRITTEN));
            let (name, back) = back.split_once('}').ok_or(PathProblem::Unclosed)?;
            let (_, value) = parameters
                .iter()
                .find(|(known, _)| known == name)
                .ok_or_else(|| PathProblem::MissingParameter(name.to_owned()))?;
            encoded.push_str(&encode_id(value)?);
            used.push(name);
            rest = back;
        }
        encoded.extend(utf8_percent_encode(rest, WRITTEN));
        if let Some((unused, _)) = parameters.iter().find(|(name, _)| !used.contains(&name.as_str())) {
            return Err(PathProblem::UnusedParameter(unused.clone()));
        }
        check_segments(&encoded)?;
        Ok(Self {
            encoded,
            template: Cow::Owned(template.to_owned()),
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.encoded
    }

    pub(crate) fn template(&self) -> &str {
        &self.template
    }

    /// The path without its ids, where it is one of this crate's own: an author's may have been put together from
    /// anything.
    pub(crate) fn own_template(&self) -> Option<&'static str> {
        match self.template {
            Cow::Borrowed(template) => Some(template),
            Cow::Owned(_) => None,
        }
    }
}

impl fmt::Display for ApiPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.template)
    }
}

/// One id as one path segment.
pub(crate) fn encode_id(id: &str) -> Result<String, PathProblem> {
    match id {
        "" => Err(PathProblem::EmptyId),
        // URL parsers drop these segments even when they are encoded: https://url.spec.whatwg.org/#double-dot-path-segment
        "." | ".." => Err(PathProblem::DotId(id.to_owned())),
        id => Ok(utf8_percent_encode(id, SEGMENT).to_string()),
    }
}

fn check_segments(encoded: &str) -> Result<(), PathProblem> {
    for (n, byte) in encoded.bytes().enumerate() {
        let is_pair = |at: usize| encoded.as_bytes().get(at).is_some_and(u8::is_ascii_hexdigit);
        if byte == b'%' && !(is_pair(n + 1) && is_pair(n + 2)) {
            return Err(PathProblem::Percent);
        }
    }
    for segment in encoded.trim_start_matches('/').split('/') {
        let plain = segment.replace("%2e", ".").replace("%2E", ".");
        // A slash at the end stands for nothing that the API has.
        if plain.is_empty() || plain == "." || plain == ".." {
            return Err(PathProblem::Segment);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_are_encoded() {
        assert_eq!(
            ApiPath::user("auth0|1a").unwrap().as_str(),
            "/api/v2/users/auth0%7C1a"
        );
        assert_eq!(
            ApiPath::user("samlp|conn|a b/c?d#é%").unwrap().as_str(),
            "/api/v2/users/samlp%7Cconn%7Ca%20b%2Fc%3Fd%23%C3%A9%25"
        );
        assert_eq!(ApiPath::user(""), Err(PathProblem::EmptyId));
        assert_eq!(ApiPath::user(".."), Err(PathProblem::DotId("..".to_owned())));
    }

    #[test]
    fn own_templates_take_their_ids_in_order() {
        let template = "/api/v2/users/{id}/identities/{provider}/{user_id}";
        let path = ApiPath::filled(template, &["auth0|1", "github", "a/b"]).unwrap();
        assert_eq!(path.as_str(), "/api/v2/users/auth0%7C1/identities/github/a%2Fb");
        assert_eq!(path.own_template(), Some(template));
        assert_eq!(
            ApiPath::filled(template, &["auth0|1", "github"]),
            Err(PathProblem::EmptyId)
        );
    }

    #[track_caller]
    fn check(template: &str, parameters: &[(&str, &str)], expected: Result<&str, &str>) {
        let parameters: Vec<_> = parameters
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect();
        let found = ApiPath::from_template(template, &parameters);
        match (&found, expected) {
            (Ok(path), Ok(expected)) => assert_eq!(path.as_str(), expected),
            (Err(problem), Err(expected)) => assert_eq!(problem.to_string(), expected),
            _ => panic!("{found:?}, but expected {expected:?}"),
        }
    }

    #[test]
    fn templates_of_authors_are_not_taken_for_our_own() {
        let of_author = ApiPath::from_template("/api/v2/users/auth0|1", &[]);
        assert_eq!(of_author.unwrap().own_template(), None);
        let own = ApiPath::user("auth0|1").unwrap();
        assert_eq!(own.own_template(), Some("/api/v2/users/{id}"));
    }

    #[test]
    fn templates_are_filled() {
        check("/api/v2/clients", &[], Ok("/api/v2/clients"));
        check(
            "/api/v2/users/{id}/roles",
            &[("id", "auth0|1")],
            Ok("/api/v2/users/auth0%7C1/roles"),
        );
        check("/api/v2/users/auth0|1", &[], Ok("/api/v2/users/auth0%7C1"));
        check("/api/v2/users/auth0%7C1", &[], Ok("/api/v2/users/auth0%7C1"));
        check("/api/v2/{a}/{a}", &[("a", "x/y")], Ok("/api/v2/x%2Fy/x%2Fy"));
        check(
            "/oauth/token",
            &[],
            Err("the path does not begin with `/api/v2/`"),
        );
        check(
            "/api/v2/../../x",
            &[],
            Err("the path has an empty, `.` or `..` segment"),
        );
        check(
            "/api/v2/%2e%2E/x",
            &[],
            Err("the path has an empty, `.` or `..` segment"),
        );
        check(
            "/api/v2/users//roles",
            &[],
            Err("the path has an empty, `.` or `..` segment"),
        );
        check(
            "/api/v2/users/",
            &[],
            Err("the path has an empty, `.` or `..` segment"),
        );
        check(
            "/api/v2/users/%7",
            &[],
            Err("the path has `%` without two hexadecimal digits"),
        );
        check(
            "/api/v2/users?q=a",
            &[],
            Err("the path has a query or fragment; write the query under `query`"),
        );
        check(
            "/api/v2/users/{id}",
            &[],
            Err("the path has `{id}`, but `path_params` has no `id`"),
        );
        check(
            "/api/v2/users",
            &[("id", "1")],
            Err("`path_params` has `id`, but the path has no `{id}`"),
        );
        check(
            "/api/v2/users/{id",
            &[("id", "1")],
            Err("the path has an unclosed `{`"),
        );
        check(
            "/api/v2/users/{id}",
            &[("id", "..")],
            Err("`..` as an id would climb out of the path"),
        );
        check(
            "/api/v2/users/{id}",
            &[("id", "")],
            Err("an empty id would name the whole collection"),
        );
        check("/api/v2/users/.{id}", &[("id", ".x")], Ok("/api/v2/users/..x"));
    }

    proptest! {
        /// Whatever an id is: a URL parser finds it as the one segment behind `users`.
        #[test]
        fn no_id_breaks_out(id in ".{1,40}") {
            prop_assume!(id != "." && id != "..");
            let path = ApiPath::user(&id).unwrap();
            let url = url::Url::parse(&format!("https://acme.auth0.com{}", path.as_str())).unwrap();
            let segments: Vec<_> = url.path_segments().unwrap().collect();
            prop_assert_eq!(segments.len(), 4);
            prop_assert_eq!(
                percent_encoding::percent_decode_str(segments[3]).decode_utf8().unwrap(),
                id.as_str()
            );
            prop_assert!(url.query().is_none() && url.fragment().is_none());
        }
    }
}
