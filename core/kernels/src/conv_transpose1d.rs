//! The transposed convolution along a sequence: what the gradient of [`conv1d`](crate::conv1d())
//! does to its outputs, with the same weight.

use candle::{Result, Tensor, bail};

use crate::conv_transpose2d;
use crate::conv1d::Along;
use crate::conv2d::Part;
use crate::demand;
use crate::epilogue::Epilogue;
use crate::window::Window;

/// Spreads `x`, `[batch, inputs, positions]`, with `weight`, `[inputs, outputs, kernel]`, the
/// layout of PyTorch, adds `bias`, `[outputs]`, and applies `epilogue`.
///
/// The result is `[batch, outputs, length]`, `length = (positions − 1)·stride − paddings +
/// dilation·(kernel − 1) + 1 + output padding`. `output_padding` is less than the stride. f32 or
/// f64, any strides. Fails where channels differ or nothing is left.
pub fn conv_transpose1d(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    along: Along,
    output_padding: usize,
    epilogue: Epilogue,
) -> Result<Tensor> {
    let ((_, _, positions), (_, _, kernel)) = (x.dims3()?, weight.dims3()?);
    let mut window = along.window(0, kernel);
    let image = window.image_of((1, positions), (0, output_padding));
    let (true, Some(image)) = (conv_transpose2d::fits(x, weight, bias, &window), image) else {
        bail!(
            "conv_transpose1d: x {:?}, weight {:?}, bias {:?}, {along:?} and output padding \
             {output_padding} do not fit; expected [batch, inputs, positions], [inputs, outputs, \
             kernel], [outputs], a result that is not empty, and an output padding below the \
             stride",
            x.dims(),
            weight.dims(),
            bias.map(Tensor::dims)
        );
    };
    window.image = image;
    if demand::fast_with("conv_transpose1d", &[x, weight], bias)? {
        Part::Input.of(window).then(epilogue).apply(x, weight, bias)
    } else {
        epilogue.forward(&reference(x, weight, bias, window)?)
    }
}

fn reference(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, at: Window) -> Result<Tensor> {
    conv_transpose2d::reference(&x.unsqueeze(2)?, &weight.unsqueeze(2)?, bias, at)?.squeeze(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{agrees, gradients, normals};

    /// Movement and output padding.
    const CASES: [(Along, usize); 4] = [
        (Along::PLAIN, 0),
        (Along { stride: 2, padding: (1, 1), dilation: 1 }, 1),
        (Along { stride: 3, padding: (0, 2), dilation: 2 }, 2),
        (Along::causal(4, 2), 0),
    ];

    #[test]
    fn one_step_becomes_the_kernel() -> Result<()> {
        let x = Tensor::new(&[[[2f32, 0.0]]], &candle::Device::Cpu)?;
        let weight = Tensor::new(&[[[1f32, 2.0, 3.0]]], x.device())?;
        let along = Along { stride: 2, padding: (1, 0), dilation: 1 };
        let y = conv_transpose1d(&x, &weight, None, along, 0, Epilogue::Identity)?;
        assert_eq!(y.flatten_all()?.to_vec1::<f32>()?, [4.0, 6.0, 0.0, 0.0]);
        Ok(())
    }

    #[test]
    fn the_fast_path_agrees_with_its_reference_and_the_differences() -> Result<()> {
        for (along, extra) in CASES {
            let inputs =
                [normals("x", &[3, 2, 9])?, normals("weight", &[2, 5, 4])?, normals("bias", &[5])?];
            let fast = |x: &[Tensor]| {
                conv_transpose1d(&x[0], &x[1], x.get(2), along, extra, Epilogue::Identity)
            };
            let slow = |x: &[Tensor]| {
                let mut at = along.window(0, 4);
                at.image = at.image_of((1, 9), (0, extra)).expect("fits");
                reference(&x[0], &x[1], x.get(2), at)
            };
            agrees(fast, slow, &inputs, 1e-5)?;
            agrees(fast, slow, &inputs[..2], 1e-5)?;
            gradients(2e-3, &inputs, fast)?;
        }
        Ok(())
    }

    #[test]
    fn an_output_padding_of_a_stride_is_refused() -> Result<()> {
        let (x, weight) = (normals("x", &[1, 2, 3])?, normals("weight", &[2, 1, 4])?);
        let error = conv_transpose1d(&x, &weight, None, Along::PLAIN, 1, Epilogue::Identity);
        assert!(error.expect_err("stride 1").to_string().contains("output padding 1"));
        Ok(())
    }
}
