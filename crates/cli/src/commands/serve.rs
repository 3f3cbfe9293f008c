//! `lockgate serve`.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use lockgate_flow::diagnostic::Diagnostic;
use lockgate_flow::graph::Flow;
use lockgate_server::metrics::Metrics;
use lockgate_server::server::Server;
use lockgate_studio::files::Mode;

use super::counted;
use crate::args::ServeArgs;
use crate::exit::Exit;
use crate::serve::{self, Asked, Keeping, Signals, SiteBuilder, Version, Watcher};
use crate::store;
use crate::studio::WorkspaceFiles;
use crate::terminal::Terminal;
use crate::workspace::{self, Loaded};

/// What is logged of a reload.
const RELOAD: &str = "lockgate::reload";

pub(super) async fn serve(folder: &Path, args: &ServeArgs, terminal: &Terminal) -> Result<Exit> {
    let options = serve::server_options(folder, args);
    let metrics = Metrics::new();
    let mut builder = SiteBuilder::new(metrics.clone());
    // Before the first look at the files, so that no change falls between the two.
    let mut watcher = args
        .studio
        .then(|| Watcher::start(workspace::root_of(folder)?))
        .transpose()?;
    let loaded = Arc::new(builder.load(folder)?);
    let errors = loaded.errors();
    if !errors.is_empty() {
        return Err(workspace::refuse(&errors, terminal));
    }
    let typed = store::Typed {
        path: args.store.as_deref(),
        durability: args.durability,
    };
    let settings = store::settings(&loaded, folder, typed);
    let keeping = Keeping::open_for(&loaded, settings, builder.clock())?;
    if let Some(keeping) = &keeping {
        builder.share(keeping.state());
    }
    let kept = serve::kept_connections(keeping.as_ref())?;
    let Version { site, program } = match builder.build_sound(&loaded, &kept, None)? {
        Ok(version) => version,
        Err(findings) => return Err(workspace::refuse(&findings, terminal)),
    };
    // Asked before anyone can know that it is ready.
    let mut signals = Signals::listen().context("listening for signals")?;
    let scheme = if options.tls.is_some() { "https" } else { "http" };
    let runtime = keeping.as_ref().map(|keeping| keeping.runtime(&program));
    let files = args.studio.then(|| {
        let files = WorkspaceFiles::new(Arc::clone(&loaded), Mode::Serve, args.studio_write);
        Arc::new(files)
    });
    let store = keeping.as_ref().map(Keeping::store);
    let mounted = files
        .clone()
        .map(|files| serve::studio(files, store, builder.served()));
    let server = Server::start_with(options, site, metrics.clone(), runtime.clone(), mounted)
        .await
        .map_err(serve::start_failed)?;
    let url = format!("{scheme}://{}", server.address());
    let admin_url = format!("http://{}", server.admin_address());
    if let Some(keeping) = &keeping {
        keeping.announce(&admin_url)?;
    }
    tell(&loaded, &url, &admin_url, terminal);
    if let Some(files) = &files {
        files.served_at(&url);
        let studio = terminal.stderr_style().name(&format!("{admin_url}/studio/"));
        terminal.remark(&format!("studio at {studio}"));
    }
    drop(loaded);
    serve::announce(&url, &admin_url, terminal)?;
    loop {
        if let Some(trouble) = watcher.as_mut().and_then(Watcher::trouble) {
            tracing::warn!(target: RELOAD, trouble, "files are looked at every second instead, for the studio");
        }
        tokio::select! {
            asked = signals.next() => match asked {
                Asked::Reload => reload(folder, &mut builder, keeping.as_ref(), &server, &metrics, files.as_deref()),
                Asked::Stop => break,
            },
            () = changed(&mut watcher) => look(folder, &builder, files.as_deref()),
        }
    }
    drop(keeping);
    Ok(serve::stop(server, runtime, args.shutdown_timeout, &mut signals, terminal).await)
}

/// Waits for a change of a file; for ever where nobody shows them.
async fn changed(watcher: &mut Option<Watcher>) {
    match watcher {
        Some(watcher) => {
            watcher.changed().await;
        }
        None => std::future::pending().await,
    }
}

/// Reads the files for the studio. What is served stays.
fn look(folder: &Path, builder: &SiteBuilder, files: Option<&WorkspaceFiles>) {
    let Some(files) = files else { return };
    match builder.load(folder) {
        Ok(loaded) => files.shows(Arc::new(loaded)),
        Err(_) => files.cannot_be_read(),
    }
}

/// Reads the workspace, `.env` and the certificate again. With a mistake in them, what is served stays as it is.
fn reload(
    folder: &Path,
    builder: &mut SiteBuilder,
    keeping: Option<&Keeping>,
    server: &Server,
    metrics: &Metrics,
    files: Option<&WorkspaceFiles>,
) {
    let mut is_good = false;
    match read_again(folder, builder, keeping, server, files) {
        Ok(Ok(routes)) => {
            is_good = true;
            tracing::info!(target: RELOAD, routes, "reloaded: what was read is served from now on");
        }
        Ok(Err(findings)) => {
            for finding in &findings {
                let source = &finding.primary.source;
                let place = source.position(finding.primary.span.start);
                tracing::error!(
                    target: RELOAD,
                    code = finding.code.as_str(),
                    file = source.path(),
                    line = place.line,
                    column = place.column,
                    "{}",
                    finding.message
                );
            }
            let findings = findings.len();
            tracing::error!(target: RELOAD, findings, "not reloaded: what was served before is still served");
        }
        Err(error) => {
            let error = crate::exit::message(&error);
            tracing::error!(target: RELOAD, error, "not reloaded: what was served before is still served");
        }
    }
    if let Err(error) = server.reload_tls() {
        is_good = false;
        let error = crate::exit::message(&anyhow::Error::new(error));
        tracing::error!(target: RELOAD, error, "the certificate was not reloaded: the old one is still shown");
    }
    if is_good {
        metrics.reload_succeeded(builder.clock().now());
    } else {
        metrics.reload_failed();
    }
}

/// How many routes are served now, or what is wrong in the workspace.
fn read_again(
    folder: &Path,
    builder: &mut SiteBuilder,
    keeping: Option<&Keeping>,
    server: &Server,
    files: Option<&WorkspaceFiles>,
) -> Result<Result<usize, Vec<Diagnostic>>> {
    let loaded = Arc::new(builder.load(folder)?);
    let kept = serve::kept_connections(keeping)?;
    match builder.build_sound(&loaded, &kept, Some(&server.site()))? {
        Ok(version) => {
            server
                .publish(version.site)
                .map_err(|error| serve::no_store(&error))?;
            if let Some(files) = files {
                files.serves(Arc::clone(&loaded));
            }
            Ok(Ok(routed(&loaded).count()))
        }
        Err(findings) => Ok(Err(findings)),
    }
}

/// The flows that have a route.
fn routed(loaded: &Loaded) -> impl Iterator<Item = &Flow> {
    let flows = loaded
        .checked
        .flows
        .iter()
        .filter_map(|checked| checked.flow.as_deref());
    flows.filter(|flow| flow.syntax.trigger.http.is_some())
}

/// What is served, and what an operator might think is.
fn tell(loaded: &Loaded, url: &str, admin_url: &str, terminal: &Terminal) {
    let style = terminal.stderr_style();
    for link in loaded.left_out.iter().filter(|file| file.is_link()) {
        terminal.remark(&link.note(style));
    }
    for note in notes(loaded) {
        terminal.remark(&format!("{}: {note}", style.warn("note")));
    }
    terminal.remark(&format!(
        "{} at {} (admin port: {admin_url})",
        counted(routed(loaded).count(), "flow"),
        style.name(url)
    ));
}

/// What a flow asks for and does not get.
fn notes(loaded: &Loaded) -> Vec<String> {
    let mut notes = Vec::new();
    let warnings = loaded.checked.diagnostics.len();
    if warnings > 0 {
        notes.push(format!(
            "{}: `lockgate check` shows them",
            counted(warnings, "warning")
        ));
    }
    notes
}
