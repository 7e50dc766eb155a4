//! A conditional variational autoencoder of tile maps, one window of columns after another.
//!
//! The latent of a window is inferred from its tiles; its prior knows the columns to the left and
//! the labels (Sohn et al. 2015, "Learning Structured Output Representation using Deep Conditional
//! Generative Models"). The decoder draws a plan, a feature for every cell, and a light
//! autoregressive head turns the plan into tiles. So the latent decides what a window holds, and
//! the head that neighbouring cells fit.
//!
//! A free allowance of nats for every latent dimension (Kingma et al. 2016, arXiv 1606.04934,
//! section 2.3 of its appendix C) keeps the head from doing all the work.

use candle::{D, DType, Device, Result, Tensor};
use candle_nn::VarBuilder;
use generativa_kernels::{cross_entropy, silu};
use serde::{Deserialize, Serialize};

use super::column_head::HeadSurroundings;
use super::{ColumnHead, ColumnHeadConfig, Gaussian};
use crate::layers::{Conv, Conv2d, ConvTranspose2d, Embedding, Linear};

/// What the maps are like: it comes from the data, not from a preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TileMapShape {
    /// Kinds of tile; as an index, `tiles` stands for cells outside the map.
    pub tiles: usize,
    /// Rows of a map.
    pub height: usize,
    /// Columns that one latent describes.
    pub window: usize,
    /// Columns to the left that the prior sees; at least the head's history.
    pub context: usize,
    /// Numbers in which the model is told what a window is to be like.
    pub told: usize,
}

/// Size of a [`TileMapVae`].
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TileMapConfig {
    /// Width of the embedding of a tile.
    pub embedding: usize,
    /// Channels after the first convolution; twice as many after the second.
    pub channels: usize,
    /// Width of the dense layers around the latent.
    pub hidden: usize,
    /// Dimensions of the latent of a window.
    pub latent: usize,
    /// Features of a cell in the decoder's plan.
    pub plan: usize,
    /// The autoregressive head.
    pub head: ColumnHeadConfig,
}

/// Encoder, prior, decoder and head.
pub struct TileMapVae {
    pub(crate) embedding: Embedding,
    posterior_trunk: Trunk,
    posterior: Linear,
    prior_trunk: Trunk,
    prior_hidden: Linear,
    prior: Linear,
    plan_dense: Linear,
    plan_up: [ConvTranspose2d; 2],
    pub(crate) head: ColumnHead,
    /// What the maps are like.
    pub shape: TileMapShape,
    /// Dimensions of the latent of a window.
    pub latent: usize,
}

/// The terms of the loss, each a scalar: nats a window, mean over the batch.
pub struct TileMapLoss {
    /// `-log p(window | latent, context, labels)`.
    pub reconstruction: Tensor,
    /// KL(posterior ‖ prior), without any allowance.
    pub kl: Tensor,
    /// What is minimised.
    pub total: Tensor,
}

/// Windows with the columns to their left.
pub struct TileBatch {
    /// u32 `[batch, context + window, height]`, row 0 at the bottom.
    pub tiles: Tensor,
    /// f32 `[batch, told]`: what is told of the whole window; 0 where nothing is.
    pub labels: Tensor,
    /// f32 `[batch, window, told]`: what is told of each column and those after it.
    pub asked: Tensor,
}

impl TileBatch {
    /// The same windows on `device`.
    pub fn to_device(&self, device: &Device) -> Result<Self> {
        Ok(Self {
            tiles: self.tiles.to_device(device)?,
            labels: self.labels.to_device(device)?,
            asked: self.asked.to_device(device)?,
        })
    }

    /// These windows and then `others`.
    pub fn and(&self, others: &Self) -> Result<Self> {
        Ok(Self {
            tiles: Tensor::cat(&[&self.tiles, &others.tiles], 0)?,
            labels: Tensor::cat(&[&self.labels, &others.labels], 0)?,
            asked: Tensor::cat(&[&self.asked, &others.asked], 0)?,
        })
    }
}

/// What prior and decoder know before the latent.
pub struct Context {
    features: Tensor,
    labels: Tensor,
}

impl Context {
    /// The same, with nothing told.
    pub fn untold(&self) -> Result<Self> {
        Ok(Self { features: self.features.clone(), labels: self.labels.zeros_like()? })
    }
}

impl TileMapVae {
    /// Builds the network; parameters are named as the fields.
    pub fn new(config: &TileMapConfig, shape: TileMapShape, vb: VarBuilder) -> Result<Self> {
        let TileMapConfig { embedding, channels, hidden, latent, .. } = *config;
        let TileMapShape { tiles, height, window, context, told } = shape;
        if config.head.history > context {
            candle::bail!(
                "tile map: the head looks back {} columns, the context has {context}",
                config.head.history
            );
        }
        let halving = Conv { stride: (2, 2), padding: (1, 1), ..Conv::PLAIN };
        let around = HeadSurroundings { tiles, height, embedding, plan: config.plan, told };
        let coarse = coarse(shape);
        Ok(Self {
            embedding: Embedding::new(tiles + 1, embedding, 1.0, vb.pp("embedding"))?,
            posterior_trunk: Trunk::new(
                config,
                (height, context + window),
                vb.pp("posterior.trunk"),
            )?,
            posterior: Linear::new(hidden + told, 2 * latent, vb.pp("posterior.out"))?,
            prior_trunk: Trunk::new(config, (height, context), vb.pp("prior.trunk"))?,
            prior_hidden: Linear::new(hidden + told, hidden, vb.pp("prior.hidden"))?,
            prior: Linear::new(hidden, 2 * latent, vb.pp("prior.out"))?,
            plan_dense: Linear::new(
                latent + hidden + told,
                2 * channels * coarse.0 * coarse.1,
                vb.pp("plan.dense"),
            )?,
            plan_up: [
                ConvTranspose2d::new(
                    2 * channels,
                    channels,
                    (4, 4),
                    halving,
                    (0, 0),
                    vb.pp("plan.up.0"),
                )?,
                ConvTranspose2d::new(
                    channels,
                    config.plan,
                    (4, 4),
                    halving,
                    (0, 0),
                    vb.pp("plan.up.1"),
                )?,
            ],
            head: ColumnHead::new(&config.head, &around, vb.pp("head"))?,
            shape,
            latent,
        })
    }

    /// The loss of a batch. `noise`: `[batch, latent]`, standard normal. `allowance`: nats of KL a
    /// dimension that cost nothing; `beta`: weight of what goes beyond.
    pub fn loss(
        &self,
        batch: &TileBatch,
        noise: &Tensor,
        beta: f64,
        allowance: f64,
    ) -> Result<TileMapLoss> {
        let columns = self.embed(&batch.tiles)?;
        let context = self.context_of(&columns, &batch.labels)?;
        let posterior = self.posterior_of(&columns, &batch.labels)?;
        let latent = posterior.sample(noise)?;
        let reconstruction = self.nats(batch, &columns, &latent, &context)?.mean_all()?;

        let kl = posterior.kl(&self.prior(&context)?)?.mean(0)?; // [latent]
        let beyond = (&kl - allowance)?.relu()?.sum_all()?;
        let total = (&reconstruction + (beyond * beta)?)?;
        Ok(TileMapLoss { reconstruction, kl: kl.sum_all()?, total })
    }

    /// What the model needs of the columns to the left. `tiles` and `labels` as in [`TileBatch`];
    /// a window, if there is one, is not looked at.
    pub fn context(&self, tiles: &Tensor, labels: &Tensor) -> Result<Context> {
        self.context_of(&self.embed(tiles)?, labels)
    }

    /// The prior of the window after `context`.
    pub fn prior(&self, context: &Context) -> Result<Gaussian> {
        let told = Tensor::cat(&[&context.features, &context.labels], 1)?;
        let hidden = silu(&self.prior_hidden.forward(&told)?)?;
        Gaussian::from_parameters(&self.prior.forward(&hidden)?, 0.0)
    }

    /// The posterior of each window.
    pub fn posterior(&self, batch: &TileBatch) -> Result<Gaussian> {
        self.posterior_of(&self.embed(&batch.tiles)?, &batch.labels)
    }

    /// The decoder's plan of a window: `[batch, window, height, plan]`. `latent`:
    /// `[batch, latent]`.
    pub fn plan(&self, latent: &Tensor, context: &Context) -> Result<Tensor> {
        let (rows, columns) = coarse(self.shape);
        let known = Tensor::cat(&[latent, &context.features, &context.labels], 1)?;
        let dense = silu(&self.plan_dense.forward(&known)?)?;
        let dense = dense.reshape((latent.dim(0)?, (), rows, columns))?;
        let fine = silu(&self.plan_up[0].forward(&dense)?)?;
        let fine = self.plan_up[1].forward(&fine)?; // [batch, plan, 4 * rows, 4 * columns]
        let TileMapShape { height, window, .. } = self.shape;
        silu(
            &fine
                .narrow(2, 0, height)?
                .narrow(3, 0, window)?
                .permute((0, 3, 2, 1))?
                .contiguous()?,
        )
    }

    /// `-log p(window | latent, context, labels)` of each window, in nats: `[batch]`.
    pub fn surprise(&self, batch: &TileBatch, latent: &Tensor) -> Result<Tensor> {
        let columns = self.embed(&batch.tiles)?;
        let context = self.context_of(&columns, &batch.labels)?;
        self.nats(batch, &columns, latent, &context)
    }

    fn nats(
        &self,
        batch: &TileBatch,
        columns: &Tensor,
        latent: &Tensor,
        context: &Context,
    ) -> Result<Tensor> {
        let logits = self.head.forward(columns, &self.plan(latent, context)?, &batch.asked)?;
        let TileMapShape { context: before, window, .. } = self.shape;
        let targets = batch.tiles.narrow(1, before, window)?.contiguous()?.flatten_all()?;
        let logits = logits.reshape(((), logits.dim(D::Minus1)?))?;
        cross_entropy(&logits, &targets, None)?.reshape((batch.tiles.dim(0)?, ()))?.sum(1)
    }

    /// `[batch, columns, height * embedding]`.
    fn embed(&self, tiles: &Tensor) -> Result<Tensor> {
        if tiles.dtype() != DType::U32 {
            candle::bail!("tile map: tiles are {:?}, expected U32", tiles.dtype());
        }
        let (batch, columns, _) = tiles.dims3()?;
        self.embedding.forward(tiles)?.reshape((batch, columns, ()))
    }

    fn context_of(&self, columns: &Tensor, labels: &Tensor) -> Result<Context> {
        let left = columns.narrow(1, 0, self.shape.context)?;
        Ok(Context { features: self.prior_trunk.forward(&left)?, labels: labels.clone() })
    }

    fn posterior_of(&self, columns: &Tensor, labels: &Tensor) -> Result<Gaussian> {
        let features = self.posterior_trunk.forward(columns)?;
        let known = Tensor::cat(&[&features, labels], 1)?;
        Gaussian::from_parameters(&self.posterior.forward(&known)?, POSTERIOR_START)
    }
}

/// Log-variance of the posterior before training: narrower than a prior, wide enough that the head
/// learns its part as well.
const POSTERIOR_START: f64 = -0.5;

/// Rows and columns of the coarsest map: a quarter, rounded up.
fn coarse(shape: TileMapShape) -> (usize, usize) {
    (shape.height.div_ceil(4), shape.window.div_ceil(4))
}

/// Two strided convolutions and a dense layer: columns to features.
struct Trunk {
    down: [Conv2d; 2],
    dense: Linear,
    height: usize,
}

impl Trunk {
    fn new(
        config: &TileMapConfig,
        (height, columns): (usize, usize),
        vb: VarBuilder,
    ) -> Result<Self> {
        let TileMapConfig { embedding, channels, hidden, .. } = *config;
        let halving = Conv { stride: (2, 2), padding: (1, 1), ..Conv::PLAIN };
        // With kernel 3, stride 2 and padding 1 a length is halved, rounded up.
        let quarter = |length: usize| length.div_ceil(2).div_ceil(2);
        let flat = 2 * channels * quarter(height) * quarter(columns);
        Ok(Self {
            down: [
                Conv2d::new(embedding, channels, (3, 3), halving, vb.pp("down.0"))?,
                Conv2d::new(channels, 2 * channels, (3, 3), halving, vb.pp("down.1"))?,
            ],
            dense: Linear::new(flat, hidden, vb.pp("dense"))?,
            height,
        })
    }

    /// `columns`: `[batch, columns, height * embedding]`. Returns `[batch, hidden]`.
    fn forward(&self, columns: &Tensor) -> Result<Tensor> {
        let (batch, width, _) = columns.dims3()?;
        let map = columns.reshape((batch, width, self.height, ()))?;
        let mut map = map.permute((0, 3, 2, 1))?.contiguous()?; // [batch, embedding, height, width]
        for down in &self.down {
            map = silu(&down.forward(&map)?)?;
        }
        silu(&self.dense.forward(&map.flatten_from(1)?)?)
    }
}

#[cfg(test)]
pub(crate) mod tests;
