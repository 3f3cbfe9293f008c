//! The emulated tenant of a case: in the process, on the case's clock.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use lockgate_auth0::{Auth0Connection, TenantAccess, Wire, WireError, settings_for};
use lockgate_engine::clock::Clock;
use lockgate_engine::connection::SettingsError;
use lockgate_flow::workspace::Resolved;
use lockgate_tenant::{Broken, SeedUser, Tenant};
use serde_json::{Map, Value, json};

/// The database that users are in who do not say another.
const DATABASE: &str = "Username-Password-Authentication";

/// The password of users whose test does not care.
const PASSWORD: &str = "correct horse battery 1";

/// A tenant whose time is the clock's.
///
/// # Errors
/// It cannot be set up; a bug of ours.
pub(crate) fn build(clock: &Arc<dyn Clock>) -> Result<Tenant, String> {
    let clock = Arc::clone(clock);
    Tenant::builder()
        .clock(move || clock.now().as_millisecond())
        .build()
        .map_err(|error| error.to_string())
}

/// Puts a user into it. What every database user has is made up where it is left out.
///
/// # Errors
/// What the tenant says.
pub(crate) fn seed(tenant: &Tenant, user: &Value) -> Result<(), String> {
    let mut user = user.clone();
    if let Value::Object(fields) = &mut user
        && !fields.contains_key("identities")
        && !is_social(fields)
    {
        let connection = fields.entry("connection").or_insert_with(|| json!(DATABASE));
        let has_password = connection != "email" && connection != "sms";
        if has_password && !fields.contains_key("password") {
            fields.insert("password".to_owned(), json!(PASSWORD));
        }
    }
    let user = SeedUser::from_value(user).ok_or("a user is a map")?;
    tenant.seed(user).map_err(|error| match error {
        lockgate_tenant::SeedError::Refused { reason, .. } => reason,
        other => other.to_string(),
    })
}

/// Whether the id is one of another provider than a database: `google-oauth2|115`. The tenant reads the connection off it.
fn is_social(user: &Map<String, Value>) -> bool {
    let id = user.get("user_id").and_then(Value::as_str).unwrap_or_default();
    !user.contains_key("connection")
        && id
            .split_once('|')
            .is_some_and(|(provider, _)| !["auth0", "email", "sms"].contains(&provider))
}

/// A connection to it, with whatever else the settings say.
///
/// # Errors
/// A setting cannot be used.
pub(crate) fn connect(
    name: &str,
    mut settings: Resolved,
    tenant: &Arc<Tenant>,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<Auth0Connection>, SettingsError> {
    settings_for(
        &mut settings,
        &TenantAccess {
            base_url: tenant.url(),
            client_id: tenant.client_id(),
            client_secret: tenant.client_secret(),
            audience: tenant.audience(),
        },
    );
    let wire = Arc::new(InProcess(Arc::clone(tenant)));
    Auth0Connection::over(name, &settings, Arc::clone(clock), wire)
}

struct InProcess(Arc<Tenant>);

#[async_trait]
impl Wire for InProcess {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, WireError> {
        self.0.handle(request).await.map_err(|broken| match broken {
            Broken::Cut { status, .. } => WireError::Cut {
                status,
                reason: broken.to_string(),
            },
            broken => WireError::Lost(broken.to_string()),
        })
    }
}

/// What the tenant was asked, as tests see it.
pub(crate) fn requests(tenant: &Tenant, from: usize) -> Vec<Value> {
    tenant
        .requests()
        .into_iter()
        // That there must be a token is the connection's business, and of no flow's.
        .filter(|request| request.path != "/oauth/token")
        .skip(from)
        .map(|request| {
            let mut seen = json!({ "method": request.method, "path": request.path });
            if let Some(query) = request.query {
                seen["query"] = json!(query);
            }
            if let Some(status) = request.status {
                seen["status"] = json!(status);
            }
            seen
        })
        .collect()
}
