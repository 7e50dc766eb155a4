//! `y[b, o, i] = bias[o] + Σ x[b, c, i·stride + u·dilation − padding] · weight[o, c, u]`: a
//! convolution along a sequence, which is an image of one row.

use candle::{Result, Tensor, bail};

use crate::conv2d::{self, Part};
use crate::demand;
use crate::epilogue::Epilogue;
use crate::window::Window;

/// How a kernel moves along a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Along {
    /// Steps from one position to the next, at least 1.
    pub stride: usize,
    /// Zeros added (before, behind).
    pub padding: (usize, usize),
    /// Steps from one tap of the kernel to the next, at least 1.
    pub dilation: usize,
}

impl Along {
    /// Stride 1, no padding, taps side by side.
    pub const PLAIN: Self = Self { stride: 1, padding: (0, 0), dilation: 1 };

    /// A kernel that sees its own step and steps before it, never one that follows: as many outputs
    /// as inputs (van den Oord et al. 2016, arXiv 1609.03499).
    pub const fn causal(kernel: usize, dilation: usize) -> Self {
        Self { stride: 1, padding: (kernel.saturating_sub(1) * dilation, 0), dilation }
    }

    pub(crate) fn window(self, length: usize, kernel: usize) -> Window {
        Window {
            image: (1, length),
            kernel: (1, kernel),
            stride: (1, self.stride),
            dilation: (1, self.dilation),
            padding: (0, self.padding.0),
            behind: (0, self.padding.1),
        }
    }
}

impl Default for Along {
    /// [`Along::PLAIN`].
    fn default() -> Self {
        Self::PLAIN
    }
}

/// Convolves `x`, `[batch, inputs, length]`, with `weight`, `[outputs, inputs, kernel]`, adds
/// `bias`, `[outputs]`, and applies `epilogue`.
///
/// The result is `[batch, outputs, positions]`, one position more than `(length + paddings −
/// dilation·(kernel − 1) − 1) / stride` rounded down. f32 or f64, any strides. A sequence has the
/// same bits in any batch. Fails where channels differ or the kernel exceeds the padded sequence.
pub fn conv1d(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    along: Along,
    epilogue: Epilogue,
) -> Result<Tensor> {
    let ((_, _, length), (_, _, kernel)) = (x.dims3()?, weight.dims3()?);
    let window = along.window(length, kernel);
    if !conv2d::fits(x, weight, bias, &window) {
        bail!(
            "conv1d: x {:?}, weight {:?}, bias {:?} and {along:?} do not fit; expected [batch, \
             inputs, length], [outputs, inputs, kernel], [outputs], none of them 0 but the batch, \
             a kernel within the padded sequence and a positive stride and dilation",
            x.dims(),
            weight.dims(),
            bias.map(Tensor::dims)
        );
    }
    if demand::fast_with("conv1d", &[x, weight], bias)? {
        Part::Output.of(window).then(epilogue).apply(x, weight, bias)
    } else {
        epilogue.forward(&reference(x, weight, bias, window)?)
    }
}

fn reference(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, at: Window) -> Result<Tensor> {
    conv2d::reference(&x.unsqueeze(2)?, &weight.unsqueeze(2)?, bias, at)?.squeeze(2)
}

#[cfg(test)]
mod tests {
    use candle::{DType, Device};

    use super::*;
    use crate::check::{agrees, gradients, normals};

    const CASES: [Along; 5] = [
        Along::PLAIN,
        Along { padding: (1, 1), ..Along::PLAIN },
        Along { stride: 2, padding: (1, 2), dilation: 1 },
        Along { stride: 3, padding: (0, 0), dilation: 2 },
        Along::causal(3, 4),
    ];

    #[test]
    fn a_causal_kernel_sees_its_step_and_the_one_a_dilation_before() -> Result<()> {
        let x = Tensor::new(&[[[1f32, 2.0, 3.0, 4.0]]], &Device::Cpu)?;
        let weight = Tensor::new(&[[[10f32, 1.0]]], &Device::Cpu)?;
        let y = conv1d(&x, &weight, None, Along::causal(2, 2), Epilogue::Identity)?;
        assert_eq!(y.flatten_all()?.to_vec1::<f32>()?, [1.0, 2.0, 13.0, 24.0]);
        Ok(())
    }

    #[test]
    fn the_fast_convolution_agrees_with_its_reference() -> Result<()> {
        for along in CASES {
            for (batch, length) in [(3, 13), (1, 700)] {
                let inputs = [
                    normals("x", &[batch, 2, length])?,
                    normals("weight", &[5, 2, 3])?,
                    normals("bias", &[5])?,
                ];
                let at = along.window(length, 3);
                let fast = |x: &[Tensor]| conv1d(&x[0], &x[1], x.get(2), along, Epilogue::Tanh);
                let slow = |x: &[Tensor]| reference(&x[0], &x[1], x.get(2), at)?.tanh();
                agrees(fast, slow, &inputs, 1e-5)?;
                agrees(fast, slow, &inputs[..2], 1e-5)?;
            }
        }
        Ok(())
    }

    #[test]
    fn both_paths_have_the_gradient_of_their_differences() -> Result<()> {
        for along in CASES {
            let inputs =
                [normals("x", &[2, 2, 9])?, normals("weight", &[3, 2, 3])?, normals("bias", &[3])?];
            let run = |x: &[Tensor]| conv1d(&x[0], &x[1], Some(&x[2]), along, Epilogue::Identity);
            gradients(2e-3, &inputs, run)?;
            let doubles =
                inputs.iter().map(|x| x.to_dtype(DType::F64)).collect::<Result<Vec<_>>>()?;
            gradients(1e-8, &doubles, run)?;
        }
        Ok(())
    }

    #[test]
    fn a_kernel_beyond_the_sequence_and_a_stride_of_0_are_refused() -> Result<()> {
        let (x, weight) = (normals("x", &[1, 2, 3])?, normals("weight", &[1, 2, 4])?);
        for along in [Along::PLAIN, Along { stride: 0, padding: (2, 2), dilation: 1 }] {
            let error = conv1d(&x, &weight, None, along, Epilogue::Identity);
            assert!(error.expect_err("does not fit").to_string().contains("x [1, 2, 3]"));
        }
        Ok(())
    }
}
