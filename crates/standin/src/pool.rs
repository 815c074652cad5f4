//! Many futures, so many at once.
use std::{future::Future, panic};

use tokio::task::{JoinError, JoinSet};

/// How far [`run_all`] has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How many have ended.
    pub done: usize,
    /// How many are under way.
    pub in_flight: usize,
}

/// Runs a future for every item, at most `in_flight` (at least one) at a time, and returns the results in the order
/// of the items. `each` is told of every result as it comes. Items are taken, and futures made, only when their turn
/// has come: `in_flight` also bounds what they hold, such as sockets. Dropping this ends all that is under way.
///
/// # Panics
/// When one of the futures panics, with its panic.
pub async fn run_all<I, F, T>(
    items: impl IntoIterator<Item = I>,
    in_flight: usize,
    mut run: impl FnMut(I) -> F,
    mut each: impl FnMut(Progress, &T),
) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let mut items = items.into_iter().enumerate();
    let mut tasks = JoinSet::new();
    let mut results: Vec<Option<T>> = Vec::with_capacity(items.size_hint().0);
    let mut done = 0;
    loop {
        while tasks.len() < in_flight.max(1) {
            let Some((index, item)) = items.next() else { break };
            let future = run(item);
            results.push(None);
            tasks.spawn(async move { (index, future.await) });
        }
        let Some(joined) = tasks.join_next().await else { break };
        let (index, result) = joined.unwrap_or_else(|e| pass_on(e));
        done += 1;
        each(Progress { done, in_flight: tasks.len() }, &result);
        results[index] = Some(result);
    }
    results.into_iter().flatten().collect()
}

/// A task of ours that failed has panicked: nobody else can cancel it.
fn pass_on(error: JoinError) -> ! {
    match error.try_into_panic() {
        Ok(payload) => panic::resume_unwind(payload),
        Err(error) => panic!("the runtime ended a task that was waited for: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    #[tokio::test]
    async fn results_keep_their_order_and_the_bound_holds() {
        let running = Arc::new(AtomicUsize::new(0));
        let mut seen = Vec::new();
        let run = |n: usize| {
            let running = Arc::clone(&running);
            async move {
                assert!(running.fetch_add(1, Ordering::SeqCst) < 7);
                for _ in 0..n % 5 {
                    tokio::task::yield_now().await;
                }
                running.fetch_sub(1, Ordering::SeqCst);
                n * 2
            }
        };
        let results = run_all(0..100, 7, run, |progress, _| seen.push(progress.done)).await;
        assert_eq!(results, (0..100).map(|n| n * 2).collect::<Vec<_>>());
        assert_eq!(seen, (1..=100).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn nothing_to_do_and_no_room_are_no_trouble() {
        assert!(run_all(0..0, 5, async |n| n, |_, _| ()).await.is_empty());
        assert_eq!(run_all(0..3, 0, async |n| n, |_, _| ()).await, [0, 1, 2]);
    }
}
