//! The discriminator: from images to logits.

use candle::{Result, Tensor, bail};
use candle_nn::{Init, VarBuilder};
use generativa_kernels as kernels;
use generativa_kernels::{Conv, Epilogue};

use super::config::{COLOURS, START};
use super::{EqualizedConv2d, EqualizedLinear, GAIN, Resampling, StyleGan2Config};

/// Residual blocks that halve the sides (Karras et al. 2020, arXiv 1912.04958, figure 7c), then a
/// look at the batch and two dense layers.
#[derive(Clone, Debug)]
pub struct Discriminator {
    from_rgb: LeakyConv2d,
    blocks: Vec<Residual>,
    last: LeakyConv2d,
    dense: EqualizedLinear,
    score: EqualizedLinear,
    resampling: Resampling,
    config: StyleGan2Config,
}

impl Discriminator {
    /// Fails where `config` does not pass its [`check`](StyleGan2Config::check).
    pub fn new(config: &StyleGan2Config, vb: VarBuilder<'_>) -> Result<Self> {
        config.check()?;
        let convs = vb.pp("convs");
        let block = |(index, side): (usize, usize)| {
            let channels = [config.channels_at(side)?, config.channels_at(side / 2)?];
            Residual::new(channels, convs.pp(index + 1))
        };
        let falling = config.sides().rev().take_while(|&side| side > START);
        let finest = config.channels_at(config.size)?;
        let channels = config.channels_at(START)?;
        let told = channels + config.stddev_feat;
        let dense = vb.pp("final_linear");
        Ok(Self {
            from_rgb: LeakyConv2d::new([COLOURS, finest], 1, Conv::PLAIN, 0, convs.pp(0))?,
            blocks: falling.enumerate().map(block).collect::<Result<_>>()?,
            last: LeakyConv2d::new([told, channels], 3, AROUND, 0, vb.pp("final_conv"))?,
            dense: EqualizedLinear::new(channels * START * START, channels, 1.0, 0.0, dense.pp(0))?,
            score: EqualizedLinear::new(channels, 1, 1.0, 0.0, dense.pp(1))?,
            resampling: Resampling::new(&config.blur_kernel)?,
            config: config.clone(),
        })
    }

    /// Logits that images, `[batch, 3, size, size]`, are real: `[batch, 1]`. They depend on the
    /// other images of the batch, see [`minibatch_deviation`], whose conditions hold here.
    pub fn forward(&self, images: &Tensor) -> Result<Tensor> {
        let features = self.features(images)?;
        let StyleGan2Config { stddev_group, stddev_feat, .. } = self.config;
        let deviation = minibatch_deviation(&features, stddev_group, stddev_feat)?;
        let told = Tensor::cat(&[features, deviation], 1)?;
        let last = self.last.forward(&told, GAIN)?;
        self.score.forward(&self.dense.forward_leaky(&last.flatten_from(1)?)?)
    }

    /// What is left of images, `[batch, 3, size, size]`, where they are seen one by one for the
    /// last time: `[batch, channels, 4, 4]`.
    pub fn features(&self, images: &Tensor) -> Result<Tensor> {
        let size = self.config.size;
        if images.dims().get(1..) != Some(&[COLOURS, size, size]) {
            bail!(
                "stylegan2: images are {:?}, expected [batch, {COLOURS}, {size}, {size}]",
                images.dims()
            );
        }
        let mut x = self.from_rgb.forward(images, GAIN)?;
        for block in &self.blocks {
            x = block.forward(&x, &self.resampling)?;
        }
        Ok(x)
    }
}

/// How much the images of a batch differ, which a generator that always makes the same one betrays
/// (minibatch standard deviation, Karras et al. 2018, arXiv 1710.10196, section 3).
///
/// Of `x`, `[batch, channels, height, width]`, image `r` belongs to group `r mod (batch / group)`.
/// The standard deviations within a group are averaged over every one of `parts` runs of channels
/// and all pixels: `[batch, parts, height, width]`. A batch smaller than `group` is one group. Fails
/// where groups do not divide the batch, or parts the channels.
pub fn minibatch_deviation(x: &Tensor, group: usize, parts: usize) -> Result<Tensor> {
    let (batch, channels, height, width) = x.dims4()?;
    let size = group.min(batch);
    if size == 0 || batch % size != 0 || parts == 0 || channels % parts != 0 {
        bail!(
            "minibatch deviation: expected groups of {group} to divide the batch and {parts} parts \
             the channels of {:?}",
            x.dims()
        );
    }
    let (groups, values) = (batch / size, channels / parts * height * width);
    let x = x.reshape((size, groups * parts * values))?;
    let share = 1.0 / size as f64;
    let mean = kernels::sum_keepdim(&x, 0)?.affine(share, 0.0)?;
    let squares = x.broadcast_sub(&mean)?.sqr()?;
    // The root has no slope at 0, where images may well agree.
    let deviation = kernels::sum_keepdim(&squares, 0)?.affine(share, 1e-8)?.sqrt()?;
    let deviation = kernels::sum_keepdim(&deviation.reshape((groups * parts, values))?, 1)?
        .affine(1.0 / values as f64, 0.0)?
        .reshape((1, groups, parts, 1, 1))?;
    let all = deviation.broadcast_as((size, groups, parts, height, width))?;
    all.reshape((batch, parts, height, width))
}

/// Under a kernel of 3 the sides stay.
const AROUND: Conv = Conv { padding: (1, 1), ..Conv::PLAIN };

/// A convolution with a bias and a leaky ReLU, two neighbours in a list of layers.
#[derive(Clone, Debug)]
struct LeakyConv2d {
    conv: EqualizedConv2d,
    bias: Tensor,
}

impl LeakyConv2d {
    /// `place`: number of the convolution in the list, before that of the bias.
    fn new(
        [inputs, outputs]: [usize; 2],
        kernel: usize,
        conv: Conv,
        place: usize,
        vb: VarBuilder<'_>,
    ) -> Result<Self> {
        Ok(Self {
            conv: EqualizedConv2d::new(inputs, outputs, kernel, conv, vb.pp(place))?,
            bias: vb.pp(place + 1).get_with_hints(outputs, "bias", Init::Const(0.0))?,
        })
    }

    fn forward(&self, x: &Tensor, gain: f64) -> Result<Tensor> {
        self.conv.forward_leaky(x, &self.bias, gain)
    }
}

/// `(conv2(conv1(x)) + skip(x)) / √2` at half the sides.
#[derive(Clone, Debug)]
struct Residual {
    conv1: LeakyConv2d,
    conv2: LeakyConv2d,
    skip: EqualizedConv2d,
}

impl Residual {
    /// Where the checkpoints count the filter as a layer, it has number 0.
    fn new([inputs, outputs]: [usize; 2], vb: VarBuilder<'_>) -> Result<Self> {
        let halving = Conv { stride: (2, 2), ..Conv::PLAIN };
        Ok(Self {
            conv1: LeakyConv2d::new([inputs, inputs], 3, AROUND, 0, vb.pp("conv1"))?,
            conv2: LeakyConv2d::new([inputs, outputs], 3, halving, 1, vb.pp("conv2"))?,
            skip: EqualizedConv2d::new(inputs, outputs, 1, Conv::PLAIN, vb.pp("skip.1"))?,
        })
    }

    fn forward(&self, x: &Tensor, resampling: &Resampling) -> Result<Tensor> {
        let y = resampling.before_strided(&self.conv1.forward(x, GAIN)?, 3)?;
        // The gain of the leaky ReLU and the division cancel.
        let y = self.conv2.forward(&y, 1.0)?;
        // A kernel of one pixel needs only the pixels that its stride would have kept.
        let skip = self.skip.forward(&resampling.downsample(x)?, 1.0 / GAIN)?;
        kernels::add(&y, &skip, Epilogue::Identity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::gradient_check::normals;

    #[test]
    fn a_group_takes_every_so_many_th_image() -> Result<()> {
        // Images 0 and 2 differ by 6 in the first channel and by 2 in the second, 1 and 3 nowhere.
        let x = [[4f32, 1.0], [5.0, 5.0], [-2.0, -1.0], [5.0, 5.0]];
        let x = Tensor::new(&x, &candle::Device::Cpu)?.reshape((4, 2, 1, 1))?;
        let found = |parts| minibatch_deviation(&x, 2, parts)?.flatten_from(1)?.to_vec2::<f32>();
        let close = |found: Vec<Vec<f32>>, expected: [&[f32]; 4]| {
            for (found, expected) in found.iter().zip(expected) {
                let close = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 2e-4);
                assert!(found.len() == expected.len() && close, "{found:?}, expected {expected:?}");
            }
        };
        close(found(1)?, [&[2.0], &[0.0], &[2.0], &[0.0]]);
        close(found(2)?, [&[3.0, 1.0], &[0.0, 0.0], &[3.0, 1.0], &[0.0, 0.0]]);
        Ok(())
    }

    #[test]
    fn a_batch_below_a_group_is_one_and_one_beyond_must_be_divided() -> Result<()> {
        let x = normals("x", &[6, 2, 3, 3])?;
        let (whole, more) = (minibatch_deviation(&x, 6, 1)?, minibatch_deviation(&x, 8, 1)?);
        let flat = |x: &Tensor| x.flatten_all()?.to_vec1::<f32>();
        assert_eq!(flat(&whole)?, flat(&more)?);
        let error = minibatch_deviation(&x, 4, 1).expect_err("6 is not divided by 4");
        assert!(error.to_string().contains("groups of 4"), "{error}");
        Ok(())
    }

    #[test]
    fn the_deviation_has_the_gradient_of_its_differences() -> Result<()> {
        let x = normals("x", &[4, 2, 2, 1])?;
        kernels::check::gradients(2e-3, &[x], |x| minibatch_deviation(&x[0], 2, 2))
    }
}
