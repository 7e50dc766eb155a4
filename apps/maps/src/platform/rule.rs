//! The rule of movement: which steps exist, and which cells each needs free or solid.
//!
//! Whether a step's needs are met is asked by the caller: [`reach`](super::reach) asks the level,
//! [`repair`](super::repair) asks what it would cost to meet them. So both obey one rule.
//!
//! Source: the jumps and moves that the Video Game Level Corpus gives for Super Mario Bros.

/// Motion of a state that is in no arc; the others name an arc, its direction and its step.
pub(super) const ON_FOOT: u8 = 0;

/// Number of motions: on foot, or at one of the steps of an arc to the right or to the left.
pub(super) const MOTIONS: usize = 1 + 2 * ARC_STEPS;

/// Arcs as (column, row) offsets from the take-off cell, for a jump to the right.
const ARCS: [&[(i32, i32)]; 5] = [
    &[(0, -1), (0, -2), (1, -3), (1, -4), (0, -4)],
    &[(0, -1), (0, -2), (0, -3), (0, -4), (1, -4)],
    &[(1, -1), (1, -2), (1, -3), (1, -4), (2, -4)],
    &[
        (1, -1),
        (1, -2),
        (2, -2),
        (2, -3),
        (3, -3),
        (3, -4),
        (4, -4),
        (5, -3),
        (6, -3),
        (7, -3),
        (8, -2),
        (8, -1),
    ],
    &[
        (1, -1),
        (1, -2),
        (2, -2),
        (2, -3),
        (3, -3),
        (3, -4),
        (4, -4),
        (5, -4),
        (6, -3),
        (7, -3),
        (8, -2),
        (8, -1),
    ],
];
const ARC_STEPS: usize = 39;

/// A move by `columns` and `rows`, and the motion after it.
#[derive(Clone, Copy)]
struct Shift {
    columns: i32,
    rows: i32,
    motion: u8,
}

/// The first step of every arc, and for every motion the step that follows in its arc.
struct Shifts {
    take_off: [Shift; 2 * ARCS.len()],
    next: [Option<Shift>; MOTIONS],
}

const SHIFTS: Shifts = shifts();

const fn shifts() -> Shifts {
    let mut take_off = [Shift { columns: 0, rows: 0, motion: ON_FOOT }; 2 * ARCS.len()];
    let mut next = [None; MOTIONS];
    let mut motion = 1;
    let mut jump = 0;
    while jump < take_off.len() {
        let (arc, direction) = (ARCS[jump / 2], if jump % 2 == 0 { 1 } else { -1 });
        let mut from = (0, 0);
        let mut step = 0;
        while step < arc.len() {
            let columns = direction * (arc[step].0 - from.0);
            let shift = Shift { columns, rows: arc[step].1 - from.1, motion: motion as u8 };
            if step == 0 {
                take_off[jump] = shift;
            } else {
                next[motion - 1] = Some(shift);
            }
            from = arc[step];
            step += 1;
            motion += 1;
        }
        jump += 1;
    }
    assert!(motion == MOTIONS, "every motion is a step of one arc");
    Shifts { take_off, next }
}

/// A step into `cell`. Cells are numbered row by row from the top left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) cell: u32,
    pub(super) motion: u8,
    /// The cell that must be solid.
    pub(super) support: Option<u32>,
    /// The cells that must not be solid, `cell` among them; repeated where there are fewer.
    pub(super) free: [u32; 3],
}

/// The rule on a level of `height` rows and `width` columns.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    pub(super) height: usize,
    pub(super) width: usize,
}

impl Rule {
    /// Every cell where one could start: in columns 0 to 2, on a solid cell.
    pub(super) fn starts(self) -> impl Iterator<Item = Step> {
        let rows = 0..self.height.saturating_sub(1);
        rows.flat_map(move |row| {
            (0..self.width.min(3)).map(move |column| {
                let cell = self.cell(row, column);
                let support = Some(self.cell(row + 1, column));
                Step { cell, motion: ON_FOOT, support, free: [cell; 3] }
            })
        })
    }

    /// The further step of the arc that `motion` is in, if it has one inside the level.
    pub(super) fn glide(self, cell: u32, motion: u8) -> Option<Step> {
        let shift = SHIFTS.next[usize::from(motion)]?;
        let (row, column) = self.place(cell);
        // Above the level the arc runs along row 0.
        let row = row.saturating_add_signed(shift.rows as isize);
        let column = self.beside(column, shift.columns)?;
        let target = (row < self.height).then(|| self.cell(row, column))?;
        Some(Step { cell: target, motion: shift.motion, support: None, free: [target; 3] })
    }

    /// The steps that are open whatever the motion: walk or jump off a support, else fall.
    pub(super) fn on_foot(self, cell: u32) -> impl Iterator<Item = Step> {
        let (row, column) = self.place(cell);
        let below = (row + 1 < self.height).then(|| cell + self.width as u32);
        below.into_iter().flat_map(move |below| {
            let sides = || [-1, 1].into_iter().filter_map(move |side| self.beside(column, side));
            let walks = sides().map(move |side| {
                let target = self.cell(row, side);
                Step { cell: target, motion: ON_FOOT, support: Some(below), free: [target; 3] }
            });
            let jumps = SHIFTS.take_off.iter().filter_map(move |shift| {
                let row = row.checked_add_signed(shift.rows as isize)?;
                let target = self.cell(row, self.beside(column, shift.columns)?);
                let support = Some(below);
                Some(Step { cell: target, motion: shift.motion, support, free: [target; 3] })
            });
            let falls = std::iter::once([below; 3])
                .chain(sides().map(move |side| {
                    let target = self.cell(row + 1, side);
                    [below, target, target]
                }))
                .chain(sides().filter_map(move |side| {
                    let target = (row + 2 < self.height).then(|| self.cell(row + 2, side))?;
                    Some([below, self.cell(row + 1, side), target])
                }))
                .map(|free| Step { cell: free[2], motion: ON_FOOT, support: None, free });
            walks.chain(jumps).chain(falls)
        })
    }

    /// Row and column of a cell.
    pub(super) fn place(self, cell: u32) -> (usize, usize) {
        (cell as usize / self.width, cell as usize % self.width)
    }

    /// The number of the cell in `row` and `column`.
    pub(super) fn cell(self, row: usize, column: usize) -> u32 {
        (row * self.width + column) as u32
    }

    fn beside(self, column: usize, columns: i32) -> Option<usize> {
        column.checked_add_signed(columns as isize).filter(|&column| column < self.width)
    }
}
