//! One HTTP/1.1 request on a connection of its own, and its whole answer.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An answer that came whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    /// A field of the head.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(':'));
        let (_, value) = fields.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value.trim())
    }
}

/// Sends a request and reads its answer. `fields` are lines that end with CRLF.
///
/// # Errors
/// There is nobody, or the answer did not come whole: nobody can tell what has become of the request.
pub(crate) async fn exchange(
    address: SocketAddr,
    line: &str,
    fields: &str,
    body: &str,
) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: \
         {length}\r\n{fields}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    whole(answer).ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "the answer was cut off"))
}

fn whole(answer: Vec<u8>) -> Option<Answer> {
    let text = String::from_utf8(answer).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let answer = Answer {
        status: head.split(' ').nth(1)?.parse().ok()?,
        head: head.to_owned(),
        body: body.to_owned(),
    };
    let length: usize = answer.header("content-length")?.parse().ok()?;
    (length == body.len()).then_some(answer)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_answers_count() {
        let answer = b"HTTP/1.1 201 Created\r\nX-Run-Id: 7\r\ncontent-length: 2\r\n\r\n{}".to_vec();
        let found = whole(answer.clone()).unwrap();
        assert_eq!((found.status, found.body.as_str()), (201, "{}"));
        assert_eq!(found.header("x-run-id"), Some("7"));
        assert_eq!(whole(answer[..answer.len() - 1].to_vec()), None);
        assert_eq!(whole(b"HTTP/1.1 201 Created\r\n".to_vec()), None);
    }
}
