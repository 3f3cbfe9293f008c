//! A store that is only looked at, beside its owner if it has one: runs are loaded from it with their secrets, which history
//! does not have. Nothing is written, nothing is made, no lock is taken.

use std::path::Path;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};

use lockgate_engine::clock::Clock;
use rusqlite::OptionalExtension as _;

use super::readers::Readers;
use super::{Shared, Store};
use crate::claims::Claims;
use crate::error::StoreError;
use crate::names::Names;
use crate::schema::{Found, MIGRATIONS, look as look_at};
use crate::seal::{find_key, seal_of};
use crate::settings::StoreSettings;
use crate::sqlite::open_reader;
use crate::writer::Writer;

/// See [`Store::look`].
pub(super) fn look(settings: &StoreSettings, clock: Arc<dyn Clock>) -> Result<Store, StoreError> {
    let path: Arc<Path> = settings.path.as_path().into();
    let absent = || StoreError::Absent {
        path: path.to_path_buf(),
    };
    if !path.exists() {
        return Err(absent());
    }
    let failed = |error| StoreError::sqlite(&path, &error);
    let connection = open_reader(&path)?;
    match look_at(&connection, &path, MIGRATIONS.len())? {
        Found::Format(format) if format == MIGRATIONS.len() => {}
        Found::Format(format) => {
            return Err(StoreError::Io {
                path: path.to_path_buf(),
                what: format!(
                    "it has the older format {format}; the next start of a server brings it up to date"
                ),
            });
        }
        Found::Empty => return Err(absent()),
    }
    let (key, source) = find_key(&path, settings.key.as_ref(), false)?;
    let seal = seal_of(&path, &key)?;
    let known: Option<Vec<u8>> = connection
        .query_row("SELECT value FROM store WHERE name = 'key'", [], |row| row.get(0))
        .optional()
        .map_err(failed)?;
    if known.is_some_and(|known| !seal.fits(&known)) {
        return Err(StoreError::Key {
            what: format!(
                "{} is sealed with another key than {}",
                path.display(),
                source.describe(&path)
            ),
        });
    }
    Ok(Store {
        shared: Arc::new(Shared {
            durability: settings.durability,
            clock,
            seal: Arc::new(seal),
            names: Names::read(&connection, &path)?,
            claims: Arc::new(Claims::default()),
            next_seq: AtomicI64::new(0),
            readers: Arc::new(Readers::new(Arc::clone(&path))),
            writer: Writer::none(),
            lock: Mutex::new(None),
            path,
        }),
    })
}
