//! The generator: from styles and noise to images.

use std::ops::Range;

use candle::{Result, Tensor, bail};
use candle_nn::{Init, VarBuilder};
use generativa_kernels as kernels;
use generativa_kernels::Epilogue;
use generativa_random::Stream;

use super::config::START;
use super::{Mapping, Resampling, StyleGan2Config, StyledConv2d, ToRgb};

/// Mapping and synthesis, the architecture of Karras et al. 2020 (arXiv 1912.04958) with skips to
/// the colours (figure 7b).
#[derive(Clone, Debug)]
pub struct Generator {
    mapping: Mapping,
    /// `[1, channels, 4, 4]`.
    constant: Tensor,
    first: StyledConv2d,
    first_to_rgb: ToRgb,
    blocks: Vec<Block>,
    resampling: Resampling,
    config: StyleGan2Config,
}

/// What the generator has made of one side.
#[derive(Clone, Debug)]
pub struct Stage {
    /// `[batch, channels, side, side]`.
    pub features: Tensor,
    /// The sum of the colours so far, `[batch, 3, side, side]`.
    pub image: Tensor,
}

/// Doubles the sides.
#[derive(Clone, Debug)]
struct Block {
    up: StyledConv2d,
    conv: StyledConv2d,
    to_rgb: ToRgb,
}

impl Generator {
    /// Fails where `config` does not pass its [`check`](StyleGan2Config::check).
    pub fn new(config: &StyleGan2Config, vb: VarBuilder<'_>) -> Result<Self> {
        config.check()?;
        let style_dim = config.style_dim;
        let resampling = Resampling::new(&config.blur_kernel)?;
        let styled = |channels: [usize; 2], up: Option<&Resampling>, vb| {
            StyledConv2d::new(channels, style_dim, up.cloned(), vb)
        };
        let block = |index: usize, side: usize| {
            let (coarse, fine) = (config.channels_at(side / 2)?, config.channels_at(side)?);
            let convs = vb.pp("convs");
            let to_rgb = ToRgb::new(fine, style_dim, vb.pp("to_rgbs").pp(index))?;
            Ok(Block {
                up: styled([coarse, fine], Some(&resampling), convs.pp(2 * index))?,
                conv: styled([fine, fine], None, convs.pp(2 * index + 1))?,
                to_rgb,
            })
        };
        let channels = config.channels_at(START)?;
        let init = Init::Randn { mean: 0.0, stdev: 1.0 };
        Ok(Self {
            mapping: Mapping::new(config, vb.pp("style"))?,
            constant: vb.get_with_hints((1, channels, START, START), "input.input", init)?,
            first: styled([channels, channels], None, vb.pp("conv1"))?,
            first_to_rgb: ToRgb::new(channels, style_dim, vb.pp("to_rgb1"))?,
            blocks: (config.sides().skip(1).enumerate())
                .map(|(index, side)| block(index, side))
                .collect::<Result<_>>()?,
            resampling,
            config: config.clone(),
        })
    }

    /// The network from latents to styles.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// One style, `[batch, style_dim]`, for all layers: `[batch, styles, style_dim]`.
    pub fn everywhere(&self, style: &Tensor) -> Result<Tensor> {
        let (batch, width) = style.dims2()?;
        style.unsqueeze(1)?.broadcast_as((batch, self.config.styles(), width))
    }

    /// The style `coarse` for the layers before number `from`, and `fine` from there (style mixing,
    /// Karras et al. 2019, arXiv 1812.04948, section 3.1). Both `[batch, style_dim]`; the result is
    /// `[batch, styles, style_dim]`. Fails where there is no such layer.
    pub fn mixed(&self, coarse: &Tensor, fine: &Tensor, from: usize) -> Result<Tensor> {
        let styles = self.config.styles();
        if from > styles {
            bail!("stylegan2: styles change at layer {from}, expected at most {styles}");
        }
        let coarse = self.everywhere(coarse)?.narrow(1, 0, from)?;
        let fine = self.everywhere(fine)?.narrow(1, from, styles - from)?;
        Tensor::cat(&[coarse, fine], 1)
    }

    /// Standard normal latents of the images with these numbers, `[images, style_dim]`. An image
    /// has the same latent whichever others are drawn with it.
    pub fn draw_latents(&self, seed: u64, images: Range<u64>) -> Result<Tensor> {
        let width = self.config.style_dim;
        let count = images.clone().count();
        let row = |image| Stream::item(seed, "stylegan2/latent", image).normals(width);
        let values: Vec<f32> = images.flat_map(row).collect();
        Tensor::from_vec(values, (count, width), self.constant.device())?
            .to_dtype(self.constant.dtype())
    }

    /// Standard normal noise of every layer for the images with these numbers, `[images, 1, side,
    /// side]` each: one layer at side 4, then two at every side. An image has the same noise
    /// whichever others are drawn with it.
    pub fn draw_noise(&self, seed: u64, images: Range<u64>) -> Result<Vec<Tensor>> {
        let count = images.clone().count();
        let mut streams: Vec<_> =
            images.map(|image| Stream::item(seed, "stylegan2/noise", image)).collect();
        let layer = |side: usize| {
            let values = streams.iter_mut().flat_map(|stream| stream.normals(side * side));
            let values: Vec<f32> = values.collect();
            Tensor::from_vec(values, (count, 1, side, side), self.constant.device())?
                .to_dtype(self.constant.dtype())
        };
        self.noise_sides().map(layer).collect()
    }

    /// Images, `[batch, 3, size, size]`; those that it learns from lie between -1 and 1 as a rule,
    /// but nothing keeps these there. `styles`: `[batch, styles, style_dim]`. `noise`: one image a
    /// layer as [`draw_noise`](Self::draw_noise) gives them, or `[1, 1, side, side]` for the whole
    /// batch. Fails where a shape is another.
    pub fn forward(&self, styles: &Tensor, noise: &[Tensor]) -> Result<Tensor> {
        Ok(self.synthesise(styles, noise, |_| {})?.image)
    }

    /// What [`forward`](Self::forward) makes of every side, from 4 to the whole image.
    pub fn stages(&self, styles: &Tensor, noise: &[Tensor]) -> Result<Vec<Stage>> {
        let mut stages = Vec::new();
        self.synthesise(styles, noise, |stage| stages.push(stage.clone()))?;
        Ok(stages)
    }

    fn synthesise(
        &self,
        styles: &Tensor,
        noise: &[Tensor],
        mut observe: impl FnMut(&Stage),
    ) -> Result<Stage> {
        self.check_inputs(styles, noise)?;
        let style = |layer: usize| styles.narrow(1, layer, 1)?.squeeze(1);
        let styles: Vec<Tensor> = (0..self.config.styles()).map(style).collect::<Result<_>>()?;
        let (_, channels, side, _) = self.constant.dims4()?;
        let constant = self.constant.broadcast_as((styles[0].dim(0)?, channels, side, side))?;

        let features = self.first.forward(&constant, &styles[0], &noise[0])?;
        let image = self.first_to_rgb.forward(&features, &styles[1])?;
        let mut stage = Stage { features, image };
        observe(&stage);
        for (index, Block { up, conv, to_rgb }) in self.blocks.iter().enumerate() {
            let layer = 2 * index + 1;
            let features = up.forward(&stage.features, &styles[layer], &noise[layer])?;
            let features = conv.forward(&features, &styles[layer + 1], &noise[layer + 1])?;
            let colours = to_rgb.forward(&features, &styles[layer + 2])?;
            let before = self.resampling.upsample(&stage.image)?;
            let image = kernels::add(&colours, &before, Epilogue::Identity)?;
            stage = Stage { features, image };
            observe(&stage);
        }
        Ok(stage)
    }

    /// Sides of the noise of the layers in turn.
    fn noise_sides(&self) -> impl Iterator<Item = usize> + use<> {
        self.config.sides().flat_map(|side| [side, side]).skip(1)
    }

    fn check_inputs(&self, styles: &Tensor, noise: &[Tensor]) -> Result<()> {
        let (layers, width) = (self.config.styles(), self.config.style_dim);
        let &[batch, found_layers, found_width] = styles.dims() else {
            bail!("stylegan2: styles are {:?}, expected [batch, styles, width]", styles.dims());
        };
        if [found_layers, found_width] != [layers, width] {
            bail!("stylegan2: styles are {:?}, expected [batch, {layers}, {width}]", styles.dims());
        }
        let sides: Vec<usize> = self.noise_sides().collect();
        let fits = |(noise, &side): (&Tensor, &usize)| {
            [1, batch].iter().any(|&images| noise.dims() == [images, 1, side, side])
        };
        if noise.len() != sides.len() || !noise.iter().zip(&sides).all(fits) {
            let found: Vec<_> = noise.iter().map(Tensor::dims).collect();
            bail!(
                "stylegan2: noise is {found:?}, expected [1 or {batch}, 1, side, side] for the \
                 sides {sides:?}"
            );
        }
        Ok(())
    }
}
