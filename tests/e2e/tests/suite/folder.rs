//! Workspaces in temporary folders.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::emulated::Emulated;
use crate::root;
use crate::terminal::{Line, lockgate};

/// A temporary folder, and the variables that its commands are given.
pub(crate) struct Folder {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

/// A workspace file whose connection is called at `AUTH0_BASE_URL`.
const WORKSPACE: &str = "\
version: 1
connections:
  auth0:
    type: auth0
    base_url: ${AUTH0_BASE_URL}
    client_id: ${AUTH0_CLIENT_ID}
    client_secret: ${AUTH0_CLIENT_SECRET}
config:
  database: Username-Password-Authentication
  profile_service: https://profiles.example.com
";

impl Folder {
    pub(crate) fn empty() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        }
    }

    /// With these files.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let folder = Self::empty();
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    /// The workspace that ships, without credentials.
    pub(crate) fn shipped() -> Self {
        let folder = Self::with(&[("lockgate.yaml", &read("lockgate.yaml"))]);
        folder.copy_flows();
        folder
    }

    /// The flows that ship, connected to a tenant by the environment.
    pub(crate) fn connected(tenant: &Emulated) -> Self {
        let mut folder = Self::with(&[("lockgate.yaml", WORKSPACE)]);
        folder.copy_flows();
        folder.connect(tenant);
        folder
    }

    /// Gives the commands a tenant's credentials.
    pub(crate) fn connect(&mut self, tenant: &Emulated) {
        self.set("AUTH0_BASE_URL", tenant.url());
        self.set("AUTH0_CLIENT_ID", tenant.client_id());
        self.set("AUTH0_CLIENT_SECRET", tenant.client_secret());
    }

    /// Gives the commands a variable.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Changes a file by replacing a text that is in it.
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path().join(name)).unwrap();
        assert!(text.contains(from), "{name} has no {from:?}");
        self.write(name, &text.replace(from, to));
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    pub(crate) fn lockgate<S: AsRef<str>>(&self, arguments: &[S]) -> Line {
        lockgate(&self.path(), arguments).envs(&self.variables)
    }

    fn copy_flows(&self) {
        for entry in fs::read_dir(root().join("flows")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if Path::new(&name).extension().is_some_and(|kind| kind == "yaml") {
                self.write(&format!("flows/{name}"), &read(&format!("flows/{name}")));
            }
        }
    }
}

/// A file of the repository.
pub(crate) fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}
