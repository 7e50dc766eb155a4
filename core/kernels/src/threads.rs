//! Operations on tensors give the same bits on any number of threads, forward and backward.

use candle::{Result, Tensor, Var};

use crate::check::normals;
use crate::{Conv, conv_transpose2d, conv2d};

/// An operation, and the shapes of what it is given.
type Operation = fn(&[Tensor]) -> Result<Tensor>;

const PADDED: Conv = Conv { stride: (1, 1), padding: (1, 1) };
const HALVING: Conv = Conv { stride: (2, 2), padding: (1, 1) };

const OPERATIONS: [(&str, Operation, &[&[usize]]); 23] = [
    ("linear", |x| crate::linear(&x[0], &x[1], Some(&x[2])), &[&[700, 33], &[70, 33], &[70]]),
    ("linear, one row", |x| crate::linear(&x[0], &x[1], None), &[&[1, 600], &[1030, 600]]),
    (
        "conv2d",
        |x| conv2d(&x[0], &x[1], Some(&x[2]), PADDED),
        &[&[19, 3, 9, 7], &[5, 3, 3, 3], &[5]],
    ),
    (
        "conv2d, one image",
        |x| conv2d(&x[0], &x[1], Some(&x[2]), PADDED),
        &[&[1, 3, 40, 37], &[5, 3, 3, 3], &[5]],
    ),
    (
        "conv_transpose2d",
        |x| conv_transpose2d(&x[0], &x[1], Some(&x[2]), HALVING, (0, 0)),
        &[&[19, 3, 5, 7], &[3, 5, 4, 4], &[5]],
    ),
    ("gru", |x| crate::gru(&x[0], &x[1], &x[2], &x[3]), &[&[50, 4, 21], &[21, 7], &[21], &[50, 7]]),
    (
        "group_norm",
        |x| crate::group_norm(&x[0], &x[1], &x[2], 3, 1e-5, true),
        &[&[20, 6, 900], &[6], &[6]],
    ),
    ("layer_norm", |x| crate::layer_norm(&x[0], &x[1], &x[2], 1e-5), &[&[900, 37], &[37], &[37]]),
    ("rms_norm", |x| crate::rms_norm(&x[0], &x[1], 1e-5), &[&[900, 37], &[37]]),
    ("softmax", |x| crate::softmax(&x[0]), &[&[900, 37]]),
    ("log_softmax", |x| crate::log_softmax(&x[0]), &[&[900, 37]]),
    ("sum over rows", |x| crate::sum_keepdim(&x[0], 0), &[&[9000, 7]]),
    ("sum along rows", |x| crate::sum_keepdim(&x[0], 1), &[&[9000, 7]]),
    ("channel_sum", |x| crate::channel_sum(&x[0]), &[&[90, 7, 33]]),
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
    for (name, operation, shapes) in OPERATIONS {
        let one = bits(operation, shapes, 1)?;
        for threads in [2, 3, 8] {
            assert!(bits(operation, shapes, threads)? == one, "{name} on {threads} threads");
        }
    }
    Ok(())
}
