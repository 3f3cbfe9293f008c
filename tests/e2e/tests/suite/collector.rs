//! A stand-in for an OpenTelemetry collector: takes spans over OTLP/HTTP and decodes them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode as SpanStatus;
use prost::Message as _;
use tokio::runtime::Runtime;

use crate::emulated::runtime;

/// What has come, as it came.
#[derive(Default)]
struct Kept {
    requests: Vec<(String, HeaderMap, Bytes)>,
}

/// A server of its own; dropping it ends it.
pub(crate) struct Collector {
    url: String,
    kept: Arc<Mutex<Kept>>,
    _runtime: Runtime,
}

/// A span that was exported.
#[derive(Clone, Debug)]
pub(crate) struct Exported {
    pub(crate) span: Span,
    pub(crate) attributes: BTreeMap<String, String>,
}

impl Collector {
    pub(crate) fn start() -> Self {
        let runtime = runtime();
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let kept = Arc::<Mutex<Kept>>::default();
        let router = Router::new().fallback(take).with_state(Arc::clone(&kept));
        runtime.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            kept,
            _runtime: runtime,
        }
    }

    /// `http://127.0.0.1:<port>`: what `OTEL_EXPORTER_OTLP_ENDPOINT` takes.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// All bytes that have come.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let kept = self.kept.lock().unwrap();
        kept.requests
            .iter()
            .flat_map(|(_, _, body)| body.to_vec())
            .collect()
    }

    /// The headers of the first request.
    pub(crate) fn headers(&self) -> HeaderMap {
        self.kept.lock().unwrap().requests[0].1.clone()
    }

    /// The paths that were asked.
    pub(crate) fn paths(&self) -> Vec<String> {
        let kept = self.kept.lock().unwrap();
        kept.requests.iter().map(|(path, ..)| path.clone()).collect()
    }

    fn decoded(&self) -> Vec<ExportTraceServiceRequest> {
        let kept = self.kept.lock().unwrap();
        let decode = |body: &Bytes| ExportTraceServiceRequest::decode(body.clone()).unwrap();
        kept.requests.iter().map(|(_, _, body)| decode(body)).collect()
    }

    /// What the process says of itself.
    pub(crate) fn resource(&self) -> BTreeMap<String, String> {
        let resource = self.decoded()[0].resource_spans[0].resource.clone();
        attributes(&resource.unwrap().attributes)
    }

    /// All spans, in the order in which they began.
    pub(crate) fn spans(&self) -> Vec<Exported> {
        let mut spans: Vec<Exported> = self
            .decoded()
            .into_iter()
            .flat_map(|request| request.resource_spans)
            .flat_map(|resource| resource.scope_spans)
            .flat_map(|scope| scope.spans)
            .map(|span| Exported {
                attributes: attributes(&span.attributes),
                span,
            })
            .collect();
        spans.sort_by_key(|exported| exported.span.start_time_unix_nano);
        spans
    }

    /// The span of this name.
    #[track_caller]
    pub(crate) fn span(&self, name: &str) -> Exported {
        let spans = self.spans();
        let found = spans.iter().find(|exported| exported.span.name == name);
        found
            .unwrap_or_else(|| panic!("no span {name:?}:\n{}", self.tree()))
            .clone()
    }

    /// All spans, each below its parent: kind, name, and what is wrong with it.
    pub(crate) fn tree(&self) -> String {
        let (spans, mut text) = (self.spans(), String::new());
        for root in spans.iter().filter(|root| {
            let is_parent = |other: &&Exported| other.span.span_id == root.span.parent_span_id;
            !spans.iter().any(|other| is_parent(&other))
        }) {
            write(root, &spans, 0, &mut text);
        }
        text
    }
}

fn write(exported: &Exported, all: &[Exported], depth: usize, text: &mut String) {
    let span = &exported.span;
    let kind = match SpanKind::try_from(span.kind).unwrap() {
        SpanKind::Internal => "",
        SpanKind::Server => "server ",
        SpanKind::Client => "client ",
        other => panic!("{other:?}"),
    };
    let _ = write!(text, "{}{kind}{}", "  ".repeat(depth), span.name);
    for name in ["http.response.status_code", "error.type"] {
        if let Some(value) = exported.attributes.get(name) {
            let _ = write!(text, " {value}");
        }
    }
    let status = span.status.clone().unwrap_or_default();
    if status.code == SpanStatus::Error as i32 {
        text.push_str(" ERROR");
    }
    text.push('\n');
    let children = all
        .iter()
        .filter(|child| child.span.parent_span_id == span.span_id);
    for child in children {
        write(child, all, depth + 1, text);
    }
}

fn attributes(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |value: &Option<AnyValue>| match value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(value)) => value.to_string(),
        other => panic!("{other:?}"),
    };
    attributes
        .iter()
        .map(|pair| (pair.key.clone(), text(&pair.value)))
        .collect()
}

async fn take(
    State(kept): State<Arc<Mutex<Kept>>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, [(header::HeaderName, &'static str); 1]) {
    kept.lock()
        .unwrap()
        .requests
        .push((uri.path().to_owned(), headers, body));
    // An empty message: all was taken.
    (StatusCode::OK, [(header::CONTENT_TYPE, "application/x-protobuf")])
}
