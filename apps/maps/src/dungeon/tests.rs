use generativa_datasets::simulators::roguelike;
use generativa_random::Stream;

use super::*;
use crate::game::Game;

fn free(map: &Grid) -> Vec<bool> {
    vec![false; map.cells().len()]
}

fn dungeon(index: u64) -> Grid {
    Grid::from_rows(&roguelike::dungeon(0, index).rows).expect("rows of one length")
}

#[test]
fn a_playable_dungeon_needs_no_edit() {
    for index in 0..50 {
        let repair = repair(&dungeon(index), &free(&dungeon(index))).expect("it is playable");
        assert_eq!(repair.edits, [], "dungeon {index}");
    }
}

#[test]
fn a_lost_key_is_put_back_before_the_door() {
    let mut map = dungeon(3);
    let key = map.cells().iter().position(|&symbol| symbol == b'k').expect("it has a key");
    map.set(key / map.width(), key % map.width(), b'.');
    let repair = repair(&map, &free(&map)).expect("it can be repaired");
    assert_eq!(repair.edits.len(), 1);
    assert_eq!(repair.edits[0].after, b'k');
    assert!(Game::Dungeon.verdict(&repair.level).playable());
}

#[test]
fn what_is_locked_stays() {
    let mut map = dungeon(3);
    let key = map.cells().iter().position(|&symbol| symbol == b'k').expect("it has a key");
    map.set(key / map.width(), key % map.width(), b'.');
    assert_eq!(repair(&map, &vec![true; map.cells().len()]), None);
}

#[test]
fn noise_in_a_dungeon_is_repaired_or_refused_but_never_delivered_unplayable() {
    let mut stream = Stream::named(1, "noise");
    let mut repaired = 0;
    for index in 0..100 {
        let mut map = dungeon(index);
        for _ in 0..12 {
            let cell = (1 + stream.below(map.height() - 2), 1 + stream.below(map.width() - 2));
            map.set(cell.0, cell.1, *stream.pick(b"##..+=km$<>"));
        }
        if let Some(repair) = repair(&map, &free(&map)) {
            assert!(Game::Dungeon.verdict(&repair.level).playable());
            repaired += 1;
        }
    }
    assert!(repaired >= 90, "only {repaired} of 100 were repaired");
}

#[test]
fn a_map_without_floor_is_refused() {
    assert_eq!(repair(&Grid::filled(5, 7, b'#'), &[false; 35]), None);
    assert_eq!(repair(&Grid::filled(0, 0, b'#'), &[]), None);
}
