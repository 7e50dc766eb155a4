//! What stands in the rooms: stairs, key, monsters, treasure.

use generativa_random::Stream;

use super::Parameters;
use super::links::Vault;
use super::plan::{Cell, Plan};

/// Monsters keep this many steps away from the entrance.
const SAFE: u32 = 5;

/// The map being furnished.
struct Furnishing<'a> {
    plan: &'a Plan,
    symbols: Vec<u8>,
}

/// The finished map, or `None` where stairs or key find no place.
///
/// The exit is as far behind the locked door as it can be, the entrance in the room farthest
/// before it, the key off the way between the two.
pub(super) fn furnish(
    plan: &Plan,
    vault: &Vault,
    parameters: &Parameters,
    stream: &mut Stream,
) -> Option<Vec<Vec<u8>>> {
    let symbol = |cell: &Cell| match cell {
        Cell::Rock => b'#',
        Cell::Room(_) | Cell::Corridor => b'.',
        Cell::Doorway(symbol) => *symbol,
    };
    let mut map = Furnishing { plan, symbols: plan.cells.iter().map(symbol).collect() };
    let from_lock = plan.walk(&[vault.door], None);
    let others: Vec<usize> = (0..plan.rooms.len()).filter(|&room| room != vault.room).collect();

    let exit = map.free(vault.room).into_iter().max_by_key(|&at| from_lock[at])?;
    map.symbols[exit] = b'>';

    let start = *others.iter().max_by_key(|&&room| map.nearest(room, &from_lock))?;
    let entrance = pick(&map.free(start), stream)?;
    map.symbols[entrance] = b'<';

    let from_entrance = plan.walk(&[entrance], None);
    let detour = |room: usize| map.nearest(room, &from_entrance) + map.nearest(room, &from_lock);
    let elsewhere = others.iter().copied().filter(|&room| room != start);
    let hall = elsewhere.max_by_key(|&room| detour(room)).unwrap_or(start);
    let key = pick(&map.free(hall), stream)?;
    map.symbols[key] = b'k';

    // Treasure in corners, rather in rooms with one door, and behind the lock.
    for _ in 0..parameters.treasures {
        map.scatter(b'$', stream, |at, room| {
            let walls = plan.sides(at).iter().filter(|&&side| plan.is_rock(side)).count() as f64;
            let secluded = if room == vault.room || doorways(plan, room) == 1 { 3.0 } else { 1.0 };
            (0.1 + walls * walls) * secluded * if room == start { 0.3 } else { 1.0 }
        });
    }
    // Monsters where the key, the treasure and the exit are.
    let prizes: Vec<usize> =
        (0..map.symbols.len()).filter(|&at| b"k$>".contains(&map.symbols[at])).collect();
    let from_prize = plan.walk(&prizes, None);
    for _ in 0..parameters.monsters {
        map.scatter(b'm', stream, |at, _| match (from_entrance[at], from_prize[at]) {
            (Some(steps), Some(prize)) if steps >= SAFE => 1.0 / (1.0 + f64::from(prize)),
            _ => 0.0,
        });
    }
    Some(map.symbols.chunks(plan.width).map(<[u8]>::to_vec).collect())
}

impl Furnishing<'_> {
    /// Floor of a room where something may stand: empty, and not in a doorway.
    fn free(&self, room: usize) -> Vec<usize> {
        self.plan.rooms[room].iter().copied().filter(|&at| self.is_free(at)).collect()
    }

    fn is_free(&self, at: usize) -> bool {
        let door = |&side: &usize| matches!(self.plan.cells[side], Cell::Doorway(_));
        self.symbols[at] == b'.' && !self.plan.sides(at).iter().any(door)
    }

    /// Steps to the nearest cell of a room.
    fn nearest(&self, room: usize, distance: &[Option<u32>]) -> u32 {
        self.plan.rooms[room].iter().filter_map(|&at| distance[at]).min().unwrap_or(0)
    }

    /// Puts one `symbol` on a free cell, drawn by `weight(cell, room)`; nothing where no cell has
    /// a weight.
    fn scatter(&mut self, symbol: u8, stream: &mut Stream, weight: impl Fn(usize, usize) -> f64) {
        let weights: Vec<f64> = (0..self.symbols.len())
            .map(|at| match self.plan.cells[at] {
                Cell::Room(room) if self.is_free(at) => weight(at, room),
                _ => 0.0,
            })
            .collect();
        if weights.iter().any(|&weight| weight > 0.0) {
            self.symbols[stream.weighted(&weights)] = symbol;
        }
    }
}

/// How many doorways lead into a room.
fn doorways(plan: &Plan, room: usize) -> usize {
    let doors = |&at: &usize| {
        plan.sides(at).iter().filter(|&&side| matches!(plan.cells[side], Cell::Doorway(_))).count()
    };
    plan.rooms[room].iter().map(doors).sum()
}

fn pick(cells: &[usize], stream: &mut Stream) -> Option<usize> {
    (!cells.is_empty()).then(|| *stream.pick(cells))
}
