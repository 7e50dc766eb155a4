//! Whether forecasts of losses held: coverage of value at risk, and the joint score of value at
//! risk and expected shortfall.
//!
//! Everywhere returns and forecasts are log-returns a day, losses below 0, and `level` (0 to 1) is
//! the share of days that may fall below the value at risk.

use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::quantile::quantile;

/// A likelihood-ratio test with one degree of freedom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// Twice the log of the ratio, 0 or more; best 0.
    pub statistic: f64,
    /// The chance of a ratio as large if the forecasts are right, 0 to 1.
    pub p_value: f64,
}

impl Ratio {
    /// Twice what the free log-likelihood has above the bound one.
    fn new(free: f64, bound: f64) -> Self {
        let statistic = (2.0 * (free - bound)).max(0.0);
        let chi_squared = ChiSquared::new(1.0).expect("one degree of freedom");
        Self { statistic, p_value: chi_squared.sf(statistic) }
    }
}

/// How a value at risk did over some days.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coverage {
    /// Days tested.
    pub days: usize,
    /// Days that fell below the value at risk.
    pub breaches: usize,
    /// Whether there are as many breaches as there should be (Kupiec 1995).
    pub unconditional: Ratio,
    /// Whether a breach is as likely after a breach as after none (Christoffersen 1998).
    pub independence: Ratio,
}

impl Coverage {
    /// Tests `breached`, one flag a day, two days at least, in order.
    pub fn new(breached: &[bool], level: f64) -> Self {
        assert!(breached.len() > 1, "independence needs two days, not {}", breached.len());
        let (days, breaches) = (breached.len(), breached.iter().filter(|&&hit| hit).count());
        let mut pairs = [[0; 2]; 2];
        for pair in breached.windows(2) {
            pairs[usize::from(pair[0])][usize::from(pair[1])] += 1;
        }
        let [[calm, after_calm], [relief, after_breach]] = pairs;
        let own = |misses: usize, hits: usize| {
            coin(misses, hits, hits as f64 / (misses + hits).max(1) as f64)
        };
        Self {
            days,
            breaches,
            unconditional: Ratio::new(
                own(days - breaches, breaches),
                coin(days - breaches, breaches, level),
            ),
            independence: Ratio::new(
                own(calm, after_calm) + own(relief, after_breach),
                own(calm + relief, after_calm + after_breach),
            ),
        }
    }

    /// Whether both tests have a p-value of at least `significance`, as 0.05.
    pub fn passes(&self, significance: f64) -> bool {
        self.unconditional.p_value >= significance && self.independence.p_value >= significance
    }
}

/// Log-likelihood of so many misses and hits, a hit being as likely as `share`.
fn coin(misses: usize, hits: usize, share: f64) -> f64 {
    // 0 log 0 is 0: what never happens may have no chance.
    let term = |count: usize, chance: f64| if count > 0 { count as f64 * chance.ln() } else { 0.0 };
    term(misses, 1.0 - share) + term(hits, share)
}

/// A forecast of the worst days.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tail {
    /// The return below which the share `level` of days lies.
    pub value_at_risk: f64,
    /// The mean return of those days; at most the value at risk.
    pub expected_shortfall: f64,
}

impl Tail {
    /// Of a sample, at least one value, none NaN: the quantile, and the mean of what lies no
    /// higher.
    pub fn of(values: &[f64], level: f64) -> Self {
        let value_at_risk = quantile(values, level);
        let worst = values.iter().filter(|&&value| value <= value_at_risk);
        let (count, sum) = worst.fold((0, 0.0), |(count, sum), value| (count + 1, sum + value));
        Self { value_at_risk, expected_shortfall: sum / f64::from(count) }
    }

    /// The tail of `mean + deviation * innovation`, where this is the tail of the innovation.
    pub fn scaled(&self, mean: f64, deviation: f64) -> Self {
        Self {
            value_at_risk: mean + deviation * self.value_at_risk,
            expected_shortfall: mean + deviation * self.expected_shortfall,
        }
    }
}

/// Mean joint score of value at risk and expected shortfall, lower is better (Patton, Ziegel & Chen
/// 2019, equation 6: the Fissler–Ziegel loss of degree 0). `forecasts` were made before the
/// `returns` of the same places; each expected shortfall lies below 0. At least one day.
pub fn fissler_ziegel(returns: &[f64], forecasts: &[Tail], level: f64) -> f64 {
    assert_eq!(returns.len(), forecasts.len(), "a forecast belongs to a return");
    assert!(!returns.is_empty(), "a score needs at least one day");
    let score = |(value, tail): (&f64, &Tail)| {
        let Tail { value_at_risk, expected_shortfall } = *tail;
        assert!(
            expected_shortfall < 0.0,
            "expected shortfall: expected a return below 0, found {expected_shortfall}"
        );
        let beyond = (value_at_risk - value).max(0.0);
        -beyond / (level * expected_shortfall)
            + value_at_risk / expected_shortfall
            + (-expected_shortfall).ln()
            - 1.0
    };
    returns.iter().zip(forecasts).map(score).sum::<f64>() / returns.len() as f64
}

#[cfg(test)]
mod tests {
    use generativa_random::Stream;

    use super::*;

    /// Flags with breaches on the given days.
    fn breached(days: usize, breaches: &[usize]) -> Vec<bool> {
        (0..days).map(|day| breaches.contains(&day)).collect()
    }

    #[test]
    fn as_many_breaches_as_announced_are_no_surprise() {
        let found = Coverage::new(&breached(100, &[10, 30, 50, 70, 90]), 0.05);
        assert_eq!((found.days, found.breaches), (100, 5));
        assert!(found.unconditional.statistic < 1e-12, "{found:?}");
        assert_eq!(found.unconditional.p_value, 1.0);
        assert!(found.passes(0.05));
    }

    #[test]
    fn no_breach_at_all_has_the_ratio_of_its_closed_form() {
        let found = Coverage::new(&[false; 250], 0.05);
        let expected = -2.0 * 250.0 * 0.95f64.ln();
        assert!((found.unconditional.statistic - expected).abs() < 1e-9, "{found:?}");
        assert!(found.unconditional.p_value < 1e-6);
        assert_eq!(found.independence, Ratio { statistic: 0.0, p_value: 1.0 });
    }

    #[test]
    fn breaches_in_a_row_are_not_independent() {
        let found = Coverage::new(&breached(100, &[40, 41, 42, 43, 44]), 0.05);
        // One breach after 94 calm days, four after five breaches' days.
        let term = |count: f64, of: f64| count * (count / of).ln();
        let free = term(93.0, 94.0) + term(1.0, 94.0) + term(1.0, 5.0) + term(4.0, 5.0);
        let bound = term(94.0, 99.0) + term(5.0, 99.0);
        assert!((found.independence.statistic - 2.0 * (free - bound)).abs() < 1e-9, "{found:?}");
        assert!(found.independence.p_value < 1e-4 && !found.passes(0.05));
        // The value of 3.841 has the p-value of 5 %.
        assert!((Ratio::new(3.841_458_820_694_124 / 2.0, 0.0).p_value - 0.05).abs() < 1e-9);
    }

    #[test]
    fn a_tail_is_the_quantile_and_the_mean_below_it() {
        let values: Vec<f64> = (0..=100).map(f64::from).collect();
        let tail = Tail::of(&values, 0.05);
        assert_eq!(tail, Tail { value_at_risk: 5.0, expected_shortfall: 2.5 });
        assert_eq!(tail.scaled(-1.0, 2.0), Tail { value_at_risk: 9.0, expected_shortfall: 4.0 });
    }

    #[test]
    fn one_day_is_scored_as_by_hand() {
        let forecast = [Tail { value_at_risk: -2.0, expected_shortfall: -4.0 }];
        // Without a breach: v / e + log(-e) - 1; a breach by 1 adds 1 / (0.05 * 4).
        let calm = 0.5 + 4f64.ln() - 1.0;
        assert!((fissler_ziegel(&[0.0], &forecast, 0.05) - calm).abs() < 1e-12);
        assert!((fissler_ziegel(&[-3.0], &forecast, 0.05) - calm - 5.0).abs() < 1e-12);
    }

    #[test]
    fn the_true_tail_scores_below_any_other() {
        let mut stream = Stream::named(1, "tail");
        let returns: Vec<f64> = (0..100_000).map(|_| stream.normal()).collect();
        // Of a standard normal at 5 %.
        let truth = Tail { value_at_risk: -1.6449, expected_shortfall: -2.0627 };
        let score = |tail: Tail| fissler_ziegel(&returns, &vec![tail; returns.len()], 0.05);
        let best = score(truth);
        for factor in [0.8, 1.25] {
            assert!(score(truth.scaled(0.0, factor)) > best);
            let short = Tail { expected_shortfall: factor.max(0.85) * -2.0627, ..truth };
            assert!(score(short) > best);
        }
    }
}
