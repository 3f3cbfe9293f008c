//! The shipped flows, each behind a route.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use lockgate_flow::source::Source;
use lockgate_flow::workspace::Workspace;

use super::laboratory::catalog;
use super::sound::check;
use crate::openapi::document;

/// What they are served with here, unless they say it themselves.
const TRIGGERS: [(&str, &str); 7] = [
    (
        "bulk-invite",
        "{ method: POST, path: /invitations, auth: bearer, rate_limit: 20/min }",
    ),
    (
        "create-user",
        "{ method: POST, path: /users, auth: { basic: staff } }",
    ),
    (
        "get-user",
        "{ method: GET, path: /users/:user_id, auth: { basic: staff } }",
    ),
    ("sign-up", "POST /sign-up"),
    (
        "sync-profile",
        "{ method: POST, path: /users/:user_id/profile, auth: hmac }",
    ),
    (
        "update-user",
        "{ method: PATCH, path: /users/:user_id, auth: { basic: staff } }",
    ),
    (
        "upsert-user",
        "{ method: PUT, path: /users, auth: { basic: admins } }",
    ),
];

const CONNECTIONS: &str = "
  staff: { type: basic, username: staff, password: '${STAFF}' }
  admins: { type: basic, username: admin, password: '${ADMINS}' }
  callers: { type: bearer, token: '${CALLERS}' }
  partner: { type: hmac, secret: '${PARTNER}' }
";

#[test]
fn the_shipped_flows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let read = |name: &str| fs::read_to_string(root.join(name)).unwrap();
    let file = read("lockgate.yaml");
    let file = if file.contains("type: basic") {
        file
    } else {
        file.replacen("connections:", &format!("connections:{CONNECTIONS}"), 1)
    };
    let sources: Vec<_> = TRIGGERS
        .iter()
        .map(|(name, trigger)| {
            let text = read(&format!("flows/{name}.yaml"));
            let text = if text.contains("\ntrigger:") {
                text
            } else {
                format!("{text}\ntrigger:\n  http: {trigger}\n")
            };
            Source::new(format!("flows/{name}.yaml"), text)
        })
        .collect();
    let file: Arc<Source> = Source::new("lockgate.yaml", file);
    let workspace = Workspace::check(Some(&file), &sources, &catalog());
    let flows: Vec<_> = workspace.flows.into_iter().filter_map(|flow| flow.flow).collect();
    assert_eq!(flows.len(), TRIGGERS.len(), "{:#?}", workspace.diagnostics);
    let mut document = document(&flows, &BTreeMap::new());
    check(&document);
    // It changes with every word in a flow.
    document["info"]["version"] = "version".into();
    insta::assert_json_snapshot!(document);
}
