//! Reading many: the parameters of `GET /users` and of every read (`fields`, `include_fields`), sorting, pages.

use std::cmp::Ordering;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::query::Query;
use super::user::User;
use crate::api_error::ApiError;
use crate::query_string::{boolean, integer, only_known, value};

/// How far a search may page (Auth0: "View search results by page").
const REACHABLE: usize = 1000;

/// Which root fields an answer has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Projection {
    Whole,
    Only(Vec<String>),
    Without(Vec<String>),
}

/// The parameters of a search.
#[derive(Debug)]
pub(crate) struct Listing {
    query: Query,
    page: usize,
    per_page: usize,
    include_totals: bool,
    sort: Option<(String, bool)>,
    projection: Projection,
}

impl Projection {
    pub(crate) fn parse(pairs: &[(String, String)]) -> Result<Self, ApiError> {
        let described = "Whether specified fields are to be included (true) or excluded (false).";
        let include = boolean(pairs, "include_fields", described)?.unwrap_or(true);
        let fields: Vec<String> = value(pairs, "fields")
            .unwrap_or_default()
            .split(',')
            .map(|field| field.trim().to_owned())
            .filter(|field| !field.is_empty())
            .collect();
        Ok(match (fields.is_empty(), include) {
            (true, _) => Self::Whole,
            (false, true) => Self::Only(fields),
            (false, false) => Self::Without(fields),
        })
    }

    /// The user as JSON. Nothing is added to what was asked for, not even `user_id`.
    pub(crate) fn render(&self, user: &User, idp_tokens: bool) -> Vec<u8> {
        let keeps = |key: &str| match self {
            Self::Whole => true,
            Self::Only(fields) => fields.iter().any(|field| field == key),
            Self::Without(fields) => !fields.iter().any(|field| field == key),
        };
        if *self == Self::Whole {
            return user.json(idp_tokens).to_vec();
        }
        let kept: Map<String, Value> = user
            .visible(idp_tokens)
            .into_iter()
            .filter(|(key, _)| keeps(key))
            .collect();
        serde_json::to_vec(&kept).unwrap_or_default()
    }

    pub(crate) fn render_all(&self, users: &[Arc<User>], idp_tokens: bool) -> Vec<u8> {
        let mut text = vec![b'['];
        for (index, user) in users.iter().enumerate() {
            if index > 0 {
                text.push(b',');
            }
            text.extend(self.render(user, idp_tokens));
        }
        text.push(b']');
        text
    }
}

impl Listing {
    pub(crate) fn parse(pairs: &[(String, String)]) -> Result<Self, ApiError> {
        only_known(
            pairs,
            &[
                "page",
                "per_page",
                "include_totals",
                "sort",
                "connection",
                "fields",
                "include_fields",
                "q",
                "search_engine",
                "primary_order",
            ],
        )?;
        let page = integer(
            pairs,
            "page",
            "Page index of the results to return. First page is 0.",
            usize::MAX,
        )?;
        let per_page = integer(pairs, "per_page", "Number of results per page.", 100)?;
        let (page, per_page) = (page.unwrap_or(0), per_page.unwrap_or(50));
        let refuse = |message: String| Err(ApiError::bad_request("invalid_query_string", message));
        match value(pairs, "search_engine") {
            None | Some("v3") => {}
            Some("v2") => {
                return refuse(
                    "You are not allowed to use search_engine=v2. Use search_engine=v3 instead.".into(),
                );
            }
            Some(_) => return refuse("You are not allowed to use search_engine=v1.".into()),
        }
        if page.saturating_add(1).saturating_mul(per_page) > REACHABLE {
            return refuse(
                "You can only page through the first 1000 records. See \
                 https://auth0.com/docs/users/search/v3/view-search-results-by-page#limitation"
                    .into(),
            );
        }
        let sort = match value(pairs, "sort") {
            None => None,
            Some(sort) => match sort.rsplit_once(':') {
                Some((field, "1")) if !field.is_empty() => Some((field.to_owned(), true)),
                Some((field, "-1")) if !field.is_empty() => Some((field.to_owned(), false)),
                _ => {
                    let what = format!("String does not match pattern: ^(\\S+):(1|-1)$: {sort}");
                    return Err(ApiError::invalid_query(&what, Some(("sort", "Field to sort by"))));
                }
            },
        };
        let query = match Query::parse(value(pairs, "q").unwrap_or_default()) {
            Ok(query) => query,
            Err(error) => return refuse(format!("Failed to parse query: {error}")),
        };
        let described = "Return results inside an object that contains the total result count (true) or as a direct \
                         array of results (false, default).";
        let include_totals = boolean(pairs, "include_totals", described)?.unwrap_or(false);
        Ok(Self {
            query,
            page,
            per_page,
            include_totals,
            sort,
            projection: Projection::parse(pairs)?,
        })
    }

    /// The answer's body: a list, or with totals an object around it.
    pub(crate) fn render<'a>(&self, users: impl Iterator<Item = &'a Arc<User>>, idp_tokens: bool) -> Vec<u8> {
        let mut found: Vec<Arc<User>> = users
            .filter(|user| self.query.matches(&user.profile))
            .map(Arc::clone)
            .collect();
        if let Some((field, ascending)) = &self.sort {
            found.sort_by(|a, b| {
                let order = compare(lookup(&a.profile, field), lookup(&b.profile, field));
                if *ascending { order } else { order.reverse() }
            });
        }
        let start = (self.page * self.per_page).min(found.len());
        let end = (start + self.per_page).min(found.len());
        let page = self.projection.render_all(&found[start..end], idp_tokens);
        if !self.include_totals {
            return page;
        }
        let mut text = format!(
            r#"{{"start":{},"limit":{},"length":{},"users":"#,
            self.page * self.per_page,
            self.per_page,
            end - start
        )
        .into_bytes();
        text.extend(page);
        text.extend(format!(r#","total":{}}}"#, found.len()).into_bytes());
        text
    }
}

fn lookup<'a>(user: &'a Map<String, Value>, field: &str) -> Option<&'a Value> {
    let mut parts = field.split('.');
    let first = user.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))
}

/// Missing values last when ascending, numbers by value, everything else as text.
fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a, b) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) => match (a.as_f64(), b.as_f64(), a.as_str(), b.as_str()) {
            (Some(a), Some(b), ..) => a.total_cmp(&b),
            (.., Some(a), Some(b)) => a.cmp(b),
            _ => a.to_string().cmp(&b.to_string()),
        },
    }
}

/// `GET /users-by-email`: the address, compared as it is stored.
pub(crate) fn email_parameter(pairs: &[(String, String)]) -> Result<&str, ApiError> {
    only_known(pairs, &["email", "fields", "include_fields"])?;
    value(pairs, "email").ok_or_else(|| ApiError::invalid_query("Missing required property: email", None))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::query_string::pairs;

    fn users() -> Vec<Arc<User>> {
        (0..7)
            .map(|n| {
                let Value::Object(profile) =
                    json!({"user_id": format!("auth0|{n}"), "email": format!("u{n}@b.example"), "logins_count": 7 - n})
                else {
                    unreachable!()
                };
                Arc::new(User::new(profile))
            })
            .collect()
    }

    fn rendered(query: &str) -> String {
        let listing =
            Listing::parse(&pairs(Some(query))).unwrap_or_else(|error| panic!("{query}: {}", error.message));
        String::from_utf8(listing.render(users().iter(), false)).unwrap()
    }

    #[test]
    fn pages_sorts_totals_and_projections() {
        for (query, expect) in [
            (
                "fields=user_id&per_page=2",
                r#"[{"user_id":"auth0|0"},{"user_id":"auth0|1"}]"#,
            ),
            ("fields=user_id&per_page=2&page=3", r#"[{"user_id":"auth0|6"}]"#),
            ("fields=user_id&per_page=2&page=9", "[]"),
            (
                "fields=email&q=user_id:%22auth0%7C3%22",
                r#"[{"email":"u3@b.example"}]"#,
            ),
            (
                "fields=user_id&sort=logins_count:1&per_page=1",
                r#"[{"user_id":"auth0|6"}]"#,
            ),
            (
                "fields=user_id&sort=email:-1&per_page=1",
                r#"[{"user_id":"auth0|6"}]"#,
            ),
            (
                "fields=email,logins_count&include_fields=false&per_page=1&include_totals=true",
                r#"{"start":0,"limit":1,"length":1,"users":[{"user_id":"auth0|0"}],"total":7}"#,
            ),
            (
                "include_fields=true&per_page=1&page=6",
                r#"[{"user_id":"auth0|6","email":"u6@b.example","logins_count":1}]"#,
            ),
            (
                "per_page=0&include_totals=true",
                r#"{"start":0,"limit":0,"length":0,"users":[],"total":7}"#,
            ),
        ] {
            assert_eq!(rendered(query), expect, "{query}");
        }
    }

    #[test]
    fn parameters_are_checked() {
        for (query, expect) in [
            (
                "per_page=1000",
                "Query validation error: 'Value 1000 is greater than maximum 100' on property per_page (Number of results per page).",
            ),
            (
                "page=-1",
                "Query validation error: 'Value -1 is less than minimum 0' on property page (Page index of the results to return. First page is 0).",
            ),
            (
                "colour=red",
                "Query validation error: Additional properties not allowed",
            ),
            (
                "page=10&per_page=100",
                "You can only page through the first 1000 records. See https://auth0.com/docs/users/search/v3/view-search-results-by-page#limitation",
            ),
            (
                "search_engine=v2&q=a",
                "You are not allowed to use search_engine=v2. Use search_engine=v3 instead.",
            ),
            ("q=(", "Failed to parse query: unexpected end of the query"),
        ] {
            let error = Listing::parse(&pairs(Some(query))).unwrap_err();
            assert_eq!(error.message, expect, "{query}");
        }
        assert!(Listing::parse(&pairs(Some("page=9&per_page=100"))).is_ok());
        assert!(Listing::parse(&pairs(Some("sort=email"))).is_err());
        let missing = email_parameter(&[]).unwrap_err();
        assert_eq!(
            missing.message,
            "Query validation error: 'Missing required property: email'."
        );
    }
}
