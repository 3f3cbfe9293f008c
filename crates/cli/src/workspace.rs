//! Finds and reads a workspace: `lockgate.yaml`, the flows beside it, and `.env`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use ignore::WalkBuilder;
use lockgate_actions::HttpPolicy;
use lockgate_engine::action::Actions;
use lockgate_flow::catalog::Catalog;
use lockgate_flow::diagnostic::{Diagnostic, render_json, render_text, suggestion};
use lockgate_flow::source::Source;
use lockgate_flow::workspace::{CheckedFlow, Workspace};

use crate::catalogue;
use crate::environment::Environment;
use crate::exit::{Mistake, Shown};
use crate::terminal::Terminal;

/// The file that makes a folder a workspace.
pub(crate) const FILE: &str = "lockgate.yaml";

/// The folder that flows stand in.
const FLOWS: &str = "flows";

/// A workspace as it stands on disk, checked.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The folder of `lockgate.yaml`.
    pub(crate) root: PathBuf,
    pub(crate) checked: Workspace,
    pub(crate) environment: Environment,
    /// Files in `flows/` that look like flows and are not read.
    pub(crate) left_out: Vec<String>,
}

/// The folder to work in.
pub(crate) fn directory(given: Option<&Path>) -> Result<PathBuf> {
    let folder = given.unwrap_or(Path::new("."));
    folder
        .canonicalize()
        .with_context(|| format!("opening the folder {}", folder.display()))
}

impl Loaded {
    /// Finds the workspace of a folder, in it or above, and checks it. `more` are flow files that stand elsewhere.
    ///
    /// # Errors
    /// There is none, or a file cannot be read. Mistakes in files are no errors here: they are findings.
    pub(crate) fn find(folder: &Path, catalog: &Catalog, more: &[PathBuf]) -> Result<Self> {
        let root = folder
            .ancestors()
            .find(|folder| folder.join(FILE).is_file())
            .ok_or_else(|| {
                Mistake::new(format!("there is no {FILE} in {} or above it", folder.display()))
                    .help("begin a workspace with `lockgate new my-flows`")
            })?;
        let file = read(root, &root.join(FILE))?;
        let (mut paths, left_out) = flow_files(root)?;
        for path in more {
            if !paths.contains(path) {
                paths.push(path.clone());
            }
        }
        let sources = paths
            .iter()
            .map(|path| read(root, path))
            .collect::<Result<Vec<_>>>()?;
        Ok(Self {
            checked: Workspace::check(Some(&file), &sources, catalog),
            environment: Environment::load(root)?,
            root: root.to_owned(),
            left_out,
        })
    }

    /// A flow by its name, or by the path of its file (from `folder`, or from the workspace's root).
    pub(crate) fn flow(&self, folder: &Path, wanted: &str) -> Result<&CheckedFlow> {
        if let Some(flow) = self.checked.flow(wanted) {
            return Ok(flow);
        }
        for base in [folder, &self.root] {
            let Ok(path) = base.join(wanted).canonicalize() else {
                continue;
            };
            let name = relative(&self.root, &path);
            if let Some(flow) = self.checked.flows.iter().find(|flow| flow.source.path() == name) {
                return Ok(flow);
            }
        }
        let known = self.checked.flows.iter().map(|flow| flow.name.as_str());
        Err(
            Mistake::new(format!("there is no flow `{wanted}` in {}", self.root.display()))
                .maybe_help(suggestion(wanted, known))
                .into(),
        )
    }

    /// What `http.request` may reach. Entries that cannot be read are findings already.
    pub(crate) fn http_policy(&self) -> HttpPolicy {
        let entries = self
            .checked
            .file
            .as_ref()
            .map_or(&[][..], |file| &file.http_allow);
        HttpPolicy::parse(entries.iter().map(String::as_str)).unwrap_or_default()
    }

    /// The actions of this workspace.
    pub(crate) fn actions(&self) -> Actions {
        catalogue::actions(self.http_policy())
    }

    /// The errors of the workspace file and of these flow files.
    pub(crate) fn errors_of(&self, paths: &[&str]) -> Vec<Diagnostic> {
        self.checked
            .diagnostics
            .iter()
            .filter(|finding| finding.is_error())
            .filter(|finding| {
                let path = finding.primary.source.path();
                path == FILE || paths.contains(&path)
            })
            .cloned()
            .collect()
    }
}

/// Shows findings, and gives the error that says so to the caller.
pub(crate) fn refuse(findings: &[Diagnostic], terminal: &Terminal) -> anyhow::Error {
    terminal.say(render_text(findings, terminal.stderr_style().is_on()).trim_end());
    Shown {
        code: findings.first().map_or("", |finding| finding.code.as_str()),
        message: findings
            .first()
            .map(|finding| finding.message.clone())
            .unwrap_or_default(),
        details: render_json(findings),
    }
    .into()
}

/// Reads a file under the name that findings show: relative to the workspace's root.
fn read(root: &Path, path: &Path) -> Result<Arc<Source>> {
    let name = relative(root, path);
    let bytes = std::fs::read(path).with_context(|| format!("reading {name}"))?;
    let text = String::from_utf8(bytes).map_err(|_| Mistake::new(format!("{name} is not UTF-8 text")))?;
    Ok(Source::new(name, text))
}

/// With `/` between the parts, on every system.
fn relative(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path);
    path.components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}

/// `flows/**/*.yaml` without tests, in the order of their paths; and what looks like a flow and is none.
fn flow_files(root: &Path) -> Result<(Vec<PathBuf>, Vec<String>)> {
    let (mut flows, mut left_out) = (Vec::new(), Vec::new());
    let folder = root.join(FLOWS);
    if !folder.is_dir() {
        return Ok((flows, left_out));
    }
    for entry in WalkBuilder::new(&folder)
        .require_git(false)
        .follow_links(true)
        .build()
    {
        let entry = entry.with_context(|| format!("listing {}", folder.display()))?;
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        let name = entry.file_name().to_string_lossy();
        if name.ends_with(".yaml") && !name.ends_with(".test.yaml") {
            flows.push(entry.into_path());
        } else if name.ends_with(".yml") {
            left_out.push(relative(root, entry.path()));
        }
    }
    flows.sort();
    left_out.sort();
    Ok((flows, left_out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(root: &Path, files: &[(&str, &str)]) {
        for (name, text) in files {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }

    const FLOW: &str = "steps:\n  - return: 1\n";

    #[test]
    fn flows_are_found_from_any_folder_below() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        files(
            &root,
            &[
                (FILE, "version: 1\nhttp: { allow: [localhost] }\n"),
                ("flows/b.yaml", FLOW),
                ("flows/deep/a.yaml", FLOW),
                ("flows/deep/a.test.yaml", "not: a flow"),
                ("flows/late.yml", FLOW),
                ("flows/.hidden.yaml", FLOW),
                ("flows/build/x.yaml", FLOW),
                (".gitignore", "build/\n"),
                ("other/c.yaml", FLOW),
            ],
        );
        let catalog = catalogue::catalog();
        let loaded = Loaded::find(&root.join("flows/deep"), &catalog, &[]).unwrap();
        let paths: Vec<_> = loaded
            .checked
            .flows
            .iter()
            .map(|flow| flow.source.path())
            .collect();
        assert_eq!(paths, ["flows/b.yaml", "flows/deep/a.yaml"]);
        assert_eq!(loaded.left_out, ["flows/late.yml"]);
        assert_eq!(loaded.http_policy(), HttpPolicy::parse(["localhost"]).unwrap());
        for (folder, wanted) in [
            (&*root, "a"),
            (&root, "flows/deep/a.yaml"),
            (&root.join("flows"), "deep/a.yaml"),
        ] {
            assert_eq!(loaded.flow(folder, wanted).unwrap().name, "a", "{wanted}");
        }
        let error = loaded.flow(&root, "aa").unwrap_err();
        assert!(error.to_string().contains("there is no flow `aa`"), "{error}");

        let loaded = Loaded::find(&root, &catalog, &[root.join("other/c.yaml")]).unwrap();
        assert_eq!(loaded.flow(&root, "c").unwrap().source.path(), "other/c.yaml");
    }

    #[test]
    fn without_a_workspace_the_way_to_begin_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let error = Loaded::find(folder.path(), &catalogue::catalog(), &[]).unwrap_err();
        assert!(
            error.to_string().starts_with("there is no lockgate.yaml in "),
            "{error}"
        );
    }
}
