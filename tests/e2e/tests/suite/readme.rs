//! The README shows what there is: its flows have no findings, its commands can be typed.

use crate::folder::{Folder, read};
#[cfg(unix)]
use crate::served::Served;
use crate::terminal::steady;

/// The words of a command line, as a shell takes them apart. Quotes are single ones.
pub(crate) fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut is_quoted, mut is_begun) = (Vec::new(), String::new(), false, false);
    for c in command.chars() {
        match c {
            '\'' => {
                is_quoted = !is_quoted;
                is_begun = true;
            }
            ' ' if !is_quoted => {
                if is_begun {
                    words.push(std::mem::take(&mut word));
                }
                is_begun = false;
            }
            _ => {
                word.push(c);
                is_begun = true;
            }
        }
    }
    assert!(!is_quoted, "{command} has an open quote");
    if is_begun {
        words.push(word);
    }
    words
}

/// The blocks in a page: language and text, without the indentation of the list that they may stand in.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String, usize)> = None;
    for line in page.lines() {
        let bare = line.trim_start();
        match (&mut open, bare.strip_prefix("```")) {
            (None, Some(language)) => {
                open = Some((language.trim().to_owned(), String::new(), line.len() - bare.len()));
            }
            (Some(_), Some(_)) => blocks.extend(open.take().map(|(language, text, _)| (language, text))),
            (Some((_, text, indent)), None) => {
                text.push_str(line.get(*indent..).unwrap_or_default());
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

#[test]
fn flows_in_the_readme_have_no_findings() {
    let flows: Vec<String> = blocks(&read("README.md"))
        .into_iter()
        .filter(|(language, _)| language == "yaml")
        .map(|(_, text)| text)
        .collect();
    assert!(!flows.is_empty());
    for text in flows {
        let folder = Folder::with(&[("lockgate.yaml", &read("lockgate.yaml"))]);
        if text.starts_with("version:") {
            folder.write("lockgate.yaml", &text);
        } else if text.contains("\ncases:\n") {
            folder.write("flows/sign-up.yaml", &read("flows/sign-up.yaml"));
            folder.write("flows/sign-up.test.yaml", &text);
            folder.lockgate(&["test"]).run().assert_code(0);
        } else {
            folder.write("flows/shown.yaml", &text);
        }
        folder
            .lockgate(&["check", "--deny-warnings"])
            .run()
            .assert_code(0);
    }
}

/// Every command line of `lockgate` in a page: typed at a prompt, through cargo, or named in the text.
fn commands(page: &str) -> Vec<String> {
    let mut commands: Vec<String> = blocks(page)
        .iter()
        .flat_map(|(_, text)| text.lines())
        .filter_map(|line| {
            line.strip_prefix("$ lockgate ")
                .or_else(|| line.strip_prefix("cargo run --release -- "))
        })
        .map(str::to_owned)
        .collect();
    let named = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|code| code.strip_prefix("lockgate "));
    commands.extend(named.map(|code| {
        code.replace("<flow>", "sign-up")
            .replace("[name]", "http.request")
    }));
    commands
}

#[test]
fn every_command_in_the_readme_can_be_typed() {
    let commands = commands(&read("README.md"));
    assert!(commands.len() >= 10, "{commands:?}");
    for command in commands {
        // Where there is no workspace, a command line that is right gets no further than that.
        let folder = Folder::empty();
        let mut arguments = words(&command);
        if arguments[0] == "tenant" {
            arguments.extend(["--seed".to_owned(), "nowhere.json".to_owned()]);
        }
        let ended = folder.lockgate(&arguments).run();
        assert!(
            !ended.stderr.contains("Usage:"),
            "{command}\n{}",
            ended.transcript()
        );
        let is_refused = [
            "error: unrecognized",
            "error: unexpected",
            "error: invalid value",
            "there is no action",
        ];
        assert!(
            !is_refused.iter().any(|text| ended.stderr.contains(text)),
            "{command}\n{}",
            ended.transcript()
        );
    }
}

/// Blank lines in an indented block may have lost their indentation.
fn shown(text: &str) -> String {
    let lines = steady(text);
    let lines: Vec<&str> = lines.trim_end().lines().map(str::trim_end).collect();
    lines.join("\n")
}

#[test]
fn what_the_readme_shows_is_what_is_seen() {
    let page = read("README.md");
    let blocks = blocks(&page);
    let after = |command: &str| {
        let prompt = format!("$ {command}\n");
        let block = blocks.iter().find_map(|(_, text)| text.strip_prefix(&prompt));
        shown(block.unwrap_or_else(|| panic!("the README does not show `{command}`")))
    };
    let folder = Folder::shipped();

    let command = page
        .lines()
        .find_map(|line| line.strip_prefix("cargo run --release -- "))
        .unwrap();
    let ended = folder.lockgate(&words(command)).run().assert_code(0);
    let seen = shown(&format!("{}{}", ended.stderr, ended.stdout));
    assert!(
        blocks.iter().any(|(_, text)| shown(text) == seen),
        "the README does not show\n{seen}"
    );

    for command in ["lockgate scopes", "lockgate connections check --emulated"] {
        let ended = folder.lockgate(&words(command)[1..]).run().assert_code(0);
        assert_eq!(after(command), shown(&ended.stdout), "{command}");
    }

    // Two mistakes in a copy of one flow.
    let folder = Folder::with(&[
        ("lockgate.yaml", &read("lockgate.yaml")),
        ("flows/sign-up.yaml", &read("flows/sign-up.yaml")),
    ]);
    folder.edit("flows/sign-up.yaml", "user_exists:", "user_exist:");
    folder.edit("flows/sign-up.yaml", "if: eq input.plan", "if: eq input.plam");
    let ended = folder.lockgate(&["check"]).run().assert_code(2);
    let is_shown = blocks
        .iter()
        .filter_map(|(_, text)| text.strip_prefix("$ lockgate check\n"))
        .any(|text| shown(text) == shown(&ended.stdout));
    assert!(is_shown, "the README does not show\n{}", ended.stdout);
}

#[test]
#[cfg(unix)]
fn what_the_readme_shows_of_dev_is_what_is_seen() {
    let page = read("README.md");
    let blocks = blocks(&page);
    let folder = Folder::shipped();
    let served = Served::start(&folder, &["dev"]);
    served.until_said("waiting for changes");
    let seen = shown(&served.said());
    let is_shown = |seen: &str| blocks.iter().any(|(_, text)| shown(text) == seen);
    assert!(is_shown(&seen), "the README does not show\n{seen}");

    // The line that can be pasted, and what it gives.
    let input = r#"{"email":"ada@example.com","password":"correct horse 9","plan":"free"}"#;
    let body = served.ask("POST", "/sign-up", input).body;
    let seen = blocks.iter().any(|(_, text)| {
        let (command, answer) = text.split_once('\n').unwrap_or_default();
        command.starts_with("$ curl ") && command.contains(input) && shown(answer) == shown(&body)
    });
    assert!(seen, "the README does not show\n{body}");
}

#[test]
fn variables_of_the_workspace_are_in_the_example_of_the_environment() {
    let example = read(".env.example");
    let workspace = read("lockgate.yaml");
    for name in workspace
        .split("${")
        .skip(1)
        .map(|rest| rest.split('}').next().unwrap())
    {
        assert!(example.contains(&format!("\n{name}=")), "{name}");
        assert!(read("README.md").contains(&format!("{name}=")), "{name}");
    }
}
