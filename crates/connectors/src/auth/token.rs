//! A token that was minted: one for all runs of a connection. Whoever comes while it is being minted waits for it; it
//! is minted anew shortly before it ends, or when it was refused.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lockgate_engine::action::ActionError;
use lockgate_engine::clock::Clock;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;

/// A token is used no more this long before it ends: a request takes time too.
const LEEWAY: Duration = Duration::from_secs(30);

/// How long a token is taken for valid whose answer does not say. One that ends before is refused with 401, and minted
/// anew then.
const UNKNOWN_LIFE: Duration = Duration::from_hours(1);

/// An access token.
#[derive(Clone)]
pub(crate) struct Token(Arc<Inner>);

struct Inner {
    secret: SecretString,
    /// By [`Clock::elapsed`].
    minted_at: Duration,
    life: Duration,
}

impl Token {
    /// A token that was minted now, with the life that the answer gives it.
    pub(super) fn new(secret: SecretString, life: Option<Duration>, clock: &dyn Clock) -> Self {
        Self(Arc::new(Inner {
            secret,
            minted_at: clock.elapsed(),
            life: life.unwrap_or(UNKNOWN_LIFE),
        }))
    }

    pub(crate) fn secret(&self) -> &str {
        self.0.secret.expose_secret()
    }

    fn is_valid(&self, now: Duration) -> bool {
        let leeway = LEEWAY.min(self.0.life / 10);
        now.saturating_sub(self.0.minted_at) < self.0.life.saturating_sub(leeway)
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("life", &self.0.life)
            .finish_non_exhaustive()
    }
}

/// The token of one authentication.
#[derive(Debug, Default)]
pub(crate) struct Tokens(Mutex<Option<Token>>);

impl Tokens {
    /// The token, minted where there is none that is valid; `stale` is one that was refused, so another is given.
    ///
    /// Who mints holds the place: the others wait, and find the token. Where it is cancelled the next one mints.
    ///
    /// # Errors
    /// Those of `mint`.
    pub(super) async fn get(
        &self,
        clock: &dyn Clock,
        stale: Option<&Token>,
        mint: impl Future<Output = Result<Token, ActionError>>,
    ) -> Result<Token, ActionError> {
        let mut current = self.0.lock().await;
        if let Some(token) = &*current
            && token.is_valid(clock.elapsed())
            && !stale.is_some_and(|stale| stale.is(token))
        {
            return Ok(token.clone());
        }
        let token = mint.await?;
        *current = Some(token.clone());
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures_util::future::join_all;
    use lockgate_engine::testing::TestClock;

    use super::*;

    /// Mints a token of this life, and counts.
    async fn get(tokens: &Tokens, clock: &TestClock, count: &AtomicU32, stale: Option<&Token>) -> Token {
        let mint = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let number = count.fetch_add(1, Ordering::Relaxed);
            let life = Some(Duration::from_secs(100));
            Ok(Token::new(format!("token-{number}").into(), life, clock))
        };
        tokens.get(clock, stale, mint).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn one_is_minted_however_many_ask() {
        let (tokens, clock, count) = (Tokens::default(), TestClock::default(), AtomicU32::new(0));
        let all = join_all((0..20).map(|_| get(&tokens, &clock, &count, None))).await;
        assert!(all.iter().all(|token| token.secret() == "token-0"));
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_minted_anew_before_it_ends_and_when_it_was_refused() {
        let (tokens, clock, count) = (Tokens::default(), TestClock::default(), AtomicU32::new(0));
        let first = get(&tokens, &clock, &count, None).await;
        tokio::time::advance(Duration::from_secs(89)).await;
        assert!(get(&tokens, &clock, &count, None).await.is(&first));
        tokio::time::advance(Duration::from_secs(2)).await;
        let second = get(&tokens, &clock, &count, None).await;
        assert_eq!(second.secret(), "token-1");
        // All of those whose token was refused get one new token together.
        let all = join_all((0..5).map(|_| get(&tokens, &clock, &count, Some(&second)))).await;
        assert!(all.iter().all(|token| token.secret() == "token-2"));
        assert!(!format!("{second:?} {tokens:?}").contains("token-"));
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_cancelled_cancels_nobody_else() {
        let (tokens, clock, count) = (Tokens::default(), TestClock::default(), AtomicU32::new(0));
        let cancelled =
            tokio::time::timeout(Duration::from_millis(10), get(&tokens, &clock, &count, None)).await;
        assert!(cancelled.is_err());
        assert_eq!(get(&tokens, &clock, &count, None).await.secret(), "token-0");
    }
}
