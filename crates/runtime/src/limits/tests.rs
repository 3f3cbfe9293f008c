//! Limits against what they promise: with an executor that polls only who was woken, with threads, and by numbers.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_util::FutureExt as _;
use lockgate_flow::catalog::Catalog;
use lockgate_flow::graph::Flow;
use lockgate_flow::source::Source;
use lockgate_flow::workspace::Workspace;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::task::{JoinSet, yield_now};

use super::line::{Key, Numbers};
use super::{FlowLoad, Limits, NoTurn, Turn};

const FLOW: &str = "sign-up";

fn numbers(limit: usize, total: usize, queue: usize) -> Numbers {
    Numbers { limit, total, queue }
}

#[expect(clippy::unnecessary_wraps, reason = "this is how a key is handed over")]
fn key(name: &(impl ToString + ?Sized)) -> Key {
    Some(Arc::from(name.to_string()))
}

/// A run that asks for a turn, polled only when it was woken: one that is not woken waits for ever, as it would in a server.
struct Asking {
    future: Pin<Box<dyn Future<Output = Result<Turn, NoTurn>>>>,
    woken: Arc<Woken>,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Asking {
    fn new(limits: &Limits, numbers: Numbers, key: Key) -> Self {
        let limits = limits.clone();
        Self {
            future: Box::pin(async move { limits.take_turn(FLOW, numbers, key).await }),
            woken: Arc::new(Woken(AtomicBool::new(true))),
        }
    }

    fn is_woken(&self) -> bool {
        self.woken.0.load(Ordering::SeqCst)
    }

    fn poll_if_woken(&mut self) -> Option<Result<Turn, NoTurn>> {
        if !self.woken.0.swap(false, Ordering::SeqCst) {
            return None;
        }
        let waker = Waker::from(Arc::clone(&self.woken));
        match self.future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(turn) => Some(turn),
            Poll::Pending => None,
        }
    }
}

/// Everything that runs of one flow may do, and what is promised to them, looked at after each step.
struct World {
    limits: Limits,
    numbers: Numbers,
    /// In the order in which they came: key, place in that order, run.
    waiting: Vec<(u8, usize, Asking)>,
    /// Key and turn.
    running: Vec<(u8, Turn)>,
    came: usize,
    refused: u64,
    /// Of each key with somebody who waits only for `total`: what other keys were given since then, or since its own turn.
    passed_over: [Option<[usize; KEYS]>; KEYS],
}

const KEYS: usize = 4;

#[derive(Clone, Debug)]
enum Act {
    Come(u8),
    /// The run leaves that has the turn with this number (modulo).
    Leave(usize),
    /// One that waits gives up.
    GiveUp(usize),
    /// A turn is given back, and one of those who were just woken by it gives up before it is polled.
    LeaveAndDropTheNext(usize),
    Reload(usize, usize, usize),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (0..u8::try_from(KEYS).unwrap()).prop_map(Act::Come),
        4 => any::<usize>().prop_map(Act::Leave),
        2 => any::<usize>().prop_map(Act::GiveUp),
        2 => any::<usize>().prop_map(Act::LeaveAndDropTheNext),
        1 => (1..4_usize, 1..6_usize, 0..12_usize)
            .prop_map(|(limit, total, queue)| Act::Reload(limit, total, queue)),
    ]
}

impl World {
    fn new(numbers: Numbers) -> Self {
        Self {
            limits: Limits::default(),
            numbers,
            waiting: Vec::new(),
            running: Vec::new(),
            came: 0,
            refused: 0,
            passed_over: [None; KEYS],
        }
    }

    fn running_of(&self, key: u8) -> usize {
        self.running.iter().filter(|(of, _)| *of == key).count()
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Come(of) => self.come(of),
            Act::Leave(which) if !self.running.is_empty() => {
                let which = which % self.running.len();
                drop(self.running.remove(which));
            }
            Act::GiveUp(which) if !self.waiting.is_empty() => {
                let which = which % self.waiting.len();
                drop(self.waiting.remove(which));
            }
            Act::LeaveAndDropTheNext(which) if !self.running.is_empty() => {
                let which = which % self.running.len();
                drop(self.running.remove(which));
                if let Some(at) = self.waiting.iter().position(|(_, _, asking)| asking.is_woken()) {
                    let (of, ..) = self.waiting.remove(at);
                    // It had its turn, for what it was worth.
                    self.note_grant(of);
                }
            }
            Act::Reload(limit, total, queue) => self.numbers = numbers(limit, total, queue),
            Act::Leave(_) | Act::GiveUp(_) | Act::LeaveAndDropTheNext(_) => {}
        }
        self.settle();
    }

    fn come(&mut self, of: u8) {
        let before = self.waiting.len();
        let mut asking = Asking::new(&self.limits, self.numbers, key(&of));
        match asking.poll_if_woken() {
            Some(Ok(turn)) => {
                self.running.push((of, turn));
                // Others with the same key have come before.
                self.settle();
                assert!(self.waiting.iter().all(|(key, ..)| *key != of), "overtaken");
            }
            Some(Err(NoTurn::QueueFull { waiting, .. })) => {
                self.refused += 1;
                self.settle();
                assert_eq!(waiting, self.waiting.len());
                assert!(self.waiting.len() >= self.numbers.queue, "refused too early");
                let room =
                    self.running.len() < self.numbers.total && self.running_of(of) < self.numbers.limit;
                assert!(!room, "refused although there is room");
            }
            Some(Err(error)) => panic!("{error}"),
            None => {
                self.waiting.push((of, self.came, asking));
                self.came += 1;
                self.settle();
                assert!(
                    self.waiting.len() <= self.numbers.queue.max(before),
                    "more wait than may"
                );
            }
        }
    }

    /// Polls whoever was woken, until nobody is; then looks at what is promised.
    fn settle(&mut self) {
        while let Some(at) = self.waiting.iter().position(|(_, _, asking)| asking.is_woken()) {
            let Some(turn) = self.waiting[at].2.poll_if_woken() else {
                panic!("woken for nothing");
            };
            let (of, came, _) = self.waiting.remove(at);
            self.note_grant(of);
            let earlier = self
                .waiting
                .iter()
                .find(|(key, place, _)| *key == of && *place < came);
            assert!(
                earlier.is_none_or(|(_, _, asking)| asking.is_woken()),
                "not first come, first served"
            );
            self.running.push((of, turn.expect("whoever waits gets a turn")));
        }
        for of in 0..KEYS {
            let key = u8::try_from(of).unwrap();
            let is_eligible = self.waiting.iter().any(|(waiting, ..)| *waiting == key)
                && self.running_of(key) < self.numbers.limit;
            self.passed_over[of] = is_eligible.then(|| self.passed_over[of].unwrap_or_default());
        }
    }

    fn note_grant(&mut self, of: u8) {
        let of = usize::from(of);
        self.passed_over[of] = None;
        for counts in self.passed_over.iter_mut().flatten() {
            counts[of] += 1;
        }
    }

    /// No key has two turns while another one waits for one.
    fn check_fairness(&self) {
        for counts in self.passed_over.iter().flatten() {
            assert!(counts.iter().all(|count| *count <= 1), "passed over: {counts:?}");
        }
    }

    /// Holds as long as the numbers never changed.
    fn check_bounds(&self) {
        assert!(self.running.len() <= self.numbers.total, "more than `total`");
        for of in 0..u8::try_from(KEYS).unwrap() {
            assert!(self.running_of(of) <= self.numbers.limit, "more than `limit`");
        }
    }

    /// No turn is free as long as somebody waits who could have it.
    fn check_nobody_waits_for_nothing(&self) {
        if self.running.len() >= self.numbers.total {
            return;
        }
        for (of, ..) in &self.waiting {
            assert!(
                self.running_of(*of) >= self.numbers.limit,
                "somebody waits and a turn is free"
            );
        }
    }

    fn check_counts(&self) {
        assert_eq!(self.limits.waiting(), self.waiting.len());
        assert_eq!(self.limits.refused(), self.refused);
        let running: usize = self.limits.load().iter().map(|flow| flow.running).sum();
        assert_eq!(running, self.running.len());
    }

    fn end(mut self) {
        while !self.running.is_empty() {
            drop(self.running.remove(0));
            self.settle();
        }
        assert!(self.waiting.is_empty(), "somebody was never woken");
        assert_eq!(self.limits.keys(FLOW).0, 0, "something is left");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn turns_are_given_as_promised(
        limit in 1..4_usize,
        total in prop_oneof![1..6_usize, Just(usize::MAX)],
        queue in 0..12_usize,
        acts in prop::collection::vec(act(), 1..80),
    ) {
        let mut world = World::new(numbers(limit, total, queue));
        for act in acts.iter().filter(|act| !matches!(act, Act::Reload(..))) {
            world.act(act);
            world.check_bounds();
            world.check_nobody_waits_for_nothing();
            world.check_counts();
            world.check_fairness();
        }
        world.end();
    }

    #[test]
    fn other_numbers_count_from_then_on(acts in prop::collection::vec(act(), 1..120)) {
        let mut world = World::new(numbers(1, 2, 6));
        let mut most = world.numbers;
        for act in &acts {
            world.act(act);
            most.limit = most.limit.max(world.numbers.limit);
            most.total = most.total.max(world.numbers.total);
            prop_assert!(world.running.len() <= most.total);
            world.check_counts();
        }
        world.end();
    }
}

/// Polls a future that must be ready.
fn now(limits: &Limits, numbers: Numbers, key: Key) -> Result<Turn, NoTurn> {
    Asking::new(limits, numbers, key)
        .poll_if_woken()
        .expect("there is nothing to wait for")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn runs_of_one_key_never_overlap() {
    const TASKS: usize = 16;
    const ROUNDS: usize = 500;
    let limits = Limits::default();
    let numbers = numbers(1, 2, TASKS);
    let inside: Arc<[AtomicUsize; 3]> = Arc::default();
    let had: Arc<AtomicUsize> = Arc::default();
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (limits, inside, had) = (limits.clone(), Arc::clone(&inside), Arc::clone(&had));
        tasks.spawn(async move {
            for round in 0..ROUNDS {
                let of = (task + round) % inside.len();
                let asking = limits.take_turn(FLOW, numbers, key(&of));
                // Some give up after a moment, also at the moment in which they get their turn.
                let turn = if round % 3 == 0 {
                    tokio::select! {
                        turn = asking => turn,
                        () = yield_now() => continue,
                    }
                } else {
                    asking.await
                };
                let turn = turn.unwrap();
                assert_eq!(inside[of].fetch_add(1, Ordering::SeqCst), 0, "two at once");
                yield_now().await;
                assert_eq!(inside[of].fetch_sub(1, Ordering::SeqCst), 1, "two at once");
                had.fetch_add(1, Ordering::SeqCst);
                drop(turn);
            }
        });
    }
    let all_ended = async {
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_mins(1), all_ended)
        .await
        .expect("somebody was never woken");
    assert!(had.load(Ordering::SeqCst) >= TASKS * ROUNDS * 2 / 3 - TASKS);
    let load = &limits.load()[0];
    assert_eq!((load.running, load.waiting, load.refused), (0, 0, 0));
    assert_eq!(limits.keys(FLOW).0, 0);
}

#[test]
fn a_key_with_a_long_queue_does_not_keep_others_back() {
    let limits = Limits::default();
    let numbers = numbers(10, 1, 2_000);
    let mut turn = now(&limits, numbers, key("busy")).unwrap();
    let mut asking: Vec<(&str, Asking)> = Vec::new();
    let names = std::iter::repeat_n("busy", 1_000).chain(["first", "second", "first"]);
    for name in names {
        let mut one = Asking::new(&limits, numbers, key(name));
        assert!(one.poll_if_woken().is_none());
        asking.push((name, one));
    }
    let mut order = Vec::new();
    for _ in 0..8 {
        drop(turn);
        let at = asking.iter().position(|(_, one)| one.is_woken()).unwrap();
        let (name, mut one) = asking.remove(at);
        turn = one.poll_if_woken().unwrap().unwrap();
        order.push(name);
    }
    assert_eq!(
        order,
        ["busy", "first", "second", "busy", "first", "busy", "busy", "busy"]
    );
}

#[test]
fn nothing_is_left_of_a_million_keys() {
    let limits = Limits::default();
    for of in 0..1_000_000 {
        drop(now(&limits, numbers(1, 10, 10), key(&of)).unwrap());
    }
    let (left, room) = limits.keys(FLOW);
    assert!(left == 0 && room < 64, "{left} keys, room for {room}");

    // All at the same time: some with a turn, the others waiting; half of those give up.
    let numbers = numbers(1, 10_000, 100_000);
    let mut turns = Vec::new();
    let mut asking = Vec::new();
    for of in 0..110_000 {
        let mut one = Asking::new(&limits, numbers, key(&of));
        match one.poll_if_woken() {
            Some(turn) => turns.push(turn.unwrap()),
            None => asking.push(one),
        }
    }
    assert_eq!(
        (turns.len(), asking.len(), limits.waiting()),
        (10_000, 100_000, 100_000)
    );
    assert!(now(&limits, numbers, key("more")).is_err());
    let mut keeps = false;
    asking.retain(|_| {
        keeps = !keeps;
        keeps
    });
    assert_eq!(limits.waiting(), 50_000);
    while !turns.is_empty() {
        turns.clear();
        for one in &mut asking {
            if let Some(turn) = one.poll_if_woken() {
                turns.push(turn.unwrap());
            }
        }
    }
    let (left, room) = limits.keys(FLOW);
    assert!(left == 0 && room < 64, "{left} keys, room for {room}");
    assert_eq!(limits.waiting(), 0);
}

#[test]
fn a_higher_number_lets_those_in_first_who_wait() {
    let limits = Limits::default();
    let turn = now(&limits, numbers(1, 9, 9), None).unwrap();
    let mut waiting = Asking::new(&limits, numbers(1, 9, 9), None);
    assert!(waiting.poll_if_woken().is_none());

    let mut newcomer = Asking::new(&limits, numbers(2, 9, 9), None);
    assert!(newcomer.poll_if_woken().is_none(), "overtaken");
    let second = waiting.poll_if_woken().expect("there is room now").unwrap();

    // A lower one takes nobody's turn, and lets nobody in before it is met.
    drop(turn);
    let third = newcomer.poll_if_woken().unwrap().unwrap();
    let mut last = Asking::new(&limits, numbers(1, 9, 9), None);
    assert!(last.poll_if_woken().is_none());
    drop(second);
    assert!(last.poll_if_woken().is_none());
    drop(third);
    assert!(last.poll_if_woken().is_some());
}

#[test]
fn a_queue_of_none_refuses_at_once() {
    let limits = Limits::default();
    let _turn = now(&limits, numbers(1, 1, 0), key("a")).unwrap();
    assert_eq!(
        now(&limits, numbers(1, 1, 0), key("b")).unwrap_err(),
        NoTurn::QueueFull {
            flow: FLOW.to_owned(),
            waiting: 0
        }
    );
    assert_eq!(limits.refused(), 1);
}

fn flow(text: &str) -> Arc<Flow> {
    let source = Source::new(format!("flows/{FLOW}.yaml"), text.to_owned());
    let workspace = Workspace::check(None, &[source], &Catalog::new());
    assert!(!workspace.has_errors(), "{:#?}", workspace.diagnostics);
    Arc::clone(&workspace.runnable()[FLOW])
}

#[test]
fn the_key_is_what_the_flow_says() {
    let enter = |limits: &Limits, flow: &Arc<Flow>, input: &Value| {
        let input = input.clone();
        let (limits, flow) = (limits.clone(), Arc::clone(flow));
        async move { limits.enter(&flow, &input).await }.now_or_never()
    };
    let limits = Limits::default();
    let free = flow("steps: [{ return: 1 }]");
    assert!(matches!(enter(&limits, &free, &json!({})), Some(Ok(None))));
    assert!(limits.load().is_empty());

    let keyed = flow(
        r#"
concurrency: { limit: 1, key: "{{lower input.email}}", queue: 1 }
input: { email: { type: string } }
steps: [{ return: 1 }]
"#,
    );
    let ada = enter(&limits, &keyed, &json!({ "email": "ada@example.com" }));
    assert!(matches!(ada, Some(Ok(Some(_)))));
    let again = enter(&limits, &keyed, &json!({ "email": "Ada@Example.com" }));
    assert!(again.is_none(), "it waits");
    let other = enter(&limits, &keyed, &json!({ "email": "bob@example.com" }));
    assert!(matches!(other, Some(Ok(Some(_)))));
    assert_eq!(
        limits.load(),
        [FlowLoad {
            flow: FLOW.to_owned(),
            running: 2,
            waiting: 0,
            refused: 0
        }]
    );
    let Some(Err(NoTurn::Key { flow, .. })) = enter(&limits, &keyed, &json!({})) else {
        panic!("there is no key");
    };
    assert_eq!(flow, FLOW);
}
