//! Opening a store: the lock, the file, its tables, its key.

use std::fs::{DirBuilder, OpenOptions};
use std::path::Path;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};

use lockgate_engine::clock::Clock;
use rusqlite::{Connection, OptionalExtension as _};

use super::check::check_small;
use super::readers::Readers;
use super::{Shared, Store};
use crate::claims::Claims;
use crate::error::StoreError;
use crate::names::Names;
use crate::owner::OwnerLock;
use crate::rows::CHUNKS_OF_A_RUN;
use crate::schema::{Found, MIGRATIONS, Migration, bring_up_to_date, look};
use crate::seal::{Seal, find_key, seal_of};
use crate::settings::StoreSettings;
use crate::sqlite::open_writer;
use crate::writer::Core;

/// See [`Store::open`].
pub(super) fn open(settings: &StoreSettings, clock: Arc<dyn Clock>) -> Result<Store, StoreError> {
    open_with(settings, clock, MIGRATIONS)
}

/// The same with formats of a test.
pub(crate) fn open_with(
    settings: &StoreSettings,
    clock: Arc<dyn Clock>,
    migrations: &[Migration],
) -> Result<Store, StoreError> {
    let path: Arc<Path> = settings.path.as_path().into();
    make_folder(&path)?;
    let lock = OwnerLock::take(&path)?;
    refuse_lone_log(&path)?;
    make_file(&path)?;
    let connection = open_writer(&path)?;
    let failed = |error| StoreError::sqlite(&path, &error);
    if connection.is_readonly("main").map_err(failed)? {
        return Err(StoreError::ReadOnly {
            path: path.to_path_buf(),
            what: "the file may only be read".to_owned(),
        });
    }
    // Nothing is written before it is sure that the file is ours, and that its key is there.
    let found = look(&connection, &path, migrations.len())?;
    let (key, source) = find_key(&path, settings.key.as_ref(), found == Found::Empty)?;
    let seal = seal_of(&path, &key)?;
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .map_err(failed)?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(StoreError::Io {
            path: path.to_path_buf(),
            what: format!("SQLite cannot keep a log beside it here (its journal is `{mode}`)"),
        });
    }
    bring_up_to_date(&connection, &path, migrations)?;
    check_key(&connection, &path, &seal).map_err(|error| match error {
        Unfit::Store(error) => error,
        Unfit::Key => StoreError::Key {
            what: format!(
                "{} is sealed with another key than {}",
                path.display(),
                source.describe(&path)
            ),
        },
    })?;
    check_small(&connection, &path)?;
    let names = Names::read(&connection, &path)?;
    let query =
        "SELECT max((SELECT ifnull(max(seq), 0) FROM runs), (SELECT ifnull(max(id), 0) FROM journal) / ?1)";
    let last: i64 = connection
        .query_row(query, [CHUNKS_OF_A_RUN], |row| row.get(0))
        .map_err(failed)?;
    let claims = Arc::new(Claims::default());
    let core = Core {
        path: Arc::clone(&path),
        connection,
        durability: settings.durability,
        claims: Arc::clone(&claims),
    };
    Ok(Store {
        shared: Arc::new(Shared {
            durability: settings.durability,
            clock,
            seal: Arc::new(seal),
            names,
            claims,
            next_seq: AtomicI64::new(last + 1),
            readers: Arc::new(Readers::new(Arc::clone(&path))),
            writer: core.start()?,
            lock: Mutex::new(Some(lock)),
            path,
        }),
    })
}

/// A log without its file is what is left of a store. SQLite would begin a new one, and throw the log away.
fn refuse_lone_log(path: &Path) -> Result<(), StoreError> {
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |found| found.len());
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    if size(path) == 0 && size(Path::new(&log)) > 0 {
        let what = "it is empty or gone, and its log (-wal) is there".to_owned();
        return Err(StoreError::Corrupt {
            path: path.to_path_buf(),
            what,
        });
    }
    Ok(())
}

/// The folder, for its owner only.
fn make_folder(path: &Path) -> Result<(), StoreError> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(|error| StoreError::file(path, &error))
}

/// The file, for its owner only; SQLite gives the files beside it the same rights.
fn make_file(path: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map(drop)
        .map_err(|error| StoreError::file(path, &error))
}

enum Unfit {
    Store(StoreError),
    Key,
}

/// Compares the key with what the store says of its own; a new store takes it.
fn check_key(connection: &Connection, path: &Path, seal: &Seal) -> Result<(), Unfit> {
    let failed = |error| Unfit::Store(StoreError::sqlite(path, &error));
    let known: Option<Vec<u8>> = connection
        .query_row("SELECT value FROM store WHERE name = 'key'", [], |row| row.get(0))
        .optional()
        .map_err(failed)?;
    if let Some(known) = known {
        return if seal.fits(&known) {
            Ok(())
        } else {
            Err(Unfit::Key)
        };
    }
    let runs: i64 = connection
        .query_row("SELECT count(*) FROM (SELECT 1 FROM runs LIMIT 1)", [], |row| {
            row.get(0)
        })
        .map_err(failed)?;
    if runs > 0 {
        let error = StoreError::damaged(path, "it does not say with which key it is sealed");
        return Err(Unfit::Store(error));
    }
    connection
        .execute(
            "INSERT INTO store (name, value) VALUES ('key', ?1)",
            [seal.check()],
        )
        .map(drop)
        .map_err(failed)
}
