//! The emulated tenant: what it does wrong, and who is in it.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::exchange::{Answer, exchange};
use crate::process::{Process, Program, address};

/// All that it does wrong to the server. Looking a user up by e-mail address, which the harness does, goes well.
///
/// A run ends in doubt when Auth0 does not answer a dozen questions in a row: reads go wrong seldom enough that this does
/// not happen.
const FAULTS: [&str; 15] = [
    "delay=20ms:p=0.1,path=/api/v2/users",
    "delay=20ms:p=0.1,path=/api/v2/users/*",
    "429:every=397,path=/api/v2/users",
    "429:every=613,path=/api/v2/users/*",
    "500:p=0.03,path=/api/v2/users",
    "503:p=0.03,path=/api/v2/users",
    "html:p=0.02,path=/api/v2/users",
    "truncate:p=0.04,path=/api/v2/users",
    "reset:p=0.04,path=/api/v2/users",
    "lost-answer:p=0.08,path=/api/v2/users",
    "503:p=0.03,path=/api/v2/users/*",
    "reset:p=0.03,path=/api/v2/users/*",
    "lost-answer:p=0.06,path=/api/v2/users/*",
    "503:p=0.1,path=/oauth/token",
    "reset:p=0.1,path=/oauth/token",
];

/// How often a look-up is tried.
const TRIES: u32 = 50;

/// A tenant in a process of its own.
pub(crate) struct Tenant {
    process: Process,
    address: SocketAddr,
    ready: Value,
}

/// Looks users up.
#[derive(Clone)]
pub(crate) struct Directory {
    address: SocketAddr,
    authorization: String,
}

impl Tenant {
    pub(crate) async fn start(program: &Program) -> Result<Self> {
        let mut arguments = vec!["tenant"];
        for fault in FAULTS {
            arguments.extend(["--fault", fault]);
        }
        let mut process = program.start(&arguments, &[], "tenant.log")?;
        let Some(ready) = process.ready().await? else {
            bail!("the tenant did not start\n{}", process.log());
        };
        Ok(Self {
            address: address(&ready, "url")?,
            process,
            ready,
        })
    }

    /// What the server connects with.
    pub(crate) fn credentials(&self) -> Result<Vec<(&'static str, String)>> {
        let said = |name: &str| {
            let text = self.ready[name].as_str();
            text.map(str::to_owned)
                .with_context(|| format!("the tenant said no `{name}`"))
        };
        Ok(vec![
            ("AUTH0_BASE_URL", said("url")?),
            ("AUTH0_CLIENT_ID", said("client_id")?),
            ("AUTH0_CLIENT_SECRET", said("client_secret")?),
        ])
    }

    /// With a token of its own.
    pub(crate) async fn directory(&self) -> Result<Directory> {
        let body = json!({
            "grant_type": "client_credentials",
            "client_id": self.ready["client_id"],
            "client_secret": self.ready["client_secret"],
            "audience": format!("http://{}/api/v2/", self.address),
        });
        let answer = patiently(self.address, "POST /oauth/token", "", &body.to_string()).await?;
        let answer: Value = serde_json::from_str(&answer.body).context("reading a token")?;
        let token = answer["access_token"].as_str().context("no token")?;
        Ok(Directory {
            address: self.address,
            authorization: format!("authorization: Bearer {token}\r\n"),
        })
    }

    /// It has served.
    pub(crate) async fn end(mut self) -> Result<()> {
        self.process.ask_to_end().await?;
        self.process.ended().await.map(drop)
    }
}

impl Directory {
    /// The users with an e-mail address that needs no encoding.
    pub(crate) async fn users(&self, email: &str) -> Result<Vec<Value>> {
        let line = format!("GET /api/v2/users-by-email?email={email}");
        let answer = patiently(self.address, &line, &self.authorization, "").await?;
        serde_json::from_str(&answer.body).context("reading users")
    }
}

async fn patiently(address: SocketAddr, line: &str, fields: &str, body: &str) -> Result<Answer> {
    let mut last = String::new();
    for _ in 0..TRIES {
        match exchange(address, line, fields, body).await {
            Ok(answer) if answer.status == 200 => return Ok(answer),
            Ok(answer) => last = format!("{} {}", answer.status, answer.body),
            Err(error) => last = error.to_string(),
        }
        sleep(Duration::from_millis(20)).await;
    }
    ensure!(!last.is_empty(), "never asked");
    bail!("the tenant answers {line} with {last}")
}
