//! `lockgate dev`.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use lockgate_server::metrics::Metrics;
use lockgate_server::options::ServerOptions;
use lockgate_server::server::Server;

use crate::args::DevArgs;
use crate::exit::Exit;
use crate::serve::{self, Asked, Development, Signals, SiteBuilder, Version, Watcher};
use crate::store;
use crate::terminal::Terminal;
use crate::workspace;

/// How long runs are waited for at the end: somebody sits there and waits, too.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) async fn dev(folder: &Path, args: &DevArgs, terminal: &Terminal) -> Result<Exit> {
    let root = workspace::root_of(folder)?;
    let own = root.join(store::OF_DEV);
    let options = ServerOptions {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, args.port)),
        admin_address: SocketAddr::from((Ipv4Addr::LOCALHOST, args.admin_port)),
        shows_internals: true,
        ..ServerOptions::default()
    };
    // Before the first look at the files, so that no change falls between the two.
    let mut watcher = Watcher::start(root)?;
    let metrics = Metrics::new();
    let mut development = Development::new(root, SiteBuilder::new(metrics.clone()), terminal);
    let typed = store::Typed {
        path: Some(args.store.as_deref().unwrap_or(&own)),
        durability: None,
    };
    let (version, first) = development.first(folder, typed).await?;
    let Version { site, program } = version;
    // Asked before anyone can know that it is ready.
    let mut signals = Signals::listen().context("listening for signals")?;
    let runtime = development.runtime(&program);
    let mounted = development.studio();
    let server = Server::start_with(options, site, metrics, runtime.clone(), mounted)
        .await
        .map_err(serve::start_failed)?;
    let url = format!("http://{}", server.address());
    let admin_url = format!("http://{}", server.admin_address());
    development.begin(&url, &admin_url, first)?;
    serve::announce(&url, &admin_url, terminal)?;
    loop {
        if let Some(trouble) = watcher.trouble() {
            let warning = terminal.stderr_style().warn("warning");
            terminal.say(&format!(
                "{warning}: {trouble}; files are looked at every second instead"
            ));
        }
        tokio::select! {
            files = watcher.changed() => development.again(&files, &server).await,
            asked = signals.next() => match asked {
                Asked::Reload => development.again(&BTreeSet::from(["SIGHUP".to_owned()]), &server).await,
                Asked::Stop => break,
            },
        }
    }
    development.let_go();
    let exit = serve::stop(server, runtime, SHUTDOWN_TIMEOUT, &mut signals, terminal).await;
    development.close().await;
    Ok(exit)
}
