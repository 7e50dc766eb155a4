//! How odd a beat is: a mix of what the model, the plane of the usual beats, the beats most like
//! it and its time say.

use anyhow::Result;
use candle::{Device, Tensor};
use generativa::baselines::{LocalCombinations, PrincipalComponents};
use generativa::models::vae::{SeriesNormal, SeriesVae};
use serde::{Deserialize, Serialize};

use crate::adapt::Adaptation;
use crate::beat::{Beat, smoothed, spread};

/// How beats are scored.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreConfig {
    /// Standard deviation, in values of a beat, of the Gaussian that smooths it before anything
    /// looks at it; 0 for none.
    pub smoothing: f64,
    /// Normal beats nearest to a beat, whose combination is its template.
    pub neighbours: usize,
    /// The ridge of that combination.
    pub ridge: f64,
    /// Principal components that span the plane.
    pub components: usize,
    /// Normal beats that are remembered, at most, for plane and template.
    pub references: usize,
    /// What is mixed.
    pub parts: Vec<Part>,
}

/// One opinion on how odd a beat is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Squared distance from what the model makes of it.
    Residual,
    /// Negative log-likelihood under what the model makes of it.
    Likelihood,
    /// KL of its posterior: how far from the usual its latent is.
    Latent,
    /// Squared distance from the plane of the first principal components.
    Plane,
    /// Squared distance from the best combination of the normal beats most like it.
    Template,
    /// Squared distance from the patient's own usual beat, over the usual distance.
    Own,
    /// Squared Mahalanobis distance of its times from those of normal beats.
    Rhythm,
}

impl Part {
    /// All parts, in the order of [`Scorer::parts`].
    pub const ALL: [Self; 7] = [
        Self::Residual,
        Self::Likelihood,
        Self::Latent,
        Self::Plane,
        Self::Template,
        Self::Own,
        Self::Rhythm,
    ];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Residual => "residual",
            Self::Likelihood => "likelihood",
            Self::Latent => "latent",
            Self::Plane => "plane",
            Self::Template => "template",
            Self::Own => "own",
            Self::Rhythm => "rhythm",
        }
    }
}

/// What each of [`Part::ALL`] says of a beat: logarithms, but for the likelihood, which is in nats.
/// `None` where it is not known.
pub type Parts = [Option<f64>; Part::ALL.len()];

/// The opinions of a model and of the normal beats that it learned from.
pub struct Scorer {
    vae: SeriesVae,
    config: ScoreConfig,
    plane: PrincipalComponents,
    templates: LocalCombinations,
    rhythm: Option<PrincipalComponents>,
}

/// What the model makes of a beat.
pub struct View {
    /// The beat as it was looked at, smoothed.
    pub values: Vec<f32>,
    /// What the model expects in its place.
    pub mean: Vec<f32>,
    /// The variance of each value about that.
    pub variance: Vec<f32>,
    /// The middle of its posterior.
    pub latent: Vec<f32>,
    /// The normal beat that is most like it.
    pub nearest: Vec<f32>,
    /// How far each value is above that of the patient's usual beat, in deviations that are usual
    /// there; `None` where that beat is not known.
    pub deviations: Option<Vec<f32>>,
}

/// Beats that are looked at together: more do not fit the cache.
const BATCH: usize = 128;

impl Scorer {
    /// From a trained model and normal beats, at least two; as many of them as `config` says are
    /// remembered.
    pub fn new(vae: SeriesVae, config: &ScoreConfig, normal: &[Beat]) -> Result<Self> {
        let normal = spread(normal, config.references);
        let values = smoothed(&normal, config.smoothing);
        let times: Vec<Vec<f32>> = normal.iter().filter_map(|beat| beat.rhythm.clone()).collect();
        Ok(Self {
            vae,
            config: config.clone(),
            plane: PrincipalComponents::fit(&values),
            templates: LocalCombinations::fit(values)?,
            rhythm: (times.len() > 1).then(|| PrincipalComponents::fit(&times)),
        })
    }

    /// Every part of every beat.
    pub fn parts(&self, beats: &[Beat]) -> Result<Vec<Parts>> {
        let mut all = Vec::with_capacity(beats.len());
        for batch in beats.chunks(BATCH) {
            let values = smoothed(batch, self.config.smoothing);
            let x = tensor(&values)?;
            let posterior = self.vae.encode(&x)?;
            let expected = self.vae.decode(&posterior.mean)?;
            let nats = expected.nats(&x)?.to_vec1::<f32>()?;
            let kl = posterior.kl_to_standard()?.sum(1)?.to_vec1::<f32>()?;
            let mean = expected.mean.to_vec2::<f32>()?;
            let ScoreConfig { neighbours, ridge, .. } = self.config;
            let templates = self.templates.remainders(&values, neighbours, ridge)?;
            for (place, beat) in batch.iter().enumerate() {
                let values = &values[place];
                let residual = values.iter().zip(&mean[place]).map(|(x, m)| f64::from(x - m));
                let template = templates[place].iter().map(|&x| f64::from(x));
                let rhythm = self.rhythm.as_ref().zip(beat.rhythm.as_ref());
                all.push([
                    Some(logarithm(squares(residual))),
                    Some(nats[place].into()),
                    Some(logarithm(kl[place].into())),
                    Some(logarithm(self.plane.residual(values, self.config.components))),
                    Some(logarithm(squares(template))),
                    beat.own.map(f64::from),
                    rhythm.map(|(usual, times)| usual.surprise(times, times.len() - 1).ln_1p()),
                ]);
            }
        }
        Ok(all)
    }

    /// Every part of every beat of a patient, in order of time from the first, counted from what
    /// is usual for that patient.
    pub fn parts_of_patient(&self, beats: &[Beat]) -> Result<Vec<Parts>> {
        Ok(Adaptation::default().adapt(self.parts(beats)?))
    }

    /// What the model makes of a beat.
    pub fn view(&self, beat: &Beat) -> Result<View> {
        let mut values = smoothed(std::slice::from_ref(beat), self.config.smoothing);
        let posterior = self.vae.encode(&tensor(&values)?)?;
        let SeriesNormal { mean, log_var } = self.vae.decode(&posterior.mean)?;
        let first =
            |tensor: &Tensor| Ok::<_, candle::Error>(tensor.to_vec2::<f32>()?.swap_remove(0));
        let nearest = self.templates.neighbours().nearest(&values, 1)?[0][0];
        let values = values.swap_remove(0);
        Ok(View {
            mean: first(&mean)?,
            variance: first(&log_var.exp()?)?,
            latent: first(&posterior.mean)?,
            nearest: self.templates.neighbours().rows()[nearest].clone(),
            deviations: beat.deviations.clone(),
            values,
        })
    }

    /// The middle of the posterior of each beat.
    pub fn latents(&self, beats: &[Beat]) -> Result<Vec<Vec<f32>>> {
        let mut all = Vec::with_capacity(beats.len());
        for batch in beats.chunks(BATCH) {
            let values = tensor(&smoothed(batch, self.config.smoothing))?;
            all.extend(self.vae.encode(&values)?.mean.to_vec2::<f32>()?);
        }
        Ok(all)
    }

    /// The model.
    pub fn vae(&self) -> &SeriesVae {
        &self.vae
    }
}

/// `[beats, values]`.
pub(crate) fn tensor(values: &[Vec<f32>]) -> Result<Tensor> {
    let width = values.first().map_or(0, Vec::len);
    Ok(Tensor::from_vec(values.concat(), (values.len(), width), &Device::Cpu)?)
}

fn squares(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|x| x * x).sum()
}

/// Finite also for a beat that is just as expected.
fn logarithm(value: f64) -> f64 {
    (value + 1e-9).ln()
}
