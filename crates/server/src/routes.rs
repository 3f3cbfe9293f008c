//! Path and method → endpoint. One tree for all flows (`matchit`, axum's own), so that ten thousand flows are found as
//! fast as ten.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use http::HeaderValue;
use lockgate_flow::syntax::{Method, PathPart, Route};

use crate::endpoint::Endpoint;
use crate::site::BrokenFlow;

/// What a route leads to.
#[derive(Clone)]
pub(crate) enum Target {
    Flow(Arc<Endpoint>),
    Broken(Arc<BrokenFlow>),
}

/// All methods of one path.
#[derive(Default)]
pub(crate) struct PathEntry {
    by_method: [Option<Target>; 5],
    allow: Option<HeaderValue>,
}

/// The table.
#[derive(Default)]
pub(crate) struct Routes {
    tree: matchit::Router<usize>,
    entries: Vec<PathEntry>,
    /// Index in `entries` by the path with its parameters numbered: names differ from method to method.
    by_path: HashMap<String, usize>,
    by_flow: HashMap<String, Arc<Endpoint>>,
}

/// What a path leads to.
pub(crate) struct Found<'r, 'p> {
    pub(crate) entry: &'r PathEntry,
    /// The parameters as they stand in the path, in order.
    pub(crate) parameters: Vec<&'p str>,
}

fn index(method: Method) -> usize {
    method as usize
}

impl PathEntry {
    pub(crate) fn target(&self, method: &http::Method) -> Option<&Target> {
        let method = match *method {
            // RFC 9110, section 9.3.2: HEAD is GET without the content.
            http::Method::GET | http::Method::HEAD => Method::Get,
            http::Method::POST => Method::Post,
            http::Method::PUT => Method::Put,
            http::Method::PATCH => Method::Patch,
            http::Method::DELETE => Method::Delete,
            _ => return None,
        };
        self.by_method[index(method)].as_ref()
    }

    /// The value of `Allow`.
    pub(crate) fn allow(&self) -> HeaderValue {
        self.allow
            .clone()
            .unwrap_or_else(|| HeaderValue::from_static("OPTIONS"))
    }

    fn renew_allow(&mut self) {
        let mut names: Vec<&str> = Vec::new();
        for method in Method::ALL {
            if self.by_method[index(method)].is_some() {
                names.push(method.name());
                if method == Method::Get {
                    names.push("HEAD");
                }
            }
        }
        names.push("OPTIONS");
        self.allow = HeaderValue::try_from(names.join(", ")).ok();
    }
}

impl Routes {
    /// Adds a route.
    ///
    /// # Errors
    /// The name of the flow that has it already.
    pub(crate) fn add(&mut self, route: &Route, target: Target) -> Result<(), String> {
        let path = numbered(route);
        let at = if let Some(at) = self.by_path.get(&path) {
            *at
        } else {
            let at = self.entries.len();
            // Paths with numbered parameters and other fixed parts never collide in the tree.
            self.tree
                .insert(path.clone(), at)
                .map_err(|error| error.to_string())?;
            self.entries.push(PathEntry::default());
            self.by_path.insert(path, at);
            at
        };
        let entry = &mut self.entries[at];
        let slot = &mut entry.by_method[index(route.method)];
        match slot {
            Some(Target::Flow(taken)) => return Err(taken.flow.name.clone()),
            Some(Target::Broken(taken)) => return Err(taken.name.clone()),
            None => {
                if let Target::Flow(endpoint) = &target {
                    self.by_flow
                        .insert(endpoint.flow.name.clone(), Arc::clone(endpoint));
                }
                *slot = Some(target);
            }
        }
        entry.renew_allow();
        Ok(())
    }

    /// What a path leads to.
    pub(crate) fn find<'r, 'p>(&'r self, path: &'p str) -> Option<Found<'r, 'p>> {
        let found = self.tree.at(path).ok()?;
        Some(Found {
            entry: self.entries.get(*found.value)?,
            parameters: found.params.iter().map(|(_, value)| value).collect(),
        })
    }

    /// The endpoint of a flow.
    pub(crate) fn endpoint_of(&self, flow: &str) -> Option<&Arc<Endpoint>> {
        self.by_flow.get(flow)
    }
}

/// `/users/{0}/cards/{1}`.
fn numbered(route: &Route) -> String {
    let (mut path, mut parameters) = (String::new(), 0);
    for part in &route.parts {
        path.push('/');
        match part {
            PathPart::Fixed(text) => path.push_str(text),
            PathPart::Parameter(_) => {
                let _ = write!(path, "{{{parameters}}}");
                parameters += 1;
            }
        }
    }
    if path.is_empty() { "/".to_owned() } else { path }
}
