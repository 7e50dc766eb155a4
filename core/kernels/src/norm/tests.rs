use super::*;
use crate::check::{agrees, gradients, normals};

#[test]
fn group_norm_agrees_with_its_reference() -> Result<()> {
    let shapes: [(&[usize], usize); 4] =
        [(&[2, 6, 3, 5], 3), (&[3, 4, 1], 2), (&[1, 2, 40], 1), (&[5, 3, 7], 3)];
    for (dims, groups) in shapes {
        let affine = [normals("weight", &[dims[1]])?, normals("bias", &[dims[1]])?];
        let inputs = [&[normals("x", dims)?.affine(2.0, 0.5)?], affine.as_slice()].concat();
        for silu in [false, true] {
            let fast = |x: &[Tensor]| group_norm(&x[0], &x[1], &x[2], groups, 1e-5, silu);
            let slow = |x: &[Tensor]| {
                let flat = x[0].reshape((dims[0], dims[1], ()))?;
                let norm = Norm { groups, eps: 1e-5, silu };
                norm.reference(&flat, &Tensor::stack(&x[1..], 0)?)?.reshape(dims)
            };
            agrees(fast, slow, &inputs, 1e-5)?;
            gradients(5e-3, &inputs, fast)?;
        }
    }
    Ok(())
}

#[test]
fn layer_norm_agrees_with_its_reference() -> Result<()> {
    for dims in [vec![40, 19], vec![2, 3, 5], vec![33]] {
        let width = dims[dims.len() - 1];
        let x = normals("x", &dims)?.affine(2.0, 0.5)?;
        let inputs = [x, normals("weight", &[width])?, normals("bias", &[width])?];
        let fast = |x: &[Tensor]| layer_norm(&x[0], &x[1], &x[2], 1e-5);
        let slow = |x: &[Tensor]| {
            let norm = Norm { groups: 1, eps: 1e-5, silu: false };
            let affine = Tensor::stack(&x[1..], 0)?;
            norm.reference(&x[0].reshape(((), width, 1))?, &affine)?.reshape(dims.clone())
        };
        agrees(fast, slow, &inputs, 1e-5)?;
    }
    Ok(())
}

#[test]
fn gradients_have_the_gradient_of_their_differences() -> Result<()> {
    let inputs = [
        normals("x", &[2, 4, 3])?.affine(2.0, 0.0)?,
        normals("affine", &[2, 4])?,
        normals("gradient", &[2, 4, 3])?,
    ];
    for silu in [false, true] {
        let norm = Norm { groups: 2, eps: 1e-2, silu };
        let slow = |x: &[Tensor]| norm.reference_gradients(&x[0], &x[1], &x[2]);
        let fast = |x: &[Tensor]| {
            let [x, affine, gradient] = [&x[0], &x[1], &x[2]].map(|x| x.contiguous());
            x?.apply_op3(&affine?, &gradient?, Gradients(norm))
        };
        agrees(fast, slow, &inputs, 1e-5)?;
    }
    Ok(())
}

#[test]
fn a_group_far_from_zero_keeps_its_digits_and_a_constant_one_is_nothing() -> Result<()> {
    let x = normals("x", &[1, 1, 64])?;
    let (weight, bias) =
        (Tensor::ones(1, x.dtype(), x.device())?, Tensor::zeros(1, x.dtype(), x.device())?);
    let near = group_norm(&x, &weight, &bias, 1, 1e-5, false)?;
    let far = group_norm(&x.affine(1.0, 1000.0)?, &weight, &bias, 1, 1e-5, false)?;
    let error = (near - far)?.abs()?.max_all()?.to_scalar::<f32>()?;
    assert!(error < 1e-3, "{error}");
    let flat = group_norm(&x.zeros_like()?, &weight, &bias, 1, 1e-5, false)?;
    assert_eq!(flat.abs()?.max_all()?.to_scalar::<f32>()?, 0.0);
    let error = group_norm(&x, &weight, &bias, 2, 1e-5, false);
    assert!(error.expect_err("one channel").to_string().contains("into 2 groups"));
    Ok(())
}
