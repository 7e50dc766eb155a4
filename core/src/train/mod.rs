//! Optimizer, schedule, averages of weights, the loops, and the judges that are trained by them.

pub mod adversarial;
pub mod alternating;
pub mod fit;
pub mod judge;
pub mod optimizer;
pub mod schedule;
pub mod session;
pub mod side_by_side;
pub mod timegan;
