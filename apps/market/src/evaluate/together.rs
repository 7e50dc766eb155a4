//! Whether assets move together as they did.

use generativa::metrics::correlation::correlation_matrix;
use generativa::metrics::quantile::quantile;
use generativa::run::evaluation::Better;

use super::closes::Returns;
use super::rows::{Figure, Metric, over_grid};

/// Share of days that count as falls.
const TAIL: f64 = 0.05;

/// How far correlations lie from the real ones, as a share of the size of all of them (Frobenius), and
/// how far the shares of falls that two assets have together: of the paths of each seed taken
/// together.
pub(super) fn figures(drawn: &[Vec<Returns>], real: &Returns) -> [(Metric<'static>, Figure); 2] {
    let frobenius =
        Metric { name: "correlation-frobenius", unit: "share of the norm", better: Better::Lower };
    let tail = Metric {
        name: "tail-dependence-error",
        unit: "mean of pairs, share of 5 % falls",
        better: Better::Lower,
    };
    [(frobenius, distance as fn(&Returns, &Returns) -> f64), (tail, tail_distance)].map(
        |(metric, distance)| {
            let of_seed = |paths: &Vec<Returns>| distance(&joined(paths), real);
            let values: Vec<f64> = drawn.iter().map(of_seed).collect();
            let n = drawn.iter().map(Vec::len).sum();
            let figure = over_grid([values.len(), 1], "seeds", n, |seeds, _| {
                seeds.iter().map(|&seed| values[seed]).sum::<f64>() / seeds.len() as f64
            });
            (metric, figure)
        },
    )
}

/// Paths end to end.
fn joined(paths: &[Returns]) -> Returns {
    let assets = paths.first().map_or(0, Vec::len);
    (0..assets)
        .map(|asset| paths.iter().flat_map(|path| path[asset].iter().copied()).collect())
        .collect()
}

/// The norm of the difference of two correlation matrices over that of the second.
fn distance(made: &Returns, real: &Returns) -> f64 {
    let norm = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>().sqrt();
    let [made, real] = [made, real].map(|returns| correlation_matrix(returns).concat());
    let apart: Vec<f64> = made.iter().zip(&real).map(|(made, real)| made - real).collect();
    norm(&apart) / norm(&real)
}

/// The mean over pairs of how far apart [`falls_together`] are.
fn tail_distance(made: &Returns, real: &Returns) -> f64 {
    let [made, real] = [made, real].map(falls_together);
    let apart = made.iter().zip(&real).map(|(made, real)| (made - real).abs());
    apart.sum::<f64>() / real.len() as f64
}

/// Of the days on which one asset of a pair is among its worst, the share on which the other is too.
fn falls_together(returns: &Returns) -> Vec<f64> {
    let falls: Vec<Vec<bool>> = returns
        .iter()
        .map(|own| {
            let worst = quantile(own, TAIL);
            own.iter().map(|value| *value <= worst).collect()
        })
        .collect();
    let mut shares = Vec::new();
    for (place, one) in falls.iter().enumerate() {
        for other in &falls[place + 1..] {
            let both = one.iter().zip(other).filter(|(one, other)| **one && **other).count();
            shares.push(both as f64 / (TAIL * one.len() as f64));
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use anyhow::Result;
    use generativa_random::Stream;

    use super::*;

    /// Two assets of correlation 0.6, or 0.
    fn pair(correlated: bool, days: usize) -> Returns {
        let mut stream = Stream::named(u64::from(correlated), "pair");
        let mut returns = vec![Vec::new(), Vec::new()];
        for _ in 0..days {
            let [one, other] = [0; 2].map(|_| stream.normal());
            returns[0].push(one);
            returns[1].push(if correlated { 0.6 * one + 0.8 * other } else { other });
        }
        returns
    }

    #[test]
    fn assets_that_lost_their_correlation_are_as_far_as_it_was_large() -> Result<()> {
        let (real, lost) = (pair(true, 50_000), pair(false, 50_000));
        // The matrices differ by 0.6 twice; the norm of the real one is that of 1, 1, 0.6, 0.6.
        let known = (2.0f64 * 0.36).sqrt() / (2.0f64 * 1.36).sqrt();
        assert!((distance(&lost, &real) - known).abs() < 0.01, "{}", distance(&lost, &real));
        assert_eq!(distance(&real, &real), 0.0);
        // Independent falls meet by chance alone.
        assert!((falls_together(&lost)[0] - TAIL).abs() < 0.01);
        assert!(tail_distance(&lost, &real) > 0.15, "{}", tail_distance(&lost, &real));
        Ok(())
    }

    #[test]
    fn paths_of_a_seed_count_together() {
        let paths = vec![vec![vec![1.0, 2.0], vec![3.0, 4.0]], vec![vec![5.0], vec![6.0]]];
        assert_eq!(joined(&paths), [[1.0, 2.0, 5.0], [3.0, 4.0, 6.0]]);
        let real = pair(true, 5_000);
        let halves: Vec<Returns> = [0..2_500, 2_500..5_000]
            .map(|half| real.iter().map(|own| own[half.clone()].to_vec()).collect())
            .into();
        let [(_, frobenius), (_, tail)] = figures(&[halves], &real);
        assert_eq!((frobenius.value, frobenius.n), (0.0, 2));
        assert_eq!(tail.value, 0.0);
    }
}
