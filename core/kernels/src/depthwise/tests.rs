use candle::{DType, Device, Var};

use super::*;
use crate::check::{agrees, gradients, normals};
use crate::conv2d;
use crate::epilogue;

const IDENTITY: Epilogue = Epilogue::Identity;

/// Kernel, stride, padding, dilation, image: odd sizes, unequal sides, pixels that no position
/// sees, padding as wide as the kernel, strides beyond it.
const CASES: [[(usize, usize); 5]; 10] = [
    [(3, 3), (1, 1), (1, 1), (1, 1), (5, 7)],
    [(3, 3), (2, 2), (1, 1), (1, 1), (8, 7)],
    [(4, 4), (2, 2), (1, 1), (1, 1), (8, 6)],
    [(1, 1), (1, 1), (0, 0), (1, 1), (4, 5)],
    [(1, 1), (2, 3), (0, 0), (1, 1), (5, 4)],
    [(1, 5), (1, 2), (0, 2), (1, 2), (3, 9)],
    [(5, 2), (3, 1), (4, 0), (2, 3), (6, 5)],
    [(3, 2), (1, 1), (3, 2), (1, 1), (3, 3)],
    [(2, 3), (4, 5), (1, 4), (1, 1), (3, 2)],
    [(5, 5), (2, 1), (2, 2), (1, 1), (7, 11)],
];

/// The same with planes that are split, and rows of all widths of a block.
const LARGE: [[(usize, usize); 5]; 5] = [
    [(3, 3), (1, 1), (1, 1), (1, 1), (64, 50)],
    [(3, 3), (2, 2), (1, 1), (1, 1), (61, 83)],
    [(5, 3), (2, 3), (2, 1), (1, 2), (90, 60)],
    [(3, 2), (1, 1), (1, 1), (1, 1), (150, 131)],
    [(2, 2), (3, 2), (0, 1), (2, 1), (310, 141)],
];

fn window([kernel, stride, padding, dilation, image]: [(usize, usize); 5]) -> (Window, Conv) {
    let conv = Conv { stride, padding, dilation };
    (conv.window(image, kernel), conv)
}

fn inputs(at: Window, batch: usize, channels: usize) -> Result<[Tensor; 3]> {
    Ok([
        normals("x", &[batch, channels, at.image.0, at.image.1])?,
        normals("weight", &[channels, 1, at.kernel.0, at.kernel.1])?,
        normals("bias", &[channels])?,
    ])
}

/// The reference in f64, since the gradient of a weight has thousands of terms.
fn in_doubles(x: &[Tensor], at: Window) -> Result<Tensor> {
    let x = x.iter().map(|x| x.to_dtype(DType::F64)).collect::<Result<Vec<_>>>()?;
    reference(&x[0], &x[1], x.get(2), at)?.to_dtype(DType::F32)
}

#[test]
fn every_channel_meets_its_own_kernel() -> Result<()> {
    let x = Tensor::new(&[[[[1f32, 2.0, 3.0]], [[4.0, 5.0, 6.0]]]], &Device::Cpu)?;
    let weight = Tensor::new(&[[[[1f32, 10.0]]], [[[0.0, -1.0]]]], &Device::Cpu)?;
    let bias = Tensor::new(&[100f32, 0.5], &Device::Cpu)?;
    let y = depthwise2d(&x, &weight, Some(&bias), Conv::PLAIN, IDENTITY)?;
    assert_eq!(y.dims(), [1, 2, 1, 2]);
    assert_eq!(y.flatten_all()?.to_vec1::<f32>()?, [121.0, 132.0, -4.5, -5.5]);
    Ok(())
}

#[test]
fn it_is_a_convolution_whose_other_weights_are_zero() -> Result<()> {
    let (at, conv) = window(CASES[1]);
    let apart = Tensor::eye(4, DType::F32, &Device::Cpu)?.reshape((4, 4, 1, 1))?;
    let fast = |x: &[Tensor]| depthwise2d(&x[0], &x[1], x.get(2), conv, IDENTITY);
    let dense =
        |x: &[Tensor]| conv2d(&x[0], &x[1].broadcast_mul(&apart)?, x.get(2), conv, IDENTITY);
    agrees(fast, dense, &inputs(at, 3, 4)?, 1e-5)
}

#[test]
fn the_fast_path_agrees_with_its_reference() -> Result<()> {
    let sizes = [(3, 2), (1, 1), (19, 3)];
    let small = CASES.into_iter().map(|case| (case, sizes.as_slice()));
    let large = LARGE.into_iter().map(|case| (case, &sizes[..1]));
    for (case, sizes) in small.chain(large) {
        let (at, conv) = window(case);
        for &(batch, channels) in sizes {
            let inputs = inputs(at, batch, channels)?;
            let slow = |x: &[Tensor]| in_doubles(x, at);
            let fast = |x: &[Tensor]| depthwise2d(&x[0], &x[1], x.get(2), conv, IDENTITY);
            agrees(fast, slow, &inputs, 1e-5)?;
            agrees(fast, slow, &inputs[..2], 1e-5)?;
        }
    }
    Ok(())
}

#[test]
fn every_epilogue_agrees_with_its_function_behind_the_reference() -> Result<()> {
    let (at, conv) = window(CASES[9]);
    for epilogue in epilogue::tests::ALL {
        let slow = |x: &[Tensor]| epilogue.forward(&in_doubles(x, at)?);
        let fast = |x: &[Tensor]| depthwise2d(&x[0], &x[1], x.get(2), conv, epilogue);
        agrees(fast, slow, &inputs(at, 3, 2)?, 1e-5)?;
    }
    Ok(())
}

#[test]
fn along_a_sequence_the_fast_path_agrees_with_its_reference() -> Result<()> {
    let along = [
        Along::causal(4, 1),
        Along::causal(4, 3),
        Along { stride: 2, padding: (1, 2), dilation: 1 },
        Along { stride: 3, padding: (0, 4), dilation: 2 },
    ];
    for along in along {
        for length in [13, 40_000] {
            let x = [
                normals("x", &[2, 3, length])?,
                normals("weight", &[3, 1, 4])?,
                normals("bias", &[3])?,
            ];
            let fast = |x: &[Tensor]| depthwise1d(&x[0], &x[1], x.get(2), along, IDENTITY);
            let slow = |x: &[Tensor]| {
                let x = x.iter().map(|x| x.to_dtype(DType::F64)).collect::<Result<Vec<_>>>()?;
                fast(&x)?.to_dtype(DType::F32)
            };
            agrees(fast, slow, &x, 1e-5)?;
        }
    }
    Ok(())
}

#[test]
fn a_causal_kernel_sees_its_step_and_the_one_a_dilation_before() -> Result<()> {
    let x = Tensor::new(&[[[1f32, 2.0, 3.0, 4.0]]], &Device::Cpu)?;
    let weight = Tensor::new(&[[[10f32, 1.0]]], &Device::Cpu)?;
    for dtype in [DType::F32, DType::F64] {
        let (x, weight) = (x.to_dtype(dtype)?, weight.to_dtype(dtype)?);
        let y = depthwise1d(&x, &weight, None, Along::causal(2, 2), IDENTITY)?;
        let y = y.to_dtype(DType::F32)?.flatten_all()?;
        assert_eq!(y.to_vec1::<f32>()?, [1.0, 2.0, 13.0, 24.0]);
    }
    Ok(())
}

#[test]
fn the_reference_has_the_gradient_of_its_differences() -> Result<()> {
    for case in CASES {
        let (at, conv) = window(case);
        let doubles = inputs(at, 2, 3)?.map(|x| x.to_dtype(DType::F64));
        let doubles = doubles.into_iter().collect::<Result<Vec<_>>>()?;
        gradients(1e-8, &doubles, |x| depthwise2d(&x[0], &x[1], Some(&x[2]), conv, IDENTITY))?;
    }
    Ok(())
}

#[test]
fn each_of_the_three_parts_has_the_gradient_of_its_differences() -> Result<()> {
    for case in CASES {
        let (at, _) = window(case);
        let [x, weight, bias] = inputs(at, 2, 3)?;
        let y = reference(&x, &weight, None, at)?;
        let of = |part: Part| move |x: &[Tensor]| part.apart(at).apply(&x[0], &x[1], x.get(2));
        gradients(2e-3, &[x.clone(), weight.clone(), bias.clone()], of(Part::Output))?;
        gradients(2e-3, &[y.clone(), weight, bias], of(Part::Input))?;
        gradients(2e-3, &[x, y], of(Part::Weight))?;
    }
    Ok(())
}

#[test]
fn the_gradient_of_a_gradient_penalty_is_that_of_its_differences() -> Result<()> {
    let (at, conv) = window(CASES[1]);
    let [image, weight, bias] = inputs(at, 2, 2)?;
    let image = Var::from_tensor(&image)?;
    gradients(5e-3, &[weight.affine(0.3, 0.0)?, bias], |x| {
        let y = depthwise2d(&image, &x[0], Some(&x[1]), conv, Epilogue::Tanh)?;
        let store = crate::backward_with_graph(&y.sqr()?.sum_all()?)?;
        store.get(&image).expect("the loss depends on the image").sqr()?.sum((1, 2, 3))
    })
}

#[test]
fn an_image_has_the_same_bits_in_any_batch() -> Result<()> {
    for case in CASES.into_iter().chain(LARGE) {
        let (at, conv) = window(case);
        let [x, weight, bias] = inputs(at, 37, 3)?;
        let run = |x: &Tensor| depthwise2d(x, &weight, Some(&bias), conv, IDENTITY);
        let all = run(&x)?;
        for (start, count) in [(0, 1), (36, 1), (5, 20)] {
            let alone = run(&x.narrow(0, start, count)?)?.flatten_all()?;
            let there = all.narrow(0, start, count)?.flatten_all()?;
            assert_eq!(alone.to_vec1::<f32>()?, there.to_vec1::<f32>()?, "{case:?}, from {start}");
        }
    }
    Ok(())
}

#[test]
fn an_empty_batch_has_no_output_and_a_gradient_of_zeros() -> Result<()> {
    let weight = Var::from_tensor(&normals("weight", &[2, 1, 3, 3])?)?;
    let x = Tensor::zeros((0, 2, 5, 5), DType::F32, &Device::Cpu)?;
    let y = depthwise2d(&x, &weight, None, Conv::PLAIN, IDENTITY)?;
    assert_eq!(y.dims(), [0, 2, 3, 3]);
    let store = y.backward()?;
    let gradient = store.get(&weight).expect("tracked").flatten_all()?;
    assert_eq!(gradient.to_vec1::<f32>()?, [0.0; 18]);
    Ok(())
}

#[test]
fn what_does_not_fit_is_refused_with_its_shapes() -> Result<()> {
    let x = normals("x", &[1, 2, 3, 3])?;
    for shape in [[3, 1, 1, 1], [2, 2, 1, 1], [2, 1, 4, 1]] {
        let error = depthwise2d(&x, &normals("weight", &shape)?, None, Conv::PLAIN, IDENTITY);
        let error = error.expect_err("does not fit").to_string();
        assert!(error.contains(&format!("depthwise2d: x [1, 2, 3, 3], weight {shape:?}")));
    }
    let weight = normals("weight", &[2, 1, 3, 3])?;
    let run = |bias: &Tensor| depthwise2d(&x, &weight, Some(bias), Conv::PLAIN, IDENTITY);
    let error = run(&normals("bias", &[3])?).expect_err("three channels").to_string();
    assert!(error.contains("bias Some([3])"), "{error}");
    let error = run(&normals("bias", &[2])?.to_dtype(DType::F64)?).expect_err("two types");
    assert!(error.to_string().contains("depthwise2d: expected tensors all f32 or all f64"));
    let standing = Along { stride: 0, ..Along::PLAIN };
    let (x, weight) = (x.squeeze(0)?, normals("weight", &[3, 1, 2])?);
    let error = depthwise1d(&x, &weight, None, standing, IDENTITY).expect_err("no stride");
    assert!(error.to_string().contains("depthwise1d: x [2, 3, 3], weight [3, 1, 2]"));
    Ok(())
}
