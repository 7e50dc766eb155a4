//! A causal temporal convolutional network that refines simulated paths: what a volatility filter
//! with drawn shocks makes goes in, and corrections come out, none at first.
//!
//! Dilated causal convolutions with residual connections after Bai, Kolter & Koltun 2018 (arXiv
//! 1803.01271), as a generator of financial series after Wiese et al. 2020 (Quant GANs, arXiv
//! 1907.06673). There the network makes series of noise alone; here its zero is the filter itself.

use candle::{Result, Tensor};
use candle_nn::{Init, VarBuilder};
use generativa_kernels::{Epilogue, conv1d};
use serde::{Deserialize, Serialize};

use crate::layers::{Activation, Along, Conv1d};

/// Size of a [`Refiner`].
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RefinerConfig {
    /// Width of every layer.
    pub channels: usize,
    /// Blocks; the steps between the two taps of a kernel double from each to the next, from 1.
    pub blocks: usize,
    /// Channels of noise beside those of the path.
    pub noise: usize,
}

impl RefinerConfig {
    /// Steps before its own that a step's correction depends on: 31 for five blocks.
    pub fn memory(&self) -> usize {
        (1 << self.blocks) - 1
    }
}

/// The network.
pub struct Refiner {
    entry: Conv1d,
    blocks: Vec<Block>,
    /// `[outputs, channels, 1]`, zero at first.
    exit: Tensor,
    memory: usize,
}

struct Block {
    dilated: Conv1d,
    mixed: Conv1d,
    dilation: usize,
}

const CURVE: Activation = Activation::Silu;

impl Refiner {
    /// For paths of `inputs` channels, of which `outputs` are corrected. Parameters are named as
    /// the fields.
    pub fn new(
        config: &RefinerConfig,
        inputs: usize,
        outputs: usize,
        vb: VarBuilder,
    ) -> Result<Self> {
        let RefinerConfig { channels, blocks, noise } = *config;
        let block = |number: usize| {
            let dilation = 1 << number;
            let along = Along { stride: 1, padding: (0, 0), dilation };
            let vb = vb.pp(format!("blocks.{number}"));
            Ok(Block {
                dilated: Conv1d::new(channels, channels, 2, along, vb.pp("dilated"))?,
                mixed: Conv1d::new(channels, channels, 1, Along::PLAIN, vb.pp("mixed"))?,
                dilation,
            })
        };
        Ok(Self {
            entry: Conv1d::new(inputs + noise, channels, 1, Along::PLAIN, vb.pp("entry"))?,
            blocks: (0..blocks).map(block).collect::<Result<_>>()?,
            exit: vb.get_with_hints((outputs, channels, 1), "exit.weight", Init::Const(0.0))?,
            memory: config.memory(),
        })
    }

    /// `path`: `[batch, inputs, memory + steps]`, and `noise` of the same length, standard normal;
    /// the result, `[batch, outputs, steps]`, corrects the last `steps`.
    pub fn forward(&self, path: &Tensor, noise: &Tensor) -> Result<Tensor> {
        let all = Tensor::cat(&[path, noise], 1)?;
        let mut x = self.entry.forward_then(&all, CURVE)?;
        for block in &self.blocks {
            let inner = block.dilated.forward_then(&x, CURVE)?;
            let inner = block.mixed.forward(&inner)?;
            let kept = x.narrow(2, block.dilation, inner.dim(2)?)?;
            x = (kept + inner)?;
        }
        conv1d(&x, &self.exit, None, Along::PLAIN, Epilogue::Identity)
    }

    /// Steps before its own that a step's correction depends on.
    pub fn memory(&self) -> usize {
        self.memory
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::gradient_check::normals;
    use crate::layers::{Parameters, seeded_builder};
    use candle::{Device, Var};
    use generativa_kernels::check::variable_gradients;

    const SMALL: RefinerConfig = RefinerConfig { channels: 5, blocks: 3, noise: 2 };

    fn refiner() -> Result<(Parameters, Refiner)> {
        let parameters = Parameters::default();
        let vb = seeded_builder(&parameters, 0, &Device::Cpu);
        Ok((parameters.clone(), Refiner::new(&SMALL, 3, 4, vb)?))
    }

    /// With an exit that lets something out.
    fn opened() -> Result<(Parameters, Refiner)> {
        let (parameters, refiner) = refiner()?;
        for (_, var) in parameters.named().iter().filter(|(name, _)| name == "exit.weight") {
            var.set(&normals("exit", var.dims())?)?;
        }
        Ok((parameters, refiner))
    }

    #[test]
    fn a_fresh_network_corrects_nothing() -> Result<()> {
        let (path, noise) = (normals("path", &[2, 3, 12])?, normals("noise", &[2, 2, 12])?);
        let found = refiner()?.1.forward(&path, &noise)?;
        assert_eq!(found.dims(), [2, 4, 12 - SMALL.memory()]);
        assert_eq!(found.abs()?.sum_all()?.to_scalar::<f32>()?, 0.0);
        Ok(())
    }

    #[test]
    fn a_correction_depends_on_its_step_and_the_memory_and_on_nothing_else() -> Result<()> {
        let (_, refiner) = opened()?;
        let path = Var::from_tensor(&normals("path", &[1, 3, 20])?)?;
        let found = refiner.forward(&path, &normals("noise", &[1, 2, 20])?)?;
        // The sixth result belongs to step 5 + memory.
        let store = found.narrow(2, 5, 1)?.sum_all()?.backward()?;
        let slopes = store.get(&path).expect("a gradient").abs()?.sum(1)?.to_vec2::<f32>()?;
        for (step, slope) in slopes[0].iter().enumerate() {
            assert_eq!(*slope > 0.0, (5..=5 + SMALL.memory()).contains(&step), "step {step}");
        }
        Ok(())
    }

    #[test]
    fn a_path_in_two_pieces_has_the_corrections_of_the_whole() -> Result<()> {
        let (_, refiner) = opened()?;
        let (path, noise) = (normals("path", &[1, 3, 40])?, normals("noise", &[1, 2, 40])?);
        let whole = refiner.forward(&path, &noise)?;
        let part = |start: usize, length: usize| {
            refiner.forward(&path.narrow(2, start, length)?, &noise.narrow(2, start, length)?)
        };
        let first = part(0, 20)?;
        let second = part(20 - SMALL.memory(), 20 + SMALL.memory())?;
        let pieces = Tensor::cat(&[first, second], 2)?;
        assert_eq!(pieces.to_vec3::<f32>()?, whole.to_vec3::<f32>()?);
        Ok(())
    }

    #[test]
    fn its_weights_have_the_gradient_of_their_differences() -> Result<()> {
        let (parameters, refiner) = opened()?;
        let (path, noise) = (normals("path", &[2, 3, 11])?, normals("noise", &[2, 2, 11])?);
        let output = || refiner.forward(&path, &noise);
        variable_gradients(3e-3, &parameters.named(), output)
    }
}
