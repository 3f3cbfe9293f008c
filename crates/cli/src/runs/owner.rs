//! Asks the process that owns the store: runs are changed by it alone.

use std::time::Duration;

use anyhow::{Context as _, Result};
use lockgate_store::{Retention, RunId};
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::exit::Mistake;

/// The other process is on this machine, and answers without calling anybody; to delete a million runs takes a while.
const TIMEOUT: Duration = Duration::from_mins(10);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// An answer is a few fields.
const MOST: usize = 1024 * 1024;

/// The admin port of the process that owns a store.
pub(crate) struct Owner {
    url: String,
    token: Option<String>,
    client: reqwest::Client,
}

impl Owner {
    pub(crate) fn new(url: &str, token: Option<&str>) -> Result<Self> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("lockgate/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            // It speaks no TLS.
            .tls_certs_only([])
            .no_proxy()
            .build()
            .context("making an HTTP client")?;
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            token: token.filter(|token| !token.is_empty()).map(str::to_owned),
            client,
        })
    }

    /// Calls a run off.
    ///
    /// # Errors
    /// It refuses, or does not answer.
    pub(crate) async fn cancel(&self, id: RunId) -> Result<()> {
        self.ask(&format!("/api/runs/{id}/cancel"), &json!({}))
            .await
            .map(drop)
    }

    /// Lets a run go on.
    ///
    /// # Errors
    /// It refuses, or does not answer.
    pub(crate) async fn resume(&self, id: RunId, how: &Value) -> Result<()> {
        self.ask(&format!("/api/runs/{id}/resume"), how).await.map(drop)
    }

    /// Deletes ended runs that are past their retention. How many.
    ///
    /// # Errors
    /// It refuses, or does not answer.
    pub(crate) async fn prune(&self, retention: Retention) -> Result<usize> {
        let what = json!({
            "older_than_seconds": retention.age.map(|age| age.as_secs()),
            "keep": retention.count,
        });
        let answer = self.ask("/api/runs/prune", &what).await?;
        let deleted = answer.get("deleted").and_then(Value::as_u64);
        Ok(usize::try_from(deleted.unwrap_or(0)).unwrap_or(usize::MAX))
    }

    async fn ask(&self, path: &str, body: &Value) -> Result<Value> {
        let mut request = self
            .client
            .request(Method::POST, format!("{}{path}", self.url))
            .header("content-type", "application/json")
            .body(body.to_string());
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let at = || {
            format!(
                "asking the process that owns the store at its admin port {}",
                self.url
            )
        };
        let mut answer = request.send().await.with_context(at)?;
        let status = answer.status();
        let mut text = Vec::new();
        while let Some(chunk) = answer.chunk().await.with_context(at)? {
            text.extend_from_slice(&chunk);
            anyhow::ensure!(text.len() <= MOST, "{}: the answer is too long", at());
        }
        let body: Value = serde_json::from_slice(&text).unwrap_or_default();
        if status.is_success() {
            return Ok(body);
        }
        Err(self.refusal(status, body.as_object()))
    }

    fn refusal(&self, status: StatusCode, problem: Option<&Map<String, Value>>) -> anyhow::Error {
        let said = problem
            .and_then(|problem| problem.get("message"))
            .and_then(Value::as_str);
        let message = match said {
            Some(said) => said.to_owned(),
            None => format!("the admin port {} answers with {status}", self.url),
        };
        let help = (status == StatusCode::UNAUTHORIZED).then(|| {
            if self.token.is_some() {
                "the token is not the one of that process"
            } else {
                "set LOCKGATE_ADMIN_TOKEN to the token of that process"
            }
            .to_owned()
        });
        Mistake::new(message).maybe_help(help).into()
    }
}
