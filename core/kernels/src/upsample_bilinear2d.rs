//! Images of any other size by interpolation between the four nearest pixels: `y[b, c, i, j] = Σ
//! V[i, u] x[b, c, u, v] H[j, v]`, where a row of `V` or `H` holds the two weights of one target.

use candle::{Result, Tensor, bail};

use crate::bands::{Bands, BothSides};
use crate::demand;

/// Interpolates `x`, `[batch, channels, height, width]`, at `size`, (height, width): `[batch,
/// channels, size.0, size.1]`. What PyTorch calls `interpolate(mode="bilinear", antialias=False)`:
/// an image that shrinks to less than half skips pixels.
///
/// With `align_corners` the centres of the corner pixels stay where they are, and target `i` of `n`
/// lies at `i · (height − 1) / (n − 1)`; without, the outer edges of the image stay, and it lies at
/// `(i + ½) · height / n − ½`, or at 0 where that is negative. f32 or f64, any strides;
/// differentiable to every order. Fails where a size is 0.
pub fn upsample_bilinear2d(
    x: &Tensor,
    size: (usize, usize),
    align_corners: bool,
) -> Result<Tensor> {
    let (_, channels, height, width) = x.dims4()?;
    if channels * height * width * size.0 * size.1 == 0 {
        bail!(
            "upsample_bilinear2d: x {:?} and target {size:?} do not fit; expected [batch, \
             channels, height, width] and a height and a width, none of them 0 but the batch",
            x.dims()
        );
    }
    let rows = targets(height, size.0, align_corners);
    let columns = targets(width, size.1, align_corners);
    if demand::fast("upsample_bilinear2d", &[x])? {
        let term = (bands(height, &rows), bands(width, &columns));
        BothSides::new("upsample_bilinear2d", vec![term]).apply(x)
    } else {
        reference(x, &rows, &columns)
    }
}

/// Where a target lies between two pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Target {
    /// The pixels before and behind; both are the last one at the end.
    between: [usize; 2],
    /// Weight of the second.
    share: f64,
}

/// The places of `count` targets among `size` pixels.
fn targets(size: usize, count: usize, align_corners: bool) -> Vec<Target> {
    let (pixels, targets) = (size as f64, count as f64);
    let step = match (align_corners, count) {
        (true, 1) => 0.0,
        (true, _) => (pixels - 1.0) / (targets - 1.0),
        (false, _) => pixels / targets,
    };
    let shift = if align_corners { 0.0 } else { 0.5 };
    let target = |index| {
        let place = ((index as f64 + shift) * step - shift).clamp(0.0, pixels - 1.0);
        let before = place.floor();
        let pixel = before as usize;
        Target { between: [pixel, (pixel + 1).min(size - 1)], share: place - before }
    };
    (0..count).map(target).collect()
}

fn bands(size: usize, targets: &[Target]) -> Bands {
    let row = |&Target { between: [before, behind], share }: &Target| {
        // At the last pixel both are one, and the share is 0.
        let weights = [(1.0 - share) as f32, share as f32];
        (before, weights[..behind - before + 1].to_vec())
    };
    Bands::new(size, targets.iter().map(row))
}

/// Two pixels selected for every target and mixed, rows first, in candle operations.
fn reference(x: &Tensor, rows: &[Target], columns: &[Target]) -> Result<Tensor> {
    let mixed = |x: &Tensor, targets: &[Target], dim: usize| -> Result<Tensor> {
        let mut shape = [1; 4];
        shape[dim] = targets.len();
        let pixels = |side: usize| -> Result<Tensor> {
            let places = targets.iter().map(|target| target.between[side] as u32).collect();
            x.contiguous()?.index_select(&Tensor::from_vec(places, targets.len(), x.device())?, dim)
        };
        let share = targets.iter().map(|target| target.share).collect();
        let share = Tensor::from_vec(share, &shape, x.device())?.to_dtype(x.dtype())?;
        let first = pixels(0)?.broadcast_mul(&share.affine(-1.0, 1.0)?)?;
        first + pixels(1)?.broadcast_mul(&share)?
    };
    mixed(&mixed(x, rows, 2)?, columns, 3)
}

#[cfg(test)]
mod tests {
    use candle::{DType, Device};

    use super::*;
    use crate::check::{agrees, gradients, normals};

    /// From a size to a size: larger, smaller, the same, one pixel, one way each.
    const CASES: [[(usize, usize); 2]; 7] = [
        [(3, 5), (6, 10)],
        [(3, 5), (7, 8)],
        [(7, 5), (3, 2)],
        [(4, 3), (2, 9)],
        [(3, 4), (3, 4)],
        [(1, 5), (3, 1)],
        [(9, 2), (1, 1)],
    ];

    fn close(found: &Tensor, expected: &[f32]) -> Result<()> {
        let found = found.flatten_all()?.to_vec1::<f32>()?;
        assert_eq!(found.len(), expected.len());
        let near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6);
        assert!(near, "{found:?}, expected {expected:?}");
        Ok(())
    }

    #[test]
    fn known_rows_are_those_of_pytorch() -> Result<()> {
        let x = Tensor::new(&[[[[0f32, 1.0, 4.0, 9.0]]]], &Device::Cpu)?;
        let row = |count, align| upsample_bilinear2d(&x, (1, count), align);
        close(&row(8, false)?, &[0.0, 0.25, 0.75, 1.75, 3.25, 5.25, 7.75, 9.0])?;
        close(&row(3, false)?, &[1.0 / 6.0, 2.5, 49.0 / 6.0])?;
        close(&row(7, true)?, &[0.0, 0.5, 1.0, 2.5, 4.0, 6.5, 9.0])?;
        close(&row(1, true)?, &[0.0])?;
        close(&row(1, false)?, &[2.5])
    }

    #[test]
    fn a_plane_is_met_exactly_between_its_corners() -> Result<()> {
        let plane = |height: usize, width: usize| {
            let (down, across) = (1.0 / (height - 1) as f32, 3.0 / (width - 1) as f32);
            let values = (0..height * width)
                .map(|at| (at / width) as f32 * down - (at % width) as f32 * across)
                .collect();
            Tensor::from_vec(values, (1, 1, height, width), &Device::Cpu)
        };
        let expected = plane(7, 11)?.flatten_all()?.to_vec1::<f32>()?;
        close(&upsample_bilinear2d(&plane(3, 4)?, (7, 11), true)?, &expected)
    }

    #[test]
    fn the_fast_path_agrees_with_its_reference() -> Result<()> {
        // The last is large enough for several tasks.
        let large = [[(60, 50), (150, 170)], [(150, 170), (60, 50)]];
        for [from, to] in CASES.into_iter().chain(large) {
            for align in [false, true] {
                let (rows, columns) = (targets(from.0, to.0, align), targets(from.1, to.1, align));
                let slow = |x: &[Tensor]| reference(&x[0], &rows, &columns);
                let x = normals("x", &[3, 2, from.0, from.1])?;
                agrees(|x| upsample_bilinear2d(&x[0], to, align), slow, &[x], 1e-5)?;
            }
        }
        Ok(())
    }

    #[test]
    fn both_paths_and_the_transpose_have_the_gradient_of_their_differences() -> Result<()> {
        for [from, to] in CASES {
            for align in [false, true] {
                let x = normals("x", &[2, 2, from.0, from.1])?;
                let run = |x: &[Tensor]| upsample_bilinear2d(&x[0], to, align);
                gradients(1e-3, std::slice::from_ref(&x), run)?;
                gradients(1e-8, &[x.to_dtype(DType::F64)?], run)?;
                let side = |from, to| bands(from, &targets(from, to, align)).transposed();
                let term = (side(from.0, to.0), side(from.1, to.1));
                let back = BothSides::new("transpose", vec![term]);
                let y = normals("y", &[2, 2, to.0, to.1])?;
                gradients(1e-3, &[y], |y| back.clone().apply(&y[0]))?;
            }
        }
        Ok(())
    }

    #[test]
    fn a_target_without_pixels_is_refused() -> Result<()> {
        let error = upsample_bilinear2d(&normals("x", &[1, 2, 3, 4])?, (0, 8), false);
        let error = error.expect_err("no rows").to_string();
        assert!(error.contains("x [1, 2, 3, 4] and target (0, 8)"), "{error}");
        Ok(())
    }
}
