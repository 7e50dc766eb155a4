//! Heston's stochastic variance (1993, Rev. Financ. Stud. 6:327), by the Euler scheme with full
//! truncation (Lord, Koekkoek & van Dijk 2010, Quant. Finance 10:177).
//!
//! `dS/S = drift dt + sqrt(v) dW`, `dv = speed (level - v) dt + swing sqrt(v) dB`, time in years, W
//! and B with the correlation `leverage`. Of several assets both the W and the B have the
//! correlations that are asked for. The scheme takes a night and the steps of a day, so that the
//! variance moves within the day.
//!
//! Where a day is one step and its variance was cut off at 0, the truth of its variance is 0.

use generativa_random::Stream;

use super::gamma::gamma;
use super::path::Path;
use super::settings::within;
use super::{Market, Moments, Simulated};
use crate::Result;

/// Days of trading in a year.
const YEAR: f64 = 252.0;

/// Parameters, a year. The variance that [`Truth`](super::Truth) tells is the one that a day is
/// expected to have, of the variance at the close before; the log return has that variance but for
/// a share of `swing leverage / 504`, which comes through the drift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heston {
    /// Expected growth of the price.
    pub drift: f64,
    /// How fast the variance comes back to its level: 5 halves its distance in 50 days.
    pub speed: f64,
    /// Mean variance: 0.04 is a volatility of 20 %.
    pub level: f64,
    /// Volatility of the variance.
    pub swing: f64,
    /// Correlation of price and variance: below 0 where losses make markets restless.
    pub leverage: f64,
}

impl Default for Heston {
    /// Near the estimates of Aït-Sahalia & Kimmel 2007 (J. Financ. Econ. 83:413) for the S&P 500;
    /// the variance stays above 0 (`2 speed level > swing^2`). The drift is a usual one of stocks.
    fn default() -> Self {
        Self { drift: 0.07, speed: 5.0, level: 0.045, swing: 0.5, leverage: -0.75 }
    }
}

impl Heston {
    /// The stationary law of daily returns. Mean and variance leave out the feedback of the
    /// variance on the drift, below a thousandth of them; the kurtosis leaves out the leverage within
    /// a day, and is that of a normal law with the mean variance of a day: with `x = speed / 252`,
    /// `3 (1 + swing^2 / (2 speed level) 2 (x - 1 + exp(-x)) / x^2)`.
    pub fn moments(&self) -> Moments {
        let x = self.speed / YEAR;
        let smoothed = 2.0 * (x - 1.0 + libm::exp(-x)) / (x * x);
        let spread = self.swing * self.swing / (2.0 * self.speed * self.level);
        let variance = self.level / YEAR;
        let mean = self.drift / YEAR - 0.5 * variance;
        Moments { mean, variance, kurtosis: 3.0 * (1.0 + spread * smoothed) }
    }

    /// Variance that a day of these parts (in years) is expected to have, of the variance at its
    /// beginning. Exact but for the truncation.
    fn expected(&self, variance: f64, parts: &[f64]) -> f64 {
        let (mut distance, mut sum) = (variance - self.level, 0.0);
        for part in parts {
            sum += part * (self.level + distance);
            distance *= 1.0 - self.speed * part;
        }
        sum
    }

    fn check(&self) -> Result<()> {
        within("drift", self.drift, -10.0, 10.0)?;
        // A step must not overshoot the level.
        within("speed", self.speed, 1e-3, YEAR)?;
        within("level", self.level, 1e-8, 10.0)?;
        within("swing", self.swing, 0.0, 10.0)?;
        within("leverage", self.leverage, -1.0, 1.0)
    }

    /// A variance of the stationary law, a gamma law (Cox, Ingersoll & Ross 1985).
    fn begin(&self, stream: &mut Stream) -> f64 {
        if self.swing == 0.0 {
            return self.level;
        }
        let scale = self.swing * self.swing / (2.0 * self.speed);
        scale * gamma(stream, self.level / scale)
    }
}

pub(super) fn simulate(heston: &Heston, market: &Market) -> Result<Simulated> {
    heston.check()?;
    let correlation = market.check()?;
    let assets = market.assets();
    let mut stream = Stream::named(market.seed, "market of heston");
    let mut variance: Vec<f64> = (0..assets).map(|_| heston.begin(&mut stream)).collect();
    let parts: Vec<f64> = market.session.lengths().iter().map(|length| length / YEAR).collect();
    let mut path = Path::new(assets, market.start);
    let (mut prices, mut others) = (vec![0.0; assets], vec![0.0; assets]);
    let mut increments = vec![vec![0.0; parts.len()]; assets];
    let rest = (1.0 - heston.leverage * heston.leverage).sqrt();
    for _ in 0..market.days {
        for (asset, variance) in variance.iter().enumerate() {
            let expected = heston.expected(variance.max(0.0), &parts);
            path.law(asset, heston.drift / YEAR - 0.5 * expected, expected);
        }
        for (part, &time) in parts.iter().enumerate() {
            correlation.draw(&mut stream, &mut prices);
            correlation.draw(&mut stream, &mut others);
            for asset in 0..assets {
                let now = variance[asset].max(0.0);
                let scale = (now * time).sqrt();
                increments[asset][part] = (heston.drift - 0.5 * now) * time + scale * prices[asset];
                let shock = heston.leverage * prices[asset] + rest * others[asset];
                let pull = heston.speed * (heston.level - now) * time;
                variance[asset] += pull + heston.swing * scale * shock;
            }
        }
        for (asset, increments) in increments.iter().enumerate() {
            path.day(asset, increments);
        }
    }
    let (table, truth) = path.finish();
    Ok(Simulated { table, truth })
}
