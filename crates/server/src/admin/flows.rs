//! `/api/flows`: what is served, and what is not because it has mistakes.
//!
//! By name, a page at a time: `?limit=` flows, those after the name in `?after=`. `next` is the name to go on after.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Shared};
use lockgate_flow::graph::Flow;
use lockgate_flow::syntax::{AuthKind, HttpTrigger, RateKey, Route, Trigger};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::endpoint;
use crate::problem::Problem;
use crate::site::{BrokenFlow, Site};
use crate::state::State;

const DEFAULT_LIMIT: usize = 100;
const MOST: usize = 1000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    after: Option<String>,
    limit: Option<usize>,
}

pub(super) async fn flows(
    Shared(state): Shared<Arc<State>>,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let wrong = || {
        Problem::Malformed(format!(
            "the query takes `after`, a name, and `limit`, from 1 to {MOST}"
        ))
    };
    let Query(page) = page.map_err(|_| wrong())?;
    let limit = page.limit.unwrap_or(DEFAULT_LIMIT);
    if limit == 0 || limit > MOST {
        return Err(wrong());
    }
    let site = state.site();
    let (entries, next) = page_of(&site, page.after.as_deref(), limit);
    let shown: Vec<Value> = entries.iter().map(Entry::show).collect();
    Ok(Json(json!({
        "flows": shown,
        "next": next,
        "total": site.flows.len() + site.broken.len(),
    })))
}

enum Entry<'a> {
    Ready(&'a Flow),
    Broken(&'a BrokenFlow),
}

/// The flows of a page, and the name that the next one begins after, if there is one. Broken flows may have one name
/// between them: a page ends between names, so that none of them is passed over.
fn page_of<'a>(site: &'a Site, after: Option<&str>, limit: usize) -> (Vec<Entry<'a>>, Option<&'a str>) {
    let ready = site.flows.iter().map(|flow| Entry::Ready(flow));
    let mut entries: Vec<Entry<'_>> = ready
        .chain(site.broken.iter().map(Entry::Broken))
        .filter(|entry| after.is_none_or(|after| entry.name() > after))
        .collect();
    entries.sort_by_key(Entry::name);
    let mut end = entries.len().min(limit);
    while end > 0 && end < entries.len() && entries[end].name() == entries[end - 1].name() {
        end += 1;
    }
    let next = (end < entries.len()).then(|| entries[end - 1].name());
    entries.truncate(end);
    (entries, next)
}

impl<'a> Entry<'a> {
    fn name(&self) -> &'a str {
        match self {
            Self::Ready(flow) => &flow.name,
            Self::Broken(flow) => &flow.name,
        }
    }

    /// Every flow has the same fields. What cannot be known of a broken one is null.
    fn show(&self) -> Value {
        match self {
            Self::Ready(flow) => json!({
                "name": flow.name,
                "state": "ready",
                "description": flow.syntax.description,
                "trigger": trigger(&flow.syntax.trigger),
                "durable": flow.durable,
                "digest": flow.digest,
                "file": flow.source.path(),
                "finding": null,
            }),
            Self::Broken(flow) => json!({
                "name": flow.name,
                "state": "broken",
                "description": null,
                "trigger": { "http": flow.route.as_ref().map(route), "schedule": null },
                "durable": null,
                "digest": null,
                "file": null,
                "finding": flow.finding,
            }),
        }
    }
}

fn trigger(trigger: &Trigger) -> Value {
    let schedule = trigger.schedule.as_ref().map(|schedule| {
        json!({
            "cron": schedule.cron.value,
            "timezone": schedule.timezone.as_ref().map_or("UTC", |zone| zone.value.as_str()),
        })
    });
    json!({ "http": trigger.http.as_ref().map(http), "schedule": schedule })
}

fn http(trigger: &HttpTrigger) -> Value {
    let auth = trigger.auth.as_ref().map(|auth| auth.value.kind);
    let rate_limit = trigger.rate_limit.as_ref().map(|limit| {
        let by = match &limit.value.by {
            RateKey::Address => "address".to_owned(),
            RateKey::Input(field) => format!("input.{field}"),
        };
        json!({ "count": limit.value.count, "per_seconds": limit.value.per.as_secs_f64(), "by": by })
    });
    let mut shown = route(&trigger.route.value);
    shown["auth"] = json!(auth.unwrap_or(AuthKind::None).name());
    shown["rate_limit"] = json!(rate_limit);
    shown
}

fn route(route: &Route) -> Value {
    json!({ "method": route.method.name(), "path": endpoint::template(&route.parts) })
}
