//! The whole text of `/metrics`: its grammar, and what may stand in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use jiff::Timestamp;
use lockgate_engine::event::{Event, EventKind, Observer, StepEvent, StepOutcome};
use lockgate_engine::outcome::{RunStatus, StepError};
use lockgate_engine::step_key::StepKey;
use lockgate_flow::catalog::{ActionSpec, Catalog, Effect, ErrorSpec};

use super::{Gauges, Metrics};

const GAUGES: Gauges = Gauges {
    is_tls: false,
    kept: None,
    runs_active: 3,
    runs_capacity: 1024,
    flows: 2,
    broken_flows: 1,
};

/// A sample: its family, its whole name, its labels in their order, its value.
#[derive(Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) family: String,
    pub(crate) name: String,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) value: f64,
}

impl Sample {
    pub(crate) fn label(&self, name: &str) -> Option<&str> {
        let mut labels = self.labels.iter();
        let (_, value) = labels.find(|(label, _)| label == name)?;
        Some(value)
    }
}

fn text(metrics: &Metrics) -> String {
    let mut text = String::new();
    metrics.write(GAUGES, &mut text).unwrap();
    text
}

fn is_name(name: &str, more: &[char]) -> bool {
    !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty()
        && name
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_' || more.contains(&letter))
}

/// `name="value",…}`: the labels and what is behind the brace.
fn labels(mut text: &str) -> (Vec<(String, String)>, &str) {
    let mut labels = Vec::new();
    loop {
        if let Some(rest) = text.strip_prefix('}') {
            return (labels, rest);
        }
        if !labels.is_empty() {
            text = text.strip_prefix(',').expect("a comma between labels");
        }
        let (name, rest) = text.split_once("=\"").expect("a label has a quoted value");
        assert!(is_name(name, &[]), "{name}");
        let (mut value, mut letters) = (String::new(), rest.char_indices());
        let end = loop {
            match letters.next().expect("a quote ends the value") {
                (at, '"') => break at,
                (_, '\\') => value.push(match letters.next() {
                    Some((_, 'n')) => '\n',
                    Some((_, letter @ ('\\' | '"'))) => letter,
                    other => panic!("no escape: {other:?}"),
                }),
                (_, letter) => value.push(letter),
            }
        };
        labels.push((name.to_owned(), value));
        text = &rest[end + 1..];
    }
}

/// Reads the text as OpenMetrics has it (its ABNF, and the rules on suffixes, units and buckets), and panics where it is not.
#[track_caller]
pub(crate) fn parse(text: &str) -> Vec<Sample> {
    let body = text.strip_suffix("# EOF\n").expect("the text ends with # EOF");
    let mut families = BTreeMap::<String, String>::new();
    let (mut family, mut kind, mut head) = (String::new(), String::new(), 0);
    let (mut samples, mut seen) = (Vec::new(), BTreeSet::new());
    for line in body.split_terminator('\n') {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.splitn(3, ' ');
            let (what, name, rest) = (
                words.next().unwrap(),
                words.next().unwrap(),
                words.next().unwrap(),
            );
            assert!(is_name(name, &[':']), "{line}");
            match what {
                "HELP" => {
                    assert!(!rest.contains(['\\', '"']), "{line}");
                    name.clone_into(&mut family);
                    head = samples.len();
                }
                "TYPE" => {
                    assert_eq!(name, family);
                    assert!(
                        ["counter", "gauge", "histogram", "info"].contains(&rest),
                        "{line}"
                    );
                    let before = families.insert(name.to_owned(), rest.to_owned());
                    assert!(before.is_none(), "a family comes once: {line}");
                    rest.clone_into(&mut kind);
                }
                "UNIT" => assert!(name == family && name.ends_with(&format!("_{rest}")), "{line}"),
                _ => panic!("{line}"),
            }
            assert_eq!(
                head,
                samples.len(),
                "what is said of a family stands before its samples"
            );
            continue;
        }
        let at = line.find(['{', ' ']).expect("a name ends");
        let (name, rest) = line.split_at(at);
        let (labels, rest) = match rest.strip_prefix('{') {
            Some(rest) => labels(rest),
            None => (Vec::new(), rest),
        };
        let value = rest.strip_prefix(' ').expect("a space before the value");
        let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
        let names: BTreeSet<_> = labels.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), labels.len(), "a label comes once: {line}");
        assert!(
            seen.insert(line[..line.len() - rest.len()].to_owned()),
            "a series comes once: {line}"
        );
        let suffix = name
            .strip_prefix(family.as_str())
            .expect("a sample of the family");
        let fits = match kind.as_str() {
            "counter" => suffix == "_total" && value >= 0.0,
            "gauge" => suffix.is_empty(),
            "histogram" => ["_sum", "_count", "_bucket"].contains(&suffix) && value >= 0.0,
            "info" => suffix == "_info" && rest == " 1",
            _ => false,
        };
        assert!(fits, "{kind}: {line}");
        samples.push(Sample {
            family: family.clone(),
            name: name.to_owned(),
            labels,
            value,
        });
    }
    buckets_add_up(&samples);
    samples
}

/// Bounds rise, counts never fall, the last bucket is `+Inf` and holds all.
fn buckets_add_up(samples: &[Sample]) {
    let mut histograms = BTreeMap::<_, (Vec<(f64, f64)>, Option<f64>)>::new();
    for sample in samples {
        let le = sample.label("le").map(|le| match le {
            "+Inf" => f64::INFINITY,
            le => le.parse().unwrap(),
        });
        let rest = sample.labels.iter().filter(|(name, _)| name != "le");
        let key = (&sample.family, rest.collect::<Vec<_>>());
        match (le, sample.name.ends_with("_count")) {
            (Some(le), _) => histograms.entry(key).or_default().0.push((le, sample.value)),
            (None, true) => histograms.entry(key).or_default().1 = Some(sample.value),
            (None, false) => {}
        }
    }
    for (key, (buckets, count)) in histograms {
        assert!(buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{key:?}");
        let last = buckets.last().copied();
        assert_eq!(last, count.map(|count| (f64::INFINITY, count)), "{key:?}");
    }
}

/// The value of the only sample with this name and these labels.
fn value(samples: &[Sample], name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let mut found = samples.iter().filter(|sample| {
        sample.name == name
            && labels
                .iter()
                .all(|(name, value)| sample.label(name) == Some(value))
    });
    let value = found.next().map(|sample| sample.value);
    assert_eq!(found.next(), None, "several: {name} {labels:?}");
    value
}

fn catalog() -> Catalog {
    let mut spec = ActionSpec::new("test.call", Effect::Once, "for tests");
    spec.errors = vec![ErrorSpec::new("refused", 409, "")];
    let mut catalog = Catalog::new();
    catalog.add_action(Arc::new(spec));
    catalog
}

fn tell(observer: &dyn Observer, kind: EventKind<'_>) {
    observer.on_event(&Event {
        run_id: "run-canary",
        flow: "sign-up",
        at: Timestamp::UNIX_EPOCH,
        kind,
    });
}

fn step(action: Option<&str>) -> StepEvent<'_> {
    StepEvent {
        key: StepKey {
            parent: None,
            path: "steps/0",
            indices: &[],
            part: "",
        },
        id: Some("canary_id"),
        title: "canary title",
        verb: "action",
        action,
        attempt: 1,
    }
}

fn finished<'a>(action: &'a str, error: Option<&'a str>, replayed: bool) -> EventKind<'a> {
    let outcome = match error {
        None => StepOutcome::Succeeded { output: None },
        Some(code) => StepOutcome::Failed {
            error: std::borrow::Cow::Owned(StepError::new(code.to_owned(), 500, "canary message")),
            handled: false,
        },
    };
    EventKind::StepFinished {
        step: step(Some(action)),
        outcome,
        duration: Duration::from_millis(30),
        replayed,
    }
}

#[test]
fn everything_is_open_metrics() {
    let metrics = Metrics::new();
    // Nothing counted yet.
    parse(&text(&metrics));
    let ms = Duration::from_millis;
    let endpoint = metrics.endpoint("POST", "/users/{user_id}", "sign-up");
    for took in [0, 5, 6, 10_000, 10_001, 400_000] {
        endpoint.answered(&Method::POST, StatusCode::OK, ms(took));
        endpoint.ran(RunStatus::Succeeded, ms(took));
    }
    endpoint.answered(&Method::POST, StatusCode::TOO_MANY_REQUESTS, ms(1));
    endpoint.refused("too_many_requests");
    endpoint.ran(RunStatus::Failed, ms(1));
    metrics.unrouted(&Method::GET, StatusCode::NOT_FOUND, ms(1));
    // Names are the author's: whatever stands in them must not break out of a label.
    let odd = "a\"b\\c\nd}, # EOF ö";
    metrics
        .endpoint("GET", odd, odd)
        .answered(&Method::HEAD, StatusCode::OK, ms(1));
    let in_flight = metrics.in_flight(&Method::POST);
    metrics.reload_succeeded(Timestamp::from_millisecond(1_700_000_000_500).unwrap());
    metrics.reload_failed();
    let observer = metrics.observer(&catalog());
    assert!(!observer.wants_values());
    tell(&*observer, finished("test.call", None, false));
    tell(&*observer, finished("test.call", None, true));
    tell(&*observer, finished("test.call", Some("refused"), false));

    let samples = parse(&text(&metrics));
    let requests = |suffix: &str, labels: &[(&str, &str)]| {
        value(
            &samples,
            &format!("http_server_request_duration_seconds_{suffix}"),
            labels,
        )
    };
    let ok = [
        ("http_request_method", "POST"),
        ("http_route", "/users/{user_id}"),
        ("http_response_status_code", "200"),
        ("url_scheme", "http"),
    ];
    assert_eq!(requests("count", &ok), Some(6.0));
    assert_eq!(requests("sum", &ok), Some(420.012));
    // A bound is in its bucket.
    for (le, count) in [
        ("0.005", 2.0),
        ("0.01", 3.0),
        ("7.5", 3.0),
        ("10.0", 4.0),
        ("+Inf", 6.0),
    ] {
        assert_eq!(
            requests("bucket", &[&ok[..], &[("le", le)]].concat()),
            Some(count),
            "{le}"
        );
    }
    assert_eq!(
        requests("count", &[("http_route", odd), ("http_request_method", "HEAD")]),
        Some(1.0)
    );
    let unrouted = samples
        .iter()
        .find(|sample| sample.label("http_response_status_code") == Some("404"))
        .unwrap();
    assert_eq!(unrouted.label("http_route"), None);
    let run = [("flow", "sign-up"), ("status", "succeeded")];
    assert_eq!(
        value(&samples, "lockgate_run_duration_seconds_count", &run),
        Some(6.0)
    );
    let longest = [&run[..], &[("le", "300.0")]].concat();
    assert_eq!(
        value(&samples, "lockgate_run_duration_seconds_bucket", &longest),
        Some(5.0)
    );
    for (name, labels, expected) in [
        (
            "http_server_active_requests",
            &[("http_request_method", "POST")][..],
            1.0,
        ),
        (
            "http_server_active_requests",
            &[("http_request_method", "_OTHER")],
            0.0,
        ),
        (
            "lockgate_requests_refused_total",
            &[("flow", "sign-up"), ("code", "too_many_requests")],
            1.0,
        ),
        ("lockgate_runs_active", &[], 3.0),
        ("lockgate_runs_capacity", &[], 1024.0),
        ("lockgate_flows", &[("state", "broken")], 1.0),
        ("lockgate_reloads_total", &[("result", "ok")], 1.0),
        ("lockgate_reloads_total", &[("result", "failed")], 1.0),
        ("lockgate_last_reload_successful", &[], 0.0),
        (
            "lockgate_last_reload_success_timestamp_seconds",
            &[],
            1_700_000_000.5,
        ),
        (
            "lockgate_build_info",
            &[("version", env!("CARGO_PKG_VERSION"))],
            1.0,
        ),
        (
            "lockgate_action_duration_seconds_count",
            &[("action", "test.call"), ("outcome", "ok")],
            1.0,
        ),
        (
            "lockgate_action_duration_seconds_sum",
            &[("action", "test.call"), ("outcome", "refused")],
            0.03,
        ),
        (
            "lockgate_step_failures_total",
            &[("flow", "sign-up"), ("action", "test.call"), ("code", "refused")],
            1.0,
        ),
    ] {
        assert_eq!(value(&samples, name, labels), Some(expected), "{name} {labels:?}");
    }
    drop(in_flight);
    let samples = parse(&text(&metrics));
    assert_eq!(
        value(
            &samples,
            "http_server_active_requests",
            &[("http_request_method", "POST")]
        ),
        Some(0.0)
    );
}

#[test]
fn only_what_is_declared_becomes_a_label() {
    let metrics = Metrics::new();
    for method in ["BREW", "get", "CANARY"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        metrics.unrouted(&method, StatusCode::NOT_FOUND, Duration::ZERO);
        let _in_flight = metrics.in_flight(&method);
    }
    let observer = metrics.observer(&catalog());
    for code in ["canary", "refused", "timeout", "ok"] {
        tell(&*observer, finished("test.call", Some(code), false));
        let error = std::borrow::Cow::Owned(StepError::new(code, 500, "canary"));
        tell(
            &*observer,
            EventKind::StepRetrying {
                step: step(Some("test.call")),
                error,
                delay: Duration::ZERO,
            },
        );
    }
    tell(&*observer, finished("canary.action", None, false));
    let text = text(&metrics);
    assert!(!text.to_lowercase().contains("canary"), "{text}");
    let samples = parse(&text);
    let unknown = [("http_request_method", "_OTHER")];
    assert_eq!(
        value(&samples, "http_server_request_duration_seconds_count", &unknown),
        Some(3.0)
    );
    for (outcome, count) in [("refused", 1.0), ("timeout", 1.0), ("_OTHER", 2.0)] {
        let labels = [("action", "test.call"), ("outcome", outcome)];
        assert_eq!(
            value(&samples, "lockgate_action_duration_seconds_count", &labels),
            Some(count),
            "{outcome}"
        );
        let labels = [("action", "test.call"), ("code", outcome)];
        assert_eq!(
            value(&samples, "lockgate_action_retries_total", &labels),
            Some(count),
            "{outcome}"
        );
    }
}

#[test]
fn counts_outlive_sites() {
    let metrics = Metrics::new();
    for _ in 0..2 {
        let endpoint = metrics.endpoint("GET", "/a", "a");
        endpoint.answered(&Method::GET, StatusCode::OK, Duration::ZERO);
        endpoint.ran(RunStatus::Succeeded, Duration::ZERO);
        let observer = metrics.observer(&catalog());
        tell(&*observer, finished("test.call", None, false));
    }
    let samples = parse(&text(&metrics));
    for name in [
        "http_server_request_duration_seconds_count",
        "lockgate_run_duration_seconds_count",
        "lockgate_action_duration_seconds_count",
    ] {
        assert_eq!(value(&samples, name, &[]), Some(2.0), "{name}");
    }
}

#[test]
fn flows_that_nobody_calls_make_no_series() {
    let metrics = Metrics::new();
    let without = text(&metrics).lines().count();
    for index in 0..10_000 {
        metrics.endpoint("POST", &format!("/flows/{index}"), &format!("flow-{index}"));
    }
    assert_eq!(text(&metrics).lines().count(), without);
}

/// `docs/observability.md` has a row for each metric, under the name of its samples, with its labels.
#[test]
fn every_metric_is_documented() {
    let page = include_str!("../../../../docs/observability.md");
    let metrics = Metrics::new();
    let endpoint = metrics.endpoint("POST", "/a", "a");
    endpoint.answered(&Method::POST, StatusCode::OK, Duration::ZERO);
    endpoint.refused("busy");
    endpoint.ran(RunStatus::Succeeded, Duration::ZERO);
    metrics.reload_succeeded(Timestamp::from_second(1).unwrap());
    let observer = metrics.observer(&catalog());
    tell(&*observer, finished("test.call", Some("refused"), false));
    let error = std::borrow::Cow::Owned(StepError::new("refused", 500, ""));
    let step = step(Some("test.call"));
    let delay = Duration::ZERO;
    tell(&*observer, EventKind::StepRetrying { step, error, delay });
    for sample in parse(&text(&metrics)) {
        let histogram = ["_sum", "_count", "_bucket"];
        let is_part = histogram.iter().any(|suffix| sample.name.ends_with(suffix));
        let name = if is_part { &sample.family } else { &sample.name };
        let row = page
            .lines()
            .find(|line| line.starts_with("| `") && line.contains(&format!("`{name}`")))
            .unwrap_or_else(|| panic!("{name}"));
        let labels = sample.labels.iter().filter(|(label, _)| label != "le");
        for (label, _) in labels {
            assert!(row.contains(&format!("`{label}`")), "{label} of {name}");
        }
    }
}
