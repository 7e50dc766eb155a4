//! One small network of each kind, and what holds for both.

use candle::{DType, Device, Result, Tensor};
use generativa_kernels::check::variable_gradients;

use super::*;
use crate::layers::gradient_check::normals;
use crate::layers::{Parameters, seeded_builder};
use crate::models::gan::{discriminator_loss, generator_loss, path_length_penalty, r1_penalty};

pub(super) fn config() -> StyleGan2Config {
    StyleGan2Config {
        size: 8,
        style_dim: 3,
        n_mlp: 1,
        lr_mlp: 0.1,
        channels: [(4, 2), (8, 3)].into(),
        blur_kernel: vec![1.0, 3.0, 3.0, 1.0],
        stddev_group: 2,
        stddev_feat: 1,
    }
}

fn generator(parameters: &Parameters) -> Result<Generator> {
    Generator::new(&config(), seeded_builder(parameters, 0, &Device::Cpu))
}

/// Noise counts for nothing in a fresh generator; here it does.
fn turn_up_noise(parameters: &Parameters) -> Result<()> {
    for (_, strength) in
        parameters.named().iter().filter(|(name, _)| name.ends_with("noise.weight"))
    {
        strength.set(&Tensor::full(0.5, 1, &Device::Cpu)?.to_dtype(strength.dtype())?)?;
    }
    Ok(())
}

fn images(generator: &Generator, seed: u64, numbers: std::ops::Range<u64>) -> Result<Tensor> {
    let style = generator.mapping().forward(&generator.draw_latents(seed, numbers.clone())?)?;
    generator.forward(&generator.everywhere(&style)?, &generator.draw_noise(seed, numbers)?)
}

fn values(x: &Tensor) -> Result<Vec<f32>> {
    x.flatten_all()?.to_vec1()
}

#[test]
fn a_seed_gives_an_image_whichever_others_are_drawn_with_it() -> Result<()> {
    let parameters = Parameters::default();
    let generator = generator(&parameters)?;
    turn_up_noise(&parameters)?;
    let all = images(&generator, 7, 0..5)?;
    assert_eq!(all.dims(), [5, 3, 8, 8]);
    assert_eq!(values(&images(&generator, 7, 3..4)?)?, values(&all.narrow(0, 3, 1)?)?);
    assert_ne!(values(&images(&generator, 8, 0..5)?)?, values(&all)?);
    assert_ne!(values(&all.get(0)?)?, values(&all.get(1)?)?);
    Ok(())
}

#[test]
fn noise_moves_an_image_and_one_for_the_batch_is_that_for_each() -> Result<()> {
    let parameters = Parameters::default();
    let generator = generator(&parameters)?;
    turn_up_noise(&parameters)?;
    let style = generator.everywhere(&normals("style", &[2, 3])?)?;
    let (one, other) = (generator.draw_noise(0, 0..1)?, generator.draw_noise(0, 1..2)?);
    let twice: Vec<Tensor> =
        one.iter().map(|noise| Tensor::cat(&[noise, noise], 0)).collect::<Result<_>>()?;
    let shared = values(&generator.forward(&style, &one)?)?;
    assert_eq!(values(&generator.forward(&style, &twice)?)?, shared);
    for layer in 0..one.len() {
        let mut noise = one.clone();
        noise[layer] = other[layer].clone();
        assert_ne!(values(&generator.forward(&style, &noise)?)?, shared, "layer {layer}");
    }
    Ok(())
}

#[test]
fn mixed_styles_leave_coarse_stages_and_truncation_ends_at_the_mean() -> Result<()> {
    let generator = generator(&Parameters::default())?;
    let (coarse, fine) = (normals("coarse", &[2, 3])?, normals("fine", &[2, 3])?);
    let noise = generator.draw_noise(0, 0..2)?;
    let plain = generator.stages(&generator.everywhere(&coarse)?, &noise)?;
    let mixed = generator.stages(&generator.mixed(&coarse, &fine, 2)?, &noise)?;
    assert_eq!(values(&plain[0].image)?, values(&mixed[0].image)?);
    assert_ne!(values(&plain[1].image)?, values(&mixed[1].image)?);
    assert!(generator.mixed(&coarse, &fine, 5).is_err());

    let mean = generator.mapping().mean(&normals("latents", &[50, 3])?)?;
    let none = truncate(&coarse, &mean, 0.0)?;
    assert_eq!(values(&none)?, values(&Tensor::cat(&[&mean, &mean], 0)?)?);
    assert_eq!(values(&truncate(&coarse, &mean, 1.0)?)?, values(&coarse)?);
    Ok(())
}

#[test]
fn inputs_of_other_shapes_are_refused_on_the_first_line() -> Result<()> {
    let generator = generator(&Parameters::default())?;
    let noise = generator.draw_noise(0, 0..2)?;
    let styles = generator.everywhere(&normals("style", &[2, 3])?)?;
    let discriminator =
        Discriminator::new(&config(), seeded_builder(&Parameters::default(), 0, &Device::Cpu))?;
    let errors = [
        (generator.forward(&styles.narrow(1, 0, 3)?, &noise), "expected [batch, 4, 3]"),
        (generator.forward(&styles, &noise[1..]), "for the sides [4, 8, 8]"),
        (generator.forward(&styles.narrow(0, 0, 1)?, &noise), "expected [1 or 1, 1, side, side]"),
        (discriminator.forward(&normals("x", &[2, 3, 8, 4])?), "expected [batch, 3, 8, 8]"),
        (discriminator.forward(&normals("x", &[3, 3, 8, 8])?), "groups of 2"),
    ];
    for (result, message) in errors {
        let error = result.expect_err(message).to_string();
        assert!(error.lines().next().unwrap_or_default().contains(message), "{error}");
    }
    Ok(())
}

#[test]
fn a_logit_depends_on_its_group_alone() -> Result<()> {
    let logits = |group: usize, images: &Tensor| -> Result<Vec<f32>> {
        let config = StyleGan2Config { stddev_group: group, ..config() };
        let vb = seeded_builder(&Parameters::default(), 0, &Device::Cpu);
        values(&Discriminator::new(&config, vb)?.forward(images)?)
    };
    let images = normals("images", &[4, 3, 8, 8])?;
    let other = Tensor::cat(&[images.narrow(0, 0, 3)?, images.narrow(0, 0, 1)?], 0)?;
    // Images 1 and 3 are one group, 0 and 2 the other.
    let (before, after) = (logits(2, &images)?, logits(2, &other)?);
    assert_eq!([before[0], before[2]], [after[0], after[2]]);
    assert_ne!(before[1], after[1]);
    assert_eq!(logits(1, &images)?[..3], logits(1, &other)?[..3]);
    Ok(())
}

/// In f64, where differences are sharp and small enough to meet no kink, and with few weights.
struct Sharp {
    of_generator: Parameters,
    of_discriminator: Parameters,
    generator: Generator,
    discriminator: Discriminator,
    latents: Tensor,
    noise: Vec<Tensor>,
    real: Tensor,
}

impl Sharp {
    fn new() -> Result<Self> {
        let config = StyleGan2Config { channels: [(4, 1), (8, 2)].into(), ..config() };
        let (of_generator, of_discriminator) = (Parameters::default(), Parameters::default());
        let vb = |parameters| seeded_builder(parameters, 0, &Device::Cpu).to_dtype(DType::F64);
        let generator = Generator::new(&config, vb(&of_generator))?;
        let discriminator = Discriminator::new(&config, vb(&of_discriminator))?;
        turn_up_noise(&of_generator)?;
        Ok(Self {
            latents: generator.draw_latents(0, 0..2)?,
            noise: generator.draw_noise(0, 0..2)?,
            real: normals("real", &[2, 3, 8, 8])?.to_dtype(DType::F64)?,
            of_generator,
            of_discriminator,
            generator,
            discriminator,
        })
    }

    fn styles(&self) -> Result<Tensor> {
        self.generator.everywhere(&self.generator.mapping().forward(&self.latents)?)
    }
}

#[test]
fn what_the_generator_minimises_has_the_gradient_of_its_differences() -> Result<()> {
    let sharp = Sharp::new()?;
    let along = normals("along", &[2, 3, 8, 8])?.to_dtype(DType::F64)?;
    let synthesis = |styles: &Tensor| sharp.generator.forward(styles, &sharp.noise);
    variable_gradients(1e-7, &sharp.of_generator.named(), || {
        let styles = sharp.styles()?;
        let loss = generator_loss(&sharp.discriminator.forward(&synthesis(&styles)?)?)?;
        let penalty = path_length_penalty(synthesis, &styles, &along, 0.3, 0.01)?.penalty;
        Tensor::stack(&[loss, penalty], 0)
    })
}

#[test]
fn what_the_discriminator_minimises_has_the_gradient_of_its_differences() -> Result<()> {
    let sharp = Sharp::new()?;
    let fake = sharp.generator.forward(&sharp.styles()?, &sharp.noise)?.detach();
    let logits = |images: &Tensor| sharp.discriminator.forward(images);
    variable_gradients(1e-7, &sharp.of_discriminator.named(), || {
        let loss = discriminator_loss(&logits(&sharp.real)?, &logits(&fake)?)?;
        Tensor::stack(&[loss, r1_penalty(logits, &sharp.real)?], 0)
    })
}
