//! The downhill simplex (Nelder & Mead 1965) with the steps that Gao & Han (2012) found for more
//! than a few numbers: a search that needs no gradient and draws nothing at random.

/// When a search ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Evaluations in all.
    pub(super) evaluations: usize,
    /// A simplex whose values lie as close as this is done, and so is a search whose fresh one
    /// gains no more.
    pub(super) tolerance: f64,
}

/// A place and its value.
type Corner = (Vec<f64>, f64);

/// The lowest place found from `start` on (2 numbers at least), and its value. A simplex reaches
/// `reach` along each number; a done one is started afresh around its best, half as wide or less,
/// until that gains nothing. NaN counts as infinitely high.
pub(super) fn minimise(
    objective: impl Fn(&[f64]) -> f64,
    start: &[f64],
    reach: &[f64],
    limits: Limits,
) -> Corner {
    let mut search = Counted { objective, left: limits.evaluations };
    let mut best = search.corner(start.to_vec());
    let mut scale = 1.0;
    loop {
        let reach: Vec<f64> = reach.iter().map(|reach| reach * scale).collect();
        let found = search.descend(&best, &reach, limits.tolerance);
        let gain = best.1 - found.1;
        if found.1 < best.1 {
            best = found;
        }
        if search.left == 0 || (scale < 1.0 && gain <= limits.tolerance) {
            return best;
        }
        // A simplex turned inside out finds what the first, grown flat, walked past.
        scale *= -0.5;
        if f64::abs(scale) < 0.1 {
            scale = 0.5;
        }
    }
}

/// An objective with the evaluations that are left.
struct Counted<F> {
    objective: F,
    left: usize,
}

impl<F: Fn(&[f64]) -> f64> Counted<F> {
    fn corner(&mut self, place: Vec<f64>) -> Corner {
        self.left = self.left.saturating_sub(1);
        let value = (self.objective)(&place);
        (place, if value.is_nan() { f64::INFINITY } else { value })
    }

    /// The lowest corner of a simplex from its start until its values agree or no evaluation is
    /// left.
    fn descend(&mut self, start: &Corner, reach: &[f64], tolerance: f64) -> Corner {
        let mut corners = vec![start.clone()];
        for (axis, reach) in reach.iter().enumerate() {
            let mut place = start.0.clone();
            place[axis] += reach;
            corners.push(self.corner(place));
        }
        loop {
            // Stable, so that equals keep their order.
            corners.sort_by(|a, b| a.1.total_cmp(&b.1));
            if self.left == 0 || corners[reach.len()].1 - corners[0].1 <= tolerance {
                return corners.swap_remove(0);
            }
            match self.replacement(&corners) {
                Some(corner) => corners[reach.len()] = corner,
                None => self.shrink(&mut corners),
            }
        }
    }

    /// What the worst of the `corners`, in rising order, gives way to; none where all directions
    /// are worse.
    fn replacement(&mut self, corners: &[Corner]) -> Option<Corner> {
        let (worst, others) = corners.split_last()?;
        let size = others.len() as f64;
        let (expand, contract) = (1.0 + 2.0 / size, 0.75 - 0.5 / size);
        let middle: Vec<f64> = (0..others.len())
            .map(|axis| others.iter().map(|corner| corner.0[axis]).sum::<f64>() / size)
            .collect();
        // From the middle, away from the worst corner for a positive `step`.
        let mut at = |step: f64| {
            let along = middle.iter().zip(&worst.0);
            self.corner(along.map(|(middle, worst)| middle + step * (middle - worst)).collect())
        };
        let mirrored = at(1.0);
        if mirrored.1 < others[0].1 {
            let further = at(expand);
            return Some(if further.1 < mirrored.1 { further } else { mirrored });
        }
        if mirrored.1 < others[others.len() - 1].1 {
            return Some(mirrored);
        }
        let (bound, nearer) = if mirrored.1 < worst.1 {
            (mirrored.1, at(contract))
        } else {
            (worst.1, at(-contract))
        };
        (nearer.1 < bound).then_some(nearer)
    }

    /// Pulls all corners towards the first.
    fn shrink(&mut self, corners: &mut [Corner]) {
        let share = 1.0 - 1.0 / (corners.len() - 1) as f64;
        let lowest = corners[0].0.clone();
        for corner in &mut corners[1..] {
            let along = corner.0.iter().zip(&lowest);
            *corner = self.corner(along.map(|(x, low)| low + share * (x - low)).collect());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { evaluations: 20_000, tolerance: 1e-14 };

    #[test]
    fn the_bottom_of_a_bent_valley_is_found() {
        // Rosenbrock's function in four numbers.
        let valley = |x: &[f64]| -> f64 {
            x.windows(2).map(|x| 100.0 * (x[1] - x[0] * x[0]).powi(2) + (1.0 - x[0]).powi(2)).sum()
        };
        let (place, value) = minimise(valley, &[-1.2, 1.0, -1.2, 1.0], &[0.5; 4], LIMITS);
        assert!(value < 1e-10 && place.iter().all(|x| (x - 1.0).abs() < 1e-4), "{place:?} {value}");
    }

    #[test]
    fn a_search_keeps_to_its_evaluations_and_never_ends_above_its_start() {
        let calls = std::cell::Cell::new(0);
        let bowl = |x: &[f64]| {
            calls.set(calls.get() + 1);
            if x[0] > 2.0 { f64::NAN } else { x[0].powi(2) + x[1].powi(2) }
        };
        let limits = Limits { evaluations: 30, ..LIMITS };
        let (_, value) = minimise(bowl, &[1.5, 3.0], &[1.0; 2], limits);
        // What a simplex began, it ends: a shrinking costs two more.
        assert!(value < 11.25 && calls.get() <= 33, "{value} {}", calls.get());
    }
}
