//! What the trees descend: the logistic loss of log-odds. Another loss is another pair of these.

/// How the loss of a row changes with its prediction. Single precision, as in scikit-learn; sums
/// over rows are double.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slope {
    /// First derivative.
    pub(super) gradient: f32,
    /// Second derivative, the weight of the row in a leaf.
    pub(super) hessian: f32,
}

/// The one prediction for all rows that costs least: the log-odds of their share.
pub(super) fn start(positive: &[bool]) -> f64 {
    let share =
        positive.iter().filter(|positive| **positive).count() as f64 / positive.len() as f64;
    libm::log(share / (1.0 - share))
}

/// Derivatives of `log(1 + exp(x)) - y x`.
pub(super) fn slope(log_odds: f64, positive: bool) -> Slope {
    let target = f64::from(u8::from(positive));
    let odds_against = libm::exp(-log_odds);
    let probability = 1.0 / (1.0 + odds_against);
    let gradient = ((1.0 - target) - target * odds_against) * probability;
    // Far below zero both would be infinity times nothing.
    let (gradient, hessian) = if log_odds > -37.0 {
        (gradient, odds_against * probability * probability)
    } else {
        let odds = libm::exp(log_odds);
        (odds - target, odds)
    };
    Slope { gradient: gradient as f32, hessian: hessian as f32 }
}
