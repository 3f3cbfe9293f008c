//! What is told when files change.

use axum::body::Body;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use super::declared::is_a;
use super::stand::Stand;

async fn next(body: &mut Body) -> Option<String> {
    let frame = body.frame().await?.unwrap();
    Some(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap())
}

fn changed(event: &str) -> Value {
    let data = event.strip_prefix("event: changed\ndata: ").unwrap();
    let data = serde_json::from_str(data.strip_suffix("\n\n").unwrap()).unwrap();
    is_a("Changed", &data);
    data
}

async fn follow(stand: &Stand) -> Body {
    let answer = stand.raw("GET /api/workspace/events", "", "").await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut body = answer.into_body();
    assert_eq!(next(&mut body).await.unwrap(), ": it begins\n\n");
    body
}

#[tokio::test(start_paused = true)]
async fn changes_are_told_to_all_who_follow_and_the_end_is_the_servers() {
    let stand = Stand::new();
    let (mut one, mut other) = (follow(&stand).await, follow(&stand).await);
    stand.files.put("flows/new.yaml", "steps: []\n");
    stand.files.remove("flows/greet.yaml");
    stand.files.look();
    let expected =
        json!({ "version": "2", "files": ["flows/greet.yaml", "flows/new.yaml"], "serving": true });
    assert_eq!(changed(&next(&mut one).await.unwrap()), expected);
    // Two changes that nobody has looked at between are told as one.
    stand.files.put("flows/new.yaml", "steps: [a]\n");
    stand.files.look();
    assert_eq!(
        changed(&next(&mut one).await.unwrap())["files"],
        json!(["flows/new.yaml"])
    );
    let both = changed(&next(&mut other).await.unwrap());
    assert_eq!(
        (&both["version"], &both["files"]),
        (&json!("3"), &json!(["flows/greet.yaml", "flows/new.yaml"]))
    );
    // Nothing happens for long.
    assert_eq!(next(&mut one).await.unwrap(), ": it goes on\n\n");
    stand.stopping.send_replace(true);
    assert_eq!(next(&mut one).await, None);
    assert_eq!(next(&mut other).await, None);
}
