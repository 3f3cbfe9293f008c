//! The example programs do what their first lines say.

use crate::folder::Folder;
use crate::terminal::line;

#[test]
fn an_action_of_ones_own() {
    let folder = Folder::empty();
    let run = |arguments: &[&str]| line(&folder.path(), "example-custom-action", arguments).run();
    let ended = run(&["Ada@Example.com"]).assert_code(0);
    assert_eq!(ended.stdout, "200 {\"user\":\"ada\"}\n");
    let ended = run(&["ada@elsewhere.com"]).assert_code(0);
    assert!(
        ended.stdout.starts_with("403 {") && ended.stdout.contains("not_invited"),
        "{}",
        ended.transcript()
    );
    assert!(
        ended.stdout.contains("ada@elsewhere.com is not invited."),
        "{}",
        ended.transcript()
    );
    let ended = run(&["ada"]).assert_code(1);
    assert!(ended.stderr.contains("`email`"), "{}", ended.transcript());
}

#[test]
fn the_engine_in_a_program() {
    let folder = Folder::empty();
    let ended = line::<&str>(&folder.path(), "example-embedded-engine", &[])
        .run()
        .assert_code(0);
    let (first, second) = ended.stdout.split_once("second life").unwrap();
    assert!(!first.contains("replayed"), "{}", ended.transcript());
    assert!(second.contains("replayed"), "{}", ended.transcript());
    // What was recorded is the same in the second life; both end with the list of invitations.
    let result = |text: &str| -> Vec<serde_json::Value> {
        let line = text.lines().find(|line| line.starts_with('[')).unwrap();
        serde_json::from_str(line).unwrap()
    };
    let (first, second) = (result(first), result(second));
    assert_eq!((first.len(), second.len()), (3, 3));
    let guests = |list: &[serde_json::Value]| -> Vec<serde_json::Value> {
        list.iter().map(|it| it["guest"].clone()).collect()
    };
    assert_eq!(guests(&first), ["ada", "grace", "barbara"]);
    assert_eq!(guests(&first), guests(&second));
}
