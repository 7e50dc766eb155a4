//! The learning rate as a function of the step: a linear warm-up, then half a cosine (Loshchilov
//! & Hutter 2016, arXiv 1608.03983, without restarts).

use std::f64::consts::PI;

/// What the rate does over a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WarmupCosine {
    /// The highest rate, reached with the last step of the warm-up.
    pub peak: f64,
    /// The rate from step `total` on, as a share of the peak, 0 to 1.
    pub floor: f64,
    /// Steps of the warm-up; 0 begins at the peak.
    pub warmup: u64,
    /// Steps of the run, warm-up included.
    pub total: u64,
}

impl WarmupCosine {
    /// The rate of step `step`, counted from 0.
    pub fn rate(&self, step: u64) -> f64 {
        if step < self.warmup {
            return self.peak * (step + 1) as f64 / self.warmup as f64;
        }
        let rest = self.total.saturating_sub(self.warmup);
        let progress =
            if step >= self.total { 1.0 } else { (step - self.warmup) as f64 / rest as f64 };
        let share = self.floor + (1.0 - self.floor) * 0.5 * (1.0 + (PI * progress).cos());
        self.peak * share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: WarmupCosine = WarmupCosine { peak: 2.0, floor: 0.1, warmup: 4, total: 14 };

    #[test]
    fn the_rate_rises_in_equal_steps_to_the_peak() {
        assert_eq!([0, 1, 2, 3].map(|step| RUN.rate(step)), [0.5, 1.0, 1.5, 2.0]);
        assert_eq!(RUN.rate(4), 2.0);
    }

    #[test]
    fn it_falls_through_the_middle_to_the_floor_and_stays() {
        assert!((RUN.rate(9) - 1.1).abs() < 1e-12);
        assert!((4..20).all(|step| RUN.rate(step + 1) <= RUN.rate(step)));
        assert!([14, 1000].iter().all(|&step| (RUN.rate(step) - 0.2).abs() < 1e-12));
    }

    #[test]
    fn a_run_of_nothing_but_warm_up_ends_at_the_floor() {
        let run = WarmupCosine { warmup: 4, total: 4, ..RUN };
        assert_eq!(run.rate(3), 2.0);
        assert!((run.rate(4) - 0.2).abs() < 1e-12);
        assert_eq!(WarmupCosine { warmup: 0, ..RUN }.rate(0), 2.0);
    }
}
