//! Images resampled through one small filter, what StyleGAN2 calls `upfirdn2d` (Karras et al. 2019,
//! arXiv 1912.04958): zeros go between the pixels, the image is padded and convolved, and every so
//! many-th pixel stays. With `z` the image stretched by `up`, `z[i · up] = x[i]` and 0 elsewhere,
//!
//! `y[b, c, i, j] = Σ f[u, v] · z[i · down + height − 1 − u − above, j · down + width − 1 − v −
//! left]`.
//!
//! Each direction is a matrix with a run of weights in every row, which holds no inserted zero. Its
//! transpose is again such a filter: turned by half, with `up` and `down` exchanged.

use candle::{Result, Tensor, bail};

use crate::bands::{Bands, BothSides};
use crate::conv2d::seen_by_tap;
use crate::demand;

mod filter;

pub use filter::Filter;

/// Stretches `x`, `[batch, channels, height, width]`, by `up` with zeros behind every pixel, pads
/// it, convolves every channel with `filter` and keeps the first of every `down` pixels.
///
/// `up` and `down` are (vertical, horizontal), at least 1. `padding`, `[(above, below), (left,
/// right)]`, counts pixels of the stretched image; negative numbers take pixels away. The filter is
/// turned by half, as a convolution wants it and unlike [`conv2d`](crate::conv2d). The result is
/// `[batch, channels, rows, columns]`, where `rows` is one more than `(height · up + above + below −
/// filter) / down` rounded down, and columns likewise. f32 or f64, any strides; differentiable to
/// every order in `x`. Fails where the filter exceeds the padded image.
pub fn fir2d(
    x: &Tensor,
    filter: &Filter,
    up: (usize, usize),
    down: (usize, usize),
    padding: [(isize, isize); 2],
) -> Result<Tensor> {
    let (_, channels, height, width) = x.dims4()?;
    let size = filter.size();
    let steps = [
        Step { size: height, taps: size.0, up: up.0, down: down.0, padding: padding[0] },
        Step { size: width, taps: size.1, up: up.1, down: down.1, padding: padding[1] },
    ];
    let (true, [Some(rows), Some(columns)]) = (channels > 0, steps.map(Step::count)) else {
        bail!(
            "fir2d: x {:?}, a filter of {size:?}, up {up:?}, down {down:?} and padding {padding:?} \
             do not fit; expected [batch, channels, height, width], none of them 0 but the batch, \
             factors of at least 1, and a filter within the stretched and padded image",
            x.dims()
        );
    };
    if demand::fast("fir2d", &[x])? {
        let [down, across] = steps;
        let terms = filter.terms();
        let terms = terms.map(|(v, h)| (down.bands(v, rows), across.bands(h, columns)));
        BothSides::new("fir2d", terms.collect()).apply(x)
    } else {
        reference(x, filter, steps, (rows, columns))
    }
}

/// The way along one dimension.
#[derive(Clone, Copy)]
struct Step {
    /// Pixels of the image.
    size: usize,
    /// Taps of the filter.
    taps: usize,
    up: usize,
    down: usize,
    /// (before, behind)
    padding: (isize, isize),
}

impl Step {
    /// Pixels of the result, `None` where the filter does not fit.
    fn count(self) -> Option<usize> {
        let padded = (self.size * self.up).checked_add_signed(self.padding.0 + self.padding.1)?;
        let fits = self.size * self.taps * self.up * self.down > 0;
        fits.then_some(padded.checked_sub(self.taps)?.checked_div(self.down)? + 1)
    }

    /// The matrix from the image to the result.
    fn bands(self, filter: &[f32], count: usize) -> Bands {
        let turned: Vec<f32> = filter.iter().rev().copied().collect();
        let row = |row: usize| {
            // Where in the stretched image the first of the turned taps lies.
            let place = (row * self.down) as isize - self.padding.0;
            let first = (place.max(0) as usize).div_ceil(self.up);
            let tap = |pixel: usize| (pixel * self.up).checked_add_signed(-place);
            let weight = |pixel: usize| turned.get(tap(pixel)?).copied();
            (first, (first..self.size).map_while(weight).collect())
        };
        Bands::new(self.size, (0..count).map(row))
    }
}

/// The steps one after the other, and a sum over the taps, in candle operations.
fn reference(
    x: &Tensor,
    filter: &Filter,
    [down, across]: [Step; 2],
    positions: (usize, usize),
) -> Result<Tensor> {
    let (batch, channels, height, width) = x.dims4()?;
    let stretched = x
        .reshape(vec![batch * channels, height, 1, width, 1])?
        .pad_with_zeros(2, 0, down.up - 1)?
        .pad_with_zeros(4, 0, across.up - 1)?
        .reshape((batch, channels, height * down.up, width * across.up))?;
    let padded = padded(&padded(&stretched, 2, down)?, 3, across)?;
    let dims = (batch, channels, positions.0, positions.1);
    let mut y = Tensor::zeros(dims, x.dtype(), x.device())?;
    for (index, weight) in filter.taps().into_iter().rev().enumerate() {
        let tap = (index / across.taps, index % across.taps);
        let seen = seen_by_tap(&padded, tap, positions, (down.down, across.down))?;
        y = (y + seen.affine(f64::from(weight), 0.0)?)?;
    }
    Ok(y)
}

/// `x` with its padding along `dim`, and enough behind that every tap meets whole strides.
fn padded(x: &Tensor, dim: usize, step: Step) -> Result<Tensor> {
    let (before, behind) = (step.padding.0, step.padding.1 + step.down as isize - 1);
    let length = x.dim(dim)?.saturating_add_signed(before + behind);
    let x = x.pad_with_zeros(dim, before.max(0) as usize, behind.max(0) as usize)?;
    x.narrow(dim, before.min(0).unsigned_abs(), length)
}

#[cfg(test)]
mod tests;
