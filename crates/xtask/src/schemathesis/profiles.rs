//! Stands in for the service that `sync-profile` asks: everyone has the same profile.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

use anyhow::{Context as _, Result};

const PROFILE: &str = r#"{"locale":"en","company":{"name":"Analytical Engines"}}"#;

/// Answers from now on, until this process ends.
pub(super) fn start() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("listening for profile requests")?;
    let address = listener.local_addr().context("listening for profile requests")?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A caller who leaves gets no profile.
            let _ = answer(stream);
        }
    });
    Ok(address)
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    // To the empty line that ends the head; a GET has nothing behind it.
    for line in BufReader::new(&stream).lines() {
        if line?.is_empty() {
            break;
        }
    }
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length";
    stream.write_all(format!("{head}: {}\r\n\r\n{PROFILE}", PROFILE.len()).as_bytes())
}
