//! When a failed attempt is repeated, and after what time.

use std::time::Duration;

use lockgate_flow::catalog::Effect;
use lockgate_flow::graph::RetryPolicy;
use sha2::{Digest, Sha256};

use crate::action::{ActionError, Retry};
use crate::step_key::StepKey;

/// How long to wait before the next attempt; `None` where there is to be none.
///
/// A list of codes in the policy says *which* errors are repeated. It does not override the effect: a `once`
/// action is repeated only where it says that nothing has happened.
pub(crate) fn decide(
    policy: Option<&RetryPolicy>,
    attempt: u32,
    effect: Effect,
    error: &ActionError,
    jitter: f64,
) -> Option<Duration> {
    let policy = policy.filter(|policy| attempt < policy.attempts)?;
    let after = match error.retry {
        Retry::NothingHappened { after } => after,
        _ if !effect.is_repeatable() => return None,
        Retry::Never if policy.codes.is_none() => return None,
        Retry::Never | Retry::Transient => None,
    };
    if let Some(codes) = &policy.codes
        && !codes.iter().any(|code| **code == *error.code)
    {
        return None;
    }
    Some(backoff(policy, attempt, jitter).max(after.unwrap_or_default()))
}

/// The pause after the given attempt: doubles each time, is bounded, and is shortened by up to half so that runs
/// that failed together do not come back together.
fn backoff(policy: &RetryPolicy, attempt: u32, jitter: f64) -> Duration {
    let doubled = policy
        .delay
        .saturating_mul(1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX));
    doubled
        .min(policy.max_delay)
        .mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0)
}

/// A number from 0 to 1 that is the same for every replay of this attempt, and another for every other.
pub(crate) fn jitter(run_id: &str, key: &StepKey<'_>, attempt: u32) -> f64 {
    let mut hash = Sha256::new();
    hash.update(run_id.as_bytes());
    hash.update([0]);
    hash.update(key.to_string().as_bytes());
    hash.update(attempt.to_le_bytes());
    let digest = hash.finalize();
    f64::from(u32::from_le_bytes([digest[0], digest[1], digest[2], digest[3]])) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(attempts: u32, codes: Option<&[&str]>) -> RetryPolicy {
        RetryPolicy {
            attempts,
            delay: Duration::from_millis(100),
            max_delay: Duration::from_millis(350),
            codes: codes.map(|codes| codes.iter().map(|code| (*code).into()).collect()),
        }
    }

    #[test]
    fn only_what_may_be_repeated_is() {
        let busy = |retry| ActionError::new("busy", "").with_retry(retry);
        let nothing = Retry::NothingHappened { after: None };
        let cases = [
            (None, Effect::Read, Retry::Transient, false),
            (Some(policy(3, None)), Effect::Read, Retry::Transient, true),
            (Some(policy(3, None)), Effect::Idempotent, Retry::Transient, true),
            (Some(policy(3, None)), Effect::Once, Retry::Transient, false),
            (Some(policy(3, None)), Effect::Once, nothing, true),
            (Some(policy(3, None)), Effect::Read, Retry::Never, false),
            (Some(policy(3, Some(&["busy"]))), Effect::Read, Retry::Never, true),
            (
                Some(policy(3, Some(&["other"]))),
                Effect::Read,
                Retry::Transient,
                false,
            ),
            (
                Some(policy(3, Some(&["busy"]))),
                Effect::Once,
                Retry::Never,
                false,
            ),
            (Some(policy(3, Some(&["busy"]))), Effect::Once, nothing, true),
            (Some(policy(1, None)), Effect::Read, Retry::Transient, false),
        ];
        for (number, (policy, effect, retry, expected)) in cases.into_iter().enumerate() {
            let decided = decide(policy.as_ref(), 1, effect, &busy(retry), 0.0);
            assert_eq!(decided.is_some(), expected, "case {number}");
        }
    }

    #[test]
    fn pauses_double_up_to_the_bound() {
        let error = ActionError::new("busy", "").with_retry(Retry::Transient);
        let delay = |attempt, jitter| decide(Some(&policy(9, None)), attempt, Effect::Read, &error, jitter);
        let millis = |ms| Some(Duration::from_millis(ms));
        assert_eq!(
            [1, 2, 3, 8].map(|attempt| delay(attempt, 0.0)),
            [millis(100), millis(200), millis(350), millis(350)]
        );
        assert_eq!(delay(1, 1.0), millis(50));
        assert_eq!(delay(9, 0.0), None);
    }

    #[test]
    fn the_remote_ends_own_word_counts() {
        let after = Some(Duration::from_secs(7));
        let error = ActionError::new("busy", "").with_retry(Retry::NothingHappened { after });
        assert_eq!(
            decide(Some(&policy(3, None)), 1, Effect::Once, &error, 0.5),
            after
        );
    }

    #[test]
    fn jitter_differs_by_step_and_attempt() {
        let key = |path| StepKey {
            parent: None,
            path,
            indices: &[],
            part: "",
        };
        let first = jitter("run", &key("steps/0"), 1);
        assert!((first - jitter("run", &key("steps/0"), 1)).abs() < f64::EPSILON);
        for other in [
            jitter("run", &key("steps/1"), 1),
            jitter("run", &key("steps/0"), 2),
            jitter("r", &key("steps/0"), 1),
        ] {
            assert!((first - other).abs() > f64::EPSILON);
        }
    }
}
