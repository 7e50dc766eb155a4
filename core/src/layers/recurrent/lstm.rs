//! The long short-term memory in PyTorch's form, see [`kernels::lstm`].

use candle::{Result, Tensor};
use candle_nn::VarBuilder;
use generativa_kernels as kernels;
use generativa_kernels::Epilogue;

use super::{Directions, Stack};

/// One or more LSTM layers, each over the hidden states of the one before.
#[derive(Clone, Debug)]
pub struct Lstm(Stack);

/// What an [`Lstm`] carries from one step to the next, both `[layers, batch, hidden]`, or
/// `[2 layers, batch, hidden]`, layer by layer, forward then backward.
#[derive(Clone, Debug)]
pub struct LstmState {
    /// What the gates and the layer above see.
    pub hidden: Tensor,
    /// The memory.
    pub cell: Tensor,
}

impl Lstm {
    /// `layers` layers of `hidden` units over `inputs` features. Weights of layer `n`:
    /// `weight_ih_l<n>` `[4 hidden, features]`, `weight_hh_l<n>` `[4 hidden, hidden]`,
    /// `bias_ih_l<n>` and `bias_hh_l<n>` `[4 hidden]`, all uniform on ±1/√hidden, the gates in the
    /// order input, forget, cell, output.
    pub fn new(inputs: usize, hidden: usize, layers: usize, vb: VarBuilder<'_>) -> Result<Self> {
        Ok(Self(Stack::new("lstm", 4, [inputs, hidden, layers], Directions::Forward, vb)?))
    }

    /// The same with a second set of weights in every layer, `<name>_reverse`, that runs backwards
    /// in time. Layers above the first see the outputs of both, `2 hidden` features.
    pub fn bidirectional(
        inputs: usize,
        hidden: usize,
        layers: usize,
        vb: VarBuilder<'_>,
    ) -> Result<Self> {
        Ok(Self(Stack::new("lstm", 4, [inputs, hidden, layers], Directions::Both, vb)?))
    }

    /// Runs over `x`, `[batch, time, features]`, from the states `start` or from zeros. Gives the
    /// outputs of the last layer, `[batch, time, hidden]`, and the last states of every layer.
    ///
    /// In both directions outputs are `[batch, time, 2 hidden]`, forward then backward. The last
    /// states backward are those after the first step of `x`.
    pub fn forward(&self, x: &Tensor, start: Option<&LstmState>) -> Result<(Tensor, LstmState)> {
        let hidden = self.0.start("start hidden", start.map(|start| &start.hidden), x)?;
        let cell = self.0.start("start cell", start.map(|start| &start.cell), x)?;
        let start = Tensor::stack(&[hidden, cell], 1)?;
        let (outputs, last) = self.0.run(x, &start, |pass, x, start| {
            // One product for all steps: only the hidden state has to wait for the step before.
            let bias = (&pass.input_bias + &pass.hidden_bias)?;
            let gates = kernels::linear(x, &pass.of_input, Some(&bias), Epilogue::Identity)?;
            let states = kernels::lstm(&gates, &pass.of_hidden, &start.get(0)?, &start.get(1)?)?;
            let last = states.narrow(2, x.dim(1)? - 1, 1)?.squeeze(2)?;
            Ok((states.get(0)?, last))
        })?;
        let [hidden, cell] = [0, 1].map(|kind| last.get_on_dim(1, kind));
        Ok((outputs, LstmState { hidden: hidden?, cell: cell? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::gradient_check::{layer, normals};
    use crate::layers::{Parameters, frozen_builder, seeded_builder};
    use candle::Device;

    /// The outputs over all but the last step of `x` and all last states, in one row, from a start
    /// that the last step gives.
    fn everything(lstm: &Lstm, x: &Tensor) -> Result<Tensor> {
        let start = x.narrow(1, 4, 1)?.transpose(0, 1)?.repeat((lstm.0.passes.len(), 1, 1))?;
        let start = LstmState { hidden: start.narrow(2, 0, 2)?, cell: start.narrow(2, 1, 2)? };
        let (outputs, last) = lstm.forward(&x.narrow(1, 0, 4)?, Some(&start))?;
        let all = [outputs.flatten_all()?, last.hidden.flatten_all()?, last.cell.flatten_all()?];
        Tensor::cat(&all, 0)
    }

    #[test]
    fn an_lstm_has_the_gradient_of_its_differences() -> Result<()> {
        layer(&[3, 5, 3], |vb| Lstm::new(3, 2, 2, vb), everything)
    }

    #[test]
    fn an_lstm_in_both_directions_has_the_gradient_of_its_differences() -> Result<()> {
        layer(&[3, 5, 3], |vb| Lstm::bidirectional(3, 2, 2, vb), everything)
    }

    #[test]
    fn a_unit_without_recurrence_gives_known_values() -> Result<()> {
        let value = |values: &[f32], dims: &[usize]| Tensor::from_slice(values, dims, &Device::Cpu);
        // Input, forget and output gates are σ(0) = 1/2 at any input; new is tanh(x + 1/4 + 3/4).
        let weights = [
            ("weight_ih_l0", value(&[0.0, 0.0, 1.0, 0.0], &[4, 1])?),
            ("weight_hh_l0", value(&[0.0; 4], &[4, 1])?),
            ("bias_ih_l0", value(&[0.0, 0.0, 0.25, 0.0], &[4])?),
            ("bias_hh_l0", value(&[0.0, 0.0, 0.75, 0.0], &[4])?),
        ];
        let weights = weights.map(|(name, weight)| (name.to_string(), weight));
        let lstm = Lstm::new(1, 1, 1, frozen_builder(weights.into_iter().collect()))?;
        let start =
            LstmState { hidden: value(&[7.0], &[1, 1, 1])?, cell: value(&[4.0], &[1, 1, 1])? };
        let (outputs, last) = lstm.forward(&value(&[1.0, -1.0], &[1, 2, 1])?, Some(&start))?;
        let first = (4.0 + 2f32.tanh()) / 2.0;
        let outputs = outputs.flatten_all()?.to_vec1::<f32>()?;
        assert!((outputs[0] - first.tanh() / 2.0).abs() < 1e-6, "first output {}", outputs[0]);
        let cell = last.cell.flatten_all()?.to_vec1::<f32>()?[0];
        assert!((cell - first / 2.0).abs() < 1e-6, "last cell state {cell}");
        assert_eq!(last.hidden.flatten_all()?.to_vec1::<f32>()?, outputs[1..]);
        Ok(())
    }

    #[test]
    fn a_sequence_in_two_halves_is_the_sequence() -> Result<()> {
        let lstm = Lstm::new(3, 4, 2, seeded_builder(&Parameters::default(), 0, &Device::Cpu))?;
        let x = normals("x", &[2, 7, 3])?;
        let (whole, last) = lstm.forward(&x, None)?;
        let (first, state) = lstm.forward(&x.narrow(1, 0, 3)?, None)?;
        let (second, end) = lstm.forward(&x.narrow(1, 3, 4)?, Some(&state))?;
        let flat = |x: &Tensor| x.flatten_all()?.to_vec1::<f32>();
        assert_eq!(flat(&whole)?, flat(&Tensor::cat(&[first, second], 1)?)?);
        assert_eq!(flat(&last.hidden)?, flat(&end.hidden)?);
        assert_eq!(flat(&last.cell)?, flat(&end.cell)?);
        Ok(())
    }
}
