//! AdamW with a state that can be stored: candle's hides its moments, so a run that uses it
//! cannot be resumed. Every gradient of every model passes [`AdamW::step`].

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use candle::backprop::GradStore;
use candle::{CpuStorage, DType, Device, InplaceOp1, Layout, Result, Storage, Tensor, Var, bail};
use generativa_kernels::{AdamWStep, adamw_step};
use rayon::prelude::*;

use crate::layers::Parameters;

/// The settings that hold for a whole run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamWConfig {
    /// Share of the first moment that a step keeps.
    pub beta1: f64,
    /// Share of the second moment that a step keeps.
    pub beta2: f64,
    /// Added to the root of the corrected second moment.
    pub eps: f64,
    /// Decoupled decay of weights that no group claims.
    pub weight_decay: f64,
    /// Gradients whose norm over all weights is larger are scaled down to it.
    pub max_norm: Option<f64>,
    /// Share of the moving average of the weights that a step keeps, less in the first ones (see
    /// [`warmed_up`]); `None` keeps no average.
    pub average: Option<f64>,
}

impl Default for AdamWConfig {
    /// PyTorch's defaults: no clipping, no average.
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.999,
            eps: 1e-8,
            weight_decay: 0.01,
            max_norm: None,
            average: None,
        }
    }
}

/// Weights that are treated apart. The first group whose `claims` is true of a name has it.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// Whether the weight of this full name belongs here.
    pub claims: fn(&str) -> bool,
    /// Factor on the learning rate.
    pub rate_scale: f64,
    /// Decay instead of that of the config.
    pub weight_decay: f64,
}

impl Group {
    /// Biases and the weights of norms do not decay: shrinking them limits no capacity. They are
    /// known by their names: a last part `bias`, or `norm` in the part before it.
    pub const UNDECAYED: Self =
        Self { claims: is_bias_or_norm, rate_scale: 1.0, weight_decay: 0.0 };
}

fn is_bias_or_norm(name: &str) -> bool {
    let mut parts = name.rsplit('.');
    let (last, owner) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    last.starts_with("bias") || owner.contains("norm")
}

/// AdamW over a fixed set of weights, in the order of their names.
#[derive(Debug)]
pub struct AdamW {
    config: AdamWConfig,
    weights: Vec<Weight>,
    steps: u64,
}

#[derive(Debug)]
struct Weight {
    name: String,
    var: Var,
    rate_scale: f64,
    weight_decay: f64,
    first: Vec<f32>,
    second: Vec<f32>,
    average: Option<Vec<f32>>,
}

/// Zeros that are written: those of `vec!` may be a promise, which the system keeps page by page in
/// the middle of the first step, where memory that is missing ends the process.
fn zeros(count: usize) -> Vec<f32> {
    std::iter::repeat_n(0.0, count).collect()
}

impl AdamW {
    /// For all weights that `parameters` holds now. Averages begin at the weights. Fails for
    /// weights that are not f32.
    pub fn new(parameters: &Parameters, config: AdamWConfig, groups: &[Group]) -> Result<Self> {
        let weight = |(name, var): (String, Var)| {
            if var.dtype() != DType::F32 {
                bail!("weight `{name}` is {:?}; the optimizer expects f32", var.dtype());
            }
            let group = groups.iter().find(|group| (group.claims)(&name));
            let (first, second) = (zeros(var.elem_count()), zeros(var.elem_count()));
            let values = || var.flatten_all()?.to_vec1();
            Ok(Weight {
                rate_scale: group.map_or(1.0, |group| group.rate_scale),
                weight_decay: group.map_or(config.weight_decay, |group| group.weight_decay),
                average: config.average.map(|_| values()).transpose()?,
                name,
                var,
                first,
                second,
            })
        };
        let weights = parameters.named().into_iter().map(weight).collect::<Result<_>>()?;
        Ok(Self { config, weights, steps: 0 })
    }

    /// Steps taken so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Moves every weight that has a gradient at the learning rate `lr`, and returns the norm of
    /// the gradients before they were clipped. Weights without one keep still. Fails, with nothing
    /// moved, where a gradient is not finite, and names the weight.
    pub fn step(&mut self, gradients: &GradStore, lr: f64) -> Result<f64> {
        let gradients: Vec<Option<Tensor>> = self
            .weights
            .iter()
            .map(|weight| host_gradient(weight, gradients))
            .collect::<Result<_>>()?;
        let norm = self.norm(&gradients)?;

        // clip
        let gradient_scale = match self.config.max_norm {
            Some(most) if norm > most => most / norm,
            _ => 1.0,
        };

        // update
        self.steps += 1;
        let AdamWConfig { beta1, beta2, eps, .. } = self.config;
        let average = self.config.average.map(|decay| warmed_up(decay, self.steps));
        for (weight, gradient) in self.weights.iter_mut().zip(&gradients) {
            let Some(gradient) = gradient else { continue };
            let step = AdamWStep {
                lr: lr * weight.rate_scale,
                beta1,
                beta2,
                eps,
                weight_decay: weight.weight_decay,
                step: self.steps,
                gradient_scale,
            };
            weight.update(gradient, average, &step)?;
        }
        Ok(norm)
    }

    /// `√Σ g²` over all gradients; f64, in the order of the names.
    fn norm(&self, gradients: &[Option<Tensor>]) -> Result<f64> {
        let mut total = 0.0;
        for (weight, gradient) in self.weights.iter().zip(gradients) {
            let Some(gradient) = gradient else { continue };
            let squares = with_values(gradient, sum_of_squares)?;
            if !squares.is_finite() {
                bail!(
                    "the gradient of `{}` is not finite after {} steps; lower the learning rate or \
                     clip the gradients",
                    weight.name,
                    self.steps
                );
            }
            total += squares;
        }
        Ok(total.sqrt())
    }

    /// The buffers that a checkpoint stores beside the weights and [`steps`](Self::steps):
    /// `first/<name>`, `second/<name>` and, if kept, `average/<name>`, in row order.
    pub fn state(&self) -> Vec<(String, &[f32])> {
        let mut state = Vec::new();
        for weight in &self.weights {
            let average = weight.average.as_deref();
            let kinds = [("first", Some(&*weight.first)), ("second", Some(&*weight.second))];
            for (kind, buffer) in kinds.into_iter().chain([("average", average)]) {
                state.extend(buffer.map(|buffer| (format!("{kind}/{}", weight.name), buffer)));
            }
        }
        state
    }

    /// Continues from the `steps` and [`state`](Self::state) of a checkpoint. Fails, with nothing
    /// changed, where a buffer is missing, has another length or is one too many.
    pub fn restore(&mut self, steps: u64, state: &BTreeMap<String, Vec<f32>>) -> Result<()> {
        let expected = self.state();
        for (name, buffer) in &expected {
            match state.get(name) {
                Some(stored) if stored.len() == buffer.len() => {}
                Some(stored) => bail!(
                    "optimizer state `{name}`: expected {} values, found {}",
                    buffer.len(),
                    stored.len()
                ),
                None => bail!("optimizer state `{name}` is missing; it belongs to another run"),
            }
        }
        if let Some(name) =
            state.keys().find(|name| expected.iter().all(|(known, _)| known != *name))
        {
            bail!("optimizer state `{name}` belongs to no weight of this model");
        }
        for weight in &mut self.weights {
            let stored = |kind: &str| state[&format!("{kind}/{}", weight.name)].clone();
            weight.first = stored("first");
            weight.second = stored("second");
            weight.average = weight.average.as_ref().map(|_| stored("average"));
        }
        self.steps = steps;
        Ok(())
    }

    /// The moving averages of the weights by name, for sampling; `None` if none are kept.
    pub fn averages(&self) -> Result<Option<HashMap<String, Tensor>>> {
        if self.config.average.is_none() {
            return Ok(None);
        }
        let mut averages = HashMap::new();
        for weight in &self.weights {
            let Some(average) = &weight.average else { continue };
            let tensor = Tensor::from_slice(average, weight.var.shape(), weight.var.device())?;
            averages.insert(weight.name.clone(), tensor);
        }
        Ok(Some(averages))
    }
}

/// The share of an average that step number `steps` keeps: `decay`, but at most `steps / (9 +
/// steps)`, so that the average forgets the initial weights however short the run.
pub fn warmed_up(decay: f64, steps: u64) -> f64 {
    decay.min(steps as f64 / (9 + steps) as f64)
}

/// Fails with the names of all trainable weights that got no gradient: a tape cut somewhere, or
/// a part of the model that the loss does not reach. For the first step of a run.
pub fn assert_every_gradient(parameters: &Parameters, gradients: &GradStore) -> Result<()> {
    let missing: Vec<String> = parameters
        .named()
        .into_iter()
        .filter(|(_, var)| gradients.get(var).is_none())
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    if !missing.is_empty() {
        bail!("no gradient reached {}; the loss does not depend on them", missing.join(", "));
    }
    Ok(())
}

impl Weight {
    fn update(&mut self, gradient: &Tensor, decay: Option<f64>, step: &AdamWStep) -> Result<()> {
        let (first, second) = (&mut self.first, &mut self.second);
        let average = self.average.as_deref_mut().zip(decay);
        with_values(gradient, |gradient| {
            if self.var.device().is_cpu() {
                let apply = |values: &mut [f32]| {
                    adamw_step(values, gradient, first, second, average, step);
                };
                return self.var.inplace_op1(&InPlace(RefCell::new(Some(apply))));
            }
            let mut values = self.var.flatten_all()?.to_vec1()?;
            adamw_step(&mut values, gradient, first, second, average, step);
            self.var.set(&Tensor::from_vec(values, self.var.shape(), self.var.device())?)
        })?
    }
}

/// Lets a function change the values of a weight where they lie.
struct InPlace<F>(RefCell<Option<F>>);

impl<F: FnOnce(&mut [f32])> InplaceOp1 for InPlace<F> {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        match (storage, layout.contiguous_offsets(), self.0.take()) {
            (CpuStorage::F32(values), Some((start, end)), Some(apply)) => {
                apply(&mut values[start..end]);
                Ok(())
            }
            _ => bail!("adamw: expected a contiguous f32 weight, found {layout:?}"),
        }
    }
}

/// The gradient of a weight, contiguous and in host memory.
fn host_gradient(weight: &Weight, gradients: &GradStore) -> Result<Option<Tensor>> {
    let Some(gradient) = gradients.get(&weight.var) else { return Ok(None) };
    if gradient.dims() != weight.var.dims() || gradient.dtype() != DType::F32 {
        bail!(
            "the gradient of `{}` is {:?} {:?}, expected f32 {:?}",
            weight.name,
            gradient.dtype(),
            gradient.dims(),
            weight.var.dims()
        );
    }
    gradient.detach().to_device(&Device::Cpu)?.contiguous().map(Some)
}

/// Calls `function` with the values of a contiguous f32 tensor in host memory.
fn with_values<T>(tensor: &Tensor, function: impl FnOnce(&[f32]) -> T) -> Result<T> {
    let (storage, layout) = tensor.storage_and_layout();
    match (&*storage, layout.contiguous_offsets()) {
        (Storage::Cpu(CpuStorage::F32(values)), Some((start, end))) => {
            Ok(function(&values[start..end]))
        }
        _ => bail!("adamw: expected a contiguous f32 gradient in host memory, found {layout:?}"),
    }
}

/// Chunks are summed apart and added in their order, so that threads leave no trace.
fn sum_of_squares(values: &[f32]) -> f64 {
    let square = |&value: &f32| f64::from(value) * f64::from(value);
    let chunks: Vec<f64> =
        values.par_chunks(1 << 14).map(|chunk| chunk.iter().map(square).sum()).collect();
    chunks.iter().sum()
}

#[cfg(test)]
mod tests;
