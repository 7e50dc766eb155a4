//! Sizes of both networks.

use std::collections::BTreeMap;

use candle::{Result, bail};
use serde::{Deserialize, Serialize};

/// Channels of an image: red, green, blue.
pub(super) const COLOURS: usize = 3;

/// Side of the constant that the generator starts from, and of what the discriminator ends with.
pub(super) const START: usize = 4;

/// Shape of a [`Generator`](super::Generator) and its [`Discriminator`](super::Discriminator).
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct StyleGan2Config {
    /// Side of an image in pixels: a power of two, at least 4.
    pub size: usize,
    /// Width of latents and styles.
    pub style_dim: usize,
    /// Layers of the mapping network; with 0 a style is a normalised latent.
    pub n_mlp: usize,
    /// Learning rate of the mapping network, as a share of the others'.
    pub lr_mlp: f64,
    /// Channels at every side from 4 to `size`; further sides are not looked at.
    pub channels: BTreeMap<usize, usize>,
    /// Taps of the filter that images are resampled through, in one direction and of any sum but 0.
    pub blur_kernel: Vec<f32>,
    /// Images of a batch whose standard deviation the discriminator sees as one.
    pub stddev_group: usize,
    /// Channels that tell it; they divide those at side 4.
    pub stddev_feat: usize,
}

impl StyleGan2Config {
    /// Fails where no network has these sizes.
    pub fn check(&self) -> Result<()> {
        let Self { size, style_dim, lr_mlp, blur_kernel, stddev_group, stddev_feat, .. } = self;
        if !size.is_power_of_two() || *size < START {
            bail!("stylegan2: size is {size}, expected a power of two, at least {START}");
        }
        if *style_dim == 0 {
            bail!("stylegan2: style_dim is 0, expected at least 1");
        }
        if !(lr_mlp.is_finite() && *lr_mlp > 0.0) {
            bail!("stylegan2: lr_mlp is {lr_mlp}, expected a positive number");
        }
        let sum: f32 = blur_kernel.iter().sum();
        if !sum.is_finite() || sum == 0.0 {
            bail!("stylegan2: blur_kernel {blur_kernel:?} sums to {sum}, expected a number but 0");
        }
        for side in self.sides() {
            self.channels_at(side)?;
        }
        let channels = self.channels_at(START)?;
        if *stddev_group == 0 || *stddev_feat == 0 || channels % stddev_feat != 0 {
            bail!(
                "stylegan2: stddev_group is {stddev_group} and stddev_feat {stddev_feat}, expected \
                 at least 1 each and the latter to divide the {channels} channels at side {START}"
            );
        }
        Ok(())
    }

    /// Styles that an image takes: one for every convolution of the generator in turn, which a layer
    /// to colours shares with the convolution after it, and one for the last layer to colours.
    pub fn styles(&self) -> usize {
        2 * self.sides().count()
    }

    /// Sides of the feature maps, from 4 to `size`.
    pub(super) fn sides(&self) -> impl DoubleEndedIterator<Item = usize> + use<> {
        (START.ilog2()..=self.size.max(1).ilog2()).map(|power| 1 << power)
    }

    pub(super) fn channels_at(&self, side: usize) -> Result<usize> {
        match self.channels.get(&side) {
            Some(&channels) if channels > 0 => Ok(channels),
            found => bail!(
                "stylegan2: channels at side {side} are {}, expected at least 1",
                found.map_or("missing".into(), usize::to_string)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::gan::stylegan2::tests::config;

    #[test]
    fn a_bad_size_is_refused_by_its_name() {
        type Spoil = fn(&mut StyleGan2Config);
        let cases: [(&str, Spoil); 9] = [
            ("size is 24", |config| config.size = 24),
            ("size is 2,", |config| config.size = 2),
            ("channels at side 16 are missing", |config| config.size = 16),
            ("channels at side 8 are 0", |config| {
                config.channels.insert(8, 0);
            }),
            ("style_dim is 0", |config| config.style_dim = 0),
            ("lr_mlp is NaN", |config| config.lr_mlp = f64::NAN),
            ("blur_kernel [1.0, -1.0]", |config| config.blur_kernel = vec![1.0, -1.0]),
            ("stddev_group is 0", |config| config.stddev_group = 0),
            ("stddev_feat 3", |config| config.stddev_feat = 3),
        ];
        assert!(config().check().is_ok());
        for (message, spoil) in cases {
            let mut config = config();
            spoil(&mut config);
            let error = config.check().expect_err(message).to_string();
            let first = error.lines().next().unwrap_or_default();
            assert!(first.contains(message), "{error}");
        }
    }

    #[test]
    fn every_side_has_two_styles() {
        for (size, styles) in [(4, 2), (8, 4), (32, 8), (1024, 18)] {
            assert_eq!(StyleGan2Config { size, ..config() }.styles(), styles);
        }
    }
}
