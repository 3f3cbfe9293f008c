//! Sends a request and reads the whole answer. Redirects are followed here and not by the client, so that each hop
//! is checked as the first one was.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use lockgate_engine::action::ActionContext;
use lockgate_engine::trace::{Upstream, UpstreamCall};
use reqwest::dns::Resolve;
use reqwest::header::{
    ACCEPT, ACCEPT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION,
    USER_AGENT,
};
use reqwest::{Client, Method, Response, StatusCode, redirect};
use url::{Host, Url};

use crate::failure::{Failure, FailureKind, cause};
use crate::policy::HttpPolicy;
use crate::request::{Request, check_url, is_safe};
use crate::resolver::{Forbidden, GuardedResolver};

/// Larger answers are refused.
pub const MAX_BODY: usize = 1024 * 1024;

const MAX_REDIRECTS: usize = 5;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The headers that go along to another origin: they say what the request is, not who sends it. Trace context does not
/// go along either: it is for who was meant to be called, and its `tracestate` holds what other systems wrote for each
/// other (W3C Trace Context, "Privacy Considerations").
const TRAVELLING: [HeaderName; 4] = [ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, USER_AGENT];

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its whole body.
    pub body: Vec<u8>,
}

/// The connection pools: one for TLS, and one for plain HTTP, which needs no certificates.
pub struct Exchange {
    policy: Arc<HttpPolicy>,
    resolver: Arc<dyn Resolve>,
    secure: OnceLock<Result<Client, String>>,
    plain: OnceLock<Result<Client, String>>,
}

/// One request on its way: the first, or where a redirect points.
struct Hop {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Bytes>,
    /// Whether it goes to where the author sent it.
    is_at_origin: bool,
}

impl Exchange {
    /// An exchange that reaches what the policy allows, by these names. Opens no socket: the first request does.
    pub fn new(policy: HttpPolicy, resolver: Arc<dyn Resolve>) -> Self {
        let policy = Arc::new(policy);
        let resolver = Arc::new(GuardedResolver {
            policy: Arc::clone(&policy),
            inner: resolver,
        });
        Self {
            policy,
            resolver,
            secure: OnceLock::new(),
            plain: OnceLock::new(),
        }
    }

    /// Sends, and reads the whole answer, within the request's own time limit.
    ///
    /// # Errors
    /// There is no whole answer. Whether its status is accepted is the caller's to see.
    pub async fn send(&self, request: &Request, context: &ActionContext<'_>) -> Result<Answer, Failure> {
        let limit = request.timeout;
        let sent = AtomicBool::new(false);
        let result = match tokio::time::timeout(limit, self.hops(request, context, &sent)).await {
            Ok(result) => result,
            Err(_) => Err(FailureKind::Timeout { limit }),
        };
        result.map_err(|kind| Failure {
            kind,
            may_have_happened: sent.load(Ordering::Relaxed),
        })
    }

    /// `sent` is set as soon as a request may have been carried out.
    async fn hops(
        &self,
        request: &Request,
        context: &ActionContext<'_>,
        sent: &AtomicBool,
    ) -> Result<Answer, FailureKind> {
        let mut hop = Hop {
            method: request.method.clone(),
            url: request.url.clone(),
            headers: request.headers.clone(),
            body: request.body.clone(),
            is_at_origin: true,
        };
        for _ in 0..=MAX_REDIRECTS {
            let before = sent.swap(true, Ordering::Relaxed);
            let call = hop.call(context);
            let response = match self.once(&hop, hop.headers(&call, context)).await {
                Ok(response) => response,
                Err(kind) => {
                    if kind.is_unsent() {
                        sent.store(before, Ordering::Relaxed);
                    }
                    call.failed(kind.code());
                    return Err(kind);
                }
            };
            match response.headers().get(LOCATION) {
                Some(location) if request.follow_redirects && is_redirect(response.status()) => {
                    call.answered(response.status().as_u16());
                    let location = location.to_str().map(str::to_owned).unwrap_or_default();
                    hop = hop.redirected(response.status(), &location)?;
                }
                _ => {
                    let answer = read(response, &hop.method).await;
                    match &answer {
                        Ok(answer) => call.answered(answer.status.as_u16()),
                        Err(kind) => call.failed(kind.code()),
                    }
                    return answer;
                }
            }
        }
        Err(FailureKind::TooManyRedirects { most: MAX_REDIRECTS })
    }

    async fn once(&self, hop: &Hop, headers: HeaderMap) -> Result<Response, FailureKind> {
        let literal = match hop.url.host() {
            Some(Host::Ipv4(address)) => Some(address.into()),
            Some(Host::Ipv6(address)) => Some(address.into()),
            Some(Host::Domain(_)) => None,
            None => {
                return Err(FailureKind::NotConnected {
                    reason: "the URL has no host".to_owned(),
                });
            }
        };
        let host = || hop.url.host_str().unwrap_or_default().to_owned();
        if literal.is_some_and(|address| !self.policy.allows_address(address)) {
            return Err(FailureKind::Forbidden { host: host() });
        }
        let client = self.client(hop.url.scheme() == "https")?;
        let mut builder = client
            .request(hop.method.clone(), hop.url.clone())
            .headers(headers);
        if let Some(body) = &hop.body {
            builder = builder.body(body.clone());
        }
        builder.send().await.map_err(|error| {
            if let Some(forbidden) = Forbidden::find(&error) {
                return FailureKind::Forbidden {
                    host: forbidden.host.clone(),
                };
            }
            let unsent = error.is_connect() || error.is_builder();
            let reason = cause(&error.without_url());
            if unsent {
                FailureKind::NotConnected { reason }
            } else {
                FailureKind::Lost { reason }
            }
        })
    }

    fn client(&self, secure: bool) -> Result<&Client, FailureKind> {
        let cell = if secure { &self.secure } else { &self.plain };
        cell.get_or_init(|| {
            let mut builder = Client::builder()
                .user_agent(concat!("lockgate/", env!("CARGO_PKG_VERSION")))
                .dns_resolver(Arc::clone(&self.resolver))
                .tcp_nodelay(true)
                .connect_timeout(CONNECT_TIMEOUT)
                .pool_idle_timeout(Duration::from_mins(1))
                .pool_max_idle_per_host(64)
                // Through a proxy the address that is checked would not be the one that is reached.
                .no_proxy()
                .retry(reqwest::retry::never().max_retries_per_request(0))
                .redirect(redirect::Policy::none());
            if !secure {
                builder = builder.tls_certs_only([]);
            }
            builder.build().map_err(|error| cause(&error))
        })
        .as_ref()
        .map_err(|reason| FailureKind::NotConnected {
            reason: format!("the HTTP client could not be built: {reason}"),
        })
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

impl Hop {
    /// Begins its span. Of the URL there is only who is called: the rest may hold anything.
    fn call(&self, context: &ActionContext<'_>) -> UpstreamCall {
        UpstreamCall::begin(&Upstream {
            method: self.method.as_str(),
            scheme: self.url.scheme(),
            host: &context.masks.apply(self.url.host_str().unwrap_or_default()),
            port: self.url.port_or_known_default(),
            template: None,
        })
    }

    /// Its headers, with its place in the trace. What an author writes there counts.
    fn headers(&self, call: &UpstreamCall, context: &ActionContext<'_>) -> HeaderMap {
        let mut headers = self.headers.clone();
        let is_written = headers.contains_key("traceparent") || headers.contains_key("tracestate");
        if self.is_at_origin && !is_written {
            for (name, value) in context.trace.headers(call) {
                if let Ok(value) = HeaderValue::try_from(value) {
                    headers.insert(name, value);
                }
            }
        }
        headers
    }

    /// Where a redirect leads (RFC 9110 §15.4).
    fn redirected(self, status: StatusCode, location: &str) -> Result<Self, FailureKind> {
        let bad = |reason: String| FailureKind::BadRedirect {
            status: status.as_u16(),
            reason,
        };
        let mut url = self
            .url
            .join(location)
            .map_err(|_| bad("it leads to no URL".to_owned()))?;
        check_url(&url).map_err(bad)?;
        if self.url.scheme() == "https" && url.scheme() == "http" {
            return Err(bad("it leads from https to http".to_owned()));
        }
        url.set_fragment(None);
        let Self {
            mut method,
            mut headers,
            mut body,
            ..
        } = self;
        let becomes_get = match status.as_u16() {
            303 => !is_safe(&method),
            301 | 302 => method == Method::POST,
            _ => false,
        };
        if becomes_get {
            method = Method::GET;
            body = None;
            for name in [CONTENT_TYPE, HeaderName::from_static("idempotency-key")] {
                headers.remove(name);
            }
        }
        let is_same_origin = url.origin() == self.url.origin();
        if !is_same_origin {
            headers = headers
                .into_iter()
                .filter_map(|(name, value)| {
                    name.filter(|name| TRAVELLING.contains(name))
                        .map(|name| (name, value))
                })
                .collect();
        }
        Ok(Self {
            method,
            url,
            headers,
            body,
            is_at_origin: self.is_at_origin && is_same_origin,
        })
    }
}

async fn read(response: Response, method: &Method) -> Result<Answer, FailureKind> {
    let status = response.status();
    let headers = response.headers().clone();
    let too_large = || FailureKind::TooLarge {
        status: status.as_u16(),
        most: MAX_BODY,
    };
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if *method != Method::HEAD && declared.is_some_and(|length| length > MAX_BODY as u64) {
        return Err(too_large());
    }
    let mut body = Vec::new();
    let mut stream = response.bytes_stream();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| FailureKind::Cut {
            status: status.as_u16(),
            reason: cause(&error.without_url()),
        })?;
        if body.len() + chunk.len() > MAX_BODY {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer {
        status,
        headers,
        body,
    })
}
