//! `serve` and `dev`.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use ipnet::IpNet;

use super::value::{parse_count, parse_network, parse_time};

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The address for the flows; 0.0.0.0 is every network of this machine
    #[arg(long, value_name = "IP", default_value = "127.0.0.1", env = "LOCKGATE_HOST")]
    pub(crate) host: IpAddr,
    /// The port for the flows; 0 takes any that is free
    #[arg(long, default_value_t = 8080, env = "LOCKGATE_PORT")]
    pub(crate) port: u16,
    /// The address for health, metrics and the list of flows; other than this machine only with a token
    #[arg(
        long,
        value_name = "IP",
        default_value = "127.0.0.1",
        env = "LOCKGATE_ADMIN_HOST"
    )]
    pub(crate) admin_host: IpAddr,
    /// The port for health, metrics and the list of flows
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 8081,
        env = "LOCKGATE_ADMIN_PORT"
    )]
    pub(crate) admin_port: u16,
    /// What callers of the admin port must show (`Authorization: Bearer`); other users of this machine can see
    /// arguments, but not variables
    #[arg(
        long,
        value_name = "TOKEN",
        env = "LOCKGATE_ADMIN_TOKEN",
        hide_env_values = true
    )]
    pub(crate) admin_token: Option<String>,
    /// Serve the flows over TLS, with this certificate and those that vouch for it (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_key", env = "LOCKGATE_TLS_CERT")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's private key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert", env = "LOCKGATE_TLS_KEY")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Believe what this proxy says of a caller's address (`X-Forwarded-For`); may be given several times
    #[arg(
        long,
        value_name = "CIDR",
        value_delimiter = ',',
        value_parser = parse_network,
        env = "LOCKGATE_TRUST_PROXY"
    )]
    pub(crate) trust_proxy: Vec<IpNet>,
    /// How many runs may go on at once; more are answered with 503
    #[arg(
        long,
        value_name = "COUNT",
        default_value = "1024",
        value_parser = parse_count,
        env = "LOCKGATE_MAX_RUNS"
    )]
    pub(crate) max_runs: NonZeroUsize,
    /// Serve the studio at `/studio/` on the admin port, to look at flows and runs
    #[arg(long, env = "LOCKGATE_STUDIO")]
    pub(crate) studio: bool,
    /// Let files of the workspace be changed from the studio; what is served changes with the next reload (SIGHUP)
    #[arg(long, requires = "studio", env = "LOCKGATE_STUDIO_WRITE")]
    pub(crate) studio_write: bool,
    /// Where runs are kept; without it, `store.path` in lockgate.yaml
    #[arg(long, value_name = "PATH", env = "LOCKGATE_STORE")]
    pub(crate) store: Option<PathBuf>,
    /// What a crash may take; without it, `store.durability` in lockgate.yaml
    #[arg(long, value_name = "HOW", env = "LOCKGATE_DURABILITY")]
    pub(crate) durability: Option<DurabilityChoice>,
    /// How long to wait for runs when it is stopped
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "30s",
        value_parser = parse_time,
        env = "LOCKGATE_SHUTDOWN_TIMEOUT"
    )]
    pub(crate) shutdown_timeout: Duration,
    /// How long to go on accepting when it is stopped, while `/readyz` says 503 already: a load balancer takes a moment to
    /// hear of it; part of the shutdown timeout
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "0s",
        value_parser = parse_time,
        env = "LOCKGATE_DRAIN_DELAY"
    )]
    pub(crate) drain_delay: Duration,
}

#[derive(Debug, Args)]
pub(crate) struct DevArgs {
    /// The port for the flows on 127.0.0.1; 0 takes any that is free
    #[arg(long, default_value_t = 8080, env = "LOCKGATE_PORT")]
    pub(crate) port: u16,
    /// The port for the studio, health, metrics and the list of flows
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 8081,
        env = "LOCKGATE_ADMIN_PORT"
    )]
    pub(crate) admin_port: u16,
    /// Where runs are kept [default: .lockgate/dev.db in the workspace]
    // No variable: the one of `serve` names the store of a real tenant.
    #[arg(long, value_name = "PATH")]
    pub(crate) store: Option<PathBuf>,
}

// The variants have no docs of their own: they would make every help twice as long.
/// `--durability`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DurabilityChoice {
    Full,
    Batched,
}
