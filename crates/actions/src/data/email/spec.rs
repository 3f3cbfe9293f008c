//! What `email.verify` declares, and what `check` finds in a known input.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use lockgate_flow::catalog::{ActionSpec, Effect, ErrorSpec, InputProblem, KnownInput};
use lockgate_flow::schema::Schema;
use serde_json::{Value, json};

use super::entries::Entries;

pub(super) static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    Arc::new(ActionSpec {
        docs: DOCS.into(),
        input: Schema::new(input()),
        output: Schema::new(output()),
        errors: vec![
            ErrorSpec::new(
                "dns_unavailable",
                503,
                "with `require_mx_record`: nobody can tell now whether the domain takes mail",
            ),
            ErrorSpec::new(
                "invalid_rules",
                500,
                "an entry of `allowlist` or `blocklist` is no domain and no address",
            ),
        ],
        check: Some(check),
        example: "id: address\naction: email.verify\nwith:\n  email: \"{{input.email}}\"\n  rules:\n    \
                  require_mx_record: true\n    block_disposable_emails: true\n    blocklist: [example.com]\n"
            .into(),
        timeout: Some(Duration::from_secs(10)),
        ..ActionSpec::new(
            "email.verify",
            Effect::Read,
            "Says whether an e-mail address is acceptable",
        )
    })
});

const DOCS: &str = "\
An address that is not acceptable is an answer, no error: `valid` is false, and `cause` names the first rule that it breaks, in \
this order:\n\n\
| cause | rule |\n|---|---|\n\
| `INVALID_SYNTAX` | always: it is no address that a mail server takes (RFC 5321, with letters beyond ASCII by RFC 6531), or its \
domain has no dot |\n\
| `NOT_ALLOWED` | `allowlist` has entries, and none fits |\n\
| `BLOCKLISTED` | an entry of `blocklist` fits |\n\
| `EMAIL_ALIAS` | `block_aliases`: a tag stands behind a `+`, as in `ada+news@example.com` |\n\
| `FREE_EMAIL` | `block_free_emails`: the provider gives mailboxes to everybody |\n\
| `DISPOSABLE_EMAIL` | `block_disposable_emails`: the provider gives addresses to throw away |\n\
| `MISSING_MX_RECORD` | `require_mx_record`: the domain does not exist, has neither MX nor address records (RFC 5321 §5.1), or says \
that it takes no mail (RFC 7505) |\n\n\
Where the domain name system does not answer, nobody can tell, and the step fails with `dns_unavailable` after some attempts: \
`on_error: continue` lets people in then.\n\n\
Entries of the lists are domains (`example.com`), what is below one (`*.example.com`), or addresses (`ada@example.com`). A domain \
in `blocklist` covers those below it; in `allowlist` it is that domain alone. An empty list is no rule. The lists of free and \
disposable providers are part of the program, as of its release; they cover sub-domains.\n\n\
`email` is the address in its normal form, with the domain in lower case and ASCII: use it from here on, so that one person has \
one account. The case of the local part stays. `suggestion` is an address that may have been meant: `ada@gmail.com` for \
`ada@gmial.com`, also where the address is valid.\n\n\
That somebody reads mail at the address shows when they give back a code that was sent there (`otp.generate`).";

fn flag(description: &str) -> Value {
    json!({ "type": "boolean", "default": false, "description": description })
}

fn entries(description: &str) -> Value {
    json!({ "type": "array", "items": { "type": "string" }, "default": [], "description": description })
}

fn input() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["email"],
        "properties": {
            "email": { "type": "string", "description": "The address, without spaces around it." },
            "rules": {
                "type": "object",
                "additionalProperties": false,
                "description": "What it must keep, besides its syntax.",
                "properties": {
                    "require_mx_record": flag("Whether its domain must take mail, by the domain name system."),
                    "block_aliases": flag("Whether tags behind a `+` are refused."),
                    "block_free_emails": flag("Whether providers of free mailboxes are refused."),
                    "block_disposable_emails": flag("Whether providers of disposable addresses are refused."),
                    "allowlist": entries("Where there are entries, one of them must fit."),
                    "blocklist": entries("No entry may fit.")
                }
            }
        }
    })
}

fn output() -> Value {
    let part = |description: &str| json!({ "type": ["string", "null"], "description": description });
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["valid", "cause", "email", "local", "domain", "suggestion"],
        "properties": {
            "valid": { "type": "boolean", "description": "Whether it keeps all rules." },
            "cause": {
                "enum": [
                    null, "INVALID_SYNTAX", "NOT_ALLOWED", "BLOCKLISTED", "EMAIL_ALIAS", "FREE_EMAIL", "DISPOSABLE_EMAIL",
                    "MISSING_MX_RECORD"
                ],
                "description": "The first rule that it breaks."
            },
            "email": part("The address in its normal form; null where it is none."),
            "local": part("What stands before the `@`."),
            "domain": part("What stands behind the `@`, in lower case and ASCII."),
            "suggestion": part("The address that may have been meant.")
        }
    })
}

fn check(known: &KnownInput) -> Vec<InputProblem> {
    let mut problems = Vec::new();
    for list in ["allowlist", "blocklist"] {
        let pointer = format!("/rules/{list}");
        let texts = known.value.pointer(&pointer).and_then(Value::as_array);
        for (index, text) in texts.into_iter().flatten().enumerate() {
            // What an expression will give is null here.
            if let Some(text) = text.as_str()
                && Entries::parse([text]).is_err()
            {
                problems.push(InputProblem {
                    pointer: format!("{pointer}/{index}"),
                    message: format!("`{text}` is no domain and no address"),
                    help: Some("write `example.com`, `*.example.com` or `ada@example.com`".to_owned()),
                });
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_that_are_none_are_found_before_it_runs() {
        let known = KnownInput {
            value: json!({
                "email": null,
                "rules": { "allowlist": ["example.com", null, "@example.com"], "blocklist": ["*.example.com", "exam ple"] }
            }),
            unknown: vec!["/email".to_owned(), "/rules/allowlist/1".to_owned()],
        };
        let found: Vec<_> = check(&known)
            .into_iter()
            .map(|problem| (problem.pointer, problem.message))
            .collect();
        let expected = [
            ("/rules/allowlist/2", "`@example.com` is no domain and no address"),
            ("/rules/blocklist/1", "`exam ple` is no domain and no address"),
        ];
        assert_eq!(
            found,
            expected.map(|(pointer, message)| (pointer.to_owned(), message.to_owned()))
        );
    }
}
