//! `lockgate new`.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result};

use crate::args::NewArgs;
use crate::exit::{Exit, Mistake};
use crate::terminal::Terminal;

/// What a new workspace holds.
const FILES: [(&str, &str); 4] = [
    ("lockgate.yaml", include_str!("../../templates/lockgate.yaml")),
    ("flows/hello.yaml", include_str!("../../templates/hello.yaml")),
    (".env.example", include_str!("../../templates/env.example")),
    (".gitignore", include_str!("../../templates/gitignore")),
];

pub(super) fn new(folder: &Path, args: &NewArgs, terminal: &Terminal) -> Result<Exit> {
    let root = folder.join(&args.folder);
    let there: Vec<&str> = FILES
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| root.join(name).symlink_metadata().is_ok())
        .collect();
    if !there.is_empty() {
        return Err(Mistake::new(format!(
            "{} holds {} already",
            args.folder.display(),
            there.join(", ")
        ))
        .help("nothing was written; choose another folder")
        .into());
    }
    let style = terminal.stderr_style();
    for (name, text) in FILES {
        let path = root.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
        }
        // Never over something that came in between.
        std::fs::File::create_new(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .with_context(|| format!("writing {}", path.display()))?;
        terminal.remark(&format!(
            "{} {}",
            style.good("✓"),
            args.folder.join(name).display()
        ));
    }
    let enter = match args.folder.as_os_str().to_str() {
        Some(".") => String::new(),
        _ => format!("  cd {}\n", shell_word(&args.folder.display().to_string())),
    };
    terminal.remark(&format!(
        "\nNext:\n{enter}  lockgate check\n  lockgate run hello --emulated --input name=Ada\n  lockgate dev            \
         serves it over HTTP while you write it\n  cp .env.example .env    \
         then fill it in, and `lockgate connections check`"
    ));
    Ok(Exit::Done)
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
    use crate::catalogue;
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
        let here = NewArgs { folder: ".".into() };
        let error = new(folder.path(), &here, &terminal).unwrap_err();
        assert_eq!(error.to_string(), ". holds .gitignore already");
        assert!(!folder.path().join("lockgate.yaml").exists());
        assert_eq!(
            std::fs::read_to_string(folder.path().join(".gitignore")).unwrap(),
            "mine"
        );

        let sub = NewArgs { folder: "a/b".into() };
        assert_eq!(new(folder.path(), &sub, &terminal).unwrap(), Exit::Done);
        assert!(folder.path().join("a/b/flows/hello.yaml").is_file());
        assert!(new(folder.path(), &sub, &terminal).is_err());
    }
}
