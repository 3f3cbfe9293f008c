//! A tenant with a client that knows its token, for the tests of the API's behaviour.

#![allow(dead_code)] // each test binary uses its own part

use lockgate_tenant::{Builder, Tenant};
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

pub(crate) struct Caller {
    pub(crate) tenant: Tenant,
    pub(crate) http: reqwest::Client,
    pub(crate) token: String,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn message(&self) -> String {
        self.json()["message"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

pub(crate) async fn read(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        text: response.text().await.unwrap(),
    }
}

impl Caller {
    pub(crate) async fn start(builder: Builder) -> Self {
        let mut caller = Self {
            tenant: builder.start().await.unwrap(),
            http: reqwest::Client::new(),
            token: String::new(),
        };
        caller.renew().await;
        caller
    }

    /// Asks for a new token.
    pub(crate) async fn renew(&mut self) {
        let answer = read(
            self.http
                .post(self.url("/oauth/token"))
                .json(&self.token_request()),
        )
        .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["access_token"]
            .as_str()
            .unwrap()
            .clone_into(&mut self.token);
    }

    pub(crate) fn token_request(&self) -> Value {
        json!({
            "grant_type": "client_credentials", "client_id": self.tenant.client_id(),
            "client_secret": self.tenant.client_secret(), "audience": self.tenant.audience()
        })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.tenant.url())
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.http.request(method, self.url(path)).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        read(self.request("GET", path)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        read(self.request("DELETE", path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        read(self.request("POST", path).json(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        read(self.request("PATCH", path).json(body)).await
    }

    /// Creates a database user and answers its id, percent-encoded.
    pub(crate) async fn create(&self, email: &str) -> String {
        let body = json!({"connection": "Username-Password-Authentication", "email": email, "password": "correct horse"});
        let answer = self.post("/api/v2/users", &body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["user_id"].as_str().unwrap().replace('|', "%7C")
    }
}
