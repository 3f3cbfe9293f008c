//! A request that has found its endpoint: who may call, what was sent, the run.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method};
use hyper::body::Body;
use lockgate_engine::trace::TraceContext;
use lockgate_flow::syntax::RateKey;
use lockgate_runtime::limits::Turn;
use serde_json::Value;

use crate::answer::{self, RUN_ID};
use crate::auth::Credentials;
use crate::body::{self, MediaType};
use crate::caller::Caller;
use crate::capacity::Place;
use crate::durable::{Wish, no_turn};
use crate::endpoint::Endpoint;
use crate::idempotency::{IDEMPOTENCY_KEY, Key};
use crate::input;
use crate::prefer;
use crate::problem::{Answer, Problem};
use crate::rate_limit::Standing;
use crate::run::{Attached, Responded, Running, Waited};
use crate::site::Site;
use crate::state::State;

/// A request that has found its endpoint.
pub(crate) struct Call<'a> {
    pub(crate) state: &'a State,
    pub(crate) site: &'a Arc<Site>,
    pub(crate) endpoint: &'a Arc<Endpoint>,
    pub(crate) caller: Caller<'a>,
    /// What a run belongs to.
    pub(crate) trace: Option<&'a TraceContext>,
}

impl Call<'_> {
    /// Everything between the route and the run; cheap refusals first.
    pub(crate) async fn answer<B>(
        &self,
        parameters: &[&str],
        body: B,
        standing: &mut Option<Standing>,
    ) -> Result<Answer, Problem>
    where
        B: Body<Data = Bytes> + Send,
    {
        let endpoint = self.endpoint;
        let head = self.caller.head;
        // A body takes its time to come, and a caller who never sends the rest must not keep a place for it. Who asks again
        // with a key may need none.
        if self.state.capacity.is_full() && !head.headers.contains_key(IDEMPOTENCY_KEY) {
            return Err(Problem::Busy);
        }
        if let Some(limiter) = &endpoint.rate_limit
            && *limiter.by() == RateKey::Address
        {
            admit(limiter.count_address(self.caller.address), standing)?;
        }
        let signature = match &endpoint.credentials {
            Some(credentials) => credentials.check_head(&head.headers, &**self.site.executor().clock())?,
            None => None,
        };
        let key = Key::of(&head.headers)?;
        if key.is_some() && !endpoint.flow.durable {
            return Err(Problem::KeyNotSupported);
        }
        let body = if head.method == Method::GET || head.method == Method::HEAD {
            Bytes::new()
        } else {
            body::check_encoding(&head.headers)?;
            let limit = self.state.options.body_timeout;
            body::read(body, endpoint.max_body, limit, &self.state.bodies).await?
        };
        if let (Some(credentials), Some(signature)) = (&endpoint.credentials, signature) {
            credentials.check_body(&signature, head, &body)?;
        }
        let media = if body.is_empty() {
            MediaType::Json
        } else {
            MediaType::of(&head.headers)?
        };
        let query = head.uri.query();
        let input = input::read(endpoint, parameters, query, &body, media)?;
        if let Some(limiter) = &endpoint.rate_limit
            && let RateKey::Input(field) = limiter.by()
        {
            let value = input.get(field).unwrap_or(&Value::Null);
            admit(limiter.count_value(value), standing)?;
        }
        if endpoint.flow.durable {
            let is_async = prefer::responds_async(&head.headers);
            return self.keep(input, Wish { key, is_async }).await;
        }
        let (turn, place) = if endpoint.flow.concurrency.is_some() {
            let turn = self.state.limits.enter(&endpoint.flow, &input).await;
            (turn.map_err(no_turn)?, self.state.capacity.wait().await)
        } else {
            (None, self.state.capacity.take().ok_or(Problem::Busy)?)
        };
        Ok(self.run(place, turn, input).await)
    }

    /// `request`, if the flow looks at it.
    pub(crate) fn request(&self) -> Option<Value> {
        let shown = self.endpoint.credentials.as_deref().map(Credentials::header);
        self.endpoint.reads_request.then(|| self.caller.request(shown))
    }

    async fn run(&self, place: Place, turn: Option<Turn>, input: Value) -> Answer {
        let run_id = uuid::Uuid::now_v7().to_string();
        let header = HeaderValue::try_from(run_id.as_str());
        let responded = Responded::default();
        let running = Running {
            site: Arc::clone(self.site),
            endpoint: Arc::clone(self.endpoint),
            request: self.request(),
            run_id,
            trace: self.trace.cloned(),
            responded: responded.clone(),
            place,
            turn,
        };
        let run = Box::pin(running.run(input));
        let mut answer = match Attached::new(run, responded, &self.state.tasks).await {
            Waited::Responded(answer) => answer,
            Waited::Ended(outcome) => answer::of_outcome(*outcome, self.state.options.shows_internals),
        };
        if let Ok(header) = header {
            answer.headers_mut().insert(RUN_ID, header);
        }
        answer
    }
}

fn admit(counted: Standing, standing: &mut Option<Standing>) -> Result<(), Problem> {
    *standing = Some(counted);
    counted
        .retry_after
        .map_or(Ok(()), |after| Err(Problem::TooManyRequests { after }))
}
