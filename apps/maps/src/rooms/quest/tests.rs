use generativa_random::Stream;

use super::*;
use crate::rooms::{Side, empty, judge};

/// A room with the doors asked for and nothing in it.
fn bare(doors: [bool; 4], _: &mut Stream) -> anyhow::Result<Grid> {
    Ok(empty(doors))
}

/// A room strewn with blocks, monsters, water and void, with any doors, some of them broken.
fn strewn(_: [bool; 4], stream: &mut Stream) -> anyhow::Result<Grid> {
    let mut room = empty([0; 4].map(|_| stream.chance(0.5)));
    for (row, column) in (0..HEIGHT * WIDTH).map(|at| (at / WIDTH, at % WIDTH)) {
        let inside = (2..HEIGHT - 2).contains(&row) && (2..WIDTH - 2).contains(&column);
        if stream.chance(if inside { 0.5 } else { 0.03 }) {
            room.set(row, column, *stream.pick(if inside { b"BBBPPMIOS-" } else { b"WWWWWWWWD-" }));
        }
    }
    Ok(room)
}

fn quest(
    seed: u64,
    locks: usize,
    source: impl FnMut([bool; 4], &mut Stream) -> anyhow::Result<Grid>,
) -> Quest {
    let asked = Asked { rooms: 20, locks, loops: 0.2 };
    let layout = Layout::grow(&asked, &mut Stream::named(seed, "layout")).expect("enough rooms");
    Quest::draw(layout, source, &mut Stream::named(seed, "rooms")).expect("it can be repaired")
}

/// Bare rooms beside each other, each with its doors as a word of `nswe`, and marks set after.
fn row_of_rooms(doors: &[&str], marks: &[(usize, usize, u8)]) -> Grid {
    let room = |word: &&str| empty(['n', 's', 'w', 'e'].map(|side| word.contains(side)));
    let mut map = Grid::filled(HEIGHT, 0, b'-');
    doors.iter().for_each(|word| map.extend(&room(word)));
    marks.iter().for_each(|&(row, column, symbol)| map.set(row, column, symbol));
    map
}

/// The tiles of the door between room `left` and the next, locked on both sides.
fn locked_east(left: usize) -> [(usize, usize, u8); 4] {
    [(7, 9), (8, 9), (7, 12), (8, 12)].map(|(row, column)| (row, left * WIDTH + column, LOCKED))
}

#[test]
fn every_quest_of_bare_or_strewn_rooms_is_solved_and_never_lost() {
    for seed in 0..200 {
        let locks = seed as usize % 6;
        for quest in [quest(seed, locks, bare), quest(seed, locks, strewn)] {
            let verdict = solve(&quest);
            assert!(verdict.solvable && verdict.never_stuck, "seed {seed}\n{}", quest.map());
            assert_eq!(verdict.unused_keys, 0, "seed {seed}");
            let map = quest.map();
            let count = |symbol| map.cells().iter().filter(|&&found| found == symbol).count();
            assert_eq!([START, GOAL, KEY].map(count), [1, 1, locks], "seed {seed}");
            for (number, room) in quest.rooms.iter().enumerate() {
                let found = judge(room);
                assert!(found.passes(), "seed {seed} room {number}\n{room}");
                assert_eq!(found.doors, quest.layout.doors_of(number), "seed {seed}\n{room}");
            }
        }
    }
}

#[test]
fn bare_rooms_need_no_edit_and_strewn_ones_come_with_every_edit_named() {
    assert_eq!(quest(1, 3, bare).edits, []);
    let mut compared = 0;
    for seed in 0..20 {
        let mut drawn = Vec::new();
        let quest = quest(seed, 3, |doors, stream: &mut Stream| {
            let room = strewn(doors, stream)?;
            drawn.push(room.clone());
            Ok(room)
        });
        assert_eq!(drawn.len(), quest.draws);
        if drawn.len() > 20 {
            continue;
        }
        for (room, edit) in &quest.edits {
            assert_eq!(drawn[*room].get(edit.row, edit.column), edit.before);
            drawn[*room].set(edit.row, edit.column, edit.after);
        }
        assert_eq!(drawn, quest.rooms, "seed {seed}");
        compared += 1;
    }
    assert!(compared > 5, "only {compared} quests threw no room away");
}

#[test]
fn a_seed_gives_one_quest() {
    assert_eq!(quest(7, 4, strewn), quest(7, 4, strewn));
}

#[test]
fn the_way_starts_at_the_start_ends_at_the_goal_and_steps_over_open_tiles_only() {
    for seed in 0..20 {
        let quest = quest(seed, 4, strewn);
        let (map, path) = (quest.map(), solve(&quest).path);
        let symbol = |&(row, column): &(usize, usize)| map.get(row, column);
        assert_eq!(path.first().map(symbol), Some(START));
        assert_eq!(path.last().map(symbol), Some(GOAL));
        assert!(path.iter().all(|cell| b"FSDOLK@T".contains(&symbol(cell))));
        for pair in path.windows(2) {
            let ((row, column), (to_row, to_column)) = (pair[0], pair[1]);
            let length = row.abs_diff(to_row) + column.abs_diff(to_column);
            let through_a_door = pair.iter().all(|cell| b"DL".contains(&symbol(cell)));
            assert!(length == 1 || length == 3 && through_a_door, "seed {seed} {pair:?}");
        }
    }
}

#[test]
fn one_key_before_two_doors_can_be_solved_and_can_be_lost() {
    let mut marks = vec![(7, 16, START), (4, 16, KEY), (7, 27, GOAL)];
    marks.extend(locked_east(0).into_iter().chain(locked_east(1)));
    let verdict = solve_map(&row_of_rooms(&["e", "we", "w"], &marks));
    assert!(verdict.solvable && !verdict.never_stuck, "{verdict:?}");
    assert_eq!(verdict.unused_keys, 0);
    assert!(verdict.path.contains(&(4, 16)), "the key is fetched: {:?}", verdict.path);

    marks.push((10, 16, KEY));
    let enough = solve_map(&row_of_rooms(&["e", "we", "w"], &marks));
    assert!(enough.solvable && enough.never_stuck);

    marks.push((11, 16, KEY));
    let too_many = solve_map(&row_of_rooms(&["e", "we", "w"], &marks));
    assert_eq!(too_many.unused_keys, 1);
}

#[test]
fn a_key_behind_its_own_lock_cannot_be_fetched() {
    let mut marks = vec![(7, 5, START), (4, 16, KEY), (7, 27, GOAL)];
    marks.extend(locked_east(0));
    let verdict = solve_map(&row_of_rooms(&["e", "we", "w"], &marks));
    assert!(!verdict.solvable && !verdict.never_stuck);
    assert_eq!((verdict.unused_keys, verdict.path), (1, Vec::new()));
}

#[test]
fn the_way_goes_aside_for_keys_that_it_needs() {
    // One key at hand, two more behind a lock to the west, the goal behind two locks to the east.
    let mut marks = vec![(7, 16, START), (3, 16, KEY), (3, 5, KEY), (12, 5, KEY), (7, 38, GOAL)];
    marks.extend((0..3).flat_map(locked_east));
    let verdict = solve_map(&row_of_rooms(&["e", "we", "we", "w"], &marks));
    assert!(verdict.solvable && !verdict.never_stuck);
    let first = |cell| verdict.path.iter().position(|&at| at == cell);
    assert!(first((3, 16)) < first((3, 5)) && first((3, 5)).is_some());
    assert!(first((12, 5)).is_some() && verdict.path.last() == Some(&(7, 38)));
}

/// Opens doors at random, room by room, as long as there is a key for one; true if it ends with
/// the goal reached.
fn plays_to_the_goal(quest: &Quest, stream: &mut Stream) -> bool {
    let mut doors = quest.layout.doors.clone();
    let mut spent = 0;
    loop {
        let mut reached = vec![false; quest.rooms.len()];
        let mut open = vec![quest.start.room];
        while let Some(room) = open.pop() {
            reached[room] = true;
            let ways = doors.iter().filter(|door| !door.locked && door.rooms.contains(&room));
            open.extend(ways.flat_map(|door| door.rooms).filter(|&next| !reached[next]));
        }
        let beside = |door: &Door| door.locked && door.rooms.iter().any(|&room| reached[room]);
        let shut: Vec<usize> = (0..doors.len()).filter(|&door| beside(&doors[door])).collect();
        let keys = quest.keys.iter().filter(|key| reached[key.room]).count();
        if shut.is_empty() || keys == spent {
            return reached[quest.goal.room];
        }
        doors[*stream.pick(&shut)].locked = false;
        spent += 1;
    }
}

#[test]
fn random_players_end_as_the_judge_foretells_wherever_the_keys_lie() {
    let mut stream = Stream::named(2, "players");
    let (mut safe, mut risky, mut hopeless) = (0, 0, 0);
    for seed in 0..200 {
        let mut quest = quest(seed, 4, bare);
        // Corners of other rooms: the keys may now lie anywhere, but not on top of each other.
        for (key, row) in quest.keys.iter_mut().zip([2, 3, 12, 13]) {
            *key = Spot { room: stream.below(20), row, column: 2 };
        }
        let verdict = solve(&quest);
        let won = (0..200).filter(|_| plays_to_the_goal(&quest, &mut stream)).count();
        match (verdict.solvable, verdict.never_stuck) {
            (true, true) => safe += usize::from(won == 200),
            (true, false) => risky += usize::from(won > 0 && won < 200),
            (false, stuck) => hopeless += usize::from(won == 0 && !stuck),
        }
    }
    assert_eq!(safe + risky + hopeless, 200, "{safe} {risky} {hopeless}");
    assert!(safe.min(risky).min(hopeless) > 10, "{safe} {risky} {hopeless}");
}

#[test]
fn a_door_leads_on_only_where_it_is_whole_on_both_sides() {
    let marks = [(7, 5, START), (7, 16, GOAL)];
    let solvable = |doors: [&str; 2], marks: &[_]| solve_map(&row_of_rooms(&doors, marks)).solvable;
    assert!(solvable(["e", "w"], &marks));
    assert!(!solvable(["e", ""], &marks));
    assert!(!solvable(["", "w"], &marks));
    assert!(!solvable(["e", "w"], &[marks[0], marks[1], (7, 9, b'W')]));
}

#[test]
fn floor_that_touches_across_a_border_is_no_door() {
    let mut marks = vec![(7, 5, START), (7, 16, GOAL)];
    marks.extend((9..13).map(|column| (4, column, b'F')));
    assert!(!solve_map(&row_of_rooms(&["", ""], &marks)).solvable);
}

#[test]
fn a_map_without_start_or_goal_cannot_be_solved() {
    assert!(!solve_map(&row_of_rooms(&["e", "w"], &[(7, 5, START)])).solvable);
    assert!(!solve_map(&row_of_rooms(&["e", "w"], &[(7, 5, GOAL)])).solvable);
    assert!(!solve_map(&Grid::filled(0, 0, b'-')).solvable);
}

#[test]
fn a_source_that_never_draws_a_room_to_walk_in_is_named_with_the_doors_it_was_asked_for() {
    let asked = Asked { rooms: 2, locks: 0, loops: 0.0 };
    let layout = Layout::grow(&asked, &mut Stream::named(1, "layout")).expect("enough rooms");
    let side = Side::ALL[layout.doors_of(0).iter().position(|&door| door).expect("it has one")];
    let solid = |_: [bool; 4], _: &mut Stream| Ok(Grid::filled(HEIGHT, WIDTH, b'W'));
    let error = Quest::draw(layout.clone(), solid, &mut Stream::named(1, "rooms"));
    let message = error.expect_err("it is solid").to_string();
    assert!(message.contains(&format!("{side:?}").to_lowercase()), "{message}");

    let small = |_: [bool; 4], _: &mut Stream| Ok(Grid::filled(3, 4, b'F'));
    let error = Quest::draw(layout, small, &mut Stream::named(1, "rooms"));
    assert!(error.expect_err("it is small").to_string().contains("drew 3 and 4"));
}
