//! A long short-term memory step by step, in candle operations.

use candle::{Result, Tensor};

/// [`lstm`](super::lstm) in candle operations.
pub(super) fn reference(
    gates: &Tensor,
    weight: &Tensor,
    start_hidden: &Tensor,
    start_cell: &Tensor,
) -> Result<Tensor> {
    let (mut hidden_states, mut cell_states) = (Vec::new(), Vec::new());
    for step in steps(gates, weight, start_hidden, start_cell)? {
        hidden_states.push((&step.output * &step.bounded)?);
        cell_states.push(step.cell);
    }
    Tensor::stack(&[Tensor::stack(&hidden_states, 1)?, Tensor::stack(&cell_states, 1)?], 0)
}

/// What the reference computes in one step, each `[batch, hidden]`.
struct Step {
    hidden_before: Tensor,
    cell_before: Tensor,
    input: Tensor,
    forget: Tensor,
    new: Tensor,
    output: Tensor,
    /// The cell state after the step.
    cell: Tensor,
    /// The same within ±1.
    bounded: Tensor,
}

fn steps(
    gates: &Tensor,
    weight: &Tensor,
    start_hidden: &Tensor,
    start_cell: &Tensor,
) -> Result<Vec<Step>> {
    let (_, time, wide) = gates.dims3()?;
    let hidden = wide / 4;
    let sigmoid = crate::sigmoid::reference;
    let weight = weight.t()?.contiguous()?;
    let (mut hidden_before, mut cell_before) = (start_hidden.clone(), start_cell.clone());
    let mut steps = Vec::with_capacity(time);
    for step in 0..time {
        let given = gates.narrow(1, step, 1)?.squeeze(1)?;
        let all = (given + hidden_before.contiguous()?.matmul(&weight)?)?;
        let part = |index: usize| all.narrow(1, index * hidden, hidden);
        let (input, forget) = (sigmoid(&part(0)?)?, sigmoid(&part(1)?)?);
        let (new, output) = (part(2)?.tanh()?, sigmoid(&part(3)?)?);
        let cell = ((&forget * &cell_before)? + (&input * &new)?)?;
        let bounded = cell.tanh()?;
        let state = (&output * &bounded)?;
        let next = cell.clone();
        steps.push(Step { hidden_before, cell_before, input, forget, new, output, cell, bounded });
        (hidden_before, cell_before) = (state, next);
    }
    Ok(steps)
}

/// [`Gradients`](super::Gradients) in candle operations.
pub(super) fn reference_gradients(
    gates: &Tensor,
    rest: &Tensor,
    gradient: &Tensor,
) -> Result<Tensor> {
    let (batch, time, wide) = gates.dims3()?;
    let hidden = wide / 4;
    let weight = rest.narrow(0, 0, wide * hidden)?.reshape((wide, hidden))?;
    let starts = rest.narrow(0, wide * hidden, 2 * batch * hidden)?.reshape((2, batch, hidden))?;
    let (start_hidden, start_cell) = (starts.get(0)?, starts.get(1)?);
    let rest_of = |x: &Tensor| x.affine(-1.0, 1.0);
    let (mut of_hidden, mut of_cell) = (start_hidden.zeros_like()?, start_cell.zeros_like()?);
    let mut of_weight = weight.zeros_like()?;
    let mut of_gates = Vec::with_capacity(time);
    let steps = steps(gates, &weight, &start_hidden, &start_cell)?;
    for (index, step) in steps.iter().enumerate().rev() {
        let given = gradient.narrow(2, index, 1)?.squeeze(2)?;
        let whole_hidden = (given.get(0)? + of_hidden)?;
        let through = ((&whole_hidden * &step.output)? * rest_of(&step.bounded.sqr()?)?)?;
        let whole_cell = ((given.get(1)? + of_cell)? + through)?;
        let slope = |gate: &Tensor| gate * rest_of(gate)?;
        let of_input = ((&whole_cell * &step.new)? * slope(&step.input)?)?;
        let of_forget = ((&whole_cell * &step.cell_before)? * slope(&step.forget)?)?;
        let of_new = ((&whole_cell * &step.input)? * rest_of(&step.new.sqr()?)?)?;
        let of_output = ((&whole_hidden * &step.bounded)? * slope(&step.output)?)?;
        let of_all = Tensor::cat(&[of_input, of_forget, of_new, of_output], 1)?;
        of_hidden = of_all.matmul(&weight.contiguous()?)?;
        of_cell = (whole_cell * &step.forget)?;
        let through = of_all.t()?.contiguous()?.matmul(&step.hidden_before.contiguous()?)?;
        of_weight = (of_weight + through)?;
        of_gates.push(of_all);
    }
    of_gates.reverse();
    let of_gates = Tensor::stack(&of_gates, 1)?;
    let parts = [of_gates, of_weight, of_hidden, of_cell];
    let parts: Vec<Tensor> = parts.iter().map(Tensor::flatten_all).collect::<Result<_>>()?;
    Tensor::cat(&parts, 0)
}
