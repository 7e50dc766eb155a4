//! The map while it is made: which cell belongs to what.

use std::collections::VecDeque;

/// What a cell is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// Wall, or not yet dug.
    Rock,
    /// Floor of the room with this number.
    Room(usize),
    /// Floor between rooms.
    Corridor,
    /// An opening in the wall of a room: `+`, `=`, or `.` without a door.
    Doorway(u8),
}

/// A rectangle of cells, addressed by one number: `row * width + column`.
pub(super) struct Plan {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) cells: Vec<Cell>,
    /// The floor cells of each room.
    pub(super) rooms: Vec<Vec<usize>>,
}

/// A step up, left, right or down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step(isize);

impl Plan {
    pub(super) fn rock(height: usize, width: usize) -> Self {
        Self { height, width, cells: vec![Cell::Rock; height * width], rooms: Vec::new() }
    }

    /// Inside the outermost ring, which stays rock. Only such cells have all their neighbours.
    pub(super) fn is_inner(&self, at: usize) -> bool {
        let (row, column) = (at / self.width, at % self.width);
        (1..self.height - 1).contains(&row) && (1..self.width - 1).contains(&column)
    }

    pub(super) fn is_rock(&self, at: usize) -> bool {
        self.cells[at] == Cell::Rock
    }

    pub(super) fn steps(&self) -> [Step; 4] {
        let down = self.width as isize;
        [Step(-down), Step(-1), Step(1), Step(down)]
    }

    /// The cell one step from an inner cell.
    pub(super) fn beside(&self, at: usize, step: Step) -> usize {
        at.checked_add_signed(step.0).expect("an inner cell has neighbours on all sides")
    }

    /// The four cells that share a side with an inner cell.
    pub(super) fn sides(&self, at: usize) -> [usize; 4] {
        self.steps().map(|step| self.beside(at, step))
    }

    /// The two cells beside an inner cell that a walk in direction `step` leaves left and right.
    pub(super) fn flanks(&self, at: usize, step: Step) -> [usize; 2] {
        let across = if step.0.unsigned_abs() == 1 { self.width } else { 1 };
        [at - across, at + across]
    }

    /// The eight cells that share a side or a corner with an inner cell.
    pub(super) fn around(&self, at: usize) -> [usize; 8] {
        let (above, below) = (at - self.width, at + self.width);
        [above - 1, above, above + 1, at - 1, at + 1, below - 1, below, below + 1]
    }

    /// Steps from the nearest of `starts` to each cell, through everything that is not rock and
    /// not `closed`; `None` where no way leads.
    pub(super) fn walk(&self, starts: &[usize], closed: Option<usize>) -> Vec<Option<u32>> {
        let mut distance = vec![None; self.cells.len()];
        let mut queue: VecDeque<usize> = starts.iter().copied().collect();
        for &start in starts {
            distance[start] = Some(0);
        }
        while let Some(at) = queue.pop_front() {
            for next in self.sides(at) {
                if distance[next].is_none() && !self.is_rock(next) && Some(next) != closed {
                    distance[next] = distance[at].map(|steps| steps + 1);
                    queue.push_back(next);
                }
            }
        }
        distance
    }
}
