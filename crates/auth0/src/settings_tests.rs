//! What is accepted, what is refused, and with which words.

use super::*;

/// Base URL and audience, or the setting and what is wrong with it.
#[track_caller]
fn check(settings: &Value, expected: Result<(&str, &str), (&str, &str)>) {
    let mut settings = settings.as_object().unwrap().clone();
    settings.entry("client_id").or_insert(json!("app"));
    if !settings.contains_key("private_key") {
        settings.entry("client_secret").or_insert(json!("s"));
    }
    let found = Settings::parse("auth0", &settings);
    match (&found, expected) {
        (Ok(found), Ok((base, audience))) => {
            assert_eq!(
                (found.url("").as_str(), found.audience.as_str()),
                (base, audience)
            );
            let path = ApiPath::user("auth0|a b/é").unwrap();
            assert_eq!(found.endpoint(&path).as_str(), found.url(path.as_str()));
        }
        (Err(found), Err((setting, problem))) => {
            assert_eq!(
                (found.setting.as_str(), found.problem.as_str()),
                (setting, problem)
            );
        }
        _ => panic!("{found:?}, but expected {expected:?}"),
    }
}

const ACME: &str = "https://acme.eu.auth0.com/api/v2/";

#[test]
fn a_tenant_domain_is_enough() {
    check(
        &json!({ "domain": "Acme.eu.auth0.com" }),
        Ok(("https://acme.eu.auth0.com", ACME)),
    );
    check(
        &json!({ "domain": "acme.eu.auth0.com", "audience": ACME }),
        Ok(("https://acme.eu.auth0.com", ACME)),
    );
}

#[test]
fn a_custom_domain_needs_the_tenants_audience() {
    let custom = "`login.acme.com` is a custom domain, not the tenant domain";
    check(&json!({ "domain": "login.acme.com" }), Err(("domain", custom)));
    check(
        &json!({ "domain": "login.acme.com", "audience": ACME }),
        Ok(("https://login.acme.com", ACME)),
    );
    check(
        &json!({ "domain": "login.acme.com", "audience": "https://login.acme.com/api/v2/" }),
        Err((
            "audience",
            "the audience names the custom domain `login.acme.com`",
        )),
    );
    check(
        &json!({ "domain": "acme.auth0.com", "audience": "https://acme.auth0.com/api/v2" }),
        Err(("audience", "the audience is not a Management API's identifier")),
    );
    check(
        &json!({ "domain": "https://acme.auth0.com" }),
        Err(("domain", "this is a URL, not a domain")),
    );
}

#[test]
fn a_base_url_is_https_or_this_machine() {
    let plain = "plain http would send the client secret in the clear";
    for (base, ok) in [
        ("http://127.0.0.1:4010", true),
        ("http://127.8.8.8:1", true),
        ("http://[::1]:4010", true),
        ("http://localhost:4010", true),
        ("https://gateway.example.com/auth0", true),
        ("http://acme.auth0.com", false),
        ("http://10.0.0.1", false),
        ("http://localhost.example.com", false),
    ] {
        let audience = format!("{base}/api/v2/");
        let expected = if ok {
            Ok((base, audience.as_str()))
        } else {
            Err(("base_url", plain))
        };
        check(&json!({ "base_url": base }), expected);
        check(&json!({ "base_url": format!("{base}/") }), expected);
    }
    check(
        &json!({ "base_url": "http://127.0.0.1:1", "domain": "acme.eu.auth0.com", "audience": ACME }),
        Ok(("http://127.0.0.1:1", ACME)),
    );
    check(
        &json!({ "base_url": "https://user:pass@x.example.com" }),
        Err(("base_url", "the base URL has more than a host and a path")),
    );
    check(
        &json!({ "base_url": "acme" }),
        Err(("base_url", "the base URL is not a URL")),
    );
}

#[test]
fn what_is_missing_or_too_much_is_named() {
    check(&json!({}), Err(("", "the connection has no `domain`")));
    let settings = json!({ "domain": "acme.auth0.com", "client_id": "app" });
    let error = Settings::parse("auth0", settings.as_object().unwrap()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "connection `auth0`: the connection has neither `client_secret` nor `private_key`"
    );
    check(
        &json!({ "domain": "acme.auth0.com", "client_secret": "s", "private_key": "k" }),
        Err((
            "private_key",
            "the connection has both `client_secret` and `private_key`",
        )),
    );
    check(
        &json!({ "domain": "acme.auth0.com", "private_key": "no key" }),
        Err(("private_key", "the private key is not an RSA private key in PEM")),
    );
    check(
        &json!({ "domain": "acme.auth0.com", "client_secret": "" }),
        Err(("client_secret", "`client_secret` is empty")),
    );
    check(
        &json!({ "domain": "acme.auth0.com", "client_id": " " }),
        Err(("client_id", "`client_id` is empty")),
    );
    check(
        &json!({ "domain": "acme.auth0.com", "client_id": 1 }),
        Err(("client_id", "`client_id` is not text")),
    );
    check(
        &json!({ "domain": "acme.auth0.com", "secret": "s" }),
        Err(("secret", "there is no setting `secret`")),
    );
}

#[test]
fn the_checker_looks_at_what_is_known() {
    let spec = connection_spec();
    let problems = |value: Value, unknown: &[&str]| {
        let known = KnownInput {
            value,
            unknown: unknown.iter().map(|text| (*text).to_owned()).collect(),
        };
        spec.check.unwrap()(&known)
            .into_iter()
            .map(|problem| problem.pointer)
            .collect::<Vec<_>>()
    };
    let variables = &["/domain", "/client_id", "/client_secret"];
    let nothing = json!({ "domain": null, "client_id": null, "client_secret": null });
    assert_eq!(problems(nothing, variables), Vec::<String>::new());
    let url = json!({ "domain": "https://acme.auth0.com", "client_id": null, "client_secret": null });
    assert_eq!(problems(url, &["/client_id", "/client_secret"]), ["/domain"]);
    let custom = json!({ "domain": "login.acme.com", "client_id": "a", "client_secret": null });
    assert_eq!(problems(custom.clone(), &["/client_secret"]), ["/domain"]);
    assert_eq!(
        problems(custom, &["/client_secret", "/audience"]),
        Vec::<String>::new()
    );
    assert_eq!(problems(json!({}), &[]), ["", "", ""]);
}

#[test]
fn secrets_are_annotated() {
    let spec = connection_spec();
    for name in spec.settings.view().property_names() {
        let is_secret = spec.settings.view().property(name).unwrap().is_secret();
        assert_eq!(
            is_secret,
            ["client_secret", "private_key", "session_token_secret"].contains(&name),
            "{name}"
        );
    }
}

#[test]
fn where_people_log_in() {
    let secret = "0123456789abcdef0123456789abcdef";
    for (settings, hosts) in [
        (
            json!({ "domain": "acme.eu.auth0.com" }),
            &["acme.eu.auth0.com"][..],
        ),
        (
            json!({ "domain": "acme.eu.auth0.com", "login_domain": "Login.acme.com" }),
            &["login.acme.com", "acme.eu.auth0.com"],
        ),
        (json!({ "base_url": "http://127.0.0.1:1/" }), &["127.0.0.1:1"]),
        (
            json!({ "base_url": "http://127.0.0.1:1", "login_domain": "login.acme.com" }),
            &["login.acme.com"],
        ),
    ] {
        let mut settings = settings.as_object().unwrap().clone();
        settings.insert("client_id".to_owned(), json!("app"));
        settings.insert("client_secret".to_owned(), json!("s"));
        let found = Settings::parse("auth0", &settings).unwrap().session_tokens;
        let names: Vec<_> = found
            .hosts
            .iter()
            .map(crate::session_token::LoginHost::name)
            .collect();
        assert_eq!((names.as_slice(), found.secret.is_some()), (hosts, false));
        settings.insert("session_token_secret".to_owned(), json!(secret));
        assert!(
            Settings::parse("auth0", &settings)
                .unwrap()
                .session_tokens
                .secret
                .is_some()
        );
    }
    let acme = |name: &str, value: &str| json!({ "domain": "acme.eu.auth0.com", name: value });
    check(
        &acme("login_domain", "https://login.acme.com"),
        Err(("login_domain", "this is a URL, not a domain")),
    );
    let short = "`session_token_secret` has 31 bytes, and HS256 needs 32 (RFC 7518 §3.2)";
    check(
        &acme("session_token_secret", &secret[1..]),
        Err(("session_token_secret", short)),
    );
    let empty = "`session_token_secret` has 0 bytes, and HS256 needs 32 (RFC 7518 §3.2)";
    check(
        &acme("session_token_secret", ""),
        Err(("session_token_secret", empty)),
    );
}
