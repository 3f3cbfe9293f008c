//! The access token: fetched once however many ask for it, renewed before it expires.

use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::http::HeaderValue;
use reqwest::Client;
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::auth0::{Auth0Error, read};
use crate::settings::Settings;

/// A token is renewed this long before it expires.
const LEEWAY: Duration = Duration::from_mins(1);

pub(crate) struct TokenStore {
    current: RwLock<Option<Token>>,
    /// One fetch at a time.
    fetching: Mutex<()>,
}

#[derive(Clone)]
pub(crate) struct Token {
    /// `Bearer …`.
    pub(crate) authorization: HeaderValue,
    renew_at: Instant,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    expires_in: u64,
}

impl TokenStore {
    pub(crate) fn new() -> Self {
        Self {
            current: RwLock::new(None),
            fetching: Mutex::new(()),
        }
    }

    pub(crate) async fn get(&self, http: &Client, settings: &Settings) -> Result<Token, Auth0Error> {
        if let Some(token) = self.current() {
            return Ok(token);
        }
        let _turn = self.fetching.lock().await;
        // Somebody else may have fetched it in the meantime.
        if let Some(token) = self.current() {
            return Ok(token);
        }
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &settings.client_id),
            ("client_secret", &settings.client_secret),
            ("audience", &settings.audience),
        ];
        let response = http
            .post(format!("{}/oauth/token", settings.base_url))
            .form(&form)
            .send()
            .await
            .map_err(Auth0Error::of)?;
        if !response.status().is_success() {
            return Err(Auth0Error::NoToken(response.status().as_u16()));
        }
        let answer: Answer = read(response).await?;
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", answer.access_token))
            .map_err(|_| Auth0Error::Unreadable)?;
        authorization.set_sensitive(true);
        let lifetime = Duration::from_secs(answer.expires_in);
        let token = Token {
            authorization,
            renew_at: Instant::now() + lifetime.saturating_sub(LEEWAY.min(lifetime / 10)),
        };
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        Ok(token)
    }

    /// Auth0 has refused this token.
    pub(crate) fn forget(&self, refused: &Token) {
        self.current
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take_if(|token| token.authorization == refused.authorization);
    }

    fn current(&self) -> Option<Token> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current
            .as_ref()
            .filter(|token| Instant::now() < token.renew_at)
            .cloned()
    }
}
