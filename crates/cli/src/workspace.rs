//! Finds and reads a workspace: `lockgate.yaml`, the flows beside it, and `.env`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use ignore::WalkBuilder;
use lockgate_engine::action::Actions;
use lockgate_engine::connection::ConnectionType;
use lockgate_flow::catalog::Catalog;
use lockgate_flow::diagnostic::{Code, Diagnostic, render_json, render_text, suggestion};
use lockgate_flow::source::{Source, Span};
use lockgate_flow::workspace::{CheckedFlow, Workspace};
use lockgate_http::HttpPolicy;

use crate::connectors::Connectors;
use crate::environment::Environment;
use crate::exit::{Mistake, Shown};
use crate::terminal::{Style, Terminal};

/// The file that makes a folder a workspace.
pub(crate) const FILE: &str = "lockgate.yaml";

/// What people call it by habit.
const NEAR_FILE: &str = "lockgate.yml";

/// The folder that flows stand in.
pub(crate) const FLOWS: &str = "flows";

/// A workspace as it stands on disk, checked.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The folder of `lockgate.yaml`.
    pub(crate) root: PathBuf,
    /// Its text.
    pub(crate) file: Arc<Source>,
    pub(crate) checked: Arc<Workspace>,
    pub(crate) environment: Environment,
    /// What its flows can use: of this binary, and of its own connectors.
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) connectors: Connectors,
    /// What stands in `flows/`, looks like a flow and is not read.
    pub(crate) left_out: Vec<LeftOut>,
}

/// A file that is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// Relative to the workspace's root.
    name: String,
    why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// `.yml`
    Suffix,
    /// A link that leads nowhere, or in a circle.
    Link,
}

impl LeftOut {
    /// Whether it is a link, which nobody would miss in a listing of findings alone.
    pub(crate) fn is_link(&self) -> bool {
        self.why == Why::Link
    }

    /// For stderr.
    pub(crate) fn note(&self, style: Style) -> String {
        let why = match self.why {
            Why::Suffix => "flows end in `.yaml`",
            Why::Link => "the link leads nowhere, or in a circle",
        };
        format!("{}: {} is not read: {why}", style.warn("note"), self.name)
    }
}

/// The folder to work in.
pub(crate) fn directory(given: Option<&Path>) -> Result<PathBuf> {
    let folder = given.unwrap_or(Path::new("."));
    folder
        .canonicalize()
        .with_context(|| format!("opening the folder {}", folder.display()))
}

/// The folder of the workspace that a folder is in.
///
/// # Errors
/// There is none.
pub(crate) fn root_of(folder: &Path) -> Result<&Path> {
    let root = folder.ancestors().find(|folder| folder.join(FILE).is_file());
    root.ok_or_else(|| {
        let near = folder.ancestors().map(|folder| folder.join(NEAR_FILE));
        let help = near.into_iter().find(|path| path.is_file()).map_or_else(
            || "begin a workspace with `lockgate new my-flows`".to_owned(),
            |path| format!("there is {}: rename it to {FILE}", path.display()),
        );
        Mistake::new(format!("there is no {FILE} in {} or above it", folder.display()))
            .help(help)
            .into()
    })
}

impl Loaded {
    /// Finds the workspace of a folder, in it or above, and checks it. `catalog` is what this binary offers, `more` are flow
    /// files that stand elsewhere.
    ///
    /// # Errors
    /// There is none, or a file cannot be read. Mistakes in files are no errors here: they are findings.
    pub(crate) fn find(folder: &Path, catalog: &Catalog, more: &[PathBuf]) -> Result<Self> {
        let root = root_of(folder)?;
        let (file, finding) = read(root, &root.join(FILE))?;
        if finding.is_some() {
            return Err(Mistake::new(format!("{FILE} is not UTF-8 text")).into());
        }
        let (mut paths, left_out) = flow_files(root)?;
        for path in more {
            if !paths.contains(path) {
                paths.push(path.clone());
            }
        }
        let (mut sources, mut findings) = (Vec::new(), Vec::new());
        for path in &paths {
            let (source, finding) = read(root, path)?;
            sources.push(source);
            findings.extend(finding);
        }
        let connectors = Connectors::find(root, catalog)?;
        let catalog = Arc::new(connectors.catalog(catalog));
        let mut checked = Workspace::check(Some(&file), &sources, &catalog);
        checked.diagnostics.extend(connectors.findings.iter().cloned());
        for finding in findings {
            let path = finding.primary.source.path();
            let broken = checked.flows.iter_mut().filter(|flow| flow.source.path() == path);
            broken.for_each(|flow| flow.flow = None);
            checked.diagnostics.push(finding);
        }
        checked
            .diagnostics
            .sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        Ok(Self {
            file,
            checked: Arc::new(checked),
            environment: Environment::load(root)?,
            catalog,
            connectors,
            root: root.to_owned(),
            left_out,
        })
    }

    /// The one flow of a name, if there is any.
    ///
    /// # Errors
    /// Several flows have it, and nobody can tell which is meant.
    pub(crate) fn named(&self, name: &str) -> Result<Option<&CheckedFlow>> {
        let named: Vec<&CheckedFlow> = self
            .checked
            .flows
            .iter()
            .filter(|flow| flow.name == name)
            .collect();
        if named.len() < 2 {
            return Ok(named.first().copied());
        }
        let files: Vec<&str> = named.iter().map(|flow| flow.source.path()).collect();
        let message = format!(
            "{} flows have the name `{name}`: {}",
            files.len(),
            files.join(", ")
        );
        Err(Mistake::new(message).help("give each a `name` of its own").into())
    }

    /// A flow by its name, or by the path of its file (from `folder`, or from the workspace's root).
    pub(crate) fn flow(&self, folder: &Path, wanted: &str) -> Result<&CheckedFlow> {
        if let Some(flow) = self.named(wanted)? {
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
        lockgate_catalogue::actions(self.http_policy(), &self.connectors.all)
    }

    /// What opens connections of a type that steps use.
    pub(crate) fn connection_type(&self, name: &str) -> Option<ConnectionType> {
        lockgate_catalogue::connection_types(&self.connectors.all)
            .into_iter()
            .find(|known| known.spec.type_name == name)
    }

    /// The types of the declared connections, by name.
    pub(crate) fn connection_types(&self) -> BTreeMap<String, String> {
        let connections = self.checked.connections().iter();
        connections
            .map(|connection| (connection.name.value.clone(), connection.type_name.value.clone()))
            .collect()
    }

    /// All errors.
    pub(crate) fn errors(&self) -> Vec<Diagnostic> {
        let findings = self.checked.diagnostics.iter();
        findings.filter(|finding| finding.is_error()).cloned().collect()
    }

    /// Whether a file is one of its connectors.
    pub(crate) fn is_connector(&self, path: &str) -> bool {
        self.connectors.own.iter().any(|source| source.path() == path)
    }

    /// The errors of the workspace file, of its connectors, and of these flow files.
    pub(crate) fn errors_of(&self, paths: &[&str]) -> Vec<Diagnostic> {
        self.checked
            .diagnostics
            .iter()
            .filter(|finding| finding.is_error())
            .filter(|finding| {
                let path = finding.primary.source.path();
                path == FILE || self.is_connector(path) || paths.contains(&path)
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

/// Reads a file under the name that findings show: relative to the workspace's root. What is not UTF-8 in it is
/// replaced, and found.
pub(crate) fn read(root: &Path, path: &Path) -> Result<(Arc<Source>, Option<Diagnostic>)> {
    let name = relative(root, path);
    let bytes = std::fs::read(path).with_context(|| format!("reading {name}"))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok((Source::new(name, text), None)),
        Err(error) => {
            let start = error.utf8_error().valid_up_to();
            let byte = error.as_bytes()[start];
            let source = Source::new(name, String::from_utf8_lossy(error.as_bytes()));
            let span = Span::new(start, start + char::REPLACEMENT_CHARACTER.len_utf8());
            let message =
                format!("the file is not UTF-8 text: the byte 0x{byte:02x} stands for nothing here");
            let finding = Diagnostic::new(Code::Syntax, &source, span, message).help("save it as UTF-8");
            Ok((source, Some(finding)))
        }
    }
}

/// With `/` between the parts, on every system.
pub(crate) fn relative(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path);
    path.components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}

/// `flows/**/*.yaml` without tests, in the order of their paths; and what looks like a flow and is none.
fn flow_files(root: &Path) -> Result<(Vec<PathBuf>, Vec<LeftOut>)> {
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
        let entry = match entry {
            Ok(entry) => entry,
            // Editors leave links behind that lead nowhere (Emacs locks a file by one): no reason to stop.
            Err(error) => match path_of(&error).filter(|path| path.is_symlink()) {
                Some(path) => {
                    let name = relative(root, path);
                    let is_hidden = name.split('/').any(|part| part.starts_with('.'));
                    if !is_hidden {
                        left_out.push(LeftOut { name, why: Why::Link });
                    }
                    continue;
                }
                None => return Err(error).with_context(|| format!("listing {}", folder.display())),
            },
        };
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        let name = entry.file_name().to_string_lossy();
        if name.ends_with(".yaml") && !name.ends_with(".test.yaml") {
            flows.push(entry.into_path());
        } else if name.ends_with(".yml") {
            left_out.push(LeftOut {
                name: relative(root, entry.path()),
                why: Why::Suffix,
            });
        }
    }
    flows.sort();
    left_out.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((flows, left_out))
}

/// What could not be opened.
fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::Loop { child, .. } => Some(child),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

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
        assert_eq!(
            loaded.left_out,
            [LeftOut {
                name: "flows/late.yml".to_owned(),
                why: Why::Suffix
            }]
        );
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
    #[cfg(unix)]
    fn links_that_lead_nowhere_stop_nothing() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        files(&root, &[(FILE, "version: 1\n"), ("flows/a.yaml", FLOW)]);
        for (target, name) in [
            ("ada@host.1234", ".#a.yaml"),
            ("nowhere", "b.yaml"),
            ("self.yaml", "self.yaml"),
            (".", "circle"),
        ] {
            symlink(target, root.join("flows").join(name)).unwrap();
        }
        let loaded = Loaded::find(&root, &catalogue::catalog(), &[]).unwrap();
        assert_eq!(loaded.checked.flows.len(), 1);
        let left_out: Vec<_> = loaded
            .left_out
            .iter()
            .map(|file| (file.name.as_str(), file.why))
            .collect();
        assert_eq!(
            left_out,
            [
                ("flows/b.yaml", Why::Link),
                ("flows/circle", Why::Link),
                ("flows/self.yaml", Why::Link)
            ]
        );
    }

    #[test]
    fn a_file_that_is_not_utf_8_is_a_finding_of_that_file() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        files(&root, &[(FILE, "version: 1\n"), ("flows/a.yaml", FLOW)]);
        std::fs::write(root.join("flows/b.yaml"), b"steps:\n  - return: caf\xe9\n").unwrap();
        let loaded = Loaded::find(&root, &catalogue::catalog(), &[]).unwrap();
        assert!(loaded.flow(&root, "a").unwrap().flow.is_some());
        assert!(loaded.flow(&root, "b").unwrap().flow.is_none());
        assert!(loaded.errors_of(&["flows/a.yaml"]).is_empty());
        let [finding] = &loaded.errors_of(&["flows/b.yaml"])[..] else {
            panic!("{:?}", loaded.checked.diagnostics);
        };
        let place = finding.primary.source.position(finding.primary.span.start);
        assert_eq!(
            (finding.code.as_str(), place.line, place.column),
            ("LG0101", 2, 16)
        );
        assert!(finding.message.contains("0xe9"), "{}", finding.message);
    }

    #[test]
    fn a_name_that_two_flows_have_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let named = format!("name: a\n{FLOW}");
        files(
            &root,
            &[
                (FILE, "version: 1\n"),
                ("flows/a.yaml", FLOW),
                ("flows/b.yaml", &named),
            ],
        );
        let loaded = Loaded::find(&root, &catalogue::catalog(), &[]).unwrap();
        let error = loaded.flow(&root, "a").unwrap_err();
        assert_eq!(
            error.to_string(),
            "2 flows have the name `a`: flows/a.yaml, flows/b.yaml"
        );
    }

    #[test]
    fn without_a_workspace_the_way_to_begin_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let error = Loaded::find(folder.path(), &catalogue::catalog(), &[]).unwrap_err();
        assert!(
            error.to_string().starts_with("there is no lockgate.yaml in "),
            "{error}"
        );
        std::fs::write(folder.path().join("lockgate.yml"), "version: 1\n").unwrap();
        let error = Loaded::find(folder.path(), &catalogue::catalog(), &[]).unwrap_err();
        let help = error.downcast_ref::<Mistake>().unwrap().help_text().unwrap();
        assert!(
            help.ends_with("lockgate.yml: rename it to lockgate.yaml"),
            "{help}"
        );
    }
}
