use candle::{DType, Var};

use super::*;
use crate::check::{agrees, gradients, normals};
use crate::epilogue;

const IDENTITY: Epilogue = Epilogue::Identity;

/// Kernel, stride, padding, image: odd sizes, unequal sides, rows that no position sees.
const CASES: [[(usize, usize); 4]; 8] = [
    [(3, 3), (1, 1), (1, 1), (5, 7)],
    [(3, 3), (2, 2), (1, 1), (8, 7)],
    [(4, 4), (2, 2), (1, 1), (8, 6)],
    [(1, 1), (1, 1), (0, 0), (4, 5)],
    [(1, 1), (2, 2), (0, 0), (5, 4)],
    [(1, 5), (1, 2), (0, 2), (3, 9)],
    [(5, 2), (3, 1), (4, 0), (6, 2)],
    [(3, 3), (1, 1), (0, 0), (3, 3)],
];

/// The same with images large enough to be split.
const LARGE: [[(usize, usize); 4]; 4] = [
    [(3, 3), (1, 1), (1, 1), (29, 23)],
    [(1, 1), (1, 1), (0, 0), (24, 25)],
    [(4, 4), (2, 3), (1, 1), (50, 79)],
    [(5, 3), (1, 1), (0, 2), (40, 26)],
];

fn window([kernel, stride, padding, image]: [(usize, usize); 4]) -> (Window, Conv) {
    // A dilated kernel where the image leaves room for one.
    let dilation = if image.1 > 8 { (1, 2) } else { (1, 1) };
    let conv = Conv { stride, padding, dilation };
    (conv.window(image, kernel), conv)
}

fn inputs(at: Window, batch: usize, channels: usize, outputs: usize) -> Result<[Tensor; 3]> {
    Ok([
        normals("x", &[batch, channels, at.image.0, at.image.1])?,
        normals("weight", &[outputs, channels, at.kernel.0, at.kernel.1])?,
        normals("bias", &[outputs])?,
    ])
}

#[test]
fn a_known_image_gives_known_sums() -> Result<()> {
    let x = Tensor::arange(0f32, 6.0, &candle::Device::Cpu)?.reshape((1, 1, 2, 3))?;
    let weight = Tensor::new(&[[[[1f32, 10.0]]]], x.device())?;
    let bias = Tensor::new(&[100f32], x.device())?;
    let y = conv2d(&x, &weight, Some(&bias), Conv::PLAIN, IDENTITY)?;
    assert_eq!(y.squeeze(0)?.squeeze(0)?.to_vec2::<f32>()?, [[110.0, 121.0], [143.0, 154.0]]);
    Ok(())
}

#[test]
fn the_fast_convolution_agrees_with_its_reference() -> Result<()> {
    let sizes = [(3, 2, 5), (1, 1, 1), (19, 3, 1)];
    let small = CASES.into_iter().map(|case| (case, sizes.as_slice()));
    let large = LARGE.into_iter().map(|case| (case, &sizes[..2]));
    for (case, sizes) in small.chain(large) {
        let (at, conv) = window(case);
        for &(batch, channels, outputs) in sizes {
            let inputs = inputs(at, batch, channels, outputs)?;
            let slow = |x: &[Tensor]| reference(&x[0], &x[1], x.get(2), at);
            let fast = |x: &[Tensor]| conv2d(&x[0], &x[1], x.get(2), conv, IDENTITY);
            agrees(fast, slow, &inputs, 1e-5)?;
            agrees(fast, slow, &inputs[..2], 1e-5)?;
            for epilogue in epilogue::tests::ALL {
                let slow = |x: &[Tensor]| epilogue.forward(&slow(x)?);
                let fast = |x: &[Tensor]| conv2d(&x[0], &x[1], x.get(2), conv, epilogue);
                agrees(fast, slow, &inputs, 1e-5)?;
            }
        }
    }
    Ok(())
}

#[test]
fn the_reference_has_the_gradient_of_its_differences() -> Result<()> {
    for case in CASES {
        let (at, conv) = window(case);
        let doubles = inputs(at, 2, 2, 3)?
            .map(|x| x.to_dtype(DType::F64))
            .into_iter()
            .collect::<Result<Vec<_>>>()?;
        gradients(1e-8, &doubles, |x| conv2d(&x[0], &x[1], Some(&x[2]), conv, IDENTITY))?;
    }
    Ok(())
}

#[test]
fn each_of_the_three_parts_has_the_gradient_of_its_differences() -> Result<()> {
    for case in CASES {
        let (at, _) = window(case);
        let [x, weight, _] = inputs(at, 2, 2, 3)?;
        let y = reference(&x, &weight, None, at)?;
        let of = |part: Part| move |x: &[Tensor]| part.of(at).apply(&x[0], &x[1], None);
        gradients(2e-3, &[x.clone(), weight.clone()], of(Part::Output))?;
        gradients(2e-3, &[y.clone(), weight], of(Part::Input))?;
        gradients(2e-3, &[x, y], of(Part::Weight))?;
    }
    Ok(())
}

#[test]
fn a_gradient_that_nobody_tracks_is_not_computed() -> Result<()> {
    let (at, conv) = window(CASES[0]);
    let [x, weight, _] = inputs(at, 2, 2, 3)?;
    let weight = Var::from_tensor(&weight)?;
    let store = conv2d(&x, &weight, None, conv, IDENTITY)?.sum_all()?.backward()?;
    assert!(store.get(&weight).is_some());
    assert!(store.get(&x).is_none());
    Ok(())
}

#[test]
fn an_image_has_the_same_bits_in_any_batch_and_on_any_number_of_threads() -> Result<()> {
    for case in CASES.into_iter().chain(LARGE) {
        let (at, conv) = window(case);
        for outputs in [1, 7] {
            let [x, weight, bias] = inputs(at, 37, 3, outputs)?;
            let run = |x: &Tensor| conv2d(x, &weight, Some(&bias), conv, IDENTITY);
            let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
            let all = pool.expect("a pool of one thread").install(|| run(&x))?;
            for (start, count) in [(0, 1), (36, 1), (3, 2), (5, 20)] {
                let alone = run(&x.narrow(0, start, count)?)?;
                let there = all.narrow(0, start, count)?;
                assert_eq!(
                    alone.flatten_all()?.to_vec1::<f32>()?,
                    there.flatten_all()?.to_vec1::<f32>()?,
                    "{case:?}, images {start}+{count}"
                );
            }
        }
    }
    Ok(())
}

#[test]
fn the_gradient_of_a_gradient_penalty_is_that_of_its_differences() -> Result<()> {
    let (at, conv) = window(CASES[1]);
    let image = Var::from_tensor(&inputs(at, 2, 2, 3)?[0])?;
    let [_, weight, bias] = inputs(at, 2, 2, 3)?;
    let weight = weight.affine(0.3, 0.0)?;
    let head = normals("head", &[1, 3 * 4 * 4])?.affine(0.3, 0.0)?;
    gradients(5e-3, &[weight, bias, head], |x| {
        let hidden = conv2d(&image, &x[0], Some(&x[1]), conv, Epilogue::Tanh)?;
        let hidden = crate::silu(&hidden.flatten_from(1)?)?;
        let scores = crate::linear(&hidden, &x[2], None, IDENTITY)?;
        let store = crate::backward_with_graph(&scores.sum_all()?)?;
        store.get(&image).expect("the score depends on the image").sqr()?.sum((1, 2, 3))
    })
}

#[test]
fn a_kernel_beyond_the_image_and_foreign_channels_are_refused() -> Result<()> {
    let x = normals("x", &[1, 2, 3, 3])?;
    for shape in [[1, 2, 4, 1], [1, 3, 1, 1]] {
        let error = conv2d(&x, &normals("weight", &shape)?, None, Conv::PLAIN, IDENTITY);
        assert!(error.expect_err("does not fit").to_string().contains("x [1, 2, 3, 3]"));
    }
    Ok(())
}
