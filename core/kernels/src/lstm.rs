//! A long short-term memory over a whole sequence (Hochreiter & Schmidhuber 1997, Neural
//! Computation 9) in PyTorch's form, with the forget gate of Gers et al. 2000. With `a` what the
//! input gives to the gates,
//!
//! `i = σ(aᵢ + Uᵢ h)`, `f = σ(a_f + U_f h)`, `n = tanh(aₙ + Uₙ h)`, `o = σ(aₒ + Uₒ h)`,
//! `c' = f c + i n`, `h' = o tanh c'`
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

/// The hidden states after every step and then the cell states, `[2, batch, time, hidden]`.
///
/// `gates`: what the inputs give to the gates, all biases included, `[batch, time, 4 hidden]` in
/// the order input, forget, cell, output; `weight`, `[4 hidden, hidden]`: what the hidden state
/// gives to them; `start_hidden` and `start_cell`: the states before the first step, `[batch,
/// hidden]`. f32 or f64, any strides; differentiable twice. A row of the batch has the same bits
/// whichever rows stand beside it. Fails where shapes do not fit.
pub fn lstm(
    gates: &Tensor,
    weight: &Tensor,
    start_hidden: &Tensor,
    start_cell: &Tensor,
) -> Result<Tensor> {
    let (batch, time, wide) = gates.dims3()?;
    let hidden = wide / 4;
    let fits = wide == 4 * hidden
        && weight.dims() == [wide, hidden]
        && start_hidden.dims() == [batch, hidden]
        && start_cell.dims() == [batch, hidden];
    if !fits || hidden == 0 || time == 0 {
        bail!(
            "lstm: gates {:?}, weight {:?}, start hidden {:?} and start cell {:?} do not fit; \
             expected [batch, time, 4 hidden], [4 hidden, hidden], [batch, hidden], [batch, \
             hidden]",
            gates.dims(),
            weight.dims(),
            start_hidden.dims(),
            start_cell.dims()
        );
    }
    if !demand::fast("lstm", &[gates, weight, start_hidden, start_cell])? {
        return reference(gates, weight, start_hidden, start_cell);
    }
    let rest = [weight.flatten_all()?, start_hidden.flatten_all()?, start_cell.flatten_all()?];
    gates.contiguous()?.apply_op2(&Tensor::cat(&rest, 0)?, Lstm)
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
    start_hidden: &'a [f32],
    start_cell: &'a [f32],
}

impl<'a> Call<'a> {
    fn new(gates: (&'a CpuStorage, &Layout), rest: (&'a CpuStorage, &Layout)) -> Result<Self> {
        let (batch, time, wide) = gates.1.shape().dims3()?;
        let hidden = wide / 4;
        let rest = demand::values("lstm", rest.0, rest.1)?;
        let (weight, starts) = rest.split_at(wide * hidden);
        let (start_hidden, start_cell) = starts.split_at(batch * hidden);
        let gates = demand::values("lstm", gates.0, gates.1)?;
        Ok(Self { time, hidden, gates, weight, start_hidden, start_cell })
    }

    fn weight(&self) -> Matrix<'a> {
        Matrix::new(self.weight, 4 * self.hidden, self.hidden)
    }

    /// Adds what the hidden states, `[rows, hidden]`, give to the gates. `weight`: transposed.
    fn add_recurrent(&self, gates: &mut [f32], states: &[f32], weight: &Columns) {
        let states = Matrix::new(states, states.len() / self.hidden, self.hidden);
        weight.multiply(gates, states, true);
    }

    /// Runs the rows from `first` and writes their states, each `[rows, time, hidden]`.
    fn run(&self, first: usize, hidden_states: &mut [f32], cell_states: &mut [f32]) {
        let (time, hidden, wide) = (self.time, self.hidden, 4 * self.hidden);
        let rows = hidden_states.len() / (time * hidden);
        let mut state = self.start_hidden[first * hidden..][..rows * hidden].to_vec();
        let mut cell = self.start_cell[first * hidden..][..rows * hidden].to_vec();
        let mut gates = vec![0.0; rows * wide];
        let weight = Columns::of(self.weight().transposed());
        for step in 0..time {
            for (row, gates) in gates.chunks_exact_mut(wide).enumerate() {
                let place = (first + row) * time + step;
                gates.copy_from_slice(&self.gates[place * wide..][..wide]);
            }
            self.add_recurrent(&mut gates, &state, &weight);
            for row in 0..rows {
                let state = &mut state[row * hidden..][..hidden];
                let cell = &mut cell[row * hidden..][..hidden];
                next(state, cell, &gates[row * wide..][..wide]);
                let place = (row * time + step) * hidden;
                hidden_states[place..][..hidden].copy_from_slice(state);
                cell_states[place..][..hidden].copy_from_slice(cell);
            }
        }
    }

    /// The gradients that come through the rows from `first`. `of_gates`: written, `[rows, time, 4
    /// hidden]`; `of_hidden` and `of_cell`: zeros that become the gradients of the starts, `[rows,
    /// hidden]`; `both`: see [`Gradients`]. Returns that of the weight.
    fn gradients(
        &self,
        first: usize,
        of_gates: &mut [f32],
        of_hidden: &mut [f32],
        of_cell: &mut [f32],
        both: &[f32],
    ) -> Vec<f32> {
        let (time, hidden, wide) = (self.time, self.hidden, 4 * self.hidden);
        let rows = of_hidden.len() / hidden;
        let [hidden_states, cell_states, hidden_gradient, cell_gradient] =
            quarters(both, both.len() / 4);
        // The hidden states before each step, `[rows, time, hidden]`.
        let mut before = Vec::with_capacity(rows * time * hidden);
        for row in first..first + rows {
            before.extend_from_slice(&self.start_hidden[row * hidden..][..hidden]);
            let states = &hidden_states[row * time * hidden..];
            before.extend_from_slice(&states[..(time - 1) * hidden]);
        }
        // The gates make room for their gradients.
        of_gates.copy_from_slice(&self.gates[first * time * wide..][..rows * time * wide]);
        self.add_recurrent(of_gates, &before, &Columns::of(self.weight().transposed()));
        let weight = Columns::of(self.weight());
        for step in (0..time).rev() {
            for row in 0..rows {
                let place = (first + row) * time + step;
                let cell_before = match step {
                    0 => &self.start_cell[(first + row) * hidden..][..hidden],
                    _ => &cell_states[(place - 1) * hidden..][..hidden],
                };
                back(
                    &mut of_gates[(row * time + step) * wide..][..wide],
                    &of_hidden[row * hidden..][..hidden],
                    &mut of_cell[row * hidden..][..hidden],
                    [cell_before, &cell_states[place * hidden..][..hidden]],
                    [hidden_gradient, cell_gradient].map(|of| &of[place * hidden..][..hidden]),
                );
            }
            let of_step = Matrix::new(of_gates, rows, time * wide).column_range(step * wide, wide);
            weight.multiply(of_hidden, of_step, false);
        }
        let mut of_weight = vec![0.0; wide * hidden];
        let of_gates = Matrix::new(of_gates, rows * time, wide).transposed();
        multiply(&mut of_weight, of_gates, Matrix::new(&before, rows * time, hidden), false);
        of_weight
    }
}

widest_fn! {
    /// One row, one step.
    fn next(state: &mut [f32], cell: &mut [f32], gates: &[f32]) = next_inline(state, cell, gates)
}

#[inline(always)]
fn next_inline(state: &mut [f32], cell: &mut [f32], gates: &[f32]) {
    let hidden = state.len();
    let [input, forget, new, output] = quarters(gates, hidden);
    let cell = &mut cell[..hidden];
    for i in 0..hidden {
        let added = exponential::sigmoid(input[i]) * exponential::tanh(new[i]);
        cell[i] = exponential::sigmoid(forget[i]) * cell[i] + added;
        state[i] = exponential::sigmoid(output[i]) * exponential::tanh(cell[i]);
    }
}

widest_fn! {
    /// [`back_inline`].
    fn back(
        gates: &mut [f32], of_hidden: &[f32], of_cell: &mut [f32], cells: [&[f32]; 2],
        gradients: [&[f32]; 2]
    ) = back_inline(gates, of_hidden, of_cell, cells, gradients)
}

/// One row, one step, backwards. `gates` become their gradients. `of_hidden` and `of_cell`: what
/// later steps give to the gradients of the states after this one; the latter becomes that of the
/// cell state before. `cells`: before and after; `gradients`: of the hidden and of the cell state.
#[inline(always)]
fn back_inline(
    gates: &mut [f32],
    of_hidden: &[f32],
    of_cell: &mut [f32],
    cells: [&[f32]; 2],
    gradients: [&[f32]; 2],
) {
    let hidden = of_cell.len();
    let (inputs, rest) = gates.split_at_mut(hidden);
    let (forgets, rest) = rest.split_at_mut(hidden);
    let (news, outputs) = rest.split_at_mut(hidden);
    let (forgets, news) = (&mut forgets[..hidden], &mut news[..hidden]);
    let (outputs, of_hidden) = (&mut outputs[..hidden], &of_hidden[..hidden]);
    let [before, after] = cells.map(|cell| &cell[..hidden]);
    let [hidden_gradient, cell_gradient] = gradients.map(|gradient| &gradient[..hidden]);
    for i in 0..hidden {
        let input = exponential::sigmoid(inputs[i]);
        let forget = exponential::sigmoid(forgets[i]);
        let new = exponential::tanh(news[i]);
        let output = exponential::sigmoid(outputs[i]);
        let bounded = exponential::tanh(after[i]);
        let whole_hidden = hidden_gradient[i] + of_hidden[i];
        let through = whole_hidden * output * (1.0 - bounded * bounded);
        let whole_cell = cell_gradient[i] + of_cell[i] + through;
        inputs[i] = whole_cell * new * input * (1.0 - input);
        forgets[i] = whole_cell * before[i] * forget * (1.0 - forget);
        news[i] = whole_cell * input * (1.0 - new * new);
        outputs[i] = whole_hidden * bounded * output * (1.0 - output);
        of_cell[i] = whole_cell * forget;
    }
}

/// Four parts of `size` values.
#[inline(always)]
fn quarters(values: &[f32], size: usize) -> [&[f32]; 4] {
    let (first, second) = values.split_at(2 * size);
    [&first[..size], &first[size..2 * size], &second[..size], &second[size..2 * size]]
}

/// Gates, and then weight, start hidden and start cell in one row, to states.
struct Lstm;

impl CustomOp2 for Lstm {
    fn name(&self) -> &'static str {
        "lstm"
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
        let (count, task) = (batch * time * call.hidden, ROWS * time * call.hidden);
        let mut states = vec![0.0; 2 * count];
        let (hidden_states, cell_states) = states.split_at_mut(count);
        hidden_states
            .par_chunks_mut(task)
            .zip(cell_states.par_chunks_mut(task))
            .enumerate()
            .for_each(|(index, (hidden, cell))| call.run(index * ROWS, hidden, cell));
        Ok((CpuStorage::F32(states), Shape::from((2, batch, time, call.hidden))))
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
/// states and the gradient of them, `[2, 2, batch, time, hidden]`.
struct Gradients;

impl CustomOp3 for Gradients {
    fn name(&self) -> &'static str {
        "lstm: gradients"
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
        let mut out = vec![0.0; call.gates.len() + rest_layout.shape().elem_count()];
        let (of_gates, of_rest) = out.split_at_mut(call.gates.len());
        let (of_weight, of_starts) = of_rest.split_at_mut(call.weight.len());
        let (of_hidden, of_cell) = of_starts.split_at_mut(call.start_hidden.len());
        let task = ROWS * call.hidden;
        let weights = of_gates
            .par_chunks_mut(4 * call.time * task)
            .zip(of_hidden.par_chunks_mut(task))
            .zip(of_cell.par_chunks_mut(task))
            .enumerate()
            .map(|(index, ((of_gates, of_hidden), of_cell))| {
                call.gradients(index * ROWS, of_gates, of_hidden, of_cell, both)
            });
        let weights = sum_in_order(weights.collect());
        of_weight[..weights.len()].copy_from_slice(&weights);
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
