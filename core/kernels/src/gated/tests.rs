use super::*;
use crate::check::{agrees, gradients, normals};
use candle::{DType, Device, Var};

const BOTH: [Gated; 2] = [Gated::Geglu, Gated::Swiglu];

#[test]
fn gated_units_agree_with_their_references() -> Result<()> {
    for dims in [vec![6], vec![3, 2], vec![3, 5, 14], vec![2, 74], vec![700, 62]] {
        let x = normals("x", &dims)?.affine(2.0, 0.0)?;
        for gated in BOTH {
            let slow = |x: &[Tensor]| gated.reference(&x[0]);
            agrees(|x| gated.apply(&x[0]), slow, std::slice::from_ref(&x), 1e-6)?;
        }
    }
    Ok(())
}

#[test]
fn gated_units_have_the_gradient_of_their_differences() -> Result<()> {
    let x = normals("x", &[3, 2, 10])?;
    for gated in BOTH {
        gradients(2e-3, std::slice::from_ref(&x), |x| gated.apply(&x[0]))?;
        gradients(1e-8, &[x.to_dtype(DType::F64)?], |x| gated.apply(&x[0]))?;
    }
    Ok(())
}

#[test]
fn their_gradients_have_the_gradient_of_their_differences() -> Result<()> {
    let inputs = [normals("x", &[3, 2, 10])?, normals("gradient", &[3, 2, 5])?];
    for gated in BOTH {
        let fast =
            |x: &[Tensor]| x[0].contiguous()?.apply_op2(&x[1].contiguous()?, Gradient(gated));
        agrees(fast, |x| gated.reference_gradient(&x[0], &x[1]), &inputs, 1e-5)?;
        gradients(2e-3, &inputs, fast)?;
    }
    Ok(())
}

#[test]
fn the_second_half_gates_a_geglu_and_the_first_half_a_swiglu() -> Result<()> {
    let x = Tensor::new(&[[3f32, -2.0, 1.0, 0.0], [1.0, 0.0, 5.0, 7.0]], &Device::Cpu)?;
    let close = |found: Tensor, expected: [[f32; 2]; 2]| -> Result<()> {
        let error = (found - Tensor::new(&expected, &Device::Cpu)?)?.abs()?.max_all()?;
        let error = error.to_scalar::<f32>()?;
        assert!(error < 2e-6, "{error}");
        Ok(())
    };
    // Φ(1) = 0.8413447, 5 Φ(5) = 5 and 7 Φ(7) = 7; σ(3) = 0.9525741, σ(-2) = 0.1192029
    close(geglu(&x)?, [[2.524_034_2, 0.0], [4.999_998_6, 0.0]])?;
    close(swiglu(&x)?, [[2.857_722_4, 0.0], [3.655_293, 0.0]])
}

#[test]
fn a_gated_unit_is_one_node_of_the_tape() -> Result<()> {
    let x = Var::from_tensor(&normals("x", &[2, 3, 8])?)?;
    for y in [geglu(&x)?, swiglu(&x)?] {
        assert_eq!(y.dims(), [2, 3, 4]);
        assert_eq!(y.sorted_nodes().len(), 2, "x and y");
    }
    Ok(())
}

#[test]
fn an_odd_width_is_refused_with_the_shape() -> Result<()> {
    let error = geglu(&normals("x", &[2, 5])?).expect_err("five").to_string();
    assert!(error.contains("geglu") && error.contains("[2, 5]"), "{error}");
    swiglu(&Tensor::new(1f32, &Device::Cpu)?).expect_err("a scalar");
    swiglu(&Tensor::zeros((2, 0), DType::F32, &Device::Cpu)?).expect_err("no width");
    Ok(())
}
