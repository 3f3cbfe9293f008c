//! `auth0.send_email`, `auth0.send_sms`, `auth0.make_call`: the messages of Auth0 Flows, through a provider of one's own.
//!
//! Auth0 Flows hands these to the providers that the tenant is configured with. The Management API offers no such
//! thing: it configures providers (and does not tell their secrets), and sends its own notifications. So these three
//! take Auth0's arguments and give them to an action of the binary that sends through a connection of the workspace:
//! the same provider as the tenant's, or another. Nothing here knows SMTP or any vendor.

use std::sync::Arc;

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError, Actions, Reconciled};
use lockgate_flow::catalog::{ActionSpec, Group};
use lockgate_flow::schema::Schema;
use serde_json::{Map, Value, json};

/// One of the three, and the action that does the sending.
struct Notification {
    spec: Arc<ActionSpec>,
    sender: Arc<dyn Action>,
    translate: fn(&Value) -> Value,
}

/// What is declared of one of the three; the rest is the sender's.
struct Declared {
    name: &'static str,
    /// The action that sends.
    through: &'static str,
    summary: &'static str,
    docs: &'static str,
    input: fn() -> Value,
    translate: fn(&Value) -> Value,
    example: &'static str,
}

const ALL: [Declared; 3] = [
    Declared {
        name: "auth0.send_email",
        through: "email.send",
        summary: "Sends an e-mail, with the arguments of Auth0 Flows, over SMTP",
        docs: "Auth0's own API sends no e-mails of one's own, so this goes through a connection of type `smtp`: give it the \
               SMTP server (or relay) that the tenant is configured with, and people see the same sender.\n\n\
               `body` is HTML. It is a template of Lockgate, not of Liquid: write `{{steps.otp.code}}` where Auth0 Flows \
               has `{{custom_vars.code}}`. Expressions in it are escaped.\n\n\
               The same as `email.send`, which takes more (plain text, copies, attachments); its page tells the errors, \
               and what a lost answer means.",
        input: email_input,
        translate: email,
        example: "action: auth0.send_email\nconnection: mail\nwith:\n  to: \"{{input.email}}\"\n  subject: Your code\n  \
                  body: \"<p>Your code is <b>{{input.code}}</b>.</p>\"\n  from: { email: no-reply@example.com, name: \
                  Example }\n",
    },
    Declared {
        name: "auth0.send_sms",
        through: "twilio.send_sms",
        summary: "Sends a text message, with the arguments of Auth0 Flows, by Twilio",
        docs: "Auth0's own API sends no messages of one's own, so this goes through a connection of type `twilio`: give it \
               the account that the tenant's phone provider is configured with.\n\n\
               `message` is a template of Lockgate, not of Liquid. Twilio needs a sender: `from`, which Auth0 takes from \
               its provider's settings when it is left out.\n\n\
               The same as `twilio.send_sms`; its page tells the errors, and what a lost answer means.",
        input: sms_input,
        translate: sms,
        example: "action: auth0.send_sms\nconnection: twilio\nwith:\n  from: \"+15005550006\"\n  to: \
                  \"{{input.phone}}\"\n  message: \"Your code is {{input.code}}.\"\n",
    },
    Declared {
        name: "auth0.make_call",
        through: "twilio.make_call",
        summary: "Calls a person and reads a message out, with the arguments of Auth0 Flows, by Twilio",
        docs: "Auth0's own API makes no calls of one's own, so this goes through a connection of type `twilio`: give it the \
               account that the tenant's phone provider is configured with.\n\n\
               `message` is read out once, as it is: it is text, not markup. For anything else, `twilio.make_call` takes \
               TwiML; its page tells the errors, and what a lost answer means.",
        input: call_input,
        translate: call,
        example: "action: auth0.make_call\nconnection: twilio\nwith:\n  from: \"+15005550006\"\n  to: \
                  \"{{input.phone}}\"\n  message: \"Your code is {{input.code}}.\"\n",
    },
];

/// Adds those of the three whose sender is among the actions already.
pub(super) fn register(actions: &mut Actions) {
    for declared in ALL {
        let Some(sender) = actions.get(declared.through).map(Arc::clone) else {
            continue;
        };
        let theirs = sender.spec();
        let spec = ActionSpec {
            group: Group::Identity,
            docs: declared.docs.into(),
            input: Schema::new((declared.input)()),
            output: Schema::new(output()),
            errors: theirs.errors.clone(),
            connection: theirs.connection.clone(),
            timeout: theirs.timeout,
            example: declared.example.into(),
            ..ActionSpec::new(declared.name, theirs.effect, declared.summary)
        };
        actions.add(Notification {
            spec: Arc::new(spec),
            sender,
            translate: declared.translate,
        });
    }
}

#[async_trait]
impl Action for Notification {
    fn spec(&self) -> &Arc<ActionSpec> {
        &self.spec
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let sent = self.sender.call(context, (self.translate)(&input)).await?;
        Ok(success(sent))
    }

    async fn reconcile(&self, context: &ActionContext<'_>, input: &Value) -> Result<Reconciled, ActionError> {
        let reconciled = self.sender.reconcile(context, &(self.translate)(input)).await?;
        Ok(match reconciled {
            Reconciled::Happened(sent) => Reconciled::Happened(success(sent)),
            other => other,
        })
    }
}

/// Auth0's result, and what the sender said.
fn success(sent: Value) -> Value {
    Map::from_iter([("success".to_owned(), true.into()), ("provider".to_owned(), sent)]).into()
}

fn output() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["success"],
        "properties": {
            "success": { "type": "boolean", "description": "True: the provider has taken the message over." },
            "provider": { "description": "What the sending action gave." }
        }
    })
}

fn email_input() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["to", "subject", "body"],
        "properties": {
            "to": { "type": "string", "format": "email", "description": "The recipient's address." },
            "subject": { "type": "string", "minLength": 1, "maxLength": 255, "description": "The subject: one line." },
            "body": {
                "type": "string",
                "minLength": 1,
                "maxLength": 102_400,
                "html": true,
                "description": "The message as HTML. Expressions in it are escaped."
            },
            "from": {
                "type": "object",
                "additionalProperties": false,
                "required": ["email"],
                "properties": {
                    "email": { "type": "string", "format": "email", "description": "The address alone." },
                    "name": { "type": "string", "minLength": 1, "maxLength": 125, "description": "The name shown beside it." }
                },
                "description": "The sender. The connection's `from` where it is left out."
            }
        }
    })
}

/// An address as a map, so that no display name can be smuggled into it.
fn email(input: &Value) -> Value {
    let mut message = Map::new();
    message.insert("to".to_owned(), json!({ "email": input["to"] }));
    message.insert("subject".to_owned(), input["subject"].clone());
    message.insert("html".to_owned(), input["body"].clone());
    if let Some(from) = input.get("from") {
        message.insert("from".to_owned(), from.clone());
    }
    message.into()
}

fn phone_fields(message: &str) -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["to", "message", "from"],
        "properties": {
            "to": {
                "type": "string",
                "minLength": 1,
                "maxLength": 50,
                "description": "The number in E.164 form, like `+4915112345678`."
            },
            "message": { "type": "string", "minLength": 1, "maxLength": 1024, "description": message },
            "from": { "type": "string", "minLength": 1, "maxLength": 50, "description": "The number in E.164 form that sends." }
        }
    })
}

fn sms_input() -> Value {
    phone_fields("The text.")
}

fn call_input() -> Value {
    phone_fields("What is read out.")
}

fn sms(input: &Value) -> Value {
    json!({ "from": input["from"], "to": input["to"], "message": input["message"] })
}

/// TwiML (Twilio: "TwiML Voice: Say"): the text in one element, escaped as XML asks (section 2.4).
fn call(input: &Value) -> Value {
    let mut text = String::new();
    for character in input["message"].as_str().unwrap_or_default().chars() {
        match character {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            // XML has no way to write the other control characters (section 2.2).
            '\n' | '\t' | '\r' => text.push(' '),
            other if other.is_control() => {}
            other => text.push(other),
        }
    }
    json!({
        "from": input["from"],
        "to": input["to"],
        "payload": format!("<Response><Say>{text}</Say></Response>"),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use lockgate_flow::catalog::{Effect, ErrorSpec};

    use super::*;
    use crate::testing::{StandIn, Step};

    /// Keeps what it is given.
    struct Sender {
        spec: Arc<ActionSpec>,
        seen: Arc<Mutex<Vec<Value>>>,
    }

    #[async_trait]
    impl Action for Sender {
        fn spec(&self) -> &Arc<ActionSpec> {
            &self.spec
        }

        async fn call(&self, _: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
            self.seen.lock().unwrap().push(input.clone());
            match input["to"].as_str() {
                Some("nobody") => Err(ActionError::new("rejected", "no")),
                _ => Ok(json!({ "id": 1 })),
            }
        }

        async fn reconcile(&self, _: &ActionContext<'_>, input: &Value) -> Result<Reconciled, ActionError> {
            self.seen.lock().unwrap().push(input.clone());
            Ok(Reconciled::Happened(json!({ "id": 2 })))
        }
    }

    fn registered(senders: &[&'static str]) -> (Actions, Arc<Mutex<Vec<Value>>>) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut actions = Actions::new();
        for name in senders {
            let spec = ActionSpec {
                connection: Some("of-the-sender".into()),
                errors: vec![ErrorSpec::new("rejected", 422, "no")],
                ..ActionSpec::new(*name, Effect::Once, "sends")
            };
            actions.add(Sender {
                spec: Arc::new(spec),
                seen: Arc::clone(&seen),
            });
        }
        register(&mut actions);
        (actions, seen)
    }

    #[test]
    fn there_is_one_for_each_sender_that_is_there() {
        let (actions, _) = registered(&["email.send"]);
        assert!(actions.get("auth0.send_email").is_some() && actions.get("auth0.send_sms").is_none());
        let spec = actions.get("auth0.send_email").unwrap().spec();
        assert_eq!(spec.effect, Effect::Once);
        assert_eq!(spec.connection.as_deref(), Some("of-the-sender"));
        assert!(spec.error("rejected").is_some());
    }

    #[tokio::test]
    async fn arguments_are_translated() {
        let (actions, seen) = registered(&["email.send", "twilio.send_sms", "twilio.make_call"]);
        let stand_in = StandIn::start([]).await;
        let step = Step::new(&stand_in);
        for (name, input, given) in [
            (
                "auth0.send_email",
                json!({ "to": "ada@example.com", "subject": "Hello", "body": "<p>1</p>", "from": { "email": "a@b.example", "name": "A" } }),
                json!({
                    "to": { "email": "ada@example.com" }, "subject": "Hello", "html": "<p>1</p>",
                    "from": { "email": "a@b.example", "name": "A" },
                }),
            ),
            (
                "auth0.send_email",
                json!({ "to": "ada@example.com", "subject": "Hello", "body": "<p>1</p>" }),
                json!({ "to": { "email": "ada@example.com" }, "subject": "Hello", "html": "<p>1</p>" }),
            ),
            (
                "auth0.send_sms",
                json!({ "to": "+491", "from": "+492", "message": "12 & 34" }),
                json!({ "from": "+492", "to": "+491", "message": "12 & 34" }),
            ),
            (
                "auth0.make_call",
                json!({ "to": "+491", "from": "+492", "message": "1 < 2 & </Say>\n\u{0}3" }),
                json!({
                    "from": "+492", "to": "+491",
                    "payload": "<Response><Say>1 &lt; 2 &amp; &lt;/Say&gt; 3</Say></Response>",
                }),
            ),
        ] {
            let action = Shared(Arc::clone(actions.get(name).unwrap()));
            let output = step.call(&action, input.clone()).await;
            assert_eq!(output, Ok(json!({ "success": true, "provider": { "id": 1 } })));
            assert_eq!(seen.lock().unwrap().pop(), Some(given.clone()), "{name}");
            assert_eq!(
                step.reconcile(&action, &input).await,
                Ok(Reconciled::Happened(
                    json!({ "success": true, "provider": { "id": 2 } })
                ))
            );
            assert_eq!(seen.lock().unwrap().pop(), Some(given), "{name}");
        }
        let refused = json!({ "to": "nobody", "from": "+492", "message": "a" });
        let action = Shared(Arc::clone(actions.get("auth0.send_sms").unwrap()));
        assert_eq!(step.call(&action, refused).await.unwrap_err().code, "rejected");
    }

    /// An action out of a list, for [`Step`].
    struct Shared(Arc<dyn Action>);

    #[async_trait]
    impl Action for Shared {
        fn spec(&self) -> &Arc<ActionSpec> {
            self.0.spec()
        }

        async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
            self.0.call(context, input).await
        }

        async fn reconcile(
            &self,
            context: &ActionContext<'_>,
            input: &Value,
        ) -> Result<Reconciled, ActionError> {
            self.0.reconcile(context, input).await
        }
    }
}
