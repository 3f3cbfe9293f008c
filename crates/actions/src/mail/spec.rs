//! What `email.send` declares, and what `check` finds in a known input.

use std::sync::{Arc, LazyLock};

use lockgate_flow::catalog::{ActionSpec, Effect, ErrorSpec, Group, InputProblem, KnownInput};
use lockgate_flow::schema::Schema;
use serde_json::{Value, json};

use super::address::mailbox;
use super::message::header_problem;
use super::settings::CONNECTION_TYPE;

/// Addresses of one message, `to`, `cc` and `bcc` together. RFC 5321 §4.5.3.1.8: every server takes a hundred.
pub(super) const MOST_RECIPIENTS: usize = 100;

/// Bytes of all attachments together.
pub(super) const MOST_ATTACHED: usize = 5 * 1024 * 1024;

pub(super) static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    Arc::new(ActionSpec {
        docs: DOCS.into(),
        group: Group::Business,
        input: Schema::new(input()),
        output: Schema::new(output()),
        errors: ERRORS.to_vec(),
        connection: Some(CONNECTION_TYPE.into()),
        check: Some(check),
        example: "id: mail\naction: email.send\nconnection: mail\nwith:\n  to: \"{{input.email}}\"\n  subject: Your \
                  code\n  text: \"Your code is {{input.code}}. It is valid for five minutes.\"\n  html: \"<p>Your code is \
                  <b>{{input.code}}</b>. It is valid for five minutes.</p>\"\n"
            .into(),
        ..ActionSpec::new("email.send", Effect::Once, "Sends an e-mail over SMTP")
    })
});

const DOCS: &str = "\
Give `text`, `html`, or both: with both, the reader's program chooses. Expressions in `html` are escaped. An address is \
`ada@example.com`, `Ada Lovelace <ada@example.com>`, or a map with `email` and `name`; where it comes from a caller, write \
the map, so that the caller has no say in the name. A line break or another control character in an address, a name, the \
subject or a header is refused with `invalid_address` or `invalid_message`.

All recipients or none: where the server refuses one of them, nothing is sent, and `error.provider.recipient` is the one.

What may be repeated: whatever failed before the message was handed over whole, and whatever the server answered with an \
error (RFC 5321 §4.2.5: what it does not accept, it does not deliver). Temporary refusals (4xx) fail with `deferred`, and \
are repeated by the step's `retry`. Where the connection broke, or no answer came, after the message was handed over, nobody \
can tell: that fails with `unconfirmed` and is not repeated, and a crash at that point ends the run in doubt. The `Message-ID` is made from the \
run and the step: a copy that was sent after all has the same one.

The result says that the server has taken the message over, not that it was delivered or read.";

const ERRORS: &[ErrorSpec] = &[
    ErrorSpec::new("invalid_address", 422, "an address is none, or is missing"),
    ErrorSpec::new(
        "invalid_message",
        500,
        "the message cannot be made: a control character in a subject, a name or a header, an attachment that is not base64",
    ),
    ErrorSpec::new(
        "too_large",
        422,
        "the attachments have more than 5 MiB, or there are more than 100 recipients",
    ),
    ErrorSpec::new(
        "recipient_rejected",
        422,
        "the server refuses a recipient for good",
    ),
    ErrorSpec::new("sender_rejected", 502, "the server refuses the sender for good"),
    ErrorSpec::new("message_rejected", 502, "the server refuses the message for good"),
    ErrorSpec::new(
        "authentication_failed",
        502,
        "the server does not accept the user name and password, or offers no way that is supported (PLAIN, LOGIN)",
    ),
    ErrorSpec::new(
        "tls_failed",
        502,
        "no encrypted connection: the server's certificate is not trusted, or it offers no STARTTLS",
    ),
    ErrorSpec::new("deferred", 503, "the server refuses for now (4xx)"),
    ErrorSpec::new(
        "unavailable",
        502,
        "no connection, or it broke before the message was handed over",
    ),
    ErrorSpec::new(
        "unconfirmed",
        502,
        "the message was handed over, and no answer came: it may have been sent",
    ),
];

fn input() -> Value {
    let one = json!([
        { "type": "string" },
        {
            "type": "object",
            "additionalProperties": false,
            "required": ["email"],
            "properties": {
                "email": { "type": "string", "description": "The address alone." },
                "name": { "type": ["string", "null"], "description": "The name shown beside it." }
            }
        }
    ]);
    let person = |description: &str| json!({ "anyOf": one, "description": description });
    let people = |description: &str| {
        let mut choices = one.as_array().cloned().unwrap_or_default();
        choices.push(json!({ "type": "array", "items": { "anyOf": one } }));
        json!({ "anyOf": choices, "description": description })
    };
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["to", "subject"],
        "properties": {
            "from": person("The sender. The connection's `from` where it is left out."),
            "to": people("One recipient, or a list."),
            "cc": people("Further recipients that everyone sees."),
            "bcc": people("Further recipients that nobody sees."),
            "reply_to": person("Where answers go."),
            "subject": { "type": "string", "description": "The subject: one line." },
            "text": { "type": "string", "description": "The message as plain text." },
            "html": { "type": "string", "html": true, "description": "The message as HTML. Expressions in it are escaped." },
            "headers": {
                "type": "object",
                "additionalProperties": { "type": "string" },
                "description": "Further headers, like `List-Unsubscribe`. Those that are made from the other arguments \
                    are refused."
            },
            "attachments": {
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["filename", "content"],
                    "properties": {
                        "filename": { "type": "string", "minLength": 1, "description": "The name that readers see." },
                        "content": { "type": "string", "description": "The bytes, as base64." },
                        "content_type": {
                            "type": "string", "default": "application/octet-stream",
                            "description": "What it is, like `application/pdf`."
                        }
                    }
                },
                "description": "Small files, 5 MiB together."
            }
        }
    })
}

fn output() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["message_id", "accepted", "response"],
        "properties": {
            "message_id": { "type": "string", "description": "The message's `Message-ID`, with its angle brackets." },
            "accepted": {
                "type": "array", "items": { "type": "string" },
                "description": "The addresses that the server took the message over for."
            },
            "response": { "type": "string", "description": "What the server said, often with its own name for the message." }
        }
    })
}

fn check(known: &KnownInput) -> Vec<InputProblem> {
    let mut problems = Vec::new();
    let mut found = |pointer: String, message: String, help: &str| {
        problems.push(InputProblem {
            pointer,
            message,
            help: Some(help.to_owned()),
        });
    };
    let input = &known.value;
    if known.is_unknown("") {
        return problems;
    }
    let given = |name: &str| input.get(name).is_some() || known.is_unknown(&format!("/{name}"));
    if !given("text") && !given("html") {
        let help = "give `text`, `html`, or both";
        found(String::new(), "the message has no content".to_owned(), help);
    }
    for name in ["from", "to", "cc", "bcc", "reply_to"] {
        let pointer = format!("/{name}");
        let each = match input.get(name) {
            Some(Value::Array(list)) => list
                .iter()
                .enumerate()
                .map(|(index, one)| (format!("{pointer}/{index}"), one))
                .collect(),
            Some(one) => vec![(pointer, one)],
            None => Vec::new(),
        };
        for (pointer, one) in each {
            let is_known = !known
                .unknown
                .iter()
                .any(|unknown| unknown.starts_with(pointer.as_str()));
            if is_known && mailbox(one).is_err() {
                let help = "write `ada@example.com`, or `Ada Lovelace <ada@example.com>`";
                found(pointer, "this is no e-mail address".to_owned(), help);
            }
        }
    }
    for (name, value) in input
        .get("headers")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let pointer = format!("/headers/{}", name.replace('~', "~0").replace('/', "~1"));
        let value = value.as_str().unwrap_or_default();
        if let Some(problem) = header_problem(name, value) {
            found(pointer, problem, "leave it out");
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_found_before_it_runs() {
        let to = "ada@example.com";
        for (value, unknown, expected) in [
            (json!({ "to": to, "text": "" }), vec![], vec![]),
            (json!({ "to": null, "html": null }), vec!["/to", "/html"], vec![]),
            (Value::Null, vec![""], vec![]),
            (json!({ "to": to }), vec!["/text"], vec![]),
            (
                json!({ "to": to }),
                vec![],
                vec![("", "the message has no content")],
            ),
            (
                json!({ "to": [to, "ada"], "cc": { "email": "x" }, "bcc": { "email": null, "name": "Ada" }, "text": "" }),
                vec!["/bcc/email"],
                vec![
                    ("/to/1", "this is no e-mail address"),
                    ("/cc", "this is no e-mail address"),
                ],
            ),
            (
                json!({ "to": to, "text": "", "headers": { "X-Campaign": "spring", "bcc": "eve@example.com", "a b": "" } }),
                vec![],
                vec![
                    (
                        "/headers/bcc",
                        "the header `bcc` is made from the other arguments",
                    ),
                    ("/headers/a b", "`a b` is no name of a header"),
                ],
            ),
        ] {
            let known = KnownInput {
                value,
                unknown: unknown.into_iter().map(str::to_owned).collect(),
            };
            let found: Vec<_> = check(&known)
                .into_iter()
                .map(|problem| (problem.pointer, problem.message))
                .collect();
            let expected: Vec<_> = expected
                .into_iter()
                .map(|(at, what)| (at.to_owned(), what.to_owned()))
                .collect();
            assert_eq!(found, expected, "{:?}", known.value);
        }
    }
}
