//! The cheapest way through a level on which cells may be filled and cleared (Dijkstra 1959).

use std::collections::{BTreeMap, VecDeque};

use generativa::data::Grid;

use super::changes::{Change, regret};
use crate::platform::is_solid;
use crate::platform::rule::{MOTIONS, Rule, Step};

/// Cost of one changed tile; what is left of it ranks edits of equal number.
const TILE: u32 = 64;

/// No label, no purchase.
const NONE: u32 = u32::MAX;

/// A way to a state: its last step, the label it came from and the changes bought so far.
struct Label {
    step: Step,
    from: u32,
    bought: u32,
    cost: u32,
}

/// A change bought on the way, in a list that ways share as far as they agree.
struct Purchase {
    change: Change,
    area: Area,
    /// Whether the area is solid now.
    solid: bool,
    before: u32,
}

/// A rectangle of cells.
#[derive(Clone, Copy)]
struct Area {
    first: u32,
    rows: u32,
    columns: u32,
}

/// What came of an attempt to go a step.
#[derive(PartialEq, Eq)]
enum Outcome {
    Taken,
    /// Too dear, or locked: no other way to the same cell does better.
    Refused,
    /// It would undo what this very way rests on; another way may not.
    SelfDefeating,
}

/// The changes on the cheapest way from a start to the last column, in the order of the way, or
/// `None` where every way is locked. A purchase looks back on `memory` steps of its own way.
pub(super) fn cheapest_changes(
    level: &Grid,
    locked: &[bool],
    memory: usize,
) -> Option<Vec<Change>> {
    let rule = Rule { height: level.height(), width: level.width() };
    let cells = level.cells().len();
    let mut search = Search {
        level,
        locked,
        rule,
        memory,
        solid: level.cells().iter().map(|&symbol| is_solid(symbol)).collect(),
        best: vec![u32::MAX; cells * MOTIONS],
        expanded: vec![false; cells],
        labels: Vec::new(),
        purchases: Vec::new(),
        open: BTreeMap::new(),
    };
    for start in rule.starts() {
        search.go(NONE, start);
    }
    while let Some(at) = search.cheapest_open() {
        let Label { step: Step { cell, motion, .. }, cost, .. } = search.labels[at as usize];
        if cost > search.best[state(cell, motion)] {
            continue;
        }
        if rule.place(cell).1 + 1 == rule.width {
            return Some(search.changes_to(at));
        }
        if let Some(step) = rule.glide(cell, motion) {
            search.go(at, step);
        }
        // What is open on foot depends on the cell alone, so the cheapest way stands for all, but
        // for steps at which it would defeat itself.
        if !search.expanded[cell as usize] {
            let mut settled = true;
            for step in rule.on_foot(cell) {
                settled &= search.go(at, step) != Outcome::SelfDefeating;
            }
            search.expanded[cell as usize] = settled;
        }
    }
    None
}

fn state(cell: u32, motion: u8) -> usize {
    cell as usize * MOTIONS + usize::from(motion)
}

struct Search<'a> {
    level: &'a Grid,
    locked: &'a [bool],
    rule: Rule,
    memory: usize,
    solid: Vec<bool>,
    /// The lowest cost of each state so far.
    best: Vec<u32>,
    /// Cells whose steps on foot have all been tried.
    expanded: Vec<bool>,
    labels: Vec<Label>,
    purchases: Vec<Purchase>,
    /// Labels to go on from, by cost.
    open: BTreeMap<u32, VecDeque<u32>>,
}

impl Search<'_> {
    fn cheapest_open(&mut self) -> Option<u32> {
        let mut bucket = self.open.first_entry()?;
        let at = bucket.get_mut().pop_front();
        if bucket.get().is_empty() {
            bucket.remove();
        }
        at
    }

    /// Goes a step from the label `from`, buying what it needs.
    fn go(&mut self, from: u32, step: Step) -> Outcome {
        let label = self.labels.get(from as usize);
        let (mut bought, mut cost) = label.map_or((NONE, 0), |label| (label.bought, label.cost));
        let mark = self.purchases.len();
        let needs = step.support.map(|cell| (cell, true)).into_iter();
        for (cell, solid) in needs.chain(step.free.map(|cell| (cell, false))) {
            match self.need(cell, solid, bought) {
                None => {
                    self.purchases.truncate(mark);
                    return Outcome::Refused;
                }
                Some(0) => {}
                Some(price) => {
                    bought = (self.purchases.len() - 1) as u32;
                    cost += price;
                }
            }
        }

        let reached = state(step.cell, step.motion);
        if cost >= self.best[reached] {
            self.purchases.truncate(mark);
            return Outcome::Refused;
        }
        if self.purchases[mark..].iter().any(|purchase| self.defeats(purchase, from, &step)) {
            self.purchases.truncate(mark);
            return Outcome::SelfDefeating;
        }
        self.best[reached] = cost;
        self.open.entry(cost).or_default().push_back(self.labels.len() as u32);
        self.labels.push(Label { step, from, bought, cost });
        Outcome::Taken
    }

    /// The price of having `cell` solid or not on a way with the purchases `bought`: 0 where it is
    /// so, else that of a purchase made now. `None` where it cannot be had.
    fn need(&mut self, cell: u32, solid: bool, bought: u32) -> Option<u32> {
        let mut at = bought;
        while at != NONE {
            let purchase = &self.purchases[at as usize];
            if self.covers(purchase.area, cell) {
                // What was bought is not undone.
                return (purchase.solid == solid).then_some(0);
            }
            at = purchase.before;
        }
        if self.solid[cell as usize] == solid {
            return Some(0);
        }
        if self.locked[cell as usize] {
            return None;
        }

        let (row, column) = self.rule.place(cell);
        let change = if solid {
            Change::Fill { row, column }
        } else {
            Change::passing(self.level, row, column)
        };
        let area = match change {
            Change::Shorten { .. } => self.pipe_area(change)?,
            _ => Area { first: cell, rows: 1, columns: 1 },
        };
        let tiles = match change {
            Change::Shorten { .. } => change.tiles(self.level).len() as u32,
            _ => 1,
        };
        self.purchases.push(Purchase { change, area, solid, before: bought });
        Some(tiles * TILE + regret(self.level, row, column))
    }

    /// The cells that lowering a pipe clears, or `None` where one of its tiles is locked.
    fn pipe_area(&self, change: Change) -> Option<Area> {
        let tiles = change.tiles(self.level);
        let cell = |&(row, column, _): &(usize, usize, u8)| self.rule.cell(row, column);
        if tiles.iter().any(|tile| self.locked[cell(tile) as usize]) {
            return None;
        }
        let cleared = tiles.iter().filter(|tile| tile.2 == b'-').count() as u32;
        Some(Area { first: cell(&tiles[0]), rows: cleared / 2, columns: 2 })
    }

    /// Whether a purchase for the step after `from` takes away what the way there stood on, or
    /// fills a cell that it went through.
    fn defeats(&self, purchase: &Purchase, from: u32, step: &Step) -> bool {
        let spoils = |step: &Step| {
            if purchase.solid {
                step.free.contains(&purchase.area.first)
            } else {
                step.support.is_some_and(|cell| self.covers(purchase.area, cell))
            }
        };
        let way = std::iter::successors(self.labels.get(from as usize), |label| {
            self.labels.get(label.from as usize)
        });
        spoils(step) || way.take(self.memory).any(|label| spoils(&label.step))
    }

    fn covers(&self, area: Area, cell: u32) -> bool {
        if cell < area.first || area.rows == 1 && area.columns == 1 {
            return cell == area.first;
        }
        let width = self.rule.width as u32;
        let offset = cell - area.first;
        offset / width < area.rows && offset % width < area.columns
    }

    fn changes_to(&self, at: u32) -> Vec<Change> {
        let newest = self.labels[at as usize].bought;
        let list = std::iter::successors(self.purchases.get(newest as usize), |purchase| {
            self.purchases.get(purchase.before as usize)
        });
        let mut changes: Vec<Change> = list.map(|purchase| purchase.change).collect();
        changes.reverse();
        changes
    }
}
