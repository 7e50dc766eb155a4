//! Edits that make a dungeon playable: connected, one of each thing, and the key before its door.
//!
//! The rule is that of [`roguelike_rules`]; the way there is a plain one. Parts that are cut off
//! are joined by the shortest tunnel, or filled where they are mere holes. The locked door goes
//! where one cell parts the map, at the place that moves the fewest things.

use std::collections::VecDeque;

use generativa::data::Grid;
use generativa_datasets::simulators::roguelike_rules;

use crate::platform::{Edit, Repair};

/// The first thing that is wrong with a dungeon; empty where nothing is.
pub fn fault(map: &Grid) -> &'static str {
    let rows: Vec<Vec<u8>> = map.rows().map(<[u8]>::to_vec).collect();
    let verdict = roguelike_rules::check(&rows);
    let checks = [
        (verdict.known_symbols, "it holds a symbol that no dungeon has"),
        (
            verdict.exactly_one_of_each,
            "it lacks, or has more than one, of entrance, exit, key, lock",
        ),
        (verdict.connected, "some floor cannot be reached even with the key"),
        (verdict.key_before_door, "the key lies behind the locked door, or the exit before it"),
        (verdict.doors_in_walls, "a door does not stand between two walls"),
    ];
    checks.iter().find(|(passes, _)| !passes).map_or("", |(_, fault)| fault)
}

type Cell = (usize, usize);

/// A part of the map with at most this many cells is filled, not joined: a tunnel costs more.
const HOLE: usize = 3;
/// Cells that the locked door must at least part from the rest: a room, not a niche.
const VAULT: usize = 6;

/// `map` with the edits that make it playable, none where `locked` (row by row, one flag a tile).
/// `None` where nothing parts the map, or where what is locked forbids the edits.
pub fn repair(map: &Grid, locked: &[bool]) -> Option<Repair> {
    let mut level = map.clone();
    join(&mut level)?;
    let plan = best_plan(&level)?;
    furnish(&mut level, &plan)?;
    open_bad_doors(&mut level);

    let mut edits = Vec::new();
    for column in 0..map.width() {
        for row in 0..map.height() {
            let (before, after) = (map.get(row, column), level.get(row, column));
            if before != after {
                edits.push(Edit { row, column, before, after });
            }
        }
    }
    let rows: Vec<Vec<u8>> = level.rows().map(<[u8]>::to_vec).collect();
    let allowed = edits.iter().all(|edit| !locked[edit.row * map.width() + edit.column]);
    (allowed && roguelike_rules::check(&rows).passes()).then_some(Repair { level, edits })
}

/// Leaves one part of open cells: small ones are filled, others joined to the largest.
fn join(level: &mut Grid) -> Option<()> {
    loop {
        let mut parts = parts(level, None);
        parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
        let part = match parts.len() {
            0 => return None,
            1 => return Some(()),
            _ => parts.pop()?,
        };
        if part.len() <= HOLE {
            part.iter().for_each(|&(row, column)| level.set(row, column, b'#'));
            continue;
        }
        let others: Vec<Cell> = parts.concat();
        for (row, column) in tunnel(level, &part, &others)? {
            if level.get(row, column) == b'#' {
                level.set(row, column, b'.');
            }
        }
    }
}

/// The shortest way from `part` to one of `others`, through walls but not through the border.
fn tunnel(level: &Grid, part: &[Cell], others: &[Cell]) -> Option<Vec<Cell>> {
    let (height, width) = (level.height(), level.width());
    let mut from = vec![None; height * width];
    let mut queue: VecDeque<Cell> = part.iter().copied().collect();
    part.iter().for_each(|&cell| from[cell.0 * width + cell.1] = Some(cell));
    while let Some(cell) = queue.pop_front() {
        if others.contains(&cell) {
            let back = |&(row, column): &Cell| from[row * width + column];
            let way = std::iter::successors(Some(cell), |at| back(at).filter(|next| next != at));
            return Some(way.collect());
        }
        for next in neighbours(level, cell) {
            let inside = (1..height - 1).contains(&next.0) && (1..width - 1).contains(&next.1);
            if inside && from[next.0 * width + next.1].is_none() {
                from[next.0 * width + next.1] = Some(cell);
                queue.push_back(next);
            }
        }
    }
    None
}

/// Where the locked door goes, and what lies before and behind it.
struct Plan {
    door: Cell,
    before: Vec<Cell>,
    behind: Vec<Cell>,
}

/// The place for the locked door that moves the fewest things.
fn best_plan(level: &Grid) -> Option<Plan> {
    let mut best: Option<(usize, Plan)> = None;
    for row in 1..level.height().saturating_sub(1) {
        for column in 1..level.width().saturating_sub(1) {
            let door = (row, column);
            if !is_passage(level, door) {
                continue;
            }
            let Ok([one, other]) = <[Vec<Cell>; 2]>::try_from(parts(level, Some(door))) else {
                continue;
            };
            if one.len().min(other.len()) < VAULT {
                continue;
            }
            for (before, behind) in [(one.clone(), other.clone()), (other, one)] {
                let moved = |things: &[Cell], symbol| {
                    usize::from(!things.iter().any(|&cell| level.get(cell.0, cell.1) == symbol))
                };
                let cost = moved(&before, b'<') + moved(&before, b'k') + moved(&behind, b'>');
                let cost = cost + moved(&[door], b'=');
                if best.as_ref().is_none_or(|(least, _)| cost < *least) {
                    best = Some((cost, Plan { door, before, behind }));
                }
            }
        }
    }
    best.map(|(_, plan)| plan)
}

/// Puts the door in place and sees to it that there is one entrance, one key and one exit, each on
/// its side. What is missing goes as far from the door as it can.
fn furnish(level: &mut Grid, plan: &Plan) -> Option<()> {
    let width = level.width();
    let all: Vec<Cell> = (0..level.cells().len()).map(|at| (at / width, at % width)).collect();
    let things = [(b'<', &plan.before), (b'k', &plan.before), (b'>', &plan.behind)];
    let kept = things.map(|(symbol, side)| {
        side.iter().copied().find(|&(row, column)| level.get(row, column) == symbol)
    });
    for &(row, column) in &all {
        if b"<k>=".contains(&level.get(row, column)) {
            level.set(row, column, b'.');
        }
    }
    level.set(plan.door.0, plan.door.1, b'=');
    // Both sides of the door are floor, whatever stood there.
    for (row, column) in neighbours(level, plan.door) {
        if level.get(row, column) != b'#' {
            level.set(row, column, b'.');
        }
    }
    let thresholds: Vec<Cell> = neighbours(level, plan.door).collect();
    for ((symbol, side), kept) in things.into_iter().zip(kept) {
        let free = |cell: &Cell| level.get(cell.0, cell.1) == b'.' && !thresholds.contains(cell);
        let distance = |cell: &Cell| cell.0.abs_diff(plan.door.0) + cell.1.abs_diff(plan.door.1);
        let kept = kept.filter(|cell| !thresholds.contains(cell));
        let (row, column) =
            kept.or_else(|| side.iter().copied().filter(free).max_by_key(distance))?;
        level.set(row, column, symbol);
    }
    Some(())
}

/// Turns doors that stand in no wall, or beside a thing, into floor.
fn open_bad_doors(level: &mut Grid) {
    for row in 0..level.height() {
        for column in 0..level.width() {
            if level.get(row, column) == b'+' && !is_doorway(level, (row, column)) {
                level.set(row, column, b'.');
            }
        }
    }
}

/// An open cell with walls on two opposite sides and open cells on the two others.
fn is_passage(level: &Grid, cell: Cell) -> bool {
    level.get(cell.0, cell.1) != b'#' && stands_between(level, cell, |symbol| symbol != b'#')
}

/// As [`is_passage`], but with plain floor on the two other sides, as a door needs it.
fn is_doorway(level: &Grid, cell: Cell) -> bool {
    stands_between(level, cell, |symbol| symbol == b'.')
}

fn stands_between(level: &Grid, (row, column): Cell, open: impl Fn(u8) -> bool) -> bool {
    if row == 0 || column == 0 || row + 1 >= level.height() || column + 1 >= level.width() {
        return false;
    }
    let sides = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)];
    let [up, down, left, right] = sides.map(|(row, column)| level.get(row, column));
    let wall = |a: u8, b: u8| a == b'#' && b == b'#';
    wall(up, down) && open(left) && open(right) || wall(left, right) && open(up) && open(down)
}

/// The connected parts of the open cells, `without` one of them.
fn parts(level: &Grid, without: Option<Cell>) -> Vec<Vec<Cell>> {
    let width = level.width();
    let mut seen: Vec<bool> = level.cells().iter().map(|&symbol| symbol == b'#').collect();
    if let Some((row, column)) = without {
        seen[row * width + column] = true;
    }
    let mut parts = Vec::new();
    for start in 0..seen.len() {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        let mut part = vec![(start / width, start % width)];
        let mut next = 0;
        while next < part.len() {
            for (row, column) in neighbours(level, part[next]) {
                if !std::mem::replace(&mut seen[row * width + column], true) {
                    part.push((row, column));
                }
            }
            next += 1;
        }
        parts.push(part);
    }
    parts
}

/// The cells above, below, left and right that lie on the map.
fn neighbours(level: &Grid, (row, column): Cell) -> impl Iterator<Item = Cell> + use<> {
    let (height, width) = (level.height(), level.width());
    let cells = [
        (row.wrapping_sub(1), column),
        (row + 1, column),
        (row, column.wrapping_sub(1)),
        (row, column + 1),
    ];
    cells.into_iter().filter(move |&(row, column)| row < height && column < width)
}

#[cfg(test)]
mod tests;
