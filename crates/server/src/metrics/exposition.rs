//! What was counted, as OpenMetrics text (<https://prometheus.io/docs/specs/om/open_metrics_spec/>).

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeGaugeValue, EncodeLabelSet, MetricEncoder, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use super::kept::Kept;
use super::process::Process;
use super::recording::{Answers, Counted, METHODS};

/// The type of [`write`]'s text, whatever was asked for: Prometheus asks for it since 2018, and reads an answer as what its
/// `Content-Type` says.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What is not counted but looked at, at the time of asking.
#[derive(Clone, Debug)]
pub(crate) struct Gauges {
    pub(crate) is_tls: bool,
    /// Of runs that are kept, where any are.
    pub(crate) kept: Option<Kept>,
    pub(crate) runs_active: usize,
    pub(crate) runs_capacity: usize,
    pub(crate) flows: usize,
    pub(crate) broken_flows: usize,
}

/// Writes all of it.
pub(super) fn write(counted: &Arc<Counted>, gauges: Gauges, writer: &mut impl fmt::Write) -> fmt::Result {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Exposition {
        counted: Arc::clone(counted),
        gauges,
    }));
    encode(writer, &registry)
}

#[derive(Debug)]
struct Exposition {
    counted: Arc<Counted>,
    gauges: Gauges,
}

impl Collector for Exposition {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = Families(encoder);
        self.requests(&mut families)?;
        self.runs(&mut families)?;
        if let Some(kept) = &self.gauges.kept {
            kept.encode(&mut families)?;
        }
        self.actions(&mut families)?;
        self.workspace(&mut families)?;
        process(&mut families)
    }
}

impl Exposition {
    fn requests(&self, families: &mut Families<'_>) -> fmt::Result {
        let counted = &*self.counted;
        let scheme = if self.gauges.is_tls { "https" } else { "http" };
        let mut family = families.histogram(
            "http_server_request_duration",
            "From the request's head to the answer. Without a route: requests that no flow has a route for.",
        )?;
        let mut write = |route: Option<&str>, answers: &Answers| -> fmt::Result {
            for ((method, status), durations) in answers.iter() {
                let common = [
                    ("http_request_method", method.name()),
                    ("http_response_status_code", status.as_str()),
                    ("url_scheme", scheme),
                ];
                match route {
                    Some(route) => {
                        let labels = (common, [("http_route", route)]);
                        durations.encode(family.encode_family(&labels)?)?;
                    }
                    None => durations.encode(family.encode_family(&common)?)?,
                }
            }
            Ok(())
        };
        for route in counted.routes() {
            write(Some(&route.template), &route.answers)?;
        }
        write(None, &counted.unrouted)?;
        let help = "Requests without an answer yet.";
        let mut family = families.family("http_server_active_requests", help, None, MetricType::Gauge)?;
        for (method, count) in METHODS.iter().zip(&counted.in_flight) {
            let labels = [("http_request_method", *method), ("url_scheme", scheme)];
            gauge(&mut family, &labels, &count.load(Ordering::Relaxed))?;
        }
        let help = "Requests that came to no run, by the code of their problem document.";
        let mut family = families.counter("lockgate_requests_refused", help)?;
        for flow in counted.flows() {
            for (code, count) in flow.refusals.iter() {
                let labels = [("flow", &*flow.name), ("code", code)];
                counter(&mut family, &labels, count.load(Ordering::Relaxed))?;
            }
        }
        Ok(())
    }

    fn runs(&self, families: &mut Families<'_>) -> fmt::Result {
        let flows = self.counted.flows();
        let help = "From the beginning of a run to its end, waiting included.";
        let mut family = families.histogram("lockgate_run_duration", help)?;
        for flow in &flows {
            for (status, durations) in flow.runs.iter() {
                let labels = [("flow", &*flow.name), ("status", status.name())];
                durations.encode(family.encode_family(&labels)?)?;
            }
        }
        families.gauge(
            "lockgate_runs_active",
            "Runs that are going on.",
            &count(self.gauges.runs_active),
        )?;
        families.gauge(
            "lockgate_runs_capacity",
            "How many runs may go on at once; more are refused with 503.",
            &count(self.gauges.runs_capacity),
        )?;
        let help = "Steps that failed after their last attempt, whether an on_error took it or not.";
        let mut family = families.counter("lockgate_step_failures", help)?;
        for flow in &flows {
            for ((action, code), count) in flow.failures.iter() {
                let labels = [("flow", &*flow.name), ("action", &*action), ("code", &*code)];
                counter(&mut family, &labels, count.load(Ordering::Relaxed))?;
            }
        }
        Ok(())
    }

    fn actions(&self, families: &mut Families<'_>) -> fmt::Result {
        let actions = self.counted.actions();
        let help = "Steps that call an action, with all attempts and the pauses between them; the outcome is ok or the code of the error.";
        let mut family = families.histogram("lockgate_action_duration", help)?;
        for action in &actions {
            for (outcome, durations) in action.calls.iter() {
                let labels = [("action", &*action.name), ("outcome", &*outcome)];
                durations.encode(family.encode_family(&labels)?)?;
            }
        }
        let help = "Attempts that failed and were followed by another one, by the code of the error.";
        let mut family = families.counter("lockgate_action_retries", help)?;
        for action in &actions {
            for (code, count) in action.retries.iter() {
                let labels = [("action", &*action.name), ("code", &*code)];
                counter(&mut family, &labels, count.load(Ordering::Relaxed))?;
            }
        }
        Ok(())
    }

    fn workspace(&self, families: &mut Families<'_>) -> fmt::Result {
        let help = "Flows of the workspace: those that run, and those with mistakes.";
        let mut family = families.family("lockgate_flows", help, None, MetricType::Gauge)?;
        gauge(&mut family, &[("state", "ready")], &count(self.gauges.flows))?;
        gauge(
            &mut family,
            &[("state", "broken")],
            &count(self.gauges.broken_flows),
        )?;
        let reloads = &self.counted.reloads;
        let help = "New versions of the workspace, taken and refused.";
        let mut family = families.counter("lockgate_reloads", help)?;
        for (result, count) in [("ok", &reloads.succeeded), ("failed", &reloads.failed)] {
            counter(&mut family, &[("result", result)], count.load(Ordering::Relaxed))?;
        }
        let is_good = !reloads.last_failed.load(Ordering::Relaxed);
        families.gauge(
            "lockgate_last_reload_successful",
            "1, or 0 where the last version of the workspace was refused and an older one is served.",
            &i64::from(is_good),
        )?;
        let last = reloads.last_success.load(Ordering::Relaxed);
        if last > 0 {
            #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970")]
            let seconds = last as f64 / 1e3;
            let help = "When the last version of the workspace was taken, since 1970.";
            families.seconds("lockgate_last_reload_success_timestamp", help, seconds)?;
        }
        let help = "1, with the version of the program.";
        let mut family = families.family("lockgate_build", help, None, MetricType::Info)?;
        family.encode_info(&[("version", env!("CARGO_PKG_VERSION"))])
    }
}

/// The process, under the names that all of Prometheus' clients use; and what tokio says of itself.
fn process(families: &mut Families<'_>) -> fmt::Result {
    let process = Process::read();
    if let Some(seconds) = process.cpu_seconds {
        let help = "Time on processors, user and system.";
        let mut family = families.family("process_cpu", help, Some(&Unit::Seconds), MetricType::Counter)?;
        family.encode_counter::<NoLabelSet, _, f64>(&seconds, None)?;
    }
    if let Some(seconds) = process.start_seconds {
        families.seconds(
            "process_start_time",
            "When the process began, since 1970.",
            seconds,
        )?;
    }
    for (name, help, value) in [
        ("process_virtual_memory", "Address space.", process.virtual_bytes),
        (
            "process_resident_memory",
            "Memory in use.",
            process.resident_bytes,
        ),
    ] {
        if let Some(value) = value {
            let mut family = families.family(name, help, Some(&Unit::Bytes), MetricType::Gauge)?;
            family.encode_gauge(&value)?;
        }
    }
    for (name, help, value) in [
        ("process_threads", "Threads.", process.threads),
        ("process_open_fds", "Open files and sockets.", process.open_fds),
        (
            "process_max_fds",
            "How many files and sockets may be open.",
            process.max_fds,
        ),
    ] {
        if let Some(value) = value {
            families.gauge(name, help, &value)?;
        }
    }
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        let runtime = runtime.metrics();
        let workers = count(runtime.num_workers());
        families.gauge("lockgate_runtime_workers", "Threads that run tasks.", &workers)?;
        let tasks = count(runtime.num_alive_tasks());
        families.gauge(
            "lockgate_runtime_tasks",
            "Tasks: connections and runs without a caller.",
            &tasks,
        )?;
    }
    Ok(())
}

/// Writes the heads of metric families.
pub(super) struct Families<'a>(DescriptorEncoder<'a>);

impl Families<'_> {
    pub(super) fn family<'s>(
        &'s mut self,
        name: &'s str,
        help: &str,
        unit: Option<&'s Unit>,
        kind: MetricType,
    ) -> Result<MetricEncoder<'s>, fmt::Error> {
        self.0.encode_descriptor(name, help, unit, kind)
    }

    pub(super) fn histogram<'s>(
        &'s mut self,
        name: &'s str,
        help: &str,
    ) -> Result<MetricEncoder<'s>, fmt::Error> {
        self.family(name, help, Some(&Unit::Seconds), MetricType::Histogram)
    }

    /// `name` is without `_total`, which its samples get.
    pub(super) fn counter<'s>(
        &'s mut self,
        name: &'s str,
        help: &str,
    ) -> Result<MetricEncoder<'s>, fmt::Error> {
        self.family(name, help, None, MetricType::Counter)
    }

    pub(super) fn gauge(&mut self, name: &str, help: &str, value: &impl EncodeGaugeValue) -> fmt::Result {
        self.family(name, help, None, MetricType::Gauge)?
            .encode_gauge(value)
    }

    pub(super) fn seconds(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        self.family(name, help, Some(&Unit::Seconds), MetricType::Gauge)?
            .encode_gauge(&value)
    }
}

pub(super) fn counter(
    family: &mut MetricEncoder<'_>,
    labels: &impl EncodeLabelSet,
    value: u64,
) -> fmt::Result {
    let mut sample = family.encode_family(labels)?;
    sample.encode_counter::<NoLabelSet, _, f64>(&value, None)
}

pub(super) fn gauge(
    family: &mut MetricEncoder<'_>,
    labels: &impl EncodeLabelSet,
    value: &impl EncodeGaugeValue,
) -> fmt::Result {
    family.encode_family(labels)?.encode_gauge(value)
}

fn count(value: usize) -> u64 {
    value as u64
}
