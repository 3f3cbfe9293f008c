//! `lockgate serve`.

use std::path::Path;

use anyhow::{Context as _, Result};
use lockgate_server::metrics::Metrics;
use lockgate_server::server::Server;

use super::counted;
use crate::args::ServeArgs;
use crate::exit::Exit;
use crate::serve::{self, Asked, Signals, SiteBuilder};
use crate::terminal::Terminal;
use crate::workspace::{self, Loaded};

pub(super) async fn serve(folder: &Path, args: &ServeArgs, terminal: &Terminal) -> Result<Exit> {
    let options = serve::server_options(folder, args);
    let metrics = Metrics::new();
    let mut builder = SiteBuilder::new(metrics.clone());
    let loaded = builder.load(folder)?;
    let site = match builder.build_sound(&loaded, None)? {
        Ok(site) => site,
        Err(findings) => return Err(workspace::refuse(&findings, terminal)),
    };
    // Asked before anyone can know that it is ready.
    let mut signals = Signals::listen().context("listening for signals")?;
    let scheme = if options.tls.is_some() { "https" } else { "http" };
    let server = Server::start(options, site, metrics)
        .await
        .map_err(serve::start_failed)?;
    let url = format!("{scheme}://{}", server.address());
    let admin_url = format!("http://{}", server.admin_address());
    tell(&loaded, &url, &admin_url, terminal);
    drop(loaded);
    serve::announce(&url, &admin_url, terminal)?;
    loop {
        match signals.next().await {
            Asked::Reload => reload(folder, &mut builder, &server),
            Asked::Stop => break,
        }
    }
    Ok(serve::stop(server, args.shutdown_timeout, &mut signals, terminal).await)
}

/// Reads the workspace and `.env` again. With a mistake in them, what is served stays as it is.
fn reload(folder: &Path, builder: &mut SiteBuilder, server: &Server) {
    let made = builder
        .load(folder)
        .and_then(|loaded| builder.build_sound(&loaded, Some(&server.site())));
    match made {
        Ok(Ok(site)) => {
            server.publish(site);
            tracing::info!("reloaded");
        }
        Ok(Err(findings)) => {
            for finding in &findings {
                tracing::error!(
                    code = finding.code.as_str(),
                    file = finding.primary.source.path(),
                    line = finding.primary.source.position(finding.primary.span.start).line,
                    "{}",
                    finding.message
                );
            }
            tracing::error!("not reloaded: what was served before is still served");
        }
        Err(error) => {
            tracing::error!(
                "not reloaded: {}; what was served before is still served",
                crate::exit::message(&error)
            );
        }
    }
}

/// What is served, and what is not.
fn tell(loaded: &Loaded, url: &str, admin_url: &str, terminal: &Terminal) {
    let style = terminal.stderr_style();
    for link in loaded.left_out.iter().filter(|file| file.is_link()) {
        terminal.remark(&link.note(style));
    }
    let flows = loaded.checked.runnable();
    let routed = flows.values().filter(|flow| flow.syntax.trigger.http.is_some());
    terminal.remark(&format!(
        "{} at {} (admin port: {admin_url})",
        counted(routed.count(), "flow"),
        style.name(url)
    ));
}
