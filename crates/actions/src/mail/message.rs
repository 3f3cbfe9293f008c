//! An input as a message: who gets it, and its bytes.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::Address;
use lettre::address::Envelope;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Body, Mailbox, Message, MultiPart, MultiPartKind, SinglePart};
use serde_json::Value;

use super::address::{AddressProblem, has_control, mailbox};
use super::spec::{MOST_ATTACHED, MOST_RECIPIENTS};

/// Why there is no message. It quotes no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum MessageProblem {
    /// An address that cannot be used.
    #[error("`{argument}` {problem}")]
    Address {
        /// The argument that it stands in.
        argument: &'static str,
        /// What is wrong.
        problem: AddressProblem,
    },
    /// No sender, here or in the connection.
    #[error("there is no sender: give `from`, here or in the connection")]
    NoSender,
    /// An empty list.
    #[error("there is no recipient")]
    NoRecipient,
    /// More than a server must take.
    #[error("there are more than {MOST_RECIPIENTS} recipients")]
    TooManyRecipients,
    /// Neither text nor HTML.
    #[error("the message has no content: give `text`, `html`, or both")]
    NoContent,
    /// A subject or a header that would not be one line.
    #[error("{0}")]
    Header(String),
    /// An attachment that cannot be used.
    #[error("the attachment {number} {problem}")]
    Attachment {
        /// Which one, from 1.
        number: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// More than is sent.
    #[error("the attachments have more than {} MiB", MOST_ATTACHED / (1024 * 1024))]
    TooLarge,
}

impl MessageProblem {
    /// The declared code.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Address {
                problem: AddressProblem::NoAddress,
                ..
            }
            | Self::NoRecipient => "invalid_address",
            Self::TooLarge | Self::TooManyRecipients => "too_large",
            _ => "invalid_message",
        }
    }
}

/// A message that can be sent.
pub(super) struct Outgoing {
    pub(super) envelope: Envelope,
    pub(super) content: Vec<u8>,
    pub(super) message_id: String,
}

/// What is not in the input.
pub(super) struct Circumstances<'a> {
    /// The connection's sender.
    pub(super) from: Option<&'a Mailbox>,
    /// The same for every attempt of the step.
    pub(super) identity: [u8; 32],
    /// Now.
    pub(super) date: SystemTime,
    /// Nobody can foretell it, so no text of the message can hold it.
    pub(super) boundary: [u8; 16],
}

/// The names that the other arguments make, and those that a server or a reader takes the message's way from.
const RESERVED: [&str; 14] = [
    "from",
    "to",
    "cc",
    "bcc",
    "sender",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "return-path",
    "received",
    "envelope-to",
    "delivered-to",
];

/// What is wrong with a header that an input gives.
pub(super) fn header_problem(name: &str, value: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    // RFC 5322 §3.6.8: printable ASCII without the colon.
    let is_name = (1..=76).contains(&name.len()) && name.bytes().all(|c| c.is_ascii_graphic() && c != b':');
    if !is_name {
        Some(format!("`{}` is no name of a header", name.escape_debug()))
    } else if RESERVED.contains(&&*lower) || lower.starts_with("content-") || lower.starts_with("resent-") {
        Some(format!("the header `{name}` is made from the other arguments"))
    } else if has_control(value) {
        Some(format!("the header `{name}` has a control character"))
    } else {
        None
    }
}

/// Makes the message.
pub(super) fn compose(input: &Value, given: &Circumstances<'_>) -> Result<Outgoing, MessageProblem> {
    let from = one(input, "from")?
        .or_else(|| given.from.cloned())
        .ok_or(MessageProblem::NoSender)?;
    let to = people(input, "to")?;
    let cc = people(input, "cc")?;
    let bcc = people(input, "bcc")?;
    let mut recipients: Vec<Address> = Vec::new();
    for person in to.iter().chain(&cc).chain(&bcc) {
        if !recipients.contains(&person.email) {
            recipients.push(person.email.clone());
        }
    }
    if recipients.len() > MOST_RECIPIENTS {
        return Err(MessageProblem::TooManyRecipients);
    }
    let message_id = message_id(&given.identity, &from);
    let envelope =
        Envelope::new(Some(from.email.clone()), recipients).map_err(|_| MessageProblem::NoRecipient)?;

    let subject = input.get("subject").and_then(Value::as_str).unwrap_or_default();
    if has_control(subject) {
        return Err(MessageProblem::Header(
            "the subject has a control character".to_owned(),
        ));
    }
    let mut builder = Message::builder()
        .envelope(envelope.clone())
        .message_id(Some(message_id.clone()))
        .date(given.date)
        .from(from)
        .subject(subject);
    for person in to {
        builder = builder.to(person);
    }
    for person in cc {
        builder = builder.cc(person);
    }
    if let Some(person) = one(input, "reply_to")? {
        builder = builder.reply_to(person);
    }
    for (name, value) in input
        .get("headers")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let value = value.as_str().unwrap_or_default();
        if let Some(problem) = header_problem(name, value) {
            return Err(MessageProblem::Header(problem));
        }
        let name = HeaderName::new_from_ascii(name.clone())
            .map_err(|_| MessageProblem::Header("a header has no name".to_owned()))?;
        builder = builder.raw_header(HeaderValue::new(name, value.to_owned()));
    }
    let message = match content(input, given)? {
        Content::One(part) => builder.singlepart(part),
        Content::Several(parts) => builder.multipart(parts),
    };
    let message = message.map_err(|problem| MessageProblem::Header(problem.to_string()))?;
    Ok(Outgoing {
        envelope,
        content: message.formatted(),
        message_id,
    })
}

enum Content {
    One(SinglePart),
    Several(MultiPart),
}

fn content(input: &Value, given: &Circumstances<'_>) -> Result<Content, MessageProblem> {
    let text = |name: &str| input.get(name).and_then(Value::as_str).map(str::to_owned);
    let boundary = |part: &str| format!("{}-{part}", hex(&given.boundary));
    let body = match (text("text"), text("html")) {
        (Some(text), Some(html)) => Content::Several(
            MultiPart::builder()
                .kind(MultiPartKind::Alternative)
                .boundary(boundary("a"))
                .singlepart(SinglePart::plain(written(&text)?))
                .singlepart(SinglePart::html(written(&html)?)),
        ),
        (Some(text), None) => Content::One(SinglePart::plain(written(&text)?)),
        (None, Some(html)) => Content::One(SinglePart::html(written(&html)?)),
        (None, None) => return Err(MessageProblem::NoContent),
    };
    let attachments = attachments(input)?;
    if attachments.is_empty() {
        return Ok(body);
    }
    let mixed = MultiPart::builder()
        .kind(MultiPartKind::Mixed)
        .boundary(boundary("m"));
    let mut parts = match body {
        Content::One(part) => mixed.singlepart(part),
        Content::Several(parts) => mixed.multipart(parts),
    };
    for attachment in attachments {
        parts = parts.singlepart(attachment);
    }
    Ok(Content::Several(parts))
}

/// A text as it travels: every line ends the same way, and a control character goes encoded. What one server takes for the
/// end of a line, and the next one does not, can be the end of the message for one of them.
fn written(text: &str) -> Result<Body, MessageProblem> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let is_plain = !text.contains(|c: char| c.is_ascii_control() && !matches!(c, '\n' | '\t'));
    if is_plain {
        return Ok(Body::new(text));
    }
    // Lines end as they do in a message, before the rest is encoded.
    let text = text.replace('\n', "\r\n");
    Body::new_with_encoding(text, ContentTransferEncoding::QuotedPrintable)
        .map_err(|_| MessageProblem::Header("the text cannot be encoded".to_owned()))
}

fn attachments(input: &Value) -> Result<Vec<SinglePart>, MessageProblem> {
    let mut left = MOST_ATTACHED;
    let mut parts = Vec::new();
    for (index, attachment) in input
        .get("attachments")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .enumerate()
    {
        let bad = |problem| MessageProblem::Attachment {
            number: index + 1,
            problem,
        };
        let text = |name: &str| attachment.get(name).and_then(Value::as_str);
        let filename = text("filename").unwrap_or_default();
        if has_control(filename) {
            return Err(bad("has a control character in its `filename`"));
        }
        let content = text("content").unwrap_or_default();
        if content.len() / 4 * 3 > MOST_ATTACHED + 3 {
            return Err(MessageProblem::TooLarge);
        }
        let bytes = STANDARD.decode(content).map_err(|_| bad("is not base64"))?;
        left = left.checked_sub(bytes.len()).ok_or(MessageProblem::TooLarge)?;
        let content_type = text("content_type").unwrap_or("application/octet-stream");
        let content_type = Some(content_type)
            .filter(|content_type| !has_control(content_type))
            .and_then(|content_type| ContentType::parse(content_type).ok())
            .ok_or_else(|| bad("has a `content_type` that is none"))?;
        let body = Body::new_with_encoding(bytes, ContentTransferEncoding::Base64)
            .map_err(|_| bad("cannot be encoded"))?;
        parts.push(Attachment::new(filename.to_owned()).body(body, content_type));
    }
    Ok(parts)
}

fn one(input: &Value, argument: &'static str) -> Result<Option<Mailbox>, MessageProblem> {
    input
        .get(argument)
        .map(|value| mailbox(value).map_err(|problem| MessageProblem::Address { argument, problem }))
        .transpose()
}

fn people(input: &Value, argument: &'static str) -> Result<Vec<Mailbox>, MessageProblem> {
    match input.get(argument) {
        Some(Value::Array(list)) => list
            .iter()
            .map(|value| mailbox(value).map_err(|problem| MessageProblem::Address { argument, problem }))
            .collect(),
        _ => Ok(one(input, argument)?.into_iter().collect()),
    }
}

/// RFC 5322 §3.6.4. The same for every attempt of a step, and for no other step.
fn message_id(identity: &[u8; 32], from: &Mailbox) -> String {
    format!("<{}@{}>", hex(&identity[..16]), from.email.domain())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        use std::fmt::Write as _;
        // A string takes everything.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn given() -> Circumstances<'static> {
        Circumstances {
            from: None,
            identity: [7; 32],
            date: SystemTime::UNIX_EPOCH,
            boundary: [9; 16],
        }
    }

    fn made(mut input: Value) -> String {
        input["from"] = json!("Shop <shop@example.org>");
        let outgoing = compose(&input, &given()).unwrap_or_else(|problem| panic!("{problem}"));
        String::from_utf8(outgoing.content).unwrap()
    }

    #[test]
    fn a_message_is_made() {
        let made = made(json!({
            "to": [{ "email": "ada@example.com", "name": "Ada, Countess" }, "bob@example.com"],
            "cc": "Zoë <zoe@example.com>",
            "bcc": "secret@example.com",
            "reply_to": "help@example.org",
            "subject": "Grüße",
            "text": "Hello\n.\nyou",
            "headers": { "X-Campaign": "spring" },
        }));
        assert_eq!(
            made,
            "Message-ID: <07070707070707070707070707070707@example.org>\r\n\
             Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n\
             From: Shop <shop@example.org>\r\n\
             Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\n\
             To: =?utf-8?b?QWRhLCBDb3VudGVzcw==?= <ada@example.com>, bob@example.com\r\n\
             Cc: =?utf-8?b?Wm/Dqw==?= <zoe@example.com>\r\n\
             Reply-To: help@example.org\r\n\
             X-Campaign: spring\r\n\
             MIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: 7bit\r\n\
             \r\n\
             Hello\r\n.\r\nyou\r\n"
        );
    }

    #[test]
    fn text_html_and_attachments_make_parts() {
        let made = made(json!({
            "to": "ada@example.com", "subject": "", "text": "hello", "html": "<p>hello</p>",
            "attachments": [{ "filename": "a \"b\" ü.txt", "content": "aGk=", "content_type": "text/plain" }],
        }));
        let boundary = "09090909090909090909090909090909";
        for part in [
            format!("Content-Type: multipart/mixed; boundary=\"{boundary}-m\"\r\n"),
            format!("Content-Type: multipart/alternative;\r\n boundary=\"{boundary}-a\"\r\n"),
            "Content-Type: text/html; charset=utf-8\r\n".to_owned(),
            "Content-Disposition: attachment;\r\n filename*0*=utf-8''a%20%22b%22%20%C3%BC.txt\r\n".to_owned(),
        ] {
            assert!(made.contains(&part), "{part} in {made}");
        }
    }

    #[test]
    fn every_line_ends_the_same_way() {
        let body = |text: &str| {
            let made = made(json!({ "to": "ada@example.com", "subject": "", "text": text }));
            made.split_once("\r\n\r\n").unwrap().1.to_owned()
        };
        for (text, expected) in [
            ("a\r\nb", "a\r\nb\r\n"),
            ("a\n.\nb", "a\r\n.\r\nb\r\n"),
            ("a\r.\rb", "a\r\n.\r\nb\r\n"),
            ("a\r\n\rb", "a\r\n\r\nb\r\n"),
            ("a\0b\u{b}\nc", "a=00b=0B\r\nc\r\n"),
            ("nobody sees an ü\rb", "nobody sees an =C3=BC\r\nb\r\n"),
        ] {
            assert_eq!(body(text), expected, "{text:?}");
        }
    }

    #[test]
    fn nothing_gets_into_the_head_but_what_belongs_there() {
        let bad_header = |what: &str| MessageProblem::Header(what.to_owned());
        let crlf = "x\r\nBcc: eve@example.com";
        for (argument, value, expected) in [
            (
                "subject",
                json!(crlf),
                bad_header("the subject has a control character"),
            ),
            (
                "subject",
                json!("x\nBcc: y"),
                bad_header("the subject has a control character"),
            ),
            (
                "subject",
                json!("x\rBcc: y"),
                bad_header("the subject has a control character"),
            ),
            (
                "subject",
                json!("x\0y"),
                bad_header("the subject has a control character"),
            ),
            (
                "headers",
                json!({ "X-A": crlf }),
                bad_header("the header `X-A` has a control character"),
            ),
            (
                "headers",
                json!({ crlf: "x" }),
                bad_header("`x\\r\\nBcc: eve@example.com` is no name of a header"),
            ),
            (
                "headers",
                json!({ "X-A: b\r\nBcc": "x" }),
                bad_header("`X-A: b\\r\\nBcc` is no name of a header"),
            ),
            (
                "headers",
                json!({ "": "x" }),
                bad_header("`` is no name of a header"),
            ),
            (
                "headers",
                json!({ "BCC": "x" }),
                bad_header("the header `BCC` is made from the other arguments"),
            ),
            (
                "headers",
                json!({ "Content-Type": "x" }),
                bad_header("the header `Content-Type` is made from the other arguments"),
            ),
            (
                "attachments",
                json!([{ "filename": crlf, "content": "" }]),
                MessageProblem::Attachment {
                    number: 1,
                    problem: "has a control character in its `filename`",
                },
            ),
            (
                "attachments",
                json!([{ "filename": "a", "content": "", "content_type": "text/plain\r\nBcc: x" }]),
                MessageProblem::Attachment {
                    number: 1,
                    problem: "has a `content_type` that is none",
                },
            ),
            (
                "attachments",
                json!([{ "filename": "a", "content": "%" }]),
                MessageProblem::Attachment {
                    number: 1,
                    problem: "is not base64",
                },
            ),
            (
                "reply_to",
                json!(format!("a@example.com{crlf}")),
                MessageProblem::Address {
                    argument: "reply_to",
                    problem: AddressProblem::NoAddress,
                },
            ),
            ("to", json!([]), MessageProblem::NoRecipient),
            (
                "to",
                Value::Array(vec![json!("a@example.com"); 2]),
                MessageProblem::NoSender,
            ),
        ] {
            let mut input =
                json!({ "from": "a@example.org", "to": "b@example.com", "subject": "", "text": "" });
            if expected == MessageProblem::NoSender {
                input.as_object_mut().unwrap().remove("from");
            }
            input[argument] = value;
            let found = compose(&input, &given()).err();
            assert_eq!(found, Some(expected), "{input}");
        }
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let many: Vec<Value> = (0..=MOST_RECIPIENTS)
            .map(|number| json!(format!("a{number}@example.com")))
            .collect();
        let half = STANDARD.encode(vec![0; MOST_ATTACHED / 2 + 1]);
        let attached = json!({ "filename": "a", "content": half });
        for (input, expected) in [
            (json!({ "to": many }), MessageProblem::TooManyRecipients),
            (
                json!({ "to": "a@example.com", "attachments": [attached, attached] }),
                MessageProblem::TooLarge,
            ),
            (
                json!({ "to": "a@example.com", "attachments": [{ "filename": "a", "content": STANDARD.encode(vec![0; MOST_ATTACHED * 2]) }] }),
                MessageProblem::TooLarge,
            ),
        ] {
            let mut input = input;
            input["from"] = json!("a@example.org");
            input["text"] = json!("");
            assert_eq!(compose(&input, &given()).err(), Some(expected));
        }
        let one =
            json!({ "from": "a@example.org", "to": "a@example.com", "text": "", "attachments": [attached] });
        assert!(compose(&one, &given()).is_ok());
    }
}
