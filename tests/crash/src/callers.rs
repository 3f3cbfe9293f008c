//! Those who want to sign up: each asks with a key of its own until there is an answer.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::chance::Chance;
use crate::exchange::{Answer, exchange};
use crate::workspace::Flow;

/// Longer than any run takes while the server lives.
const PATIENCE: Duration = Duration::from_secs(20);

/// What one asks for, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wish(pub(crate) u32);

impl Wish {
    pub(crate) fn flow(self) -> Flow {
        match self.0 % 10 {
            3 | 8 => Flow::SignUpSlowly,
            5 | 9 => Flow::Order,
            7 => Flow::Charge,
            _ => Flow::SignUp,
        }
    }

    pub(crate) fn email(self) -> String {
        format!("person-{}@example.com", self.0)
    }

    async fn ask(self, address: SocketAddr) -> std::io::Result<Answer> {
        let (number, email) = (self.0, self.email());
        let body = format!(r#"{{"number":{number},"email":"{email}","password":"correct horse 9"}}"#);
        let line = format!("POST /{}", self.flow().name());
        exchange(
            address,
            &line,
            &format!("idempotency-key: wish-{number}\r\n"),
            &body,
        )
        .await
    }
}

/// An answer that somebody got: what must be the same each time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) run_id: Option<String>,
    pub(crate) body: String,
}

/// Who wants what, and what they were answered.
pub(crate) struct Book {
    seed: u64,
    /// Those that may ask: as many as there are permits.
    admitted: Semaphore,
    next: AtomicU32,
    answered: AtomicU32,
    /// How many answers have come, those to somebody who asks again too.
    noted: AtomicU32,
    /// Answers to somebody who asked again that did not say so.
    unmarked: AtomicU32,
    /// All answers of a wish that differ.
    seen: Vec<Mutex<Vec<Seen>>>,
    /// Where the server is, while it is there.
    server: watch::Receiver<Option<SocketAddr>>,
}

impl Book {
    pub(crate) fn new(requests: u32, seed: u64, server: watch::Receiver<Option<SocketAddr>>) -> Arc<Self> {
        Arc::new(Self {
            seed,
            admitted: Semaphore::new(0),
            next: AtomicU32::new(0),
            answered: AtomicU32::new(0),
            noted: AtomicU32::new(0),
            unmarked: AtomicU32::new(0),
            seen: (0..requests).map(|_| Mutex::default()).collect(),
            server,
        })
    }

    /// Lets so many more begin to ask.
    pub(crate) fn admit(&self, more: u32) {
        self.admitted.add_permits(usize::try_from(more).unwrap_or(0));
    }

    pub(crate) fn requests(&self) -> u32 {
        u32::try_from(self.seen.len()).unwrap_or(u32::MAX)
    }

    /// How many have an answer.
    pub(crate) fn answered(&self) -> u32 {
        self.answered.load(Ordering::Relaxed)
    }

    /// How many answers have come.
    pub(crate) fn noted(&self) -> u32 {
        self.noted.load(Ordering::Relaxed)
    }

    /// How many answers to somebody who asked again did not say that they are.
    pub(crate) fn unmarked(&self) -> u32 {
        self.unmarked.load(Ordering::Relaxed)
    }

    /// The answers of a wish, as far as they differ.
    pub(crate) fn seen(&self, wish: Wish) -> Vec<Seen> {
        self.of(wish)
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn of(&self, wish: Wish) -> &Mutex<Vec<Seen>> {
        &self.seen[wish.0 as usize]
    }

    fn note(&self, wish: Wish, answer: &Answer) {
        let seen = Seen {
            status: answer.status,
            run_id: answer.header("x-run-id").map(str::to_owned),
            body: answer.body.clone(),
        };
        let mut all = self.of(wish).lock().unwrap_or_else(PoisonError::into_inner);
        if all.is_empty() {
            self.answered.fetch_add(1, Ordering::Relaxed);
        }
        self.noted.fetch_add(1, Ordering::Relaxed);
        if !all.contains(&seen) {
            all.push(seen);
        }
    }

    /// Waits until the server is there.
    async fn server(&self) -> Option<SocketAddr> {
        let mut server = self.server.clone();
        let there = server.wait_for(Option::is_some).await;
        there.ok().and_then(|address| *address)
    }

    /// Asks until there is an answer, and notes it.
    async fn satisfy(&self, wish: Wish, chance: &mut Chance) -> Option<Answer> {
        loop {
            // `None`: the harness has ended.
            let address = self.server().await?;
            let patience = if chance.happens(0.1) {
                // Leaves in the middle of it, and comes back.
                chance.up_to(Duration::from_millis(60))
            } else {
                PATIENCE
            };
            match timeout(patience, wish.ask(address)).await {
                // "Not now": nothing has begun, or what has begun goes on later.
                Ok(Ok(answer)) if matches!(answer.status, 429 | 503) => {
                    sleep(Duration::from_millis(20)).await;
                }
                Ok(Ok(answer)) => {
                    self.note(wish, &answer);
                    return Some(answer);
                }
                Ok(Err(_)) => sleep(Duration::from_millis(3)).await,
                Err(_) => {}
            }
        }
    }
}

/// Callers who ask until everyone's wish has been answered; some ask twice at once, some ask again.
pub(crate) fn call(book: &Arc<Book>, at_once: usize) -> JoinSet<()> {
    let mut callers = JoinSet::new();
    for _ in 0..at_once {
        let book = Arc::clone(book);
        callers.spawn(async move {
            loop {
                if let Ok(admitted) = book.admitted.acquire().await {
                    admitted.forget();
                }
                let wish = Wish(book.next.fetch_add(1, Ordering::Relaxed));
                if wish.0 >= book.requests() {
                    return;
                }
                let mut chance = Chance::of(book.seed, u64::from(wish.0) + 1);
                if chance.happens(0.1) {
                    let mut other = Chance::of(book.seed, u64::from(wish.0) << 32);
                    tokio::join!(book.satisfy(wish, &mut chance), book.satisfy(wish, &mut other));
                } else {
                    book.satisfy(wish, &mut chance).await;
                }
                if chance.happens(0.1) {
                    book.satisfy(wish, &mut chance).await;
                }
            }
        });
    }
    callers
}

/// Asks once more with every key: the recorded answer must come.
pub(crate) fn ask_all_again(book: &Arc<Book>, at_once: usize) -> JoinSet<()> {
    let next = Arc::new(AtomicU32::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..at_once {
        let (book, next) = (Arc::clone(book), Arc::clone(&next));
        callers.spawn(async move {
            loop {
                let wish = Wish(next.fetch_add(1, Ordering::Relaxed));
                if wish.0 >= book.requests() {
                    return;
                }
                let mut chance = Chance::of(book.seed, u64::from(wish.0));
                let Some(answer) = book.satisfy(wish, &mut chance).await else {
                    return;
                };
                if answer.header("idempotency-replayed") != Some("true") {
                    book.unmarked.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    callers
}
