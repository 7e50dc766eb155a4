//! The affine map `y = x Wᵀ + b`.

use candle::{Result, Tensor};
use candle_nn::{Init, VarBuilder};
use generativa_kernels as kernels;
use generativa_kernels::Epilogue;

use super::Activation;

/// An affine map of the last dimension.
#[derive(Clone, Debug)]
pub struct Linear {
    weight: Tensor,
    bias: Option<Tensor>,
}

impl Linear {
    /// From `inputs` features to `outputs`. Weights `weight` `[outputs, inputs]` and `bias`
    /// `[outputs]`, both uniform on ±1/√inputs.
    pub fn new(inputs: usize, outputs: usize, vb: VarBuilder<'_>) -> Result<Self> {
        let bias = vb.get_with_hints(outputs, "bias", fan_in(inputs))?;
        Ok(Self { bias: Some(bias), ..Self::without_bias(inputs, outputs, vb)? })
    }

    /// The same without a bias.
    pub fn without_bias(inputs: usize, outputs: usize, vb: VarBuilder<'_>) -> Result<Self> {
        let weight = vb.get_with_hints((outputs, inputs), "weight", fan_in(inputs))?;
        Ok(Self { weight, bias: None })
    }

    /// `[.., inputs]` to `[.., outputs]`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        kernels::linear(x, &self.weight, self.bias.as_ref(), Epilogue::Identity)
    }

    /// `activation` of [`forward`](Self::forward), in the same pass where it can be.
    pub fn forward_then(&self, x: &Tensor, activation: Activation) -> Result<Tensor> {
        activation.of_product(|e| kernels::linear(x, &self.weight, self.bias.as_ref(), e))
    }

    /// `[outputs, inputs]`.
    pub fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// `[outputs]`.
    pub fn bias(&self) -> Option<&Tensor> {
        self.bias.as_ref()
    }
}

/// Uniform on ±1/√`inputs`, PyTorch's default for values that are sums over `inputs`.
pub(crate) fn fan_in(inputs: usize) -> Init {
    let bound = 1.0 / (inputs.max(1) as f64).sqrt();
    Init::Uniform { lo: -bound, up: bound }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::gradient_check;

    #[test]
    fn linear_has_the_gradient_of_its_differences() -> Result<()> {
        gradient_check::layer(&[3, 2, 5], |vb| Linear::new(5, 3, vb), Linear::forward)?;
        gradient_check::layer(&[3, 5], |vb| Linear::without_bias(5, 7, vb), Linear::forward)?;
        let silu = |layer: &Linear, x: &Tensor| layer.forward_then(x, Activation::Silu);
        gradient_check::layer(&[3, 5], |vb| Linear::new(5, 7, vb), silu)
    }

    #[test]
    fn a_known_map_gives_known_values() -> Result<()> {
        let device = candle::Device::Cpu;
        let weight = Tensor::new(&[[1f32, 2.0], [3.0, 4.0], [0.0, -1.0]], &device)?;
        let bias = Tensor::new(&[10f32, 20.0, 30.0], &device)?;
        let layer = Linear { weight, bias: Some(bias) };
        let y = layer.forward(&Tensor::new(&[1f32, -1.0], &device)?)?;
        assert_eq!(y.to_vec1::<f32>()?, [9.0, 19.0, 31.0]);
        Ok(())
    }
}
