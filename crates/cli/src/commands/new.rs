//! `lockgate new`.

use std::io::IsTerminal as _;
use std::path::Path;

use anyhow::Result;

use crate::args::NewArgs;
use crate::catalogue;
use crate::exit::{Exit, Mistake};
use crate::scenarios::{self, Plan};
use crate::terminal::Terminal;
use crate::workspace::{self, Loaded};

/// What a new workspace holds.
const FILES: [(&str, &str); 4] = [
    ("lockgate.yaml", include_str!("../../templates/lockgate.yaml")),
    ("flows/hello.yaml", include_str!("../../templates/hello.yaml")),
    (".env.example", include_str!("../../templates/env.example")),
    (".gitignore", include_str!("../../templates/gitignore")),
];

pub(super) fn new(folder: &Path, args: &NewArgs, terminal: &Terminal) -> Result<Exit> {
    match (&args.folder, args.scenario.as_slice()) {
        (Some(name), []) => begin(folder, name, terminal),
        (Some(name), scenarios) => add(&folder.join(name), Some(name), scenarios, args, terminal),
        (None, scenarios) => {
            // To the workspace around; a scenario brings one where there is none.
            let root = workspace::root_of(folder).unwrap_or(folder);
            add(root, None, scenarios, args, terminal)
        }
    }
}

/// Begins a workspace with a first flow.
fn begin(folder: &Path, name: &Path, terminal: &Terminal) -> Result<Exit> {
    let root = folder.join(name);
    let there: Vec<&str> = FILES
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| root.join(name).symlink_metadata().is_ok())
        .collect();
    if !there.is_empty() {
        return Err(
            Mistake::new(format!("{} holds {} already", name.display(), there.join(", ")))
                .help("nothing was written; choose another folder")
                .into(),
        );
    }
    let style = terminal.stderr_style();
    let plan = Plan {
        new: FILES
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect(),
        ..Plan::default()
    };
    plan.write(&root)?;
    for (path, _) in &plan.new {
        terminal.remark(&format!("{} {}", style.good("✓"), name.join(path).display()));
    }
    terminal.remark(&format!(
        "\nNext:\n{}  lockgate check\n  lockgate run hello --emulated --input name=Ada\n  lockgate dev            \
         serves it over HTTP while you write it\n  cp .env.example .env    \
         then fill it in, and `lockgate connections check`",
        enter(Some(name))
    ));
    Ok(Exit::Done)
}

/// Adds scenarios to a folder: all of them, or nothing.
fn add(
    root: &Path,
    name: Option<&Path>,
    scenarios: &[String],
    args: &NewArgs,
    terminal: &Terminal,
) -> Result<Exit> {
    let style = terminal.stderr_style();
    for scenario in scenarios {
        let scenario = scenarios::find(scenario)?;
        let plan = Plan::of(root, &scenario)?;
        if !plan.clashes.is_empty() {
            for clash in &plan.clashes {
                terminal.print(&clash.diff)?;
                if let Some(reason) = &clash.reason {
                    terminal.remark(&format!("{}: {}: {reason}", style.warn("note"), clash.path));
                }
            }
            let paths: Vec<&str> = plan.clashes.iter().map(|clash| clash.path.as_str()).collect();
            return Err(Mistake::new(format!(
                "the scenario `{}` has other files than this workspace: {}",
                scenario.name,
                paths.join(", ")
            ))
            .help("nothing of it was written; rename yours, or take over what you want of the differences above")
            .into());
        }
        if !args.dry_run {
            plan.write(root)?;
        }
        for (path, _) in &plan.new {
            terminal.remark(&format!("{} {path}", style.good("+")));
        }
        for grown in &plan.grown {
            terminal.remark(&format!("{} {}", style.warn("~"), grown.path));
            if args.dry_run {
                terminal.print(&grown.diff())?;
            }
        }
        for path in &plan.same {
            terminal.remark(&style.dim(&format!("= {path}")));
        }
        for note in &plan.notes {
            terminal.remark(&format!("{}: {note}", style.warn("note")));
        }
    }
    if args.dry_run {
        terminal.remark("nothing was written: --dry-run");
        return Ok(Exit::Done);
    }
    fill_in(root, args.no_input, terminal)?;
    terminal.remark(&format!(
        "\nNext:\n{}  lockgate check\n  lockgate test\n  lockgate scenarios {}",
        enter(name),
        scenarios.last().map_or("", String::as_str)
    ));
    Ok(Exit::Done)
}

/// Asks for variables that have no value, or says which they are.
fn fill_in(root: &Path, no_input: bool, terminal: &Terminal) -> Result<()> {
    let loaded = Loaded::find(root, &catalogue::catalog(), &[])?;
    let mut gaps = scenarios::gaps(&loaded);
    if !gaps.is_empty() && !no_input && std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        terminal.remark("\nValues for `.env`; Enter leaves one open:");
        let filled = scenarios::ask(root, &gaps)?;
        gaps.retain(|gap| !filled.contains(&gap.variable));
    }
    if !gaps.is_empty() {
        terminal.remark("\nLeft open, to be set in the environment or in `.env`:");
        for gap in &gaps {
            terminal.remark(&format!("  {}", gap.describe()));
        }
    }
    Ok(())
}

/// The line that goes to a new folder.
fn enter(name: Option<&Path>) -> String {
    match name.and_then(|name| name.as_os_str().to_str()) {
        Some(".") => String::new(),
        _ => name.map_or_else(String::new, |name| {
            format!("  cd {}\n", shell_word(&name.display().to_string()))
        }),
    }
}

/// A word as a shell takes it: quoted where it holds more than letters, digits and what paths are made of.
fn shell_word(text: &str) -> String {
    // `cd` would take it for an option.
    let text = &if text.starts_with('-') {
        format!("./{text}")
    } else {
        text.to_owned()
    };
    let is_plain = |letter: char| letter.is_alphanumeric() || "/._-+:@%".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.clone()
    } else if cfg!(windows) {
        format!("\"{text}\"")
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use lockgate_flow::source::Source;
    use lockgate_flow::workspace::Workspace;

    use super::*;
    use crate::terminal::ColorChoice;

    #[test]
    fn what_is_made_has_no_findings() {
        let source = |name: &str| {
            let (_, text) = FILES.iter().find(|(file, _)| *file == name).unwrap();
            Source::new(name, *text)
        };
        let checked = Workspace::check(
            Some(&source("lockgate.yaml")),
            &[source("flows/hello.yaml")],
            &catalogue::catalog(),
        );
        let found: Vec<_> = checked
            .diagnostics
            .iter()
            .map(|finding| finding.message.as_str())
            .collect();
        assert_eq!(found, Vec::<&str>::new());
        let hello = checked.flow("hello").unwrap().flow.as_deref().unwrap();
        assert!(hello.syntax.trigger.http.is_some(), "`dev` has nothing to show");
        // The variables that the file reads are those of the example.
        let (_, example) = FILES[2];
        for (variable, _) in checked.connections()[0].variables() {
            assert!(example.contains(&format!("{variable}=")), "{variable}");
        }
    }

    #[test]
    #[cfg(not(windows))]
    fn a_folder_can_be_pasted_into_a_shell() {
        for (folder, expected) in [
            ("my-flows", "my-flows"),
            ("a/ü.b", "a/ü.b"),
            ("a b", "'a b'"),
            ("it's $x", r"'it'\''s $x'"),
            ("-a", "./-a"),
            ("- a", "'./- a'"),
        ] {
            assert_eq!(shell_word(folder), expected);
        }
    }

    #[test]
    fn nothing_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let terminal = Terminal::new(ColorChoice::Never, true);
        std::fs::write(folder.path().join(".gitignore"), "mine").unwrap();
        let args = |folder: &str| NewArgs {
            folder: Some(folder.into()),
            scenario: Vec::new(),
            no_input: true,
            dry_run: false,
        };
        let here = args(".");
        let error = new(folder.path(), &here, &terminal).unwrap_err();
        assert_eq!(error.to_string(), ". holds .gitignore already");
        assert!(!folder.path().join("lockgate.yaml").exists());
        assert_eq!(
            std::fs::read_to_string(folder.path().join(".gitignore")).unwrap(),
            "mine"
        );

        let sub = args("a/b");
        assert_eq!(new(folder.path(), &sub, &terminal).unwrap(), Exit::Done);
        assert!(folder.path().join("a/b/flows/hello.yaml").is_file());
        assert!(new(folder.path(), &sub, &terminal).is_err());
    }
}
