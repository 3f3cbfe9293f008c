//! Pages: asks until there is no next one, and puts their items together.

use lockgate_engine::action::ActionError;
use lockgate_flow::expression::{EvaluationErrorKind, ValueTemplate};
use lockgate_http::Request;
use serde_json::{Value, json};
use url::Url;

use crate::auth::Caller;
use crate::connector::{Next, Operation, Pagination};
use crate::failure::unexpected;
use crate::form::{Nesting, pairs};
use crate::request::append_query;
use crate::scope::{Surroundings, Values};

/// Most requests of one call: a provider that never comes to an end is not asked forever.
const MOST_PAGES: usize = 1000;

/// What came so far.
pub(crate) struct Pages<'a> {
    pagination: &'a Pagination,
    operation: &'a Operation,
    first: Url,
    pub(crate) items: Vec<Value>,
    number: usize,
}

impl<'a> Pages<'a> {
    pub(crate) fn new(pagination: &'a Pagination, operation: &'a Operation, request: &Request) -> Self {
        Self {
            pagination,
            operation,
            first: request.url.clone(),
            items: Vec::new(),
            number: 0,
        }
    }

    /// How many pages there were.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// Takes the items of a page. Gives the URL of the next one, if there is one.
    ///
    /// # Errors
    /// The page is not what the connector expects.
    pub(crate) fn take(
        &mut self,
        request: &Request,
        answer: &lockgate_http::Answer,
        values: Values<'_>,
        caller: Caller<'_>,
    ) -> Result<Option<Url>, ActionError> {
        let wrong = |problem: &str| unexpected(self.operation, request, answer, problem);
        let ambient = &mut Surroundings(caller.context);
        self.number += 1;
        let items = self
            .pagination
            .items
            .value(&values, ambient)
            .map_err(|error| wrong(&error.to_string()))?
            .into_owned();
        let Value::Array(items) = items else {
            return Err(wrong("the items of the page are no list"));
        };
        self.items.extend(items);
        if self.items.len() >= self.pagination.limit {
            self.items.truncate(self.pagination.limit);
            return Ok(None);
        }
        let page = json!({
            "number": self.number, "count": self.items.len(), "last": self.items.last().cloned().unwrap_or_default(),
        });
        let values = values.paged(&page);
        if let Some(condition) = &self.pagination.condition
            && !condition
                .is_true(&values, ambient)
                .map_err(|error| wrong(&error.to_string()))?
        {
            return Ok(None);
        }
        // Missing and null say that there is no next page.
        let mut value_of = |template: &ValueTemplate| match template.evaluate(&values, ambient) {
            Ok(value) => Ok(value
                .map(std::borrow::Cow::into_owned)
                .filter(|value| !value.is_null() && *value != "")),
            Err(error) if matches!(error.kind, EvaluationErrorKind::Missing { .. }) => Ok(None),
            Err(error) => Err(wrong(&error.to_string())),
        };
        let next = match &self.pagination.next {
            Next::Query(parameters) => {
                let mut query = serde_json::Map::new();
                for (name, template) in parameters {
                    let Some(value) = value_of(template)? else {
                        return Ok(None);
                    };
                    query.insert(name.clone(), value);
                }
                let query =
                    pairs(&Value::Object(query), Nesting::Refused).map_err(|problem| wrong(&problem))?;
                self.with_query(&query)
            }
            Next::Url(template) => {
                let Some(value) = value_of(template)? else {
                    return Ok(None);
                };
                let url = value
                    .as_str()
                    .and_then(|text| request.url.join(text).ok())
                    .ok_or_else(|| wrong("the next page has no URL that can be asked"))?;
                // The credentials go along.
                if url.origin() != self.first.origin() {
                    return Err(wrong("the next page is at another origin"));
                }
                url
            }
        };
        if next == request.url {
            return Err(wrong("the next page is the same as this one"));
        }
        if self.number >= MOST_PAGES {
            return Err(wrong("there are more pages than are asked for"));
        }
        Ok(Some(next))
    }

    /// The first URL with these parameters in the place of those of the same name.
    fn with_query(&self, query: &[(String, String)]) -> Url {
        let mut url = self.first.clone();
        let kept: Vec<(String, String)> = url
            .query_pairs()
            .filter(|(name, _)| !query.iter().any(|(new, _)| new == name))
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        url.set_query(None);
        append_query(&mut url, &kept);
        append_query(&mut url, query);
        url
    }
}
