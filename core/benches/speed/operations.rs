//! Single operations at the shapes that models use.

use std::hint::black_box;

use anyhow::Result;
use candle::{Device, Tensor, Var};
use generativa::layers::{
    Conv, GroupNorm, LayerNorm, Parameters, RmsNorm, VarBuilder, seeded_builder,
};
use generativa_kernels as kernels;
use generativa_kernels::{AdamWStep, Attention, Epilogue, Filter, adamw_step};
use generativa_random::Stream;
use rayon::prelude::*;

use crate::{Case, Work};

/// At most half as much again as PyTorch's time.
const OPERATION: Option<f64> = Some(1.5);

pub(crate) fn cases() -> Vec<Case> {
    let case = |name, about, make| Case { name, about, target: OPERATION, memory: false, make };
    let probe = |name, about, make| Case { name, about, target: None, memory: false, make };
    vec![
        probe("probe-matmul", "1024³ by candle itself", || {
            let (x, weight) = (normals(&[1024, 1024])?, normals(&[1024, 1024])?.t()?);
            forward(move || x.matmul(&weight))
        }),
        probe("probe-read", "sum of 256 MiB", || {
            let x = Stream::named(0, "bench").normals(1 << 26);
            Ok(Box::new(move || {
                black_box(x.par_chunks(1 << 16).map(lanes).sum::<f32>());
                Ok(())
            }))
        }),
        case("matmul-4096", "linear, 4096³", || linear(4096, 4096, 4096)),
        case("matmul-128x768x768", "linear, 128 rows", || linear(128, 768, 768)),
        case("matmul-1x50257x768", "linear, one row", || linear(1, 50257, 768)),
        case("conv-64-128-at-32-y", "3×3, batch 16", || CONV.work(Part::Output)),
        case("conv-64-128-at-32-dx", "its gradient by x", || CONV.work(Part::Input)),
        case("conv-64-128-at-32-dw", "its gradient by the weight", || CONV.work(Part::Weight)),
        case("conv-320-at-64-y", "3×3, batch 1", || WIDE.work(Part::Output)),
        case("conv-320-at-64-dx", "its gradient by x", || WIDE.work(Part::Input)),
        case("conv-320-at-64-dw", "its gradient by the weight", || WIDE.work(Part::Weight)),
        case("conv-stride-2-y", "64→128, 4×4, stride 2, at 32², batch 64", || {
            HALVING.work(Part::Output)
        }),
        case("conv-stride-2-dx", "its gradient by x", || HALVING.work(Part::Input)),
        case("conv-stride-2-dw", "its gradient by the weight", || HALVING.work(Part::Weight)),
        case("conv-transpose-256-128-at-8-y", "4×4, stride 2, batch 64", || {
            DOUBLING.work(Part::Output)
        }),
        case("conv-transpose-256-128-at-8-dx", "its gradient by x", || DOUBLING.work(Part::Input)),
        case("conv-transpose-256-128-at-8-dw", "its gradient by the weight", || {
            DOUBLING.work(Part::Weight)
        }),
        case("conv-transpose-64-3-at-32-y", "4×4, stride 2, batch 64", || {
            TO_COLOUR.work(Part::Output)
        }),
        case("conv-transpose-64-3-at-32-dx", "its gradient by x", || TO_COLOUR.work(Part::Input)),
        case("conv-transpose-64-3-at-32-dw", "its gradient by the weight", || {
            TO_COLOUR.work(Part::Weight)
        }),
        case("depthwise-128-at-32-y", "3×3, batch 16", || depthwise(1, false)),
        case("depthwise-128-at-32-both", "3×3, batch 16, forward and backward", || {
            depthwise(1, true)
        }),
        case("depthwise-stride-2-y", "128 channels, 3×3, at 32², batch 16", || {
            depthwise(2, false)
        }),
        case("depthwise-stride-2-both", "the same, forward and backward", || depthwise(2, true)),
        case("group-norm-silu-both", "16×128×32×32, 32 groups, forward and backward", || {
            let norm = GroupNorm::new(32, 128, 1e-5, weights())?;
            let x = Var::from_tensor(&normals(&[16, 128, 32, 32])?)?;
            backward(move || norm.forward_silu(&x))
        }),
        case("softmax-12288x1024", "over the last dimension", || {
            let x = normals(&[12288, 1024])?;
            forward(move || kernels::softmax(&x))
        }),
        case("layer-norm-4096x768", "with its affine map", || {
            let (norm, x) = (LayerNorm::new(768, 1e-5, weights())?, normals(&[4096, 768])?);
            forward(move || norm.forward(&x))
        }),
        case("rms-norm-4096x768", "with its scale", || {
            let (norm, x) = (RmsNorm::new(768, 1e-6, weights())?, normals(&[4096, 768])?);
            forward(move || norm.forward(&x))
        }),
        case("attention-1024", "10 heads of 64, 1024 places", || {
            attention(&[1, 1024, 640], Attention::full(10, 64))
        }),
        case(
            "attention-causal-1024",
            "12 heads of 64, 1024 places, each sees those before",
            || attention(&[1, 1024, 768], Attention::causal(12, 64)),
        ),
        case(
            "attention-256-both",
            "4 heads of 32, 256 places, batch 16, forward and backward",
            || {
                let x = Var::from_tensor(&normals(&[16, 256, 128])?)?;
                backward(move || kernels::attention(&x, &x, &x, &Attention::full(4, 32)))
            },
        ),
        case("nearest-twice-both", "16×128×16×16, forward and backward", || {
            let x = Var::from_tensor(&normals(&[16, 128, 16, 16])?)?;
            backward(move || kernels::upsample_nearest2d(&x, (2, 2)))
        }),
        case("bilinear-twice", "16×128×16×16", || {
            let x = normals(&[16, 128, 16, 16])?;
            forward(move || kernels::upsample_bilinear2d(&x, (32, 32), false))
        }),
        case("fir-twice", "16×128×16×16, four taps each way", || {
            let x = normals(&[16, 128, 16, 16])?;
            let filter = Filter::separable(&[0.25, 0.75, 0.75, 0.25], &[0.25, 0.75, 0.75, 0.25])?;
            forward(move || kernels::fir2d(&x, &filter, (2, 2), (1, 1), [(2, 1), (2, 1)]))
        }),
        case("tanh-16m", "2²⁴ values", || elementwise(kernels::tanh)),
        case("sigmoid-16m", "2²⁴ values", || elementwise(kernels::sigmoid)),
        case("silu-16m", "2²⁴ values", || elementwise(kernels::silu)),
        case("gelu-16m", "2²⁴ values, tanh form", || elementwise(kernels::gelu)),
        case("gelu-erf-16m", "2²⁴ values, exact form", || elementwise(kernels::gelu_erf)),
        case("geglu-4096x5120", "half of every row gates the other", || {
            let x = normals(&[4096, 5120])?;
            forward(move || kernels::geglu(&x))
        }),
        case("sum-axis-0-4096", "4096×4096 over its rows", || {
            let x = normals(&[4096, 4096])?;
            forward(move || kernels::sum_keepdim(&x, 0))
        }),
        case("bias-gradient", "64×256×32×32 over all but the channels", || {
            let x = normals(&[64, 256, 32, 32])?;
            forward(move || kernels::channel_sum(&x))
        }),
        case("adamw-10m", "one step of 10⁷ weights, beside the fused one", adamw),
    ]
}

/// A sum in lanes that stay in registers, so that memory is what it waits for.
fn lanes(values: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 32];
    for block in values.as_chunks::<32>().0 {
        lanes.iter_mut().zip(block).for_each(|(lane, value)| *lane += value);
    }
    lanes.iter().sum()
}

fn weights() -> VarBuilder<'static> {
    seeded_builder(&Parameters::default(), 0, &Device::Cpu)
}

fn normals(shape: &[usize]) -> Result<Tensor> {
    let values = Stream::named(0, "bench").normals(shape.iter().product());
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
}

/// Work without a tape, whose result is dropped.
fn forward(work: impl Fn() -> candle::Result<Tensor> + 'static) -> Result<Work> {
    Ok(Box::new(move || {
        black_box(work()?);
        Ok(())
    }))
}

/// Work whose sum is differentiated.
fn backward(work: impl Fn() -> candle::Result<Tensor> + 'static) -> Result<Work> {
    Ok(Box::new(move || {
        black_box(work()?.sum_all()?.backward()?);
        Ok(())
    }))
}

fn attention(shape: &[usize], options: Attention<'static>) -> Result<Work> {
    let (q, k, v) = (normals(shape)?, normals(shape)?, normals(shape)?);
    forward(move || kernels::attention(&q, &k, &v, &options))
}

fn elementwise(function: fn(&Tensor) -> candle::Result<Tensor>) -> Result<Work> {
    let x = normals(&[1 << 24])?;
    forward(move || function(&x))
}

fn linear(rows: usize, outputs: usize, inputs: usize) -> Result<Work> {
    let (x, weight) = (normals(&[rows, inputs])?, normals(&[outputs, inputs])?);
    forward(move || kernels::linear(&x, &weight, None, Epilogue::Identity))
}

/// What of a convolution is computed.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Output,
    Input,
    Weight,
}

/// A convolution of square images with square kernels.
struct Shape {
    transposed: bool,
    batch: usize,
    inputs: usize,
    outputs: usize,
    size: usize,
    kernel: usize,
    stride: usize,
}

const CONV: Shape = Shape {
    transposed: false,
    batch: 16,
    inputs: 64,
    outputs: 128,
    size: 32,
    kernel: 3,
    stride: 1,
};
const WIDE: Shape = Shape { batch: 1, inputs: 320, outputs: 320, size: 64, ..CONV };
const HALVING: Shape = Shape { batch: 64, kernel: 4, stride: 2, ..CONV };
const DOUBLING: Shape = Shape { transposed: true, inputs: 256, outputs: 128, size: 8, ..HALVING };
const TO_COLOUR: Shape = Shape { inputs: 64, outputs: 3, size: 32, ..DOUBLING };

impl Shape {
    /// The output, or the backward pass with nothing but the one argument tracked.
    fn work(&self, part: Part) -> Result<Work> {
        let Self { transposed, batch, inputs, outputs, size, kernel, stride } = *self;
        let conv = Conv { stride: (stride, stride), padding: (1, 1), ..Conv::PLAIN };
        let x = normals(&[batch, inputs, size, size])?;
        let (first, second) = if transposed { (inputs, outputs) } else { (outputs, inputs) };
        let weight = normals(&[first, second, kernel, kernel])?;
        let apply = move |x: &Tensor, weight: &Tensor| {
            if transposed {
                kernels::conv_transpose2d(x, weight, None, conv, (0, 0), Epilogue::Identity)
            } else {
                kernels::conv2d(x, weight, None, conv, Epilogue::Identity)
            }
        };
        let y = match part {
            Part::Output => return forward(move || apply(&x, &weight)),
            Part::Input => apply(Var::from_tensor(&x)?.as_tensor(), &weight)?,
            Part::Weight => apply(&x, Var::from_tensor(&weight)?.as_tensor())?,
        };
        Ok(Box::new(move || {
            black_box(y.backward()?);
            Ok(())
        }))
    }
}

/// A convolution of every channel apart, or that and the gradients of both arguments.
fn depthwise(stride: usize, both: bool) -> Result<Work> {
    let conv = Conv { stride: (stride, stride), padding: (1, 1), ..Conv::PLAIN };
    let x = Var::from_tensor(&normals(&[16, 128, 32, 32])?)?;
    let weight = Var::from_tensor(&normals(&[128, 1, 3, 3])?)?;
    let apply = move |x: &Tensor, weight: &Tensor| {
        kernels::depthwise2d(x, weight, None, conv, Epilogue::Identity)
    };
    if both {
        backward(move || apply(&x, &weight))
    } else {
        forward(move || apply(&x.detach(), &weight.detach()))
    }
}

fn adamw() -> Result<Work> {
    let count = 10_000_000;
    let mut stream = Stream::named(0, "bench");
    let (mut weights, gradient) = (stream.normals(count), stream.normals(count));
    let (mut first, mut second) = (vec![0.0; count], vec![0.0; count]);
    let mut step = AdamWStep {
        lr: 1e-3,
        beta1: 0.9,
        beta2: 0.999,
        eps: 1e-8,
        weight_decay: 0.01,
        step: 0,
        gradient_scale: 1.0,
    };
    Ok(Box::new(move || {
        step.step += 1;
        adamw_step(&mut weights, &gradient, &mut first, &mut second, None, &step);
        Ok(())
    }))
}
