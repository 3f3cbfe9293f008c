//! Tests, connections, runs and scenarios: what is asked of whoever does them, and how it is told. Nothing is done here.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::FutureExt as _;
use lockgate_flow::assist::Recorded;
use lockgate_flow::diagnostic::{Code, Diagnostic};
use lockgate_flow::source::{Source, Span};
use lockgate_flow::workspace::Workspace;
use lockgate_server::problem::Problem;
use serde_json::{Value, json};

use super::stand::{FLOW, Stand};
use crate::operations::{
    CaseText, Connection, ConnectionCheck, DepartureShown, Departures, Edited, FileDiff, Operations,
    PartCoverage, RunPath, Scenario, ScenarioPicture, ScenarioPlan, ScopeNeeded, Target, TestCase,
    TestFailure, TestReport, Variable, WayCoverage,
};

const ID: &str = "0199c5d4-2f6e-7c31-9a52-0f6f8f3f2a11";

/// Knows what it was asked, and gives the same each time.
#[derive(Default)]
struct Fake {
    asked: Mutex<Vec<String>>,
    /// Tests take for ever.
    hangs: AtomicBool,
    /// How many of them were let go of.
    dropped: Arc<AtomicUsize>,
    /// The path of the file that the run ran.
    ran: Mutex<Option<(String, String)>>,
}

struct Dropped(Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Fake {
    fn note(&self, what: String) {
        self.asked.lock().unwrap().push(what);
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn passage() -> PartCoverage {
    let way = |way: &str, taken| WayCoverage {
        path: "steps/0".to_owned(),
        way: way.to_owned(),
        taken,
    };
    PartCoverage {
        steps: BTreeMap::from([("steps/0".to_owned(), true)]),
        ways: vec![way("next", true), way("error:0", false)],
    }
}

fn known(name: &str, known: &str, code: &'static str) -> Result<(), Problem> {
    if name == known {
        return Ok(());
    }
    Err(Problem::Other {
        code,
        status: http::StatusCode::NOT_FOUND,
        what: format!("there is no `{name}`; did you mean `{known}`?"),
    })
}

#[async_trait]
impl Operations for Fake {
    async fn run_tests(&self, flow: Option<&str>) -> Result<TestReport, Problem> {
        self.note(format!("tests {flow:?}"));
        known(flow.unwrap_or("sign-up"), "sign-up", "no_such_flow")?;
        if self.hangs.load(Ordering::Relaxed) {
            let _dropped = Dropped(Arc::clone(&self.dropped));
            return std::future::pending().await;
        }
        let flow = Source::new("flows/sign-up.yaml", FLOW);
        let tests = Source::new("flows/sign-up.test.yaml", "# 🎉\ncases: wrong\n");
        let at = |source: &Arc<Source>, text: &str| {
            let start = source.text().find(text).unwrap();
            let span = Span::new(start, start + text.len());
            Diagnostic::new(Code::InvalidCase, source, span, "is wrong")
        };
        Ok(TestReport {
            passed: 1,
            failed: 1,
            skipped: 0,
            duration_ms: 1.5,
            cases: vec![TestCase {
                file: "flows/sign-up.test.yaml".to_owned(),
                line: 2,
                flow: "sign-up".to_owned(),
                name: "<b>one</b>".to_owned(),
                status: "failed",
                reason: None,
                duration_ms: 1.0,
                failures: vec![
                    TestFailure {
                        finding: at(&tests, "wrong"),
                        values: Some((None, Some(json!(1)))),
                        run: 0,
                    },
                    TestFailure {
                        finding: at(&tests, "cases"),
                        values: None,
                        run: 0,
                    },
                ],
                runs: Vec::new(),
            }],
            coverage: BTreeMap::from([("sign-up".to_owned(), passage())]),
            findings: vec![at(&flow, "acme.create")],
            workspace: Arc::new(Workspace::check(
                None,
                &[flow],
                &lockgate_flow::catalog::Catalog::new(),
            )),
        })
    }

    async fn connections(&self) -> Result<Vec<Connection>, Problem> {
        Ok(vec![Connection {
            name: "acme".to_owned(),
            type_name: "acme".to_owned(),
            summary: "Acme.".to_owned(),
            target: Target::LeftOut,
            url: None,
            variables: vec![Variable {
                name: "ACME_KEY".to_owned(),
                is_set: false,
            }],
            settings: vec!["key".to_owned()],
            flows: vec!["sign-up".to_owned()],
            scopes: vec![ScopeNeeded {
                any_of: vec!["create:all".to_owned(), "create:one".to_owned()],
                users: vec!["sign-up (acme.create)".to_owned()],
                granted: None,
            }],
            problem: Some("ACME_KEY is not set".to_owned()),
        }])
    }

    async fn check_connection(&self, name: &str) -> Result<ConnectionCheck, Problem> {
        known(name, "acme", "no_such_connection")?;
        Ok(ConnectionCheck {
            ok: false,
            message: "no".to_owned(),
            scopes: Vec::new(),
            missing: vec!["create:all".to_owned()],
        })
    }

    async fn run_path(&self, id: &str) -> Result<RunPath, Problem> {
        if id != ID {
            return Err(Problem::NoRun);
        }
        let ran = self.ran.lock().unwrap().clone();
        let (path, text) = ran.unwrap_or_else(|| ("flows/sign-up.yaml".to_owned(), FLOW.to_owned()));
        Ok(RunPath {
            path,
            text,
            is_current: false,
            passage: passage(),
            is_exact: true,
        })
    }

    async fn compare_run(&self, id: &str, edited: Edited) -> Result<Departures, Problem> {
        let others = edited.workspace.flows.len();
        self.note(format!("compare {id} {} of {others}", edited.flow.name));
        if id != ID {
            return Err(Problem::NoRun);
        }
        let is_same = edited.flow.source.text() == FLOW;
        Ok(Departures {
            departures: (!is_same)
                .then(|| DepartureShown {
                    step: Some("steps/0".to_owned()),
                    title: "user".to_owned(),
                    what: "gets something else\n- 1\n+ 2".to_owned(),
                })
                .into_iter()
                .collect(),
            end: "it comes to its end".to_owned(),
        })
    }

    async fn make_case(&self, id: &str) -> Result<CaseText, Problem> {
        match id {
            ID => Ok(CaseText {
                path: "flows/sign-up.test.yaml".to_owned(),
                text: "cases: []\n".to_owned(),
                line: 1,
                base: None,
            }),
            "sleeping" => Err(Problem::Conflict {
                code: "run_status",
                what: "it sleeps".to_owned(),
            }),
            _ => Err(Problem::NoRun),
        }
    }

    async fn recorded(&self, _: &str) -> Result<Recorded, Problem> {
        Err(Problem::NoRun)
    }

    async fn scenarios(&self) -> Result<Arc<[Scenario]>, Problem> {
        Ok(Arc::new([Scenario {
            name: "gdpr".to_owned(),
            title: "GDPR".to_owned(),
            summary: "What is asked.".to_owned(),
            readme: "# GDPR\n".to_owned(),
            flows: vec!["export".to_owned()],
            connections: vec!["auth0".to_owned()],
            pictures: vec![ScenarioPicture {
                flow: "export".to_owned(),
                svg: "<svg/>".to_owned(),
            }],
        }]))
    }

    async fn add_scenario(&self, name: &str, dry_run: bool) -> Result<ScenarioPlan, Problem> {
        self.note(format!("add {name} {dry_run}"));
        known(name, "gdpr", "no_such_scenario")?;
        Ok(ScenarioPlan {
            new: vec!["flows/export.yaml".to_owned()],
            grown: vec![FileDiff {
                path: "lockgate.yaml".to_owned(),
                diff: "+a".to_owned(),
            }],
            written: !dry_run,
            ..ScenarioPlan::default()
        })
    }
}

fn stand() -> (Stand, Arc<Fake>) {
    let fake = Arc::new(Fake::default());
    (Stand::doing(true, Arc::clone(&fake) as _), fake)
}

#[tokio::test]
async fn tests_are_told_with_their_places() {
    let (stand, fake) = stand();
    let report = stand
        .post("/api/tests", json!({ "flow": "sign-up" }))
        .await
        .json();
    assert_eq!(report["cases"][0]["name"], "<b>one</b>");
    let [first, second] = &report["cases"][0]["failures"].as_array().unwrap()[..] else {
        panic!("{report:#}");
    };
    // In UTF-16: the emoji is two of its units, and four bytes.
    assert_eq!(
        (
            &first["diagnostic"]["from"],
            &first["diagnostic"]["line"],
            &first["has_values"]
        ),
        (&json!(12), &json!(2), &json!(true))
    );
    assert_eq!((&first["expected"], &first["actual"]), (&Value::Null, &json!(1)));
    assert_eq!(
        (&second["has_values"], &second["expected"]),
        (&json!(false), &Value::Null)
    );
    // Of a flow, with the step.
    assert_eq!(report["diagnostics"][0]["step"], "steps/0");
    assert_eq!(
        report["coverage"]["sign-up"]["ways"][1],
        json!({ "path": "steps/0", "way": "error:0", "taken": false })
    );
    assert_eq!(stand.post("/api/tests", json!({})).await.status, 200);
    assert_eq!(fake.asked(), ["tests Some(\"sign-up\")", "tests None"]);
    stand
        .post("/api/tests", json!({ "flow": "sing-up" }))
        .await
        .is_refused(404, "no_such_flow");
    fake.asked();
    for wrong in [json!({ "flow": 1 }), json!({ "flows": [] }), json!([])] {
        stand
            .post("/api/tests", wrong)
            .await
            .is_refused(400, "malformed_request");
    }
    stand
        .send("POST /api/tests", "text/plain", "{}")
        .await
        .is_refused(415, "unsupported_media_type");
    assert!(fake.asked().is_empty());
}

#[tokio::test]
async fn who_leaves_lets_go_of_the_tests() {
    let (stand, fake) = stand();
    fake.hangs.store(true, Ordering::Relaxed);
    let mut asking = Box::pin(stand.raw("POST /api/tests", "application/json", "{}"));
    while fake.asked().is_empty() {
        assert!((&mut asking).now_or_never().is_none());
    }
    assert_eq!(fake.dropped.load(Ordering::Relaxed), 0);
    drop(asking);
    assert_eq!(fake.dropped.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn connections_are_told_and_tested() {
    let (stand, _) = stand();
    let list = stand.get("/api/connections").await.json();
    assert_eq!(
        (
            &list[0]["type"],
            &list[0]["target"],
            &list[0]["scopes"][0]["granted"]
        ),
        (&json!("acme"), &json!("left_out"), &Value::Null)
    );
    let check = stand.post("/api/connections/acme/check", json!({})).await.json();
    assert_eq!(check["missing"], json!(["create:all"]));
    let near = stand.post("/api/connections/acmee/check", json!({})).await;
    near.is_refused(404, "no_such_connection");
    assert!(near.text.contains("did you mean `acme`?"));
    stand
        .post("/api/connections/acme/check", json!({ "name": "acme" }))
        .await
        .is_refused(400, "malformed_request");
}

#[tokio::test]
async fn a_run_is_told_on_the_picture_of_its_text() {
    let (stand, fake) = stand();
    let path = format!("/api/runs/{ID}/picture");
    let whole = stand.get(&path).await.json();
    assert_eq!(
        (&whole["is_current"], &whole["is_exact"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(whole["path"]["steps"], json!({ "steps/0": true }));
    assert_eq!(
        (&whole["document"]["path"], &whole["document"]["diagnostics"]),
        (&json!("flows/sign-up.yaml"), &json!([]))
    );
    let cards = |shown: &Value| shown["document"]["picture"]["cards"].as_array().unwrap().len();
    let less = stand
        .get(&format!("{path}?collapsed=steps%2F0&collapsed=steps/1"))
        .await
        .json();
    assert!(cards(&less) < cards(&whole), "{less:#}");
    for wrong in ["collapse=steps/0", "collapsed=steps/0&x"] {
        stand
            .get(&format!("{path}?{wrong}"))
            .await
            .is_refused(400, "malformed_request");
    }
    stand
        .get("/api/runs/last/picture")
        .await
        .is_refused(404, "no_such_run");
    // Files that could not be opened here, and texts that no binary reads any more, are shown all the same.
    for (path, text) in [
        ("/elsewhere/sign-up.yml", FLOW),
        ("flows/sign-up.yaml", "steps: [ { return"),
        ("flows/sign-up.yaml", ""),
        ("flows/gone.yaml", "name: gone\nsteps:\n  - call: nobody\n"),
    ] {
        *fake.ran.lock().unwrap() = Some((path.to_owned(), text.to_owned()));
        let shown = stand.get(&format!("/api/runs/{ID}/picture")).await.json();
        assert_eq!(shown["document"]["path"], path);
        assert_eq!(
            shown["document"]["diagnostics"] == json!([]),
            text == FLOW,
            "{shown:#}"
        );
    }
}

#[tokio::test]
async fn a_text_is_held_against_a_run() {
    let (stand, fake) = stand();
    let path = format!("/api/runs/{ID}/compare");
    let text = |text: &str| json!({ "path": "flows/sign-up.yaml", "text": text });
    let same = stand.post(&path, text(FLOW)).await.json();
    assert_eq!(
        (&same["departs"], &same["diagnostics"]),
        (&json!(false), &json!([]))
    );
    // With the other flows of the workspace.
    assert_eq!(fake.asked(), [format!("compare {ID} sign-up of 2")]);
    let other = stand
        .post(&path, text(&FLOW.replace("return", "log")))
        .await
        .json();
    assert!(fake.asked().is_empty(), "{other:#}");
    assert_eq!(other["departs"], false);
    assert_ne!(other["diagnostics"], json!([]));
    let other = stand.post(&path, text(&format!("{FLOW}# more\n"))).await.json();
    assert_eq!(
        (&other["departs"], &other["departures"][0]["step"]),
        (&json!(true), &json!("steps/0"))
    );
    fake.asked();
    let broken = stand
        .post(&path, text(&FLOW.replace("user.id", "nobody.id")))
        .await
        .json();
    assert_eq!(broken["diagnostics"][0]["step"], "steps/2");
    assert_eq!((&broken["departs"], fake.asked().len()), (&json!(false), 0));
    stand
        .post(&path, json!({ "path": ".env", "text": "" }))
        .await
        .is_refused(404, "no_such_file");
    stand
        .post("/api/runs/last/compare", text(FLOW))
        .await
        .is_refused(404, "no_such_run");
}

#[tokio::test]
async fn a_run_is_told_as_a_case() {
    let (stand, _) = stand();
    let case = stand
        .post(&format!("/api/runs/{ID}/case"), json!({}))
        .await
        .json();
    assert_eq!((&case["line"], &case["base"]), (&json!(1), &Value::Null));
    stand
        .post("/api/runs/sleeping/case", json!({}))
        .await
        .is_refused(409, "run_status");
    stand
        .post(&format!("/api/runs/{ID}/case"), json!({ "name": "x" }))
        .await
        .is_refused(400, "malformed_request");
}

#[tokio::test]
async fn scenarios_are_added_where_files_may_be_changed() {
    let (stand, fake) = stand();
    assert_eq!(stand.get("/api/scenarios").await.json()[0]["name"], "gdpr");
    for dry_run in [true, false] {
        let plan = stand
            .post("/api/scenarios/gdpr", json!({ "dry_run": dry_run }))
            .await
            .json();
        assert_eq!(plan["written"], !dry_run);
    }
    assert_eq!(fake.asked(), ["add gdpr true", "add gdpr false"]);
    stand
        .post("/api/scenarios/gpdr", json!({ "dry_run": true }))
        .await
        .is_refused(404, "no_such_scenario");
    for wrong in [
        json!({}),
        json!({ "dry_run": "yes" }),
        json!({ "dry_run": true, "force": true }),
    ] {
        stand
            .post("/api/scenarios/gdpr", wrong)
            .await
            .is_refused(400, "malformed_request");
    }
    let read_only = Stand::doing(false, Arc::clone(&fake) as _);
    fake.asked();
    read_only
        .post("/api/scenarios/gdpr", json!({ "dry_run": false }))
        .await
        .is_refused(403, "forbidden");
    assert!(fake.asked().is_empty());
    let plan = read_only
        .post("/api/scenarios/gdpr", json!({ "dry_run": true }))
        .await;
    assert_eq!(plan.json()["written"], false);
}
