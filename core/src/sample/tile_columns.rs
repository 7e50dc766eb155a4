//! Draws the tiles of a window column by column, cell by cell.
//!
//! The same function as [`ColumnHead`](crate::models::vae::ColumnHead), unrolled: a tile that is
//! known contributes a row of a table instead of a matrix product (embedding and weight are
//! multiplied once, when the sampler is made), and nothing is computed twice.

use candle::{Result, Tensor};
use generativa_random::Stream;

use crate::models::vae::TileMapVae;

/// The head of one model, unrolled for drawing.
pub struct TileColumns {
    tiles: usize,
    height: usize,
    history: usize,
    cell: usize,
    /// Contribution of a tile to the first layer: `[history, height, tiles + 1, history_hidden]`,
    /// oldest column first.
    earlier: Table,
    /// Contribution of a tile to the hidden units of all rows: `[height, tiles + 1, height * cell]`.
    below: Table,
    /// Contribution of the column to the left, in the same layout.
    left: Table,
    asked: Dense,
    asked_cells: Dense,
    earlier_bias: Vec<f32>,
    cells_bias: Vec<f32>,
    state: Dense,
    spread: Dense,
    plan: Dense,
    cells: Dense,
    logits: Dense,
}

/// What is known of a column before its tiles are drawn.
#[derive(Clone, Copy, Debug)]
pub struct Voice<'a> {
    /// What the decoder plans for it: `[height, plan]`.
    pub plan: &'a [f32],
    /// What is asked of it and those after it: `[told]`.
    pub told: &'a [f32],
    /// Factor on its logits.
    pub weight: f32,
}

impl TileColumns {
    /// Reads the weights of `vae`, which must be on the CPU.
    pub fn new(vae: &TileMapVae) -> Result<Self> {
        let (head, embedding) = (&vae.head, vae.embedding.weight());
        let (kinds, width) = embedding.dims2()?;
        let (height, history) = (vae.shape.height, head.config.history);
        let units = head.config.history_hidden;

        // [history_hidden, height * embedding, history, 1] to [history * height, units, embedding]
        let weight = head.history.weight().reshape((units, height, width, history))?;
        let weight = weight.permute((3, 1, 0, 2))?.contiguous()?;
        let earlier = product(&weight.reshape((history * height, units, width))?, embedding)?;
        let by_row = |weight: &Tensor| -> Result<Table> {
            let weight = weight.reshape(((), height, width))?.transpose(0, 1)?;
            Table::new(&product(&weight.contiguous()?, embedding)?)
        };
        Ok(Self {
            tiles: kinds - 1,
            height,
            history,
            cell: head.config.cell,
            earlier: Table::new(&earlier)?,
            below: by_row(&head.below()?)?,
            left: by_row(head.left.weight())?,
            asked: Dense::new(&head.asked)?,
            asked_cells: Dense::new(&head.asked_cells)?,
            earlier_bias: values(head.history.bias())?,
            cells_bias: bias(&head.left, height * head.config.cell)?,
            state: Dense::new(&head.state)?,
            spread: Dense::new(&head.spread)?,
            plan: Dense::new(&head.plan)?,
            cells: Dense::new(&head.cell)?,
            logits: Dense::new(&head.logits)?,
        })
    }

    /// Appends a column to `columns` (each `height` tiles, row 0 at the bottom), which hold at
    /// least the head's history. Each of `voices` knows something else of it; their logits, each
    /// times its weight, are summed. `choose(row, logits)` picks the tile of a cell.
    pub fn extend(
        &self,
        columns: &mut Vec<Vec<u32>>,
        voices: &[Voice],
        mut choose: impl FnMut(usize, &[f32]) -> u32,
    ) {
        let mut hidden: Vec<_> =
            voices.iter().map(|voice| self.hidden(columns, voice.told)).collect();
        let mut tiles = Vec::with_capacity(self.height);
        let features = self.plan.inputs();
        for row in 0..self.height {
            let mut sum = vec![0.0; self.tiles];
            for (voice, hidden) in voices.iter().zip(&hidden) {
                let units = &hidden[row * self.cell..(row + 1) * self.cell];
                let plan = &voice.plan[row * features..(row + 1) * features];
                let logits = self.cell_logits(units, plan);
                sum.iter_mut().zip(logits).for_each(|(sum, logit)| *sum += voice.weight * logit);
            }
            let tile = choose(row, &sum);
            let below = self.below.row(row * (self.tiles + 1) + tile as usize);
            hidden.iter_mut().for_each(|hidden| add(hidden, below));
            tiles.push(tile);
        }
        columns.push(tiles);
    }

    /// Hidden units of all rows of the next column before any of its cells is known.
    fn hidden(&self, columns: &[Vec<u32>], told: &[f32]) -> Vec<f32> {
        let mut first = self.earlier_bias.clone();
        add(&mut first, &self.asked.apply(told));
        let earlier = &columns[columns.len() - self.history..];
        for (offset, tiles) in earlier.iter().enumerate() {
            for (row, &tile) in tiles.iter().enumerate() {
                let place = (offset * self.height + row) * (self.tiles + 1) + tile as usize;
                add(&mut first, self.earlier.row(place));
            }
        }
        let state = silu(self.state.apply(&silu(first)));
        let mut hidden = self.spread.apply(&state);
        add(&mut hidden, &self.cells_bias);
        add(&mut hidden, &self.asked_cells.apply(told));
        for (row, &tile) in columns.last().into_iter().flatten().enumerate() {
            add(&mut hidden, self.left.row(row * (self.tiles + 1) + tile as usize));
        }
        hidden
    }

    fn cell_logits(&self, units: &[f32], features: &[f32]) -> Vec<f32> {
        let mut hidden = self.plan.apply(features);
        add(&mut hidden, units);
        let hidden = silu(self.cells.apply(&silu(hidden)));
        self.logits.apply(&hidden)
    }
}

/// Draws from softmax(`logits / temperature`), taking one uniform number from the stream.
pub fn draw(logits: &[f32], temperature: f32, stream: &mut Stream) -> u32 {
    stream.weighted(&weights(logits, temperature)) as u32
}

/// ln softmax(`logits / temperature`) of `tile`, in nats: at most 0.
pub fn log_share(logits: &[f32], temperature: f32, tile: u32) -> f64 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f64 = weights(logits, temperature).iter().sum();
    f64::from((logits[tile as usize] - largest) / temperature) - libm::log(total)
}

/// In proportion to softmax(`logits / temperature`), the largest being 1.
fn weights(logits: &[f32], temperature: f32) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weight = |&logit: &f32| f64::from(libm::expf((logit - largest) / temperature));
    logits.iter().map(weight).collect()
}

/// Rows of one length.
struct Table {
    width: usize,
    values: Vec<f32>,
}

impl Table {
    fn new(tensor: &Tensor) -> Result<Self> {
        Ok(Self { width: tensor.dim(candle::D::Minus1)?, values: values(tensor)? })
    }

    fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.width..(row + 1) * self.width]
    }
}

/// A linear layer with one row of weights for each input, so that the inner loop has no reduction
/// and vectorises in the written order.
struct Dense {
    by_input: Table,
    bias: Vec<f32>,
}

impl Dense {
    fn new(linear: &crate::layers::Linear) -> Result<Self> {
        let by_input = Table::new(&linear.weight().t()?.contiguous()?)?;
        let bias = bias(linear, by_input.width)?;
        Ok(Self { by_input, bias })
    }

    fn inputs(&self) -> usize {
        self.by_input.values.len() / self.by_input.width
    }

    fn apply(&self, inputs: &[f32]) -> Vec<f32> {
        let mut out = self.bias.clone();
        for (input, &value) in inputs.iter().enumerate() {
            for (out, weight) in out.iter_mut().zip(self.by_input.row(input)) {
                *out += value * weight;
            }
        }
        out
    }
}

/// `[parts, outputs, embedding]` times the embedding of every tile: `[parts, tiles, outputs]`.
fn product(weight: &Tensor, embedding: &Tensor) -> Result<Tensor> {
    embedding.broadcast_matmul(&weight.transpose(1, 2)?)
}

fn add(sum: &mut [f32], more: &[f32]) {
    for (sum, more) in sum.iter_mut().zip(more) {
        *sum += more;
    }
}

fn silu(mut values: Vec<f32>) -> Vec<f32> {
    for value in &mut values {
        *value /= 1.0 + libm::expf(-*value);
    }
    values
}

fn bias(linear: &crate::layers::Linear, width: usize) -> Result<Vec<f32>> {
    Ok(linear.bias().map(values).transpose()?.unwrap_or_else(|| vec![0.0; width]))
}

fn values(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.flatten_all()?.to_vec1()
}

#[cfg(test)]
mod tests {
    use candle::Device;

    use super::*;
    use crate::layers::{Parameters, seeded_builder};
    use crate::models::vae::tile_map::tests::{SHAPE, batch, config};

    #[test]
    fn drawing_computes_the_logits_that_training_does() -> Result<()> {
        let weights = seeded_builder(&Parameters::default(), 3, &Device::Cpu);
        let vae = TileMapVae::new(&config(), SHAPE, weights)?;
        let batch = batch(1)?;
        let context = vae.context(&batch.tiles, &batch.labels)?;
        let latent = vae.prior(&context)?.mean;
        let expected = vae.logits(&batch, &latent)?.flatten_all()?.to_vec1::<f32>()?;

        let tiles = batch.tiles.squeeze(0)?.to_vec2::<u32>()?;
        let told = batch.asked.squeeze(0)?.to_vec2::<f32>()?;
        let plan = vae.plan(&latent, &context)?.flatten_all()?.to_vec1::<f32>()?;
        let mut columns = tiles[..SHAPE.context].to_vec();
        let mut found = Vec::new();
        let head = TileColumns::new(&vae)?;
        for (number, plan) in plan.chunks_exact(plan.len() / SHAPE.window).enumerate() {
            let voice = Voice { plan, told: &told[number], weight: 1.0 };
            head.extend(&mut columns, &[voice], |row, logits| {
                found.extend_from_slice(logits);
                tiles[SHAPE.context + number][row]
            });
        }
        assert_eq!(columns, tiles);
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{found} is not {expected}");
        }
        Ok(())
    }

    #[test]
    fn the_logits_of_two_voices_are_summed_by_weight() -> Result<()> {
        let weights = seeded_builder(&Parameters::default(), 3, &Device::Cpu);
        let vae = TileMapVae::new(&config(), SHAPE, weights)?;
        let head = TileColumns::new(&vae)?;
        let plan = |value: f32| vec![value; SHAPE.height * config().plan];
        let (plans, told) = ([plan(0.5), plan(-1.0)], [[0.3; SHAPE.told], [0.0; SHAPE.told]]);
        let hear = |voices: &[Voice]| {
            let (mut columns, mut heard) = (vec![vec![0; SHAPE.height]; SHAPE.context], Vec::new());
            head.extend(&mut columns, voices, |_, logits| {
                heard.extend_from_slice(logits);
                1
            });
            heard
        };
        let voice =
            |number: usize, weight| Voice { plan: &plans[number], told: &told[number], weight };
        let (asked, free) = (hear(&[voice(0, 1.0)]), hear(&[voice(1, 1.0)]));
        let guided = hear(&[voice(0, 3.0), voice(1, -2.0)]);
        assert_ne!(asked, free);
        for ((asked, free), guided) in asked.iter().zip(&free).zip(guided) {
            assert!((3.0 * asked - 2.0 * free - guided).abs() < 1e-4);
        }
        Ok(())
    }

    #[test]
    fn the_shares_of_all_tiles_sum_to_one_at_any_temperature() {
        for temperature in [0.1, 1.0, 7.0] {
            let share = |tile| log_share(&[0.0, 90.0, 0.5], temperature, tile).exp();
            assert!(((0..3).map(share).sum::<f64>() - 1.0).abs() < 1e-6);
        }
        assert!((log_share(&[2.0, 2.0], 1.0, 1) + std::f64::consts::LN_2).abs() < 1e-9);
    }

    #[test]
    fn a_low_temperature_takes_the_likeliest_tile() {
        let mut stream = Stream::named(1, "draw");
        let mut drawn = |temperature| -> Vec<u32> {
            (0..200).map(|_| draw(&[0.0, 1.0, 0.5], temperature, &mut stream)).collect()
        };
        assert!(drawn(0.01).iter().all(|&tile| tile == 1));
        assert!([0, 1, 2].iter().all(|tile| drawn(1.0).contains(tile)));
    }
}
