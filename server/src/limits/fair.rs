//! A line in which networks take turns: for what is scarce and costly, where whoever asks most must
//! not keep everybody else waiting.
//!
//! Errands of one kind wait for those of another kind only in turn; within a kind the widest blocks of
//! addresses take turns, in each of them the next wider ones, and so on down to one address, where it
//! is first come, first served. So one network delays another by one errand for each of its own,
//! however many it has waiting. An exempt source counts as one network.
//!
//! The line is bounded. Once it is full, whoever comes takes the place of the newest of the network
//! that has most waiting, which may be their own.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::oneshot;

use super::Source;
use super::block::Block;

/// What somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Errand {
    /// To show who they are.
    Login(Source),
    /// To become somebody: many of these must not keep those waiting who are somebody.
    Registration(Source),
    /// To do what an operator asked for.
    Operator,
}

/// The line is full, and the errand is not among those that are to stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineFull;

/// A line with turns at its head, of which there are so many at once.
pub struct FairLine {
    longest: usize,
    state: Mutex<State>,
}

struct State {
    free: usize,
    next: u64,
    waiting: Branch<Step, Waiting>,
}

/// How errands are told apart, the most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    Login,
    Registration,
    Operator,
    From(Block),
}

struct Waiting {
    id: u64,
    turn: oneshot::Sender<FairTurn>,
}

/// A turn; the next one's comes when this is dropped.
pub struct FairTurn {
    line: Arc<FairLine>,
}

/// Somebody in the line, who leaves it when this is dropped.
struct InLine<'a> {
    line: &'a FairLine,
    path: Vec<Step>,
    id: u64,
}

impl Errand {
    fn path(self) -> Vec<Step> {
        let (kind, source) = match self {
            Self::Login(source) => (Step::Login, Some(source)),
            Self::Registration(source) => (Step::Registration, Some(source)),
            Self::Operator => (Step::Operator, None),
        };
        let blocks = source.into_iter().flat_map(|source| source.shares());
        std::iter::once(kind)
            .chain(blocks.map(Step::From))
            .collect()
    }
}

impl FairLine {
    /// An empty line, with `at_once` turns at its head, in which `longest` may wait.
    pub fn new(at_once: usize, longest: usize) -> Arc<Self> {
        Arc::new(Self {
            longest,
            state: Mutex::new(State {
                free: at_once,
                next: 0,
                waiting: Branch::default(),
            }),
        })
    }

    /// Waits for a turn. Who gives the wait up leaves the line.
    pub async fn wait(self: &Arc<Self>, errand: Errand) -> Result<FairTurn, LineFull> {
        let (turn, mine) = oneshot::channel();
        let path = errand.path();
        let id = {
            let mut state = self.lock();
            if state.free > 0 {
                state.free -= 1;
                return Ok(FairTurn {
                    line: Arc::clone(self),
                });
            }
            let id = state.next;
            state.next += 1;
            state.waiting.push(&path, Waiting { id, turn });
            if state.waiting.len > self.longest {
                // Whose it was is told by its end.
                drop(state.waiting.take_newest_of_most());
            }
            id
        };
        let in_line = InLine {
            line: self,
            path,
            id,
        };
        let turn = mine.await.map_err(|_| LineFull);
        drop(in_line);
        turn
    }

    fn next_turn(self: &Arc<Self>) {
        let next = {
            let mut state = self.lock();
            let next = state.waiting.take_next();
            if next.is_none() {
                state.free += 1;
            }
            next
        };
        if let Some(waiting) = next {
            let line = Arc::clone(self);
            // Where nobody waits for it any more, it ends here and now, and the next one's begins.
            drop(waiting.turn.send(FairTurn { line }));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }

    /// How many wait.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.lock().waiting.len
    }
}

impl Drop for FairTurn {
    fn drop(&mut self) {
        self.line.next_turn();
    }
}

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        let is_mine = |waiting: &Waiting| waiting.id == self.id;
        let left = self.line.lock().waiting.take(&self.path, is_mine);
        drop(left);
    }
}

/// Those who wait: at the end of a path of steps, or in branches that take turns.
struct Branch<K, T> {
    branches: HashMap<K, Branch<K, T>>,
    /// Whose turn is next.
    turns: VecDeque<K>,
    /// Those whose path ends here, the one who came first in front.
    here: VecDeque<T>,
    /// How many wait here and in all branches.
    len: usize,
}

impl<K, T> Default for Branch<K, T> {
    fn default() -> Self {
        Self {
            branches: HashMap::default(),
            turns: VecDeque::default(),
            here: VecDeque::default(),
            len: 0,
        }
    }
}

impl<K: Hash + Eq + Copy, T> Branch<K, T> {
    fn push(&mut self, path: &[K], item: T) {
        self.len += 1;
        let Some((first, rest)) = path.split_first() else {
            return self.here.push_back(item);
        };
        if !self.branches.contains_key(first) {
            self.turns.push_back(*first);
        }
        self.branches.entry(*first).or_default().push(rest, item);
    }

    /// Whose turn it is.
    fn take_next(&mut self) -> Option<T> {
        let item = match self.turns.pop_front() {
            Some(key) => {
                self.turns.push_back(key);
                self.take_in(&key, Self::take_next)
            }
            None => self.here.pop_front(),
        };
        self.len -= usize::from(item.is_some());
        item
    }

    /// The newest in the branch that has most, and there again.
    fn take_newest_of_most(&mut self) -> Option<T> {
        let most = self.branches.iter().max_by_key(|(_, branch)| branch.len);
        let item = match most.map(|(key, _)| *key) {
            Some(key) => self.take_in(&key, Self::take_newest_of_most),
            None => self.here.pop_back(),
        };
        self.len -= usize::from(item.is_some());
        item
    }

    /// The one at the end of `path` that `is_it`.
    fn take(&mut self, path: &[K], is_it: impl Fn(&T) -> bool) -> Option<T> {
        let item = match path.split_first() {
            Some((first, rest)) => self.take_in(first, |branch| branch.take(rest, is_it)),
            None => {
                let place = self.here.iter().position(is_it)?;
                self.here.remove(place)
            }
        };
        self.len -= usize::from(item.is_some());
        item
    }

    /// Takes one out of a branch, which is gone once it is empty.
    fn take_in(&mut self, key: &K, take: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let branch = self.branches.get_mut(key)?;
        let item = take(branch);
        if branch.len == 0 {
            self.branches.remove(key);
            self.turns.retain(|turn| turn != key);
        }
        item
    }
}

#[cfg(test)]
mod tests;
