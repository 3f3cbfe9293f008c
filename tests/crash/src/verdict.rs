//! What has become of everyone: looked up at the tenant, in the answers, at the order desk, in the store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::callers::{Book, Seen, Wish};
use crate::order_desk::Orders;
use crate::tenant::Directory;
use crate::workspace::Flow;

/// Lookers-up at once.
const AT_ONCE: usize = 8;

/// So many findings are told.
const TOLD: usize = 20;

/// The figures of a run of the harness.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// How often the server was killed, or ended itself at a point.
    pub kills: u32,
    /// How many sign-ups were asked for.
    pub requests: u32,
    /// Of them: nobody is there, or an order was not taken.
    pub lost: u32,
    /// Somebody is there twice, an order was taken twice, a key has started two runs, or there are two answers.
    pub duplicated: u32,
    /// There is no answer.
    pub unanswered: u32,
    /// Runs that have not ended.
    pub unfinished: u64,
    /// Runs that ended in doubt, and were settled by an operator.
    pub settled: u32,
    /// Runs that are in doubt in the end.
    pub in_doubt: u64,
    /// There is a user, and not as the flow and the answer say.
    pub wrong_metadata: u32,
    /// Answers that are not what the flow answers with.
    pub failed: u32,
    /// Answers to a key that had been answered, without `Idempotency-Replayed`.
    pub unmarked: u32,
    /// How often the server has ended itself at each point.
    pub points_hit: BTreeMap<String, u32>,
    /// The first findings, for people.
    pub findings: Vec<String>,
}

/// What is found out about one wish.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is counted")]
struct Found {
    lost: bool,
    duplicated: bool,
    unanswered: bool,
    wrong_metadata: bool,
    failed: bool,
}

impl Verdict {
    /// Whether everything is as it must be.
    pub fn is_good(&self) -> bool {
        let people = self.lost + self.duplicated + self.unanswered + self.wrong_metadata + self.failed;
        people == 0 && self.unmarked == 0 && self.unfinished == 0 && self.in_doubt == 0
    }

    /// The points that the server never ended itself at.
    pub fn points_missed(&self) -> Vec<&str> {
        let missed = self.points_hit.iter().filter(|(_, hits)| **hits == 0);
        missed.map(|(point, _)| point.as_str()).collect()
    }

    /// The figures.
    pub fn json(&self) -> Value {
        json!({
            "kills": self.kills,
            "requests": self.requests,
            "lost": self.lost,
            "duplicated": self.duplicated,
            "unanswered": self.unanswered,
            "unfinished": self.unfinished,
            "in_doubt": self.in_doubt,
            "settled": self.settled,
            "wrong_metadata": self.wrong_metadata,
            "failed": self.failed,
            "unmarked": self.unmarked,
            "points_hit": self.points_hit,
        })
    }

    pub(crate) fn tell(&mut self, finding: String) {
        if self.findings.len() < TOLD {
            self.findings.push(finding);
        }
    }

    /// Looks everyone up.
    pub(crate) async fn judge(
        &mut self,
        book: &Arc<Book>,
        directory: &Directory,
        orders: (Orders, u32),
    ) -> Result<()> {
        let (orders, keyless) = orders;
        if keyless > 0 {
            self.duplicated += keyless;
            self.tell(format!("{keyless} orders came without an idempotency key"));
        }
        let next = Arc::new(AtomicU32::new(0));
        let mut lookers = JoinSet::new();
        for _ in 0..AT_ONCE {
            let (book, next, directory) = (Arc::clone(book), Arc::clone(&next), directory.clone());
            lookers.spawn(async move {
                let mut found = Vec::new();
                loop {
                    let wish = Wish(next.fetch_add(1, Ordering::Relaxed));
                    if wish.0 >= book.requests() {
                        return anyhow::Ok(found);
                    }
                    found.push((wish, directory.users(&wish.email()).await?));
                }
            });
        }
        while let Some(found) = lookers.join_next().await {
            for (wish, users) in found.context("a look-up ended early")?? {
                self.add(wish, &users, &book.seen(wish), &orders);
            }
        }
        self.unmarked = book.unmarked();
        Ok(())
    }

    fn add(&mut self, wish: Wish, users: &[Value], seen: &[Seen], orders: &Orders) {
        let found = about(wish, users, seen, orders);
        self.lost += u32::from(found.lost);
        self.duplicated += u32::from(found.duplicated);
        self.unanswered += u32::from(found.unanswered);
        self.wrong_metadata += u32::from(found.wrong_metadata);
        self.failed += u32::from(found.failed);
        if found.lost || found.duplicated || found.unanswered || found.wrong_metadata || found.failed {
            let placed = match taken(wish, orders) {
                taken if taken.is_empty() => String::new(),
                taken => format!("; orders taken: {taken:?}"),
            };
            let flow = wish.flow().name();
            let users: Vec<Value> = users.iter().map(short).collect();
            self.tell(format!(
                "{flow} {}: users {}; answers {seen:?}{placed}",
                wish.0,
                Value::from(users)
            ));
        }
    }
}

/// How often its orders were taken.
fn taken(wish: Wish, orders: &Orders) -> Vec<u32> {
    let placed: &[&str] = match wish.flow() {
        Flow::Order => &["first", "second"],
        Flow::Charge => &["charge"],
        Flow::SignUp | Flow::SignUpSlowly => &[],
    };
    let times = |which| orders.get(&format!("/{which}/{}", wish.0)).copied().unwrap_or(0);
    placed.iter().map(times).collect()
}

/// What matters of a user.
fn short(user: &Value) -> Value {
    json!({
        "user_id": user["user_id"],
        "app_metadata": user["app_metadata"],
        "user_metadata": user["user_metadata"],
    })
}

fn about(wish: Wish, users: &[Value], seen: &[Seen], orders: &Orders) -> Found {
    let mut found = Found {
        lost: users.is_empty(),
        duplicated: users.len() > 1 || seen.len() > 1,
        unanswered: seen.is_empty(),
        ..Found::default()
    };
    let taken = taken(wish, orders);
    found.lost |= taken.contains(&0);
    found.duplicated |= taken.iter().any(|times| *times > 1);
    let Some(answer) = seen.first() else {
        return found;
    };
    found.failed = answer.status != 201 || answer.run_id.is_none();
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    if let [user] = users {
        let expected = json!({ "ticket": body["ticket"], "number": wish.0, "plan": "pro" });
        found.wrong_metadata = user["user_id"] != body["user_id"]
            || user["app_metadata"] != expected
            || user["user_metadata"] != json!({ "welcomed": wish.0 });
    }
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn user(ticket: &str) -> Value {
        json!({
            "user_id": "auth0|1",
            "app_metadata": { "plan": "pro", "number": 5, "ticket": ticket },
            "user_metadata": { "welcomed": 5 },
        })
    }

    fn answer(run: &str) -> Seen {
        Seen {
            status: 201,
            run_id: Some(run.to_owned()),
            body: r#"{"user_id":"auth0|1","ticket":"t"}"#.to_owned(),
        }
    }

    fn orders(first: u32, second: u32) -> Orders {
        [("/first/5", first), ("/second/5", second)]
            .map(|(order, times)| (order.to_owned(), times))
            .into_iter()
            .filter(|(_, times)| *times > 0)
            .collect()
    }

    /// Lost, duplicated, unanswered, wrong, failed.
    fn verdict(users: &[Value], seen: &[Seen], orders: &Orders) -> [u32; 5] {
        let mut verdict = Verdict::default();
        // An order.
        verdict.add(Wish(5), users, seen, orders);
        let Verdict {
            lost,
            duplicated,
            unanswered,
            wrong_metadata,
            failed,
            ..
        } = verdict;
        assert_eq!(verdict.is_good(), verdict.findings.is_empty());
        [lost, duplicated, unanswered, wrong_metadata, failed]
    }

    #[test]
    fn everything_that_can_be_wrong_is_seen() {
        let good = [answer("r")];
        assert_eq!(verdict(&[user("t")], &good, &orders(1, 1)), [0, 0, 0, 0, 0]);
        assert_eq!(verdict(&[], &good, &orders(1, 1)), [1, 0, 0, 0, 0]);
        assert_eq!(
            verdict(&[user("t"), user("t")], &good, &orders(1, 1)),
            [0, 1, 0, 0, 0]
        );
        assert_eq!(verdict(&[user("t")], &[], &orders(1, 1)), [0, 0, 1, 0, 0]);
        assert_eq!(verdict(&[user("other")], &good, &orders(1, 1)), [0, 0, 0, 1, 0]);
        assert_eq!(verdict(&[user("t")], &good, &orders(1, 0)), [1, 0, 0, 0, 0]);
        assert_eq!(verdict(&[user("t")], &good, &orders(2, 1)), [0, 1, 0, 0, 0]);
        let twice = [answer("r"), answer("s")];
        assert_eq!(verdict(&[user("t")], &twice, &orders(1, 1)), [0, 1, 0, 0, 0]);
        let mut half = user("t");
        half["user_metadata"] = json!({});
        assert_eq!(verdict(&[half], &good, &orders(1, 1)), [0, 0, 0, 1, 0]);
        let failed = Seen {
            status: 502,
            ..answer("r")
        };
        assert_eq!(verdict(&[user("t")], &[failed], &orders(1, 1))[4], 1);
    }
}
