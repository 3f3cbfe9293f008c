//! The faults that are in force, and how often each has struck.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::spec::{Fault, FaultKind};
use crate::lock::lock;

/// What strikes one request.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Struck {
    pub(crate) delay: Duration,
    /// The first fault that is not a delay, with its `Retry-After` in seconds.
    pub(crate) failure: Option<(FaultKind, Option<u64>)>,
}

/// The faults of a tenant, which can change while it runs.
#[derive(Debug)]
pub(crate) struct FaultPlan {
    /// Whether there are any: most requests need not take the lock.
    armed: AtomicBool,
    seed: u64,
    rules: Mutex<Vec<Rule>>,
}

#[derive(Debug)]
struct Rule {
    fault: Fault,
    seen: u64,
    struck: u64,
    random: StdRng,
}

impl FaultPlan {
    pub(crate) fn new(faults: Vec<Fault>, seed: u64) -> Self {
        let plan = Self {
            armed: AtomicBool::new(false),
            seed,
            rules: Mutex::new(Vec::new()),
        };
        plan.set(faults);
        plan
    }

    /// Puts these faults in the place of all others.
    pub(crate) fn set(&self, faults: Vec<Fault>) {
        let mut rules = lock(&self.rules);
        rules.clear();
        for fault in faults {
            self.push(&mut rules, fault);
        }
        self.armed.store(!rules.is_empty(), Ordering::Release);
    }

    pub(crate) fn add(&self, fault: Fault) {
        self.push(&mut lock(&self.rules), fault);
        self.armed.store(true, Ordering::Release);
    }

    /// How often each fault has struck, in their order.
    pub(crate) fn struck(&self) -> Vec<(Fault, u64)> {
        lock(&self.rules)
            .iter()
            .map(|rule| (rule.fault.clone(), rule.struck))
            .collect()
    }

    /// Decides about a request. Every fault that fits counts it, also where an earlier one has already struck.
    pub(crate) fn strike(&self, method: &str, path: &str) -> Struck {
        let mut result = Struck::default();
        if !self.armed.load(Ordering::Acquire) {
            return result;
        }
        for rule in lock(&self.rules).iter_mut() {
            if !rule.strikes(method, path, result.failure.is_some()) {
                continue;
            }
            match rule.fault.kind {
                FaultKind::Delay(by) => result.delay += by,
                kind => result.failure = Some((kind, rule.fault.retry_after)),
            }
        }
        result
    }

    /// Each fault has a random sequence of its own, so that one more fault does not move the others.
    fn push(&self, rules: &mut Vec<Rule>, fault: Fault) {
        let random = StdRng::seed_from_u64(self.seed.wrapping_add(rules.len() as u64));
        rules.push(Rule {
            fault,
            seen: 0,
            struck: 0,
            random,
        });
    }
}

impl Rule {
    fn strikes(&mut self, method: &str, path: &str, failed: bool) -> bool {
        let fault = &self.fault;
        if fault.method.as_deref().is_some_and(|expect| expect != method)
            || fault.path.as_deref().is_some_and(|pattern| !fits(pattern, path))
        {
            return false;
        }
        self.seen += 1;
        let due = self.seen > fault.after
            && fault
                .every
                .is_none_or(|every| (self.seen - fault.after).is_multiple_of(every))
            && fault.probability.is_none_or(|p| self.random.random_bool(p))
            && fault.count.is_none_or(|count| self.struck < count);
        let spared = failed && !matches!(fault.kind, FaultKind::Delay(_));
        if due && !spared {
            self.struck += 1;
        }
        due && !spared
    }
}

/// `*` stands for any characters.
fn fits(pattern: &str, path: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == path;
    };
    let Some(mut path) = path.strip_prefix(head) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = path.find(part) else { return false };
        path = &path[at + part.len()..];
    }
    path.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(fault: Fault, requests: usize) -> String {
        let plan = FaultPlan::new(vec![fault], 7);
        let strike = |_| {
            if plan.strike("GET", "/api/v2/users").failure.is_some() {
                'x'
            } else {
                '.'
            }
        };
        (0..requests).map(strike).collect()
    }

    #[test]
    fn how_often() {
        for (fault, expect) in [
            ("500", "xxxxxxxxx"),
            ("500:once", "x........"),
            ("500:count=2", "xx......."),
            ("500:every=3", "..x..x..x"),
            ("500:after=2", "..xxxxxxx"),
            ("500:after=2,every=2,count=2", "...x.x..."),
            ("500:p=0", "........."),
            ("500:p=1", "xxxxxxxxx"),
            ("500:method=POST", "........."),
            ("500:path=/api/v2/*", "xxxxxxxxx"),
            ("500:path=/api/v2/users/*", "........."),
        ] {
            assert_eq!(pattern(fault.parse().unwrap(), 9), expect, "{fault}");
        }
    }

    #[test]
    fn chance_is_the_same_for_the_same_seed() {
        let run = |seed| {
            let plan = FaultPlan::new(vec![Fault::reset().probability(0.5)], seed);
            (0..200)
                .map(|_| plan.strike("GET", "/").failure.is_some())
                .collect::<Vec<_>>()
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
        let struck = run(1).iter().filter(|struck| **struck).count();
        assert!((60..140).contains(&struck), "{struck} of 200");
    }

    #[test]
    fn delays_add_up_and_the_first_failure_wins() {
        let plan = FaultPlan::new(Vec::new(), 0);
        assert_eq!(plan.strike("GET", "/"), Struck::default());
        plan.add("delay=10ms".parse().unwrap());
        plan.add("503:retry-after=4".parse().unwrap());
        plan.add("reset".parse().unwrap());
        plan.add("delay=5ms".parse().unwrap());
        let struck = plan.strike("GET", "/");
        assert_eq!(struck.delay, Duration::from_millis(15));
        assert_eq!(
            struck.failure,
            Some((FaultKind::Status(http::StatusCode::SERVICE_UNAVAILABLE), Some(4)))
        );
        let counts: Vec<u64> = plan.struck().into_iter().map(|(_, count)| count).collect();
        assert_eq!(counts, [1, 1, 0, 1]);
        plan.set(Vec::new());
        assert_eq!(plan.strike("GET", "/"), Struck::default());
    }

    #[test]
    fn path_patterns() {
        for (pattern, path, expect) in [
            ("/a", "/a", true),
            ("/a", "/a/b", false),
            ("/a/*", "/a/b", true),
            ("*", "/a", true),
            ("*/b", "/a/b", true),
            ("/a*c*e", "/abcde", true),
            ("/a*c*f", "/abcde", false),
        ] {
            assert_eq!(fits(pattern, path), expect, "{pattern} {path}");
        }
    }
}
