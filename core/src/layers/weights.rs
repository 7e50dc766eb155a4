//! Where weights come from: drawn from named streams for training, given for sampling.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle::{DType, Device, Result, Shape, Tensor, Var, bail};
use candle_nn::init::NormalOrUniform;
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};
use generativa_random::Stream;

/// The trainable weights of a model by their full names. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Parameters(Arc<Mutex<BTreeMap<String, Var>>>);

impl Parameters {
    /// All weights, sorted by name.
    pub fn named(&self) -> Vec<(String, Var)> {
        self.lock().iter().map(|(name, var)| (name.clone(), var.clone())).collect()
    }

    /// Number of scalars in all weights together.
    pub fn count(&self) -> usize {
        self.lock().values().map(|var| var.elem_count()).sum()
    }

    /// Copies that later training steps leave alone and no gradient reaches, for
    /// [`frozen_builder`].
    pub fn snapshot(&self) -> Result<HashMap<String, Tensor>> {
        let copies = self.lock();
        copies.iter().map(|(name, var)| Ok((name.clone(), var.copy()?.detach()))).collect()
    }

    /// The weights themselves, which later training steps move, out of reach of any gradient: for
    /// [`frozen_builder`], where a network works beside one that learns with the same weights.
    pub fn untracked(&self) -> HashMap<String, Tensor> {
        self.lock().iter().map(|(name, var)| (name.clone(), var.as_detached_tensor())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Var>> {
        // A panic elsewhere leaves the map whole: each insertion is one call.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A builder that draws each weight, f32, from its own stream `weights/<full name>` under `seed`
/// and keeps it in `parameters`. What a weight is depends on its name, shape and initialiser, not
/// on which others are made or when. A name asked for twice gives the same weight twice.
pub fn seeded_builder(parameters: &Parameters, seed: u64, device: &Device) -> VarBuilder<'static> {
    let backend = Seeded { parameters: parameters.clone(), seed };
    VarBuilder::from_backend(Box::new(backend), DType::F32, device.clone())
}

/// A builder that serves `tensors`, all on one device, cut off from any gradient. A name that is
/// missing or of another shape is an error, whatever the initialiser.
pub fn frozen_builder(tensors: HashMap<String, Tensor>) -> VarBuilder<'static> {
    let device = tensors.values().next().map_or(Device::Cpu, |tensor| tensor.device().clone());
    let tensors = tensors.into_iter().map(|(name, tensor)| (name, tensor.detach())).collect();
    VarBuilder::from_backend(Box::new(Frozen(tensors)), DType::F32, device)
}

struct Seeded {
    parameters: Parameters,
    seed: u64,
}

impl SimpleBackend for Seeded {
    fn get(
        &self,
        shape: Shape,
        name: &str,
        init: Init,
        dtype: DType,
        device: &Device,
    ) -> Result<Tensor> {
        let mut weights = self.parameters.lock();
        if let Some(var) = weights.get(name) {
            if var.shape() != &shape {
                bail!("weight `{name}` is {:?}, asked for again as {shape:?}", var.shape());
            }
            return Ok(var.as_tensor().clone());
        }
        let mut stream = Stream::named(self.seed, &format!("weights/{name}"));
        let values = draw(init, &shape, &mut stream);
        let var = Var::from_tensor(&Tensor::from_vec(values, shape, device)?.to_dtype(dtype)?)?;
        let tensor = var.as_tensor().clone();
        weights.insert(name.to_string(), var);
        Ok(tensor)
    }

    fn get_unchecked(&self, name: &str, _: DType, _: &Device) -> Result<Tensor> {
        match self.parameters.lock().get(name) {
            Some(var) => Ok(var.as_tensor().clone()),
            None => bail!("weight `{name}` cannot be drawn without a shape; ask with `get`"),
        }
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.parameters.lock().contains_key(name)
    }
}

/// Values of a weight in row order.
fn draw(init: Init, shape: &Shape, stream: &mut Stream) -> Vec<f32> {
    let count = shape.elem_count();
    let mut uniform = |low: f64, high: f64| {
        (0..count).map(|_| (low + (high - low) * stream.uniform()) as f32).collect()
    };
    match init {
        Init::Const(value) => vec![value as f32; count],
        Init::Uniform { lo, up } => uniform(lo, up),
        Init::Randn { mean, stdev } => normal(mean, stdev, count, stream),
        Init::Kaiming { dist, fan, non_linearity } => {
            let stdev = non_linearity.gain() / (fan.for_shape(shape) as f64).sqrt();
            match dist {
                // A uniform variable on ±a has variance a²/3.
                NormalOrUniform::Uniform => uniform(-3f64.sqrt() * stdev, 3f64.sqrt() * stdev),
                NormalOrUniform::Normal => normal(0.0, stdev, count, stream),
            }
        }
    }
}

fn normal(mean: f64, stdev: f64, count: usize, stream: &mut Stream) -> Vec<f32> {
    (0..count).map(|_| (mean + stdev * stream.normal()) as f32).collect()
}

struct Frozen(HashMap<String, Tensor>);

impl SimpleBackend for Frozen {
    fn get(
        &self,
        shape: Shape,
        name: &str,
        _: Init,
        dtype: DType,
        device: &Device,
    ) -> Result<Tensor> {
        let tensor = self.get_unchecked(name, dtype, device)?;
        if tensor.shape() != &shape {
            bail!("weight `{name}`: the model expects {shape:?}, found {:?}", tensor.shape());
        }
        Ok(tensor)
    }

    fn get_unchecked(&self, name: &str, dtype: DType, device: &Device) -> Result<Tensor> {
        match self.0.get(name) {
            Some(tensor) => tensor.to_device(device)?.to_dtype(dtype),
            None => bail!(
                "weight `{name}` is missing among {}; the weights belong to another model or were \
                 saved only in part",
                self.0.len()
            ),
        }
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(order: &[&str], seed: u64) -> Result<Vec<(String, Vec<f32>)>> {
        let parameters = Parameters::default();
        let builder = seeded_builder(&parameters, seed, &Device::Cpu);
        for name in order {
            builder.get_with_hints(4, name, Init::Randn { mean: 0.0, stdev: 1.0 })?;
        }
        parameters.named().into_iter().map(|(name, var)| Ok((name, var.to_vec1()?))).collect()
    }

    #[test]
    fn weights_do_not_depend_on_the_order_of_creation() -> Result<()> {
        assert_eq!(drawn(&["a", "b"], 0)?, drawn(&["b", "a"], 0)?);
        assert_ne!(drawn(&["a"], 0)?, drawn(&["a"], 1)?);
        let both = drawn(&["a", "b"], 0)?;
        assert_ne!(both[0].1, both[1].1);
        Ok(())
    }

    #[test]
    fn initialisers_have_the_moments_that_they_name() -> Result<()> {
        let parameters = Parameters::default();
        let builder = seeded_builder(&parameters, 0, &Device::Cpu);
        let uniform = Init::Uniform { lo: -1.0, up: 2.0 };
        let cases = [
            ("const", Init::Const(3.0), 3.0, 0.0),
            ("uniform", uniform, 0.5, 0.75),
            ("normal", Init::Randn { mean: 1.0, stdev: 2.0 }, 1.0, 4.0),
            ("kaiming", candle_nn::init::DEFAULT_KAIMING_UNIFORM, 0.0, 2.0 / 50.0),
        ];
        for (name, init, mean, variance) in cases {
            let weight = builder.get_with_hints((1000, 50), name, init)?;
            let found: f32 = weight.mean_all()?.to_scalar()?;
            assert!((found - mean).abs() < 0.05, "{name}: mean {found}");
            let found: f32 =
                weight.broadcast_sub(&weight.mean_all()?)?.sqr()?.mean_all()?.to_scalar()?;
            assert!((found - variance).abs() <= 0.05 * variance, "{name}: variance {found}");
        }
        assert_eq!(parameters.count(), 4 * 50_000);
        Ok(())
    }

    #[test]
    fn frozen_weights_have_no_tape_and_a_missing_one_is_named() -> Result<()> {
        let parameters = Parameters::default();
        let builder = seeded_builder(&parameters, 0, &Device::Cpu);
        builder.pp("layer").get(2, "weight")?;
        let frozen = frozen_builder(parameters.snapshot()?);
        let moving = frozen_builder(parameters.untracked()).pp("layer").get(2, "weight")?;
        let (_, var) = &parameters.named()[0];
        var.set(&Tensor::new(&[1f32, 1.0], &Device::Cpu)?)?;
        let weight = frozen.pp("layer").get(2, "weight")?;
        assert_eq!(weight.to_vec1::<f32>()?, [0.0, 0.0]);
        assert_eq!(moving.to_vec1::<f32>()?, [1.0, 1.0]);
        assert!(!weight.track_op() && !moving.track_op());
        let missing = frozen.get(2, "bias").expect_err("there is no bias").to_string();
        assert!(missing.contains("`bias` is missing"), "{missing}");
        let shape = frozen.pp("layer").get(3, "weight").expect_err("it has 2").to_string();
        assert!(shape.contains("`layer.weight`"), "{shape}");
        Ok(())
    }
}
