//! A recurrent network with one answer a window or a day, and a short training of it that leaves
//! nothing behind.

use anyhow::Result;
use candle::{Device, Tensor};

use crate::layers::{Gru, Linear, Parameters, seeded_builder};
use crate::train::optimizer::{AdamW, AdamWConfig, assert_every_gradient};

/// A GRU and a linear map of its states.
pub(super) struct Network {
    gru: Gru,
    head: Linear,
    parameters: Parameters,
}

impl Network {
    /// Weights as PyTorch draws them: uniform on ±1/√`hidden`.
    pub(super) fn new(inputs: usize, hidden: usize, seed: u64) -> Result<Self> {
        let parameters = Parameters::default();
        let vb = seeded_builder(&parameters, seed, &Device::Cpu);
        let gru = Gru::new(inputs, hidden, 1, vb.pp("gru"))?;
        let head = Linear::new(hidden, 1, vb.pp("head"))?;
        Ok(Self { gru, head, parameters })
    }

    /// The answer to every day, `[batch, time]`, of `x`, `[batch, time, inputs]`.
    pub(super) fn every_day(&self, x: &Tensor) -> candle::Result<Tensor> {
        let (states, _) = self.gru.forward(x, None)?;
        self.head.forward(&states)?.squeeze(2)
    }

    /// The answer to each window, `[batch]`: that to the last state, or half of it to that and half
    /// to the mean of all states.
    pub(super) fn every_window(&self, x: &Tensor, read: Readout) -> candle::Result<Tensor> {
        let (states, last) = self.gru.forward(x, None)?;
        let last = last.squeeze(0)?;
        let state = match read {
            Readout::Last => last,
            Readout::MeanAndLast => ((states.mean(1)? + last)? * 0.5)?,
        };
        self.head.forward(&state)?.squeeze(1)
    }

    /// `steps` of Adam at a constant `rate`; `loss(step)` is that of one batch.
    pub(super) fn minimise(
        &self,
        steps: u64,
        rate: f64,
        mut loss: impl FnMut(u64) -> Result<Tensor>,
    ) -> Result<()> {
        // Without decay AdamW is Adam.
        let config = AdamWConfig { weight_decay: 0.0, ..AdamWConfig::default() };
        let mut optimizer = AdamW::new(&self.parameters, config, &[])?;
        for step in 0..steps {
            let gradients = loss(step)?.backward()?;
            if step == 0 {
                assert_every_gradient(&self.parameters, &gradients)?;
            }
            optimizer.step(&gradients, rate)?;
        }
        Ok(())
    }
}

/// What of the states a window is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readout {
    Last,
    MeanAndLast,
}

/// The windows at `places`, `[places, time, columns]`.
pub(super) fn batch(windows: &[Vec<f32>], places: &[usize], columns: usize) -> Result<Tensor> {
    let values: Vec<f32> = places.iter().flat_map(|&place| windows[place].clone()).collect();
    let time = windows[0].len() / columns;
    Ok(Tensor::from_vec(values, (places.len(), time, columns), &Device::Cpu)?)
}

/// All of `windows`, `[windows, time, columns]`.
pub(super) fn whole(windows: &[Vec<f32>], columns: usize) -> Result<Tensor> {
    batch(windows, &(0..windows.len()).collect::<Vec<_>>(), columns)
}
