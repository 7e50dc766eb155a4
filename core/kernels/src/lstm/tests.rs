use super::*;
use crate::check::{agrees, gradients, normals};
use candle::{DType, Device};

fn inputs(batch: usize, time: usize, hidden: usize) -> Result<[Tensor; 4]> {
    Ok([
        normals("gates", &[batch, time, 4 * hidden])?,
        normals("weight", &[4 * hidden, hidden])?.affine(0.5, 0.0)?,
        normals("start hidden", &[batch, hidden])?,
        normals("start cell", &[batch, hidden])?,
    ])
}

#[test]
fn a_sequence_agrees_with_its_reference() -> Result<()> {
    for (batch, time, hidden) in [(3, 5, 2), (1, 1, 1), (35, 4, 7), (2, 3, 24)] {
        let inputs = inputs(batch, time, hidden)?;
        let fast = |x: &[Tensor]| lstm(&x[0], &x[1], &x[2], &x[3]);
        agrees(fast, |x| reference(&x[0], &x[1], &x[2], &x[3]), &inputs, 1e-5)?;
    }
    gradients(2e-3, &inputs(3, 4, 2)?, |x| lstm(&x[0], &x[1], &x[2], &x[3]))
}

#[test]
fn in_double_precision_the_gradient_is_sharp() -> Result<()> {
    let inputs = inputs(2, 3, 2)?.map(|x| x.to_dtype(DType::F64));
    let inputs = inputs.into_iter().collect::<Result<Vec<_>>>()?;
    gradients(1e-8, &inputs, |x| lstm(&x[0], &x[1], &x[2], &x[3]))
}

#[test]
fn gradients_agree_with_their_reference_to_the_second_order() -> Result<()> {
    let [gates, weight, hidden, cell] = inputs(3, 4, 2)?;
    let rest = [weight.flatten_all()?, hidden.flatten_all()?, cell.flatten_all()?];
    let inputs = [gates, Tensor::cat(&rest, 0)?, normals("gradient", &[2, 3, 4, 2])?];
    let fast = |x: &[Tensor]| {
        let (gates, rest) = (x[0].contiguous()?, x[1].contiguous()?);
        let states = gates.apply_op2(&rest, Lstm)?;
        gates.apply_op3(&rest, &Tensor::stack(&[&states, &x[2]], 0)?, Gradients)
    };
    agrees(fast, |x| reference_gradients(&x[0], &x[1], &x[2]), &inputs, 1e-5)
}

#[test]
fn gates_in_their_order_give_known_states() -> Result<()> {
    let value = |values: &[f32], dims: &[usize]| Tensor::from_slice(values, dims, &Device::Cpu);
    // σ(±ln 3) is 3/4 and 1/4, tanh(ln 3 / 2) is 1/2; the last comes through the hidden state.
    let log = 3f32.ln();
    let gates = value(&[log, -log, 0.0, 0.0], &[1, 1, 4])?;
    let weight = value(&[0.0, 0.0, log / 2.0, 0.0], &[4, 1])?;
    let states = lstm(&gates, &weight, &value(&[1.0], &[1, 1])?, &value(&[2.0], &[1, 1])?)?;
    let states = states.flatten_all()?.to_vec1::<f32>()?;
    let cell = 0.25 * 2.0 + 0.75 * 0.5;
    assert!((states[1] - cell).abs() < 1e-6, "the cell state is {}", states[1]);
    assert!((states[0] - 0.5 * cell.tanh()).abs() < 1e-6, "the hidden state is {}", states[0]);
    Ok(())
}

#[test]
fn rows_have_the_same_bits_in_any_batch() -> Result<()> {
    for hidden in [1, 5, 24] {
        let [gates, weight, start_hidden, start_cell] = inputs(37, 3, hidden)?;
        // Rows first, states and gradients of the gates side by side.
        let bits = |first: usize, count: usize| -> Result<Vec<Vec<f32>>> {
            let part = |x: &Tensor| x.narrow(0, first, count)?.copy();
            let gates = Var::from_tensor(&part(&gates)?)?;
            let states = lstm(&gates, &weight, &part(&start_hidden)?, &part(&start_cell)?)?;
            let store = states.sqr()?.backward()?;
            let of_gates = store.get(&gates).expect("tracked").flatten_from(1)?;
            let states = states.transpose(0, 1)?.flatten_from(1)?;
            Tensor::cat(&[states, of_gates], 1)?.to_vec2()
        };
        let all = bits(0, 37)?;
        for (first, count) in [(0, 1), (17, 1), (5, 20)] {
            assert_eq!(bits(first, count)?, all[first..first + count], "{hidden} units");
        }
    }
    Ok(())
}

#[test]
fn shapes_that_do_not_fit_are_refused_by_name() -> Result<()> {
    let [gates, weight, hidden, _] = inputs(3, 4, 2)?;
    let error = lstm(&gates, &weight, &hidden, &normals("start cell", &[2, 2])?);
    assert!(error.expect_err("2 is not 3").to_string().contains("start cell [2, 2]"));
    Ok(())
}
