//! A recurrent layer step by step, in candle operations.

use candle::{Result, Tensor};

/// [`gru`](super::gru) in candle operations.
pub(super) fn reference(
    gates: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    start: &Tensor,
) -> Result<Tensor> {
    let mut states = Vec::new();
    for step in steps(gates, weight, bias, start)? {
        states.push((&step.new + (&step.keep * (&step.before - &step.new)?)?)?);
    }
    Tensor::stack(&states, 1)
}

/// What the reference computes in one step, each `[batch, hidden]`.
struct Step {
    before: Tensor,
    reset: Tensor,
    keep: Tensor,
    new: Tensor,
    /// What the hidden state gives to the new one.
    own: Tensor,
}

fn steps(gates: &Tensor, weight: &Tensor, bias: &Tensor, start: &Tensor) -> Result<Vec<Step>> {
    let (_, time, wide) = gates.dims3()?;
    let hidden = wide / 3;
    let sigmoid = crate::sigmoid::reference;
    let part = |x: &Tensor, index: usize| x.narrow(1, index * hidden, hidden);
    let (mut before, mut steps) = (start.clone(), Vec::with_capacity(time));
    for step in 0..time {
        let given = gates.narrow(1, step, 1)?.squeeze(1)?;
        let all = before.contiguous()?.matmul(&weight.t()?.contiguous()?)?.broadcast_add(bias)?;
        let reset = sigmoid(&(part(&given, 0)? + part(&all, 0)?)?)?;
        let keep = sigmoid(&(part(&given, 1)? + part(&all, 1)?)?)?;
        let own = part(&all, 2)?;
        let new = (part(&given, 2)? + (&reset * &own)?)?.tanh()?;
        let state = (&new + (&keep * (&before - &new)?)?)?;
        steps.push(Step { before, reset, keep, new, own });
        before = state;
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
    let hidden = wide / 3;
    let weight = rest.narrow(0, 0, wide * hidden)?.reshape((wide, hidden))?;
    let bias = rest.narrow(0, wide * hidden, wide)?;
    let start = rest.narrow(0, wide * hidden + wide, batch * hidden)?.reshape((batch, hidden))?;
    let rest_of = |x: &Tensor| x.affine(-1.0, 1.0);
    let mut carried = start.zeros_like()?;
    let (mut of_weight, mut of_bias) = (weight.zeros_like()?, bias.zeros_like()?);
    let mut of_gates = Vec::with_capacity(time);
    let steps = steps(gates, &weight, &bias, &start)?;
    for (index, Step { before, reset, keep, new, own }) in steps.iter().enumerate().rev() {
        let whole = (gradient.narrow(1, index, 1)?.squeeze(1)? + carried)?;
        let of_new = ((&whole * rest_of(keep)?)? * rest_of(&new.sqr()?)?)?;
        let of_reset = ((&of_new * own)? * (reset * rest_of(reset)?)?)?;
        let of_keep = ((&whole * (before - new)?)? * (keep * rest_of(keep)?)?)?;
        of_gates.push(Tensor::cat(&[&of_reset, &of_keep, &of_new], 1)?);
        let of_own = Tensor::cat(&[&of_reset, &of_keep, &(&of_new * reset)?], 1)?;
        carried = ((whole * keep)? + of_own.matmul(&weight.contiguous()?)?)?;
        of_weight = (of_weight + of_own.t()?.contiguous()?.matmul(&before.contiguous()?)?)?;
        of_bias = (of_bias + of_own.sum(0)?)?;
    }
    of_gates.reverse();
    let of_gates = Tensor::stack(&of_gates, 1)?.flatten_all()?;
    let (of_weight, carried) = (of_weight.flatten_all()?, carried.flatten_all()?);
    Tensor::cat(&[of_gates, of_weight, of_bias, carried], 0)
}
