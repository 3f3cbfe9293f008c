//! `/api/tests`

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use lockgate_server::admin::JsonBody;
use lockgate_server::problem::Problem;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Studio;
use crate::aside::aside;
use crate::finding::{Finding, Findings};
use crate::operations::{PartCoverage, TestCase, TestReport};

/// `RunTests` of the API.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunTests {
    flow: Option<String>,
}

/// `TestReport` of the API.
#[derive(Debug, Serialize)]
pub(super) struct ReportShown {
    passed: usize,
    failed: usize,
    skipped: usize,
    duration_ms: f64,
    cases: Vec<CaseShown>,
    coverage: BTreeMap<String, PartCoverage>,
    diagnostics: Vec<Finding>,
}

#[derive(Debug, Serialize)]
struct CaseShown {
    file: String,
    line: usize,
    flow: String,
    name: String,
    status: &'static str,
    reason: Option<String>,
    duration_ms: f64,
    failures: Vec<FailureShown>,
    runs: Vec<Value>,
}

#[derive(Debug, Serialize)]
struct FailureShown {
    diagnostic: Finding,
    expected: Option<Value>,
    actual: Option<Value>,
    has_values: bool,
    run: usize,
}

/// `POST /api/tests`
pub(super) async fn run(
    State(studio): State<Arc<Studio>>,
    JsonBody(RunTests { flow }): JsonBody<RunTests>,
) -> Result<Json<ReportShown>, Problem> {
    let report = studio.operations.run_tests(flow.as_deref()).await?;
    aside(move || Ok(ReportShown::of(report))).await.map(Json)
}

impl ReportShown {
    fn of(report: TestReport) -> Self {
        let mut findings = Findings::default();
        for flow in &report.workspace.flows {
            if let Some(syntax) = &flow.syntax {
                findings.know(syntax, None);
            }
        }
        Self {
            passed: report.passed,
            failed: report.failed,
            skipped: report.skipped,
            duration_ms: report.duration_ms,
            cases: report
                .cases
                .into_iter()
                .map(|case| CaseShown::of(&mut findings, case))
                .collect(),
            coverage: report.coverage,
            diagnostics: findings.show_all(&report.findings),
        }
    }
}

impl CaseShown {
    fn of(findings: &mut Findings<'_>, case: TestCase) -> Self {
        let failures = case.failures.into_iter().map(|failure| {
            let has_values = failure.values.is_some();
            let (expected, actual) = failure.values.unwrap_or_default();
            FailureShown {
                diagnostic: findings.show(&failure.finding),
                expected,
                actual,
                has_values,
                run: failure.run,
            }
        });
        Self {
            failures: failures.collect(),
            file: case.file,
            line: case.line,
            flow: case.flow,
            name: case.name,
            status: case.status,
            reason: case.reason,
            duration_ms: case.duration_ms,
            runs: case.runs,
        }
    }
}
