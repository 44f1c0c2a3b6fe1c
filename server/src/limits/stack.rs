//! Stacks: for each key, so many at once, and of those who wait, whoever came last is the next. Who comes
//! once is served soon, however many wait who come again and again. Now and then it is whoever has waited
//! the longest, so that nobody waits for ever.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::oneshot;

/// Of so many turns, one is for whoever has waited the longest.
const FAIR: u64 = 4;

/// Who waits for one key.
struct Stack<K: Hash + Eq + Clone> {
    taken: usize,
    turns: u64,
    /// Whoever came last is at the back.
    waiting: VecDeque<oneshot::Sender<Top<K>>>,
}

/// A stack for each key that anybody waits for.
pub(super) struct Stacks<K: Hash + Eq + Clone> {
    at_once: usize,
    longest: usize,
    stacks: Mutex<HashMap<K, Stack<K>>>,
}

/// A place; the next one's turn comes when this is dropped.
pub(super) struct Top<K: Hash + Eq + Clone> {
    stacks: Arc<Stacks<K>>,
    key: K,
}

impl<K: Hash + Eq + Clone> Stacks<K> {
    /// `at_once` have a place; `longest` may wait for one key.
    pub(super) fn new(at_once: usize, longest: usize) -> Arc<Self> {
        Arc::new(Self {
            at_once,
            longest,
            stacks: Mutex::default(),
        })
    }

    /// Waits for a place; `None` for who has waited the longest where too many came since.
    pub(super) async fn wait(self: &Arc<Self>, key: K) -> Option<Top<K>> {
        let place = {
            let mut stacks = self.lock();
            let stack = stacks.entry(key.clone()).or_insert_with(|| Stack {
                taken: 0,
                turns: 0,
                waiting: VecDeque::new(),
            });
            if stack.taken < self.at_once {
                stack.taken += 1;
                return Some(self.top(key.clone()));
            }
            if stack.waiting.len() >= self.longest {
                stack.waiting.retain(|waiting| !waiting.is_closed());
            }
            if stack.waiting.len() >= self.longest {
                stack.waiting.pop_front();
            }
            let (mine, place) = oneshot::channel();
            stack.waiting.push_back(mine);
            place
        };
        place.await.ok()
    }

    fn top(self: &Arc<Self>, key: K) -> Top<K> {
        Top {
            stacks: Arc::clone(self),
            key,
        }
    }

    /// Whose turn is next, where a place became free.
    fn next(&self, key: &K) -> Option<oneshot::Sender<Top<K>>> {
        let mut stacks = self.lock();
        let stack = stacks.get_mut(key)?;
        stack.turns += 1;
        let is_fair = stack.turns.is_multiple_of(FAIR);
        while let Some(next) = match is_fair {
            true => stack.waiting.pop_front(),
            false => stack.waiting.pop_back(),
        } {
            if !next.is_closed() {
                return Some(next);
            }
        }
        stack.taken -= 1;
        if stack.taken == 0 {
            stacks.remove(key);
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Stack<K>>> {
        self.stacks.lock().expect("no holder of this lock panics")
    }

    /// Whether nobody waits, or has a place.
    #[cfg(test)]
    pub(super) fn are_empty(&self) -> bool {
        self.lock().is_empty()
    }
}

impl<K: Hash + Eq + Clone> Drop for Top<K> {
    fn drop(&mut self) {
        if let Some(next) = self.stacks.next(&self.key) {
            // Where nobody waits for it any more, it ends here and now, and the next one's begins.
            drop(next.send(self.stacks.top(self.key.clone())));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn whoever_came_last_is_next_and_who_waited_longest_is_pushed_out() {
        let stacks = Stacks::new(1, 2);
        let first = stacks.wait("ann").await.unwrap();
        let spawn = || {
            let stacks = Arc::clone(&stacks);
            tokio::spawn(async move { stacks.wait("ann").await })
        };
        let mut waiting = Vec::new();
        for _ in 0..3 {
            waiting.push(spawn());
            tokio::task::yield_now().await;
        }
        let given_up = timeout(Duration::ZERO, stacks.wait("bob"));
        drop(given_up.await.unwrap());
        let [pushed_out, second, third] = waiting.try_into().ok().unwrap();
        assert!(pushed_out.await.unwrap().is_none());
        assert!(!second.is_finished() && !third.is_finished());
        drop(first);
        let third = third.await.unwrap().unwrap();
        assert!(!second.is_finished());
        // Who gave up is passed over.
        let late = timeout(Duration::ZERO, stacks.wait("ann"));
        assert!(late.await.is_err());
        drop(third);
        drop(second.await.unwrap().unwrap());
        assert!(stacks.are_empty());
    }
}
