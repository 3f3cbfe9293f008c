//! Reads `trigger`.

use std::time::Duration;

use super::ast::{Auth, AuthKind, Cors, HttpTrigger, Method, PathPart, RateKey, RateLimit, Route, Trigger};
use super::reader::Reader;
use super::schedule;
use crate::diagnostic::{Code, list, suggestion};
use crate::yaml::{Data, Node, Spanned};

/// 256 KiB.
const DEFAULT_MAX_BODY: u64 = 256 * 1024;

pub(super) fn read(reader: &mut Reader, node: &Node) -> Trigger {
    let Some(mut fields) = reader.fields(node, "`trigger`") else {
        return Trigger::default();
    };
    let http = fields.take("http").and_then(|node| read_http(reader, node));
    let schedule = fields
        .take("schedule")
        .and_then(|node| schedule::read(reader, node));
    let has_http = fields.has("http");
    if !has_http && !fields.has("schedule") {
        reader.report_help(
            Code::InvalidTrigger,
            node.span,
            "the trigger starts nothing",
            "give `http: POST /path` or `schedule: \"0 6 * * *\"`, or leave `trigger` out",
        );
    }
    fields.finish(reader, &["http", "schedule"]);
    Trigger {
        http,
        has_http,
        schedule,
    }
}

fn read_http(reader: &mut Reader, node: &Node) -> Option<HttpTrigger> {
    let plain = |route| HttpTrigger {
        route,
        auth: None,
        cors: None,
        rate_limit: None,
        max_body: DEFAULT_MAX_BODY,
    };
    if let Some(line) = node.as_str() {
        let Some((method, path)) = line.split_once(char::is_whitespace) else {
            let help = "write the method and the path: `POST /sign-up`";
            reader.report_help(
                Code::InvalidTrigger,
                node.span,
                format!("`{line}` is no route"),
                help,
            );
            return None;
        };
        let route = read_route(reader, node, method.trim(), path.trim())?;
        return Some(plain(Spanned::new(route, node.span)));
    }
    let mut fields = reader.fields(node, "`http`")?;
    let method = fields
        .need(reader, "method")
        .and_then(|node| reader.text(node, "`method`"));
    let path = fields
        .need(reader, "path")
        .and_then(|node| reader.text(node, "`path`"));
    let auth = fields.take("auth").and_then(|node| read_auth(reader, node));
    let cors = fields.take("cors").and_then(|node| read_cors(reader, node));
    let rate_limit = fields
        .take("rate_limit")
        .and_then(|node| read_rate_limit(reader, node));
    let max_body = fields.take("max_body").and_then(|node| read_size(reader, node));
    fields.finish(
        reader,
        &["method", "path", "auth", "cors", "rate_limit", "max_body"],
    );
    let (method, path) = (method?, path?);
    let route = read_route(reader, node, &method.value, &path.value)?;
    Some(HttpTrigger {
        auth,
        cors,
        rate_limit,
        max_body: max_body.unwrap_or(DEFAULT_MAX_BODY),
        ..plain(Spanned::new(route, path.span))
    })
}

fn read_route(reader: &mut Reader, node: &Node, method: &str, path: &str) -> Option<Route> {
    let Some(method) = Method::ALL.into_iter().find(|known| known.name() == method) else {
        let help = suggestion(method, Method::ALL.iter().map(|method| method.name())).unwrap_or_default();
        reader.report_help(
            Code::InvalidTrigger,
            node.span,
            format!("`{method}` is no method of a trigger"),
            help,
        );
        return None;
    };
    let bad = |reader: &mut Reader, message: String, help: &str| {
        reader.report_help(Code::InvalidTrigger, node.span, message, help);
        None
    };
    let Some(rest) = path.strip_prefix('/') else {
        return bad(
            reader,
            format!("the path `{path}` does not begin with `/`"),
            "write it like `/users/:id`",
        );
    };
    let mut parts: Vec<PathPart> = Vec::new();
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    for segment in rest.split('/').filter(|_| !rest.is_empty()) {
        let part = if let Some(name) = segment.strip_prefix(':') {
            if !is_identifier(name) {
                return bad(
                    reader,
                    format!("`:{name}` is no path parameter"),
                    "letters, digits and `_`, like `:user_id`",
                );
            }
            if parts.contains(&PathPart::Parameter(name.to_owned())) {
                return bad(
                    reader,
                    format!("`:{name}` stands twice in the path"),
                    "give each parameter its own name",
                );
            }
            PathPart::Parameter(name.to_owned())
        } else {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
            if segment.is_empty() || segment == "." || segment == ".." || !segment.chars().all(plain) {
                let help = "segments are letters, digits, `-`, `.`, `_`, `~`, or `:name`; no query";
                return bad(reader, format!("`{segment}` is no path segment"), help);
            }
            PathPart::Fixed(segment.to_owned())
        };
        parts.push(part);
    }
    Some(Route { method, parts })
}

/// Letters, digits and `_`, not beginning with a digit.
/// Whether a name is letters, digits and `_`, not beginning with a digit.
pub fn is_identifier(name: &str) -> bool {
    name.len() <= 100
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn read_auth(reader: &mut Reader, node: &Node) -> Option<Spanned<Auth>> {
    let (kind, connection, span) = match &node.data {
        Data::Map(entries) if entries.len() == 1 => {
            let entry = entries.first()?;
            let connection = reader.text(&entry.value, "the connection of `auth`")?;
            (entry.key.text.clone(), Some(connection), entry.key.span)
        }
        _ => (reader.text(node, "`auth`")?.value, None, node.span),
    };
    let kinds = [AuthKind::None, AuthKind::Bearer, AuthKind::Basic, AuthKind::Hmac];
    let Some(kind) = kinds.into_iter().find(|known| known.name() == kind) else {
        let help = suggestion(&kind, kinds.iter().map(|kind| kind.name()));
        reader.report_help(
            Code::InvalidTrigger,
            span,
            format!("`{kind}` is no kind of auth"),
            help.unwrap_or_default(),
        );
        return None;
    };
    Some(Spanned::new(Auth { kind, connection }, node.span))
}

fn read_cors(reader: &mut Reader, node: &Node) -> Option<Cors> {
    let nodes = match &node.data {
        Data::List(nodes) => nodes.as_slice(),
        Data::Scalar(_) => std::slice::from_ref(node),
        _ => {
            reader.wrong_type(node, "`cors`", "an origin or a list of origins");
            return None;
        }
    };
    let origins: Vec<_> = nodes
        .iter()
        .filter_map(|node| reader.text(node, "an origin of `cors`"))
        .collect();
    for origin in &origins {
        let host = origin
            .value
            .strip_prefix("https://")
            .or_else(|| origin.value.strip_prefix("http://"));
        // No path, no query, no user, no pattern: browsers send an origin as it is, and it is compared as a whole.
        let is_host = |host: &str| {
            let fits = |c: char| c.is_alphanumeric() || "-.:_[]".contains(c);
            !host.is_empty() && host.chars().all(fits)
        };
        if origin.value != "*" && !host.is_some_and(is_host) {
            let help = if host.is_some_and(|host| host.contains('*')) {
                "patterns are not read: list each origin; `*` alone stands for all"
            } else {
                "an origin is a scheme and a host, like `https://app.example.com`, or `*`"
            };
            reader.report_help(
                Code::InvalidTrigger,
                origin.span,
                format!("`{}` is no origin", origin.value),
                help,
            );
        }
    }
    Some(Cors { origins })
}

const RATE_UNITS: [(&str, u64); 4] = [("s", 1), ("sec", 1), ("min", 60), ("h", 3600)];

fn read_rate_limit(reader: &mut Reader, node: &Node) -> Option<Spanned<RateLimit>> {
    let (line, by) = if node.as_str().is_some() {
        (reader.text(node, "`rate_limit`")?, RateKey::Address)
    } else {
        let mut fields = reader.fields(node, "`rate_limit`")?;
        let line = fields
            .need(reader, "limit")
            .and_then(|node| reader.text(node, "`limit`"));
        let by = fields.take("by").and_then(|node| reader.text(node, "`by`"));
        fields.finish(reader, &["limit", "by"]);
        let by = match by {
            None => RateKey::Address,
            Some(by) if by.value == "address" => RateKey::Address,
            Some(by) => {
                if let Some(field) = by.value.strip_prefix("input.") {
                    RateKey::Input(field.to_owned())
                } else {
                    let help = "`address`, or an input field like `input.email`";
                    reader.report_help(
                        Code::InvalidTrigger,
                        by.span,
                        format!("cannot count by `{}`", by.value),
                        help,
                    );
                    return None;
                }
            }
        };
        (line?, by)
    };
    let parsed = line.value.split_once('/').and_then(|(count, unit)| {
        let count = count.trim().parse::<u32>().ok().filter(|count| *count > 0)?;
        let (_, seconds) = RATE_UNITS.into_iter().find(|(name, _)| *name == unit.trim())?;
        Some(RateLimit {
            count,
            per: Duration::from_secs(seconds),
            by: by.clone(),
        })
    });
    let Some(limit) = parsed else {
        let units = list(RATE_UNITS.iter().map(|(name, _)| *name));
        let message = format!("`{}` is no rate limit", line.value);
        reader.report_help(
            Code::InvalidTrigger,
            line.span,
            message,
            format!("write it like `20/min`; units: {units}"),
        );
        return None;
    };
    Some(Spanned::new(limit, line.span))
}

fn read_size(reader: &mut Reader, node: &Node) -> Option<u64> {
    let text = match &node.data {
        Data::Scalar(scalar) => scalar.text.to_ascii_lowercase(),
        _ => String::new(),
    };
    let units = [("kb", 1024), ("mb", 1024 * 1024), ("b", 1)];
    let (digits, unit) = units
        .into_iter()
        .find_map(|(unit, size)| Some((text.strip_suffix(unit)?, size)))
        .unwrap_or((&text, 1));
    match digits
        .trim()
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(unit))
    {
        Some(bytes) if bytes > 0 => Some(bytes),
        _ => {
            let help = "write it like `256kb`, `1mb` or a number of bytes";
            reader.report_help(Code::InvalidTrigger, node.span, "`max_body` is no size", help);
            None
        }
    }
}
