//! Days of a path in a row.

use generativa::data::trading_day::Day;

/// Days of each asset, as many of each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stretch {
    /// Of each asset.
    pub days: Vec<Vec<Day>>,
    /// The day of history that each is drawn from, by its number in the filter: of one asset with
    /// ranges, nothing of closes.
    pub from: Vec<u32>,
}

impl Stretch {
    /// Without days yet.
    pub fn new(assets: usize) -> Self {
        Self { days: vec![Vec::new(); assets], from: Vec::new() }
    }

    /// How many days there are.
    pub fn len(&self) -> usize {
        self.days.first().map_or(0, Vec::len)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Leaves none; the room stays.
    pub fn clear(&mut self) {
        self.days.iter_mut().for_each(Vec::clear);
        self.from.clear();
    }

    /// Moves the first `count` days to the end of another.
    pub fn move_to(&mut self, to: &mut Self, count: usize) {
        for (own, to) in self.days.iter_mut().zip(&mut to.days) {
            to.extend(own.drain(..count));
        }
        let known = count.min(self.from.len());
        to.from.extend(self.from.drain(..known));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_move_with_what_they_are_drawn_from() {
        let day = |value: f64| [value, 0.1, 0.5];
        let mut left =
            Stretch { days: vec![vec![day(1.0), day(2.0), day(3.0)]], from: vec![7, 8, 9] };
        let mut to = Stretch::new(1);
        left.move_to(&mut to, 2);
        assert_eq!(to, Stretch { days: vec![vec![day(1.0), day(2.0)]], from: vec![7, 8] });
        assert_eq!((left.len(), left.from), (1, vec![9]));
    }
}
