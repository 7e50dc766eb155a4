//! The mapping network: latents to styles.

use candle::{Result, Tensor};
use candle_nn::VarBuilder;
use generativa_kernels::rms_norm;

use super::{EqualizedLinear, StyleGan2Config};

/// Added to the mean square of a latent.
const EPS: f64 = 1e-8;

/// Dense layers on normalised latents, `f` of Karras et al. 2019 (arXiv 1812.04948, section 2).
#[derive(Clone, Debug)]
pub struct Mapping {
    layers: Vec<EqualizedLinear>,
    /// Scale of the norm: it has none to learn.
    ones: Tensor,
}

impl Mapping {
    /// Layers `1` to `n_mlp`; in the checkpoints the norm counts as layer 0.
    pub(super) fn new(config: &StyleGan2Config, vb: VarBuilder<'_>) -> Result<Self> {
        let StyleGan2Config { style_dim: width, n_mlp, lr_mlp, .. } = *config;
        let layer = |index| EqualizedLinear::new(width, width, lr_mlp, 0.0, vb.pp(index));
        let layers = (1..=n_mlp).map(layer).collect::<Result<_>>()?;
        Ok(Self { layers, ones: Tensor::ones(width, vb.dtype(), vb.device())? })
    }

    /// Latents, standard normal, to styles; both `[batch, style_dim]`.
    pub fn forward(&self, latents: &Tensor) -> Result<Tensor> {
        let mut style = rms_norm(latents, &self.ones, EPS)?;
        for layer in &self.layers {
            style = layer.forward_leaky(&style)?;
        }
        Ok(style)
    }

    /// The mean of the styles of many latents, `[1, style_dim]`, to [`truncate`] towards: some ten
    /// thousand tell it well.
    pub fn mean(&self, latents: &Tensor) -> Result<Tensor> {
        self.forward(latents)?.mean_keepdim(0)
    }
}

/// `mean + share · (style − mean)`: with a share below 1 images come closer to the average one, as
/// a rule better and less varied (Karras et al. 2019, arXiv 1812.04948, appendix B). `style`: `[..,
/// style_dim]`; `mean`: `[1, style_dim]`.
pub fn truncate(style: &Tensor, mean: &Tensor, share: f64) -> Result<Tensor> {
    style.affine(share, 0.0)?.broadcast_add(&mean.affine(1.0 - share, 0.0)?)
}
