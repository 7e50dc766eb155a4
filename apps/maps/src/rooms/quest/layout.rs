//! Where the rooms of a quest lie and how they are joined.

use std::collections::VecDeque;

use anyhow::{Result, bail};
use generativa::cli::Exit;
use generativa_random::Stream;

use super::keys;
use crate::rooms::Side;

/// Locked doors that a quest may have: each doubles the sets of opened doors to search, and this
/// many still take less than a second.
pub const MOST_LOCKS: usize = 16;
/// Chance that the next room is joined to the one before it: corridors, where 0 makes a blot.
const WINDING: f64 = 0.5;
/// Rooms that a lock should leave on either side, where there are enough: a way to go for a key.
const ROOMS_A_REGION: usize = 2;

/// What is asked of a layout.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Asked {
    /// Number of rooms, at least 2.
    pub rooms: usize,
    /// Number of locked doors and of keys, less than rooms and at most [`MOST_LOCKS`].
    pub locks: usize,
    /// Chance, 0 to 1, that two neighbours get a door that nobody needs; none leads round a lock.
    pub loops: f64,
}

/// A door between two rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Door {
    /// The two rooms, by number.
    pub rooms: [usize; 2],
    /// The wall of the first room that it is in; in the second it is in the opposite one.
    pub side: Side,
    /// Whether it takes a key.
    pub locked: bool,
}

impl Door {
    /// Each of the two rooms with the wall that the door is in there.
    pub fn sides(&self) -> [(usize, Side); 2] {
        [(self.rooms[0], self.side), (self.rooms[1], self.side.opposite())]
    }

    /// The room that lies behind it, seen from `room`; `None` where it is not a door of that room.
    pub(super) fn beyond(&self, room: usize) -> Option<usize> {
        let [one, other] = self.rooms;
        (one == room).then_some(other).or((other == room).then_some(one))
    }
}

/// A plan of rooms, doors, locks and keys that can be solved, in whatever order doors are opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// (row, column) of each room among the others.
    pub places: Vec<(usize, usize)>,
    /// Every door. Without any one of the locked ones the rooms fall into two parts.
    pub doors: Vec<Door>,
    /// The room where the player starts.
    pub start: usize,
    /// The room of the treasure: the farthest from the start, counted in rooms, of those that lie
    /// behind a lock, if there is a lock.
    pub goal: usize,
    /// The room of each key; a room holds more than one only where the start has no others about.
    pub keys: Vec<usize>,
}

impl Layout {
    /// Grows a layout: rooms one at a time from the start, then locks, then doors that make loops,
    /// then the goal and the keys.
    ///
    /// # Errors
    /// A usage error where so few rooms cannot have so many locks.
    pub fn grow(asked: &Asked, stream: &mut Stream) -> Result<Self> {
        let Asked { rooms, locks, loops } = *asked;
        if rooms < 2 || locks >= rooms || locks > MOST_LOCKS {
            bail!(Exit::Usage(format!(
                "a quest has 2 rooms or more, fewer locks than rooms and at most {MOST_LOCKS}; \
                 asked: {rooms} rooms, {locks} locks"
            )));
        }
        let (places, mut doors) = tree(rooms, stream);
        lock(&mut doors, rooms, locks, stream);
        join_neighbours(&places, &mut doors, loops, stream);
        let goal = goal(rooms, &doors);
        let keys = keys::hide(rooms, &doors, goal, stream);
        let top = places.iter().map(|place| place.0).min().unwrap_or(0);
        let left = places.iter().map(|place| place.1).min().unwrap_or(0);
        let from_corner = places.iter().map(|&(row, column)| (row - top, column - left));
        let places = from_corner.map(|(row, column)| (row as usize, column as usize)).collect();
        Ok(Self { places, doors, start: START_ROOM, goal, keys })
    }

    /// For each of [`Side::ALL`] whether the room has a door there.
    pub fn doors_of(&self, room: usize) -> [bool; 4] {
        let sides = self.doors.iter().flat_map(Door::sides).filter(|(owner, _)| *owner == room);
        let sides: Vec<Side> = sides.map(|(_, side)| side).collect();
        Side::ALL.map(|side| sides.contains(&side))
    }

    /// Rows and columns of rooms that it takes.
    pub fn size(&self) -> (usize, usize) {
        let rows = self.places.iter().map(|&(row, _)| row + 1);
        let columns = self.places.iter().map(|&(_, column)| column + 1);
        (rows.max().unwrap_or(0), columns.max().unwrap_or(0))
    }
}

/// The number of the room where the player starts.
pub(super) const START_ROOM: usize = 0;

/// Rooms joined to a tree: door I leads to room I + 1 from one with a lower number.
fn tree(rooms: usize, stream: &mut Stream) -> (Vec<(isize, isize)>, Vec<Door>) {
    let (mut places, mut doors) = (vec![(0, 0)], Vec::new());
    while places.len() < rooms {
        let last = places.len() - 1;
        let room = if stream.chance(WINDING) { last } else { stream.below(places.len()) };
        let side = *stream.pick(&Side::ALL);
        let place = next_to(places[room], side);
        if !places.contains(&place) {
            doors.push(Door { rooms: [room, places.len()], side, locked: false });
            places.push(place);
        }
    }
    (places, doors)
}

fn next_to((row, column): (isize, isize), side: Side) -> (isize, isize) {
    let (down, right) = side.step();
    (row + down, column + right)
}

/// Locks doors of a tree: one on the way to the farthest room, the others anywhere.
fn lock(doors: &mut [Door], rooms: usize, locks: usize, stream: &mut Stream) {
    let distance = distances(rooms, doors);
    let mut room = (0..rooms).max_by_key(|&room| distance[room]).unwrap_or(START_ROOM);
    let mut on_the_way = Vec::new();
    while room != START_ROOM {
        on_the_way.push(room - 1);
        room = doors[room - 1].rooms[0];
    }
    let mut anywhere: Vec<usize> = (0..doors.len()).collect();
    stream.shuffle(&mut on_the_way);
    stream.shuffle(&mut anywhere);
    for (candidates, locks) in [(on_the_way, locks.min(1)), (anywhere, locks)] {
        for least in [ROOMS_A_REGION, 1] {
            for &door in &candidates {
                if !doors[door].locked && doors.iter().filter(|door| door.locked).count() < locks {
                    doors[door].locked = true;
                    doors[door].locked = smallest_region(rooms, doors) >= least;
                }
            }
        }
    }
}

/// Number of the region of each room: those between which no locked door lies share one.
pub(super) fn regions(rooms: usize, doors: &[Door]) -> Vec<usize> {
    let mut regions: Vec<usize> = (0..rooms).collect();
    for door in doors.iter().filter(|door| !door.locked) {
        let [kept, gone] = door.rooms.map(|room| regions[room]);
        regions.iter_mut().filter(|region| **region == gone).for_each(|region| *region = kept);
    }
    regions
}

fn smallest_region(rooms: usize, doors: &[Door]) -> usize {
    let regions = regions(rooms, doors);
    let size = |region| regions.iter().filter(|&other| other == region).count();
    regions.iter().map(size).min().unwrap_or(0)
}

/// Adds doors between neighbours of one region; between others they would lead round a lock.
fn join_neighbours(
    places: &[(isize, isize)],
    doors: &mut Vec<Door>,
    loops: f64,
    stream: &mut Stream,
) {
    let regions = regions(places.len(), doors);
    for room in 0..places.len() {
        for side in [Side::South, Side::East] {
            let place = next_to(places[room], side);
            let Some(other) = places.iter().position(|&found| found == place) else { continue };
            let joined = doors.iter().any(|door| door.beyond(room) == Some(other));
            if !joined && regions[room] == regions[other] && stream.chance(loops) {
                doors.push(Door { rooms: [room, other], side, locked: false });
            }
        }
    }
}

/// The room farthest from the start, of those behind a lock if there are any.
fn goal(rooms: usize, doors: &[Door]) -> usize {
    let (distance, regions) = (distances(rooms, doors), regions(rooms, doors));
    let behind_a_lock = |room: usize| regions[room] != regions[START_ROOM];
    let farthest = (0..rooms).max_by_key(|&room| (behind_a_lock(room), distance[room]));
    farthest.unwrap_or(START_ROOM)
}

/// Doors between the start and each room on the shortest way, locked or not.
fn distances(rooms: usize, doors: &[Door]) -> Vec<usize> {
    let mut distance = vec![usize::MAX; rooms];
    distance[START_ROOM] = 0;
    let mut queue = VecDeque::from([START_ROOM]);
    while let Some(room) = queue.pop_front() {
        for next in doors.iter().filter_map(|door| door.beyond(room)) {
            if distance[next] == usize::MAX {
                distance[next] = distance[room] + 1;
                queue.push_back(next);
            }
        }
    }
    distance
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(seed: u64, locks: usize) -> Layout {
        let asked = Asked { rooms: 20, locks, loops: 0.3 };
        Layout::grow(&asked, &mut Stream::named(seed, "layout")).expect("enough rooms")
    }

    #[test]
    fn a_seed_gives_one_layout_and_another_seed_another() {
        assert_eq!(layout(3, 4), layout(3, 4));
        assert_ne!(layout(3, 4), layout(4, 4));
    }

    #[test]
    fn doors_join_neighbours_only_and_no_two_rooms_share_a_place() {
        for seed in 0..100 {
            let layout = layout(seed, 3);
            let mut places = layout.places.clone();
            places.sort_unstable();
            places.dedup();
            assert_eq!(places.len(), 20);
            for door in &layout.doors {
                let [from, to] = door.rooms.map(|room| layout.places[room]);
                let step = (to.0 as isize - from.0 as isize, to.1 as isize - from.1 as isize);
                assert_eq!(step, door.side.step(), "seed {seed}");
            }
        }
    }

    #[test]
    fn there_are_as_many_keys_as_locks_and_no_loop_leads_round_a_lock() {
        for (seed, locks) in (0..100).zip((0..=5).cycle()) {
            let layout = layout(seed, locks);
            assert_eq!(layout.doors.iter().filter(|door| door.locked).count(), locks);
            assert_eq!(layout.keys.len(), locks);
            let regions = regions(20, &layout.doors);
            let mut distinct = regions.clone();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), locks + 1, "seed {seed}");
            assert!(locks == 0 || regions[layout.goal] != regions[layout.start]);
        }
    }

    #[test]
    fn some_layouts_have_loops_and_none_has_where_none_are_asked_for() {
        assert!((0..20).any(|seed| layout(seed, 3).doors.len() > 19));
        let asked = Asked { rooms: 20, locks: 3, loops: 0.0 };
        let tree = Layout::grow(&asked, &mut Stream::named(1, "layout")).expect("enough rooms");
        assert_eq!(tree.doors.len(), 19);
    }

    #[test]
    fn every_door_of_a_small_layout_may_be_locked_and_one_more_is_refused() {
        for seed in 0..50 {
            let mut stream = Stream::named(seed, "layout");
            let asked = Asked { rooms: 4, locks: 3, loops: 1.0 };
            let layout = Layout::grow(&asked, &mut stream).expect("as many doors as locks");
            assert_eq!(layout.keys.len(), 3);
            let one_more = Asked { locks: 4, ..asked };
            let error = Layout::grow(&one_more, &mut stream).expect_err("too many");
            assert!(error.to_string().contains("4 locks"), "{error}");
        }
    }
}
