//! PostgreSQL: a cluster of its own for each test, on a Unix socket, and with TLS on a port where it is asked for.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use super::{CERTIFICATE, KEY, Place, Running, left_out, until};

/// A running PostgreSQL, with the database `postgres` and the user `postgres`, whom everyone may be on the socket.
pub(crate) struct Postgres {
    _process: Running,
    place: Place,
    pub(crate) port: u16,
}

impl Postgres {
    /// What the user shows where TLS is asked for.
    pub(crate) const PASSWORD: &str = "battery staple";

    /// Starts it; `None` where it is not installed.
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            left_out("PostgreSQL", "postgresql");
            return None;
        };
        let place = Place::new("postgres");
        let password = place.file("password", Self::PASSWORD.as_bytes());
        let data = place.path().join("data");
        let mut initdb = place.command(&programs.join("initdb"));
        initdb
            .arg("-D")
            .arg(&data)
            .args(["-U", "postgres", "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync"])
            .args([
                "--auth-local",
                "trust",
                "--auth-host",
                "scram-sha-256",
                "--pwfile",
            ])
            .arg(password);
        assert!(initdb.status().unwrap().success(), "initdb: {}", place.stderr());
        let key = place.file("key.pem", &fs::read(KEY).unwrap());
        // Free when asked; another process may take it before PostgreSQL does: then it ends, and another one is tried.
        for _ in 0..10 {
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
                .and_then(|listener| listener.local_addr())
                .unwrap()
                .port();
            let mut command = place.command(&programs.join("postgres"));
            command.arg("-D").arg(&data).arg("-k").arg(place.path());
            for setting in [
                format!("port={port}"),
                "listen_addresses=127.0.0.1".to_owned(),
                "ssl=on".to_owned(),
                format!("ssl_cert_file={CERTIFICATE}"),
                format!("ssl_key_file={}", key.display()),
                // Nothing here outlives the test.
                "fsync=off".to_owned(),
                "synchronous_commit=off".to_owned(),
                "max_connections=20".to_owned(),
                "shared_buffers=16MB".to_owned(),
                "autovacuum=off".to_owned(),
            ] {
                command.arg("-c").arg(setting);
            }
            // Ends at once, without waiting for connections or writing anything.
            let mut process = Running::start(&mut command, "QUIT");
            let socket = place.path().join(format!(".s.PGSQL.{port}"));
            let mut is_running = false;
            until("PostgreSQL neither listens nor ends", || {
                is_running = socket.exists() && TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
                is_running || process.has_ended()
            });
            if is_running {
                return Some(Self {
                    _process: process,
                    place,
                    port,
                });
            }
        }
        panic!("PostgreSQL does not start: {}", place.stderr());
    }

    /// On the socket, without TLS and without a password.
    pub(crate) fn url(&self) -> String {
        let folder = self.place.path().to_str().unwrap().replace('/', "%2F");
        format!("postgres://postgres@{folder}:{}/postgres", self.port)
    }

    /// On the port, under this name.
    pub(crate) fn url_at(&self, host: &str) -> String {
        Self::url_behind(host, self.port)
    }

    /// On a port that leads to this one.
    pub(crate) fn url_behind(host: &str, port: u16) -> String {
        let password = Self::PASSWORD.replace(' ', "%20");
        format!("postgres://postgres:{password}@{host}:{port}/postgres")
    }
}

/// Debian's place for the programs; the newest version counts.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    versions
        .filter_map(|entry| {
            let version: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let programs = Path::new("/usr/lib/postgresql")
                .join(version.to_string())
                .join("bin");
            programs.join("postgres").is_file().then_some((version, programs))
        })
        .max()
        .map(|(_, programs)| programs)
}
