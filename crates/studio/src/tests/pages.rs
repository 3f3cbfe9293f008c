//! The web app, and what a browser may do with it.

use std::io::Read as _;

use axum::body::Body;
use flate2::read::GzDecoder;
use http::Request;
use http_body_util::BodyExt as _;

use super::stand::Stand;

#[tokio::test]
async fn the_page_is_where_one_would_look() {
    let stand = Stand::new();
    for path in ["/", "/studio"] {
        let answer = stand.get(path).await;
        assert_eq!((answer.status, answer.header("location")), (307, "/studio/"));
    }
    for path in [
        "/studio/nothing.js",
        "/studio/assets/",
        "/studio/index.html",
        "/studio/..%2fCargo.toml",
    ] {
        stand.get(path).await.is_refused(404, "no_such_route");
    }
    stand
        .send("POST /studio/", "", "")
        .await
        .is_refused(405, "method_not_allowed");
}

#[tokio::test]
async fn a_browser_lets_the_page_ask_this_server_and_nothing_else() {
    let stand = Stand::new();
    let (one, other) = (stand.get("/studio/").await, stand.get("/studio/").await);
    if one.status == 503 {
        assert!(one.text.contains("npm run build"), "{}", one.text);
        return;
    }
    let nonce = |policy: &str| -> String {
        let (_, rest) = policy.split_once("'nonce-").unwrap();
        rest.split('\'').next().unwrap().to_owned()
    };
    let policy = one.header("content-security-policy").to_owned();
    let (first, second) = (nonce(&policy), nonce(other.header("content-security-policy")));
    assert!(first.len() >= 32 && first != second);
    assert_eq!(
        policy.replace(&first, "N"),
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-N'; img-src 'self' data:; font-src 'self'; connect-src \
         'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    assert!(
        one.text.contains(&first) && !one.text.contains("__LOCKGATE_NONCE__"),
        "{}",
        one.text
    );
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        // It is another one each time; the admin port says that nothing of it is kept.
        ("cache-control", ""),
        ("access-control-allow-origin", ""),
    ] {
        assert_eq!(one.header(name), value, "{name}");
    }
    // What it loads is kept for ever.
    let mut loaded = 0;
    for part in one.text.split("\"/studio/assets/").skip(1) {
        let path = format!("/studio/assets/{}", part.split('"').next().unwrap());
        let asset = stand.raw(&format!("GET {path}"), "", "").await;
        assert_eq!(asset.status(), 200, "{path}");
        let header = |name: &str| asset.headers()[name].to_str().unwrap();
        assert_eq!(header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert!(!header("content-security-policy").contains("nonce"));
        loaded += 1;
    }
    assert!(loaded >= 2, "{}", one.text);
}

#[tokio::test]
async fn what_the_page_loads_goes_out_compressed_where_that_is_taken() {
    let stand = Stand::new();
    let page = stand.get("/studio/").await;
    let Some((_, rest)) = page.text.split_once("src=\"/studio/assets/") else {
        assert_eq!(page.status, 503);
        return;
    };
    let path = format!("/studio/assets/{}", rest.split('"').next().unwrap());
    let ask = |accepted: &str| {
        let request = Request::get(&path).header("accept-encoding", accepted);
        stand.ask(request.body(Body::empty()).unwrap())
    };
    let plain = ask("br").await;
    assert_eq!(plain.headers()["vary"], "accept-encoding");
    assert!(!plain.headers().contains_key("content-encoding"));
    let plain = plain.into_body().collect().await.unwrap().to_bytes();
    for _ in 0..2 {
        let packed = ask("gzip, br").await;
        assert_eq!(packed.headers()["content-encoding"], "gzip");
        let packed = packed.into_body().collect().await.unwrap().to_bytes();
        assert!(
            packed.len() * 2 < plain.len(),
            "{} of {}",
            packed.len(),
            plain.len()
        );
        let mut again = Vec::new();
        GzDecoder::new(&*packed).read_to_end(&mut again).unwrap();
        assert!(again == plain);
    }
}
