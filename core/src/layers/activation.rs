//! The nonlinearities that a config can name.

use candle::{Result, Tensor};
use generativa_kernels as kernels;
use generativa_kernels::Epilogue;
use serde::{Deserialize, Serialize};

/// A function of every element.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `max(x, 0)`, slope 0 at 0.
    Relu,
    /// `x` where positive, else this slope times `x`.
    LeakyRelu(f64),
    /// `x σ(x)`.
    Silu,
    /// The tanh form of `x Φ(x)`.
    Gelu,
    /// `x Φ(x)` itself, with `Φ` the standard normal distribution function.
    GeluErf,
    /// `tanh x`.
    Tanh,
    /// `1 / (1 + e^-x)`.
    Sigmoid,
    /// `log(1 + e^x)`, finite for any `x`.
    Softplus,
}

impl Activation {
    /// Any shape to the same shape.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match *self {
            Self::Relu => kernels::relu(x),
            Self::LeakyRelu(slope) => kernels::leaky_relu(x, slope),
            Self::Silu => kernels::silu(x),
            Self::Gelu => kernels::gelu(x),
            Self::GeluErf => kernels::gelu_erf(x),
            Self::Tanh => kernels::tanh(x),
            Self::Sigmoid => kernels::sigmoid(x),
            Self::Softplus => kernels::softplus(x),
        }
    }

    /// This function of a product, in the pass of the product where that can have it: one node of
    /// the tape less, and one pass over memory each way.
    pub(crate) fn of_product(
        &self,
        product: impl FnOnce(Epilogue) -> Result<Tensor>,
    ) -> Result<Tensor> {
        match *self {
            Self::Relu => product(Epilogue::Relu),
            Self::LeakyRelu(slope) if slope >= 0.0 => product(Epilogue::LeakyRelu(slope as f32)),
            Self::Tanh => product(Epilogue::Tanh),
            Self::Sigmoid => product(Epilogue::Sigmoid),
            _ => self.forward(&product(Epilogue::Identity)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::gradient_check::normals;

    const ALL: [Activation; 8] = [
        Activation::Relu,
        Activation::LeakyRelu(0.2),
        Activation::Silu,
        Activation::Gelu,
        Activation::GeluErf,
        Activation::Tanh,
        Activation::Sigmoid,
        Activation::Softplus,
    ];

    #[test]
    fn activations_have_the_gradient_of_their_differences() -> Result<()> {
        let x = normals("x", &[3, 5, 7])?;
        let x = (&x + x.sign()?)?; // away from the kinks
        for activation in ALL {
            kernels::check::gradients(2e-3, std::slice::from_ref(&x), |x| {
                activation.forward(&x[0])
            })?;
        }
        Ok(())
    }

    #[test]
    fn in_the_pass_of_a_product_a_function_gives_what_it_gives_behind_it() -> Result<()> {
        let x = normals("x", &[100])?;
        for activation in ALL.into_iter().chain([Activation::LeakyRelu(-0.5)]) {
            let product = |epilogue| {
                kernels::linear(&x.unsqueeze(1)?, &x.unsqueeze(1)?, None, epilogue)?.flatten_all()
            };
            let behind = activation.forward(&product(Epilogue::Identity)?)?;
            let within = activation.of_product(product)?;
            assert_eq!(within.to_vec1::<f32>()?, behind.to_vec1::<f32>()?, "{activation:?}");
        }
        Ok(())
    }

    #[test]
    fn activations_have_known_values_at_one() -> Result<()> {
        let one = Tensor::new(1f32, &candle::Device::Cpu)?;
        let expected =
            [1.0, 1.0, 0.731_058_6, 0.841_192, 0.841_344_7, 0.761_594_2, 0.731_058_6, 1.313_261_7];
        for (activation, expected) in ALL.into_iter().zip(expected) {
            let found = activation.forward(&one)?.to_scalar::<f32>()?;
            assert!((found - expected).abs() < 1e-6, "{activation:?} gives {found}");
        }
        Ok(())
    }

    #[test]
    fn a_config_names_both_forms_of_gelu() -> serde_json::Result<()> {
        for (name, activation) in [("gelu", Activation::Gelu), ("gelu_erf", Activation::GeluErf)] {
            let quoted = format!("\"{name}\"");
            assert_eq!(serde_json::from_str::<Activation>(&quoted)?, activation);
            assert_eq!(serde_json::to_string(&activation)?, quoted);
        }
        Ok(())
    }
}
