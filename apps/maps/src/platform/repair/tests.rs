use generativa::data::Grid;
use generativa_random::Stream;

use super::*;
use crate::platform::Pipes;

/// Ground of one row under 14, with the columns `from..to` of each pit taken out.
fn ground(width: usize, pits: &[(usize, usize)]) -> Grid {
    let mut grid = Grid::filled(14, width, b'-');
    for column in
        (0..width).filter(|column| !pits.iter().any(|&(from, to)| (from..to).contains(column)))
    {
        grid.set(13, column, b'X');
    }
    grid
}

fn unlocked(level: &Grid) -> Vec<bool> {
    vec![false; level.cells().len()]
}

fn repaired(level: &Grid, locked: &[bool]) -> Repair {
    let repair = repair(level, locked).expect("a level that can be saved");
    assert!(reach(&repair.level).reachable);
    let mut redone = level.clone();
    for edit in &repair.edits {
        assert_eq!(redone.get(edit.row, edit.column), edit.before);
        assert_ne!(edit.before, edit.after);
        redone.set(edit.row, edit.column, edit.after);
    }
    assert_eq!(redone, repair.level, "the edits are all that changed");
    assert!(Pipes::of(&[redone]).broken <= Pipes::of(std::slice::from_ref(level)).broken);
    repair
}

#[test]
fn a_reachable_level_is_left_alone() {
    let level = ground(30, &[(10, 13)]);
    assert_eq!(repaired(&level, &unlocked(&level)), Repair { level, edits: Vec::new() });
}

#[test]
fn a_pit_one_column_too_wide_takes_one_edit() {
    let level = ground(40, &[(10, 20)]);
    let repair = repaired(&level, &unlocked(&level));
    assert_eq!(repair.edits.len(), 1);
    assert_eq!((repair.edits[0].before, repair.edits[0].after), (b'-', b'X'));
}

#[test]
fn two_pits_too_wide_take_two_edits() {
    let level = ground(80, &[(10, 20), (40, 50)]);
    let repair = repaired(&level, &unlocked(&level));
    assert_eq!(repair.edits.len(), 2);
    assert!(repair.edits[0].column < 30 && repair.edits[1].column > 30);
}

#[test]
fn a_pit_of_two_jumps_too_wide_takes_two_stones() {
    // A jump clears nine columns: a stone each, and what remains is one column too wide for one.
    let level = ground(60, &[(10, 30)]);
    assert_eq!(repaired(&level, &unlocked(&level)).edits.len(), 2);
}

#[test]
fn a_wall_one_tile_too_high_takes_one_edit() {
    let mut level = ground(30, &[]);
    for row in 8..13 {
        level.set(row, 15, b'S');
    }
    assert_eq!(repaired(&level, &unlocked(&level)).edits.len(), 1);
}

#[test]
fn a_wall_to_the_sky_is_bored_by_one_edit() {
    let mut level = ground(30, &[]);
    for row in 0..13 {
        level.set(row, 15, b'X');
    }
    assert_eq!(repaired(&level, &unlocked(&level)).edits.len(), 1);
}

#[test]
fn a_player_cannot_stand_on_a_cell_that_was_jumped_through() {
    // A tunnel leads to the foot of a shaft one column wide, too deep for one jump. A stone in it
    // would stop the jump that leads above it.
    let mut level = Grid::filled(14, 20, b'-');
    let mut locked = unlocked(&level);
    for column in 0..20 {
        for row in 0..14 {
            let rock = match column {
                0..5 => row != 12,
                5 => row == 13,
                _ => row > 2,
            };
            level.set(row, column, if rock { b'X' } else { b'-' });
            locked[row * 20 + column] = column != 5 || rock;
        }
    }
    assert_eq!(repair(&level, &locked), None);
}

#[test]
fn locked_tiles_are_unchanged_and_the_way_goes_round_them() {
    let mut level = ground(30, &[]);
    for row in 0..13 {
        level.set(row, 15, b'X');
    }
    let mut locked = unlocked(&level);
    // Only row 3 of the wall may be bored, which takes stones to get up to it.
    for row in (0..14).filter(|&row| row != 3) {
        locked[row * 30 + 15] = true;
    }
    let repair = repaired(&level, &locked);
    assert!(repair.edits.len() > 1);
    for edit in &repair.edits {
        assert!(!locked[edit.row * 30 + edit.column], "{edit:?}");
    }
}

#[test]
fn a_level_that_is_locked_throughout_cannot_be_saved() {
    let level = ground(40, &[(10, 20)]);
    assert_eq!(repair(&level, &vec![true; level.cells().len()]), None);
}

#[test]
fn a_wall_that_is_locked_to_the_sky_cannot_be_passed() {
    let mut level = ground(30, &[]);
    let mut locked = unlocked(&level);
    for column in 12..20 {
        for row in 0..14 {
            level.set(row, column, b'X');
            locked[row * 30 + column] = true;
        }
    }
    assert_eq!(repair(&level, &locked), None);
}

#[test]
fn a_pipe_in_the_only_way_is_lowered_and_stays_whole() {
    let mut level = ground(30, &[]);
    let mut locked = vec![true; level.cells().len()];
    for row in 6..13 {
        let (left, right) = if row == 6 { (b'<', b'>') } else { (b'[', b']') };
        for (column, symbol) in [(15, left), (16, right)] {
            level.set(row, column, symbol);
            locked[row * 30 + column] = false;
        }
    }
    // Seven rows down to four: three rows gone, and a new lip.
    let repair = repaired(&level, &locked);
    assert_eq!(repair.edits.len(), 8);
    assert_eq!((repair.level.get(9, 15), repair.level.get(9, 16)), (b'<', b'>'));
}

#[test]
fn levels_too_small_to_pass_are_refused_without_harm() {
    for (height, width) in [(0, 0), (0, 5), (5, 0), (1, 1), (1, 9)] {
        let level = Grid::filled(height, width, b'-');
        assert_eq!(repair(&level, &unlocked(&level)), None);
    }
    // Two rows and a column: one tile to stand on.
    let level = Grid::filled(2, 1, b'-');
    assert_eq!(repaired(&level, &unlocked(&level)).edits.len(), 1);
}

#[test]
fn repairs_of_noise_under_locks_keep_every_promise() {
    let mut saved = 0;
    for index in 0..60 {
        let mut stream = Stream::item(1, "noise", index);
        let mut level = Grid::filled(14, 32, b'-');
        for row in 0..14 {
            for column in 0..32 {
                level.set(row, column, *stream.pick(b"-----XSQ?Bb[]<>Eo"));
            }
        }
        let locked: Vec<bool> = (0..14 * 32).map(|_| stream.chance(0.3)).collect();
        if repair(&level, &locked).is_some() {
            saved += 1;
            let repair = repaired(&level, &locked);
            assert!(repair.edits.iter().all(|edit| !locked[edit.row * 32 + edit.column]));
        }
    }
    assert!(saved >= 57, "{saved} of 60 noisy levels saved");
}
