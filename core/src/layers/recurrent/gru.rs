//! The gated recurrent unit in PyTorch's form, see [`kernels::gru`].

use candle::{Result, Tensor};
use candle_nn::VarBuilder;
use generativa_kernels as kernels;
use generativa_kernels::Epilogue;

use super::{Directions, Stack};

/// One or more GRU layers, each over the outputs of the one before.
#[derive(Clone, Debug)]
pub struct Gru(Stack);

impl Gru {
    /// `layers` layers of `hidden` units over `inputs` features. Weights of layer `n`:
    /// `weight_ih_l<n>` `[3 hidden, features]`, `weight_hh_l<n>` `[3 hidden, hidden]`,
    /// `bias_ih_l<n>` and `bias_hh_l<n>` `[3 hidden]`, all uniform on ±1/√hidden, the gates in the
    /// order reset, update, new.
    pub fn new(inputs: usize, hidden: usize, layers: usize, vb: VarBuilder<'_>) -> Result<Self> {
        Ok(Self(Stack::new("gru", 3, [inputs, hidden, layers], Directions::Forward, vb)?))
    }

    /// The same with a second set of weights in every layer, `<name>_reverse`, that runs backwards
    /// in time. Layers above the first see the outputs of both, `2 hidden` features.
    pub fn bidirectional(
        inputs: usize,
        hidden: usize,
        layers: usize,
        vb: VarBuilder<'_>,
    ) -> Result<Self> {
        Ok(Self(Stack::new("gru", 3, [inputs, hidden, layers], Directions::Both, vb)?))
    }

    /// Runs over `x`, `[batch, time, features]`, from the hidden states `start`, `[layers, batch,
    /// hidden]`, or from zeros. Gives the outputs of the last layer, `[batch, time, hidden]`, and
    /// the last state of every layer, `[layers, batch, hidden]`.
    ///
    /// In both directions outputs are `[batch, time, 2 hidden]`, forward then backward, and states
    /// `[2 layers, batch, hidden]`, layer by layer, forward then backward. The last state backward
    /// is the one after the first step of `x`.
    pub fn forward(&self, x: &Tensor, start: Option<&Tensor>) -> Result<(Tensor, Tensor)> {
        let start = self.0.start("start state", start, x)?;
        self.0.run(x, &start, |pass, x, start| {
            // One product for all steps: only the hidden state has to wait for the step before.
            let gates =
                kernels::linear(x, &pass.of_input, Some(&pass.input_bias), Epilogue::Identity)?;
            let states = kernels::gru(&gates, &pass.of_hidden, &pass.hidden_bias, start)?;
            let last = states.narrow(1, x.dim(1)? - 1, 1)?.squeeze(1)?;
            Ok((states, last))
        })
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
    fn everything(gru: &Gru, x: &Tensor) -> Result<Tensor> {
        let start = x.narrow(1, 4, 1)?.transpose(0, 1)?.repeat((gru.0.passes.len(), 1, 1))?;
        let start = start.narrow(2, 0, 2)?;
        let (outputs, last) = gru.forward(&x.narrow(1, 0, 4)?, Some(&start))?;
        Tensor::cat(&[outputs.flatten_all()?, last.flatten_all()?], 0)
    }

    #[test]
    fn a_gru_has_the_gradient_of_its_differences() -> Result<()> {
        layer(&[3, 5, 3], |vb| Gru::new(3, 2, 2, vb), everything)
    }

    #[test]
    fn a_gru_in_both_directions_has_the_gradient_of_its_differences() -> Result<()> {
        layer(&[3, 5, 3], |vb| Gru::bidirectional(3, 2, 2, vb), everything)
    }

    #[test]
    fn a_unit_without_recurrence_gives_known_values() -> Result<()> {
        let value = |values: &[f32], dims: &[usize]| Tensor::from_slice(values, dims, &Device::Cpu);
        // Reset and update gates are σ(0) = 1/2 at any input; new is tanh(x + 1/2 · 1).
        let weights = [
            ("weight_ih_l0", value(&[0.0, 0.0, 1.0], &[3, 1])?),
            ("weight_hh_l0", value(&[0.0; 3], &[3, 1])?),
            ("bias_ih_l0", value(&[0.0; 3], &[3])?),
            ("bias_hh_l0", value(&[0.0, 0.0, 1.0], &[3])?),
        ];
        let weights = weights.map(|(name, weight)| (name.to_string(), weight));
        let gru = Gru::new(1, 1, 1, frozen_builder(weights.into_iter().collect()))?;
        let start = value(&[4.0], &[1, 1, 1])?;
        let (outputs, last) = gru.forward(&value(&[0.5, -0.5], &[1, 2, 1])?, Some(&start))?;
        let first = (4.0 + 1f32.tanh()) / 2.0;
        let outputs = outputs.flatten_all()?.to_vec1::<f32>()?;
        assert!((outputs[0] - first).abs() < 1e-6 && (outputs[1] - first / 2.0).abs() < 1e-6);
        assert_eq!(last.flatten_all()?.to_vec1::<f32>()?, outputs[1..]);
        Ok(())
    }

    #[test]
    fn a_sequence_in_two_halves_is_the_sequence() -> Result<()> {
        let gru = Gru::new(3, 4, 2, seeded_builder(&Parameters::default(), 0, &Device::Cpu))?;
        let x = normals("x", &[2, 7, 3])?;
        let (whole, last) = gru.forward(&x, None)?;
        let (first, state) = gru.forward(&x.narrow(1, 0, 3)?, None)?;
        let (second, end) = gru.forward(&x.narrow(1, 3, 4)?, Some(&state))?;
        let flat = |x: &Tensor| x.flatten_all()?.to_vec1::<f32>();
        assert_eq!(flat(&whole)?, flat(&Tensor::cat(&[first, second], 1)?)?);
        assert_eq!(flat(&last)?, flat(&end)?);
        Ok(())
    }
}
