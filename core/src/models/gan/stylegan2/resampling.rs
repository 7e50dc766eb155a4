//! Images of twice and half the size, without the aliasing of plain strides: a low-pass filter
//! follows every stretch and precedes every stride (Karras et al. 2019, arXiv 1812.04948, appendix
//! C; Zhang 2019, arXiv 1904.11486).

use candle::{Result, Tensor, bail};
use generativa_kernels::{Filter, fir2d};

/// A low-pass filter and the paddings that go with its length.
#[derive(Clone, Debug)]
pub struct Resampling {
    filter: Filter,
    /// The same times 4, since a stretched image is zero at three pixels of four.
    raised: Filter,
    taps: isize,
}

impl Resampling {
    /// From the taps of one direction, which are normalised to the sum 1. Fails where they sum to
    /// 0.
    pub fn new(taps: &[f32]) -> Result<Self> {
        let sum: f32 = taps.iter().sum();
        if !sum.is_finite() || sum == 0.0 {
            bail!("resampling: taps {taps:?} sum to {sum}, expected a number but 0");
        }
        let normalised: Vec<f32> = taps.iter().map(|tap| tap / sum).collect();
        let filter = Filter::separable(&normalised, &normalised)?;
        Ok(Self { raised: filter.scaled(4.0), filter, taps: taps.len() as isize })
    }

    /// The filter, normalised to the sum 1.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// `[batch, channels, height, width]` to `[batch, channels, 2 · height, 2 · width]`.
    pub fn upsample(&self, x: &Tensor) -> Result<Tensor> {
        let (before, behind) = halves(self.taps - 2);
        fir2d(x, &self.raised, (2, 2), (1, 1), [(before + 1, behind); 2])
    }

    /// `[batch, channels, height, width]`, even sides, to `[batch, channels, height / 2, width /
    /// 2]`.
    pub fn downsample(&self, x: &Tensor) -> Result<Tensor> {
        fir2d(x, &self.filter, (1, 1), (2, 2), [halves(self.taps - 2); 2])
    }

    /// The filter behind a transposed convolution with stride 2 and no padding: its result, `[..,
    /// 2 · height + kernel − 2, ..]`, to `[.., 2 · height, ..]`.
    pub(super) fn behind_transposed(&self, x: &Tensor, kernel: usize) -> Result<Tensor> {
        let (before, behind) = halves(self.taps - 1 - kernel as isize);
        fir2d(x, &self.raised, (1, 1), (1, 1), [(before + 1, behind + 1); 2])
    }

    /// The filter before a convolution with stride 2 and no padding, padded so that this one
    /// halves the sides.
    pub(super) fn before_strided(&self, x: &Tensor, kernel: usize) -> Result<Tensor> {
        fir2d(x, &self.filter, (1, 1), (1, 1), [halves(self.taps + kernel as isize - 3); 2])
    }
}

/// `count` in two parts, the first the larger where it is odd; a negative one takes pixels away.
fn halves(count: isize) -> (isize, isize) {
    ((count + 1).div_euclid(2), count.div_euclid(2))
}

#[cfg(test)]
mod tests {
    use candle::Device;

    use super::*;

    #[test]
    fn sides_double_and_halve_for_any_number_of_taps() -> Result<()> {
        for taps in 1..=7 {
            let resampling = Resampling::new(&vec![1.0; taps])?;
            let x = Tensor::ones((1, 2, 6, 8), candle::DType::F32, &Device::Cpu)?;
            assert_eq!(resampling.upsample(&x)?.dims(), [1, 2, 12, 16], "{taps} taps");
            assert_eq!(resampling.downsample(&x)?.dims(), [1, 2, 3, 4], "{taps} taps");
            let transposed = Tensor::ones((1, 2, 13, 17), x.dtype(), x.device())?;
            assert_eq!(resampling.behind_transposed(&transposed, 3)?.dims(), [1, 2, 12, 16]);
            assert_eq!(resampling.before_strided(&x, 3)?.dims(), [1, 2, 7, 9], "{taps} taps");
        }
        Ok(())
    }

    #[test]
    fn far_from_the_edge_a_flat_image_stays_as_it_is() -> Result<()> {
        let resampling = Resampling::new(&[1.0, 3.0, 3.0, 1.0])?;
        let x = Tensor::full(2.5f32, (1, 1, 12, 12), &Device::Cpu)?;
        for y in [resampling.upsample(&x)?, resampling.downsample(&x)?] {
            let inner = y.narrow(2, 2, 2)?.narrow(3, 2, 2)?.flatten_all()?.to_vec1::<f32>()?;
            assert!(inner.iter().all(|value| (value - 2.5).abs() < 1e-5), "{inner:?}");
        }
        Ok(())
    }

    #[test]
    fn taps_that_cancel_are_refused() {
        let error = Resampling::new(&[1.0, -1.0]).expect_err("no low-pass filter");
        assert!(error.to_string().contains("[1.0, -1.0] sum to 0"));
    }
}
