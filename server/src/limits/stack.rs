//! Stacks: for each key, so many at once. Those who wait take turns by where they say they come from: next
//! is a place that had none for the longest, of those that never had one the newest, and in it whoever
//! came last. So who comes once is served soon, however many wait who come again and again from
//! elsewhere. Now and then it is whoever has waited the longest, so that nobody waits for ever.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::oneshot;

/// Of so many turns, one is for whoever has waited the longest.
const FAIR: u64 = 4;
/// Clients of one stack whose last turn is remembered.
const REMEMBERED: usize = 2_048;

/// Who waits for one key.
struct Stack<K: Hash + Eq + Clone, C: Hash + Eq + Copy> {
    taken: usize,
    turns: u64,
    /// Whoever came last is at the back.
    waiting: VecDeque<(C, oneshot::Sender<Top<K, C>>)>,
    /// The last turn of those from whom somebody waits, or did lately.
    served: HashMap<C, u64>,
}

/// A stack for each key that anybody waits for.
pub(super) struct Stacks<K: Hash + Eq + Clone, C: Hash + Eq + Copy> {
    at_once: usize,
    longest: usize,
    stacks: Mutex<HashMap<K, Stack<K, C>>>,
}

/// A place; the next one's turn comes when this is dropped.
pub(super) struct Top<K: Hash + Eq + Clone, C: Hash + Eq + Copy> {
    stacks: Arc<Stacks<K, C>>,
    key: K,
}

impl<K: Hash + Eq + Clone, C: Hash + Eq + Copy> Stacks<K, C> {
    /// `at_once` have a place; `longest` may wait for one key.
    pub(super) fn new(at_once: usize, longest: usize) -> Arc<Self> {
        Arc::new(Self {
            at_once,
            longest,
            stacks: Mutex::default(),
        })
    }

    /// Waits for a place for who says to come from `claimed`; `None` for who has waited the longest of
    /// those from where most wait, where too many came since.
    pub(super) async fn wait(self: &Arc<Self>, key: K, claimed: C) -> Option<Top<K, C>> {
        let place = {
            let mut stacks = self.lock();
            let stack = stacks.entry(key.clone()).or_insert_with(|| Stack {
                taken: 0,
                turns: 0,
                waiting: VecDeque::new(),
                served: HashMap::new(),
            });
            if stack.taken < self.at_once {
                stack.taken += 1;
                stack.note(claimed);
                return Some(self.top(key.clone()));
            }
            if stack.waiting.len() >= self.longest {
                stack.waiting.retain(|(_, waiting)| !waiting.is_closed());
            }
            if stack.waiting.len() >= self.longest {
                stack.push_out();
            }
            let (mine, place) = oneshot::channel();
            stack.waiting.push_back((claimed, mine));
            place
        };
        place.await.ok()
    }

    fn top(self: &Arc<Self>, key: K) -> Top<K, C> {
        Top {
            stacks: Arc::clone(self),
            key,
        }
    }

    /// Whose turn is next, where a place became free.
    fn next(&self, key: &K) -> Option<oneshot::Sender<Top<K, C>>> {
        let mut stacks = self.lock();
        let stack = stacks.get_mut(key)?;
        if let Some(next) = stack.next() {
            return Some(next);
        }
        stack.taken -= 1;
        if stack.taken == 0 {
            stacks.remove(key);
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Stack<K, C>>> {
        self.stacks.lock().expect("no holder of this lock panics")
    }

    /// Whether nobody waits, or has a place.
    #[cfg(test)]
    pub(super) fn are_empty(&self) -> bool {
        self.lock().is_empty()
    }
}

impl<K: Hash + Eq + Clone, C: Hash + Eq + Copy> Stack<K, C> {
    fn next(&mut self) -> Option<oneshot::Sender<Top<K, C>>> {
        self.waiting.retain(|(_, waiting)| !waiting.is_closed());
        let is_fair = (self.turns + 1).is_multiple_of(FAIR);
        let last_turn = |&(number, (claimed, _)): &(usize, &(C, _))| {
            let turn = self.served.get(claimed).copied();
            (turn, std::cmp::Reverse(number))
        };
        let number = match is_fair {
            true => 0,
            false => self.waiting.iter().enumerate().min_by_key(last_turn)?.0,
        };
        let (claimed, next) = self.waiting.remove(number)?;
        self.note(claimed);
        Some(next)
    }

    /// Takes out the oldest of those from where most wait.
    fn push_out(&mut self) {
        let mut counts: HashMap<C, usize> = HashMap::new();
        for (claimed, _) in &self.waiting {
            *counts.entry(*claimed).or_default() += 1;
        }
        let count = |(_, (claimed, _)): &(usize, &(C, _))| counts.get(claimed).copied();
        // Of equals the oldest.
        let most = self.waiting.iter().enumerate().rev().max_by_key(count);
        if let Some(number) = most.map(|(number, _)| number) {
            self.waiting.remove(number);
        }
    }

    fn note(&mut self, claimed: C) {
        self.turns += 1;
        self.served.insert(claimed, self.turns);
        // No more than might wait.
        if self.served.len() > REMEMBERED {
            let oldest = self.turns.saturating_sub(REMEMBERED as u64 / 2);
            self.served.retain(|_, turn| *turn > oldest);
        }
    }
}

impl<K: Hash + Eq + Clone, C: Hash + Eq + Copy> Drop for Top<K, C> {
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
        let first = stacks.wait("ann", 1).await.unwrap();
        let spawn = || {
            let stacks = Arc::clone(&stacks);
            tokio::spawn(async move { stacks.wait("ann", 1).await })
        };
        let mut waiting = Vec::new();
        for _ in 0..3 {
            waiting.push(spawn());
            tokio::task::yield_now().await;
        }
        let given_up = timeout(Duration::ZERO, stacks.wait("bob", 1));
        drop(given_up.await.unwrap());
        let [pushed_out, second, third] = waiting.try_into().ok().unwrap();
        assert!(pushed_out.await.unwrap().is_none());
        assert!(!second.is_finished() && !third.is_finished());
        drop(first);
        let third = third.await.unwrap().unwrap();
        assert!(!second.is_finished());
        // Who gave up is passed over.
        let late = timeout(Duration::ZERO, stacks.wait("ann", 1));
        assert!(late.await.is_err());
        drop(third);
        drop(second.await.unwrap().unwrap());
        assert!(stacks.are_empty());
    }
    #[tokio::test]
    async fn who_comes_from_elsewhere_is_served_before_who_comes_again_and_again() {
        let stacks = Stacks::new(1, 8);
        let first = stacks.wait("ann", 1).await.unwrap();
        let spawn = |claimed| {
            let stacks = Arc::clone(&stacks);
            tokio::spawn(async move { stacks.wait("ann", claimed).await.is_some() })
        };
        let owner = spawn(2);
        tokio::task::yield_now().await;
        let mut flood = Vec::new();
        // More than may wait push each other out, and nobody else.
        for _ in 0..20 {
            flood.push(spawn(1));
            tokio::task::yield_now().await;
        }
        drop(first);
        assert!(owner.await.unwrap());
        let mut served = 0;
        for one in flood {
            served += usize::from(one.await.unwrap());
        }
        assert_eq!(served, 7);
        assert!(stacks.are_empty());
    }
}
