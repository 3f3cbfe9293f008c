//! Stands in for two services. One honours idempotency keys: an order is taken once for each key, and how often it was taken
//! in all shows whether the key of a step is the same over attempts and over crashes. The other knows no keys and charges
//! somebody each time that it is asked.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::chance::Chance;

/// How often an order was taken, by its path.
pub(crate) type Orders = BTreeMap<String, u32>;

/// The service. Dropping it ends it.
pub(crate) struct OrderDesk {
    pub(crate) address: SocketAddr,
    taken: Arc<Mutex<Taken>>,
    _serving: JoinSet<()>,
}

#[derive(Default)]
struct Taken {
    orders: Orders,
    keys: HashSet<(String, String)>,
    /// Requests without a key.
    keyless: u32,
}

/// So long takes the answer to a charge.
const CHARGE: Duration = Duration::from_millis(25);

/// What it does wrong with a request.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// 503, and nothing is done.
    Refuses,
    /// The order is taken, and the connection closed.
    LosesTheAnswer,
}

impl OrderDesk {
    pub(crate) async fn open(seed: u64) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let taken = Arc::new(Mutex::new(Taken::default()));
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, Arc::clone(&taken), Chance::of(seed, u64::MAX)));
        Ok(Self {
            address,
            taken,
            _serving: serving,
        })
    }

    /// How often each order was taken, and how many requests came without a key.
    pub(crate) fn taken(&self) -> (Orders, u32) {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        (taken.orders.clone(), taken.keyless)
    }
}

async fn serve(listener: TcpListener, taken: Arc<Mutex<Taken>>, mut chance: Chance) {
    let mut open = JoinSet::new();
    loop {
        while open.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let fault = match chance.below(100) {
            0..5 => Fault::Refuses,
            5..15 => Fault::LosesTheAnswer,
            _ => Fault::None,
        };
        let taken = Arc::clone(&taken);
        // A caller who leaves gets no answer.
        open.spawn(async move { drop(answer(stream, &taken, fault).await) });
    }
}

async fn answer(mut stream: TcpStream, taken: &Mutex<Taken>, fault: Fault) -> io::Result<()> {
    let mut request = Vec::new();
    let head = loop {
        if let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") {
            break String::from_utf8_lossy(&request[..end]).into_owned();
        }
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    };
    let field = |wanted: &str| {
        let mut fields = head.lines().filter_map(|line| line.split_once(':'));
        let (_, value) = fields.find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
        Some(value.trim().to_owned())
    };
    let length = field("content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    while request.len() < head.len() + 4 + length {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let is_charge = path.starts_with("/charge/");
    let fault = if is_charge { Fault::None } else { fault };
    if fault != Fault::Refuses {
        take(taken, path, field("idempotency-key"));
    }
    if is_charge {
        // Time for a crash.
        sleep(CHARGE).await;
    }
    let (status, body) = match fault {
        Fault::None => ("200 OK", r#"{"taken":true}"#),
        Fault::Refuses => ("503 Service Unavailable", "{}"),
        Fault::LosesTheAnswer => return Ok(()),
    };
    let head = "content-type: application/json\r\nconnection: close\r\ncontent-length";
    let length = body.len();
    let answer = format!("HTTP/1.1 {status}\r\n{head}: {length}\r\n\r\n{body}");
    stream.write_all(answer.as_bytes()).await
}

fn take(taken: &Mutex<Taken>, path: String, key: Option<String>) {
    let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(key) = key else {
        taken.keyless += 1;
        return;
    };
    if path.starts_with("/charge/") || taken.keys.insert((path.clone(), key)) {
        *taken.orders.entry(path).or_default() += 1;
    }
}
