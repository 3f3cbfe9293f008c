//! `lockgate test` of what ships, its coverage, the case of a recorded run, and `--watch`.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::emulated::{Emulated, until};
use crate::folder::Folder;
use crate::root;
use crate::terminal::lockgate;

/// The repository's own workspace, and those of its scenarios.
fn workspaces() -> Vec<PathBuf> {
    let mut folders = vec![root()];
    for entry in fs::read_dir(root().join("scenarios")).unwrap() {
        let folder = entry.unwrap().path();
        if folder.join("lockgate.yaml").is_file() {
            folders.push(folder);
        }
    }
    folders.sort();
    assert!(folders.len() > 1);
    folders
}

#[test]
fn every_way_of_what_ships_is_tested_and_all_tests_pass() {
    for folder in workspaces() {
        let ended = lockgate(&folder, &["test", "--ci", "--min-coverage", "100", "--coverage"]).run();
        assert_eq!(
            ended.code,
            Some(0),
            "{}\n{}",
            folder.display(),
            ended.transcript()
        );
        assert!(
            !ended.stdout.contains(" 0 passed"),
            "{} has no tests",
            folder.display()
        );
    }
}

/// The shipped flows with the first case of sign-up's tests, and a flow without tests.
fn partly_tested() -> Folder {
    let folder = Folder::shipped();
    for entry in fs::read_dir(folder.path().join("flows")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.ends_with(".test.yaml") || !["sign-up.yaml", "get-user.yaml"].contains(&name.as_str()) {
            fs::remove_file(path).unwrap();
        }
    }
    folder.write(
        "flows/sign-up.test.yaml",
        "flow: sign-up\ncases:\n  - name: a <free> plan\n    input: { email: ada@example.com, password: correct horse 9 }\n",
    );
    folder
}

#[test]
fn what_has_not_run_is_told_with_its_place() {
    let folder = partly_tested();
    let ended = folder.lockgate(&["test", "--coverage"]).run().assert_code(0);
    for line in [
        "get-user  0/3    0 %   0/1       0 %\n",
        "sign-up   2/5    40 %  1/4       25 %\n",
        "  flows/sign-up.yaml:31 steps/0/on_error/user_exists/0 (fail email_taken)",
    ] {
        assert!(ended.stdout.contains(line), "{line} in {}", ended.stdout);
    }
    let missed = |line: &str| ended.stdout.lines().any(|found| found.ends_with(line));
    assert!(
        missed("steps/0 on_error/weak_password (user)"),
        "{}",
        ended.stdout
    );
    assert!(missed("steps/1 then (grant quota)"), "{}", ended.stdout);
}

#[test]
fn too_little_coverage_is_a_failure() {
    let folder = partly_tested();
    let ended = folder
        .lockgate(&["test", "--min-coverage", "90"])
        .run()
        .assert_code(1);
    for line in [
        "✗ get-user: 0 of 3 steps were taken (0 %), and 90 % are wanted",
        "✗ sign-up: 1 of 4 branches were taken (25 %), and 90 % are wanted",
    ] {
        assert!(ended.stderr.contains(line), "{line} in {}", ended.stderr);
    }
    // What was not asked for is not missed.
    let some = ["test", "sign-up", "--min-coverage", "25"];
    folder.lockgate(&some).run().assert_code(0);
    let asked = [
        "test",
        "--min-coverage",
        "26",
        "--format",
        "json",
        "--filter",
        "sign-up",
    ];
    let report = folder.lockgate(&asked).run().assert_code(1).json();
    let coverage = &report["coverage"];
    assert_eq!(coverage["flows"].as_array().unwrap().len(), 1);
    assert_eq!(
        coverage["flows"][0]["branches"],
        json!({ "covered": 1, "total": 4, "percent": 25.0 })
    );
    assert_eq!(coverage["min"], 26);
    assert_eq!(coverage["lacks"].as_array().unwrap().len(), 1, "{coverage}");
    assert_eq!(coverage["lacks"][0]["what"], "branches");
    // A flow that cannot run is none that is covered.
    folder.write("flows/broken.yaml", "steps: [{ nothing: 1 }]\n");
    folder
        .lockgate(&["test", "--min-coverage", "0"])
        .run()
        .assert_code(2);
}

#[test]
fn pictures_and_junit_are_written_into_files() {
    let folder = partly_tested();
    let arguments = [
        "test",
        "--coverage-svg",
        "out/pictures",
        "--junit",
        "out/junit.xml",
    ];
    folder.lockgate(&arguments).run().assert_code(0);
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let picture = read("out/pictures/sign-up.svg");
    assert!(picture.contains("2 of 5 steps, 1 of 4 branches"), "{picture}");
    assert!(picture.contains("class=\"node action missed\""), "{picture}");
    assert!(read("out/pictures/get-user.svg").contains("0 of 3 steps"));
    let junit = read("out/junit.xml");
    assert!(
        junit.contains("<testcase name=\"a &lt;free&gt; plan\" classname=\"sign-up\""),
        "{junit}"
    );
    let into_one = ["test", "--coverage-svg", "all.svg"];
    let ended = folder.lockgate(&into_one).run().assert_code(2);
    assert!(
        ended.stderr.contains("2 flows are not drawn into one file"),
        "{}",
        ended.stderr
    );
    folder
        .lockgate(&["test", "sign-up", "--coverage-svg", "one.svg"])
        .run()
        .assert_code(0);
    assert!(read("one.svg").starts_with("<svg "));
}

#[cfg(unix)]
#[test]
fn a_recorded_run_is_a_case_once_its_gaps_are_filled() {
    use crate::served::Served;

    let tenant = Emulated::start();
    let folder = Folder::connected(&tenant);
    let served = Served::start(&folder, &["serve"]);
    let person = r#"{ "email": "ada@example.com", "password": "correct horse 9", "plan": "pro" }"#;
    assert_eq!(served.ask("POST", "/sign-up", person).status, 201);
    // Somebody has the address by now.
    assert_eq!(served.ask("POST", "/sign-up", person).status, 409);
    served.end("TERM").assert_code(0);

    let shown = folder
        .lockgate(&["test", "--record", "last"])
        .run()
        .assert_code(0);
    for part in [
        "password: \"${GAP: password}\"",
        "tenant: { users: [{ connection: Username-Password-Authentication, email: ada@example.com }] }",
        "code: email_taken",
    ] {
        assert!(shown.stdout.contains(part), "{part} in {}", shown.stdout);
    }
    assert!(!shown.stdout.contains("correct horse"), "{}", shown.stdout);

    let runs = folder
        .lockgate(&["runs", "list", "--json"])
        .run()
        .assert_code(0)
        .json();
    let file = "flows/sign-up.test.yaml";
    let before = fs::read_to_string(folder.path().join(file)).unwrap();
    for run in runs["runs"].as_array().unwrap() {
        let id = run["id"].as_str().unwrap();
        folder
            .lockgate(&["test", "--record", id, "-o", file])
            .run()
            .assert_code(0);
    }
    let after = fs::read_to_string(folder.path().join(file)).unwrap();
    assert!(after.starts_with(before.trim_end()), "{after}");
    let ended = folder.lockgate(&["test", "sign-up"]).run().assert_code(2);
    assert_eq!(
        ended.stderr.matches("`password` is a gap").count(),
        2,
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains(&format!("--> {file}:")), "{}", ended.stderr);

    folder.write(file, &after.replace("${GAP: password}", "correct horse 9"));
    let ended = folder
        .lockgate(&["test", "sign-up", "--filter", "recorded"])
        .run()
        .assert_code(0);
    assert!(ended.stdout.contains("✓ 2 passed"), "{}", ended.stdout);
    // They expect what was: another answer fails them.
    folder.edit("flows/sign-up.yaml", "status: 201", "status: 200");
    folder.edit(
        "flows/sign-up.yaml",
        "email_taken, status: 409",
        "email_taken, status: 400",
    );
    let ended = folder
        .lockgate(&["test", "sign-up", "--filter", "recorded"])
        .run()
        .assert_code(1);
    assert!(ended.stdout.contains("2 failed"), "{}", ended.stdout);
}

#[cfg(unix)]
#[test]
fn what_a_change_concerns_is_tested_again_until_ctrl_c() {
    let folder = Folder::shipped();
    let mut child = folder.lockgate(&["test", "--watch"]).spawn();
    let said: Arc<Mutex<Vec<String>>> = Arc::default();
    let into = Arc::clone(&said);
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || {
        for line in stdout.lines() {
            into.lock().unwrap().push(line.unwrap());
        }
    });
    let summary = |nth: usize| {
        let find = || {
            let said = said.lock().unwrap();
            let mut summaries = said.iter().filter(|line| line.contains(" passed"));
            summaries.nth(nth).cloned()
        };
        until("a round", || find().is_some());
        find().unwrap()
    };
    let whole = summary(0);
    assert!(whole.starts_with("✓ "), "{whole}");
    let all = whole.split(' ').nth(1).unwrap().to_owned();
    // Tests of the flow alone.
    folder.edit("flows/sign-up.yaml", "status: 201", "status: 200");
    let failed = summary(1);
    assert!(failed.contains("failed in"), "{failed}");
    assert!(
        failed.ends_with("after a change of flows/sign-up.yaml"),
        "{failed}"
    );
    folder.edit("flows/sign-up.yaml", "status: 200", "status: 201");
    let mended = summary(2);
    assert!(
        mended.starts_with("✓ ") && !mended.starts_with(&format!("✓ {all} ")),
        "{mended}"
    );
    // Tests of all.
    let workspace = fs::read_to_string(folder.path().join("lockgate.yaml")).unwrap();
    folder.write("lockgate.yaml", &format!("{workspace}\n"));
    let again = summary(3);
    assert!(again.starts_with(&format!("✓ {all} passed")), "{again}");
    crate::tenant_command::signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    reader.join().unwrap();
}

/// All scenarios in one workspace: no file, route, flow or connection of one is in the way of another.
#[test]
fn scenarios_fit_together() {
    let folder = tempfile::tempdir().unwrap();
    let mut names: Vec<String> = std::fs::read_dir(root().join("scenarios"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 15);
    for name in &names {
        let arguments = ["new", "all", "--no-input", "--scenario", name.as_str()];
        crate::terminal::lockgate(folder.path(), &arguments)
            .run()
            .assert_code(0);
    }
    let all = folder.path().join("all");
    for arguments in [
        &["check", "--deny-warnings"][..],
        &["test", "--ci", "--min-coverage", "100"],
    ] {
        crate::terminal::lockgate(&all, arguments).run().assert_code(0);
    }
}
