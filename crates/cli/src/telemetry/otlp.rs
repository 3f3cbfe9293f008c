//! Spans to an OpenTelemetry collector: OTLP over HTTP, as protobuf, set up by the standard `OTEL_*` variables.
//!
//! Spans go into a bounded queue; a thread of its own sends them in batches. What does not fit is dropped, and a
//! collector that does not answer is said once, not again and again. The requests to the collector have no spans
//! themselves: only Lockgate's own are exported.

use std::future::ready;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, SpanData, SpanExporter};
use tokio::runtime::Runtime;
use tracing::Subscriber;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::registry::LookupSpan;

use super::propagation;
use crate::environment::variable;

/// Where spans go, in the order in which the variables count. A general endpoint is completed by the path.
const ENDPOINTS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
];
const PROTOCOLS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
];
const TIMEOUTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];

/// How long one request to the collector may take, by the standard.
const TIMEOUT: Duration = Duration::from_secs(10);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long the end of the process waits for the collector.
const END: Duration = Duration::from_secs(2);

/// Sends spans until it is finished.
pub(super) struct Exporter {
    provider: SdkTracerProvider,
}

fn first(names: [&str; 2]) -> Option<String> {
    names.into_iter().find_map(variable)
}

/// Whether spans are to be exported: an endpoint is named, or the exporter is.
fn is_wanted(warn: &dyn Fn(&str)) -> bool {
    if variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return false;
    }
    match variable("OTEL_TRACES_EXPORTER").as_deref().map(str::trim) {
        None => first(ENDPOINTS).is_some(),
        Some("none") => false,
        Some(names) if names.split(',').any(|name| name.trim() == "otlp") => true,
        Some(names) => {
            warn(&format!(
                "no spans are exported: OTEL_TRACES_EXPORTER is `{names}`, and only `otlp` is known"
            ));
            false
        }
    }
}

impl Exporter {
    /// Starts the thread, if the environment asks for it. Opens no socket: the first batch does.
    ///
    /// # Errors
    /// A variable cannot be used.
    pub(super) fn start(warn: &dyn Fn(&str)) -> Result<Option<Self>, String> {
        if !is_wanted(warn) {
            return Ok(None);
        }
        if let Some(protocol) = first(PROTOCOLS).filter(|protocol| protocol != "http/protobuf") {
            warn(&format!(
                "the OTLP protocol `{protocol}` is not known: spans are sent as `http/protobuf`, for which collectors \
                 listen at port 4318"
            ));
        }
        let sender = Sender::new()?;
        // The sampler, the limits of the queue and of a span are read from the environment there.
        let provider = SdkTracerProvider::builder()
            .with_resource(resource())
            .with_batch_exporter(sender)
            .build();
        propagation::begin();
        Ok(Some(Self { provider }))
    }

    /// Makes spans of `tracing` those of OpenTelemetry. Only what the spans themselves say is kept.
    pub(super) fn layer<S>(&self) -> OpenTelemetryLayer<S, SdkTracer>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let scope = InstrumentationScope::builder("lockgate").with_version(env!("CARGO_PKG_VERSION"));
        tracing_opentelemetry::layer()
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_tracer(self.provider.tracer_with_scope(scope.build()))
    }

    /// Sends what is left, but does not wait long for it.
    pub(super) fn finish(self) {
        if self.provider.shutdown_with_timeout(END).is_err() {
            tracing::warn!("the collector has not taken the last spans in time: they are lost");
        }
    }
}

/// Who the spans come from. What the environment says counts.
fn resource() -> Resource {
    let mut resource = Resource::builder_empty()
        .with_service_name("lockgate")
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_detector(Box::new(EnvResourceDetector::new()));
    if let Some(name) = variable("OTEL_SERVICE_NAME") {
        resource = resource.with_service_name(name);
    }
    resource.build()
}

/// Sends batches, from the thread of the batch processor, which has no runtime of its own.
#[derive(Debug)]
struct Sender {
    exporter: opentelemetry_otlp::SpanExporter,
    runtime: Runtime,
    is_failing: AtomicBool,
    lost: AtomicU64,
}

impl Sender {
    fn new() -> Result<Self, String> {
        let timeout = first(TIMEOUTS)
            .and_then(|timeout| timeout.trim().parse().ok())
            .map_or(TIMEOUT, Duration::from_millis);
        let is_plain = first(ENDPOINTS).is_none_or(|endpoint| !endpoint.trim_start().starts_with("https:"));
        let mut client = reqwest::Client::builder()
            .user_agent(concat!("lockgate/", env!("CARGO_PKG_VERSION")))
            .tcp_nodelay(true)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(timeout)
            // The exporter retries by itself; a redirect would carry its headers, which may be credentials, elsewhere.
            .retry(reqwest::retry::never().max_retries_per_request(0))
            .redirect(reqwest::redirect::Policy::none());
        if is_plain {
            client = client.tls_certs_only([]);
        }
        let client = client.build().map_err(|error| error.to_string())?;
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_protocol(opentelemetry_otlp::Protocol::HttpBinary)
            .with_timeout(timeout)
            .build()
            .map_err(|error| error.to_string())?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self {
            exporter,
            runtime,
            is_failing: AtomicBool::new(false),
            lost: AtomicU64::new(0),
        })
    }

    /// Says when it begins to fail, and when it works again.
    fn note(&self, count: u64, result: &OTelSdkResult) {
        match result {
            Ok(()) => {
                if self.is_failing.swap(false, Ordering::Relaxed) {
                    let lost = self.lost.swap(0, Ordering::Relaxed);
                    tracing::warn!(lost, "the collector takes spans again");
                }
            }
            Err(error) => {
                self.lost.fetch_add(count, Ordering::Relaxed);
                if !self.is_failing.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "the collector takes no spans: they are lost until it does");
                }
            }
        }
    }
}

impl SpanExporter for Sender {
    fn export(&self, batch: Vec<SpanData>) -> impl Future<Output = OTelSdkResult> + Send {
        let count = batch.len() as u64;
        let result = self.runtime.block_on(self.exporter.export(batch));
        self.note(count, &result);
        ready(result)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
