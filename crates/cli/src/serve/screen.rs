//! What `dev` shows: where connections go, what is served and how to call it, and what a change has changed. Lines that
//! follow each other, so that nothing that was said is lost, also without a terminal.

use std::collections::{BTreeMap, BTreeSet};

use lockgate_flow::diagnostic::{Diagnostic, list, render_text};

use super::connections::Target;
use super::curl::Line;
use crate::commands::counted;
use crate::terminal::Terminal;

/// The routes that are shown one by one at the start; where there are more, they are counted.
const MOST_ROUTES: usize = 50;

/// One state of the workspace.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) targets: BTreeMap<String, Target>,
    pub(super) findings: Vec<Diagnostic>,
    /// By route and name of the flow.
    pub(super) routes: BTreeMap<(String, String), Shown>,
    /// How many flows run without a route.
    pub(super) unrouted: usize,
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Served {
        /// The definition's digest.
        digest: String,
        curl: Line,
    },
    Broken {
        finding: String,
    },
}

impl Shown {
    fn curl(&self) -> Option<&Line> {
        match self {
            Self::Served { curl, .. } => Some(curl),
            Self::Broken { .. } => None,
        }
    }
}

/// Shows one view after the other.
pub(super) struct Screen<'a> {
    terminal: &'a Terminal,
    last: View,
}

impl<'a> Screen<'a> {
    pub(super) fn new(terminal: &'a Terminal) -> Self {
        Self {
            terminal,
            last: View::default(),
        }
    }

    /// All of the first view. `store` is where runs are kept.
    pub(super) fn begin(&mut self, url: &str, admin_url: &str, store: &str, view: View) {
        let style = self.terminal.stderr_style();
        self.say(&format!("{} at {}", style.name("lockgate dev"), style.name(url)));
        self.say(&format!(
            "studio at {}",
            style.name(&format!("{admin_url}/studio/"))
        ));
        self.say(&format!("admin port at {admin_url}"));
        self.say(&format!("runs are kept in {store}"));
        self.targets(&view);
        self.findings(&view.findings);
        self.say("");
        if view.routes.is_empty() {
            self.say("no flow has a route: add `trigger: { http: POST /path }` to one");
        }
        for ((route, flow), shown) in view.routes.iter().take(MOST_ROUTES) {
            self.route(route, flow, shown, "", true);
        }
        if let Some(more) = view
            .routes
            .len()
            .checked_sub(MOST_ROUTES)
            .filter(|more| *more > 0)
        {
            self.say(&format!(
                "  … and {}: {admin_url}/api/flows",
                counted(more, "more route")
            ));
        }
        if view.unrouted > 0 {
            let flows = counted(view.unrouted, "flow");
            self.say(&style.dim(&format!(
                "{flows} without a route: `lockgate run`, or `call` in another flow"
            )));
        }
        self.sum(&view);
        self.last = view;
    }

    /// What is different in a view, after these files have changed.
    pub(super) fn change(&mut self, files: &BTreeSet<String>, view: View) {
        let last = std::mem::replace(&mut self.last, view);
        let view = std::mem::take(&mut self.last);
        self.show_change(files, &last, &view);
        self.last = view;
    }

    /// The workspace cannot be read at all: what is served stays.
    pub(super) fn unreadable(&self, files: &BTreeSet<String>, error: &anyhow::Error) {
        let style = self.terminal.stderr_style();
        self.head(files);
        self.terminal.say(&format!(
            "{}: {}",
            style.bad("error"),
            crate::exit::message(error)
        ));
        self.terminal.say("what was served before is still served");
    }

    fn show_change(&self, files: &BTreeSet<String>, last: &View, view: &View) {
        let style = self.terminal.stderr_style();
        let (new, fixed) = difference(&last.findings, &view.findings);
        if new.is_empty() && fixed.is_empty() && last.routes == view.routes && last.targets == view.targets {
            return;
        }
        self.head(files);
        if last.targets != view.targets {
            self.targets(view);
        }
        self.findings(&new);
        for finding in fixed {
            let (path, message) = (finding.primary.source.path(), &finding.message);
            self.say(&format!(
                "{} {path}: {message} ({})",
                style.good("✓ fixed:"),
                finding.code
            ));
        }
        for ((route, flow), _) in last
            .routes
            .iter()
            .filter(|(key, _)| !view.routes.contains_key(*key))
        {
            self.say(&format!(
                "{} {route}  {flow}  {}",
                style.bad("−"),
                style.dim("is gone")
            ));
        }
        for (key, shown) in &view.routes {
            let before = last.routes.get(key);
            let word = match (before, shown) {
                (Some(before), now) if before == now => continue,
                (None, _) => "new",
                (Some(Shown::Broken { .. }), Shown::Served { .. }) => "served again",
                (Some(Shown::Served { .. }), Shown::Served { .. }) => "changed",
                (Some(_), Shown::Broken { .. }) => "",
            };
            // The line that stands above already would only be read again.
            let is_other = before.and_then(Shown::curl) != shown.curl();
            self.route(&key.0, &key.1, shown, word, is_other);
        }
        self.sum(view);
    }

    fn head(&self, files: &BTreeSet<String>) {
        const MOST: usize = 3;
        // What has no ending is a folder, or what an editor wrote on the way to the file.
        let (with_ending, without): (Vec<&str>, Vec<&str>) = files
            .iter()
            .map(String::as_str)
            .partition(|name| name.contains('.'));
        let mut names = if with_ending.is_empty() {
            without
        } else {
            with_ending
        };
        let more = format!("{} more", names.len().saturating_sub(MOST));
        if names.len() > MOST {
            names.truncate(MOST);
            names.push(&more);
        }
        let style = self.terminal.stderr_style();
        self.say("");
        self.say(&format!("{} {}", style.dim("──"), style.name(&names.join(", "))));
    }

    /// Nobody is to take one for the other: who signs up at the real tenant is a user there.
    fn targets(&self, view: &View) {
        let style = self.terminal.stderr_style();
        let width = view
            .targets
            .keys()
            .map(|name| name.chars().count())
            .max()
            .unwrap_or(0);
        let not_set = |missing: &[String]| {
            let are = if missing.len() == 1 { "is" } else { "are" };
            format!("{} {are} not set", list(missing.iter().map(String::as_str)))
        };
        if !view.targets.is_empty() {
            self.say("");
        }
        for (name, target) in &view.targets {
            let name = format!("{name:width$}");
            let under = " ".repeat(width + 4);
            match target {
                Target::Emulated { url, missing } => {
                    self.say(&format!("  {name}  {} tenant at {url}", style.warn("EMULATED")));
                    self.say(&format!("{under}{}", not_set(missing)));
                    self.say(&format!("{under}its users are gone when this command ends"));
                }
                Target::Real { url } => {
                    self.say(&format!("  {name}  {} tenant at {url}", style.bad("REAL")));
                    self.say(&format!("{under}its variables are set: flows change its users"));
                }
                Target::MadeUp { missing } => {
                    self.say(&format!("  {name}  {} secret for callers", style.warn("MADE-UP")));
                    self.say(&format!("{under}{}", not_set(missing)));
                }
                Target::Set => self.say(&format!("  {name}  callers show what its settings say")),
                Target::Provider { type_name } => {
                    self.say(&format!("  {name}  {} {type_name}", style.bad("REAL")));
                    self.say(&format!("{under}its variables are set: flows call it"));
                }
                Target::LeftOut { missing } => {
                    self.say(&format!("  {name}  {}", style.warn("LEFT OUT")));
                    self.say(&format!("{under}{}", not_set(missing)));
                    self.say(&format!(
                        "{under}a step that uses it fails; `lockgate test` mocks it"
                    ));
                }
            }
        }
    }

    fn findings(&self, findings: &[Diagnostic]) {
        if !findings.is_empty() {
            let text = render_text(findings, self.terminal.stderr_style().is_on());
            self.terminal.say(&format!("\n{}", text.trim_end()));
        }
    }

    fn route(&self, route: &str, flow: &str, shown: &Shown, word: &str, with_curl: bool) {
        let style = self.terminal.stderr_style();
        let word = if word.is_empty() {
            String::new()
        } else {
            format!("  {}", style.dim(word))
        };
        match shown {
            Shown::Served { curl, .. } => {
                self.say(&format!(
                    "{} {}  {flow}{word}",
                    style.good("✓"),
                    style.name(route)
                ));
                if !with_curl {
                    return;
                }
                self.say(&format!("  {}", curl.text));
                if let Some(lacks) = &curl.lacks {
                    self.say(&format!("  {}", style.dim(&format!("({lacks})"))));
                }
            }
            Shown::Broken { finding } => {
                self.say(&format!(
                    "{} {}  {flow}  answers 503",
                    style.bad("✗"),
                    style.name(route)
                ));
                self.say(&format!("  {finding}"));
            }
        }
    }

    fn sum(&self, view: &View) {
        let style = self.terminal.stderr_style();
        let errors = view.findings.iter().filter(|finding| finding.is_error()).count();
        let warnings = view.findings.len() - errors;
        let mut parts = Vec::new();
        if errors > 0 {
            parts.push(style.bad(&counted(errors, "mistake")));
        }
        if warnings > 0 {
            parts.push(style.warn(&counted(warnings, "warning")));
        }
        let what = if parts.is_empty() {
            style.good("no mistakes")
        } else {
            parts.join(", ")
        };
        self.say(&format!(
            "{what}; {}",
            style.dim("waiting for changes, Ctrl-C ends")
        ));
    }

    fn say(&self, line: &str) {
        self.terminal.remark(line);
    }
}

/// The findings that were not there before, and those that are not there any more. A finding whose place has moved, since
/// lines above it have changed, is the same.
fn difference(last: &[Diagnostic], now: &[Diagnostic]) -> (Vec<Diagnostic>, Vec<Diagnostic>) {
    let without = |all: &[Diagnostic], known: &[Diagnostic]| {
        let mut known: Vec<_> = known.iter().map(key).collect();
        let mut rest = Vec::new();
        for finding in all {
            match known.iter().position(|known| *known == key(finding)) {
                Some(at) => {
                    known.swap_remove(at);
                }
                None => rest.push(finding.clone()),
            }
        }
        rest
    };
    (without(now, last), without(last, now))
}

fn key(finding: &Diagnostic) -> (&str, &str, &str) {
    (
        finding.code.as_str(),
        finding.primary.source.path(),
        &finding.message,
    )
}
