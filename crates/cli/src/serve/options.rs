//! What was typed → the server's options; and why a server does not start, with what to do.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;

use lockgate_server::options::{ServerOptions, TlsFiles};
use lockgate_server::server::{NoStore, StartError};
use secrecy::SecretString;

use crate::args::ServeArgs;
use crate::exit::Mistake;

/// The options of `serve`. Files are looked for from `folder` on.
pub(crate) fn server_options(folder: &Path, args: &ServeArgs) -> ServerOptions {
    let admin_token = args.admin_token.as_deref().filter(|token| !token.is_empty());
    let tls = match (&args.tls_cert, &args.tls_key) {
        (Some(certificate), Some(key)) => Some(TlsFiles {
            certificate: folder.join(certificate),
            key: folder.join(key),
        }),
        _ => None,
    };
    ServerOptions {
        address: SocketAddr::new(args.host, args.port),
        admin_address: SocketAddr::new(args.admin_host, args.admin_port),
        admin_token: admin_token.map(SecretString::from),
        tls,
        trusted_proxies: args.trust_proxy.clone(),
        max_runs: args.max_runs.get(),
        drain_delay: args.drain_delay,
        ..ServerOptions::default()
    }
}

/// Why a server did not start, with what to do about it.
pub(crate) fn start_failed(error: StartError) -> anyhow::Error {
    let help = match &error {
        StartError::Bind { what, source, .. } => {
            let flag = if *what == "flows" {
                "--port"
            } else {
                "--admin-port"
            };
            match source.kind() {
                ErrorKind::AddrInUse => Some(format!(
                    "something else listens there: stop it, or choose another port with `{flag}` (0 takes any that is \
                     free)"
                )),
                ErrorKind::PermissionDenied => Some(format!(
                    "this user may not open that port: choose one from 1024 on with `{flag}`"
                )),
                ErrorKind::AddrNotAvailable => Some(
                    "this machine does not have that address: see `--host` and `--admin-host`".to_owned(),
                ),
                _ => None,
            }
        }
        StartError::Tls(_) | StartError::NoStore(_) => None,
        StartError::AdminToken => Some(
            "make one by chance, for example with `openssl rand -hex 24`, and set LOCKGATE_ADMIN_TOKEN to it"
                .to_owned(),
        ),
        StartError::AdminExposed { .. } => Some(
            "set LOCKGATE_ADMIN_TOKEN to what its callers must show, or leave `--admin-host` out".to_owned(),
        ),
    };
    let error = anyhow::Error::new(error);
    Mistake::new(crate::exit::message(&error)).maybe_help(help).into()
}

/// Why a version of the workspace is not taken.
pub(crate) fn no_store(error: &NoStore) -> anyhow::Error {
    Mistake::new(format!(
        "{error}: when this process began, no flow had runs to keep; start it again"
    ))
    .into()
}
