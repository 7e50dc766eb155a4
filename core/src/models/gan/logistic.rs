//! The non-saturating logistic losses of Goodfellow et al. 2014 (arXiv 1406.2661, section 3), on
//! logits: a discriminator says how sure it is that an image is real.

use candle::{Result, Tensor};
use generativa_kernels::softplus;

/// `mean(−log σ(fake))`, what the generator minimises: it has a slope where the discriminator is
/// sure, unlike `mean(log(1 − σ(fake)))`. `fake`: logits of generated items, any shape; the result
/// is a scalar.
pub fn generator_loss(fake: &Tensor) -> Result<Tensor> {
    softplus(&fake.neg()?)?.mean_all()
}

/// `mean(−log σ(real)) + mean(−log(1 − σ(fake)))`, what the discriminator minimises. `real` and
/// `fake`: logits, any shapes; the result is a scalar. Generated items must be detached from their
/// generator.
pub fn discriminator_loss(real: &Tensor, fake: &Tensor) -> Result<Tensor> {
    softplus(&real.neg()?)?.mean_all()? + softplus(fake)?.mean_all()?
}

#[cfg(test)]
mod tests {
    use candle::Device;

    use super::*;

    #[test]
    fn losses_are_logarithms_of_probabilities() -> Result<()> {
        let logits = |values: &[f32]| Tensor::new(values, &Device::Cpu);
        // σ(ln 3) = 3/4, σ(−ln 3) = 1/4.
        let (sure, unsure) = (3f32.ln(), -(3f32.ln()));
        let of_generator = generator_loss(&logits(&[sure, unsure])?)?.to_scalar::<f32>()?;
        let expected = -(0.75f32.ln() + 0.25f32.ln()) / 2.0;
        assert!((of_generator - expected).abs() < 1e-6, "{of_generator}");
        let of_discriminator = discriminator_loss(&logits(&[sure])?, &logits(&[sure, unsure])?)?;
        let expected = expected - 0.75f32.ln();
        assert!((of_discriminator.to_scalar::<f32>()? - expected).abs() < 1e-6);
        Ok(())
    }

    #[test]
    fn losses_of_a_sure_discriminator_are_finite() -> Result<()> {
        let far = Tensor::new(&[-1e4f32], &Device::Cpu)?;
        assert_eq!(generator_loss(&far)?.to_scalar::<f32>()?, 1e4);
        assert_eq!(discriminator_loss(&far, &far.neg()?)?.to_scalar::<f32>()?, 2e4);
        Ok(())
    }
}
