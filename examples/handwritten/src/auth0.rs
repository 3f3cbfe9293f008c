//! The calls of the Management API.

use std::fmt::Write as _;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, redirect};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::settings::Settings;
use crate::token::TokenStore;

/// How often a request is sent that meets 429.
const ATTEMPTS: u32 = 4;

/// A 429 that asks for a longer wait is given up on.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Larger answers are refused.
const MAX_ANSWER: usize = 1024 * 1024;

pub(crate) struct Auth0 {
    http: Client,
    settings: Settings,
    tokens: TokenStore,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Auth0Error {
    #[error("the user exists")]
    UserExists,
    #[error("the password is too weak")]
    WeakPassword,
    #[error("no token: the token endpoint answered {0}")]
    NoToken(u16),
    #[error("the rate limit is used up")]
    RateLimited,
    #[error("{status}: {message}")]
    Refused { status: u16, message: String },
    #[error("the answer could not be read")]
    Unreadable,
    /// The request may have been carried out.
    #[error("no answer: {0}")]
    NoAnswer(#[source] reqwest::Error),
}

impl Auth0Error {
    pub(crate) fn of(error: reqwest::Error) -> Self {
        Self::NoAnswer(error.without_url())
    }
}

#[derive(Serialize)]
pub(crate) struct NewUser<'a> {
    pub(crate) connection: &'a str,
    pub(crate) email: &'a str,
    pub(crate) password: &'a str,
    /// Chosen here, so that a read by it tells what became of a create whose answer was lost.
    pub(crate) user_id: String,
}

#[derive(Deserialize)]
pub(crate) struct User {
    #[serde(rename = "user_id")]
    pub(crate) id: String,
    pub(crate) email: Option<String>,
    pub(crate) created_at: Option<String>,
}

/// As Auth0 makes them: 24 hexadecimal digits.
pub(crate) fn new_user_id() -> String {
    format!("{:024x}", rand::random::<u128>() >> 32)
}

impl Auth0 {
    pub(crate) fn new(settings: Settings) -> reqwest::Result<Self> {
        let mut builder = Client::builder()
            .user_agent(concat!("handwritten/", env!("CARGO_PKG_VERSION")))
            .default_headers(HeaderMap::from_iter([(
                ACCEPT,
                HeaderValue::from_static("application/json"),
            )]))
            .tcp_nodelay(true)
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(10))
            .pool_idle_timeout(Duration::from_mins(1))
            .pool_max_idle_per_host(512)
            .retry(reqwest::retry::never())
            .redirect(redirect::Policy::none());
        if settings.base_url.starts_with("http://") {
            // Only for a stand-in on this machine, which needs neither certificates nor a proxy.
            builder = builder.no_proxy().tls_certs_only([]);
        }
        Ok(Self {
            http: builder.build()?,
            settings,
            tokens: TokenStore::new(),
        })
    }

    /// The user store that sign-ups go to.
    pub(crate) fn database(&self) -> &str {
        &self.settings.database
    }

    /// `POST /api/v2/users`. Where the answer is lost, a read by the id settles whether the user was created.
    pub(crate) async fn create_user(&self, user: &NewUser<'_>) -> Result<User, Auth0Error> {
        match self.send(Method::POST, "users", Some(user)).await {
            Ok(response) => read(response).await,
            Err(lost @ (Auth0Error::NoAnswer(_) | Auth0Error::Refused { status: 500.., .. })) => {
                let id = format!("auth0|{}", user.user_id);
                self.get_user(&id).await.map_err(|_| lost)
            }
            Err(Auth0Error::Refused { status: 409, .. }) => Err(Auth0Error::UserExists),
            Err(Auth0Error::Refused { status: 400, message })
                if message.starts_with("PasswordStrengthError") =>
            {
                Err(Auth0Error::WeakPassword)
            }
            Err(error) => Err(error),
        }
    }

    /// `GET /api/v2/users/{id}`.
    pub(crate) async fn get_user(&self, id: &str) -> Result<User, Auth0Error> {
        let path = format!("users/{}", escaped(id));
        read(self.send(Method::GET, &path, None::<&()>).await?).await
    }

    /// `PATCH /api/v2/users/{id}`.
    pub(crate) async fn update_user(&self, id: &str, change: &impl Serialize) -> Result<User, Auth0Error> {
        let path = format!("users/{}", escaped(id));
        read(self.send(Method::PATCH, &path, Some(change)).await?).await
    }

    /// `GET /api/v2/users-by-email`.
    pub(crate) async fn users_by_email(&self, email: &str) -> Result<Vec<User>, Auth0Error> {
        let path = format!("users-by-email?email={}", escaped(email));
        read(self.send(Method::GET, &path, None::<&()>).await?).await
    }

    /// Sends, and gives a good answer. A refused token is renewed once; a 429 is waited for.
    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<Response, Auth0Error> {
        let url = format!("{}/api/v2/{path}", self.settings.base_url);
        let mut is_token_renewed = false;
        for _ in 0..ATTEMPTS {
            let token = self.tokens.get(&self.http, &self.settings).await?;
            let mut request = self
                .http
                .request(method.clone(), &url)
                .header(AUTHORIZATION, token.authorization.clone());
            if let Some(body) = body {
                request = request.json(body);
            }
            let response = request.send().await.map_err(Auth0Error::of)?;
            match response.status() {
                status if status.is_success() => return Ok(response),
                StatusCode::UNAUTHORIZED if !is_token_renewed => {
                    is_token_renewed = true;
                    self.tokens.forget(&token);
                }
                StatusCode::TOO_MANY_REQUESTS => {
                    let wait = wait(&response);
                    if wait > LONGEST_WAIT {
                        return Err(Auth0Error::RateLimited);
                    }
                    tokio::time::sleep(wait).await;
                }
                status => {
                    let refusal: Refusal = read(response).await.unwrap_or_default();
                    return Err(Auth0Error::Refused {
                        status: status.as_u16(),
                        message: refusal.message,
                    });
                }
            }
        }
        Err(Auth0Error::RateLimited)
    }
}

#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    message: String,
}

/// A whole answer as JSON.
pub(crate) async fn read<T: DeserializeOwned>(mut response: Response) -> Result<T, Auth0Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Auth0Error::of)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(Auth0Error::Unreadable);
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).map_err(|_| Auth0Error::Unreadable)
}

/// How long a 429 asks to wait.
fn wait(response: &Response) -> Duration {
    let seconds = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    Duration::from_secs(seconds.unwrap_or(1))
}

/// A value as one segment of a path or one value of a query: everything but unreserved characters is escaped
/// (RFC 3986, section 2.3).
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}
