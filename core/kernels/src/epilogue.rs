//! What may follow a product in the same pass, while its values are in the cache: functions whose
//! slope is known from their value, so that nothing but the result need be kept for the gradient.

use candle::{Result, Tensor};

use crate::vector::widest;
use crate::{exponential, relu, sigmoid, tanh};

/// A function of every element of a product.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Epilogue {
    /// The product itself.
    #[default]
    Identity,
    /// `max(x, 0)`.
    Relu,
    /// `x` where positive, else this slope times `x`. The slope must not be negative: the sign of
    /// the result would no longer tell that of `x`.
    LeakyRelu(f32),
    /// `tanh x`.
    Tanh,
    /// `1 / (1 + e^-x)`.
    Sigmoid,
}

impl Epilogue {
    /// Applies the function in place.
    pub(crate) fn apply(self, values: &mut [f32]) {
        fn each(values: &mut [f32], function: impl Fn(f32) -> f32) {
            widest(|| values.iter_mut().for_each(|value| *value = function(*value)));
        }
        match self {
            Self::Identity => {}
            Self::Relu => each(values, |x| relu::leaky(x, 0.0)),
            Self::LeakyRelu(slope) => each(values, move |x| relu::leaky(x, slope)),
            Self::Tanh => each(values, exponential::tanh),
            Self::Sigmoid => each(values, exponential::sigmoid),
        }
    }

    /// The function as an operation of its own.
    pub(crate) fn forward(self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Identity => Ok(x.clone()),
            Self::Relu => relu::relu(x),
            Self::LeakyRelu(slope) => relu::leaky_relu(x, f64::from(slope)),
            Self::Tanh => tanh::tanh(x),
            Self::Sigmoid => sigmoid::sigmoid(x),
        }
    }

    /// The gradient before the function from that behind it; `y` is what the function gave. f32 on
    /// the CPU.
    pub(crate) fn gradient(self, y: &Tensor, gradient: &Tensor) -> Result<Tensor> {
        match self {
            Self::Identity => Ok(gradient.clone()),
            Self::Relu => relu::gate(y, gradient, 0.0),
            Self::LeakyRelu(slope) => relu::gate(y, gradient, slope),
            Self::Tanh => tanh::slope(y, gradient),
            Self::Sigmoid => sigmoid::slope(y, gradient),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// One of each.
    pub(crate) const ALL: [Epilogue; 5] = [
        Epilogue::Identity,
        Epilogue::Relu,
        Epilogue::LeakyRelu(0.2),
        Epilogue::Tanh,
        Epilogue::Sigmoid,
    ];

    #[test]
    fn in_place_and_as_an_operation_the_bits_are_the_same() -> Result<()> {
        let x = crate::check::normals("x", &[1003])?;
        for epilogue in ALL {
            let mut values = x.to_vec1::<f32>()?;
            epilogue.apply(&mut values);
            assert_eq!(values, epilogue.forward(&x)?.to_vec1::<f32>()?, "{epilogue:?}");
        }
        Ok(())
    }
}
