//! Against an emulated tenant on real sockets, with everything going wrong that can: no user is created twice,
//! none is lost, and none of ours is reported as somebody else's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use lockgate_engine::action::{Reconciled, Retry};
use lockgate_tenant::{Client, Fault, Tenant};
use serde_json::{Value, json};
use support::{Bench, new_user};

const CREATE: &str = "auth0.create_user";

/// How many users the storm creates.
const USERS: usize = 300;

/// Each way to go wrong, with how the create comes through it in one attempt.
const FAULTS: [&str; 10] = [
    "429:once,method=POST,path=/api/v2/users,retry-after=2",
    "429:count=3,path=/api/v2/*",
    "500:once,method=POST,path=/api/v2/users",
    "503:count=1,path=/api/v2/*",
    "html:once,method=POST,path=/api/v2/users",
    "truncate:once,method=POST,path=/api/v2/users",
    "reset:once,method=POST,path=/api/v2/users",
    "lost-answer:once,method=POST,path=/api/v2/users",
    "truncate:once,path=/oauth/token",
    "503:count=2,path=/oauth/token",
];

#[tokio::test]
async fn one_attempt_comes_through_each_fault() {
    for fault in FAULTS {
        let tenant = Tenant::builder()
            .faults([fault.parse().unwrap()])
            .start()
            .await
            .unwrap();
        let bench = Bench::on(&tenant);
        let user = bench.call(CREATE, "run-1", 1, &new_user("ada@example.com")).await;
        let user = user.unwrap_or_else(|error| panic!("{fault}: {error}"));
        assert_eq!(tenant.users().len(), 1, "{fault}");
        assert_eq!(tenant.users()[0]["user_id"], user["user_id"], "{fault}");
        assert_eq!(user["email"], "ada@example.com", "{fault}");
        // Another run is told the truth.
        let error = bench
            .call(CREATE, "run-2", 1, &new_user("ada@example.com"))
            .await
            .unwrap_err();
        assert_eq!(error.code, "user_exists", "{fault}");
    }
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_settled_within_the_step() {
    let fault = Fault::delay(Duration::from_secs(30))
        .method("POST")
        .path("/api/v2/users")
        .once();
    let tenant = Tenant::builder().faults([fault]).start().await.unwrap();
    let mut bench = Bench::on(&tenant);
    bench.time_left = Some(Duration::from_millis(600));
    let user = bench
        .step(CREATE, "run-1", &new_user("ada@example.com"), 3)
        .await
        .unwrap();
    assert_eq!(tenant.users().len(), 1);
    assert_eq!(tenant.users()[0]["user_id"], user["user_id"]);
}

#[tokio::test]
async fn a_storm_creates_each_user_once() {
    let storm = [
        "429:p=0.1,path=/api/v2/*,retry-after=1",
        "503:p=0.1,path=/api/v2/*",
        "html:p=0.1,path=/api/v2/*",
        "truncate:p=0.1,path=/api/v2/*",
        "reset:p=0.1,path=/api/v2/*",
        "lost-answer:p=0.2,method=POST,path=/api/v2/users",
        "500:p=0.2,path=/oauth/token",
    ];
    let tenant = Tenant::builder()
        .faults(storm.map(|fault| fault.parse().unwrap()))
        .random_seed(7)
        .start()
        .await
        .unwrap();
    let bench = Bench::on(&tenant);
    let creates = (0..USERS).map(|n| {
        let bench = bench.clone();
        async move {
            let input = new_user(&format!("user-{n}@example.com"));
            bench.step(CREATE, &format!("run-{n}"), &input, 50).await
        }
    });
    let results = join_all(creates).await;
    tenant.clear_faults();
    let mut ids = BTreeSet::new();
    for (n, result) in results.into_iter().enumerate() {
        let user = result.unwrap_or_else(|error| panic!("run {n}: {error}"));
        assert_eq!(user["email"], format!("user-{n}@example.com"));
        ids.insert(user["user_id"].as_str().unwrap().to_owned());
    }
    let there: BTreeSet<String> = tenant
        .users()
        .iter()
        .map(|user| user["user_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!((ids.len(), tenant.user_count()), (USERS, USERS));
    assert_eq!(ids, there);
}

#[tokio::test]
async fn a_crash_after_the_create_is_reconciled() {
    let tenant = Tenant::start().await.unwrap();
    let bench = Bench::on(&tenant);
    let input = new_user("ada@example.com");
    assert_eq!(
        bench.reconcile(CREATE, "run-1", &input).await,
        Ok(Reconciled::DidNotHappen)
    );
    let user = bench.call(CREATE, "run-1", 1, &input).await.unwrap();
    // The process that knew the answer is gone.
    let after = Bench::on(&tenant);
    assert_eq!(
        after.reconcile(CREATE, "run-1", &input).await,
        Ok(Reconciled::Happened(user))
    );
    assert_eq!(
        after.reconcile(CREATE, "run-2", &input).await,
        Ok(Reconciled::DidNotHappen)
    );
}

#[tokio::test]
async fn reads_and_updates_come_through_by_retrying() {
    let tenant = Tenant::start().await.unwrap();
    let bench = Bench::on(&tenant);
    let user = bench
        .call(CREATE, "run-1", 1, &new_user("ada@example.com"))
        .await
        .unwrap();
    let id = &user["user_id"];
    for fault in [
        "503:once",
        "html:once",
        "truncate:once",
        "reset:once",
        "lost-answer:once",
        "429:once,retry-after=9",
    ] {
        for (name, input) in [
            ("auth0.get_user", json!({ "user_id": id })),
            ("auth0.find_users_by_email", json!({ "email": "ada@example.com" })),
            ("auth0.search_users", json!({ "q": "email:\"ada@example.com\"" })),
            (
                "auth0.update_user",
                json!({ "user_id": id, "app_metadata": { "fault": fault } }),
            ),
            (
                "auth0.send_request",
                json!({ "method": "GET", "path": "/api/v2/users/{id}", "path_params": { "id": id } }),
            ),
            ("auth0.delete_user", json!({ "user_id": "auth0|nobody" })),
        ] {
            tenant.set_faults([format!("{fault},path=/api/v2/*").parse().unwrap()]);
            let result = bench.step(name, "run-2", &input, 3).await;
            assert!(result.is_ok(), "{name} with {fault}: {result:?}");
            assert!(
                tenant.faults().iter().all(|(_, struck)| *struck == 1),
                "{name} never met {fault}"
            );
        }
        assert_eq!(
            tenant.user(id.as_str().unwrap()).unwrap()["app_metadata"]["fault"],
            fault
        );
    }
}

#[tokio::test]
async fn a_wait_that_does_not_fit_is_rate_limited_at_once() {
    let tenant = Tenant::builder()
        .faults(["429:path=/api/v2/*,retry-after=60".parse().unwrap()])
        .start()
        .await
        .unwrap();
    let mut bench = Bench::on(&tenant);
    bench.time_left = Some(Duration::from_secs(20));
    let error = bench
        .call("auth0.get_user", "run-1", 1, &json!({ "user_id": "auth0|1" }))
        .await
        .unwrap_err();
    assert_eq!(error.code, "rate_limited");
    assert_eq!(
        error.retry,
        Retry::NothingHappened {
            after: Some(Duration::from_mins(1))
        }
    );
    assert_eq!(error.provider.unwrap()["status"], 429);
    assert_eq!(tenant.request_count("GET", "/api/v2/users/{id}"), Some(1));
    // The next call knows already, and asks nobody.
    let error = bench
        .call("auth0.get_user", "run-2", 1, &json!({ "user_id": "auth0|1" }))
        .await
        .unwrap_err();
    assert_eq!(error.code, "rate_limited");
    assert_eq!(tenant.request_count("GET", "/api/v2/users/{id}"), Some(1));
}

#[tokio::test]
async fn it_reconnects_when_a_scope_is_granted() {
    let client = Client::new("app", "app-secret").scopes(["read:users"]);
    let tenant = Tenant::builder().client(client).start().await.unwrap();
    let bench = Bench::on(&tenant);
    let input = new_user("ada@example.com");
    let error = bench.call(CREATE, "run-1", 1, &input).await.unwrap_err();
    assert_eq!(error.code, "insufficient_scope");
    assert!(
        error.message.contains("`create:users`") && error.message.contains("Permissions"),
        "{error}"
    );
    assert!(tenant.grant_scope("app", "create:users"));
    assert!(bench.call(CREATE, "run-1", 1, &input).await.is_ok());
}

#[tokio::test]
async fn it_reconnects_when_the_token_is_refused() {
    let tenant = Tenant::start().await.unwrap();
    let bench = Bench::on(&tenant);
    let user = bench
        .call(CREATE, "run-1", 1, &new_user("ada@example.com"))
        .await
        .unwrap();
    tenant.expire_tokens();
    let input = json!({ "user_id": user["user_id"] });
    assert_eq!(bench.call("auth0.get_user", "run-2", 1, &input).await, Ok(user));
    // An application that is gone is an error, not a loop.
    assert!(tenant.delete_client(tenant.client_id()));
    tenant.expire_tokens();
    let error = bench
        .call("auth0.get_user", "run-3", 1, &input)
        .await
        .unwrap_err();
    assert_eq!((error.code.as_ref(), error.retry), ("unauthorized", Retry::Never));
}

#[tokio::test]
async fn a_missing_right_to_read_leaves_a_lost_create_in_doubt() {
    let client = Client::new("app", "app-secret").scopes(["create:users"]);
    let fault = "lost-answer:once,method=POST,path=/api/v2/users".parse().unwrap();
    let tenant = Tenant::builder()
        .client(client)
        .faults([fault])
        .start()
        .await
        .unwrap();
    let bench = Bench::on(&tenant);
    let error = bench
        .call(CREATE, "run-1", 1, &new_user("ada@example.com"))
        .await
        .unwrap_err();
    assert_eq!(error.retry, Retry::Transient);
    assert!(error.message.contains("`read:users`"), "{error}");
    assert_eq!(tenant.user_count(), 1);
    // As soon as it may read, it is settled.
    tenant.grant_scope("app", "read:users");
    let reconciled = bench
        .reconcile(CREATE, "run-1", &new_user("ada@example.com"))
        .await
        .unwrap();
    assert!(matches!(reconciled, Reconciled::Happened(_)), "{reconciled:?}");
}

#[tokio::test]
async fn passwordless_users_are_created_without_an_id() {
    let tenant = Tenant::start().await.unwrap();
    let bench = Bench::on(&tenant);
    for (input, prefix) in [
        (
            json!({ "connection": "email", "email": "ada@example.com" }),
            "email|",
        ),
        (
            json!({ "connection": "sms", "phone_number": "+4915112345678" }),
            "sms|",
        ),
    ] {
        let user = bench.call(CREATE, "run-1", 1, &input).await.unwrap();
        assert!(user["user_id"].as_str().unwrap().starts_with(prefix), "{user}");
    }
}

#[tokio::test]
async fn answers_fit_the_declared_output() {
    let tenant = Tenant::start().await.unwrap();
    let bench = Bench::on(&tenant);
    let user = bench
        .call(CREATE, "run-1", 1, &new_user("ada@example.com"))
        .await
        .unwrap();
    for (name, input) in [
        ("auth0.get_user", json!({ "user_id": user["user_id"] })),
        ("auth0.find_users_by_email", json!({ "email": "ada@example.com" })),
        ("auth0.search_users", json!({ "per_page": 5 })),
        (
            "auth0.update_user",
            json!({ "user_id": user["user_id"], "given_name": "Ada", "user_metadata": { "a": 1 } }),
        ),
        (
            "auth0.send_request",
            json!({ "method": "GET", "path": "/api/v2/users" }),
        ),
        ("auth0.delete_user", json!({ "user_id": user["user_id"] })),
    ] {
        let spec = bench.actions.get(name).unwrap().spec().clone();
        let validate = |schema: &Value, value: &Value| {
            let validator = jsonschema::validator_for(schema).unwrap();
            let found: Vec<String> = validator
                .iter_errors(value)
                .map(|error| error.to_string())
                .collect();
            assert!(found.is_empty(), "{name}: {found:?}");
        };
        validate(spec.input.as_value(), &input);
        let output = bench.call(name, "run-2", 1, &input).await.unwrap();
        validate(spec.output.as_value(), &output);
    }
    assert_eq!(tenant.user_count(), 0);
}

#[tokio::test]
async fn a_check_lists_the_grant() {
    let client = Client::new("app", "app-secret").scopes(["update:users", "read:users"]);
    let tenant = Tenant::builder().client(client).start().await.unwrap();
    let bench = Bench::on(&tenant);
    let connection = bench
        .connection
        .downcast_ref::<lockgate_auth0::Auth0Connection>()
        .unwrap();
    let report = connection.check().await.unwrap();
    assert_eq!(report.scopes.unwrap(), ["read:users", "update:users"]);
    assert_eq!(report.audience, tenant.audience());
}
