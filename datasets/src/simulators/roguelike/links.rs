//! Links: the cheapest way through rock from a room to what is already connected, found by
//! Dijkstra's search over cells of random cost.
//!
//! Corridors keep a wall between themselves and every room, so a room is entered through its
//! doorways alone, and they end where they meet another corridor, so none runs beside another.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use generativa_random::Stream;

use super::Parameters;
use super::plan::{Cell, Plan};
use super::rooms::Rectangle;

/// The room behind the locked door.
pub(super) struct Vault {
    /// Its number.
    pub(super) room: usize,
    /// The cell of the door.
    pub(super) door: usize,
}

/// Cost of a cell without winding.
const STEP: u32 = 10;
/// Cost that full winding may add to a cell: six steps around rather than through.
const WINDING: f64 = 60.0;
/// A way around must save at least so many steps, else it is a second door to the same place.
const DETOUR: u32 = 12;

/// An opening that a room could have.
#[derive(Clone, Copy)]
struct Mouth {
    /// Floor of the room.
    inside: usize,
    /// The wall cell that would be opened.
    door: usize,
    /// What lies behind it.
    beyond: Beyond,
}

#[derive(Clone, Copy)]
enum Beyond {
    /// Rock where a corridor can begin.
    Rock(usize),
    /// A corridor, or another room behind one wall.
    Open(usize),
    /// Another room behind a second wall, which would be opened too.
    Wall(usize, usize),
}

/// Cells to open: a doorway, a corridor, and a doorway unless it ends in a corridor or a room.
struct Link {
    near: usize,
    corridor: Vec<usize>,
    far: Option<usize>,
}

/// Connects all rooms, the vault by one locked door only, and adds ways around. `None` where some
/// room cannot be reached.
pub(super) fn connect(
    plan: &mut Plan,
    rooms: &[Rectangle],
    parameters: &Parameters,
    stream: &mut Stream,
) -> Option<Vault> {
    let noise = 1 + (WINDING * parameters.corridor_winding.clamp(0.0, 1.0)) as usize;
    let costs: Vec<u32> =
        (0..plan.cells.len()).map(|_| STEP + stream.below(noise) as u32).collect();
    let vault = outermost(rooms, stream);

    // The other rooms, always by the cheapest link there is.
    let mut linked = vec![false; rooms.len()];
    let first = (vault + 1 + stream.below(rooms.len() - 1)) % rooms.len();
    linked[first] = true;
    for _ in 2..rooms.len() {
        let joined = |at: usize, plan: &Plan| match plan.cells[at] {
            Cell::Room(room) => linked[room],
            _ => true,
        };
        let search =
            |room| search(plan, &costs, room, |at| joined(at, plan)).map(|found| (found, room));
        let waiting = (0..rooms.len()).filter(|&room| !linked[room] && room != vault);
        let ((_, link), room) = waiting.filter_map(search).min_by_key(|((cost, _), _)| *cost)?;
        linked[room] = true;
        open(plan, &link, parameters, stream);
    }

    // The vault.
    let (_, link) = search(plan, &costs, vault, |_| true)?;
    open(plan, &link, parameters, stream);
    plan.cells[link.near] = Cell::Doorway(b'=');

    // Ways around.
    for _ in 0..parameters.loops.min(rooms.len()) {
        let room = (vault + 1 + stream.below(rooms.len() - 1)) % rooms.len();
        let distance = plan.walk(&plan.rooms[room], Some(link.near));
        let far = |at: usize| distance[at].is_some_and(|steps| steps >= DETOUR);
        if let Some((_, link)) = search(plan, &costs, room, far) {
            open(plan, &link, parameters, stream);
        }
    }
    Some(Vault { room: vault, door: link.near })
}

/// One of the two rooms that lie farthest apart.
fn outermost(rooms: &[Rectangle], stream: &mut Stream) -> usize {
    let centre = |room: &Rectangle| (2 * room.top + room.height, 2 * room.left + room.width);
    let apart = |a: usize, b: usize| {
        let (a, b) = (centre(&rooms[a]), centre(&rooms[b]));
        a.0.abs_diff(b.0) + a.1.abs_diff(b.1)
    };
    let pairs = (0..rooms.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
    let (a, b) = pairs.max_by_key(|&(a, b)| apart(a, b)).expect("there are two rooms");
    if stream.chance(0.5) { a } else { b }
}

/// The cheapest link from `room` to an open cell that `goal` accepts, with its cost.
fn search(
    plan: &Plan,
    costs: &[u32],
    room: usize,
    goal: impl Fn(usize) -> bool,
) -> Option<(u32, Link)> {
    let mut best = straight(plan, costs, room, &goal);
    let mut offer = |cost: u32, link: Link| {
        if best.as_ref().is_none_or(|(least, _)| cost < *least) {
            best = Some((cost, link));
        }
    };

    let mut queue = BinaryHeap::new();
    let mut reached: Vec<Option<Reached>> = vec![None; plan.cells.len()];
    for Mouth { door, beyond, .. } in mouths(plan, room) {
        if let Beyond::Rock(at) = beyond {
            let cost = costs[door] + costs[at];
            queue.push(Reverse((cost, at, Reached { door, from: None })));
        }
    }
    let arrivals = arrivals(plan, room, &goal);
    while let Some(Reverse((cost, at, here))) = queue.pop() {
        if reached[at].is_some() {
            continue;
        }
        reached[at] = Some(here);
        let link = |far| Link { near: here.door, corridor: trace(&reached, at), far };

        let is_corridor = |side: &usize| plan.cells[*side] == Cell::Corridor;
        let corridors: Vec<usize> = plan.sides(at).into_iter().filter(is_corridor).collect();
        if !corridors.is_empty() {
            if corridors.into_iter().any(&goal) {
                offer(cost, link(None));
            }
            continue;
        }
        if let Some(door) = arrivals[at]
            && !plan.around(door).contains(&here.door)
        {
            offer(cost + costs[door], link(Some(door)));
        }
        for next in plan.sides(at) {
            if reached[next].is_none() && is_diggable(plan, next) {
                let cost = cost + costs[next];
                queue.push(Reverse((cost, next, Reached { door: here.door, from: Some(at) })));
            }
        }
    }
    best
}

/// How the search came to a cell: through which door of the room, and from which cell.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Reached {
    door: usize,
    from: Option<usize>,
}

/// The cells of a corridor, from its end back to the door where it began.
fn trace(reached: &[Option<Reached>], end: usize) -> Vec<usize> {
    std::iter::successors(Some(end), |&at| reached[at].and_then(|here| here.from)).collect()
}

/// The cheapest link straight through one wall, or through two that lie back to back.
fn straight(
    plan: &Plan,
    costs: &[u32],
    room: usize,
    goal: impl Fn(usize) -> bool,
) -> Option<(u32, Link)> {
    let link = |Mouth { door, beyond, .. }| match beyond {
        Beyond::Open(at) if goal(at) => {
            Some((costs[door], Link { near: door, corridor: vec![], far: None }))
        }
        Beyond::Wall(wall, at) if goal(at) => {
            let link = Link { near: door, corridor: vec![], far: Some(wall) };
            Some((costs[door] + costs[wall], link))
        }
        _ => None,
    };
    mouths(plan, room).into_iter().filter_map(link).min_by_key(|(cost, _)| *cost)
}

/// For each cell where a corridor could end, the door through which it would enter a room that
/// `goal` accepts.
fn arrivals(plan: &Plan, from: usize, goal: impl Fn(usize) -> bool) -> Vec<Option<usize>> {
    let mut arrivals = vec![None; plan.cells.len()];
    for room in (0..plan.rooms.len()).filter(|&room| room != from) {
        for Mouth { inside, door, beyond } in mouths(plan, room) {
            if let Beyond::Rock(at) = beyond
                && goal(inside)
            {
                arrivals[at] = Some(door);
            }
        }
    }
    arrivals
}

/// Every opening that a room could have: between two walls, away from other doorways.
fn mouths(plan: &Plan, room: usize) -> Vec<Mouth> {
    let mut mouths = Vec::new();
    for &inside in &plan.rooms[room] {
        for step in plan.steps() {
            let fits = |at: usize| {
                plan.is_rock(at)
                    && plan.is_inner(at)
                    && plan.flanks(at, step).iter().all(|&flank| plan.is_rock(flank))
                    && !plan.around(at).iter().any(|&at| matches!(plan.cells[at], Cell::Doorway(_)))
            };
            let door = plan.beside(inside, step);
            if !fits(door) {
                continue;
            }
            let at = plan.beside(door, step);
            let is_other = |at: usize| matches!(plan.cells[at], Cell::Room(other) if other != room);
            let beyond = if plan.cells[at] == Cell::Corridor || is_other(at) {
                Beyond::Open(at)
            } else if is_diggable(plan, at) {
                Beyond::Rock(at)
            } else if fits(at) && is_other(plan.beside(at, step)) {
                Beyond::Wall(at, plan.beside(at, step))
            } else {
                continue;
            };
            mouths.push(Mouth { inside, door, beyond });
        }
    }
    mouths
}

/// Whether a corridor may pass: rock, no room at any side or corner, and no other three cells of a
/// 2 by 2 block open, so that corridors stay one cell wide.
fn is_diggable(plan: &Plan, at: usize) -> bool {
    if !plan.is_rock(at) || !plan.is_inner(at) {
        return false;
    }
    let around = plan.around(at);
    if around.iter().any(|&at| matches!(plan.cells[at], Cell::Room(_))) {
        return false;
    }
    let open = |index: usize| !plan.is_rock(around[index]);
    // Indices into `around`: the two sides and the corner between them.
    ![[1, 3, 0], [1, 4, 2], [6, 3, 5], [6, 4, 7]].iter().any(|block| block.iter().all(|&i| open(i)))
}

fn open(plan: &mut Plan, link: &Link, parameters: &Parameters, stream: &mut Stream) {
    for &at in &link.corridor {
        plan.cells[at] = Cell::Corridor;
    }
    let mut doorway = |may_close: bool| {
        let closed = stream.chance(parameters.doors.clamp(0.0, 1.0)) && may_close;
        Cell::Doorway(if closed { b'+' } else { b'.' })
    };
    plan.cells[link.near] = doorway(true);
    if let Some(far) = link.far {
        // Two doors back to back would have no floor between them.
        plan.cells[far] = doorway(!link.corridor.is_empty());
    }
}
