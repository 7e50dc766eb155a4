//! The gated recurrent unit in PyTorch's form, see [`kernels::gru`].

use candle::{Result, Tensor, bail};
use candle_nn::VarBuilder;
use generativa_kernels as kernels;
use generativa_kernels::Epilogue;

use super::linear::fan_in;

/// One or more GRU layers, each over the outputs of the one before.
#[derive(Clone, Debug)]
pub struct Gru {
    hidden: usize,
    layers: Vec<Layer>,
}

/// Gates are stacked in the order reset, update, new.
#[derive(Clone, Debug)]
struct Layer {
    of_input: Tensor,
    of_hidden: Tensor,
    input_bias: Tensor,
    hidden_bias: Tensor,
}

impl Gru {
    /// `layers` layers of `hidden` units over `inputs` features. Weights of layer `n`:
    /// `weight_ih_l<n>` `[3 hidden, features]`, `weight_hh_l<n>` `[3 hidden, hidden]`,
    /// `bias_ih_l<n>` and `bias_hh_l<n>` `[3 hidden]`, all uniform on ±1/√hidden.
    pub fn new(inputs: usize, hidden: usize, layers: usize, vb: VarBuilder<'_>) -> Result<Self> {
        let (gates, init) = (3 * hidden, fan_in(hidden));
        let layer = |index: usize| {
            let features = if index == 0 { inputs } else { hidden };
            let named = |kind: &str| format!("{kind}_l{index}");
            Ok(Layer {
                of_input: vb.get_with_hints((gates, features), &named("weight_ih"), init)?,
                of_hidden: vb.get_with_hints((gates, hidden), &named("weight_hh"), init)?,
                input_bias: vb.get_with_hints(gates, &named("bias_ih"), init)?,
                hidden_bias: vb.get_with_hints(gates, &named("bias_hh"), init)?,
            })
        };
        Ok(Self { hidden, layers: (0..layers).map(layer).collect::<Result<_>>()? })
    }

    /// Runs over `x`, `[batch, time, features]`, from the hidden states `start`, `[layers, batch,
    /// hidden]`, or from zeros. Gives the outputs of the last layer, `[batch, time, hidden]`, and
    /// the last state of every layer, `[layers, batch, hidden]`.
    pub fn forward(&self, x: &Tensor, start: Option<&Tensor>) -> Result<(Tensor, Tensor)> {
        let (batch, time, _) = x.dims3()?;
        let expected = [self.layers.len(), batch, self.hidden];
        if let Some(start) = start.filter(|start| start.dims() != expected) {
            bail!("gru: the start state is {:?}, expected {expected:?}", start.dims());
        }
        if time == 0 || self.layers.is_empty() {
            bail!("gru: x {:?} and {} layers leave nothing to run", x.dims(), self.layers.len());
        }
        let (mut outputs, mut last) = (x.clone(), Vec::new());
        for (index, layer) in self.layers.iter().enumerate() {
            let state = match start {
                Some(start) => start.get(index)?,
                None => Tensor::zeros((batch, self.hidden), x.dtype(), x.device())?,
            };
            outputs = layer.run(&outputs, &state)?;
            last.push(outputs.narrow(1, time - 1, 1)?.squeeze(1)?);
        }
        Ok((outputs, Tensor::stack(&last, 0)?))
    }
}

impl Layer {
    /// The states after every step, `[batch, time, hidden]`.
    fn run(&self, x: &Tensor, start: &Tensor) -> Result<Tensor> {
        // One product for all steps: only the hidden state has to wait for the step before.
        let bias = Some(&self.input_bias);
        let gates = kernels::linear(x, &self.of_input, bias, Epilogue::Identity)?;
        kernels::gru(&gates, &self.of_hidden, &self.hidden_bias, start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::gradient_check::{layer, normals};
    use crate::layers::{Parameters, frozen_builder, seeded_builder};
    use candle::Device;

    #[test]
    fn a_gru_has_the_gradient_of_its_differences() -> Result<()> {
        let both = |gru: &Gru, x: &Tensor| {
            let (outputs, last) = gru.forward(&x.narrow(1, 0, 4)?, None)?;
            outputs + last.get(0)?.unsqueeze(1)?.broadcast_as((3, 4, 2))?
        };
        layer(&[3, 5, 3], |vb| Gru::new(3, 2, 2, vb), both)
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
