//! A gated recurrent unit over a whole sequence (Cho et al. 2014, arXiv 1406.1078) in PyTorch's
//! form, where the reset gate acts after the product with the hidden state. With `a` what the input
//! gives to the gates,
//!
//! `r = σ(aᵣ + Uᵣ h + bᵣ)`, `z = σ(a_z + U_z h + b_z)`, `m = Uₙ h + bₙ`, `n = tanh(aₙ + r m)`,
//! `h' = (1 − z) n + z h`
//!
//! A task takes some rows of the batch through all steps, so threads never wait for each other. The
//! backward pass knows all states, so one product gives the gates of all steps again.

mod reference;

use candle::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, Var, bail};
use rayon::prelude::*;

use crate::demand::{self, gradients_of};
use crate::exponential;
use crate::matmul::sum_in_order;
use crate::product::{Columns, Matrix, multiply};
use crate::vector::widest_fn;
use reference::{reference, reference_gradients};

/// The states after every step, `[batch, time, hidden]`.
///
/// `gates`: what the inputs give to the gates, biases included, `[batch, time, 3 hidden]` in the
/// order reset, update, new; `weight`, `[3 hidden, hidden]`, and `bias`, `[3 hidden]`: what the
/// hidden state gives to them; `start`: the state before the first step, `[batch, hidden]`. f32 or
/// f64, any strides; differentiable twice. A row of the batch has the same bits whichever rows
/// stand beside it. Fails where shapes do not fit.
pub fn gru(gates: &Tensor, weight: &Tensor, bias: &Tensor, start: &Tensor) -> Result<Tensor> {
    let (batch, time, wide) = gates.dims3()?;
    let hidden = wide / 3;
    let fits = wide == 3 * hidden
        && weight.dims() == [wide, hidden]
        && bias.dims() == [wide]
        && start.dims() == [batch, hidden];
    if !fits || hidden == 0 || time == 0 {
        bail!(
            "gru: gates {:?}, weight {:?}, bias {:?} and start {:?} do not fit; expected [batch, \
             time, 3 hidden], [3 hidden, hidden], [3 hidden], [batch, hidden]",
            gates.dims(),
            weight.dims(),
            bias.dims(),
            start.dims()
        );
    }
    if !demand::fast("gru", &[gates, weight, bias, start])? {
        return reference(gates, weight, bias, start);
    }
    let rest = [weight.flatten_all()?, bias.clone(), start.flatten_all()?];
    gates.contiguous()?.apply_op2(&Tensor::cat(&rest, 0)?, Gru)
}

/// Rows of the batch that a task takes through all steps: enough to repay a product, and fixed
/// because their number decides the bits of the gradient of the weight.
const ROWS: usize = 16;

/// Sizes and operands of one call.
#[derive(Clone, Copy)]
struct Call<'a> {
    time: usize,
    hidden: usize,
    gates: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
    start: &'a [f32],
}

impl<'a> Call<'a> {
    fn new(gates: (&'a CpuStorage, &Layout), rest: (&'a CpuStorage, &Layout)) -> Result<Self> {
        let (_, time, wide) = gates.1.shape().dims3()?;
        let hidden = wide / 3;
        let rest = demand::values("gru", rest.0, rest.1)?;
        let (weight, rest) = rest.split_at(wide * hidden);
        let (bias, start) = rest.split_at(wide);
        let gates = demand::values("gru", gates.0, gates.1)?;
        Ok(Self { time, hidden, gates, weight, bias, start })
    }

    fn weight(&self) -> Matrix<'a> {
        Matrix::new(self.weight, 3 * self.hidden, self.hidden)
    }

    /// What the hidden states, `[rows, hidden]`, give to the gates. `weight`: transposed.
    fn recurrent(&self, out: &mut [f32], states: &[f32], weight: &Columns) {
        let (hidden, wide) = (self.hidden, 3 * self.hidden);
        out.chunks_exact_mut(wide).for_each(|row| row.copy_from_slice(self.bias));
        weight.multiply(out, Matrix::new(states, states.len() / hidden, hidden), true);
    }

    /// Runs the rows from `first` and writes their states, `[rows, time, hidden]`.
    fn run(&self, first: usize, states: &mut [f32]) {
        let (time, hidden, wide) = (self.time, self.hidden, 3 * self.hidden);
        let rows = states.len() / (time * hidden);
        let mut state = self.start[first * hidden..][..rows * hidden].to_vec();
        let mut own = vec![0.0; rows * wide];
        let weight = Columns::of(self.weight().transposed());
        for step in 0..time {
            self.recurrent(&mut own, &state, &weight);
            for row in 0..rows {
                let given = &self.gates[((first + row) * time + step) * wide..][..wide];
                let own = &own[row * wide..][..wide];
                let state = &mut state[row * hidden..][..hidden];
                let out = &mut states[(row * time + step) * hidden..][..hidden];
                next(state, out, given, own);
            }
        }
    }

    /// The gradients that come through the rows from `first`. `of_gates`: written, `[rows, time, 3
    /// hidden]`. Returns those of weight and bias, one after the other, and of the start.
    fn gradients(
        &self,
        first: usize,
        of_gates: &mut [f32],
        states: &[f32],
        gradient: &[f32],
    ) -> (Vec<f32>, Vec<f32>) {
        let (time, hidden, wide) = (self.time, self.hidden, 3 * self.hidden);
        let rows = of_gates.len() / (time * wide);
        // The states before each step, `[time, rows, hidden]`, and what they give to the gates.
        let mut before = Vec::with_capacity(time * rows * hidden);
        before.extend_from_slice(&self.start[first * hidden..][..rows * hidden]);
        for step in 1..time {
            for row in first..first + rows {
                before.extend_from_slice(&states[(row * time + step - 1) * hidden..][..hidden]);
            }
        }
        let mut own = vec![0.0; time * rows * wide];
        self.recurrent(&mut own, &before, &Columns::of(self.weight().transposed()));
        // Backwards; what the hidden state gave to the gates makes room for its gradient.
        let mut carried = vec![0.0; rows * hidden];
        let mut through = vec![0.0; rows * hidden];
        let weight = Columns::of(self.weight());
        for step in (0..time).rev() {
            let own = &mut own[step * rows * wide..][..rows * wide];
            for row in 0..rows {
                let place = (first + row) * time + step;
                let given = &self.gates[place * wide..][..wide];
                let gradient = &gradient[place * hidden..][..hidden];
                let before = &before[(step * rows + row) * hidden..][..hidden];
                let own = &mut own[row * wide..][..wide];
                let carried = &mut carried[row * hidden..][..hidden];
                let out = &mut of_gates[(row * time + step) * wide..][..wide];
                back(out, own, carried, given, gradient, before);
            }
            weight.multiply(&mut through, Matrix::new(own, rows, wide), false);
            carried.iter_mut().zip(&through).for_each(|(carried, through)| *carried += through);
        }
        let mut of_rest = vec![0.0; wide * hidden + wide];
        let (of_weight, of_bias) = of_rest.split_at_mut(wide * hidden);
        let before = Matrix::new(&before, time * rows, hidden);
        multiply(of_weight, Matrix::new(&own, time * rows, wide).transposed(), before, false);
        for row in own.chunks_exact(wide) {
            of_bias.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        (of_rest, carried)
    }
}

widest_fn! {
    /// One row, one step.
    fn next(state: &mut [f32], out: &mut [f32], given: &[f32], own: &[f32]) =
        next_inline(state, out, given, own)
}

#[inline(always)]
fn next_inline(state: &mut [f32], out: &mut [f32], given: &[f32], own: &[f32]) {
    let hidden = state.len();
    let ([gr, gz, gn], [or, oz, on]) = (thirds(given, hidden), thirds(own, hidden));
    for i in 0..hidden {
        let reset = exponential::sigmoid(gr[i] + or[i]);
        let keep = exponential::sigmoid(gz[i] + oz[i]);
        let new = exponential::tanh(gn[i] + reset * on[i]);
        state[i] = new + keep * (state[i] - new);
        out[i] = state[i];
    }
}

widest_fn! {
    /// [`back_inline`].
    fn back(
        out: &mut [f32], own: &mut [f32], carried: &mut [f32], given: &[f32], gradient: &[f32],
        before: &[f32]
    ) = back_inline(out, own, carried, given, gradient, before)
}

/// One row, one step, backwards. `own` becomes the gradient of what the hidden state gave to the
/// gates, `out` that of what the input gave, and `carried` the part of the gradient of the state
/// before that does not pass through the gates.
#[inline(always)]
fn back_inline(
    out: &mut [f32],
    own: &mut [f32],
    carried: &mut [f32],
    given: &[f32],
    gradient: &[f32],
    before: &[f32],
) {
    let hidden = carried.len();
    let [gr, gz, gn] = thirds(given, hidden);
    let (or, rest) = own.split_at_mut(hidden);
    let (oz, on) = rest.split_at_mut(hidden);
    let (out_r, rest) = out.split_at_mut(hidden);
    let (out_z, out_n) = rest.split_at_mut(hidden);
    let (oz, on) = (&mut oz[..hidden], &mut on[..hidden]);
    let (out_z, out_n) = (&mut out_z[..hidden], &mut out_n[..hidden]);
    let (gradient, before) = (&gradient[..hidden], &before[..hidden]);
    for i in 0..hidden {
        let reset = exponential::sigmoid(gr[i] + or[i]);
        let keep = exponential::sigmoid(gz[i] + oz[i]);
        let new = exponential::tanh(gn[i] + reset * on[i]);
        let whole = gradient[i] + carried[i];
        let of_new = whole * (1.0 - keep) * (1.0 - new * new);
        let of_reset = of_new * on[i] * reset * (1.0 - reset);
        let of_keep = whole * (before[i] - new) * keep * (1.0 - keep);
        (out_r[i], out_z[i], out_n[i]) = (of_reset, of_keep, of_new);
        (or[i], oz[i], on[i]) = (of_reset, of_keep, of_new * reset);
        carried[i] = whole * keep;
    }
}

#[inline(always)]
fn thirds(row: &[f32], hidden: usize) -> [&[f32]; 3] {
    [&row[..hidden], &row[hidden..2 * hidden], &row[2 * hidden..3 * hidden]]
}

/// Gates, and then weight, bias and start in one row, to states.
struct Gru;

impl CustomOp2 for Gru {
    fn name(&self) -> &'static str {
        "gru"
    }

    fn cpu_fwd(
        &self,
        gates: &CpuStorage,
        gates_layout: &Layout,
        rest: &CpuStorage,
        rest_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let call = Call::new((gates, gates_layout), (rest, rest_layout))?;
        let (batch, time, _) = gates_layout.shape().dims3()?;
        let mut states = vec![0.0; batch * time * call.hidden];
        states
            .par_chunks_mut(ROWS * time * call.hidden)
            .enumerate()
            .for_each(|(task, states)| call.run(task * ROWS, states));
        Ok((CpuStorage::F32(states), Shape::from((batch, time, call.hidden))))
    }

    fn bwd(
        &self,
        gates: &Tensor,
        rest: &Tensor,
        states: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let both = Tensor::stack(&[states, gradient], 0)?;
        let all = gates.apply_op3(rest, &both, Gradients)?;
        gradients_of([gates, rest], &all).map(Into::into)
    }
}

/// The gradients of the gates and of the rest, one after the other. The third operand holds the
/// states and the gradient of them, `[2, batch, time, hidden]`.
struct Gradients;

impl CustomOp3 for Gradients {
    fn name(&self) -> &'static str {
        "gru: gradients"
    }

    fn cpu_fwd(
        &self,
        gates: &CpuStorage,
        gates_layout: &Layout,
        rest: &CpuStorage,
        rest_layout: &Layout,
        both: &CpuStorage,
        both_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let call = Call::new((gates, gates_layout), (rest, rest_layout))?;
        let both = demand::values(self.name(), both, both_layout)?;
        let (states, gradient) = both.split_at(both.len() / 2);
        let mut out = vec![0.0; call.gates.len() + rest_layout.shape().elem_count()];
        let (of_gates, of_rest) = out.split_at_mut(call.gates.len());
        let parts: Vec<(Vec<f32>, Vec<f32>)> = of_gates
            .par_chunks_mut(ROWS * call.time * 3 * call.hidden)
            .enumerate()
            .map(|(task, of_gates)| call.gradients(task * ROWS, of_gates, states, gradient))
            .collect();
        let (weights, starts): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        let weights = sum_in_order(weights);
        of_rest[..weights.len()].copy_from_slice(&weights);
        of_rest[call.weight.len() + call.bias.len()..].copy_from_slice(&starts.concat());
        let count = out.len();
        Ok((CpuStorage::F32(out), Shape::from(count)))
    }

    fn bwd(
        &self,
        gates: &Tensor,
        rest: &Tensor,
        both: &Tensor,
        _: &Tensor,
        outer: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        // Rare enough to leave to candle: the gradient of the reference on a tape of its own. It
        // runs forward itself, so the states among the operands need no gradient.
        let gradient = both.get(1)?;
        let variable = |x: &Tensor| Var::from_tensor(&x.copy()?);
        let (gates, rest, gradient) = (variable(gates)?, variable(rest)?, variable(&gradient)?);
        let first = reference_gradients(&gates, &rest, &gradient)?;
        let store = (first * outer)?.sum_all()?.backward()?;
        let of_gradient = match store.get(&gradient) {
            Some(of) => Some(Tensor::stack(&[&of.zeros_like()?, of], 0)?),
            None => None,
        };
        Ok((store.get(&gates).cloned(), store.get(&rest).cloned(), of_gradient))
    }
}

#[cfg(test)]
mod tests;
