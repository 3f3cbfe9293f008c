//! Lists in pages.

use lockgate_http::testing::json as answer;
use serde_json::{Value, json};

use crate::stand::{Stand, acme};

async fn all(pagination: &str, replies: &[Value]) -> (Result<Value, String>, Vec<String>) {
    let operation = format!(
        "list:\n  summary: Lists\n  effect: read\n  request: {{ method: GET, path: /all, query: {{ limit: 2, after: start }} }}\n  {pagination}\n"
    );
    let replies = replies.iter().map(|body| answer(200, body));
    let stand = Stand::new(&acme("{}", "none", &operation), json!({}), replies).await;
    let found = stand
        .call("list", json!({}))
        .await
        .map_err(|error| error.to_string());
    let seen = stand.seen();
    (found, seen.iter().map(|seen| seen.uri.to_string()).collect())
}

#[tokio::test]
async fn by_a_parameter_of_the_answer() {
    let pagination = "pagination: { items: response.body.results, next: { query: { after: \"{{response.body.next}}\" } } }";
    for end in [
        json!({ "results": [3] }),
        json!({ "results": [3], "next": null }),
        json!({ "results": [3], "next": "" }),
    ] {
        let (found, seen) = all(pagination, &[json!({ "results": [1, 2], "next": "a b" }), end]).await;
        assert_eq!(found, Ok(json!([1, 2, 3])));
        // What is new stands in the place of what was.
        assert_eq!(seen, ["/v2/all?limit=2&after=start", "/v2/all?limit=2&after=a+b"]);
    }
}

#[tokio::test]
async fn by_what_came_so_far() {
    let pagination = "pagination: { items: response.body.data, next: { if: response.body.has_more, query: { after: \"{{page.last.id}}\", page: \"{{add page.number 1}}\", offset: \"{{page.count}}\" } } }";
    let (found, seen) = all(
        pagination,
        &[
            json!({ "data": [{ "id": "a" }, { "id": "b" }], "has_more": true }),
            json!({ "data": [{ "id": "c" }], "has_more": false }),
        ],
    )
    .await;
    assert_eq!(found, Ok(json!([{ "id": "a" }, { "id": "b" }, { "id": "c" }])));
    assert_eq!(seen[1], "/v2/all?limit=2&after=b&page=2&offset=2");
}

#[tokio::test]
async fn by_a_url_of_the_same_origin() {
    let pagination = "pagination: { items: response.body.data, next: { url: \"{{response.body.next}}\" } }";
    let (found, seen) = all(
        pagination,
        &[
            json!({ "data": [1], "next": "/v2/more?cursor=x" }),
            json!({ "data": [2] }),
        ],
    )
    .await;
    assert_eq!(found, Ok(json!([1, 2])));
    assert_eq!(seen[1], "/v2/more?cursor=x");
    for next in [
        "https://evil.example/v2/all",
        "http://127.0.0.1:1/",
        "http://[",
        "file:///etc/passwd",
    ] {
        let (found, seen) = all(pagination, &[json!({ "data": [1], "next": next })]).await;
        let error = found.unwrap_err();
        assert!(
            error.starts_with("invalid_response: acme.list: the next page "),
            "{error}"
        );
        assert_eq!(seen.len(), 1, "{next}");
    }
}

#[tokio::test]
async fn there_is_an_end() {
    let pagination = "pagination: { items: response.body.data, limit: 3, next: { query: { after: \"{{response.body.next}}\" } } }";
    let (found, seen) = all(
        pagination,
        &[
            json!({ "data": [1, 2], "next": "a" }),
            json!({ "data": [3, 4], "next": "b" }),
        ],
    )
    .await;
    assert_eq!((found, seen.len()), (Ok(json!([1, 2, 3])), 2));
    // One that gives the same page again would never end.
    let (found, seen) = all(pagination, &[json!({ "data": [], "next": "start" })]).await;
    assert!(found.unwrap_err().contains("is the same as this one"));
    assert_eq!(seen.len(), 1);
    let (found, _) = all(pagination, &[json!({ "data": {} })]).await;
    assert!(found.unwrap_err().contains("the items of the page are no list"));
}

#[tokio::test]
async fn a_result_may_be_made_of_all_items() {
    let pagination = "pagination: { items: response.body.data, next: { query: { after: \"{{response.body.next}}\" } } }\n  result: { people: \"{{page.items}}\", total: \"{{response.body.total}}\" }";
    let (found, _) = all(
        pagination,
        &[
            json!({ "data": [1], "next": "a", "total": 8 }),
            json!({ "data": [2], "total": 9 }),
        ],
    )
    .await;
    assert_eq!(found, Ok(json!({ "people": [1, 2], "total": 9 })));
}

/// A page that fails fails the call: half a list is no list.
#[tokio::test]
async fn half_a_list_is_no_list() {
    let pagination =
        "pagination: { items: response.body.data, next: { query: { after: \"{{response.body.next}}\" } } }";
    let (found, _) = all(pagination, &[json!({ "data": [1], "next": "a" })]).await;
    assert!(found.unwrap_err().starts_with("unavailable:"));
}
