use super::*;
use crate::check::{agrees, gradients, normals};

fn inputs(batch: usize, time: usize, hidden: usize) -> Result<[Tensor; 4]> {
    Ok([
        normals("gates", &[batch, time, 3 * hidden])?,
        normals("weight", &[3 * hidden, hidden])?.affine(0.5, 0.0)?,
        normals("bias", &[3 * hidden])?,
        normals("start", &[batch, hidden])?,
    ])
}

#[test]
fn a_sequence_agrees_with_its_reference() -> Result<()> {
    for (batch, time, hidden) in [(3, 5, 2), (1, 1, 1), (35, 4, 7), (2, 3, 24)] {
        let inputs = inputs(batch, time, hidden)?;
        let fast = |x: &[Tensor]| gru(&x[0], &x[1], &x[2], &x[3]);
        agrees(fast, |x| reference(&x[0], &x[1], &x[2], &x[3]), &inputs, 1e-5)?;
    }
    gradients(2e-3, &inputs(3, 4, 2)?, |x| gru(&x[0], &x[1], &x[2], &x[3]))
}

#[test]
fn gradients_agree_with_their_reference_to_the_second_order() -> Result<()> {
    let [gates, weight, bias, start] = inputs(3, 4, 2)?;
    let rest = Tensor::cat(&[weight.flatten_all()?, bias, start.flatten_all()?], 0)?;
    let inputs = [gates, rest, normals("gradient", &[3, 4, 2])?];
    let fast = |x: &[Tensor]| {
        let (gates, rest) = (x[0].contiguous()?, x[1].contiguous()?);
        let states = gates.apply_op2(&rest, Gru)?;
        gates.apply_op3(&rest, &Tensor::stack(&[&states, &x[2]], 0)?, Gradients)
    };
    agrees(fast, |x| reference_gradients(&x[0], &x[1], &x[2]), &inputs, 1e-5)
}

#[test]
fn rows_have_the_same_bits_in_any_batch() -> Result<()> {
    let [gates, weight, bias, start] = inputs(37, 3, 5)?;
    let all = gru(&gates, &weight, &bias, &start)?.to_vec3::<f32>()?;
    for (first, count) in [(0, 1), (17, 1), (5, 20)] {
        let part = |x: &Tensor| x.narrow(0, first, count);
        let alone = gru(&part(&gates)?, &weight, &bias, &part(&start)?)?.to_vec3::<f32>()?;
        assert_eq!(alone, all[first..first + count]);
    }
    Ok(())
}

#[test]
fn shapes_that_do_not_fit_are_refused_by_name() -> Result<()> {
    let [gates, weight, bias, _] = inputs(3, 4, 2)?;
    let error = gru(&gates, &weight, &bias, &normals("start", &[2, 2])?);
    assert!(error.expect_err("2 is not 3").to_string().contains("start [2, 2]"));
    Ok(())
}
