//! Rooms: the map is cut in two again and again, and each piece gets a room.

use generativa_random::Stream;

use super::plan::{Cell, Plan};

/// A rectangle of inner cells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rectangle {
    pub(super) top: usize,
    pub(super) left: usize,
    pub(super) height: usize,
    pub(super) width: usize,
}

/// The smallest piece: a room of three by three and the wall towards the next one.
const MIN_HEIGHT: usize = 4;
const MIN_WIDTH: usize = 5;
/// The largest room: more would be an empty hall.
const MAX_ROOM_HEIGHT: usize = 6;
const MAX_ROOM_WIDTH: usize = 10;

/// Places up to `wanted` rooms, at least two; room `i` of the answer has the cells `Room(i)`. Two
/// rooms have at least one wall between them.
pub(super) fn place(plan: &mut Plan, wanted: usize, stream: &mut Stream) -> Vec<Rectangle> {
    let whole = Rectangle { top: 1, left: 1, height: plan.height - 2, width: plan.width - 2 };
    let mut pieces = vec![whole];
    while pieces.len() < wanted {
        // The largest piece first, or now and then the next: rooms differ in size.
        pieces.sort_by_key(|piece| std::cmp::Reverse(piece.height * piece.width));
        let choice = usize::from(stream.chance(0.3));
        let mut order = std::iter::once(choice).chain(0..).take_while(|&at| at <= pieces.len());
        let Some(at) = order.find(|&at| pieces.get(at).is_some_and(can_split)) else { break };
        let (first, second) = split(pieces.swap_remove(at), stream);
        pieces.extend([first, second]);
    }
    let rooms: Vec<_> = pieces.into_iter().map(|piece| room_inside(piece, stream)).collect();
    for room in &rooms {
        dig(plan, *room, stream);
    }
    rooms
}

fn can_split(piece: &Rectangle) -> bool {
    piece.height >= 2 * MIN_HEIGHT || piece.width >= 2 * MIN_WIDTH
}

fn split(piece: Rectangle, stream: &mut Stream) -> (Rectangle, Rectangle) {
    let Rectangle { top, left, height, width } = piece;
    // A column is worth half a row: maps are wider than high, and so are rooms.
    let flat = width as f64 / (width as f64 + 2.0 * height as f64);
    let side_by_side =
        height < 2 * MIN_HEIGHT || (width >= 2 * MIN_WIDTH && stream.chance(flat * flat * 1.8));
    if side_by_side {
        let first = MIN_WIDTH + stream.below(width - 2 * MIN_WIDTH + 1);
        let second = Rectangle { left: left + first, width: width - first, ..piece };
        (Rectangle { width: first, ..piece }, second)
    } else {
        let first = MIN_HEIGHT + stream.below(height - 2 * MIN_HEIGHT + 1);
        let second = Rectangle { top: top + first, height: height - first, ..piece };
        (Rectangle { height: first, ..piece }, second)
    }
}

/// A room in a piece, a wall left free below and to the right.
fn room_inside(piece: Rectangle, stream: &mut Stream) -> Rectangle {
    // The larger of two draws: small rooms look lost.
    let mut side = |room_for: usize, most: usize| {
        let choices = room_for.min(most) - 2;
        3 + stream.below(choices).max(stream.below(choices))
    };
    let height = side(piece.height - 1, MAX_ROOM_HEIGHT);
    let width = side(piece.width - 1, MAX_ROOM_WIDTH);
    let top = piece.top + stream.below(piece.height - height);
    let left = piece.left + stream.below(piece.width - width);
    Rectangle { top, left, height, width }
}

/// Digs the room in one of four shapes. Every cell of each shape lies in a 2 by 2 block of its
/// room, by which a room is told from a corridor on the finished map.
fn dig(plan: &mut Plan, room: Rectangle, stream: &mut Stream) {
    let number = plan.rooms.len();
    let mut floor = Vec::new();
    let Rectangle { top, left, height, width } = room;
    let shape = stream.below(8);
    let (bite_height, bite_width) = (1 + stream.below(height - 2), 1 + stream.below(width - 2));
    let (at_top, at_left) = (stream.chance(0.5), stream.chance(0.5));
    for row in 0..height {
        for column in 0..width {
            // Distance from the nearest corner, and from the chosen one.
            let (up, side) = (row.min(height - 1 - row), column.min(width - 1 - column));
            let from_corner = (
                if at_top { row } else { height - 1 - row },
                if at_left { column } else { width - 1 - column },
            );
            let rock = match shape {
                // Rounded.
                0 if height >= 4 && width >= 5 => up == 0 && side == 0,
                // Two pillars, two cells from the walls and three from each other.
                1 if height >= 5 && width >= 8 => row == 2 && side == 2,
                // Bent: a corner is left out, two cells remain beside it.
                2 | 3 if height >= 5 && width >= 5 => {
                    from_corner.0 < bite_height && from_corner.1 < bite_width
                }
                _ => false,
            };
            if !rock {
                let at = (top + row) * plan.width + left + column;
                plan.cells[at] = Cell::Room(number);
                floor.push(at);
            }
        }
    }
    plan.rooms.push(floor);
}
