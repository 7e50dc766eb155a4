//! Operations on tensors give the same bits on any number of threads, forward and backward.

use candle::{Result, Tensor, Var};

use crate::check::normals;
use crate::{
    Along, Attention, Conv, Epilogue, Filter, conv_transpose1d, conv_transpose2d, conv1d, conv2d,
    fir2d,
};

/// An operation, and the shapes of what it is given.
type Operation = fn(&[Tensor]) -> Result<Tensor>;

const PADDED: Conv = Conv { stride: (1, 1), padding: (1, 1), ..Conv::PLAIN };
const STEPPING: Along = Along { stride: 2, padding: (1, 0), dilation: 1 };
const HALVING: Conv = Conv { stride: (2, 2), padding: (1, 1), ..Conv::PLAIN };

const OPERATIONS: &[(&str, Operation, &[&[usize]])] = &[
    ("add", |x| crate::add(&x[0], &x[1], Epilogue::Tanh), &[&[40_000], &[40_000]]),
    ("shift_channels", |x| crate::shift_channels(&x[0], &x[1]), &[&[20, 6, 900], &[20, 6]]),
    ("channels_last", |x| crate::channels_last(&x[0]), &[&[20, 6, 900]]),
    (
        "scale_channels",
        |x| crate::scale_channels(&x[0], &x[1], Some(&x[2]), Epilogue::Relu),
        &[&[20, 6, 900], &[20, 6], &[6]],
    ),
    (
        "attention",
        |x| crate::attention(&x[0], &x[1], &x[2], &Attention::causal(4, 5)),
        &[&[2, 140, 20], &[2, 140, 10], &[2, 140, 6]],
    ),
    (
        "linear",
        |x| crate::linear(&x[0], &x[1], Some(&x[2]), Epilogue::Tanh),
        &[&[700, 33], &[70, 33], &[70]],
    ),
    (
        "linear, one row",
        |x| crate::linear(&x[0], &x[1], None, Epilogue::Identity),
        &[&[1, 600], &[1030, 600]],
    ),
    (
        "conv2d",
        |x| conv2d(&x[0], &x[1], Some(&x[2]), PADDED, Epilogue::LeakyRelu(0.2)),
        &[&[19, 3, 9, 7], &[5, 3, 3, 3], &[5]],
    ),
    (
        "conv2d, one image",
        |x| conv2d(&x[0], &x[1], Some(&x[2]), PADDED, Epilogue::LeakyRelu(0.2)),
        &[&[1, 3, 40, 37], &[5, 3, 3, 3], &[5]],
    ),
    (
        "conv1d",
        |x| conv1d(&x[0], &x[1], Some(&x[2]), Along::causal(3, 2), Epilogue::Relu),
        &[&[19, 3, 70], &[5, 3, 3], &[5]],
    ),
    (
        "conv_transpose1d",
        |x| conv_transpose1d(&x[0], &x[1], Some(&x[2]), STEPPING, 1, Epilogue::Identity),
        &[&[19, 3, 70], &[3, 5, 4], &[5]],
    ),
    (
        "conv_transpose2d",
        |x| conv_transpose2d(&x[0], &x[1], Some(&x[2]), HALVING, (0, 0), Epilogue::Relu),
        &[&[19, 3, 5, 7], &[3, 5, 4, 4], &[5]],
    ),
    (
        "depthwise2d",
        |x| crate::depthwise2d(&x[0], &x[1], Some(&x[2]), PADDED, Epilogue::LeakyRelu(0.2)),
        &[&[19, 7, 30, 17], &[7, 1, 3, 3], &[7]],
    ),
    (
        "depthwise2d, strided",
        |x| crate::depthwise2d(&x[0], &x[1], Some(&x[2]), HALVING, Epilogue::Identity),
        &[&[19, 7, 30, 17], &[7, 1, 4, 3], &[7]],
    ),
    (
        "depthwise2d, one plane",
        |x| crate::depthwise2d(&x[0], &x[1], Some(&x[2]), PADDED, Epilogue::Tanh),
        &[&[1, 1, 330, 219], &[1, 1, 3, 3], &[1]],
    ),
    (
        "depthwise1d",
        |x| crate::depthwise1d(&x[0], &x[1], None, Along::causal(4, 2), Epilogue::Relu),
        &[&[19, 7, 700], &[7, 1, 4]],
    ),
    ("upsample_nearest2d", |x| crate::upsample_nearest2d(&x[0], (2, 3)), &[&[5, 7, 30, 19]]),
    ("avg_pool2d", |x| crate::avg_pool2d(&x[0], (2, 3)), &[&[5, 7, 60, 57]]),
    (
        "upsample_bilinear2d",
        |x| crate::upsample_bilinear2d(&x[0], (70, 61), false),
        &[&[5, 7, 30, 19]],
    ),
    (
        "upsample_bilinear2d, one plane",
        |x| crate::upsample_bilinear2d(&x[0], (270, 361), true),
        &[&[1, 1, 130, 119]],
    ),
    (
        "fir2d, separable",
        |x| {
            let filter = Filter::separable(&[1.0, 3.0, 2.0], &[1.0, 3.0, 3.0, 1.0])?;
            fir2d(&x[0], &filter, (2, 2), (1, 1), [(2, 1), (2, 1)])
        },
        &[&[5, 7, 30, 19]],
    ),
    (
        "fir2d, one plane",
        |x| {
            let filter = Filter::new(&[1.0, 3.0, 2.0, 0.5], (2, 2))?;
            fir2d(&x[0], &filter, (1, 1), (2, 1), [(1, 0), (0, 1)])
        },
        &[&[1, 1, 330, 219]],
    ),
    ("gru", |x| crate::gru(&x[0], &x[1], &x[2], &x[3]), &[&[50, 4, 21], &[21, 7], &[21], &[50, 7]]),
    (
        "group_norm",
        |x| crate::group_norm(&x[0], &x[1], &x[2], 3, 1e-5, true),
        &[&[20, 6, 900], &[6], &[6]],
    ),
    ("layer_norm", |x| crate::layer_norm(&x[0], &x[1], &x[2], 1e-5), &[&[900, 37], &[37], &[37]]),
    (
        "lstm",
        |x| crate::lstm(&x[0], &x[1], &x[2], &x[3]),
        &[&[50, 4, 28], &[28, 7], &[50, 7], &[50, 7]],
    ),
    ("rms_norm", |x| crate::rms_norm(&x[0], &x[1], 1e-5), &[&[900, 37], &[37]]),
    ("softmax", |x| crate::softmax(&x[0]), &[&[900, 37]]),
    ("log_softmax", |x| crate::log_softmax(&x[0]), &[&[900, 37]]),
    ("squared_error", |x| crate::squared_error(&x[0], &x[1]), &[&[3, 40_001], &[3, 40_001]]),
    ("sum over rows", |x| crate::sum_keepdim(&x[0], 0), &[&[9000, 7]]),
    ("sum along rows", |x| crate::sum_keepdim(&x[0], 1), &[&[9000, 7]]),
    ("channel_sum", |x| crate::channel_sum(&x[0]), &[&[90, 7, 33]]),
    ("geglu", |x| crate::geglu(&x[0]), &[&[900, 74]]),
    ("swiglu", |x| crate::swiglu(&x[0]), &[&[900, 74]]),
    ("gelu", |x| crate::gelu(&x[0]), &[&[40_000]]),
    ("gelu_erf", |x| crate::gelu_erf(&x[0]), &[&[40_000]]),
    ("relu", |x| crate::relu(&x[0]), &[&[40_000]]),
    ("leaky_relu", |x| crate::leaky_relu(&x[0], 0.2), &[&[40_000]]),
    ("silu", |x| crate::silu(&x[0]), &[&[40_000]]),
    ("sigmoid", |x| crate::sigmoid(&x[0]), &[&[40_000]]),
    ("softplus", |x| crate::softplus(&x[0]), &[&[40_000]]),
    ("sum between", |x| crate::sum_keepdim(&x[0], 1), &[&[900, 7, 9]]),
    ("tanh", |x| crate::tanh(&x[0]), &[&[40_000]]),
];

/// Bits of the value and of every gradient.
fn bits(operation: Operation, shapes: &[&[usize]], threads: usize) -> Result<Vec<Vec<u32>>> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("a pool of few threads").install(|| {
        let named = |(index, shape): (usize, &&[usize])| normals(&format!("x{index}"), shape);
        let inputs: Vec<Var> = (shapes.iter().enumerate())
            .map(|input| Var::from_tensor(&named(input)?))
            .collect::<Result<_>>()?;
        let tensors: Vec<Tensor> = inputs.iter().map(|input| input.as_tensor().clone()).collect();
        let y = operation(&tensors)?;
        let store = y.sqr()?.backward()?;
        let gradients = inputs.iter().map(|input| store.get(input).expect("tracked").clone());
        let flat = |x: Tensor| -> Result<Vec<u32>> {
            Ok(x.flatten_all()?.to_vec1::<f32>()?.into_iter().map(f32::to_bits).collect())
        };
        std::iter::once(y.clone()).chain(gradients).map(flat).collect()
    })
}

#[test]
fn no_bit_depends_on_the_number_of_threads() -> Result<()> {
    for &(name, operation, shapes) in OPERATIONS {
        let one = bits(operation, shapes, 1)?;
        for threads in [2, 3, 8] {
            assert!(bits(operation, shapes, threads)? == one, "{name} on {threads} threads");
        }
    }
    Ok(())
}
