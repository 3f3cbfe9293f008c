//! `auth0.create_user`: `POST /api/v2/users`, never twice.
//!
//! How a lost answer or a 409 is settled stands in `settle`.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use jiff::Timestamp;
use lockgate_engine::action::{Action, ActionContext, ActionError, Reconciled, Retry};
use lockgate_flow::catalog::{ActionSpec, Effect, Group, InputProblem, KnownInput, ScopeNeed};
use lockgate_flow::schema::Schema;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::settle::{CreatedId, Found};
use super::{ATTEMPT_TIMEOUT, user_schema};
use crate::connection::{Request, Session};
use crate::error::{self, INVALID_CONNECTION, USER_EXISTS, WEAK_PASSWORD};
use crate::path::ApiPath;
use crate::settings::CONNECTION_TYPE;

/// How often one attempt sends the create, while each read shows that the last one had no effect.
const SENDS: u32 = 2;

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    let mut fields = Map::from_iter([(
        "connection".to_owned(),
        json!({
            "type": "string",
            "minLength": 1,
            "description": "Name of Auth0's connection (the user store), like `Username-Password-Authentication`."
        }),
    )]);
    fields.extend(user_schema::create_fields());
    Arc::new(ActionSpec {
        group: Group::Identity,
        docs: "In a database connection (with a `password`) the user gets an id that is derived from the run and the \
               step. If Auth0's answer is lost, a read by that id tells whether the user was created, and the step \
               goes on with that user: it is neither created twice nor reported as `user_exists`. The read needs the \
               scope `read:users`; without it a lost answer leaves the step in doubt.\n\n\
               For passwordless connections (`email`, `sms`), which take no id, a lost answer leaves the step in \
               doubt.\n\n\
               A create without `email_verified: true` makes Auth0 send a verification email, unless `verify_email` \
               is false.".into(),
        input: Schema::new(user_schema::closed(&fields, &["connection"])),
        output: Schema::new(user_schema::user(true)),
        errors: error::declared(&[USER_EXISTS, WEAK_PASSWORD, INVALID_CONNECTION]),
        connection: Some(CONNECTION_TYPE.into()),
        scopes: Some(|_| vec![ScopeNeed(vec!["create:users".to_owned()])]),
        check: Some(check),
        example: "id: user\naction: auth0.create_user\nwith:\n  connection: Username-Password-Authentication\n  \
                  email: \"{{input.email}}\"\n  password: \"{{input.password}}\"\non_error:\n  user_exists:\n    \
                  - fail: { code: email_taken, status: 409, message: \"There is an account already.\" }\n".into(),
        timeout: Some(ATTEMPT_TIMEOUT),
        ..ActionSpec::new("auth0.create_user", Effect::Once, "Creates a user")
    })
});

fn check(known: &KnownInput) -> Vec<InputProblem> {
    const IDENTIFIERS: [&str; 3] = ["email", "phone_number", "username"];
    let has_any = known.is_unknown("")
        || IDENTIFIERS
            .iter()
            .any(|name| known.value.get(name).is_some() || known.is_unknown(&format!("/{name}")));
    if has_any {
        return Vec::new();
    }
    vec![InputProblem {
        pointer: String::new(),
        message: "the user has neither email nor phone number nor username".to_owned(),
        help: Some("add `email`, or what else the connection identifies its users by".to_owned()),
    }]
}

/// Creates a user.
#[derive(Clone, Copy, Debug, Default)]
pub struct CreateUser;

#[async_trait]
impl Action for CreateUser {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let id = CreatedId::of(context, &input);
        let mut input = input;
        if let (Some(id), Some(fields)) = (&id, input.as_object_mut()) {
            fields.insert("user_id".to_owned(), Value::from(id.local.clone()));
        }
        let session = Session::new(context, &SPEC, &input)?;
        let request = Request {
            body: Some(&input),
            ..Request::new(Method::POST, ApiPath::fixed("/api/v2/users"))
        };
        let create = Create {
            session: &session,
            request: &request,
            input: &input,
            id,
            is_first_attempt: context.attempt == 1,
            since: session.connection().clock().now(),
        };
        create.run().await
    }

    async fn reconcile(&self, context: &ActionContext<'_>, input: &Value) -> Result<Reconciled, ActionError> {
        let session = Session::new(context, &SPEC, input)?;
        let Some(id) = CreatedId::of(context, input) else {
            return Ok(Reconciled::Unknown);
        };
        match id.find(&session, input, None).await {
            Found::Ours(user) => Ok(Reconciled::Happened(user)),
            Found::Nobody => Ok(Reconciled::DidNotHappen),
            Found::Another => Ok(Reconciled::Unknown),
            Found::Unread(error) => Err(error),
        }
    }
}

/// One attempt.
struct Create<'a> {
    session: &'a Session<'a>,
    request: &'a Request<'a>,
    input: &'a Value,
    id: Option<CreatedId>,
    is_first_attempt: bool,
    since: Timestamp,
}

impl Create<'_> {
    async fn run(&self) -> Result<Value, ActionError> {
        let mut is_lost = false;
        let mut sends = 0;
        loop {
            sends += 1;
            let error = match self.send().await {
                Ok(user) => return Ok(user),
                Err(error) => error,
            };
            let is_duplicate = error.code == crate::error::code::USER_EXISTS;
            is_lost |= error.retry == Retry::Transient;
            let Some(id) = &self.id else {
                return Err(error);
            };
            if !is_duplicate && error.retry != Retry::Transient {
                return Err(error);
            }
            if is_duplicate && !is_lost && !id.is_derived {
                return Err(error);
            }
            let since = is_lost.then_some(self.since);
            match id.find(self.session, self.input, since).await {
                Found::Ours(user) => {
                    tracing::debug!(
                        user_id = id.full(),
                        "the user was created by an earlier try of this step"
                    );
                    return Ok(user);
                }
                // Somebody else has the email, the username, or the id.
                Found::Nobody | Found::Another if is_duplicate => return Err(error),
                // There is no such user, so nothing has happened; the create may be sent again.
                Found::Nobody if sends < SENDS => {}
                Found::Nobody => return Err(error.with_retry(Retry::NothingHappened { after: None })),
                Found::Another => {
                    return Err(in_doubt(
                        error,
                        "a user with that id is there, perhaps an older one",
                    ));
                }
                Found::Unread(reason) if is_duplicate => {
                    return Err(self.unread_duplicate(error, reason, is_lost));
                }
                // A create with the same id that is sent again is settled in its turn: it may be, as if nothing
                // had happened. Not where the read will never be answered, or others may have the id.
                Found::Unread(reason) => {
                    let can_be_settled = id.is_derived && reason.retry != Retry::Never;
                    let error = in_doubt(error, &reason.message);
                    let again = Retry::NothingHappened { after: None };
                    return Err(if can_be_settled {
                        error.with_retry(again)
                    } else {
                        error
                    });
                }
            }
        }
    }

    async fn send(&self) -> Result<Value, ActionError> {
        let answer = self.session.send(self.request, true).await?;
        let user = self.session.read_json(&answer)?;
        if user.get("user_id").is_some_and(Value::is_string) {
            return Ok(user);
        }
        let subject = self.session.subject();
        Err(error::unexpected(subject, &answer, "no user").with_retry(Retry::Transient))
    }

    /// A 409, and no reading whose user it is about.
    fn unread_duplicate(&self, duplicate: ActionError, reason: ActionError, is_lost: bool) -> ActionError {
        let may_be_ours = is_lost || !self.is_first_attempt;
        if reason.retry == Retry::Never && !may_be_ours {
            // The connection may not read users; but nothing was sent before, so the user is another's.
            return duplicate;
        }
        if reason.retry == Retry::Never {
            return in_doubt(
                reason,
                "the user exists, and it may be the one that an earlier try has created",
            );
        }
        // The same create again meets the same 409: it changes nothing.
        reason.with_retry(Retry::NothingHappened { after: None })
    }
}

fn in_doubt(mut error: ActionError, reason: &str) -> ActionError {
    error
        .message
        .push_str("; whether the user was created is not known");
    // The read that was to settle it often fails the same way, and need not say so again.
    if !error.message.contains(reason) {
        error.message.push_str(": ");
        error.message.push_str(reason);
    }
    error.with_retry(Retry::Transient)
}

#[cfg(test)]
#[path = "create_user_tests.rs"]
mod tests;
