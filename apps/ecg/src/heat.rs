//! Where a beat is odd.

use crate::score::View;

/// Values to either side that count as one place with a value: 22 ms, about a limb of a QRS.
const REACH: usize = 4;
/// The square of four deviations, which one beat in many shows.
const STRIKING: f32 = 16.0;

/// How odd each value of a beat is, at least 0: where it is largest, the reason is shown.
///
/// It is the mean square, over a few values, of how far they lie from the patient's own usual beat,
/// in deviations usual for that patient. Where that beat is not known, it is how far they lie from
/// what the model expects, in the model's deviations; that is weaker, since what is odd moves what
/// a model expects too.
pub fn heat(view: &View) -> Vec<f32> {
    let squares: Vec<f32> = match &view.deviations {
        Some(deviations) => deviations.iter().map(|deviations| deviations.powi(2)).collect(),
        None => {
            let errors = view.values.iter().zip(&view.mean).zip(&view.variance);
            errors.map(|((value, mean), variance)| (value - mean).powi(2) / variance).collect()
        }
    };
    gathered(&squares)
}

/// The mean of each value and the four on either side of it; fewer at the ends.
pub(crate) fn gathered(values: &[f32]) -> Vec<f32> {
    let mean = |place: usize| {
        let near = &values[place.saturating_sub(REACH)..(place + REACH + 1).min(values.len())];
        near.iter().sum::<f32>() / near.len() as f32
    };
    (0..values.len()).map(mean).collect()
}

/// Heat as it is drawn, from 0 to 1. A beat that is nowhere far off stays pale: only what is four
/// deviations off or more has the full colour.
pub fn colour(heat: &[f32]) -> Vec<f32> {
    let full = heat.iter().copied().fold(STRIKING, f32::max);
    heat.iter().map(|heat| heat / full).collect()
}

/// The place of the largest value, the first of several; 0 of none.
pub fn hottest(heat: &[f32]) -> usize {
    let warmer = |best: usize, place: usize| if heat[place] > heat[best] { place } else { best };
    (0..heat.len()).fold(0, warmer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(deviations: Option<Vec<f32>>) -> View {
        let mut values = vec![0.0; 60];
        // Large where much varies, small where nothing does.
        (values[10], values[40]) = (1.0, 0.5);
        let mut variance = vec![0.01; 60];
        variance[..20].fill(1.0);
        let nothing = vec![0.0; 60];
        View {
            values,
            mean: nothing.clone(),
            variance,
            latent: vec![],
            nearest: nothing,
            deviations,
        }
    }

    #[test]
    fn the_largest_error_in_usual_deviations_is_the_hottest_not_the_largest_error() {
        let found = hottest(&heat(&view(None)));
        assert!((36..=44).contains(&found), "{found}");
    }

    #[test]
    fn the_own_usual_beat_of_a_patient_goes_before_the_model() {
        let mut deviations = vec![0.5; 60];
        deviations[25] = -9.0;
        let found = hottest(&heat(&view(Some(deviations))));
        assert!((21..=29).contains(&found), "{found}");
    }

    #[test]
    fn a_beat_that_is_nowhere_far_off_stays_pale() {
        assert_eq!(colour(&[1.0, 4.0]), [0.0625, 0.25]);
        assert_eq!(colour(&[1.0, 100.0]), [0.01, 1.0]);
    }

    #[test]
    fn gathering_keeps_a_level_also_at_the_ends() {
        assert!(gathered(&[2.0; 20]).iter().all(|value| *value == 2.0));
        assert_eq!(hottest(&[]), 0);
    }
}
