//! Settings from the environment.

use anyhow::{Context as _, Result};

pub(crate) struct Settings {
    /// `https://acme.eu.auth0.com`, without a slash at the end.
    pub(crate) base_url: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) audience: String,
    /// The user store that sign-ups go to.
    pub(crate) database: String,
    /// 0 takes any port that is free.
    pub(crate) port: u16,
}

impl Settings {
    pub(crate) fn from_environment() -> Result<Self> {
        let base_url = required("AUTH0_BASE_URL")?.trim_end_matches('/').to_owned();
        Ok(Self {
            client_id: required("AUTH0_CLIENT_ID")?,
            client_secret: required("AUTH0_CLIENT_SECRET")?,
            audience: optional("AUTH0_AUDIENCE").unwrap_or_else(|| format!("{base_url}/api/v2/")),
            database: optional("AUTH0_DATABASE")
                .unwrap_or_else(|| "Username-Password-Authentication".to_owned()),
            port: optional("PORT")
                .map_or(Ok(8080), |port| port.parse())
                .context("PORT is not a port")?,
            base_url,
        })
    }
}

fn required(name: &str) -> Result<String> {
    optional(name).with_context(|| format!("{name} is not set"))
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads settings")]
fn optional(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
