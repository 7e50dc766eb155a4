//! One small model with odd sizes, also used by the tests of its sampler.

use candle::Device;
use generativa_random::Stream;

use super::*;
use crate::layers::{Parameters, seeded_builder};

/// Odd sizes, so that no halving divides.
pub(crate) const SHAPE: TileMapShape =
    TileMapShape { tiles: 3, height: 5, window: 7, context: 4, told: 6 };

pub(crate) fn config() -> TileMapConfig {
    let head = ColumnHeadConfig { history: 3, history_hidden: 6, state: 5, cell: 4 };
    TileMapConfig { embedding: 2, channels: 3, hidden: 6, latent: 4, plan: 3, head }
}

/// Random windows with every label told.
pub(crate) fn batch(size: usize) -> Result<TileBatch> {
    let mut stream = Stream::named(1, "windows");
    let TileMapShape { tiles, height, window, context, told } = SHAPE;
    let count = size * (context + window) * height;
    let cells: Vec<u32> = (0..count).map(|_| stream.below(tiles) as u32).collect();
    let tell = |count: usize, stream: &mut Stream| -> Vec<f32> {
        (0..count * told / 2).flat_map(|_| [stream.normal() as f32, 1.0]).collect()
    };
    let whole = tell(size, &mut stream);
    let rest = tell(size * window, &mut stream);
    Ok(TileBatch {
        tiles: Tensor::from_vec(cells, (size, context + window, height), &Device::Cpu)?,
        labels: Tensor::from_vec(whole, (size, told), &Device::Cpu)?,
        asked: Tensor::from_vec(rest, (size, window, told), &Device::Cpu)?,
    })
}

fn model(parameters: &Parameters) -> Result<TileMapVae> {
    TileMapVae::new(&config(), SHAPE, seeded_builder(parameters, 2, &Device::Cpu))
}

impl TileMapVae {
    /// Logits of the window, `[batch, window, height, tiles]`.
    pub(crate) fn logits(&self, batch: &TileBatch, latent: &Tensor) -> Result<Tensor> {
        let columns = self.embed(&batch.tiles)?;
        let context = self.context_of(&columns, &batch.labels)?;
        self.head.forward(&columns, &self.plan(latent, &context)?, &batch.asked)
    }
}

#[test]
fn a_cell_depends_on_no_cell_after_it() -> Result<()> {
    let vae = model(&Parameters::default())?;
    let TileMapShape { tiles, height, window, context, .. } = SHAPE;
    let before = batch(1)?;
    let latent = Tensor::zeros((1, config().latent), DType::F32, &Device::Cpu)?;
    let logits = |batch: &TileBatch| -> Result<Vec<f32>> {
        vae.logits(batch, &latent)?.flatten_all()?.to_vec1()
    };
    let first = logits(&before)?;
    let mut cells = before.tiles.flatten_all()?.to_vec1::<u32>()?;
    let (column, row) = (3, 2);
    let changed = (context + column) * height + row;
    cells[changed] = (cells[changed] + 1) % tiles as u32;
    let shape = (1, context + window, height);
    let after = TileBatch { tiles: Tensor::from_vec(cells, shape, &Device::Cpu)?, ..before };
    let second = logits(&after)?;
    let seen = (column * height + row + 1) * tiles;
    assert_eq!(first[..seen], second[..seen]);
    // The row above sees it, and so do the columns that follow.
    assert_ne!(first[seen..seen + tiles], second[seen..seen + tiles]);
    assert_ne!(first[seen + height * tiles..], second[seen + height * tiles..]);
    Ok(())
}

#[test]
fn the_gradient_of_the_loss_agrees_with_differences_in_every_weight() -> Result<()> {
    let parameters = Parameters::default();
    let vae = model(&parameters)?;
    let batch = batch(2)?;
    let noise = Stream::named(4, "noise").normals(2 * config().latent);
    let noise = Tensor::from_vec(noise, (2, config().latent), &Device::Cpu)?;
    let loss = || Ok(vae.loss(&batch, &noise, 0.7, 0.01)?.total);
    generativa_kernels::check::variable_gradients(2e-3, &parameters.named(), loss)
}

#[test]
fn an_allowance_hides_the_divergence_below_it_from_the_loss() -> Result<()> {
    let vae = model(&Parameters::default())?;
    let (batch, noise) = (batch(2)?, Tensor::zeros((2, 4), DType::F32, &Device::Cpu)?);
    let loss = |allowance| vae.loss(&batch, &noise, 1.0, allowance);
    let scalar = |tensor: &Tensor| tensor.to_scalar::<f32>();
    let (free, bound) = (loss(1e3)?, loss(0.0)?);
    assert_eq!(scalar(&free.total)?, scalar(&free.reconstruction)?);
    let sum = scalar(&bound.reconstruction)? + scalar(&bound.kl)?;
    assert!((scalar(&bound.total)? - sum).abs() < 1e-4 && scalar(&bound.kl)? > 0.0);
    Ok(())
}
