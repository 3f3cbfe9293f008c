//! A workspace in memory, and its studio.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::body::Body;
use axum::{Extension, Router};
use http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use lockgate_flow::assist::Recorded;
use lockgate_flow::catalog::{ActionSpec, Catalog, ConnectionSpec, Effect, ErrorSpec, ScopeNeed};
use lockgate_flow::diagnostic::{Code, Diagnostic};
use lockgate_flow::schema::Schema;
use lockgate_flow::source::{Source, Span};
use lockgate_flow::workspace::Workspace;
use lockgate_server::admin::Stopping;
use lockgate_server::problem::Problem;
use serde_json::{Value, json};
use tokio::sync::watch;
use tower::ServiceExt as _;

use super::declared::is_declared;
use crate::files::{Desk, FileError, Files, Mode, Read, Setting, version_of};
use crate::operations::{
    CaseText, Connection, ConnectionCheck, Departures, Edited, Operations, RunPath, Scenario, ScenarioPlan,
    TestReport,
};
use crate::path::{FileKind, FilePath};
use crate::{Studio, mounted};

pub(super) const FLOW: &str = "# Signs someone up. 🎉
name: sign-up
description: Makes an account.
durable: false
trigger: { http: { method: POST, path: /sign-up, auth: none } }
input:
  email: { type: string, format: email }
steps:
  - id: user
    action: acme.create
    with: { email: '{{input.email}}' }
    on_error:
      refused:
        - fail: { code: taken, message: Ada Zoë 🎉 is known }
  - if: input.email
    then:
      - call: greet
  - return: '{{steps.user.id}}'
";

/// A run of it that is kept.
pub(super) const RUN: &str = "0199d0a0-0000-7000-8000-000000000000";

pub(super) const GREET: &str = "name: greet\nsteps:\n  - return: hello\n";
pub(super) const TESTS: &str = "cases:\n  - name: one\n";
pub(super) const FILE: &str = "version: 1\nconnections:\n  acme: { type: acme, key: '${ACME_KEY}' }\n";

/// Files in memory.
pub(super) struct Memory {
    texts: Mutex<BTreeMap<FilePath, String>>,
    desks: watch::Sender<Arc<Desk>>,
    catalog: Arc<Catalog>,
    is_writable: bool,
    /// What the next write fails with.
    pub(super) trouble: Mutex<Option<FileError>>,
}

/// What is not asked here.
struct Nothing;

#[async_trait]
impl Operations for Nothing {
    async fn run_tests(&self, _: Option<&str>) -> Result<TestReport, Problem> {
        Err(Problem::Internal)
    }

    async fn connections(&self) -> Result<Vec<Connection>, Problem> {
        Err(Problem::Internal)
    }

    async fn check_connection(&self, _: &str) -> Result<ConnectionCheck, Problem> {
        Err(Problem::Internal)
    }

    async fn run_path(&self, _: &str) -> Result<RunPath, Problem> {
        Err(Problem::NoRun)
    }

    async fn recorded(&self, id: &str) -> Result<Recorded, Problem> {
        if id != RUN {
            return Err(Problem::NoRun);
        }
        Ok(Recorded {
            input: json!({ "email": "ada@example.com" }),
            steps: BTreeMap::from([("user".to_owned(), json!({ "id": "u1" }))]),
            ..Recorded::default()
        })
    }

    async fn compare_run(&self, _: &str, _: Edited) -> Result<Departures, Problem> {
        Err(Problem::NoRun)
    }

    async fn make_case(&self, _: &str) -> Result<CaseText, Problem> {
        Err(Problem::NoRun)
    }

    async fn scenarios(&self) -> Result<Arc<[Scenario]>, Problem> {
        Err(Problem::Internal)
    }

    async fn add_scenario(&self, _: &str, _: bool) -> Result<ScenarioPlan, Problem> {
        Err(Problem::Internal)
    }
}

fn catalog() -> Catalog {
    let mut spec = ActionSpec::new("acme.create", Effect::Once, "Makes someone.");
    spec.input = Schema::new(json!({
        "type": "object",
        "properties": { "email": { "type": "string", "description": "Whose." }, "note": { "type": "string" } },
        "required": ["email"],
        "additionalProperties": false,
    }));
    spec.output = Schema::new(json!({ "type": "object", "properties": { "id": { "type": "string" } } }));
    spec.errors = vec![ErrorSpec::new("refused", 409, "it is there already")];
    spec.connection = Some("acme".into());
    spec.scopes = Some(|_| vec![ScopeNeed(vec!["create:all".to_owned(), "create:one".to_owned()])]);
    spec.example = "action: acme.create".into();
    let mut catalog = Catalog::new();
    catalog.add_action(Arc::new(spec));
    catalog.add_connection(ConnectionSpec {
        type_name: "acme".into(),
        summary: "Acme.".into(),
        settings: Schema::new(json!({ "type": "object", "properties": { "key": { "type": "string" } } })),
        check: None,
        example: "".into(),
    });
    catalog
}

impl Memory {
    fn new(is_writable: bool) -> Self {
        let files = [
            ("lockgate.yaml", FILE),
            ("flows/sign-up.yaml", FLOW),
            ("flows/greet.yaml", GREET),
            ("flows/sign-up.test.yaml", TESTS),
            ("connectors/own.yaml", "connector: own\n"),
        ];
        let texts: BTreeMap<FilePath, String> = files
            .into_iter()
            .map(|(path, text)| (FilePath::parse(path).unwrap(), text.to_owned()))
            .collect();
        let catalog = Arc::new(catalog());
        Self {
            desks: watch::Sender::new(Arc::new(desk(&texts, &catalog, 1))),
            texts: Mutex::new(texts),
            catalog,
            is_writable,
            trouble: Mutex::default(),
        }
    }

    /// Somebody else changes a file.
    pub(super) fn put(&self, path: &str, text: &str) {
        let path = FilePath::parse(path).unwrap();
        self.texts.lock().unwrap().insert(path, text.to_owned());
    }

    /// Somebody else deletes a file.
    pub(super) fn remove(&self, path: &str) {
        self.texts.lock().unwrap().remove(&FilePath::parse(path).unwrap());
    }

    pub(super) fn text(&self, path: &str) -> Option<String> {
        self.texts
            .lock()
            .unwrap()
            .get(&FilePath::parse(path).unwrap())
            .cloned()
    }

    /// The workspace is read again.
    pub(super) fn look(&self) {
        let texts = self.texts.lock().unwrap();
        let number = self.desks.borrow().version.parse::<u32>().unwrap() + 1;
        self.desks
            .send_replace(Arc::new(desk(&texts, &self.catalog, number)));
    }

    fn found(&self, path: &FilePath) -> Option<Read> {
        let text = self.texts.lock().unwrap().get(path)?.clone();
        let version = version_of(text.as_bytes());
        Some(Read { text, version })
    }
}

fn desk(texts: &BTreeMap<FilePath, String>, catalog: &Arc<Catalog>, number: u32) -> Desk {
    let files: BTreeMap<FilePath, Arc<Source>> = texts
        .iter()
        .map(|(path, text)| (path.clone(), Source::new(path.as_str(), text.clone())))
        .collect();
    let of_kind = |kind: FileKind| {
        let files = files.iter().filter(move |(path, _)| path.kind() == kind);
        files.map(|(_, source)| Arc::clone(source)).collect::<Vec<_>>()
    };
    let file = of_kind(FileKind::Workspace).pop();
    let checked = Workspace::check(file.as_ref(), &of_kind(FileKind::Flow), catalog);
    Desk {
        name: "acme".to_owned(),
        version: number.to_string(),
        is_served: true,
        checked: Arc::new(checked),
        catalog: Arc::clone(catalog),
        files,
    }
}

#[async_trait]
impl Files for Memory {
    fn setting(&self) -> Setting {
        Setting {
            mode: Mode::Dev,
            is_writable: self.is_writable,
            flows_url: "http://127.0.0.1:8080".to_owned(),
        }
    }

    fn tenant(&self) -> Option<String> {
        None
    }

    fn desks(&self) -> watch::Receiver<Arc<Desk>> {
        self.desks.subscribe()
    }

    /// Everything that is no flow has the word `wrong` as a mistake.
    fn findings(&self, texts: &[(FileKind, Arc<Source>)]) -> Vec<Diagnostic> {
        let wrong = |source: &Arc<Source>| {
            let start = source.text().find("wrong")?;
            let span = Span::new(start, start + 5);
            Some(Diagnostic::new(Code::InvalidCase, source, span, "wrong"))
        };
        texts.iter().filter_map(|(_, source)| wrong(source)).collect()
    }

    async fn read(&self, path: &FilePath) -> Result<Option<Read>, FileError> {
        Ok(self.found(path))
    }

    async fn write(&self, path: &FilePath, base: Option<&str>, text: String) -> Result<String, FileError> {
        if let Some(error) = self.trouble.lock().unwrap().take() {
            return Err(error);
        }
        let found = self.found(path);
        if found.as_ref().map(|found| found.version.as_str()) != base {
            return Err(FileError::Conflict(found));
        }
        let version = version_of(text.as_bytes());
        self.texts.lock().unwrap().insert(path.clone(), text);
        Ok(version)
    }

    async fn delete(&self, path: &FilePath, version: &str) -> Result<(), FileError> {
        let found = self.found(path);
        if found.as_ref().map(|found| found.version.as_str()) != Some(version) {
            return Err(FileError::Conflict(found));
        }
        self.texts.lock().unwrap().remove(path);
        Ok(())
    }
}

/// A studio, asked.
pub(super) struct Stand {
    pub(super) files: Arc<Memory>,
    pub(super) stopping: watch::Sender<bool>,
    router: Router,
}

/// An answer, read.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    #[track_caller]
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(super) fn is_refused(&self, status: u16, code: &str) {
        assert_eq!(
            (self.status, self.json()["code"].as_str()),
            (status, Some(code)),
            "{}",
            self.text
        );
    }
}

impl Stand {
    pub(super) fn new() -> Self {
        Self::with(true)
    }

    pub(super) fn with(is_writable: bool) -> Self {
        Self::doing(is_writable, Arc::new(Nothing))
    }

    /// With somebody who does what is asked beyond texts.
    pub(super) fn doing(is_writable: bool, operations: Arc<dyn Operations>) -> Self {
        let files = Arc::new(Memory::new(is_writable));
        let stopping = watch::Sender::new(false);
        let studio = Studio {
            files: Arc::clone(&files) as _,
            operations,
        };
        let router = mounted(Arc::new(studio)).router;
        let router = router.layer(Extension(Stopping::new(stopping.subscribe())));
        Self {
            files,
            stopping,
            router,
        }
    }

    pub(super) async fn raw(&self, line: &str, media: &str, body: impl Into<Body>) -> http::Response<Body> {
        let (method, target) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(target);
        if !media.is_empty() {
            request = request.header("content-type", media);
        }
        self.ask(request.body(body.into()).unwrap()).await
    }

    pub(super) async fn ask(&self, request: Request<Body>) -> http::Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(super) async fn send(&self, line: &str, media: &str, body: &str) -> Answer {
        let answer = self.raw(line, media, body.to_owned()).await;
        let (head, body) = answer.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let answer = Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        };
        let (method, target) = line.split_once(' ').unwrap();
        let path = target.split('?').next().unwrap();
        if path.starts_with("/api/") && answer.status != 405 {
            is_declared(method, path, &answer);
        }
        answer
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path}"), "", "").await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(&format!("POST {path}"), "application/json", &body.to_string())
            .await
    }

    pub(super) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(&format!("PUT {path}"), "application/json", &body.to_string())
            .await
    }

    /// What a text means.
    pub(super) async fn document(&self, path: &str, text: &str) -> Value {
        let answer = self
            .post("/api/document", json!({ "path": path, "text": text }))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }
}
