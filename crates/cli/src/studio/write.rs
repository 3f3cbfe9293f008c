//! A file's new text: safe on the disk, or not there at all. Another file is written beside it and put in its place, so that
//! nobody ever reads half of one, and nothing is lost where there is no space.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use lockgate_studio::files::{FileError, Read, version_of};
use uuid::Uuid;

/// Reads a file; `None` where there is none.
pub(super) fn read(path: &Path) -> Result<Option<Read>, FileError> {
    let Some(bytes) = bytes(path)? else {
        return Ok(None);
    };
    let version = version_of(&bytes);
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(Read { text, version })),
        Err(_) => Err(FileError::NotText(format!(
            "{} is not UTF-8 text: save it as UTF-8 with another program",
            name(path)
        ))),
    }
}

/// Writes a file that is `base`, or makes it where that is `None`.
pub(super) fn write(path: &Path, base: Option<&str>, text: &[u8]) -> Result<String, FileError> {
    let version = version_of(text);
    // Who saves again because the answer was lost has saved.
    if bytes(path)?.is_some_and(|found| found == text) {
        return Ok(version);
    }
    is_base(path, base)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| failed(&error, folder))?;
    let beside = Beside::write(path, text).map_err(|error| failed(&error, path))?;
    // Looked at once more as late as can be: no system replaces a file only if it is a certain one.
    is_base(path, base)?;
    match base {
        Some(_) => beside.replace(path),
        None => beside.put(path),
    }
    .map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => match read(path) {
            Ok(found) => FileError::Conflict(found),
            Err(error) => error,
        },
        _ => failed(&error, path),
    })?;
    // Not every system can. The text is there; only a crash of the machine could take it back.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(version)
}

/// Deletes a file that is this version.
pub(super) fn delete(path: &Path, version: &str) -> Result<(), FileError> {
    is_base(path, Some(version))?;
    fs::remove_file(path).map_err(|error| failed(&error, path))?;
    if let Some(folder) = path.parent() {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(())
}

fn is_base(path: &Path, base: Option<&str>) -> Result<(), FileError> {
    let found = bytes(path)?.map(|bytes| version_of(&bytes));
    if found.as_deref() == base {
        return Ok(());
    }
    Err(FileError::Conflict(read(path)?))
}

fn bytes(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(&error, path)),
    }
}

/// A text that is written and has no place yet. Gone with this, unless it was put somewhere.
struct Beside(PathBuf);

impl Beside {
    /// Hidden, so that neither watchers nor listings take it for a flow.
    fn write(path: &Path, text: &[u8]) -> io::Result<Self> {
        let beside = path.with_file_name(format!(".{}.{}", name(path), Uuid::new_v4().simple()));
        let mut file = OpenOptions::new().write(true).create_new(true).open(&beside)?;
        let beside = Self(beside);
        file.write_all(text)?;
        // Who may read it stays as it was.
        match fs::metadata(path) {
            Ok(before) => file.set_permissions(before.permissions())?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        file.sync_all()?;
        Ok(beside)
    }

    fn replace(&self, path: &Path) -> io::Result<()> {
        fs::rename(&self.0, path)
    }

    /// Puts it where nothing is.
    fn put(&self, path: &Path) -> io::Result<()> {
        match fs::hard_link(&self.0, path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists && !path.exists() => {
                // A file system without links.
                fs::rename(&self.0, path)
            }
            linked => linked,
        }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // It is gone where it was renamed.
        let _ = fs::remove_file(&self.0);
    }
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// Why the system does not do it, and what to do.
pub(super) fn failed(error: &io::Error, path: &Path) -> FileError {
    let name = name(path);
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => FileError::Full(format!(
            "there is no space left for {name}: make room and save again"
        )),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => FileError::Refused(format!(
            "the server's user may not do this with {name} ({error}): change the permissions of the file and its folder, and \
             try again"
        )),
        _ => FileError::Failed(format!("{name}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"a: 1\r\nb: \xc3\xa4\r\n";

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn a_file_is_made_changed_and_deleted_byte_for_byte() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/a.yaml");
        assert_eq!(read(&path).unwrap(), None);
        let version = write(&path, None, TEXT).unwrap();
        assert_eq!(version, version_of(TEXT));
        let found = read(&path).unwrap().unwrap();
        assert_eq!((found.text.as_bytes(), &found.version), (TEXT, &version));
        let other = write(&path, Some(&version), b"b").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"b");
        // It is that already, whatever the base was.
        assert_eq!(write(&path, Some(&version), b"b").unwrap(), other);
        assert_eq!(write(&path, None, b"b").unwrap(), other);
        assert!(matches!(
            delete(&path, &version),
            Err(FileError::Conflict(Some(_)))
        ));
        delete(&path, &other).unwrap();
        assert!(matches!(delete(&path, &other), Err(FileError::Conflict(None))));
        assert!(names(path.parent().unwrap()).is_empty());
    }

    #[test]
    fn what_is_not_the_base_is_left_with_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        fs::write(&path, TEXT).unwrap();
        let conflict = |base: Option<&str>| match write(&path, base, b"x") {
            Err(FileError::Conflict(Some(theirs))) => theirs.version,
            other => panic!("{other:?}"),
        };
        assert_eq!(conflict(None), version_of(TEXT));
        assert_eq!(conflict(Some("00")), version_of(TEXT));
        fs::remove_file(&path).unwrap();
        let gone = write(&path, Some(&version_of(TEXT)), b"x");
        assert!(matches!(gone, Err(FileError::Conflict(None))), "{gone:?}");
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn a_file_that_comes_to_be_at_the_last_moment_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        let beside = Beside::write(&path, b"ours").unwrap();
        fs::write(&path, b"theirs").unwrap();
        assert_eq!(beside.put(&path).unwrap_err().kind(), ErrorKind::AlreadyExists);
        drop(beside);
        assert_eq!(fs::read(&path).unwrap(), b"theirs");
        assert_eq!(names(folder.path()), ["a.yaml"]);
    }

    #[test]
    #[cfg(unix)]
    fn who_may_read_and_run_it_stays_as_it_was() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        fs::write(&path, TEXT).unwrap();
        for mode in [0o600, 0o664, 0o755] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let base = version_of(&fs::read(&path).unwrap());
            write(&path, Some(&base), format!("{mode}").as_bytes()).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
        }
    }

    #[test]
    fn trouble_says_what_to_do() {
        let told = |kind: ErrorKind| failed(&kind.into(), Path::new("flows/a.yaml")).to_string();
        assert!(told(ErrorKind::StorageFull).contains("make room"));
        assert!(told(ErrorKind::QuotaExceeded).contains("make room"));
        assert!(told(ErrorKind::PermissionDenied).contains("change the permissions"));
        assert!(told(ErrorKind::ReadOnlyFilesystem).contains("change the permissions"));
        assert!(told(ErrorKind::FileTooLarge).starts_with("a.yaml: "));
    }

    #[test]
    fn what_is_no_text_is_not_read_as_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        fs::write(&path, b"caf\xe9").unwrap();
        assert!(matches!(read(&path), Err(FileError::NotText(_))));
        assert!(matches!(
            write(&path, Some("00"), b"x"),
            Err(FileError::NotText(_))
        ));
        assert_eq!(fs::read(&path).unwrap(), b"caf\xe9");
    }
}
