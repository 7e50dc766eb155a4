//! Recurrent layers in PyTorch's form, and what their kinds share: a stack of layers, each over the
//! outputs of the one before, in one direction of time or in both.

pub mod gru;
pub mod lstm;

use candle::{Result, Tensor, bail};
use candle_nn::VarBuilder;

use super::linear::fan_in;
pub use gru::Gru;
pub use lstm::{Lstm, LstmState};

/// The weights of all layers.
#[derive(Clone, Debug)]
struct Stack {
    /// What errors call the layer.
    name: &'static str,
    hidden: usize,
    directions: Directions,
    /// Layer by layer, forward then backward.
    passes: Vec<Pass>,
}

/// The directions of time that every layer runs in.
#[derive(Clone, Copy, Debug)]
enum Directions {
    Forward = 1,
    Both = 2,
}

/// One layer in one direction, its gates stacked.
#[derive(Clone, Debug)]
struct Pass {
    reversed: bool,
    of_input: Tensor,
    of_hidden: Tensor,
    input_bias: Tensor,
    hidden_bias: Tensor,
}

impl Stack {
    /// `gates`: how many a unit has; `sizes`: inputs, hidden units, layers.
    fn new(
        name: &'static str,
        gates: usize,
        sizes: [usize; 3],
        directions: Directions,
        vb: VarBuilder<'_>,
    ) -> Result<Self> {
        let [inputs, hidden, layers] = sizes;
        let (wide, init) = (gates * hidden, fan_in(hidden));
        let mut passes = Vec::new();
        for layer in 0..layers {
            let features = if layer == 0 { inputs } else { directions as usize * hidden };
            for reversed in [false, true].into_iter().take(directions as usize) {
                let ending = if reversed { "_reverse" } else { "" };
                let named = |kind: &str| format!("{kind}_l{layer}{ending}");
                passes.push(Pass {
                    reversed,
                    of_input: vb.get_with_hints((wide, features), &named("weight_ih"), init)?,
                    of_hidden: vb.get_with_hints((wide, hidden), &named("weight_hh"), init)?,
                    input_bias: vb.get_with_hints(wide, &named("bias_ih"), init)?,
                    hidden_bias: vb.get_with_hints(wide, &named("bias_hh"), init)?,
                });
            }
        }
        Ok(Self { name, hidden, directions, passes })
    }

    /// The states before the first step of `x`, `[passes, batch, hidden]`: those given, which
    /// errors call `what`, or zeros.
    fn start(&self, what: &str, given: Option<&Tensor>, x: &Tensor) -> Result<Tensor> {
        let (batch, _, _) = x.dims3()?;
        let expected = [self.passes.len(), batch, self.hidden];
        match given {
            None => Tensor::zeros(&expected, x.dtype(), x.device()),
            Some(given) if given.dims() == expected => Ok(given.clone()),
            Some(given) => {
                bail!("{}: the {what} is {:?}, expected {expected:?}", self.name, given.dims())
            }
        }
    }

    /// Calls `pass` with every pass, its inputs and its entry of `start`, for the outputs of all
    /// steps, `[batch, time, hidden]`, and the last state. Gives the outputs of the last layer,
    /// `[batch, time, directions · hidden]`, and all last states, stacked.
    fn run(
        &self,
        x: &Tensor,
        start: &Tensor,
        pass: impl Fn(&Pass, &Tensor, &Tensor) -> Result<(Tensor, Tensor)>,
    ) -> Result<(Tensor, Tensor)> {
        if x.dim(1)? == 0 || self.passes.is_empty() {
            let layers = self.passes.len() / self.directions as usize;
            bail!("{}: x {:?} and {layers} layers leave nothing to run", self.name, x.dims());
        }
        let (mut outputs, mut last) = (x.clone(), Vec::new());
        for layer in self.passes.chunks(self.directions as usize) {
            let mut sides = Vec::new();
            for weights in layer {
                let start = start.get(last.len())?;
                let (side, state) = pass(weights, &weights.in_order(&outputs)?, &start)?;
                sides.push(weights.in_order(&side)?);
                last.push(state);
            }
            outputs = Tensor::cat(&sides, 2)?;
        }
        Ok((outputs, Tensor::stack(&last, 0)?))
    }
}

impl Pass {
    /// The steps of `x`, `[batch, time, features]`, in the order of this pass, or back from it.
    fn in_order(&self, x: &Tensor) -> Result<Tensor> {
        if self.reversed { x.contiguous()?.flip(&[1]) } else { Ok(x.clone()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::gradient_check::normals;
    use crate::layers::{Parameters, frozen_builder, seeded_builder};
    use candle::Device;

    const BACKWARD: &str = "_reverse";

    /// A seeded bidirectional layer, and layers of one direction with the weights of either of its
    /// directions.
    fn both_and_sides<L>(
        both: fn(usize, usize, usize, VarBuilder<'_>) -> Result<L>,
        one: fn(usize, usize, usize, VarBuilder<'_>) -> Result<L>,
    ) -> Result<(L, [L; 2])> {
        let parameters = Parameters::default();
        let both = both(3, 4, 1, seeded_builder(&parameters, 0, &Device::Cpu))?;
        let weights = parameters.snapshot()?;
        let (backward, forward): (Vec<_>, Vec<_>) =
            weights.into_iter().partition(|(name, _)| name.ends_with(BACKWARD));
        let backward = backward.into_iter().map(|(name, x)| (name.replace(BACKWARD, ""), x));
        let sides = [forward.into_iter().collect(), backward.collect()];
        let [forward, backward] = sides.map(|weights| one(3, 4, 1, frozen_builder(weights)));
        Ok((both, [forward?, backward?]))
    }

    fn flat(x: &Tensor) -> Result<Vec<f32>> {
        x.flatten_all()?.to_vec1()
    }

    #[test]
    fn a_gru_in_both_directions_is_one_over_the_sequence_and_one_over_its_reverse() -> Result<()> {
        let (both, [forward, backward]) = both_and_sides(Gru::bidirectional, Gru::new)?;
        let (x, start) = (normals("x", &[2, 5, 3])?, normals("start", &[2, 2, 4])?);
        let (outputs, last) = both.forward(&x, Some(&start))?;
        let (ahead, last_ahead) = forward.forward(&x, Some(&start.narrow(0, 0, 1)?))?;
        let (back, last_back) = backward.forward(&x.flip(&[1])?, Some(&start.narrow(0, 1, 1)?))?;
        assert_eq!(flat(&outputs)?, flat(&Tensor::cat(&[ahead, back.flip(&[1])?], 2)?)?);
        assert_eq!(flat(&last)?, flat(&Tensor::cat(&[last_ahead, last_back], 0)?)?);
        Ok(())
    }

    #[test]
    fn an_lstm_in_both_directions_is_one_over_the_sequence_and_one_over_its_reverse() -> Result<()>
    {
        let (both, [forward, backward]) = both_and_sides(Lstm::bidirectional, Lstm::new)?;
        let x = normals("x", &[2, 5, 3])?;
        let start = LstmState {
            hidden: normals("hidden", &[2, 2, 4])?,
            cell: normals("cell", &[2, 2, 4])?,
        };
        let of = |side: usize| -> Result<LstmState> {
            let [hidden, cell] = [&start.hidden, &start.cell].map(|x| x.narrow(0, side, 1));
            Ok(LstmState { hidden: hidden?, cell: cell? })
        };
        let (outputs, last) = both.forward(&x, Some(&start))?;
        let (ahead, last_ahead) = forward.forward(&x, Some(&of(0)?))?;
        let (back, last_back) = backward.forward(&x.flip(&[1])?, Some(&of(1)?))?;
        assert_eq!(flat(&outputs)?, flat(&Tensor::cat(&[ahead, back.flip(&[1])?], 2)?)?);
        let hidden = Tensor::cat(&[last_ahead.hidden, last_back.hidden], 0)?;
        assert_eq!(flat(&last.hidden)?, flat(&hidden)?);
        let cell = Tensor::cat(&[last_ahead.cell, last_back.cell], 0)?;
        assert_eq!(flat(&last.cell)?, flat(&cell)?);
        Ok(())
    }

    #[test]
    fn a_start_of_another_shape_is_refused_with_both_shapes() -> Result<()> {
        let vb = || seeded_builder(&Parameters::default(), 0, &Device::Cpu);
        let (x, one) = (normals("x", &[2, 5, 3])?, normals("start", &[1, 2, 4])?);
        let error = Gru::bidirectional(3, 4, 2, vb())?.forward(&x, Some(&one)).map(|_| ());
        let expected = "gru: the start state is [1, 2, 4], expected [4, 2, 4]";
        assert!(error.expect_err("1 is not 4").to_string().contains(expected));
        let start = LstmState { hidden: one.clone(), cell: normals("cell", &[1, 3, 4])? };
        let error = Lstm::new(3, 4, 1, vb())?.forward(&x, Some(&start)).map(|_| ());
        let expected = "lstm: the start cell is [1, 3, 4], expected [1, 2, 4]";
        assert!(error.expect_err("3 is not 2").to_string().contains(expected));
        Ok(())
    }
}
