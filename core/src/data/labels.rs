//! Values that a model can be told about a window, and what they ask of its rest.

use serde::{Deserialize, Serialize};

/// How a label adds up along a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LabelKind {
    /// The label of a window is the mean over its columns.
    Mean,
    /// It is the sum.
    Sum,
    /// It is the sum over its tiles, each of which adds what it measures alone.
    Count,
}

/// Name, kind and scale of a label.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LabelScale {
    /// Its name.
    pub name: String,
    /// How it adds up.
    pub kind: LabelKind,
    /// Mean over the windows learned from.
    pub mean: f64,
    /// Standard deviation over them.
    pub deviation: f64,
    /// Quantiles 5 % and 95 % over them.
    pub range: [f64; 2],
    /// What is asked where nobody asks for anything else; `None` leaves it to the model.
    pub usual: Option<f64>,
}

/// A rest of one column can be asked for the impossible; beyond this many deviations the network
/// has seen nothing.
const LIMIT: f64 = 6.0;

impl LabelScale {
    /// What the columns from number `done` on must measure for the whole window of `window` columns
    /// to measure `asked`, where the columns before measure `so_far`; in deviations.
    pub fn remaining(&self, asked: f64, so_far: f64, done: usize, window: usize) -> f32 {
        let rest = match self.kind {
            LabelKind::Mean => {
                let (done, window) = (done as f64, window as f64);
                (window * asked - done * so_far) / (window - done)
            }
            LabelKind::Sum | LabelKind::Count => asked - so_far,
        };
        ((rest - self.mean) / self.deviation).clamp(-LIMIT, LIMIT) as f32
    }

    /// All that a network is told: for each label the remaining value and 1 where it is asked for,
    /// 0 and 0 where it is not; then 1 or -1 and 1 where it is told whether such a map is wanted, 0
    /// and 0 where it is not. Arguments as in [`remaining`](Self::remaining), one
    /// value a label; [`told`](Self::told) values come back.
    pub fn tell(
        scales: &[Self],
        asked: &[Option<f64>],
        wanted: Option<bool>,
        so_far: &[f64],
        done: usize,
        window: usize,
    ) -> Vec<f32> {
        let each = scales.iter().zip(asked).zip(so_far);
        let labels = each.map(|((scale, &asked), &so_far)| {
            asked.map(|asked| scale.remaining(asked, so_far, done, window))
        });
        let wanted = wanted.map(|wanted| if wanted { 1.0 } else { -1.0 });
        labels.chain([wanted]).flat_map(|told| told.map_or([0.0; 2], |told| [told, 1.0])).collect()
    }

    /// How many values [`tell`](Self::tell) gives for so many labels.
    pub fn told(labels: usize) -> usize {
        2 * (labels + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(kind: LabelKind) -> LabelScale {
        let (name, range, usual) = ("x".into(), [0.0, 4.0], None);
        LabelScale { name, kind, mean: 2.0, deviation: 0.5, range, usual }
    }

    #[test]
    fn the_rest_makes_up_for_what_came_before() {
        // Four columns of mean 3 after two of mean 1: the rest has mean 5, six deviations up.
        assert_eq!(scale(LabelKind::Mean).remaining(3.0, 1.0, 2, 4), 6.0);
        assert_eq!(scale(LabelKind::Mean).remaining(2.0, 2.0, 3, 4), 0.0);
        assert_eq!(scale(LabelKind::Sum).remaining(3.0, 1.0, 2, 4), 0.0);
        assert_eq!(scale(LabelKind::Sum).remaining(3.0, 0.0, 0, 4), 2.0);
    }

    #[test]
    fn what_is_not_asked_for_says_nothing() {
        let scales = [scale(LabelKind::Mean), scale(LabelKind::Sum)];
        let tell =
            |wanted| LabelScale::tell(&scales, &[None, Some(3.0)], wanted, &[1.0, 1.0], 2, 4);
        assert_eq!(tell(None), [0.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
        assert_eq!(tell(Some(false))[4..], [-1.0, 1.0]);
        assert_eq!(tell(None).len(), LabelScale::told(scales.len()));
    }
}
