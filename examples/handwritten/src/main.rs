//! The sign-up flow as a plain axum + reqwest service, as one would write it for production: the yardstick that
//! `cargo xtask bench` measures Lockgate against. It is no part of Lockgate and uses nothing of it.
//!
//! - `settings`: what it reads from the environment
//! - `handlers`: the two routes; `input`: what they take
//! - `auth0`: the calls of the Management API; `token`: the access token for them
//! - `problem`: what callers are told when something goes wrong
//! - `telemetry`: run ids, access log and metrics
#![expect(clippy::print_stdout, reason = "the line that says where it listens")]

mod auth0;
mod handlers;
mod input;
mod problem;
mod settings;
mod telemetry;
mod token;

use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::auth0::Auth0;
use crate::settings::Settings;
use crate::telemetry::Telemetry;

/// The largest body that is read.
const MAX_BODY: usize = 256 * 1024;

/// What all requests share.
struct App {
    auth0: Auth0,
    telemetry: Telemetry,
}

fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")))
        .with_writer(std::io::stderr)
        .init();
    // As many workers as the `lockgate` command has, so that the two can be compared.
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(serve(Settings::from_environment()?))
}

async fn serve(settings: Settings) -> Result<()> {
    let address = ("127.0.0.1", settings.port);
    let app = Arc::new(App {
        auth0: Auth0::new(settings)?,
        telemetry: Telemetry::new(),
    });
    let router = Router::new()
        .route("/sign-up", post(handlers::sign_up))
        .route("/register", post(handlers::register))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .route_layer(middleware::from_fn_with_state(
            Arc::clone(&app),
            telemetry::observe,
        ))
        .route("/metrics", get(handlers::metrics))
        .fallback(handlers::no_such_route)
        .with_state(app);

    let listener = TcpListener::bind(address).await.context("cannot listen")?;
    println!(r#"{{"url":"http://{}"}}"#, listener.local_addr()?);
    let listener = listener.tap_io(|stream: &mut TcpStream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::warn!(%error, "cannot set TCP_NODELAY");
        }
    });
    let mut terminated = signal(SignalKind::terminate())?;
    axum::serve(listener, router)
        .with_graceful_shutdown(async move {
            tokio::select! {
                _ = terminated.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        })
        .await
        .context("serving")
}
