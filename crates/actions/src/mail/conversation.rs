//! One message over one connection, command by command (RFC 5321 §3.3), so that it is known how far it got.

use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{Extension, MailParameter};

use super::failure::{Cause, Failure, Stage, within};

/// RFC 5321 §4.5.3.2.6 would wait ten minutes: a server may look at the message before it answers. Nobody waits that long
/// for a step, but longer than for a command.
const FOR_CONTENT: u32 = 3;

/// Hands a message over; gives what the server said.
pub(super) async fn deliver(
    connection: &mut AsyncSmtpConnection,
    envelope: &Envelope,
    content: &[u8],
    limit: Duration,
) -> Result<String, Failure> {
    let mut parameters = Vec::new();
    if !(is_ascii(envelope) && content.is_ascii()) {
        // RFC 6531 §3.2.
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            let sender = envelope.from().is_some_and(|from| !is_ascii_text(from.as_ref()));
            let stage = if sender { Stage::Sender } else { Stage::Recipient };
            let reason = "the server takes no addresses with other characters than ASCII (SMTPUTF8)";
            return Err(Failure::new(stage, Cause::Unsupported(reason.to_owned())));
        }
        parameters.push(MailParameter::SmtpUtfEight);
        parameters.push(MailParameter::Body(
            lettre::transport::smtp::extension::MailBodyParameter::EightBitMime,
        ));
    }
    let sender = Mail::new(envelope.from().cloned(), parameters);
    within(Stage::Sender, limit, connection.command(sender)).await?;
    for recipient in envelope.to() {
        let command = Rcpt::new(recipient.clone(), Vec::new());
        within(Stage::Recipient, limit, connection.command(command))
            .await
            .map_err(|failure| Failure {
                recipient: Some(recipient.to_string()),
                ..failure
            })?;
    }
    within(Stage::Data, limit, connection.command(Data)).await?;
    let answer = within(
        Stage::Content,
        limit.saturating_mul(FOR_CONTENT),
        connection.message(content),
    )
    .await?;
    Ok(answer.message().collect::<Vec<_>>().join(" "))
}

fn is_ascii(envelope: &Envelope) -> bool {
    envelope
        .to()
        .iter()
        .chain(envelope.from())
        .all(|address| is_ascii_text(address.as_ref()))
}

fn is_ascii_text(text: &str) -> bool {
    text.is_ascii()
}
