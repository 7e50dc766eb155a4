//! Images enlarged and reduced by whole factors. [`upsample_nearest2d`] repeats every pixel over a
//! block, `y[b, c, i, j] = x[b, c, ⌊i / height⌋, ⌊j / width⌋]`; [`avg_pool2d`] takes the mean of
//! every block. A repetition is the transpose of a sum, so each is the gradient of the other.

use candle::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, bail};

use crate::demand::{self, gradient_of};
use crate::filled::filled;
use crate::vector::widest;

/// Repeats every pixel of `x`, `[batch, channels, height, width]`, over a block of `factor`,
/// (vertical, horizontal): `[batch, channels, height · factor, width · factor]`.
///
/// f32 or f64, any strides; differentiable to every order. Fails where a factor or a size is 0.
pub fn upsample_nearest2d(x: &Tensor, factor: (usize, usize)) -> Result<Tensor> {
    let (_, channels, height, width) = x.dims4()?;
    if channels * height * width * factor.0 * factor.1 == 0 {
        bail!(
            "upsample_nearest2d: x {:?} and factors {factor:?} do not fit; expected [batch, \
             channels, height, width] and two factors, none of them 0 but the batch",
            x.dims()
        );
    }
    let repeat = Blocks { way: Way::Repeat, size: factor, scale: 1.0 };
    if demand::fast("upsample_nearest2d", &[x])? { repeat.apply(x) } else { repeat.reference(x) }
}

/// The mean of every block of `size`, (height, width), of `x`, `[batch, channels, height, width]`:
/// `[batch, channels, height / size, width / size]`.
///
/// f32 or f64, any strides; differentiable to every order. Fails where the blocks do not cover the
/// image: `pad_with_zeros` or `narrow` makes it fit.
pub fn avg_pool2d(x: &Tensor, size: (usize, usize)) -> Result<Tensor> {
    let (_, channels, height, width) = x.dims4()?;
    let covered = size.0 * size.1 > 0
        && channels * height * width > 0
        && height.is_multiple_of(size.0)
        && width.is_multiple_of(size.1);
    if !covered {
        bail!(
            "avg_pool2d: x {:?} and blocks of {size:?} do not fit; expected [batch, channels, \
             height, width] that is not empty, and a height and a width that whole blocks cover; \
             pad or narrow the image",
            x.dims()
        );
    }
    let scale = 1.0 / (size.0 * size.1) as f64;
    let mean = Blocks { way: Way::Sum, size, scale };
    if demand::fast("avg_pool2d", &[x])? { mean.apply(x) } else { mean.reference(x) }
}

/// From the small image to the large one or back, times a factor.
#[derive(Clone, Copy)]
struct Blocks {
    way: Way,
    /// Height and width of a block.
    size: (usize, usize),
    scale: f64,
}

#[derive(Clone, Copy)]
enum Way {
    /// Every pixel to all of its block.
    Repeat,
    /// Every block to one pixel.
    Sum,
}

impl Blocks {
    fn apply(self, x: &Tensor) -> Result<Tensor> {
        x.contiguous()?.apply_op1(self)
    }

    fn transposed(self) -> Self {
        let way = match self.way {
            Way::Repeat => Way::Sum,
            Way::Sum => Way::Repeat,
        };
        Self { way, ..self }
    }

    fn reference(self, x: &Tensor) -> Result<Tensor> {
        let ((batch, channels, height, width), (tall, wide)) = (x.dims4()?, self.size);
        let planes = batch * channels;
        match self.way {
            Way::Repeat => x
                .reshape(vec![planes, height, 1, width, 1])?
                .broadcast_as(vec![planes, height, tall, width, wide])?
                .reshape((batch, channels, height * tall, width * wide))?,
            Way::Sum => x
                .reshape(vec![planes, height / tall, tall, width / wide, wide])?
                .sum((2, 4))?
                .reshape((batch, channels, height / tall, width / wide))?,
        }
        .affine(self.scale, 0.0)
    }
}

/// Values of the large image that repay a task.
const CHUNK: usize = 1 << 14;

impl CustomOp1 for Blocks {
    fn name(&self) -> &'static str {
        match self.way {
            Way::Repeat => "blocks: repeat",
            Way::Sum => "blocks: sum",
        }
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = demand::values(self.name(), storage, layout)?;
        let ((batch, channels, height, width), (tall, wide)) = (layout.shape().dims4()?, self.size);
        let (small, shape) = match self.way {
            Way::Repeat => (width, (batch, channels, height * tall, width * wide)),
            Way::Sum => (width / wide, (batch, channels, height / tall, width / wide)),
        };
        let large = tall * small * wide; // the rows of one row of blocks
        let rows = CHUNK.div_ceil(large);
        let (from, to) = match self.way {
            Way::Repeat => (small, large),
            Way::Sum => (large, small),
        };
        let shape = Shape::from(shape);
        let (y, _) = filled(shape.elem_count(), rows * to, 0, |index, y| {
            let rows = y.chunks_exact_mut(to).zip(x[index * rows * from..].chunks_exact(from));
            match self.way {
                Way::Repeat => widest(|| rows.for_each(|(y, x)| self.repeat(y, x))),
                Way::Sum => {
                    let mut sums = vec![0.0; small * wide];
                    widest(|| rows.for_each(|(y, x)| self.sum(y, x, &mut sums)));
                }
            }
        });
        Ok((CpuStorage::F32(y), shape))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        gradient_of(x, || self.transposed().apply(gradient))
    }
}

impl Blocks {
    /// One row of pixels to the rows of their blocks.
    #[inline(always)]
    fn repeat(&self, y: &mut [f32], x: &[f32]) {
        let (wide, scale) = (self.size.1, self.scale as f32);
        let (first, others) = y.split_at_mut(x.len() * wide);
        match wide {
            2 => {
                let pairs = first.as_chunks_mut::<2>().0.iter_mut();
                pairs.zip(x).for_each(|(y, x)| *y = [scale * x; 2]);
            }
            _ => {
                let blocks = first.chunks_exact_mut(wide);
                blocks.zip(x).for_each(|(y, x)| y.fill(scale * x));
            }
        }
        others.chunks_exact_mut(first.len()).for_each(|row| row.copy_from_slice(first));
    }

    /// The rows of a row of blocks to one row of sums. `sums` holds one row of `x`.
    #[inline(always)]
    fn sum(&self, y: &mut [f32], x: &[f32], sums: &mut [f32]) {
        let (wide, scale) = (self.size.1, self.scale as f32);
        let (first, others) = x.split_at(sums.len());
        sums.copy_from_slice(first);
        for row in others.chunks_exact(sums.len()) {
            sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        match wide {
            2 => {
                let pairs = sums.as_chunks::<2>().0;
                y.iter_mut().zip(pairs).for_each(|(y, [a, b])| *y = scale * (a + b));
            }
            _ => {
                let blocks = sums.chunks_exact(wide);
                y.iter_mut().zip(blocks).for_each(|(y, block)| {
                    *y = scale * block.iter().fold(0.0, |sum, x| sum + x);
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use candle::{DType, Device};

    use super::*;
    use crate::check::{agrees, gradients, normals};

    const SIZES: [(usize, usize); 6] = [(2, 2), (1, 1), (3, 2), (2, 1), (1, 5), (4, 3)];

    fn large(size: (usize, usize)) -> Result<Tensor> {
        normals("large", &[3, 2, 3 * size.0, 5 * size.1])
    }

    #[test]
    fn a_known_image_is_repeated_and_averaged() -> Result<()> {
        let x = Tensor::new(&[[[[1f32, 2.0]]]], &Device::Cpu)?;
        let y = upsample_nearest2d(&x, (2, 3))?;
        let rows = y.squeeze(0)?.squeeze(0)?.to_vec2::<f32>()?;
        assert_eq!(rows, [[1.0, 1.0, 1.0, 2.0, 2.0, 2.0]; 2]);
        let x = Tensor::arange(0f32, 12.0, &Device::Cpu)?.reshape((1, 1, 2, 6))?;
        assert_eq!(avg_pool2d(&x, (2, 3))?.flatten_all()?.to_vec1::<f32>()?, [4.0, 7.0]);
        Ok(())
    }

    #[test]
    fn both_agree_with_their_references() -> Result<()> {
        for size in SIZES {
            let repeat = Blocks { way: Way::Repeat, size, scale: 1.0 };
            let slow = |x: &[Tensor]| repeat.reference(&x[0]);
            let x = normals("x", &[3, 2, 3, 5])?;
            agrees(|x| upsample_nearest2d(&x[0], size), slow, &[x], 1e-6)?;
            let mean = Blocks { scale: 1.0 / (size.0 * size.1) as f64, ..repeat.transposed() };
            let slow = |x: &[Tensor]| mean.reference(&x[0]);
            agrees(|x| avg_pool2d(&x[0], size), slow, &[large(size)?], 1e-6)?;
        }
        Ok(())
    }

    #[test]
    fn both_ways_and_their_references_have_the_gradient_of_their_differences() -> Result<()> {
        for size in SIZES {
            let (small, large) = (normals("x", &[2, 2, 3, 5])?, large(size)?);
            let repeat = Blocks { way: Way::Repeat, size, scale: 0.7 };
            gradients(1e-3, std::slice::from_ref(&small), |x| repeat.apply(&x[0]))?;
            gradients(1e-3, std::slice::from_ref(&large), |x| repeat.transposed().apply(&x[0]))?;
            let (small, large) = (small.to_dtype(DType::F64)?, large.to_dtype(DType::F64)?);
            gradients(1e-8, &[small], |x| upsample_nearest2d(&x[0], size))?;
            gradients(1e-8, &[large], |x| avg_pool2d(&x[0], size))?;
        }
        Ok(())
    }

    #[test]
    fn an_infinite_pixel_stays_in_its_block() -> Result<()> {
        let x = Tensor::new(&[[[[f32::INFINITY, 1.0]]]], &Device::Cpu)?;
        let y = upsample_nearest2d(&x, (1, 2))?;
        let (inf, expected) = (f32::INFINITY, [f32::INFINITY, 1.0]);
        assert_eq!(y.flatten_all()?.to_vec1::<f32>()?, [inf, inf, 1.0, 1.0]);
        assert_eq!(avg_pool2d(&y, (1, 2))?.flatten_all()?.to_vec1::<f32>()?, expected);
        Ok(())
    }

    #[test]
    fn blocks_that_do_not_cover_the_image_are_refused() -> Result<()> {
        let x = normals("x", &[1, 2, 4, 6])?;
        let error = avg_pool2d(&x, (2, 4)).expect_err("6 is no multiple of 4").to_string();
        assert!(error.contains("x [1, 2, 4, 6] and blocks of (2, 4)"), "{error}");
        let error = upsample_nearest2d(&x, (2, 0)).expect_err("a factor of 0").to_string();
        assert!(error.contains("factors (2, 0)"), "{error}");
        assert!(upsample_nearest2d(&x.flatten_from(2)?, (2, 2)).is_err());
        Ok(())
    }
}
