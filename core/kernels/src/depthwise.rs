//! `y[b, c, i, j] = bias[c] + Σ x[b, c, i·stride + u·dilation − padding, j·stride + v·dilation −
//! padding] · weight[c, 0, u, v]`: every channel has a kernel of its own and meets no other.

use candle::{Result, Tensor, bail};

use crate::conv1d::Along;
use crate::conv2d::{Conv, Part, add_bias, seen_by_tap};
use crate::demand;
use crate::epilogue::Epilogue;
use crate::window::Window;

mod plan;
mod planes;
mod weight;

pub(crate) use planes::Planes;

/// Convolves every channel of `x`, `[batch, channels, height, width]`, with its kernel in `weight`,
/// `[channels, 1, kernel height, kernel width]`, adds `bias`, `[channels]`, and applies `epilogue`:
/// PyTorch's `conv2d` of as many groups as channels.
///
/// The result is `[batch, channels, rows, columns]`, sized as that of [`conv2d`](crate::conv2d).
/// f32 or f64, any strides; differentiable to every order. An image has the same bits in any batch.
/// Fails where channels differ or the kernel exceeds the padded image.
pub fn depthwise2d(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    conv: Conv,
    epilogue: Epilogue,
) -> Result<Tensor> {
    let ((_, _, height, width), kernel) = (x.dims4()?, weight.dims4()?);
    let window = conv.window((height, width), (kernel.2, kernel.3));
    if !fits(x, weight, bias, &window) {
        bail!(
            "depthwise2d: x {:?}, weight {:?}, bias {:?} and {conv:?} do not fit; expected [batch, \
             channels, height, width], [channels, 1, kernel, kernel], [channels], none of them 0 \
             but the batch, a kernel within the padded image and positive strides and dilations",
            x.dims(),
            weight.dims(),
            bias.map(Tensor::dims)
        );
    }
    if demand::fast_with("depthwise2d", &[x, weight], bias)? {
        Part::Output.apart(window).then(epilogue).apply(x, weight, bias)
    } else {
        epilogue.forward(&reference(x, weight, bias, window)?)
    }
}

/// Convolves every channel of `x`, `[batch, channels, length]`, with its kernel in `weight`,
/// `[channels, 1, kernel]`, adds `bias`, `[channels]`, and applies `epilogue`.
///
/// The result is `[batch, channels, positions]`, sized as that of [`conv1d`](crate::conv1d). f32 or
/// f64, any strides; differentiable to every order. A sequence has the same bits in any batch.
/// Fails where channels differ or the kernel exceeds the padded sequence.
pub fn depthwise1d(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    along: Along,
    epilogue: Epilogue,
) -> Result<Tensor> {
    let ((_, _, length), (_, _, kernel)) = (x.dims3()?, weight.dims3()?);
    let window = along.window(length, kernel);
    if !fits(x, weight, bias, &window) {
        bail!(
            "depthwise1d: x {:?}, weight {:?}, bias {:?} and {along:?} do not fit; expected \
             [batch, channels, length], [channels, 1, kernel], [channels], none of them 0 but the \
             batch, a kernel within the padded sequence and a positive stride and dilation",
            x.dims(),
            weight.dims(),
            bias.map(Tensor::dims)
        );
    }
    if demand::fast_with("depthwise1d", &[x, weight], bias)? {
        Part::Output.apart(window).then(epilogue).apply(x, weight, bias)
    } else {
        let (x, weight) = (x.unsqueeze(2)?, weight.unsqueeze(2)?);
        epilogue.forward(&reference(&x, &weight, bias, window)?.squeeze(2)?)
    }
}

/// Whether there are positions, every channel has its kernel and nothing but the batch is empty.
fn fits(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, window: &Window) -> bool {
    let (x, weight) = (x.dims(), weight.dims());
    weight[..2] == [x[1], 1]
        && x[1..].iter().chain(weight).all(|&size| size > 0)
        && bias.is_none_or(|bias| bias.dims() == [x[1]])
        && window.moves()
        && window.positions().is_some()
}

/// A sum over the taps of the kernel, in candle operations.
fn reference(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, at: Window) -> Result<Tensor> {
    let (batch, channels, ..) = x.dims4()?;
    let positions = at.positions().unwrap_or((0, 0));
    // Enough below and to the right that every tap meets whole strides.
    let padded = x.pad_with_zeros(2, at.padding.0, at.behind.0 + at.stride.0 - 1)?.pad_with_zeros(
        3,
        at.padding.1,
        at.behind.1 + at.stride.1 - 1,
    )?;
    let mut y = Tensor::zeros((batch, channels, positions.0, positions.1), x.dtype(), x.device())?;
    for down in 0..at.kernel.0 {
        for across in 0..at.kernel.1 {
            let tap = (down * at.dilation.0, across * at.dilation.1);
            let seen = seen_by_tap(&padded, tap, positions, at.stride)?;
            let tap = weight.narrow(2, down, 1)?.narrow(3, across, 1)?;
            y = (y + seen.broadcast_mul(&tap.reshape((1, channels, 1, 1))?)?)?;
        }
    }
    add_bias(&y, bias)
}

#[cfg(test)]
mod tests;
