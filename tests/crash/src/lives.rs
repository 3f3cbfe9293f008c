//! How each life of the server ends.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::chance::Chance;

/// How long a life is on average after the server is ready.
const LIFE: Duration = Duration::from_millis(250);

/// How long a server with a named point has until it is killed anyway.
const POINT: Duration = Duration::from_millis(1500);

/// How a life ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    /// Killed so long after the start, ready or not: mostly in the middle of the recovery.
    WhileStarting(Duration),
    /// Killed so long after it was ready.
    Later(Duration),
    /// Asked to end after a time, and killed so long after that.
    WhileStopping(Duration, Duration),
    /// Ends itself at a named point when it passes it for the nth time; asked to end if it has not after a while.
    AtPoint(String, u32),
}

impl Death {
    /// How long the server is expected to answer.
    pub(crate) fn expected(&self) -> Duration {
        match self {
            Self::WhileStarting(_) => Duration::ZERO,
            Self::Later(after) | Self::WhileStopping(after, _) => *after,
            Self::AtPoint(..) => LIFE,
        }
    }

    /// How long after it is ready the server is left alone.
    pub(crate) fn patience(&self) -> Duration {
        match self {
            Self::AtPoint(..) => POINT,
            other => other.expected(),
        }
    }
}

/// Decides how lives end.
pub(crate) struct Lives {
    chance: Chance,
    /// How long a start takes, as far as is known.
    start: Duration,
    /// How often the server has ended itself at each point.
    hit: BTreeMap<String, u32>,
    /// How often it was to.
    tried: BTreeMap<String, u32>,
}

impl Lives {
    pub(crate) fn new(seed: u64, points: &[String]) -> Self {
        Self {
            chance: Chance::of(seed, 0),
            start: Duration::from_millis(50),
            hit: points.iter().map(|point| (point.clone(), 0)).collect(),
            tried: BTreeMap::new(),
        }
    }

    /// The next life's end.
    pub(crate) fn next(&mut self) -> Death {
        match self.chance.below(100) {
            0..20 => Death::WhileStarting(self.chance.up_to(self.start * 2)),
            20..55 if !self.hit.is_empty() => self.at_point(),
            55..62 => {
                let stop = self.chance.up_to(Duration::from_millis(60));
                Death::WhileStopping(self.chance.around(LIFE), stop)
            }
            _ => Death::Later(self.chance.around(LIFE)),
        }
    }

    /// One of those that were tried least often; first at its first passing.
    fn at_point(&mut self) -> Death {
        let tried = |point: &String| self.tried.get(point).copied().unwrap_or(0);
        let least = self.hit.keys().map(tried).min().unwrap_or(0);
        let points: Vec<&String> = self.hit.keys().filter(|point| tried(point) == least).collect();
        let point = points[self.chance.below(points.len())].clone();
        let nth = if self.hit[&point] == 0 {
            1
        } else {
            self.chance.nth()
        };
        *self.tried.entry(point.clone()).or_default() += 1;
        Death::AtPoint(point, nth)
    }

    /// A start took so long.
    pub(crate) fn started_within(&mut self, took: Duration) {
        self.start = (self.start * 7 + took) / 8;
    }

    /// The server has ended itself there.
    pub(crate) fn was_hit(&mut self, point: &str) {
        *self.hit.entry(point.to_owned()).or_default() += 1;
    }

    /// How often the server has ended itself at each point.
    pub(crate) fn hits(&self) -> &BTreeMap<String, u32> {
        &self.hit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_gets_its_turn_and_every_death_happens() {
        let points = ["a".to_owned(), "b".to_owned()];
        let mut lives = Lives::new(7, &points);
        let mut seen = [0; 4];
        for _ in 0..200 {
            match lives.next() {
                Death::WhileStarting(_) => seen[0] += 1,
                Death::Later(_) => seen[1] += 1,
                Death::WhileStopping(..) => seen[2] += 1,
                Death::AtPoint(point, nth) => {
                    seen[3] += 1;
                    assert!(nth == 1 || lives.hits()[&point] > 0);
                    lives.was_hit(&point);
                }
            }
        }
        assert!(seen.iter().all(|count| *count > 3), "{seen:?}");
        let (a, b) = (lives.hits()["a"], lives.hits()["b"]);
        assert!(a.abs_diff(b) <= 1, "{a} {b}");
    }
}
