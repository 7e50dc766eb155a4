//! A board and what a push does to it.

use std::fmt;

use generativa::data::Grid;

/// A board on which the game can be played: one player, as many boxes as goals, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Board {
    // A ring of wall lies around the board, so that every step from a floor stays inside.
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) walls: Vec<bool>,
    pub(super) goals: Vec<bool>,
    /// Cells with a box, in rising order.
    pub(super) boxes: Vec<u16>,
    pub(super) player: u16,
}

/// Why a grid is no board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unplayable {
    /// A symbol that the game does not know.
    Symbol {
        /// Row from the top.
        row: usize,
        /// Column from the left.
        column: usize,
        /// What stands there.
        symbol: u8,
    },
    /// Not one player but so many.
    Players(usize),
    /// The number of boxes is not that of the goals, or both are 0.
    Boxes {
        /// Boxes, on a goal or not.
        boxes: usize,
        /// Goals, under a box, the player or nothing.
        goals: usize,
    },
    /// More than 65,535 cells with the ring of wall.
    Size {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
}

impl fmt::Display for Unplayable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Symbol { row, column, symbol } => write!(
                f,
                "row {row}, column {column}: expected one of `# $.@*+`, found `{}`",
                char::from(symbol)
            ),
            Self::Players(count) => write!(f, "expected one player, found {count}"),
            Self::Boxes { boxes, goals } => {
                write!(f, "expected as many boxes as goals, at least 1, found {boxes} and {goals}")
            }
            Self::Size { height, width } => {
                write!(f, "expected fewer than 65536 cells, found {height} rows of {width}")
            }
        }
    }
}

impl std::error::Error for Unplayable {}

/// Where a push goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the row above.
    Up,
    /// To the row below.
    Down,
    /// To the column before.
    Left,
    /// To the column after.
    Right,
}

impl Direction {
    pub(super) const ALL: [Self; 4] = [Self::Up, Self::Down, Self::Left, Self::Right];
}

/// The box at (row, column), counted from 0 at the top left, is pushed by one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Push {
    /// Row of the box before the push.
    pub row: usize,
    /// Column of the box before the push.
    pub column: usize,
    /// Where it goes.
    pub direction: Direction,
}

impl Board {
    /// Reads a board of any size. Beyond its edge there is wall.
    pub fn read(grid: &Grid) -> Result<Self, Unplayable> {
        let (height, width) = (grid.height() + 2, grid.width() + 2);
        if height * width > usize::from(u16::MAX) {
            return Err(Unplayable::Size { height: grid.height(), width: grid.width() });
        }
        let mut walls = vec![true; height * width];
        let mut goals = vec![false; height * width];
        let (mut boxes, mut players) = (Vec::new(), Vec::new());
        for (row, symbols) in grid.rows().enumerate() {
            for (column, &symbol) in symbols.iter().enumerate() {
                let cell = (row + 1) * width + column + 1;
                match symbol {
                    b'$' | b'*' => boxes.push(cell as u16),
                    b'@' | b'+' => players.push(cell as u16),
                    b'#' | b' ' | b'.' => {}
                    _ => return Err(Unplayable::Symbol { row, column, symbol }),
                }
                walls[cell] = symbol == b'#';
                goals[cell] = matches!(symbol, b'.' | b'*' | b'+');
            }
        }
        let &[player] = players.as_slice() else {
            return Err(Unplayable::Players(players.len()));
        };
        let goal_count = goals.iter().filter(|&&goal| goal).count();
        if boxes.is_empty() || boxes.len() != goal_count {
            return Err(Unplayable::Boxes { boxes: boxes.len(), goals: goal_count });
        }
        Ok(Self { height, width, walls, goals, boxes, player })
    }

    /// Whether every box is on a goal.
    pub fn is_solved(&self) -> bool {
        self.boxes.iter().all(|&cell| self.goals[usize::from(cell)])
    }

    /// The board after a push, or `None` where the rules forbid it: there must be a box, the player
    /// must be able to walk to its far side, and the cell before it must be free.
    pub fn after(&self, push: Push) -> Option<Self> {
        let inside = push.row + 2 < self.height && push.column + 2 < self.width;
        let cell = inside.then(|| ((push.row + 1) * self.width + push.column + 1) as u16)?;
        let at = self.boxes.binary_search(&cell).ok()?;
        let target = self.next(cell, push.direction);
        let allowed = self.is_free(target, &self.boxes)
            && self.walk(&self.boxes, self.player)[usize::from(self.behind(cell, push.direction))];
        allowed.then(|| {
            let mut board = self.clone();
            board.boxes[at] = target;
            board.boxes.sort_unstable();
            board.player = cell;
            board
        })
    }

    pub(super) fn push_at(&self, cell: u16, direction: Direction) -> Push {
        let cell = usize::from(cell);
        Push { row: cell / self.width - 1, column: cell % self.width - 1, direction }
    }

    /// The next cell in a direction. Only from cells that are no wall is it sure to be on board.
    pub(super) fn next(&self, cell: u16, direction: Direction) -> u16 {
        match direction {
            Direction::Up => cell - self.width as u16,
            Direction::Down => cell + self.width as u16,
            Direction::Left => cell - 1,
            Direction::Right => cell + 1,
        }
    }

    /// Where the player stands to push from `cell`.
    pub(super) fn behind(&self, cell: u16, direction: Direction) -> u16 {
        self.next(
            cell,
            match direction {
                Direction::Up => Direction::Down,
                Direction::Down => Direction::Up,
                Direction::Left => Direction::Right,
                Direction::Right => Direction::Left,
            },
        )
    }

    pub(super) fn is_free(&self, cell: u16, boxes: &[u16]) -> bool {
        !self.walls[usize::from(cell)] && !boxes.contains(&cell)
    }

    /// The cells to which a player at `from` can walk without a push.
    pub(super) fn walk(&self, boxes: &[u16], from: u16) -> Vec<bool> {
        let mut blocked = self.walls.clone();
        for &cell in boxes {
            blocked[usize::from(cell)] = true;
        }
        let mut reached = vec![false; blocked.len()];
        reached[usize::from(from)] = true;
        let mut open = vec![from];
        while let Some(cell) = open.pop() {
            for direction in Direction::ALL {
                let next = self.next(cell, direction);
                if !blocked[usize::from(next)] && !reached[usize::from(next)] {
                    reached[usize::from(next)] = true;
                    open.push(next);
                }
            }
        }
        reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rows: &[&str]) -> Result<Board, Unplayable> {
        Board::read(&Grid::from_rows(rows).expect("rows of one length"))
    }

    #[test]
    fn a_board_needs_one_player_and_as_many_boxes_as_goals() {
        assert!(read(&["@$."]).is_ok());
        assert!(read(&["+$ "]).is_ok_and(|board| !board.is_solved()));
        assert!(read(&["@*"]).is_ok_and(|board| board.is_solved()));
        assert_eq!(read(&[" $."]), Err(Unplayable::Players(0)));
        assert_eq!(read(&["@$.@"]), Err(Unplayable::Players(2)));
        assert_eq!(read(&["@  "]), Err(Unplayable::Boxes { boxes: 0, goals: 0 }));
        assert_eq!(read(&["@$$."]), Err(Unplayable::Boxes { boxes: 2, goals: 1 }));
        let unknown = Unplayable::Symbol { row: 1, column: 2, symbol: b'x' };
        assert_eq!(read(&["@$.", "  x"]), Err(unknown));
        assert_eq!(read(&[]), Err(Unplayable::Players(0)));
    }

    #[test]
    fn a_push_needs_a_box_a_free_cell_and_a_way_to_the_far_side() {
        let board = read(&["@$ .", "####"]).expect("a board");
        let push = |column, direction| Push { row: 0, column, direction };
        let pushed = board.after(push(1, Direction::Right)).expect("an open push");
        assert_eq!(Ok(&pushed), read(&[" @$.", "####"]).as_ref());
        assert!(pushed.after(push(2, Direction::Right)).is_some_and(|board| board.is_solved()));
        for (column, direction) in
            [(1, Direction::Left), (1, Direction::Up), (2, Direction::Right), (9, Direction::Left)]
        {
            assert_eq!(board.after(push(column, direction)), None);
        }
    }
}
