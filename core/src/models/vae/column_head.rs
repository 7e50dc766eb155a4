//! An autoregressive head over the cells of a tile map: columns from left to right, and the cells
//! of a column from bottom to top.
//!
//! Within a column the dependence is a masked linear layer as in MADE (Germain et al. 2015, arXiv
//! 1502.03509); across columns it is a window of the latest ones. Everything is a matrix product, so
//! training needs no recurrence, and a cell is drawn without computing the others again
//! ([`sample::tile_columns`](crate::sample::tile_columns)).

use candle::{Device, Result, Tensor};
use candle_nn::{Init, VarBuilder};
use generativa_kernels::{Epilogue, linear, silu};
use serde::{Deserialize, Serialize};

use crate::layers::{Conv, Conv2d, Linear};

/// Shape of a [`ColumnHead`].
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnHeadConfig {
    /// Columns to the left that a cell sees.
    pub history: usize,
    /// Width of the first layer over those columns.
    pub history_hidden: usize,
    /// Width of the summary of those columns.
    pub state: usize,
    /// Hidden units of a cell.
    pub cell: usize,
}

/// Logits of every cell, given the plan of the decoder and all cells before it.
pub struct ColumnHead {
    /// A convolution along the columns: `[history_hidden, column, history, 1]`, oldest first.
    pub(crate) history: Conv2d,
    pub(crate) state: Linear,
    /// Summary to the hidden units of each row: `[height * cell, state]`.
    pub(crate) spread: Linear,
    pub(crate) plan: Linear,
    /// Cells below in the same column: `[height * cell, height * embedding]`, before the mask.
    below: Tensor,
    mask: Tensor,
    pub(crate) cell: Linear,
    pub(crate) logits: Linear,
    /// What is asked of the rest of the window, to the summary.
    pub(crate) asked: Linear,
    /// The same, straight to the hidden units of each row.
    pub(crate) asked_cells: Linear,
    /// The column to the left, straight to the hidden units of each row: a pipe's right half must
    /// not pass through the summary.
    pub(crate) left: Linear,
    pub(crate) config: ColumnHeadConfig,
}

/// The sizes that a head shares with the model around it.
pub(crate) struct HeadSurroundings {
    pub(crate) tiles: usize,
    pub(crate) height: usize,
    pub(crate) embedding: usize,
    pub(crate) plan: usize,
    pub(crate) told: usize,
}

impl ColumnHead {
    pub(crate) fn new(
        config: &ColumnHeadConfig,
        around: &HeadSurroundings,
        vb: VarBuilder,
    ) -> Result<Self> {
        let ColumnHeadConfig { history, history_hidden, state, cell } = *config;
        let HeadSurroundings { tiles, height, embedding, plan, told } = *around;
        let column = height * embedding;
        let bound = 1.0 / (column as f64).sqrt();
        let below = vb.get_with_hints(
            (height * cell, column),
            "below",
            Init::Uniform { lo: -bound, up: bound },
        )?;
        Ok(Self {
            history: Conv2d::new(
                column,
                history_hidden,
                (history, 1),
                Conv::PLAIN,
                vb.pp("history"),
            )?,
            state: Linear::new(history_hidden, state, vb.pp("state"))?,
            spread: Linear::new(state, height * cell, vb.pp("spread"))?,
            plan: Linear::new(plan, cell, vb.pp("plan"))?,
            below,
            mask: below_mask(height, cell, embedding, vb.device())?,
            cell: Linear::new(cell, cell, vb.pp("cell"))?,
            logits: Linear::new(cell, tiles, vb.pp("logits"))?,
            asked: Linear::new(told, history_hidden, vb.pp("asked"))?,
            asked_cells: Linear::new(told, height * cell, vb.pp("asked_cells"))?,
            left: Linear::new(column, height * cell, vb.pp("left"))?,
            config: config.clone(),
        })
    }

    /// `columns`: embedded context and window, `[batch, context + window, height * embedding]`.
    /// `plan`: `[batch, window, height, plan]`. `asked`: what each column is told,
    /// `[batch, window, told]`. Returns logits `[batch, window, height, tiles]`; those of a cell
    /// depend on no cell after it.
    pub(crate) fn forward(
        &self,
        columns: &Tensor,
        plan: &Tensor,
        asked: &Tensor,
    ) -> Result<Tensor> {
        let (batch, window, height, _) = plan.dims4()?;
        let context = columns.dim(1)? - window;
        let history = self.config.history;
        let earlier = columns.narrow(1, context - history, window + history - 1)?;
        let earlier = self.history.forward(&earlier.transpose(1, 2)?.unsqueeze(3)?)?;
        let earlier = earlier.squeeze(3)?.transpose(1, 2)?; // [batch, window, history_hidden]
        let summary = silu(&(earlier + self.asked.forward(asked)?)?)?;
        let summary = silu(&self.state.forward(&summary)?)?; // [batch, window, state]

        let current = columns.narrow(1, context, window)?.contiguous()?;
        let below = linear(&current, &self.below()?, None, Epilogue::Identity)?;
        let left = columns.narrow(1, context - 1, window)?.contiguous()?;
        let hidden = (self.spread.forward(&summary)? + below)?;
        let hidden = ((hidden + self.left.forward(&left)?)? + self.asked_cells.forward(asked)?)?;
        let hidden = hidden.reshape((batch, window, height, self.config.cell))?;
        let hidden = silu(&(hidden + self.plan.forward(plan)?)?)?;
        let hidden = silu(&self.cell.forward(&hidden)?)?;
        self.logits.forward(&hidden)
    }

    /// The weights from the cells of a column to those above: `[height * cell, height * embedding]`.
    pub(crate) fn below(&self) -> Result<Tensor> {
        self.below.mul(&self.mask)
    }
}

/// 1 where the hidden units of a row may see the embedding of a row below it, else 0:
/// `[height * cell, height * embedding]`.
fn below_mask(height: usize, cell: usize, embedding: usize, device: &Device) -> Result<Tensor> {
    let mut mask = vec![0f32; height * cell * height * embedding];
    for (unit, row) in mask.chunks_exact_mut(height * embedding).enumerate() {
        // Row 0 is the bottom one: a row sees those with a smaller number.
        row[..unit / cell * embedding].fill(1.0);
    }
    Tensor::from_vec(mask, (height * cell, height * embedding), device)
}
