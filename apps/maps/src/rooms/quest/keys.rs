//! Where the keys lie, so that no order of opening doors runs out of them.

use std::collections::BTreeSet;

use generativa_random::Stream;

use super::layout::{Door, START_ROOM, regions};

/// Moves tried for each key: enough that keys wander into all regions of twenty rooms.
const MOVES: usize = 40;

/// A room for each key, one key for each locked door.
///
/// All keys before the first lock are always enough. From there they are moved, one at a time, to
/// rooms drawn at random, and a move stays where no order of opening doors can get stuck after it.
pub(super) fn hide(rooms: usize, doors: &[Door], goal: usize, stream: &mut Stream) -> Vec<usize> {
    let locks = doors.iter().filter(|door| door.locked).count();
    let regions = regions(rooms, doors);
    let near = (1..rooms).filter(|&room| regions[room] == regions[START_ROOM] && room != goal);
    let mut near: Vec<usize> = near.collect();
    stream.shuffle(&mut near);
    if near.is_empty() {
        near.push(START_ROOM);
    }
    let mut keys: Vec<usize> = near.iter().copied().cycle().take(locks).collect();
    for _ in 0..MOVES * locks {
        let (key, room) = (stream.below(locks), stream.below(rooms));
        if room == START_ROOM || room == goal || keys.contains(&room) {
            continue;
        }
        let before = std::mem::replace(&mut keys[key], room);
        if !every_order_opens_all(rooms, doors, &keys) {
            keys[key] = before;
        }
    }
    keys
}

/// Whether every locked door is opened in the end, whichever door each key is spent on: a search
/// over all sets of opened doors that can come about.
fn every_order_opens_all(rooms: usize, doors: &[Door], keys: &[usize]) -> bool {
    let locked: Vec<&Door> = doors.iter().filter(|door| door.locked).collect();
    let regions = regions(rooms, doors);
    let mut seen = BTreeSet::from([0u64]);
    let mut open = vec![0u64];
    while let Some(opened) = open.pop() {
        let spent = opened.count_ones() as usize;
        if spent == locked.len() {
            continue;
        }
        let reached = reached(&locked, &regions, opened);
        if keys.iter().filter(|&&room| reached[regions[room]]).count() <= spent {
            return false;
        }
        for (index, door) in locked.iter().enumerate() {
            let more = opened | 1 << index;
            let beside = door.rooms.iter().any(|&room| reached[regions[room]]);
            if beside && seen.insert(more) {
                open.push(more);
            }
        }
    }
    true
}

/// For each region whether it can be entered with these doors opened.
fn reached(locked: &[&Door], regions: &[usize], opened: u64) -> Vec<bool> {
    let mut reached = vec![false; regions.len()];
    reached[regions[START_ROOM]] = true;
    // Each round enters at least one region more, or is the last.
    loop {
        let mut entered = false;
        for (index, door) in locked.iter().enumerate() {
            let [one, other] = door.rooms.map(|room| regions[room]);
            if opened & 1 << index != 0 && reached[one] != reached[other] {
                (reached[one], reached[other]) = (true, true);
                entered = true;
            }
        }
        if !entered {
            return reached;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rooms::Side;

    /// Rooms in a row, each door from a room to the next, the locked ones named by that room.
    fn row(rooms: usize, locked: &[usize]) -> Vec<Door> {
        let door = |room| Door {
            rooms: [room, room + 1],
            side: Side::East,
            locked: locked.contains(&room),
        };
        (0..rooms - 1).map(door).collect()
    }

    #[test]
    fn a_key_in_each_region_of_a_row_is_enough_and_one_behind_its_own_lock_is_not() {
        let doors = row(4, &[0, 1, 2]);
        assert!(every_order_opens_all(4, &doors, &[0, 1, 2]));
        assert!(every_order_opens_all(4, &doors, &[0, 0, 0]));
        assert!(!every_order_opens_all(4, &doors, &[0, 1, 3]));
        assert!(!every_order_opens_all(4, &doors, &[1, 1, 1]));
    }

    #[test]
    fn one_key_before_two_doors_may_be_spent_on_the_wrong_one() {
        // Room 0 has locked doors to 1 and to 2.
        let door = |to, side| Door { rooms: [0, to], side, locked: true };
        let doors = [door(1, Side::West), door(2, Side::East)];
        assert!(!every_order_opens_all(3, &doors, &[0, 1]));
        assert!(every_order_opens_all(3, &doors, &[0, 0]));
    }

    #[test]
    fn keys_wander_away_from_the_start_but_never_too_far() {
        let doors = row(12, &[2, 5, 8]);
        let mut beyond_the_first = 0;
        for seed in 0..50 {
            let keys = hide(12, &doors, 11, &mut Stream::named(seed, "keys"));
            assert!(every_order_opens_all(12, &doors, &keys), "{keys:?}");
            beyond_the_first += keys.iter().filter(|&&room| room > 2).count();
        }
        assert!(beyond_the_first > 50, "only {beyond_the_first} of 150");
    }
}
