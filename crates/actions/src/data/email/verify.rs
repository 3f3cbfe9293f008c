//! The action: the rules in their order.

use std::sync::Arc;

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_flow::catalog::ActionSpec;
use serde_json::{Value, json};

use super::address::{Address, Domain};
use super::entries::Entries;
use super::lists::{is_disposable, is_free};
use super::routes::Routes;
use super::spec::SPEC;
use super::suggestion::suggest;

/// Says whether an e-mail address is acceptable. Holds the cache of what the domain name system has said.
pub(in crate::data) struct EmailVerify {
    routes: Routes,
}

impl EmailVerify {
    /// Asks whom the system asks. Opens no socket: the first question does.
    pub(in crate::data) fn new() -> Self {
        Self {
            routes: Routes::system(),
        }
    }
}

#[async_trait]
impl Action for EmailVerify {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, _: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let text = input.get("email").and_then(Value::as_str).unwrap_or_default();
        let rules = Rules::parse(input.get("rules").unwrap_or(&Value::Null))?;
        let Some(address) = Address::parse(text) else {
            return Ok(answer(Some(Cause::InvalidSyntax), None));
        };
        let cause = rules.broken_by(&address, &self.routes).await?;
        Ok(answer(cause, Some(&address)))
    }
}

/// Why an address is not acceptable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    InvalidSyntax,
    NotAllowed,
    Blocklisted,
    EmailAlias,
    FreeEmail,
    DisposableEmail,
    MissingMxRecord,
}

impl Cause {
    fn code(self) -> &'static str {
        match self {
            Self::InvalidSyntax => "INVALID_SYNTAX",
            Self::NotAllowed => "NOT_ALLOWED",
            Self::Blocklisted => "BLOCKLISTED",
            Self::EmailAlias => "EMAIL_ALIAS",
            Self::FreeEmail => "FREE_EMAIL",
            Self::DisposableEmail => "DISPOSABLE_EMAIL",
            Self::MissingMxRecord => "MISSING_MX_RECORD",
        }
    }
}

fn answer(cause: Option<Cause>, address: Option<&Address>) -> Value {
    // A domain without a dot is read for the sake of the suggestion only.
    let normal = address.filter(|_| cause != Some(Cause::InvalidSyntax));
    let suggestion = address.and_then(|address| match &address.domain {
        Domain::Name(name) => suggest(name).map(|meant| format!("{}@{meant}", address.local())),
        Domain::Literal(_) => None,
    });
    json!({
        "valid": cause.is_none(),
        "cause": cause.map(Cause::code),
        "email": normal.map(Address::to_string),
        "local": normal.map(Address::local),
        "domain": normal.map(|address| address.domain.to_string()),
        "suggestion": suggestion,
    })
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a rule of its own, in the author's words"
)]
struct Rules {
    require_mx_record: bool,
    block_aliases: bool,
    block_free_emails: bool,
    block_disposable_emails: bool,
    allowlist: Entries,
    blocklist: Entries,
}

impl Rules {
    fn parse(rules: &Value) -> Result<Self, ActionError> {
        let flag = |name: &str| rules.get(name).and_then(Value::as_bool).unwrap_or(false);
        let entries = |name: &str| {
            let texts: Vec<_> = rules
                .get(name)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            Entries::parse(texts.iter().copied()).map_err(|index| {
                let message = format!("`{}` in `{name}` is no domain and no address", texts[index]);
                ActionError::new("invalid_rules", message)
            })
        };
        Ok(Self {
            require_mx_record: flag("require_mx_record"),
            block_aliases: flag("block_aliases"),
            block_free_emails: flag("block_free_emails"),
            block_disposable_emails: flag("block_disposable_emails"),
            allowlist: entries("allowlist")?,
            blocklist: entries("blocklist")?,
        })
    }

    /// The first rule that an address breaks. Only the last asks anybody.
    async fn broken_by(&self, address: &Address, routes: &Routes) -> Result<Option<Cause>, ActionError> {
        let name = match &address.domain {
            Domain::Name(name) => Some(name.as_str()),
            Domain::Literal(_) => None,
        };
        let rules = [
            // A domain of one label is a host of the sender's own network; in SMTP names are whole (RFC 5321 §2.3.5), and
            // top-level domains take no mail.
            (Cause::InvalidSyntax, name.is_some_and(|name| !name.contains('.'))),
            (
                Cause::NotAllowed,
                !self.allowlist.is_empty() && !self.allowlist.allow(address),
            ),
            (Cause::Blocklisted, self.blocklist.block(address)),
            (Cause::EmailAlias, self.block_aliases && address.has_tag()),
            (
                Cause::FreeEmail,
                self.block_free_emails && name.is_some_and(is_free),
            ),
            (
                Cause::DisposableEmail,
                self.block_disposable_emails && name.is_some_and(is_disposable),
            ),
        ];
        if let Some((cause, _)) = rules.into_iter().find(|(_, is_broken)| *is_broken) {
            return Ok(Some(cause));
        }
        if !self.require_mx_record {
            return Ok(None);
        }
        // An address of a host has no records.
        let takes_mail = match name {
            Some(name) => routes.takes_mail(name).await?,
            None => false,
        };
        Ok((!takes_mail).then_some(Cause::MissingMxRecord))
    }
}

#[cfg(test)]
mod tests {
    use super::super::routes::tests::NameServer;
    use super::*;
    use lockgate_engine::testing::{LoneStep, TestClock};

    async fn verify(action: &EmailVerify, email: &str, rules: Value) -> Result<Value, ActionError> {
        let step = LoneStep::on(TestClock::default());
        let mut input = json!({ "email": email });
        if !rules.is_null() {
            input["rules"] = rules;
        }
        step.call(action, input).await
    }

    /// Asks nobody: there is no server.
    fn alone() -> EmailVerify {
        use hickory_resolver::config::ResolverConfig;
        EmailVerify {
            routes: Routes::of(ResolverConfig::from_name_servers(Vec::new())),
        }
    }

    #[tokio::test]
    async fn the_answer_has_the_parts() {
        let answer = verify(&alone(), "Ada.L@BÜCHER.Example", json!(null)).await;
        let parts = json!({
            "valid": true, "cause": null, "email": "Ada.L@xn--bcher-kva.example", "local": "Ada.L",
            "domain": "xn--bcher-kva.example", "suggestion": null
        });
        assert_eq!(answer, Ok(parts));
        let answer = verify(&alone(), "ada@gmial.com", json!({})).await.unwrap();
        assert_eq!(
            (&answer["valid"], &answer["suggestion"]),
            (&json!(true), &json!("ada@gmail.com"))
        );
        let nothing = |suggestion: Value| {
            json!({
                "valid": false, "cause": "INVALID_SYNTAX", "email": null, "local": null, "domain": null,
                "suggestion": suggestion
            })
        };
        assert_eq!(
            verify(&alone(), "ada", json!(null)).await,
            Ok(nothing(json!(null)))
        );
        assert_eq!(
            verify(&alone(), "ada@gmail", json!(null)).await,
            Ok(nothing(json!("ada@gmail.com")))
        );
    }

    #[tokio::test]
    async fn the_first_rule_that_is_broken_is_the_cause() {
        let all = json!({
            "block_aliases": true, "block_free_emails": true, "block_disposable_emails": true,
            "blocklist": ["blocked.example"]
        });
        let allow = |entries: Value| {
            let mut rules = all.clone();
            rules["allowlist"] = entries;
            rules
        };
        for (email, rules, cause) in [
            ("ada@example.com", json!(null), json!(null)),
            ("ada+x@gmail.com", json!(null), json!(null)),
            ("ada@[192.0.2.1]", all.clone(), json!(null)),
            ("ada@localhost", json!(null), json!("INVALID_SYNTAX")),
            ("ada@example.com", all.clone(), json!(null)),
            ("ada+x@sub.blocked.example", all.clone(), json!("BLOCKLISTED")),
            ("ada+x@gmail.com", all.clone(), json!("EMAIL_ALIAS")),
            ("ada@gmail.com", all.clone(), json!("FREE_EMAIL")),
            ("ada@sub.mailinator.com", all.clone(), json!("DISPOSABLE_EMAIL")),
            ("ada@example.com", allow(json!([])), json!(null)),
            ("ada@example.com", allow(json!(["example.com"])), json!(null)),
            (
                "ada@sub.example.com",
                allow(json!(["example.com"])),
                json!("NOT_ALLOWED"),
            ),
            (
                "ada@blocked.example",
                allow(json!(["example.com"])),
                json!("NOT_ALLOWED"),
            ),
            (
                "ada@blocked.example",
                allow(json!(["blocked.example"])),
                json!("BLOCKLISTED"),
            ),
            ("ada@gmail.com", allow(json!(["gmail.com"])), json!("FREE_EMAIL")),
            (
                "ada@localhost",
                allow(json!(["example.com"])),
                json!("INVALID_SYNTAX"),
            ),
        ] {
            let answer = verify(&alone(), email, rules).await.unwrap();
            assert_eq!(answer["cause"], cause, "{email}");
            assert_eq!(answer["valid"], cause.is_null(), "{email}");
        }
    }

    #[tokio::test]
    async fn the_domain_name_system_is_asked_last() {
        let server = NameServer::start().await;
        let action = EmailVerify {
            routes: server.routes(),
        };
        let mx = json!({ "require_mx_record": true, "block_aliases": true });
        for (email, cause) in [
            ("ada+x@nowhere.test", json!("EMAIL_ALIAS")),
            ("ada@[192.0.2.1]", json!("MISSING_MX_RECORD")),
        ] {
            assert_eq!(
                verify(&action, email, mx.clone()).await.unwrap()["cause"],
                cause,
                "{email}"
            );
        }
        assert!(verify(&action, "ada@mx.test", json!({})).await.is_ok());
        assert!(server.asked().is_empty());
        for (email, cause) in [
            ("ada@MX.test", json!(null)),
            ("ada@a.test", json!(null)),
            ("ada@null.test", json!("MISSING_MX_RECORD")),
            ("ada@nowhere.test", json!("MISSING_MX_RECORD")),
        ] {
            assert_eq!(
                verify(&action, email, mx.clone()).await.unwrap()["cause"],
                cause,
                "{email}"
            );
        }
        let error = verify(&action, "ada@broken.test", mx).await.unwrap_err();
        assert_eq!(error.code, "dns_unavailable");
    }

    #[tokio::test]
    async fn a_list_that_cannot_be_read_is_an_error() {
        let error = verify(
            &alone(),
            "ada@example.com",
            json!({ "blocklist": ["a.com", "exam ple"] }),
        )
        .await
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid_rules: `exam ple` in `blocklist` is no domain and no address"
        );
    }
}
