//! The downhill simplex (Nelder & Mead 1965) with the steps that Gao & Han (2012) found for more
//! than a few numbers: a search that needs no gradient and draws nothing at random.

/// When a search ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Evaluations in all.
    pub(super) evaluations: usize,
    /// A simplex whose values lie as close as this is done, and so is a fresh one that gains no more.
    pub(super) tolerance: f64,
}

/// The lowest place found from `start` on, and its value. A simplex reaches `reach` along each
/// number; a done one is started afresh around its best, half as wide, until that gains nothing.
/// NaN counts as infinitely high.
pub(super) fn minimise(
    objective: impl Fn(&[f64]) -> f64,
    start: &[f64],
    reach: &[f64],
    limits: Limits,
) -> (Vec<f64>, f64) {
    let mut left = limits.evaluations;
    let mut value = |place: &[f64]| {
        left = left.saturating_sub(1);
        let found = objective(place);
        (if found.is_nan() { f64::INFINITY } else { found }, left > 0)
    };
    let mut best = (start.to_vec(), value(start).0);
    let mut scale = 1.0;
    loop {
        let reach: Vec<f64> = reach.iter().map(|reach| reach * scale).collect();
        let (found, more) = descend(&mut value, &best, &reach, limits.tolerance);
        let gain = best.1 - found.1;
        if found.1 < best.1 {
            best = found;
        }
        if !more || (scale < 1.0 && gain <= limits.tolerance) {
            return best;
        }
        // A simplex turned inside out finds what the first, grown flat, walked past.
        scale *= -0.5;
        if f64::abs(scale) < 0.1 {
            scale = 0.5;
        }
    }
}

/// One simplex from its start until its values agree; false where no evaluation is left.
fn descend(
    value: &mut impl FnMut(&[f64]) -> (f64, bool),
    start: &(Vec<f64>, f64),
    reach: &[f64],
    tolerance: f64,
) -> ((Vec<f64>, f64), bool) {
    let count = reach.len();
    let size = count as f64;
    let (expand, contract, shrink) = (1.0 + 2.0 / size, 0.75 - 0.5 / size, 1.0 - 1.0 / size);
    let mut corners = vec![start.clone()];
    for (axis, reach) in reach.iter().enumerate() {
        let mut place = start.0.clone();
        place[axis] += reach;
        let found = value(&place).0;
        corners.push((place, found));
    }
    loop {
        // Stable, so that equals keep their order.
        corners.sort_by(|a, b| a.1.total_cmp(&b.1));
        let worst = corners[count].clone();
        let (lowest, second) = (corners[0].1, corners[count - 1].1);
        if worst.1 - lowest <= tolerance {
            return (corners.swap_remove(0), true);
        }
        let middle: Vec<f64> = (0..count)
            .map(|axis| corners[..count].iter().map(|corner| corner.0[axis]).sum::<f64>() / size)
            .collect();
        // From the middle, away from the worst corner for a positive `step`.
        let mut more = true;
        let mut at = |step: f64| {
            let along = middle.iter().zip(&worst.0);
            let place: Vec<f64> =
                along.map(|(middle, worst)| middle + step * (middle - worst)).collect();
            let (found, left) = value(&place);
            more = left;
            (place, found)
        };
        let mirrored = at(1.0);
        let (bound, next) = if mirrored.1 < lowest {
            (mirrored.1, at(expand))
        } else if mirrored.1 < second {
            (f64::NEG_INFINITY, mirrored.clone())
        } else if mirrored.1 < worst.1 {
            (mirrored.1, at(contract))
        } else {
            (worst.1, at(-contract))
        };
        if next.1 < bound {
            corners[count] = next;
        } else if mirrored.1 < second {
            corners[count] = mirrored;
        } else {
            let lowest = corners[0].0.clone();
            for corner in &mut corners[1..] {
                let along = corner.0.iter().zip(&lowest);
                corner.0 = along.map(|(corner, low)| low + shrink * (corner - low)).collect();
                let found = value(&corner.0);
                (corner.1, more) = found;
            }
        }
        if !more {
            corners.sort_by(|a, b| a.1.total_cmp(&b.1));
            return (corners.swap_remove(0), false);
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
