//! Flows, steps, connections and users: whether they are there.

use lockgate_engine::Alone;
use lockgate_engine::clock::Clock;
use lockgate_flow::diagnostic::{Code, Diagnostic, suggestion};
use lockgate_flow::graph::Flow;
use lockgate_flow::yaml::Spanned;
use std::sync::Arc;

use crate::case::flow_of;
use crate::file::{Run, Setup, TestFile};
use crate::snapshot::slug;
use crate::subject::{Subject, node_of};
use crate::tenant;

pub(super) fn check(subject: &Subject, file: &TestFile) -> Vec<Diagnostic> {
    let mut names = Names {
        subject,
        file,
        findings: Vec::new(),
    };
    if let Some(flow) = &file.flow {
        names.flow(flow);
    }
    names.setup(&file.setup);
    for case in &file.cases {
        names.setup(&case.setup);
        for run in &case.runs {
            if let Some(flow) = &run.flow {
                names.flow(flow);
            }
            names.run(run);
        }
    }
    names.snapshots();
    names.findings
}

struct Names<'a> {
    subject: &'a Subject,
    file: &'a TestFile,
    findings: Vec<Diagnostic>,
}

impl Names<'_> {
    fn report(&mut self, code: Code, name: &Spanned<String>, message: String, help: Option<String>) {
        let mut finding = Diagnostic::new(code, &self.file.source, name.span, message);
        finding.help = help;
        self.findings.push(finding);
    }

    fn flow(&mut self, flow: &Spanned<String>) {
        let name = flow.value.as_str();
        if self.subject.flows.contains_key(name) {
            return;
        }
        if self.subject.broken.contains(name) {
            let help = "`lockgate check` says what is wrong with it".to_owned();
            let message = format!("the flow `{name}` has mistakes, and cannot run");
            self.report(Code::InvalidCase, flow, message, Some(help));
            return;
        }
        let known = self.subject.flows.keys().chain(&self.subject.broken);
        let help = suggestion(name, known.map(String::as_str));
        self.report(
            Code::UnknownFlow,
            flow,
            format!("there is no flow `{name}`"),
            help,
        );
    }

    fn setup(&mut self, setup: &Setup) {
        for (name, _) in &setup.connections {
            let known = self
                .subject
                .connections
                .iter()
                .map(|known| known.name.value.as_str());
            if !known.clone().any(|known| known == name.value) {
                let help = suggestion(&name.value, known);
                let message = format!("the workspace has no connection `{}`", name.value);
                self.report(Code::UnknownConnection, name, message, help);
            }
        }
        let clock: Arc<dyn Clock> = Arc::new(Still);
        if setup.users.is_empty() {
            return;
        }
        let Ok(tenant) = tenant::build(&clock) else { return };
        for user in &setup.users {
            if let Err(reason) = tenant::seed(&tenant, &user.value) {
                let message = format!("the tenant refuses this user: {reason}");
                self.findings.push(Diagnostic::new(
                    Code::InvalidCase,
                    &self.file.source,
                    user.span,
                    message,
                ));
            }
        }
    }

    fn run(&mut self, run: &Run) {
        let Some(flow) = flow_of(self.file, run).and_then(|flow| self.subject.flows.get(flow)) else {
            return;
        };
        if let Some(alone) = &run.alone {
            let id = alone.step.value.as_str();
            if node_of(flow, id).is_none() {
                self.unknown_step(flow, &alone.step);
            } else if Alone::of(flow, id).is_none() {
                let help = "run the flow, with a list of one".to_owned();
                let message =
                    format!("the step `{id}` stands in a loop: it belongs to a turn, and cannot run alone");
                self.report(Code::InvalidCase, &alone.step, message, Some(help));
            }
            for (step, _) in &alone.steps {
                if node_of(flow, &step.value).is_none() {
                    self.unknown_step(flow, step);
                }
            }
            for (name, _) in &alone.vars {
                if !flow.variables.contains(&name.value) {
                    let known = flow.variables.iter().map(String::as_str);
                    let help = suggestion(&name.value, known);
                    let message = format!("`{}` sets no variable `{}`", flow.name, name.value);
                    self.report(Code::UnknownVariable, name, message, help);
                }
            }
        }
        for (step, _) in &run.expect.steps {
            if self.subject.step(&flow.name, &step.value).is_none() {
                self.unknown_step(flow, step);
            }
        }
    }

    fn unknown_step(&mut self, flow: &Flow, step: &Spanned<String>) {
        let message = format!("`{}` has no step `{}`", flow.name, step.value);
        let known = flow
            .steps
            .iter()
            .map(|step| step.id.as_str())
            .filter(|id| !id.is_empty());
        let help = suggestion(&step.value, known);
        self.report(Code::UnknownStep, step, message, help);
    }

    /// Two snapshots in one place.
    fn snapshots(&mut self) {
        let file = self.file;
        let kept = file
            .cases
            .iter()
            .filter(|case| case.runs.iter().any(|run| run.expect.snapshot.is_some()));
        let mut seen: Vec<(String, &Spanned<String>)> = Vec::new();
        for case in kept {
            let place = slug(&case.name.value);
            let first = seen.iter().find(|(known, _)| *known == place);
            // Equal names are told already.
            if let Some((_, first)) = first.filter(|(_, first)| first.value != case.name.value) {
                let message = format!("the snapshots of two cases stand in one place, `{place}`");
                let finding = Diagnostic::new(Code::DuplicateCase, &file.source, case.name.span, message)
                    .and(first.span, "the first");
                self.findings.push(finding);
            }
            seen.push((place, &case.name));
        }
    }
}

/// Time does not matter here.
struct Still;

impl Clock for Still {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }

    fn elapsed(&self) -> std::time::Duration {
        std::time::Duration::ZERO
    }

    fn sleep(&self, _: std::time::Duration) -> futures_util::future::BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }
}
