//! `y[b, o, i, j] = bias[o] + Σ x[b, c, i·stride + u − padding, j·stride + v − padding] ·
//! weight[o, c, u, v]`, a cross-correlation as in every framework.

use candle::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, bail};

use crate::channel_sum::channel_sum;
use crate::convolve::Convolution;
use crate::demand::{self, gradient_of};
use crate::depthwise::Planes;
use crate::epilogue::Epilogue;
use crate::window::Window;

/// How a kernel moves over an image; all pairs are (vertical, horizontal).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv {
    /// Pixels from one position to the next, at least 1.
    pub stride: (usize, usize),
    /// Zeros added on either side.
    pub padding: (usize, usize),
    /// Pixels from one tap of the kernel to the next, at least 1.
    pub dilation: (usize, usize),
}

impl Conv {
    /// Stride 1, no padding, taps side by side.
    pub const PLAIN: Self = Self { stride: (1, 1), padding: (0, 0), dilation: (1, 1) };

    pub(crate) fn window(self, image: (usize, usize), kernel: (usize, usize)) -> Window {
        let Self { stride, padding, dilation } = self;
        Window { image, kernel, stride, dilation, padding, behind: padding }
    }
}

impl Default for Conv {
    /// [`Conv::PLAIN`].
    fn default() -> Self {
        Self::PLAIN
    }
}

/// Convolves `x`, `[batch, inputs, height, width]`, with `weight`, `[outputs, inputs, kernel
/// height, kernel width]`, adds `bias`, `[outputs]`, and applies `epilogue`.
///
/// The result is `[batch, outputs, rows, columns]`, where `rows` is one more than `(height +
/// 2·padding − dilation·(kernel − 1) − 1) / stride` rounded down, and columns likewise. f32 or
/// f64, any strides. An image has the same bits in any batch. Fails where channels differ or the
/// kernel exceeds the padded image.
pub fn conv2d(
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
            "conv2d: x {:?}, weight {:?}, bias {:?} and {conv:?} do not fit; expected [batch, \
             inputs, height, width], [outputs, inputs, kernel, kernel], [outputs], none \
             of them 0 but the batch, a kernel within the padded image and positive strides and \
             dilations",
            x.dims(),
            weight.dims(),
            bias.map(Tensor::dims)
        );
    }
    if demand::fast_with("conv2d", &[x, weight], bias)? {
        Part::Output.of(window).then(epilogue).apply(x, weight, bias)
    } else {
        epilogue.forward(&reference(x, weight, bias, window)?)
    }
}

/// Whether there are positions, channels agree and nothing but the batch is empty.
pub(crate) fn fits(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, window: &Window) -> bool {
    let (x, weight) = (x.dims(), weight.dims());
    x[1] == weight[1]
        && x[1..].iter().chain(weight).all(|&size| size > 0)
        && bias.is_none_or(|bias| bias.dims() == [weight[0]])
        && window.moves()
        && window.positions().is_some()
}

/// A sum over the taps of the kernel of one product each, in candle operations.
pub(crate) fn reference(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    at: Window,
) -> Result<Tensor> {
    let ((batch, inputs, ..), (outputs, ..)) = (x.dims4()?, weight.dims4()?);
    let (rows, columns) = at.positions().unwrap_or((0, 0));
    // Enough below and to the right that every tap meets whole strides.
    let padded = x.pad_with_zeros(2, at.padding.0, at.behind.0 + at.stride.0 - 1)?.pad_with_zeros(
        3,
        at.padding.1,
        at.behind.1 + at.stride.1 - 1,
    )?;
    let mut y = Tensor::zeros((batch, outputs, rows * columns), x.dtype(), x.device())?;
    for down in 0..at.kernel.0 {
        for across in 0..at.kernel.1 {
            let tap = (down * at.dilation.0, across * at.dilation.1);
            let seen = seen_by_tap(&padded, tap, (rows, columns), at.stride)?.flatten_from(2)?;
            let tap = weight.narrow(2, down, 1)?.narrow(3, across, 1)?;
            let tap = tap.reshape((1, outputs, inputs))?.broadcast_as((batch, outputs, inputs))?;
            y = (y + tap.contiguous()?.matmul(&seen)?)?;
        }
    }
    add_bias(&y.reshape((batch, outputs, rows, columns))?, bias)
}

/// What one tap of a kernel, (down, across), sees of a padded image from all positions, `[batch,
/// channels, rows, columns]`, in candle operations. The image goes on for `stride − 1` pixels below
/// and to the right.
pub(crate) fn seen_by_tap(
    padded: &Tensor,
    tap: (usize, usize),
    (rows, columns): (usize, usize),
    stride: (usize, usize),
) -> Result<Tensor> {
    let (batch, channels, ..) = padded.dims4()?;
    padded
        .narrow(2, tap.0, rows * stride.0)?
        .narrow(3, tap.1, columns * stride.1)?
        .reshape(vec![batch * channels, rows, stride.0, columns, stride.1])?
        .narrow(2, 0, 1)?
        .narrow(4, 0, 1)?
        .reshape((batch, channels, rows, columns))
}

/// `x[b, c, ..] + bias[c]` in candle operations.
pub(crate) fn add_bias(x: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    match bias {
        Some(bias) => x.broadcast_add(&bias.reshape((1, (), 1, 1))?),
        None => Ok(x.clone()),
    }
}

/// The three tensors of `y = weight * x`. Each is linear in the other two, so the derivatives of
/// an operation are the other two operations, and gradients of any order stay here.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    /// `y` of `x` and `weight`.
    Output,
    /// `x` of `y` and `weight`: the transposed convolution.
    Input,
    /// `weight` of `x` and `y`.
    Weight,
}

impl Part {
    /// Every output channel sums over all channels of the input.
    pub(crate) fn of(self, window: Window) -> Operation {
        Operation { part: self, window, apart: false, epilogue: Epilogue::Identity }
    }

    /// Every channel has a kernel of its own: weights are `[channels, 1, ..]`.
    pub(crate) fn apart(self, window: Window) -> Operation {
        Operation { apart: true, ..self.of(window) }
    }
}

/// One of the three over images of a fixed size, `[batch, channels, height, width]`, or over
/// sequences, `[batch, channels, length]`, which are images of one row.
#[derive(Clone, Copy)]
pub(crate) struct Operation {
    part: Part,
    window: Window,
    /// Whether channels do not meet.
    apart: bool,
    epilogue: Epilogue,
}

impl Operation {
    /// The same with `epilogue` behind it, which only outputs and inputs can have.
    pub(crate) fn then(self, epilogue: Epilogue) -> Self {
        Self { epilogue, ..self }
    }

    /// `bias`, one value a channel of the result, is for outputs and inputs.
    pub(crate) fn apply(self, a: &Tensor, b: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        let (a, b) = (a.contiguous()?, b.contiguous()?);
        match bias {
            None => a.apply_op2(&b, self),
            Some(bias) => a.apply_op3(&b, &bias.contiguous()?, self),
        }
    }

    fn label(&self) -> &'static str {
        match (self.part, self.apart) {
            (Part::Output, false) => "conv2d",
            (Part::Input, false) => "conv_transpose2d",
            (Part::Weight, false) => "conv2d: gradient of weight",
            (Part::Output, true) => "depthwise2d",
            (Part::Input, true) => "depthwise2d: gradient of x",
            (Part::Weight, true) => "depthwise2d: gradient of weight",
        }
    }

    fn forward(
        &self,
        a: (&CpuStorage, &Layout),
        b: (&CpuStorage, &Layout),
        bias: Option<&[f32]>,
    ) -> Result<(CpuStorage, Shape)> {
        let Self { window, epilogue, .. } = *self;
        let (batch, first) = (a.1.dims()[0], a.1.dims()[1]);
        let (second, third) = (b.1.dims()[0], b.1.dims()[1]);
        let rank = a.1.dims().len();
        let (a, b) =
            (demand::values(self.label(), a.0, a.1)?, demand::values(self.label(), b.0, b.1)?);
        let of = |inputs, outputs| Convolution { window, inputs, outputs };
        let planes = Planes { window, channels: first };
        let (values, channels) = match (self.part, self.apart) {
            (Part::Output, false) => {
                (of(first, second).output(a, b, bias, epilogue), [batch, second])
            }
            (Part::Input, false) => (of(third, first).input(a, b, bias, epilogue), [batch, third]),
            (Part::Weight, false) => (of(first, third).weight(a, b), [third, first]),
            (Part::Output, true) => (planes.output(a, b, bias, epilogue), [batch, first]),
            (Part::Input, true) => (planes.input(a, b, bias, epilogue), [batch, first]),
            (Part::Weight, true) => (planes.weight(a, b), [first, 1]),
        };
        let size = match self.part {
            Part::Output => window.positions().unwrap_or((0, 0)),
            Part::Input => window.image,
            Part::Weight => window.kernel,
        };
        let size = [size.0, size.1];
        // A sequence has no height.
        let shape = [&channels, &size[4 - rank..]].concat();
        Ok((CpuStorage::F32(values), Shape::from(shape)))
    }

    /// `gradient` is that of the product, before the epilogue.
    fn gradients(
        &self,
        a: &Tensor,
        b: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let ((of_a, a_left, a_right), (of_b, b_left, b_right)) = match self.part {
            Part::Output => ((Part::Input, gradient, b), (Part::Weight, a, gradient)),
            Part::Input => ((Part::Output, gradient, b), (Part::Weight, gradient, a)),
            Part::Weight => ((Part::Input, b, gradient), (Part::Output, a, gradient)),
        };
        let of = |part| Self { part, epilogue: Epilogue::Identity, ..*self };
        Ok((
            gradient_of(a, || of(of_a).apply(a_left, a_right, None))?,
            gradient_of(b, || of(of_b).apply(b_left, b_right, None))?,
        ))
    }
}

impl CustomOp2 for Operation {
    fn name(&self) -> &'static str {
        self.label()
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.forward((a, a_layout), (b, b_layout), None)
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        y: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        self.gradients(a, b, &self.epilogue.gradient(y, gradient)?)
    }
}

impl CustomOp3 for Operation {
    fn name(&self) -> &'static str {
        self.label()
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let bias = demand::values(self.label(), bias, bias_layout)?;
        self.forward((a, a_layout), (b, b_layout), Some(bias))
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        bias: &Tensor,
        y: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let gradient = self.epilogue.gradient(y, gradient)?;
        let (of_a, of_b) = self.gradients(a, b, &gradient)?;
        Ok((of_a, of_b, gradient_of(bias, || channel_sum(&gradient))?))
    }
}

#[cfg(test)]
mod tests;
