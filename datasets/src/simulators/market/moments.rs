//! What a model says about its returns in the long run.

/// Moments of the stationary law of daily log returns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// Mean.
    pub mean: f64,
    /// Variance.
    pub variance: f64,
    /// Fourth central moment over the squared variance: 3 for a normal law; infinite where the
    /// tails are too heavy to have one.
    pub kurtosis: f64,
}
