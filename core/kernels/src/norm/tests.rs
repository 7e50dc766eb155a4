use super::*;
use crate::check::{agrees, gradients, normals};
use candle::Var;

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
                let norm = Norm { over: Over::Groups(groups), eps: 1e-5, silu };
                norm.reference(&x[0], &Tensor::stack(&x[1..], 0)?)
            };
            agrees(fast, slow, &inputs, 1e-5)?;
            gradients(5e-3, &inputs, fast)?;
        }
    }
    Ok(())
}

#[test]
fn a_task_that_takes_a_part_of_an_item_adds_to_its_own_channels() -> Result<()> {
    for (dims, groups) in [([2, 8, 2500], 4), ([2, 3, 17_000], 3)] {
        let affine = [normals("weight", &dims[1..2])?, normals("bias", &dims[1..2])?];
        let inputs = [&[normals("x", &dims)?], affine.as_slice()].concat();
        let fast = |x: &[Tensor]| group_norm(&x[0], &x[1], &x[2], groups, 1e-5, false);
        let norm = Norm { over: Over::Groups(groups), eps: 1e-5, silu: false };
        let slow = |x: &[Tensor]| norm.reference(&x[0], &Tensor::stack(&x[1..], 0)?);
        agrees(fast, slow, &inputs, 1e-5)?;
    }
    Ok(())
}

#[test]
fn an_item_has_the_same_bits_in_any_batch() -> Result<()> {
    let (x, affine) = (normals("x", &[20, 6, 39])?, normals("weight", &[6])?);
    let bits = |x: &Tensor| -> Result<Vec<Vec<u32>>> {
        let x = Var::from_tensor(x)?;
        let y = group_norm(&x, &affine, &affine, 3, 1e-5, true)?;
        let of_x = y.backward()?.get(&x).expect("tracked").clone();
        let item = |x: &Tensor| x.narrow(0, x.dim(0)? - 1, 1)?.flatten_all()?.to_vec1::<f32>();
        let bits = |x: Tensor| Ok(item(&x)?.into_iter().map(f32::to_bits).collect());
        [y, of_x].into_iter().map(bits).collect()
    };
    assert_eq!(bits(&x)?, bits(&x.narrow(0, 19, 1)?)?);
    Ok(())
}

#[test]
fn a_norm_is_one_node_of_the_tape() -> Result<()> {
    let (x, affine) = (Var::from_tensor(&normals("x", &[2, 6, 3, 5])?)?, normals("weight", &[6])?);
    let y = group_norm(&x, &affine, &affine, 3, 1e-5, true)?;
    assert_eq!(y.sorted_nodes().len(), 2, "x and y");
    let affine = normals("weight", &[5])?;
    assert_eq!(layer_norm(&x, &affine, &affine, 1e-5)?.sorted_nodes().len(), 2, "x and y");
    Ok(())
}

#[test]
fn layer_norm_agrees_with_its_reference() -> Result<()> {
    for dims in [vec![40, 19], vec![2, 3, 5], vec![33], vec![900, 37]] {
        let width = dims[dims.len() - 1];
        let x = normals("x", &dims)?.affine(2.0, 0.5)?;
        let inputs = [x, normals("weight", &[width])?, normals("bias", &[width])?];
        let fast = |x: &[Tensor]| layer_norm(&x[0], &x[1], &x[2], 1e-5);
        let slow = |x: &[Tensor]| {
            let norm = Norm { over: Over::Width, eps: 1e-5, silu: false };
            norm.reference(&x[0], &Tensor::stack(&x[1..], 0)?)
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
        let norm = Norm { over: Over::Groups(2), eps: 1e-2, silu };
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
