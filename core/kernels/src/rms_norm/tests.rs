use super::*;
use crate::check::{agrees, gradients, normals};
use candle::{DType, Device};

#[test]
fn rms_norm_agrees_with_its_reference() -> Result<()> {
    for dims in [vec![40, 19], vec![2, 3, 5], vec![33], vec![3, 1], vec![900, 37]] {
        let x = normals("x", &dims)?.affine(2.0, 0.5)?;
        let inputs = [x, normals("weight", &dims[dims.len() - 1..])?];
        let fast = |x: &[Tensor]| rms_norm(&x[0], &x[1], 1e-5);
        agrees(fast, |x| RmsNorm { eps: 1e-5 }.reference(&x[0], &x[1]), &inputs, 1e-5)?;
    }
    Ok(())
}

#[test]
fn rms_norm_has_the_gradient_of_its_differences() -> Result<()> {
    let inputs = [normals("x", &[4, 3, 7])?.affine(2.0, 0.0)?, normals("weight", &[7])?];
    gradients(5e-3, &inputs, |x| rms_norm(&x[0], &x[1], 1e-2))?;
    let double: Vec<Tensor> =
        inputs.iter().map(|x| x.to_dtype(DType::F64)).collect::<Result<_>>()?;
    gradients(1e-8, &double, |x| rms_norm(&x[0], &x[1], 1e-2))
}

#[test]
fn gradients_have_the_gradient_of_their_differences() -> Result<()> {
    let inputs = [
        normals("x", &[5, 6])?.affine(2.0, 0.0)?,
        normals("weight", &[6])?,
        normals("gradient", &[5, 6])?,
    ];
    let norm = RmsNorm { eps: 1e-2 };
    let slow = |x: &[Tensor]| norm.reference_gradients(&x[0], &x[1], &x[2]);
    let fast = |x: &[Tensor]| {
        let [x, weight, gradient] = [&x[0], &x[1], &x[2]].map(|x| x.contiguous());
        x?.apply_op3(&weight?, &gradient?, Gradients(norm))
    };
    agrees(fast, slow, &inputs, 1e-5)?;
    gradients(5e-3, &inputs, fast)
}

#[test]
fn a_row_has_mean_square_one_but_for_its_weight_and_zeros_stay() -> Result<()> {
    let x = Tensor::new(&[[3f32, -4.0, 0.0, 0.0], [0.0; 4]], &Device::Cpu)?;
    let weight = Tensor::new(&[1f32, 2.0, 3.0, 4.0], &Device::Cpu)?;
    // √(25 / 4) = 2.5
    let y = rms_norm(&x, &weight, 0.0)?.to_vec2::<f32>()?;
    assert_eq!(y[0], [1.2, -3.2, 0.0, 0.0]);
    assert_eq!(rms_norm(&x, &weight, 1e-6)?.to_vec2::<f32>()?[1], [0.0; 4]);
    Ok(())
}

#[test]
fn widths_that_differ_are_refused_with_both() -> Result<()> {
    let x = normals("x", &[2, 3])?;
    let error = rms_norm(&x, &normals("weight", &[4])?, 1e-5).expect_err("three and four");
    let error = error.to_string();
    assert!(error.contains("[2, 3]") && error.contains("[4]"), "{error}");
    rms_norm(&x, &normals("weight", &[3])?.to_dtype(DType::F64)?, 1e-5).expect_err("two types");
    Ok(())
}
