//! Keeps a log line that every packet could cause from filling the log.
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// One line in this time.
const EVERY: Duration = Duration::from_secs(10);

/// Lets one event through at once, and then one in a while with the number of those held back.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    state: Mutex<Option<(Instant, u64)>>,
}

impl Limiter {
    /// Whether to speak now; then also how many times it was silent since.
    pub(crate) fn pass(&self, now: Instant) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *state {
            Some((last, silent)) if now.saturating_duration_since(*last) < EVERY => {
                *silent += 1;
                None
            }
            other => Some(other.replace((now, 0)).map_or(0, |(_, silent)| silent)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_once_then_one_in_a_while() {
        let limiter = Limiter::default();
        let start = Instant::now();
        let at = |seconds| limiter.pass(start + Duration::from_secs(seconds));
        assert_eq!(
            [at(0), at(1), at(9), at(10), at(11), at(25)],
            [Some(0), None, None, Some(2), None, Some(1)]
        );
    }
}
