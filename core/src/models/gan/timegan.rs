//! TimeGAN (Yoon, Jarrett & van der Schaar 2019, "Time-series Generative Adversarial Networks", NeurIPS):
//! a generator that works in the space of an autoencoder, beside a supervisor that learns what comes
//! after a state there.
//!
//! Networks and losses are those of the authors' code (`timegan.py`), which says more than the paper.
//! The recurrent unit is PyTorch's, see [`kernels::gru`](generativa_kernels::gru), and weights are drawn
//! as PyTorch draws them; the original's are TensorFlow's.
//!
//! Windows are `[batch, time, columns]`, each column scaled to 0..1; their embeddings are `[batch, time,
//! hidden]`, in 0..1 too.

use candle::{Result, Tensor};
use candle_nn::VarBuilder;
use serde::{Deserialize, Serialize};

use super::{discriminator_loss, generator_loss};
use crate::layers::{Activation, Gru, Linear};

/// Size of a [`TimeGan`].
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TimeGanConfig {
    /// Units of every recurrent layer, and width of the embedding.
    pub hidden: usize,
    /// Recurrent layers of each network; the supervisor has one less.
    pub layers: usize,
}

/// Where the weights of the networks come from that are moved apart.
pub struct TimeGanWeights {
    /// Of the embedder and the recovery.
    pub autoencoder: VarBuilder<'static>,
    /// Of the generator.
    pub generator: VarBuilder<'static>,
    /// Of the supervisor.
    pub supervisor: VarBuilder<'static>,
    /// Of the discriminator.
    pub discriminator: VarBuilder<'static>,
}

/// The five networks.
pub struct TimeGan {
    embedder: Recurrent,
    recovery: Recurrent,
    generator: Recurrent,
    supervisor: Recurrent,
    discriminator: Recurrent,
}

/// Weight of what the discriminator says of embeddings that the supervisor has not seen, γ.
const UNSUPERVISED: f64 = 1.0;
/// Weights of the supervised loss and of the moments for the generator.
const SUPERVISED: f64 = 100.0;
const MOMENTS: f64 = 100.0;
/// Weights of the root of the reconstruction error, and of the supervised loss, for the autoencoder.
const RECONSTRUCTED: f64 = 10.0;
const ANTICIPATED: f64 = 0.1;
/// Added to a variance before its root.
const LEAST_VARIANCE: f64 = 1e-6;
/// Added to an error before its root, which has no slope at 0.
const LEAST_ERROR: f64 = 1e-12;

impl TimeGan {
    /// For windows of so many `columns`.
    pub fn new(config: &TimeGanConfig, columns: usize, weights: &TimeGanWeights) -> Result<Self> {
        let TimeGanConfig { hidden, layers } = *config;
        let TimeGanWeights { autoencoder, generator, supervisor, discriminator } = weights;
        let network = |inputs, outputs, layers, vb: VarBuilder<'static>| {
            Recurrent::new([inputs, hidden, outputs], layers, vb)
        };
        Ok(Self {
            embedder: network(columns, hidden, layers, autoencoder.pp("embedder"))?,
            recovery: network(hidden, columns, layers, autoencoder.pp("recovery"))?,
            generator: network(columns, hidden, layers, generator.clone())?,
            supervisor: network(hidden, hidden, layers.max(2) - 1, supervisor.clone())?,
            discriminator: network(hidden, 1, layers, discriminator.clone())?,
        })
    }

    /// Windows from `noise` of their shape, uniform on 0..1.
    pub fn forward(&self, noise: &Tensor) -> Result<Tensor> {
        self.recover(&self.supervise(&self.generate(noise)?)?)
    }

    /// The embedding of windows.
    pub fn embed(&self, windows: &Tensor) -> Result<Tensor> {
        self.embedder.forward(windows)
    }

    /// The windows of an embedding.
    pub fn recover(&self, embedded: &Tensor) -> Result<Tensor> {
        self.recovery.forward(embedded)
    }

    /// An embedding out of noise, in the shape of windows.
    pub fn generate(&self, noise: &Tensor) -> Result<Tensor> {
        self.generator.forward(noise)
    }

    /// For each state of an embedding, the one that is expected to follow.
    pub fn supervise(&self, embedded: &Tensor) -> Result<Tensor> {
        self.supervisor.forward(embedded)
    }

    /// Logits `[batch, time, 1]` of an embedding to be one of real windows.
    pub fn discriminate(&self, embedded: &Tensor) -> Result<Tensor> {
        self.discriminator.states(embedded)
    }

    /// Mean squared distance of `windows` from what their embedding gives back.
    pub fn reconstruction_error(&self, windows: &Tensor, embedded: &Tensor) -> Result<Tensor> {
        squared_distance(windows, &self.recover(embedded)?)
    }

    /// Mean squared distance of each state from the one that the supervisor expects after the last.
    pub fn supervised_error(&self, embedded: &Tensor) -> Result<Tensor> {
        let steps = embedded.dim(1)? - 1;
        let expected = self.supervise(embedded)?.narrow(1, 0, steps)?;
        squared_distance(&embedded.narrow(1, 1, steps)?, &expected)
    }

    /// What the autoencoder minimises on its own: ten times the root of the reconstruction error.
    pub fn autoencoder_loss(&self, windows: &Tensor) -> Result<Tensor> {
        let error = self.reconstruction_error(windows, &self.embed(windows)?)?;
        root(&error)? * RECONSTRUCTED
    }

    /// What it minimises beside the others, whose weights are `fixed`: that, and a tenth of what the
    /// supervisor misses.
    pub fn joint_autoencoder_loss(&self, fixed: &Self, windows: &Tensor) -> Result<Tensor> {
        let embedded = self.embed(windows)?;
        let error = root(&self.reconstruction_error(windows, &embedded)?)?;
        (error * RECONSTRUCTED)? + (fixed.supervised_error(&embedded)? * ANTICIPATED)?
    }

    /// What generator and supervisor minimise: the discriminator's opinion of the embedding before and
    /// after the supervisor, the supervised loss on real windows, and how far mean and deviation of
    /// every value over the batch lie from real ones. `fixed`: the weights of autoencoder and
    /// discriminator. Returns the loss, the opinion, and the distance of moments.
    pub fn generator_loss(
        &self,
        fixed: &Self,
        windows: &Tensor,
        noise: &Tensor,
    ) -> Result<[Tensor; 3]> {
        let made = self.generate(noise)?;
        let supervised = self.supervise(&made)?;
        let opinion = (generator_loss(&fixed.discriminate(&supervised)?)?
            + (generator_loss(&fixed.discriminate(&made)?)? * UNSUPERVISED)?)?;
        let missed = root(&self.supervised_error(&fixed.embed(windows)?.detach())?)?;
        let moments = moments(windows, &fixed.recover(&supervised)?)?;
        let total = ((&opinion + (missed * SUPERVISED)?)? + (&moments * MOMENTS)?)?;
        Ok([total, opinion, moments])
    }

    /// What the discriminator minimises. `fixed`: the weights of all others.
    pub fn discriminator_loss(
        &self,
        fixed: &Self,
        windows: &Tensor,
        noise: &Tensor,
    ) -> Result<Tensor> {
        let real = self.discriminate(&fixed.embed(windows)?.detach())?;
        let made = fixed.generate(noise)?.detach();
        let supervised = self.discriminate(&fixed.supervise(&made)?.detach())?;
        let made = generativa_kernels::softplus(&self.discriminate(&made)?)?.mean_all()?;
        discriminator_loss(&real, &supervised)? + (made * UNSUPERVISED)?
    }
}

/// Recurrent layers and a map of each of their states.
struct Recurrent {
    layers: Gru,
    head: Linear,
}

impl Recurrent {
    fn new(
        [inputs, hidden, outputs]: [usize; 3],
        layers: usize,
        vb: VarBuilder<'_>,
    ) -> Result<Self> {
        Ok(Self {
            layers: Gru::new(inputs, hidden, layers, vb.pp("gru"))?,
            head: Linear::new(hidden, outputs, vb.pp("head"))?,
        })
    }

    /// `[batch, time, inputs]` to `[batch, time, outputs]`, in 0..1.
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.head.forward_then(&self.layers.forward(x, None)?.0, Activation::Sigmoid)
    }

    /// The same before it is pressed into 0..1.
    fn states(&self, x: &Tensor) -> Result<Tensor> {
        self.head.forward(&self.layers.forward(x, None)?.0)
    }
}

fn squared_distance(one: &Tensor, other: &Tensor) -> Result<Tensor> {
    (one - other)?.sqr()?.mean_all()
}

fn root(error: &Tensor) -> Result<Tensor> {
    error.affine(1.0, LEAST_ERROR)?.sqrt()
}

/// Mean over steps and columns of the distances of means and of deviations over the batch.
fn moments(real: &Tensor, made: &Tensor) -> Result<Tensor> {
    let of = |windows: &Tensor| -> Result<[Tensor; 2]> {
        let mean = windows.mean_keepdim(0)?;
        let variance = windows.broadcast_sub(&mean)?.sqr()?.mean_keepdim(0)?;
        Ok([mean, variance.affine(1.0, LEAST_VARIANCE)?.sqrt()?])
    };
    let [[real_mean, real_deviation], [mean, deviation]] = [of(real)?, of(made)?];
    let apart = |one: Tensor, other: Tensor| (one - other)?.abs()?.mean_all();
    apart(mean, real_mean)? + apart(deviation, real_deviation)?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::gradient_check::normals;
    use crate::layers::{Parameters, frozen_builder, seeded_builder};
    use candle::Device;
    use generativa_kernels::check::variable_gradients;

    const SMALL: TimeGanConfig = TimeGanConfig { hidden: 3, layers: 2 };

    /// Learning networks, the same out of reach of gradients, and the weights of each part.
    fn networks() -> Result<(TimeGan, TimeGan, [Parameters; 4])> {
        let parts: [Parameters; 4] = Default::default();
        let [autoencoder, generator, supervisor, discriminator] =
            [0, 1, 2, 3].map(|part| seeded_builder(&parts[part], part as u64, &Device::Cpu));
        let weights = TimeGanWeights { autoencoder, generator, supervisor, discriminator };
        let learning = TimeGan::new(&SMALL, 2, &weights)?;
        let [autoencoder, generator, supervisor, discriminator] =
            [0, 1, 2, 3].map(|part| frozen_builder(parts[part].untracked()));
        let weights = TimeGanWeights { autoencoder, generator, supervisor, discriminator };
        Ok((learning, TimeGan::new(&SMALL, 2, &weights)?, parts))
    }

    fn windows(name: &str) -> Result<Tensor> {
        generativa_kernels::sigmoid(&normals(name, &[5, 4, 2])?)
    }

    fn of(parts: &[&Parameters]) -> Vec<(String, candle::Var)> {
        parts.iter().flat_map(|part| part.named()).collect()
    }

    #[test]
    fn every_loss_has_the_gradient_of_its_differences_and_moves_its_own_weights_alone() -> Result<()>
    {
        let (learning, fixed, parts) = networks()?;
        let [autoencoder, generator, supervisor, discriminator] = &parts;
        let (real, noise) = (windows("real")?, windows("noise")?);
        let scalar = |loss: Tensor| loss.reshape(1);
        let alone = || scalar(learning.autoencoder_loss(&real)?);
        variable_gradients(1e-2, &of(&[autoencoder]), alone)?;
        let joint = || scalar(learning.joint_autoencoder_loss(&fixed, &real)?);
        variable_gradients(1e-2, &of(&[autoencoder]), joint)?;
        let judged = || scalar(learning.discriminator_loss(&fixed, &real, &noise)?);
        variable_gradients(1e-2, &of(&[discriminator]), judged)?;
        let fooled = || {
            let [total, ..] = learning.generator_loss(&fixed, &real, &noise)?;
            scalar(total)
        };
        variable_gradients(1e-2, &of(&[generator, supervisor]), fooled)?;
        let [total, ..] = learning.generator_loss(&fixed, &real, &noise)?;
        let slopes = total.backward()?;
        for (part, reached) in [(autoencoder, false), (generator, true), (supervisor, true)] {
            for (name, variable) in part.named() {
                assert_eq!(slopes.get(&variable).is_some(), reached, "{name}");
            }
        }
        Ok(())
    }

    #[test]
    fn moments_are_apart_by_what_mean_and_deviation_are() -> Result<()> {
        let real = windows("real")?;
        let distance = |made: &Tensor| moments(&real, made)?.to_scalar::<f32>();
        assert_eq!(distance(&real)?, 0.0);
        assert!((distance(&real.affine(1.0, 0.25)?)? - 0.25).abs() < 1e-5);
        // Twice the deviation around the same mean.
        let mean = real.mean_keepdim(0)?;
        let wider = real.broadcast_sub(&mean)?.affine(2.0, 0.0)?.broadcast_add(&mean)?;
        let deviation = real.broadcast_sub(&mean)?.sqr()?.mean(0)?.sqrt()?.mean_all()?;
        assert!((distance(&wider)? - deviation.to_scalar::<f32>()?).abs() < 1e-3);
        Ok(())
    }

    #[test]
    fn windows_have_the_shape_of_their_noise_and_lie_in_their_scale() -> Result<()> {
        let (learning, ..) = networks()?;
        let made = learning.forward(&windows("noise")?)?;
        assert_eq!(made.dims(), [5, 4, 2]);
        assert!(made.flatten_all()?.to_vec1::<f32>()?.iter().all(|x| (0.0..1.0).contains(x)));
        Ok(())
    }
}
