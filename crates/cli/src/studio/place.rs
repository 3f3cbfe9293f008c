//! Where a path of the studio leads. Links may lead from one file of the workspace to another, and nowhere else.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use lockgate_studio::files::FileError;
use lockgate_studio::path::FilePath;

use super::write::failed;
use crate::workspace::relative;

/// Where a file is, or where it would be made. `root` is a path without links in it.
pub(super) fn find(root: &Path, path: &FilePath) -> Result<PathBuf, FileError> {
    let wanted = root.join(path.as_str());
    let mut there = wanted.as_path();
    // What is not there yet is made below the nearest folder that is.
    while let Err(error) = there.symlink_metadata() {
        match (error.kind(), there.parent()) {
            (ErrorKind::NotFound, Some(parent)) if there != root => there = parent,
            (ErrorKind::NotADirectory, _) => {
                return Err(FileError::Refused(format!("a part of {path} is no folder")));
            }
            _ => return Err(failed(&error, there)),
        }
    }
    let real = there.canonicalize().map_err(|error| match error.kind() {
        ErrorKind::NotFound => outside(path),
        _ => failed(&error, there),
    })?;
    let rest = wanted.strip_prefix(there).unwrap_or(Path::new(""));
    let real = if rest.as_os_str().is_empty() {
        real
    } else {
        real.join(rest)
    };
    let is_inside = real.starts_with(root) && FilePath::parse(&relative(root, &real)).is_ok();
    if !is_inside {
        return Err(outside(path));
    }
    if real.exists() && !real.is_file() {
        return Err(FileError::Refused(format!("{path} is no file")));
    }
    Ok(real)
}

fn outside(path: &FilePath) -> FileError {
    FileError::Outside(format!(
        "{path} is a link, or stands behind one, that leads out of what can be opened here"
    ))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_lead_to_files_of_the_workspace_only() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for path in [
            root.join("flows/deep"),
            root.join("connectors"),
            root.join(".git"),
        ] {
            std::fs::create_dir_all(path).unwrap();
        }
        for path in [
            root.join("flows/a.yaml"),
            root.join(".env"),
            root.join(".git/x.yaml"),
            root.join("notes.yaml"),
            elsewhere.path().join("a.yaml"),
        ] {
            std::fs::write(path, "canary").unwrap();
        }
        let link = |to: &Path, name: &str| symlink(to, root.join(name)).unwrap();
        link(&root.join("flows/a.yaml"), "flows/b.yaml");
        link(&root.join(".env"), "flows/env.yaml");
        link(&root.join("notes.yaml"), "flows/notes.yaml");
        link(&root.join(".git"), "flows/git");
        link(elsewhere.path(), "flows/elsewhere");
        link(&elsewhere.path().join("a.yaml"), "flows/out.yaml");
        link(Path::new("nowhere.yaml"), "flows/dangling.yaml");
        link(Path::new("circle.yaml"), "flows/circle.yaml");
        link(&root, "flows/up");
        let find = |path: &str| find(&root, &FilePath::parse(path).unwrap());
        for (path, real) in [
            ("flows/a.yaml", "flows/a.yaml"),
            ("flows/b.yaml", "flows/a.yaml"),
            ("flows/new.yaml", "flows/new.yaml"),
            ("flows/new/deep/er.yaml", "flows/new/deep/er.yaml"),
            ("flows/up/flows/a.yaml", "flows/a.yaml"),
        ] {
            assert_eq!(find(path).unwrap(), root.join(real), "{path}");
        }
        for path in [
            "flows/env.yaml",
            "flows/notes.yaml",
            "flows/git/x.yaml",
            "flows/git/new.yaml",
            "flows/elsewhere/a.yaml",
            "flows/elsewhere/new.yaml",
            "flows/out.yaml",
            "flows/dangling.yaml",
            "flows/up/notes.yaml",
        ] {
            let found = find(path);
            assert!(matches!(found, Err(FileError::Outside(_))), "{path}: {found:?}");
        }
        assert!(find("flows/circle.yaml").is_err());
        assert!(find("flows/a.yaml/b.yaml").is_err());
        std::fs::create_dir(root.join("flows/folder.yaml")).unwrap();
        assert!(matches!(find("flows/folder.yaml"), Err(FileError::Refused(_))));
    }
}
