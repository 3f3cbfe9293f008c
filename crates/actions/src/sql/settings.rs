//! The connection type `sql`: its settings, parsed once.

use std::path::PathBuf;
use std::str::FromStr as _;

use lockgate_engine::connection::{Opening, SettingsError};
use lockgate_flow::catalog::ConnectionSpec;
use lockgate_flow::schema::Schema;
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

use super::postgres::Postgres;
use super::sqlite::{Access, Sqlite};

/// The type's name in `lockgate.yaml`.
pub(super) const CONNECTION_TYPE: &str = "sql";

/// A database.
pub(super) struct Database {
    pub(super) kind: Kind,
    pub(super) read_only: bool,
}

/// Which one.
pub(super) enum Kind {
    Postgres(Box<Postgres>),
    Sqlite(Sqlite),
}

/// The declaration of the connection type `sql`.
pub(super) fn connection_spec() -> ConnectionSpec {
    ConnectionSpec {
        type_name: CONNECTION_TYPE.into(),
        summary: "A PostgreSQL or SQLite database".into(),
        settings: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["url"],
            "properties": {
                "url": {
                    "type": "string", "minLength": 1, "secret": true,
                    "description": "`postgres://user:password@host:5432/database`, or `sqlite:path/to/file.db`. Other \
                        machines are reached over TLS with their certificate checked, unless the URL says otherwise \
                        (`?sslmode=require` does not check it, `?sslmode=disable` does without TLS). An SQLite file must be there, \
                        unless the URL says `?mode=rwc`."
                },
                "max_connections": {
                    "type": "integer", "minimum": 1, "maximum": 100, "default": 5,
                    "description": "Connections at once; further steps wait."
                },
                "read_only": {
                    "type": "boolean", "default": false,
                    "description": "Refuses `sql.execute`; an SQLite file is opened for reading."
                },
                "ca_file": {
                    "type": "string",
                    "description": "A PEM file with certificates to trust beside the well-known ones (PostgreSQL)."
                }
            }
        })),
        check: None,
        example: "shop:\n  type: sql\n  url: ${DATABASE_URL}\n".into(),
    }
}

impl Database {
    /// A connection of these settings. Opens nothing: the first statement does.
    ///
    /// # Errors
    /// A setting that cannot be used. The URL is in no text: it holds the password.
    pub(super) fn open(opening: &Opening<'_>) -> Result<Self, SettingsError> {
        let url = opening.text("url").unwrap_or_default();
        let read_only = opening.settings.get("read_only") == Some(&Value::Bool(true));
        let connections = opening
            .settings
            .get("max_connections")
            .map_or(Some(5), Value::as_u64)
            .and_then(|connections| u32::try_from(connections).ok())
            .filter(|connections| (1..=100).contains(connections))
            .ok_or_else(|| opening.refuse("max_connections", "is not a number from 1 to 100"))?;
        let ca_file = opening.text("ca_file");
        let kind = if let Some(rest) = url.strip_prefix("sqlite:") {
            if ca_file.is_some() {
                return Err(opening.refuse("ca_file", "SQLite has no TLS"));
            }
            let (path, access) =
                sqlite_file(rest, read_only).map_err(|problem| opening.refuse("url", problem))?;
            Kind::Sqlite(Sqlite::new(path, access, connections))
        } else {
            let mut options = postgres_options(url).map_err(|problem| opening.refuse("url", problem))?;
            if let Some(path) = ca_file {
                let pem = std::fs::read(path)
                    .map_err(|error| opening.refuse("ca_file", format!("cannot be read: {error}")))?;
                if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
                    return Err(opening.refuse("ca_file", "holds no PEM certificate"));
                }
                options = options.ssl_root_cert_from_pem(pem);
            }
            Kind::Postgres(Box::new(Postgres::new(options, connections)))
        };
        Ok(Self { kind, read_only })
    }
}

/// `sqlite:path`, `sqlite://path`, `sqlite:///absolute/path`, with `?mode=ro`, `rw` or `rwc`.
fn sqlite_file(rest: &str, read_only: bool) -> Result<(PathBuf, Access), &'static str> {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path == ":memory:" {
        return Err("names no file; a database in memory would be gone after each step");
    }
    let access = match query {
        "" | "mode=rw" => Access::Write,
        "mode=ro" => Access::Read,
        "mode=rwc" => Access::Create,
        _ => {
            return Err(
                "has something else than `mode=ro`, `mode=rw` or `mode=rwc` behind the question mark",
            );
        }
    };
    Ok((PathBuf::from(path), if read_only { Access::Read } else { access }))
}

fn postgres_options(text: &str) -> Result<PgConnectOptions, &'static str> {
    const NO_URL: &str = "is no `postgres://user:password@host/database` and no `sqlite:path`";
    let url = Url::parse(text).map_err(|_| NO_URL)?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err(NO_URL);
    }
    // The library would fill in what is missing from the environment and the home folder: what a connection is stands in
    // the workspace alone.
    if url.username().is_empty() {
        return Err("names no user");
    }
    let host = url.host_str().unwrap_or_default();
    if host.is_empty() {
        return Err("names no host");
    }
    if url.path().trim_start_matches('/').is_empty() {
        return Err("names no database");
    }
    let mode = url
        .query_pairs()
        .filter(|(name, _)| matches!(&**name, "sslmode" | "ssl-mode"))
        .map(|(_, mode)| mode.into_owned())
        .last();
    let mut options = PgConnectOptions::from_str(text).map_err(|_| NO_URL)?;
    if url.password().is_none() {
        options = options.password("");
    }
    let is_socket = options.get_socket().is_some();
    let mode = match mode.as_deref() {
        _ if is_socket => PgSslMode::Disable,
        None if is_loopback(host) => PgSslMode::Prefer,
        None | Some("verify-full") => PgSslMode::VerifyFull,
        Some("verify-ca") => PgSslMode::VerifyCa,
        Some("require") => PgSslMode::Require,
        Some("disable") => PgSslMode::Disable,
        Some(_) => {
            return Err("has an `sslmode` other than `verify-full`, `verify-ca`, `require`, `disable`");
        }
    };
    Ok(options.ssl_mode(mode).application_name("lockgate"))
}

/// RFC 6761 §6.3: `localhost` is this machine.
fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_once() {
        for (url, expected) in [
            (
                "postgres://a:canary@db.example.com/shop",
                Ok(PgSslMode::VerifyFull),
            ),
            ("postgresql://a@localhost:5433/shop", Ok(PgSslMode::Prefer)),
            ("postgres://a@[::1]/shop", Ok(PgSslMode::Prefer)),
            (
                "postgres://a@localhost.example.com/shop",
                Ok(PgSslMode::VerifyFull),
            ),
            ("postgres://a@%2Fvar%2Frun/shop", Ok(PgSslMode::Disable)),
            (
                "postgres://a@db.example.com/shop?sslmode=require",
                Ok(PgSslMode::Require),
            ),
            (
                "postgres://a@db.example.com/shop?sslmode=disable",
                Ok(PgSslMode::Disable),
            ),
            (
                "postgres://a@localhost/shop?sslmode=verify-full",
                Ok(PgSslMode::VerifyFull),
            ),
            (
                "postgres://a@db.example.com/shop?sslmode=prefer",
                Err("has an `sslmode`"),
            ),
            ("postgres://db.example.com/shop", Err("names no user")),
            ("postgres://a:canary@db.example.com", Err("names no database")),
            (
                "postgres://a:canary@/shop",
                Err("`postgres://user:password@host/database`"),
            ),
            ("mysql://a:canary@db.example.com/shop", Err("`sqlite:path`")),
            ("canary", Err("`sqlite:path`")),
        ] {
            match (postgres_options(url), expected) {
                (Ok(options), Ok(expected)) => {
                    assert_eq!(
                        format!("{:?}", options.get_ssl_mode()),
                        format!("{expected:?}"),
                        "{url}"
                    );
                }
                (Err(problem), Err(expected)) => assert!(problem.contains(expected), "{url}: {problem}"),
                (found, _) => panic!("{url}: {found:?}"),
            }
        }
        for (rest, read_only, expected) in [
            ("a.db", false, Ok(("a.db", Access::Write))),
            ("//a/b.db?mode=rwc", false, Ok(("a/b.db", Access::Create))),
            ("///a/b.db?mode=ro", false, Ok(("/a/b.db", Access::Read))),
            ("a.db?mode=rwc", true, Ok(("a.db", Access::Read))),
            (":memory:", false, Err(())),
            ("", false, Err(())),
            ("a.db?mode=memory", false, Err(())),
        ] {
            let found = sqlite_file(rest, read_only).map_err(drop);
            let expected = expected.map(|(path, access)| (PathBuf::from(path), access));
            assert_eq!(found, expected, "{rest}");
        }
    }
}
