//! Where the key of a store comes from: the environment, or a file beside the store that only its owner can read.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};

use crate::error::StoreError;
use crate::sqlite::beside;

/// Where a key was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeySource {
    /// It was given.
    Given,
    /// The file beside the store.
    File,
}

impl KeySource {
    /// As it is told to people.
    pub(crate) fn describe(self, store: &Path) -> String {
        match self {
            Self::Given => "the given key (`LOCKGATE_STORE_KEY`)".to_owned(),
            Self::File => format!("the key in {}", beside(store, ".key").display()),
        }
    }
}

/// The key: the given one, else that of the file beside the store. `may_make`: a store without a key yet gets a new file.
pub(crate) fn find_key(
    store: &Path,
    given: Option<&SecretString>,
    may_make: bool,
) -> Result<([u8; 32], KeySource), StoreError> {
    if let Some(given) = given {
        let key = parse(given.expose_secret(), &KeySource::Given.describe(store))?;
        return Ok((key, KeySource::Given));
    }
    let path = beside(store, ".key");
    let key = match fs::read_to_string(&path) {
        Ok(text) => parse(&text, &KeySource::File.describe(store))?,
        Err(error) if error.kind() == ErrorKind::NotFound && may_make => make(&path)?,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(StoreError::Key {
                what: format!(
                    "{} is sealed, and its key is not there: {} does not exist, and no key was given",
                    store.display(),
                    path.display()
                ),
            });
        }
        Err(error) => return Err(StoreError::file(&path, &error)),
    };
    Ok((key, KeySource::File))
}

fn parse(text: &str, what: &str) -> Result<[u8; 32], StoreError> {
    let decoded = STANDARD.decode(text.trim()).ok();
    decoded
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| StoreError::Key {
            what: format!("{what} is not 32 bytes in base64 (`openssl rand -base64 32` makes one)"),
        })
}

/// Makes a key file: whole, or not at all.
fn make(path: &Path) -> Result<[u8; 32], StoreError> {
    let mut key = [0; 32];
    rand::fill(&mut key).map_err(|_| StoreError::Key {
        what: "no key could be made: the system gives no random bytes".to_owned(),
    })?;
    let write = || {
        let draft = beside(path, ".new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&draft)?;
        writeln!(file, "{}", STANDARD.encode(key))?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        sync_folder(path)
    };
    write().map_err(|error| StoreError::file(path, &error))?;
    Ok(key)
}

/// That the file has its name is safe, too.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_given_found_or_made() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("runs.db");
        let missing = find_key(&store, None, false).unwrap_err().to_string();
        assert!(missing.contains("runs.db.key does not exist"), "{missing}");
        let (made, source) = find_key(&store, None, true).unwrap();
        assert_eq!(source, KeySource::File);
        assert_eq!(find_key(&store, None, false).unwrap().0, made);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let rights = fs::metadata(beside(&store, ".key")).unwrap().permissions().mode();
            assert_eq!(rights & 0o777, 0o600);
        }
        let given = SecretString::from(STANDARD.encode([3; 32]));
        assert_eq!(
            find_key(&store, Some(&given), true).unwrap(),
            ([3; 32], KeySource::Given)
        );
        for wrong in ["", "short", &STANDARD.encode([3; 31])] {
            let error = find_key(&store, Some(&wrong.into()), true)
                .unwrap_err()
                .to_string();
            assert!(error.contains("is not 32 bytes in base64"), "{error}");
        }
        fs::write(beside(&store, ".key"), "").unwrap();
        let error = find_key(&store, None, true).unwrap_err().to_string();
        assert!(error.contains("runs.db.key is not 32 bytes"), "{error}");
    }
}
