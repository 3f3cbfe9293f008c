//! An operation as an action: request → answer → result.

use std::sync::Arc;

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError, Reconciled};
use lockgate_flow::catalog::ActionSpec;
use lockgate_flow::expression::Evaluated;
use lockgate_http::{Answer, Exchange, Request};
use serde_json::{Value, json};

use crate::answer::response;
use crate::auth::Caller;
use crate::connection::LiveConnection;
use crate::connector::{Operation, Reconcile};
use crate::failure::{refused, unanswered, unexpected};
use crate::pages::Pages;
use crate::request::build;
use crate::scope::{Surroundings, Values, run_value};

/// An operation of a connector.
pub struct OperationAction {
    operation: Arc<Operation>,
    exchange: Arc<Exchange>,
}

/// An answer that was accepted, and how it was asked for.
struct Accepted {
    request: Request,
    answer: Answer,
    response: Value,
}

impl OperationAction {
    pub(crate) fn new(operation: &Arc<Operation>, exchange: &Arc<Exchange>) -> Self {
        Self {
            operation: Arc::clone(operation),
            exchange: Arc::clone(exchange),
        }
    }

    fn caller<'a>(&'a self, context: &'a ActionContext<'a>) -> Result<Caller<'a>, ActionError> {
        let connection = context.connection::<LiveConnection>()?;
        // A provider may answer with what it was sent: in the result it is masked as a secret of the run.
        for secret in connection.secrets() {
            context.masks.add(secret);
        }
        Ok(Caller {
            connection,
            exchange: &self.exchange,
            context,
        })
    }

    /// Sends a request, with credentials; once more with a new token where the old one was refused.
    async fn send(
        &self,
        request: Request,
        values: Values<'_>,
        caller: Caller<'_>,
    ) -> Result<Accepted, ActionError> {
        let operation = &*self.operation;
        let mut signed = copy(&request);
        let token = operation.auth.authorize(&mut signed, caller, None).await?;
        let mut answer = self.exchange(&signed, caller).await?;
        if let Some(stale) = token.filter(|_| answer.status.as_u16() == 401) {
            signed = copy(&request);
            operation
                .auth
                .authorize(&mut signed, caller, Some(&stale))
                .await?;
            answer = self.exchange(&signed, caller).await?;
        }
        let is_accepted = signed.accepts(answer.status.as_u16());
        let response = response(&answer, !is_accepted)
            .map_err(|problem| unexpected(operation, &signed, &answer, &problem))?;
        let answered = values.answered(&response);
        let ambient = &mut Surroundings(caller.context);
        let is_success = is_accepted
            && operation
                .success_if
                .as_ref()
                .is_none_or(|condition| condition.is_true(&answered, ambient).unwrap_or(false));
        if !is_success {
            return Err(refused(operation, &signed, &answer, answered, caller));
        }
        Ok(Accepted {
            request: signed,
            answer,
            response,
        })
    }

    async fn exchange(&self, request: &Request, caller: Caller<'_>) -> Result<Answer, ActionError> {
        // Not `context.time_left`: the engine drops the call at the limits around it, and knows whose they are.
        self.exchange
            .send(request, caller.context)
            .await
            .map_err(|failure| unanswered(failure, request))
    }

    /// The result of an accepted answer.
    fn result(
        &self,
        accepted: &Accepted,
        values: Values<'_>,
        caller: Caller<'_>,
    ) -> Result<Value, ActionError> {
        let Some(template) = &self.operation.result else {
            return Ok(accepted.response["body"].clone());
        };
        template
            .evaluate(&values, &mut Surroundings(caller.context))
            .map(|value| value.map_or(Value::Null, std::borrow::Cow::into_owned))
            .map_err(|error| {
                let Accepted { request, answer, .. } = accepted;
                unexpected(&self.operation, request, answer, &error.to_string())
            })
    }

    /// The items of all pages, or what `result` makes of them.
    async fn pages(
        &self,
        mut pages: Pages<'_>,
        first: Request,
        values: Values<'_>,
        caller: Caller<'_>,
    ) -> Result<Value, ActionError> {
        let mut request = first;
        loop {
            let accepted = self.send(copy(&request), values, caller).await?;
            let next = {
                let answered = values.answered(&accepted.response);
                pages.take(&request, &accepted.answer, answered, caller)?
            };
            if let Some(next) = next {
                request.url = next;
                continue;
            }
            if self.operation.result.is_none() {
                return Ok(Value::Array(pages.items));
            }
            let page = json!({ "number": pages.number(), "count": pages.items.len(), "items": pages.items });
            let answered = values.answered(&accepted.response).paged(&page);
            return self.result(&accepted, answered, caller);
        }
    }

    async fn ask(
        &self,
        reconcile: &Reconcile,
        values: Values<'_>,
        caller: Caller<'_>,
    ) -> Result<Reconciled, ActionError> {
        let operation = &*self.operation;
        let request = build(&reconcile.request, operation, &reconcile.accept, values, caller)?;
        let accepted = self.send(request, values, caller).await?;
        let unclear = |problem: &str| unexpected(operation, &accepted.request, &accepted.answer, problem);
        let answered = values.answered(&accepted.response);
        let evaluated = reconcile
            .happened
            .evaluate(&answered, &mut Surroundings(caller.context))
            .map_err(|error| unclear(&error.to_string()))?;
        match evaluated {
            Evaluated::Value(value) if !value.is_null() => Ok(Reconciled::Happened(value.into_owned())),
            _ => {
                let body = &accepted.response["body"];
                let is_gone = matches!(accepted.answer.status.as_u16(), 404 | 410);
                // A page of a proxy says nothing of what the provider has.
                if body.is_object() || body.is_array() || is_gone {
                    Ok(Reconciled::DidNotHappen)
                } else {
                    Err(unclear("the answer does not say whether it happened"))
                }
            }
        }
    }

    /// The input with the defaults of what was left out.
    fn complete(&self, mut input: Value) -> Value {
        if let Value::Object(given) = &mut input {
            for (name, default) in &self.operation.defaults {
                given.entry(name.clone()).or_insert_with(|| default.clone());
            }
        }
        input
    }
}

#[async_trait]
impl Action for OperationAction {
    fn spec(&self) -> &Arc<ActionSpec> {
        &self.operation.spec
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let operation = &*self.operation;
        let caller = self.caller(context)?;
        let (input, run) = (self.complete(input), run_value(context));
        let values = Values::of_call(caller.connection.settings(), &input, &run);
        let request = build(&operation.request, operation, &operation.accept, values, caller)?;
        if let Some(pagination) = &operation.pagination {
            let pages = Pages::new(pagination, operation, &request);
            return self.pages(pages, request, values, caller).await;
        }
        let accepted = self.send(request, values, caller).await?;
        let answered = values.answered(&accepted.response);
        self.result(&accepted, answered, caller)
    }

    async fn reconcile(&self, context: &ActionContext<'_>, input: &Value) -> Result<Reconciled, ActionError> {
        let operation = &*self.operation;
        if let Some(reconcile) = &operation.reconcile {
            let caller = self.caller(context)?;
            let (input, run) = (self.complete(input.clone()), run_value(context));
            let values = Values::of_call(caller.connection.settings(), &input, &run);
            return self.ask(reconcile, values, caller).await;
        }
        Ok(match operation.request.idempotency_key {
            // The provider knows a request that it has seen, so it is as if nothing had happened.
            Some(_) => Reconciled::DidNotHappen,
            None => Reconciled::Unknown,
        })
    }
}

impl std::fmt::Debug for OperationAction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OperationAction")
            .field("name", &self.operation.spec.name)
            .finish_non_exhaustive()
    }
}

/// The request without credentials: they are put in anew each time it is sent.
fn copy(request: &Request) -> Request {
    Request {
        method: request.method.clone(),
        url: request.url.clone(),
        headers: request.headers.clone(),
        body: request.body.clone(),
        timeout: request.timeout,
        accept: request.accept.clone(),
        follow_redirects: request.follow_redirects,
        is_repeatable: request.is_repeatable,
        secrets: request.secrets.clone(),
    }
}
