//! Runs one script against a fresh tenant and counts what came back.

use std::collections::HashSet;

use lockgate_tenant::{Client, Connection, SeedUser, Tenant};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::mapping::{Mapping, same_order};
use crate::recording::Exchange;
use crate::table::{Miss, Table};

const USER: &str = "/api/v2/users/{id}";

/// How a row can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Means {
    /// All state comes from the script.
    Script,
    /// The script starts in the middle of a tenant's life: the user is seeded from the recorded answer, or a
    /// failure of the tenant's own is ordered.
    Seeded,
}

struct Script {
    tenant: Tenant,
    http: reqwest::Client,
    token: String,
    mapping: Mapping,
    /// Recorded ids of users that the script has made, or that were seeded.
    known: HashSet<String>,
}

pub(crate) async fn replay(exchanges: &[Exchange], http: &reqwest::Client, table: &mut Table) {
    let mut script = Script::start(exchanges, http.clone()).await;
    for exchange in exchanges {
        let (path, method, status) = (&exchange.path_template, &exchange.method, exchange.status);
        if exchange.caution.is_some() {
            table.at(path, method, status).caution += exchange.repeats;
            continue;
        }
        if !is_emulated(exchange) {
            table.at(path, method, status).skipped += exchange.repeats;
            continue;
        }
        for _ in 0..exchange.repeats {
            script.step(exchange, table).await;
        }
    }
    script.tenant.shutdown().await;
}

fn is_emulated(exchange: &Exchange) -> bool {
    match exchange.path_template.as_str() {
        "/oauth/token" => exchange.request_body["grant_type"] == "client_credentials",
        path => ["/api/v2/users", "/api/v2/users-by-email", USER].contains(&path),
    }
}

impl Script {
    async fn start(exchanges: &[Exchange], http: reqwest::Client) -> Self {
        let mut builder = Tenant::builder().client(Client::new("replay", "replay-secret"));
        let token_requests = exchanges.iter().filter(|exchange| {
            exchange.path_template == "/oauth/token" && exchange.caution.is_none() && is_emulated(exchange)
        });
        for exchange in token_requests {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let (id, secret) = (
                text(&exchange.request_body["client_id"]),
                text(&exchange.request_body["client_secret"]),
            );
            let scopes = text(&exchange.response_body["scope"]);
            builder = builder.client(Client::new(id, secret).scopes(scopes.split(' ')));
        }
        // A script of 2018 talks to a tenant of 2018.
        if exchanges.iter().any(|exchange| {
            exchange
                .response_body
                .to_string()
                .contains(r#""created_at":"2018-"#)
        }) {
            builder = builder
                .connection(Connection::database("Username-Password-Authentication").nickname_from_name());
        }
        let tenant = builder.start().await.unwrap();
        let request = json!({
            "grant_type": "client_credentials", "client_id": tenant.client_id(),
            "client_secret": tenant.client_secret(), "audience": tenant.audience()
        });
        let url = format!("{}/oauth/token", tenant.url());
        let answer: Value = http
            .post(url)
            .json(&request)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let token = answer["access_token"].as_str().unwrap().to_owned();
        Self {
            tenant,
            http,
            token,
            mapping: Mapping::default(),
            known: HashSet::new(),
        }
    }

    async fn step(&mut self, exchange: &Exchange, table: &mut Table) {
        let means = self.prepare(exchange);
        let (status, headers, text) = self.send(exchange).await;
        self.tenant.clear_faults();
        self.tenant.set_custom_domains::<String>([]);

        let ours: Value = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).unwrap()
        };
        let mut compared = if status == exchange.status {
            self.mapping.compare(&exchange.response_body, &ours)
        } else {
            Err(format!(
                "status {status} where {} was recorded: {text}",
                exchange.status
            ))
        };
        self.note(exchange, &ours);
        let row = table.at(&exchange.path_template, &exchange.method, exchange.status);
        if let Some(agree) = headers_agree(exchange, &headers) {
            row.headers += 1;
            row.headers_equal += u32::from(agree.is_ok());
            if let (Err(why), Ok(())) = (agree, &compared) {
                compared = Err(why);
            }
        }
        let equal = u32::from(compared.is_ok());
        match means {
            Means::Script => {
                row.compared += 1;
                row.equal += equal;
            }
            Means::Seeded => {
                row.seeded += 1;
                row.seeded_equal += equal;
            }
        }
        row.same_order += u32::from(compared.is_ok() && same_order(&exchange.response_body, &ours));
        if let Err(why) = compared {
            table.misses.push(Miss {
                place: exchange.place(),
                why,
            });
        }
    }

    /// Brings the tenant to where the recorded one must have been, if the script itself has not.
    fn prepare(&mut self, exchange: &Exchange) -> Means {
        match (exchange.status, exchange.response_body["errorCode"].as_str()) {
            (429, _) => {
                self.tenant.add_fault("429:once".parse().unwrap());
                return Means::Seeded;
            }
            (409, Some("custom_domain_conflict")) => {
                self.tenant
                    .set_custom_domains(["login.one.example", "login.two.example"]);
                return Means::Seeded;
            }
            _ => {}
        }
        if exchange.method != "GET" || exchange.status != 200 {
            return Means::Script;
        }
        let mut means = Means::Script;
        for answer in answered_users(exchange) {
            let id = match (exchange.user_id(), answer.get("user_id")) {
                (Some(id), _) => id,
                (None, Some(Value::String(id))) => id.clone(),
                (None, _) => panic!("{}: a found user has no id", exchange.place()),
            };
            if self.known.insert(id.clone()) {
                self.tenant.seed(unseen(answer, &id)).unwrap();
                means = Means::Seeded;
            }
        }
        means
    }

    /// Remembers which users the script has made.
    fn note(&mut self, exchange: &Exchange, ours: &Value) {
        let made = exchange.method == "POST" && exchange.path_template == "/api/v2/users";
        let id = |user: &Value| user.get("user_id").and_then(Value::as_str).map(str::to_owned);
        if let (true, Some(recorded), Some(own)) = (made, id(&exchange.response_body), id(ours)) {
            // Also where the answers differ, or one miss would make misses of all that follows.
            self.mapping.bind(&recorded, &own);
            self.known.insert(recorded);
        }
    }

    async fn send(&self, exchange: &Exchange) -> (u16, reqwest::header::HeaderMap, String) {
        let path = match exchange.user_id() {
            Some(id) => {
                let id = self.mapping.ours(&id);
                exchange
                    .path_template
                    .replace("{id}", &utf8_percent_encode(&id, NON_ALPHANUMERIC).to_string())
            }
            None => exchange.path_template.clone(),
        };
        let method = Method::from_bytes(exchange.method.as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.tenant.url()));
        if let Some(query) = &exchange.query {
            request = request.query(query);
        }
        if exchange.path_template == "/oauth/token" {
            let mut body = exchange.request_body.clone();
            body["audience"] = self.tenant.audience().into();
            request = request.json(&body);
        } else {
            request = request.bearer_auth(&self.token);
            if !exchange.request_body.is_null() {
                request = request.json(&exchange.request_body);
            }
        }
        let response = request.send().await.unwrap();
        (
            response.status().as_u16(),
            response.headers().clone(),
            response.text().await.unwrap(),
        )
    }
}

fn answered_users(exchange: &Exchange) -> Vec<&Map<String, Value>> {
    match &exchange.response_body {
        Value::Array(users) => users.iter().filter_map(Value::as_object).collect(),
        Value::Object(page) => match page.get("users") {
            Some(Value::Array(users)) => users.iter().filter_map(Value::as_object).collect(),
            _ => vec![page],
        },
        _ => Vec::new(),
    }
}

/// A user that the recording shows (perhaps only some fields of), completed with values that must not appear where
/// the recording has left them out.
fn unseen(shown: &Map<String, Value>, id: &str) -> SeedUser {
    let mut user = shown.clone();
    let whole = shown.contains_key("identities");
    user.entry("user_id").or_insert_with(|| id.into());
    if !whole {
        let (provider, local) = id.split_once('|').unwrap();
        user.entry("identities")
            .or_insert_with(|| json!([{"user_id": local, "provider": provider}]));
        user.entry("updated_at")
            .or_insert_with(|| "2020-01-01T00:00:00.000Z".into());
        user.entry("email")
            .or_insert_with(|| "not.asked.for@example.com".into());
        user.entry("name").or_insert_with(|| "Not Asked For".into());
    }
    SeedUser::from_value(user.into()).unwrap()
}

/// Compares the headers of recordings that kept them all; nothing for the others, and for those before 2021, when
/// the server had another `cache-control`.
fn headers_agree(exchange: &Exchange, ours: &reqwest::header::HeaderMap) -> Option<Result<(), String>> {
    let recorded = |name: &str| {
        exchange
            .response_headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    };
    let year: u32 = recorded("date")?.split(' ').nth(3)?.parse().ok()?;
    if year < 2021 {
        return None;
    }
    let own = |name: &str| ours.get(name).map(|value| value.to_str().unwrap());
    let same = ["cache-control", "content-type"]
        .into_iter()
        .find(|name| recorded(name).map(String::as_str) != own(name));
    if let Some(name) = same {
        return Some(Err(format!(
            "{name} is {:?} where {:?} was recorded",
            own(name),
            recorded(name)
        )));
    }
    let limits = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"];
    let present = limits
        .into_iter()
        .find(|name| recorded(name).is_some() != own(name).is_some());
    Some(match present {
        Some(name) => Err(format!("{name} is there on one side only")),
        None => Ok(()),
    })
}
