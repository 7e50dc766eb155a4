//! The transposed convolution: what the gradient of a convolution does to its outputs, with the
//! same weight. `y` is the sum of one kernel for each input pixel, laid `stride` apart.

use candle::{Result, Tensor, bail};

use crate::conv2d::{Conv, Part, add_bias};
use crate::demand;
use crate::epilogue::Epilogue;
use crate::window::Window;

/// Spreads `x`, `[batch, inputs, rows, columns]`, with `weight`, `[inputs, outputs, kernel height,
/// kernel width]`, the layout of PyTorch, adds `bias`, `[outputs]`, and applies `epilogue`.
///
/// The result is `[batch, outputs, height, width]`, `height = (rows − 1)·stride − 2·padding +
/// dilation·(kernel − 1) + 1 + output padding`, width likewise. `output_padding`, (vertical,
/// horizontal), is less than the stride. f32 or f64, any strides. Fails where channels differ or
/// nothing is left.
pub fn conv_transpose2d(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    conv: Conv,
    output_padding: (usize, usize),
    epilogue: Epilogue,
) -> Result<Tensor> {
    let ((_, _, rows, columns), kernel) = (x.dims4()?, weight.dims4()?);
    let mut window = conv.window((0, 0), (kernel.2, kernel.3));
    let image = window.image_of((rows, columns), output_padding);
    let (true, Some(image)) = (fits(x, weight, bias, &window), image) else {
        bail!(
            "conv_transpose2d: x {:?}, weight {:?}, bias {:?}, {conv:?} and output padding \
             {output_padding:?} do not fit; expected [batch, inputs, rows, columns], [inputs, \
             outputs, kernel, kernel], [outputs], a result that is not empty, and an output \
             padding below the stride",
            x.dims(),
            weight.dims(),
            bias.map(Tensor::dims)
        );
    };
    window.image = image;
    if demand::fast_with("conv_transpose2d", &[x, weight], bias)? {
        Part::Input.of(window).then(epilogue).apply(x, weight, bias)
    } else {
        epilogue.forward(&reference(x, weight, bias, window)?)
    }
}

/// Whether channels agree, nothing but the batch is empty and the kernel moves.
pub(crate) fn fits(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, window: &Window) -> bool {
    let (x, weight) = (x.dims(), weight.dims());
    x[1] == weight[0]
        && x[1..].iter().chain(weight).all(|&size| size > 0)
        && bias.is_none_or(|bias| bias.dims() == [weight[1]])
        && window.moves()
}

/// A sum over the taps of the kernel of one product each, laid out with zeros between, in candle
/// operations. `at` is the window over the result.
pub(crate) fn reference(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    at: Window,
) -> Result<Tensor> {
    let ((batch, inputs, rows, columns), (_, outputs, ..)) = (x.dims4()?, weight.dims4()?);
    let (down_step, across_step) = at.stride;
    let flat = x.reshape((batch, inputs, rows * columns))?;
    let canvas = (
        at.image.0 + at.padding.0 + at.behind.0 + down_step - 1,
        at.image.1 + at.padding.1 + at.behind.1 + across_step - 1,
    );
    let mut y = Tensor::zeros((batch, outputs, canvas.0, canvas.1), x.dtype(), x.device())?;
    for down in 0..at.kernel.0 {
        for across in 0..at.kernel.1 {
            let tap = weight.narrow(2, down, 1)?.narrow(3, across, 1)?;
            let (down, across) = (down * at.dilation.0, across * at.dilation.1);
            let tap = tap.reshape((1, inputs, outputs))?.transpose(1, 2)?;
            let laid = tap
                .broadcast_as((batch, outputs, inputs))?
                .contiguous()?
                .matmul(&flat)?
                .reshape(vec![batch * outputs, rows, 1, columns, 1])?
                .pad_with_zeros(2, 0, down_step - 1)?
                .pad_with_zeros(4, 0, across_step - 1)?
                .reshape((batch, outputs, rows * down_step, columns * across_step))?
                .pad_with_zeros(2, down, canvas.0 - down - rows * down_step)?
                .pad_with_zeros(3, across, canvas.1 - across - columns * across_step)?;
            y = (y + laid)?;
        }
    }
    let y = y.narrow(2, at.padding.0, at.image.0)?.narrow(3, at.padding.1, at.image.1)?;
    add_bias(&y, bias)
}

#[cfg(test)]
mod tests {
    use candle::DType;

    use super::*;
    use crate::check::{agrees, gradients, normals};
    use crate::{conv2d, epilogue};

    const IDENTITY: Epilogue = Epilogue::Identity;

    /// Kernel, stride, padding, output padding.
    const CASES: [[(usize, usize); 4]; 5] = [
        [(4, 4), (2, 2), (1, 1), (0, 0)],
        [(3, 3), (2, 2), (1, 1), (1, 0)],
        [(3, 2), (1, 1), (0, 1), (0, 0)],
        [(1, 1), (1, 1), (0, 0), (0, 0)],
        [(2, 3), (3, 2), (0, 0), (2, 1)],
    ];

    fn inputs() -> Result<impl Fn((usize, usize)) -> Result<[Tensor; 3]>> {
        let (x, bias) = (normals("x", &[3, 2, 3, 4])?, normals("bias", &[5])?);
        Ok(move |kernel: (usize, usize)| {
            Ok([x.clone(), normals("weight", &[2, 5, kernel.0, kernel.1])?, bias.clone()])
        })
    }

    #[test]
    fn one_pixel_becomes_the_kernel() -> Result<()> {
        let x = Tensor::new(&[[[[2f32, 0.0]]]], &candle::Device::Cpu)?;
        let weight = Tensor::new(&[[[[1f32, 2.0, 3.0]]]], x.device())?;
        let conv = Conv { stride: (1, 2), padding: (0, 1), ..Conv::PLAIN };
        let y = conv_transpose2d(&x, &weight, None, conv, (0, 1), IDENTITY)?;
        assert_eq!(y.flatten_all()?.to_vec1::<f32>()?, [4.0, 6.0, 0.0, 0.0]);
        Ok(())
    }

    #[test]
    fn it_is_the_gradient_of_the_convolution() -> Result<()> {
        let conv = Conv { stride: (2, 2), padding: (1, 1), ..Conv::PLAIN };
        let (image, weight) = (normals("image", &[2, 3, 8, 7])?, normals("w", &[4, 3, 3, 3])?);
        let image = candle::Var::from_tensor(&image)?;
        let y = conv2d(&image, &weight, None, conv, IDENTITY)?;
        let seed = normals("seed", y.dims())?;
        let store = (y * &seed)?.sum_all()?.backward()?;
        let expected = store.get(&image).expect("tracked").flatten_all()?.to_vec1::<f32>()?;
        let found = conv_transpose2d(&seed, &weight, None, conv, (1, 0), IDENTITY)?;
        assert_eq!(found.dims(), [2, 3, 8, 7]);
        assert_eq!(found.flatten_all()?.to_vec1::<f32>()?, expected);
        Ok(())
    }

    #[test]
    fn the_fast_path_agrees_with_its_reference() -> Result<()> {
        let inputs = inputs()?;
        for [kernel, stride, padding, extra] in CASES {
            let conv = Conv { stride, padding, dilation: (1, kernel.1) };
            let slow = |x: &[Tensor]| {
                let x: Vec<_> = x.iter().map(|x| x.to_dtype(DType::F64)).collect::<Result<_>>()?;
                conv_transpose2d(&x[0], &x[1], x.get(2), conv, extra, IDENTITY)?
                    .to_dtype(DType::F32)
            };
            let fast =
                |x: &[Tensor]| conv_transpose2d(&x[0], &x[1], x.get(2), conv, extra, IDENTITY);
            agrees(fast, slow, &inputs(kernel)?, 1e-5)?;
            for epilogue in epilogue::tests::ALL {
                let slow = |x: &[Tensor]| epilogue.forward(&slow(x)?);
                let fast =
                    |x: &[Tensor]| conv_transpose2d(&x[0], &x[1], x.get(2), conv, extra, epilogue);
                agrees(fast, slow, &inputs(kernel)?, 1e-5)?;
            }
            agrees(fast, slow, &inputs(kernel)?[..2], 1e-5)?;
        }
        Ok(())
    }

    #[test]
    fn both_paths_have_the_gradient_of_their_differences() -> Result<()> {
        let inputs = inputs()?;
        for [kernel, stride, padding, extra] in CASES {
            let conv = Conv { stride, padding, dilation: (1, kernel.1) };
            let run =
                |x: &[Tensor]| conv_transpose2d(&x[0], &x[1], Some(&x[2]), conv, extra, IDENTITY);
            let inputs = inputs(kernel)?;
            gradients(2e-3, &inputs, run)?;
            let doubles: Vec<_> =
                inputs.iter().map(|x| x.to_dtype(DType::F64)).collect::<Result<_>>()?;
            gradients(1e-8, &doubles, run)?;
        }
        Ok(())
    }

    #[test]
    fn an_output_padding_of_a_stride_is_refused() -> Result<()> {
        let [x, weight, _] = inputs()?((2, 2))?;
        let error = conv_transpose2d(&x, &weight, None, Conv::PLAIN, (1, 0), IDENTITY);
        assert!(error.expect_err("stride 1").to_string().contains("output padding (1, 0)"));
        Ok(())
    }
}
