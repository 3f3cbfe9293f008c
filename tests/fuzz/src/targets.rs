//! The targets and where their known inputs come from.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use lockgate_engine::action::Actions;
use lockgate_flow::catalog::Catalog;
use lockgate_flow::diagnostic::{Code, render_json, render_text};
use lockgate_flow::expression::{Ambient, Expression, Scope, Slot, Template};
use lockgate_flow::render;
use lockgate_flow::source::Source;
use lockgate_flow::workspace::Workspace;
use lockgate_store::Record;
use serde_json::{Value, json};

use crate::{edits, texts};

/// A function that takes any bytes.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// Panics if a promise is broken.
    pub run: fn(&[u8]),
    /// Known inputs, given the root of the repository.
    pub corpus: fn(&Path) -> Vec<Vec<u8>>,
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target {
        name: "flow-file",
        run: flow_file,
        corpus: flow_files,
    },
    Target {
        name: "edit",
        run: |bytes| edits::run(bytes, &CATALOG),
        corpus: edits::flows,
    },
    Target {
        name: "expression",
        run: expression,
        corpus: expressions,
    },
    Target {
        name: "auth0-error",
        run: auth0_error,
        corpus: error_bodies,
    },
    Target {
        name: "journal-record",
        run: journal_record,
        corpus: journal_records,
    },
    Target {
        name: "xml-text",
        run: texts::xml,
        corpus: texts::xml_texts,
    },
    Target {
        name: "csv-text",
        run: texts::csv,
        corpus: texts::csv_texts,
    },
    Target {
        name: "email-address",
        run: texts::email,
        corpus: texts::addresses,
    },
];

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let mut actions = Actions::new();
    lockgate_auth0::register(&mut actions);
    let mut catalog = Catalog::new();
    actions.declare(&mut catalog);
    catalog.add_connection(lockgate_auth0::connection_spec());
    catalog
});

/// Checking never panics, every finding lies within its source and can be rendered, and what compiles can be drawn.
fn flow_file(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let file = Source::new(
        "lockgate.yaml",
        "version: 1\nconnections: { auth0: { type: auth0, domain: a.auth0.com, client_id: a, client_secret: ${A} } }\n",
    );
    let source = Source::new("flows/fuzz.yaml", text.as_ref());
    let workspace = Workspace::check(Some(&file), &[source], &CATALOG);
    for finding in &workspace.diagnostics {
        for label in std::iter::once(&finding.primary).chain(&finding.secondary) {
            assert!(
                label.span.end as usize <= label.source.text().len(),
                "{finding:?}"
            );
        }
    }
    let _ = render_text(&workspace.diagnostics, false);
    let _ = render_json(&workspace.diagnostics);
    for flow in &workspace.flows {
        if let Some(syntax) = &flow.syntax {
            let _ = (
                render::mermaid(syntax),
                render::dot(syntax),
                render::svg(syntax, &render::SvgOptions::default()),
            );
        }
    }
}

struct Values;

static INPUT: LazyLock<Value> = LazyLock::new(
    || json!({ "plan": "pro", "n": 3, "f": 1.5, "list": [1, "a", null, { "b": [] }], "object": { "k": "v" }, "none": null, "t": true }),
);

impl Scope for Values {
    fn root(&self, _: Slot) -> Option<&Value> {
        Some(&INPUT)
    }
}

impl Ambient for Values {
    fn now(&mut self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }

    fn random_bytes(&mut self, buffer: &mut [u8]) {
        buffer.fill(7);
    }

    fn mask(&mut self, _: &str) {}
}

/// Parsing and evaluating never panics.
fn expression(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(bare) = Expression::parse(&text) {
        let _ = bare.expression.evaluate(&Values, &mut Values);
    }
    if let Ok(mut template) = Template::parse(&text) {
        template.paths_mut(&mut |path| {
            if path.slot == Slot::Unresolved {
                path.slot = Slot::Input;
            }
        });
        let value = lockgate_flow::expression::ValueTemplate::from(template);
        let _ = value.evaluate(&Values, &mut Values);
    }
}

/// Any answer of Auth0 becomes a declared error.
fn auth0_error(bytes: &[u8]) {
    let status = 400 + u16::from(bytes.first().copied().unwrap_or(0)) % 200;
    let error = lockgate_auth0::error_of_answer(status, bytes);
    assert!(!error.code.is_empty());
}

/// Records that can be read are written as they were read.
fn journal_record(bytes: &[u8]) {
    let Ok(record) = serde_json::from_slice::<Record>(bytes) else {
        return;
    };
    let written = serde_json::to_string(&record).unwrap_or_default();
    let again: Record = serde_json::from_str(&written).unwrap_or_else(|error| panic!("{error}: {written}"));
    assert_eq!(again, record);
}

pub(crate) fn flow_files(root: &Path) -> Vec<Vec<u8>> {
    let mut known = read_folder(&root.join("flows"));
    let kept = [
        "trigger:\n  schedule: { cron: '*/5 8-17 * * mon-fri', timezone: Europe/Berlin, missed: once }\nsteps: [{ wait: 30d }]\n",
        "input: { email: string }\nconcurrency: { limit: 1, key: '{{lower input.email}}', total: 50, queue: 1000 }\nsteps: \
         [{ return: 1 }]\n",
    ];
    known.extend(kept.map(|text| text.as_bytes().to_vec()));
    for code in Code::ALL {
        known.extend(code.page().split("```yaml").skip(1).filter_map(|rest| {
            let (_, block) = rest.split_once('\n')?;
            Some(block.split("```").next()?.as_bytes().to_vec())
        }));
    }
    known
}

fn journal_records(_: &Path) -> Vec<Vec<u8>> {
    [
        r#"{"record":"started","key":"steps/1[3]","attempt":2,"at":"2030-01-01T00:00:00Z","action":"auth0.create_user","effect":"once","input":[{"a":[1.5,null]},"00ff"]}"#,
        r#"{"record":"finished","key":"1","attempt":1,"at":"2030-01-01T00:00:00Z","verb":"action","outcome":{"Ok":{"shown":"••••","sealed":"c2VhbGVk"}}}"#,
        r#"{"record":"sleeping","key":"2","attempt":1,"at":"2030-01-01T00:00:00Z","until":"2031-01-01T00:00:00.000001Z"}"#,
        r#"{"record":"resumed","at":"2030-01-01T00:00:00Z","attempt":3}"#,
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

fn expressions(_: &Path) -> Vec<Vec<u8>> {
    let examples = lockgate_flow::expression::functions::all()
        .flat_map(|function| function.examples)
        .map(|(expression, _)| expression.as_bytes().to_vec());
    let own = [
        "{{#if input.plan}}a{{else if input.n}}b{{else}}c{{/if}}",
        "{{#each input.list}}{{@index}} {{this}}{{/each}}",
    ];
    examples
        .chain(own.iter().map(|text| text.as_bytes().to_vec()))
        .collect()
}

fn error_bodies(root: &Path) -> Vec<Vec<u8>> {
    let mut known: Vec<Vec<u8>> = [
        r#"{"statusCode":409,"error":"Conflict","message":"The user already exists.","errorCode":"auth0_idp_error"}"#,
        r#"{"error":"access_denied","error_description":"Unauthorized"}"#,
        "<html><body>502 Bad Gateway</body></html>",
        r#"{"statusCode":400,"message":["#,
        "",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    // Recorded answers, where they are at hand.
    let recorded = root.join("../shared/data/auth0/errors.jsonl");
    for line in fs::read_to_string(recorded).unwrap_or_default().lines() {
        let row: Value = serde_json::from_str(line).unwrap_or_default();
        known.push(row["response_body"].to_string().into_bytes());
    }
    known
}

fn read_folder(folder: &Path) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| fs::read(entry.path()).ok()).collect()
}
