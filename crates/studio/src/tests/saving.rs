//! Files: read, saved, deleted.

use serde_json::{Value, json};

use super::stand::{FLOW, GREET, Stand};
use crate::files::{FileError, version_of};

const FILE: &str = "/api/files/flows/greet.yaml";

fn save(base: Option<&str>, text: &str) -> Value {
    let version = base.map(|base| version_of(base.as_bytes()));
    json!({ "base": version, "base_text": base.unwrap_or_default(), "text": text })
}

#[tokio::test]
async fn a_file_is_read_and_saved_as_it_is() {
    let stand = Stand::new();
    let text = "name: greet\r\nsteps: [] # Zoë 🎉\r\n\r\n";
    let saved = stand.put(FILE, save(Some(GREET), text)).await;
    assert_eq!(
        (saved.status, &saved.json()["version"]),
        (200, &json!(version_of(text.as_bytes())))
    );
    let read = stand.get(FILE).await.json();
    assert_eq!(
        read,
        json!({ "path": "flows/greet.yaml", "text": text, "version": version_of(text.as_bytes()) })
    );
}

#[tokio::test]
async fn new_files_are_flows_and_tests() {
    let stand = Stand::new();
    for path in ["flows/new.yaml", "flows/deep/new.test.yaml"] {
        let saved = stand.put(&format!("/api/files/{path}"), save(None, "x")).await;
        assert_eq!(saved.status, 200, "{}", saved.text);
        assert_eq!(stand.files.text(path).unwrap(), "x");
    }
    for path in ["lockgate.yaml", "connectors/new.yaml"] {
        let saved = stand.put(&format!("/api/files/{path}"), save(None, "x")).await;
        saved.is_refused(403, "not_allowed");
    }
    // There is one.
    let conflict = stand.put(FILE, save(None, "x")).await;
    conflict.is_refused(409, "conflict");
    assert_eq!(
        (&conflict.json()["theirs"]["text"], &conflict.json()["merged"]),
        (&json!(GREET), &Value::Null)
    );
}

#[tokio::test]
async fn what_somebody_else_has_written_is_never_written_over() {
    let stand = Stand::new();
    let theirs = GREET.replace("hello", "goodbye");
    stand.files.put("flows/greet.yaml", &theirs);
    let ours = GREET.replace("name: greet", "name: greeting");
    let conflict = stand.put(FILE, save(Some(GREET), &ours)).await;
    conflict.is_refused(409, "conflict");
    let conflict = conflict.json();
    assert_eq!(conflict["theirs"]["version"], version_of(theirs.as_bytes()));
    let merged = "name: greeting\nsteps:\n  - return: goodbye\n";
    assert_eq!(conflict["merged"], merged);
    assert_eq!(stand.files.text("flows/greet.yaml").unwrap(), theirs);
    // With what they have written as the base, it is.
    assert_eq!(stand.put(FILE, save(Some(&theirs), merged)).await.status, 200);
    // Both have changed one line.
    stand.files.put("flows/greet.yaml", GREET);
    let conflict = stand
        .put(FILE, save(Some(&theirs), &theirs.replace("goodbye", "adieu")))
        .await
        .json();
    assert_eq!(
        (&conflict["theirs"]["text"], &conflict["merged"]),
        (&json!(GREET), &Value::Null)
    );
    // A base that the text is not of merges nothing.
    let mut lie = save(Some(&theirs), &ours);
    lie["base_text"] = json!("name: else\n");
    assert_eq!(stand.put(FILE, lie).await.json()["merged"], Value::Null);
    // It was deleted.
    stand.files.remove("flows/greet.yaml");
    let conflict = stand.put(FILE, save(Some(GREET), &ours)).await.json();
    assert_eq!(
        (&conflict["theirs"], &conflict["merged"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(stand.files.text("flows/greet.yaml"), None);
}

#[tokio::test]
async fn only_flows_and_tests_of_the_version_that_was_meant_are_deleted() {
    let stand = Stand::new();
    let version = version_of(FLOW.as_bytes());
    let delete = async |path: &str, version: &str| {
        let line = format!("DELETE /api/files/{path}{version}");
        stand.send(&line, "", "").await
    };
    let query = format!("?version={version}");
    delete("flows/sign-up.yaml", "")
        .await
        .is_refused(400, "malformed_request");
    delete("flows/sign-up.yaml", &format!("{query}&more=1"))
        .await
        .is_refused(400, "malformed_request");
    delete("flows/sign-up.yaml", "?version=00")
        .await
        .is_refused(409, "conflict");
    delete("lockgate.yaml", &query)
        .await
        .is_refused(403, "not_allowed");
    delete("connectors/own.yaml", &query)
        .await
        .is_refused(403, "not_allowed");
    delete("flows/nobody.yaml", &query)
        .await
        .is_refused(404, "no_such_file");
    assert_eq!(delete("flows/sign-up.yaml", &query).await.status, 204);
    assert_eq!(stand.files.text("flows/sign-up.yaml"), None);
}

#[tokio::test]
async fn paths_lead_to_files_of_the_workspace_only() {
    let stand = Stand::new();
    for path in [
        ".env",
        "flows/.env",
        "flows/..%2f.env",
        "flows/%2e%2e/.env",
        "..%2f..%2fetc%2fpasswd",
        "%2fetc%2fpasswd",
        "flows%5ca.yaml",
        "flows/..%5c..%5ca.yaml",
        "flows/a.yaml%00",
        "flows/a%00.yaml",
        "flows/%252e%252e/a.yaml/",
        "flows/a.yml",
        "flows//a.yaml",
        "flows/",
        "schemas/a.yaml",
    ] {
        let path = format!("/api/files/{path}");
        stand.get(&path).await.is_refused(404, "no_such_file");
        stand
            .put(&path, save(None, "x"))
            .await
            .is_refused(404, "no_such_file");
        let line = format!("DELETE {path}?version=00");
        stand.send(&line, "", "").await.is_refused(404, "no_such_file");
    }
    stand
        .get("/api/files/flows/%ff.yaml")
        .await
        .is_refused(400, "malformed_request");
    stand
        .get("/api/files/flows/nobody.yaml")
        .await
        .is_refused(404, "no_such_file");
}

#[tokio::test]
async fn a_studio_that_may_only_look_changes_nothing() {
    let stand = Stand::with(false);
    assert_eq!(stand.get("/api/workspace").await.json()["is_writable"], false);
    stand
        .put(FILE, save(Some(GREET), "x"))
        .await
        .is_refused(403, "forbidden");
    stand
        .put("/api/files/flows/new.yaml", save(None, "x"))
        .await
        .is_refused(403, "forbidden");
    let version = version_of(GREET.as_bytes());
    let line = format!("DELETE {FILE}?version={version}");
    stand.send(&line, "", "").await.is_refused(403, "forbidden");
    assert_eq!(stand.files.text("flows/greet.yaml").unwrap(), GREET);
    // Looking goes on.
    assert_eq!(stand.get(FILE).await.status, 200);
    stand.document("flows/greet.yaml", "steps: []").await;
}

#[tokio::test]
async fn trouble_with_the_disk_says_what_to_do() {
    let stand = Stand::new();
    let what = || "make room".to_owned();
    for (error, status, code) in [
        (FileError::Full(what()), 507, "no_space"),
        (FileError::Refused(what()), 403, "not_allowed"),
        (FileError::Failed(what()), 500, "file_failed"),
        (FileError::NotText(what()), 422, "not_text"),
        (FileError::Outside(what()), 404, "no_such_file"),
    ] {
        *stand.files.trouble.lock().unwrap() = Some(error);
        let answer = stand.put(FILE, save(Some(GREET), "x")).await;
        answer.is_refused(status, code);
        assert_eq!(answer.json()["message"], "make room");
    }
}

#[tokio::test]
async fn who_does_not_say_what_was_edited_does_not_write() {
    let stand = Stand::new();
    for body in [
        json!({ "text": "x" }),
        json!({ "text": "x", "base": 1 }),
        json!({ "base": null }),
        json!({ "text": "x", "base": null, "more": 1 }),
    ] {
        stand.put(FILE, body).await.is_refused(400, "malformed_request");
    }
    let form = stand
        .send(
            &format!("PUT {FILE}"),
            "application/x-www-form-urlencoded",
            "text=x&base=",
        )
        .await;
    form.is_refused(415, "unsupported_media_type");
    let large = json!({ "text": "x".repeat(5 << 20), "base": null });
    stand.put(FILE, large).await.is_refused(413, "body_too_large");
}
