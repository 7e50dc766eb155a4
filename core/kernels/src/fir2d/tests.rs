use candle::{DType, Device, Var};

use super::*;
use crate::check::{agrees, gradients, normals};

type Case = [(usize, usize); 3];

/// Image, up, down and padding: the ways of StyleGAN2, odd factors, cropping, rows that see no
/// pixel or only zeros between.
const CASES: [(Case, [(isize, isize); 2]); 9] = [
    ([(4, 5), (2, 2), (1, 1)], [(2, 1), (2, 1)]),
    ([(6, 8), (1, 1), (2, 2)], [(1, 1), (1, 1)]),
    ([(5, 4), (1, 1), (1, 1)], [(2, 1), (2, 1)]),
    ([(7, 6), (1, 1), (1, 1)], [(-1, 2), (2, -1)]),
    ([(4, 3), (3, 2), (2, 3)], [(1, 4), (3, 0)]),
    ([(3, 4), (5, 6), (1, 1)], [(0, 0), (2, 2)]),
    ([(9, 8), (1, 2), (4, 1)], [(0, 3), (-3, -2)]),
    ([(1, 2), (4, 1), (1, 3)], [(9, 2), (5, 4)]),
    ([(2, 2), (2, 3), (1, 2)], [(-5, 12), (8, -7)]),
];

fn filters() -> Result<[Filter; 3]> {
    let uneven: Vec<f32> = (0..12).map(|n| (n * n % 7) as f32 - 2.0).collect();
    Ok([
        Filter::separable(&[0.25, 0.75, 0.75, 0.25], &[1.0, 2.0, -3.0])?,
        Filter::new(&uneven, (4, 3))?.scaled(0.3),
        Filter::separable(&[2.0], &[0.0, 0.0, 1.0, 0.0])?,
    ])
}

#[test]
fn a_known_row_is_stretched_filtered_and_thinned() -> Result<()> {
    let x = Tensor::new(&[[[[1f32, 10.0]]]], &Device::Cpu)?;
    let filter = Filter::separable(&[1.0], &[1.0, 2.0, 3.0])?;
    let row = |up, down, padding| {
        let y = fir2d(&x, &filter, (1, up), (1, down), [(0, 0), padding])?;
        y.flatten_all()?.to_vec1::<f32>()
    };
    // The zeros are around 1, 10 at first and around 1, 0, 10, 0 then; the taps run backwards.
    assert_eq!(row(1, 1, (2, 2))?, [1.0, 12.0, 23.0, 30.0]);
    assert_eq!(row(2, 1, (2, 1))?, [1.0, 2.0, 13.0, 20.0, 30.0]);
    assert_eq!(row(2, 2, (2, 1))?, [1.0, 13.0, 30.0]);
    assert_eq!(row(2, 1, (-1, 2))?, [20.0, 30.0, 0.0]);
    Ok(())
}

#[test]
fn the_fast_path_agrees_with_its_reference() -> Result<()> {
    // The last is large enough for several tasks.
    let large = ([(130, 90), (2, 2), (1, 1)], [(2, 1), (2, 1)]);
    for ([image, up, down], padding) in CASES.into_iter().chain([large]) {
        for filter in filters()? {
            let x = normals("x", &[3, 2, image.0, image.1])?;
            let fast = |x: &[Tensor]| fir2d(&x[0], &filter, up, down, padding);
            let slow = |x: &[Tensor]| {
                fir2d(&x[0].to_dtype(DType::F64)?, &filter, up, down, padding)?.to_dtype(DType::F32)
            };
            agrees(fast, slow, &[x], 1e-5)?;
        }
    }
    Ok(())
}

#[test]
fn both_paths_have_the_gradient_of_their_differences() -> Result<()> {
    for ([image, up, down], padding) in CASES {
        for filter in filters()? {
            let x = normals("x", &[2, 2, image.0, image.1])?;
            let run = |x: &[Tensor]| fir2d(&x[0], &filter, up, down, padding);
            gradients(2e-3, std::slice::from_ref(&x), run)?;
            gradients(1e-8, &[x.to_dtype(DType::F64)?], run)?;
        }
    }
    Ok(())
}

/// The gradient as stylegan2-ada-pytorch computes it.
fn gradient(
    x: &Tensor,
    seed: &Tensor,
    filter: &Filter,
    (up, down): ((usize, usize), (usize, usize)),
    padding: [(isize, isize); 2],
) -> Result<Tensor> {
    let mut taps = filter.taps();
    taps.reverse();
    let turned = Filter::new(&taps, filter.size())?;
    let along = |size: usize, seen: usize, taps: usize, up: usize, down: usize, before: isize| {
        let behind = (size * up) as isize - (seen * down) as isize + before - up as isize + 1;
        (taps as isize - before - 1, behind)
    };
    let ((_, _, height, width), (_, _, rows, columns)) = (x.dims4()?, seed.dims4()?);
    let back = [
        along(height, rows, filter.size().0, up.0, down.0, padding[0].0),
        along(width, columns, filter.size().1, up.1, down.1, padding[1].0),
    ];
    fir2d(seed, &turned, down, up, back)
}

#[test]
fn the_gradient_is_the_turned_filter_with_up_and_down_exchanged() -> Result<()> {
    for ([image, up, down], padding) in CASES {
        for filter in filters()? {
            let x = Var::from_tensor(&normals("x", &[2, 2, image.0, image.1])?)?;
            let y = fir2d(&x, &filter, up, down, padding)?;
            let seed = normals("seed", y.dims())?;
            let store = (y * &seed)?.sum_all()?.backward()?;
            let found = store.get(&x).expect("tracked");
            let expected = gradient(&x, &seed, &filter, (up, down), padding)?;
            assert_eq!(found.dims(), expected.dims());
            let error = (found - expected)?.abs()?.max_all()?.to_scalar::<f32>()?;
            assert!(error < 1e-5, "{image:?}, up {up:?}, down {down:?}: off by {error}");
        }
    }
    Ok(())
}

#[test]
fn the_transpose_has_the_gradient_of_its_differences() -> Result<()> {
    for ([image, up, down], padding) in CASES {
        for filter in filters()? {
            let x = normals("x", &[2, 2, image.0, image.1])?;
            let y = fir2d(&x, &filter, up, down, padding)?;
            let run = |y: &[Tensor]| gradient(&x, &y[0], &filter, (up, down), padding);
            gradients(2e-3, &[normals("y", y.dims())?], run)?;
        }
    }
    Ok(())
}

#[test]
fn zeros_between_pixels_are_never_multiplied() -> Result<()> {
    let x = Tensor::new(&[[[[f32::INFINITY, 1.0]]]], &Device::Cpu)?;
    let filter = Filter::separable(&[1.0], &[1.0, 1.0])?;
    let y = fir2d(&x, &filter, (1, 2), (1, 1), [(0, 0), (1, 0)])?;
    let expected = [f32::INFINITY, f32::INFINITY, 1.0, 1.0];
    assert_eq!(y.flatten_all()?.to_vec1::<f32>()?, expected);
    Ok(())
}

#[test]
fn a_filter_is_the_sum_of_its_terms() -> Result<()> {
    let filter = Filter::separable(&[1.0, 2.0], &[3.0, 4.0, 5.0])?.scaled(2.0);
    assert_eq!(filter.taps(), [6.0, 8.0, 10.0, 12.0, 16.0, 20.0]);
    let taps = [1.0, -2.0, 0.0, 4.0, 5.0, 6.0];
    assert_eq!(Filter::new(&taps, (3, 2))?.taps(), taps);
    Ok(())
}

#[test]
fn a_filter_that_does_not_fit_is_refused() -> Result<()> {
    let (x, filter) = (normals("x", &[1, 2, 3, 3])?, Filter::separable(&[1.0; 4], &[1.0; 4])?);
    let run = |up, down, padding| fir2d(&x, &filter, up, down, padding);
    let error = run((1, 1), (1, 1), [(0, 1), (0, 0)]).expect_err("wider than the image");
    assert!(error.to_string().contains("x [1, 2, 3, 3], a filter of (4, 4)"), "{error}");
    assert!(run((1, 1), (1, 1), [(0, -4), (1, 1)]).is_err());
    assert!(run((1, 1), (0, 1), [(1, 1), (1, 1)]).is_err());
    assert!(run((0, 1), (1, 1), [(9, 9), (1, 1)]).is_err());
    let error = Filter::new(&[1.0; 5], (2, 3)).expect_err("5 taps").to_string();
    assert!(error.contains("expected (2, 3) taps") && error.contains("found 5"), "{error}");
    assert!(Filter::separable(&[], &[1.0]).is_err());
    Ok(())
}
