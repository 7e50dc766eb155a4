//! The judge of quests: whether the goal can be reached, and whether spending keys can lose it.
//!
//! It reads the tiles of the whole map. A key fits every locked door, opens one and is gone; a door
//! once opened stays open; whoever can walk to a key can have it. What can be reached then depends
//! only on which doors were opened, so the search goes over the sets of opened doors, and walks on
//! regions: what hangs together with all locked doors shut.

use std::collections::BTreeMap;

use generativa::data::Grid;

use super::world::{Cell, World};
use super::{MOST_LOCKS, Quest};

/// What the judge says of a quest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Solution {
    /// Some way of spending the keys leads to the goal.
    pub solvable: bool,
    /// No way of spending them loses it: from wherever a player can get, the goal can be reached.
    pub never_stuck: bool,
    /// Keys that no player can spend: all keys, less the most doors that can be opened.
    pub unused_keys: usize,
    /// Cells (row, column) of a way from the start to the goal that opens as few doors as any,
    /// keys fetched on the way; from room to room it goes from door tile to door tile. Empty where
    /// there is none.
    pub path: Vec<(usize, usize)>,
}

/// Judges a quest by its [`map`](Quest::map).
pub fn solve(quest: &Quest) -> Solution {
    solve_map(&quest.map())
}

/// Judges a map of whole rooms with the symbols of [`Quest::map`]. Without a start or a goal it
/// cannot be solved.
///
/// Panics at a size that is no number of rooms, and with more than [`MOST_LOCKS`] locked doors.
pub fn solve_map(map: &Grid) -> Solution {
    let world = World::read(map);
    assert!(world.locks <= MOST_LOCKS, "{} locked doors, at most {MOST_LOCKS}", world.locks);
    let all_keys = world.keys.len();
    let (Some(start), Some(goal)) = (world.start, world.goal) else {
        return Solution {
            solvable: false,
            never_stuck: false,
            unused_keys: all_keys,
            path: Vec::new(),
        };
    };
    let regions = Regions::of(&world);
    let states = states(&world, &regions, start);

    // A set of opened doors follows only smaller ones, so those that can win are known backwards.
    let mut wins: BTreeMap<u64, bool> = BTreeMap::new();
    for (opened, state) in states.iter().rev() {
        let at_goal = state.reached[regions.of_cell[goal]];
        let later = |next: &u64| wins.get(next).copied().unwrap_or(false);
        let won = at_goal || state.next.iter().any(later);
        wins.insert(*opened, won);
    }
    let at_goal = |(_, state): &(&u64, &State)| state.reached[regions.of_cell[goal]];
    let first = states.iter().filter(at_goal).min_by_key(|(opened, _)| opened.count_ones());
    let path = first.and_then(|(opened, _)| walk(&world, &order(&states, *opened), start, goal));
    let most_opened = states.keys().map(|opened| opened.count_ones() as usize).max();
    Solution {
        solvable: first.is_some(),
        never_stuck: wins.values().all(|&won| won),
        unused_keys: all_keys - most_opened.unwrap_or(0),
        path: path.unwrap_or_default(),
    }
}

/// What hangs together with all locked doors shut.
struct Regions {
    /// Number of the region of each cell; 0 for what is no floor.
    of_cell: Vec<usize>,
    /// For each lock the regions that it joins when opened.
    of_lock: Vec<Vec<usize>>,
    /// One more than the last number.
    count: usize,
}

impl Regions {
    fn of(world: &World) -> Self {
        let mut of_cell = vec![0; world.cells()];
        let mut count = 1;
        for from in 0..world.cells() {
            if of_cell[from] > 0 || !world.is_open(from, 0) {
                continue;
            }
            of_cell[from] = count;
            let mut open = vec![from];
            while let Some(cell) = open.pop() {
                for next in world.beside(cell) {
                    if of_cell[next] == 0 && world.is_open(next, 0) {
                        of_cell[next] = count;
                        open.push(next);
                    }
                }
            }
            count += 1;
        }
        let mut of_lock = vec![Vec::new(); world.locks];
        for cell in 0..world.cells() {
            if let Some(lock) = world.lock(cell) {
                let beside = world.beside(cell).map(|next| of_cell[next]);
                of_lock[lock].extend(beside.filter(|&region| region > 0));
            }
        }
        Self { of_cell, of_lock, count }
    }

    /// For each region whether it can be entered from the start with these locks opened.
    fn reached(&self, start: Cell, opened: u64) -> Vec<bool> {
        let mut reached = vec![false; self.count];
        reached[self.of_cell[start]] = true;
        let mut shut: Vec<usize> =
            (0..self.of_lock.len()).filter(|lock| opened >> lock & 1 == 1).collect();
        while let Some(at) =
            shut.iter().position(|&lock| self.of_lock[lock].iter().any(|&region| reached[region]))
        {
            let lock = shut.swap_remove(at);
            self.of_lock[lock].iter().for_each(|&region| reached[region] = true);
        }
        reached
    }
}

/// What is so once certain locks have been opened.
struct State {
    reached: Vec<bool>,
    /// The sets with one lock more that can follow.
    next: Vec<u64>,
    /// The set before, on one of the ways here.
    before: Option<u64>,
}

/// Every set of opened locks, as bits, that can come about. A set has a higher number than each
/// set that leads to it.
fn states(world: &World, regions: &Regions, start: Cell) -> BTreeMap<u64, State> {
    let mut states = BTreeMap::new();
    let mut open = vec![(0u64, None)];
    while let Some((opened, before)) = open.pop() {
        if states.contains_key(&opened) {
            continue;
        }
        let reached = regions.reached(start, opened);
        let found = world.keys.iter().filter(|&&key| reached[regions.of_cell[key]]).count();
        let in_hand = found - opened.count_ones() as usize;
        let can_open = |&lock: &usize| {
            in_hand > 0
                && opened >> lock & 1 == 0
                && regions.of_lock[lock].iter().any(|&region| reached[region])
        };
        let next: Vec<u64> =
            (0..world.locks).filter(can_open).map(|lock| opened | 1 << lock).collect();
        open.extend(next.iter().map(|&next| (next, Some(opened))));
        states.insert(opened, State { reached, next, before });
    }
    states
}

/// The locks of a set, in the order in which the search opened them.
fn order(states: &BTreeMap<u64, State>, opened: u64) -> Vec<usize> {
    let before = |at: &u64| states.get(at).and_then(|state| state.before);
    let sets: Vec<u64> = std::iter::successors(Some(opened), before).collect();
    let locks = sets.windows(2).map(|pair| (pair[0] ^ pair[1]).trailing_zeros() as usize);
    let mut locks: Vec<usize> = locks.collect();
    locks.reverse();
    locks
}

/// The way of a player who opens these locks in order, fetching the nearest key where he has none.
fn walk(world: &World, locks: &[usize], start: Cell, goal: Cell) -> Option<Vec<(usize, usize)>> {
    let mut way = vec![start];
    let mut keys = world.keys.clone();
    let (mut opened, mut in_hand) = (0u64, 0);
    let mut at = start;
    for &lock in locks {
        for to_the_lock in [false, true] {
            if !to_the_lock && in_hand > 0 {
                continue;
            }
            let leg = if to_the_lock {
                opened |= 1 << lock;
                in_hand -= 1;
                world.way(at, opened, |cell| world.lock(cell) == Some(lock))?
            } else {
                world.way(at, opened, |cell| keys.contains(&cell))?
            };
            let left = keys.len();
            keys.retain(|key| !leg.contains(key));
            in_hand += left - keys.len();
            at = leg.last().copied().unwrap_or(at);
            way.extend(leg);
        }
    }
    way.extend(world.way(at, opened, |cell| cell == goal)?);
    Some(way.into_iter().map(|cell| world.place(cell)).collect())
}
