//! `lockgate run` as it is seen: every end that a run can have.

use lockgate_tenant::SeedUser;
use serde_json::json;

use crate::emulated::Emulated;
use crate::folder::{Folder, read};
use crate::root;
use crate::terminal::lockgate;

const ADA: [&str; 4] = [
    "--input",
    "email=ada@example.com",
    "--input",
    "password=correct horse 9",
];

fn with<'a>(first: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    first.iter().chain(more).copied().collect()
}

#[test]
fn a_run_that_succeeds() {
    let folder = Folder::shipped();
    let arguments = with(&["run", "sign-up", "--emulated", "--input", "plan=pro"], &ADA);
    let run = |more: &[&str]| folder.lockgate(&with(&arguments, more)).run().assert_code(0);
    run(&[]).snapshot("run-succeeds");
    run(&["--quiet"]).snapshot("run-succeeds-quiet");
    run(&["--trace"]).snapshot("run-succeeds-trace");
    run(&["--json"]).snapshot("run-succeeds-json");
    run(&["--json", "--trace", "--quiet"]).snapshot("run-succeeds-json-trace-quiet");
    run(&["--color", "always"]).snapshot("run-succeeds-color");
}

#[test]
fn colours_are_for_terminals_and_nobody_who_said_no() {
    let folder = Folder::shipped();
    let arguments = with(&["run", "create-user", "--emulated"], &ADA);
    for (line, is_coloured) in [
        (folder.lockgate(&arguments), false),
        (folder.lockgate(&arguments).env("NO_COLOR", "1"), false),
        (folder.lockgate(&arguments).env("TERM", "dumb"), false),
        (folder.lockgate(&with(&arguments, &["--color", "always"])), true),
        (folder.lockgate(&with(&arguments, &["--color=never"])), false),
    ] {
        let ended = line.run().assert_code(0);
        let text = ended.transcript();
        assert_eq!(text.contains('\u{1b}'), is_coloured, "{text}");
    }
}

#[test]
fn the_command_of_the_readme() {
    let readme = read("README.md");
    let prefix = "cargo run --release -- ";
    let command = readme
        .lines()
        .find_map(|line| line.strip_prefix(prefix))
        .expect("the README runs a flow");
    let arguments = crate::readme::words(command);
    lockgate(&root(), &arguments)
        .run()
        .assert_code(0)
        .snapshot("readme-run");
}

#[test]
fn a_run_that_fails() {
    let folder = Folder::shipped();
    folder.write(
        "flows/refuse.yaml",
        "steps:\n  - name: not today\n    fail: { code: closed, status: 503, message: We are closed., details: { until: monday } }\n",
    );
    let run = |arguments: &[&str]| folder.lockgate(arguments).run().assert_code(1);
    let nobody = [
        "run",
        "get-user",
        "--emulated",
        "--input",
        "user_id=auth0|507f1f77bcf86cd799439020",
    ];
    run(&nobody).snapshot("run-fails-handled");
    run(&with(&nobody, &["--json"])).snapshot("run-fails-handled-json");
    run(&with(&nobody, &["--quiet"])).snapshot("run-fails-handled-quiet");
    run(&["run", "refuse"]).snapshot("run-fails-details");
    run(&["run", "refuse", "--json"]).snapshot("run-fails-details-json");
    let weak = [
        "run",
        "create-user",
        "--emulated",
        "--input",
        "email=ada@example.com",
        "--input",
        "password=password",
    ];
    let ended = folder.lockgate(&weak).run();
    // The emulated database accepts any password of eight characters.
    assert_eq!(ended.code, Some(0), "{}", ended.transcript());
}

#[test]
fn what_auth0_says_is_shown() {
    let tenant = Emulated::with_faults(&["400:method=POST,path=/api/v2/users"]);
    let folder = Folder::connected(&tenant);
    let arguments = with(&["run", "create-user"], &ADA);
    folder
        .lockgate(&arguments)
        .run()
        .assert_code(1)
        .snapshot("run-fails-provider");
    let json = folder
        .lockgate(&with(&arguments, &["--json"]))
        .run()
        .assert_code(1);
    json.snapshot("run-fails-provider-json");
    assert_eq!(json.json()["error"]["code"], "invalid_request");
}

#[test]
fn an_error_that_is_handled() {
    let tenant = Emulated::start();
    let folder = Folder::connected(&tenant);
    let sign_up = with(&["run", "sign-up"], &ADA);
    folder.lockgate(&sign_up).run().assert_code(0);
    folder
        .lockgate(&sign_up)
        .run()
        .assert_code(1)
        .snapshot("run-user-exists");
    let people =
        r#"{"people": [{"email": "ada@example.com"}, {"email": "alan@example.com", "name": "Alan"}]}"#;
    let invite = folder
        .lockgate(&["run", "bulk-invite", "--input-json", people])
        .run()
        .assert_code(0);
    assert_eq!(tenant.emails(), ["ada@example.com", "alan@example.com"]);
    assert_eq!(invite.json()["invited"][0]["problem"], "user_exists");
    assert_eq!(invite.json()["invited"][1]["problem"], json!(null));
}

#[test]
fn every_shipped_flow_runs_as_its_comment_says() {
    let seed = SeedUser::list_from_json(
        r#"[{"connection": "Username-Password-Authentication", "user_id": "507f1f77bcf86cd799439020", "email": "grace@example.com", "password": "correct horse 9"}]"#,
    );
    let tenant = Emulated::built(lockgate_tenant::Tenant::builder().seed(seed.unwrap()));
    let folder = Folder::connected(&tenant);
    let id = tenant.users()[0]["user_id"].as_str().unwrap().to_owned();
    let mut ran = 0;
    for entry in std::fs::read_dir(root().join("flows")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        // Beside a flow stands its test, `<name>.test.yaml`.
        if name.strip_suffix(".yaml").is_none_or(|stem| stem.contains('.')) {
            continue;
        }
        let text = read(&format!("flows/{name}"));
        let command = text
            .lines()
            .find_map(|line| line.strip_prefix("#   lockgate "))
            .expect(&name);
        if name == "sync-profile.yaml" {
            continue; // needs a profile service, see `sync_profile`
        }
        let arguments: Vec<String> = crate::readme::words(command)
            .into_iter()
            .filter(|word| word != "--emulated")
            .map(|word| {
                if word.starts_with("user_id=") {
                    format!("user_id={id}")
                } else {
                    word
                }
            })
            .collect();
        let ended = folder.lockgate(&arguments).run();
        // Several of them create Ada; the first one succeeds.
        let code = ended.code.unwrap();
        let is_taken = ended.stderr.contains("[email_taken]") || ended.stderr.contains("[user_exists]");
        assert!(
            code == 0 || code == 1 && is_taken,
            "{name}\n{}",
            ended.transcript()
        );
        ran += 1;
    }
    assert_eq!(ran, 6);
    assert_eq!(
        tenant.emails(),
        ["ada@example.com", "alan@example.com", "grace@example.com"]
    );
}

#[test]
fn input_that_does_not_fit() {
    let folder = Folder::shipped();
    let run = |arguments: &[&str]| folder.lockgate(arguments).run().assert_code(2);
    run(&[
        "run",
        "sign-up",
        "--input",
        "email=ada",
        "--input",
        "plam=pro",
        "--input",
        "plan=gold",
    ])
    .snapshot("input-mistakes");
    run(&["run", "sign-up", "--input", "email=ada", "--json"]).snapshot("input-mistakes-json");
    run(&["run", "sign-up", "--input", "email"]).snapshot("input-no-value");
    run(&["run", "sign-up", "--input-json", "{"]).snapshot("input-no-json");
    run(&["run", "sign-up", "--input", "password=@nowhere.txt"]).snapshot("input-no-file");
}

#[test]
fn input_from_files_and_stdin() {
    let folder = Folder::shipped();
    folder.write("secret.txt", "correct horse 9\n");
    folder.write(
        "person.json",
        r#"{"email": "ada@example.com", "password": "correct horse 9"}"#,
    );
    let email = |ended: crate::terminal::Ended| ended.assert_code(0).json()["email"].clone();
    let run = |more: &[&str]| folder.lockgate(&with(&["run", "create-user", "--emulated"], more));
    let password = [
        "--input",
        "email=ada@example.com",
        "--input",
        "password=@secret.txt",
    ];
    assert_eq!(email(run(&password).run()), "ada@example.com");
    assert_eq!(
        email(run(&["--input-json", "@person.json"]).run()),
        "ada@example.com"
    );
    let person = r#"{"email": "alan@example.com", "password": "correct horse 9"}"#;
    assert_eq!(
        email(run(&["--input-json", "-"]).stdin(person).run()),
        "alan@example.com"
    );
}

#[test]
fn what_cannot_be_run() {
    let folder = Folder::shipped();
    folder.write("flows/broken.yaml", include_str!("broken.yaml"));
    let run = |arguments: &[&str]| folder.lockgate(arguments).run().assert_code(2);
    run(&["run", "broken"]).snapshot("run-broken");
    assert_eq!(run(&["run", "broken", "--json"]).json()["status"], "invalid");
    run(&["run", "singup"]).snapshot("run-unknown-flow");
    run(&["run", "singup", "--json"]).snapshot("run-unknown-flow-json");
    run(&with(&["run", "create-user"], &ADA)).snapshot("run-no-credentials");
    let json = run(&with(&["run", "create-user", "--json"], &ADA));
    assert_eq!(json.json()["error"]["code"], "LG0704", "{}", json.transcript());
    // A mistake in one flow does not keep the others from running.
    folder
        .lockgate(&with(&["run", "create-user", "--emulated"], &ADA))
        .run()
        .assert_code(0);
    // Nobody is asked before everything is known to fit.
    let nowhere = Folder::empty();
    nowhere
        .lockgate(&["run", "sign-up"])
        .run()
        .assert_code(2)
        .snapshot("run-no-workspace");
    nowhere
        .lockgate(&["-C", "nowhere", "check"])
        .run()
        .assert_code(2)
        .snapshot("no-folder");
}
