//! What the tests of the flow language share: Markdown pages as test cases, and a small catalogue of actions.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part")]

pub mod catalog;
pub mod markdown;
pub mod seeds;

use std::sync::Arc;

use lockgate_flow::diagnostic::{Code, Diagnostic, render_text};
use lockgate_flow::source::Source;
use lockgate_flow::workspace::Workspace;

/// The workspace file where a test case has none of its own.
pub const WORKSPACE: &str = "\
version: 1
connections:
  auth0:
    type: auth0
    domain: ${AUTH0_DOMAIN}
    client_id: ${AUTH0_CLIENT_ID}
    client_secret: ${AUTH0_CLIENT_SECRET}
  callers:
    type: bearer
    token: ${CALLERS_TOKEN}
  partner:
    type: hmac
    secret: ${PARTNER_SECRET}
config:
  support_email: help@example.com
  limits: { invites: 20 }
";

/// The file that a block is where it names none.
pub const FLOW: &str = "flows/example.yaml";

/// Checks files, given as path and text; `lockgate.yaml` among them takes the place of [`WORKSPACE`].
pub fn check(files: &[(&str, &str)]) -> Workspace {
    let is_file = |path: &str| path == "lockgate.yaml";
    let own = files.iter().find(|(path, _)| is_file(path));
    let file = Source::new("lockgate.yaml", own.map_or(WORKSPACE, |(_, text)| *text));
    let sources: Vec<Arc<Source>> = files
        .iter()
        .filter(|(path, _)| !is_file(path))
        .map(|(path, text)| Source::new(*path, *text))
        .collect();
    Workspace::check(Some(&file), &sources, &catalog::catalog())
}

/// Checks one flow.
pub fn check_flow(text: &str) -> Vec<Diagnostic> {
    check(&[(FLOW, text)]).diagnostics
}

/// The codes of findings, in their order.
pub fn codes(findings: &[Diagnostic]) -> Vec<Code> {
    findings.iter().map(|finding| finding.code).collect()
}

/// The codes and what they are about, for messages of failing tests.
pub fn shown(findings: &[Diagnostic]) -> String {
    render_text(findings, false)
}

/// The codes of flows and workspaces. What other crates read (connectors, tests of flows) has pages too: they check those.
pub fn codes_of_flows() -> impl Iterator<Item = &'static Code> {
    Code::ALL.iter().filter(|code| code.as_str() < "LG08")
}
