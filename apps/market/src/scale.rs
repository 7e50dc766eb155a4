//! Days as a network sees them.

use candle::{Device, Result, Tensor};
use generativa::data::trading_day::Day;
use serde::{Deserialize, Serialize};

/// Numbers of a day in the network: return in ranges, log range and position, each of about mean 0
/// and variance 1.
pub const CHANNELS: usize = 3;

/// What is usual of the days that were learned from.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// Standard deviation of returns.
    pub of_return: f64,
    /// Mean of log ranges.
    pub middle_of_log_range: f64,
    /// Standard deviation of log ranges.
    pub of_log_range: f64,
    /// Standard deviation of positions about a half.
    pub of_position: f64,
    /// Standard deviation of returns in ranges of their day.
    pub of_ratio: f64,
}

impl Scale {
    /// Of these days, at least two that differ.
    pub fn of(days: &[Day]) -> Self {
        let count = days.len().max(1) as f64;
        let deviation = |values: &dyn Fn(&Day) -> f64| {
            let square = days.iter().map(|day| values(day).powi(2)).sum::<f64>() / count;
            square.sqrt().max(1e-6)
        };
        let middle = days.iter().map(|day| day[1].ln()).sum::<f64>() / count;
        Self {
            of_return: deviation(&|day| day[0]),
            middle_of_log_range: middle,
            of_log_range: deviation(&|day| day[1].ln() - middle),
            of_position: deviation(&|day| day[2] - 0.5),
            of_ratio: deviation(&|day| day[0] / day[1]),
        }
    }

    /// A piece of a path as the network sees it, `[CHANNELS, days]`, row by row.
    pub fn seen(&self, days: &[Day]) -> Vec<f32> {
        let ratio = days.iter().map(|day| day[0] / day[1] / self.of_ratio);
        let log_range =
            days.iter().map(|day| (day[1].ln() - self.middle_of_log_range) / self.of_log_range);
        let position = days.iter().map(|day| (day[2] - 0.5) / self.of_position);
        ratio.chain(log_range).chain(position).map(|value| value as f32).collect()
    }

    /// Pieces of one length as the network sees them, `[pieces, CHANNELS, days]`.
    pub fn tensor(&self, pieces: &[&[Day]]) -> Result<Tensor> {
        let values: Vec<f32> = pieces.iter().flat_map(|days| self.seen(days)).collect();
        let days = pieces.first().map_or(0, |days| days.len());
        Tensor::from_vec(values, (pieces.len(), CHANNELS, days), &Device::Cpu)
    }

    /// What a critic sees of them, `[batch, CHANNELS + 1, days]`: the return itself, in its
    /// deviations, stands before the others.
    pub fn for_critic(&self, seen: &Tensor) -> Result<Tensor> {
        let (ratio, log_range) = (seen.narrow(1, 0, 1)?, seen.narrow(1, 1, 1)?);
        let range = log_range.affine(self.of_log_range, self.middle_of_log_range)?.exp()?;
        let returns = (&ratio * range)?.affine(self.of_ratio / self.of_return, 0.0)?;
        let rest = seen.narrow(1, 1, CHANNELS - 1)?;
        Tensor::cat(&[&returns, &rest, &ratio], 1)
    }

    /// A day of the filter as the network corrects it. `correction`: shares, from -1 to 1, of the
    /// room of the return in ranges and of the position, and deviations of the log range.
    ///
    /// A return that is none, or all of its range, stays that, and so does a position at an end:
    /// markets have many such days, which a network would blur.
    pub fn corrected(
        &self,
        [change, range, position]: Day,
        [of_ratio, of_range, of_position]: [f64; CHANNELS],
    ) -> Day {
        let ratio = change / range;
        let ratio = ratio + of_ratio * ratio * (1.0 - ratio.abs()).max(0.0);
        let range = range * (of_range * self.of_log_range).exp();
        [ratio * range, range, position + of_position * position * (1.0 - position)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_critic_sees_the_return_in_its_deviations() -> Result<()> {
        let days = [[0.01, 0.02, 0.9], [-0.03, 0.05, 0.0], [0.0, 0.01, 0.5]];
        let scale = Scale::of(&days);
        let returns = scale.for_critic(&scale.tensor(&[&days])?)?.to_vec3::<f32>()?[0][0].clone();
        for (found, day) in returns.iter().zip(days) {
            assert!((f64::from(*found) - day[0] / scale.of_return).abs() < 1e-5);
        }
        Ok(())
    }

    #[test]
    fn corrections_move_what_lies_between_the_ends_and_nothing_at_them() {
        let scale = Scale::of(&[[0.01, 0.02, 0.9], [-0.03, 0.05, 0.0]]);
        let pushed = |day: Day| scale.corrected(day, [0.5, 0.0, -0.5]);
        assert_eq!(pushed([0.02, 0.02, 1.0]), [0.02, 0.02, 1.0]);
        assert_eq!(pushed([0.0, 0.02, 0.0]), [0.0, 0.02, 0.0]);
        // A gap beyond the range.
        assert_eq!(pushed([-0.06, 0.02, 0.5]), [-0.06, 0.02, 0.375]);
        let [change, range, _] = pushed([0.01, 0.02, 0.5]);
        assert!((change - 0.0125).abs() < 1e-12 && range == 0.02);
        let [change, range, _] = scale.corrected([0.01, 0.02, 0.5], [0.0, 1.0, 0.0]);
        let wider = scale.of_log_range.exp();
        assert!((range / 0.02 - wider).abs() < 1e-12 && (change / 0.01 - wider).abs() < 1e-12);
    }
}
