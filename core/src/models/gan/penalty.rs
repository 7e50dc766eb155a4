//! Penalties on gradients: of a critic by its input, which keep it smooth, and of a generator by
//! its styles, which keep them even.

use candle::{Result, Tensor, Var};
use generativa_kernels::backward_with_graph;

/// The penalty of a Wasserstein GAN and what it was made of.
#[derive(Clone, Debug)]
pub struct GradientPenalty {
    /// `mean((norm − 1)²)`, a scalar.
    pub penalty: Tensor,
    /// Euclidean norms of the gradients, `[batch]`.
    pub norms: Tensor,
}

/// `mean((‖∇ critic(x̂)‖₂ − 1)²)` at `x̂ = mix · real + (1 − mix) · fake`, equation 3 of Gulrajani et
/// al. 2017 (arXiv 1704.00028) without its factor λ, which is usually 10.
///
/// `real` and `fake` have one shape, `[batch, ..]`; `mix`, uniform on 0 to 1, broadcasts to it, one
/// number an item: `[batch, 1, ..]`. An item's score must depend on that item alone, so the critic
/// has no batch norm. Fails where gradients cannot be differentiated on this thread.
pub fn gradient_penalty(
    critic: impl Fn(&Tensor) -> Result<Tensor>,
    real: &Tensor,
    fake: &Tensor,
    mix: &Tensor,
) -> Result<GradientPenalty> {
    let between = (fake + (real - fake)?.broadcast_mul(mix)?)?;
    // The root has no slope at 0, where a critic may well begin.
    let norms = squared_norms(critic, &between)?.affine(1.0, 1e-12)?.sqrt()?;
    let penalty = norms.affine(1.0, -1.0)?.sqr()?.mean_all()?;
    Ok(GradientPenalty { penalty, norms })
}

/// `mean(‖∇ critic(real)‖₂²)`, R₁ of Mescheder et al. 2018 (arXiv 1801.04406) without its factor
/// γ/2. `real`: `[batch, ..]`; conditions as for [`gradient_penalty`].
pub fn r1_penalty(critic: impl Fn(&Tensor) -> Result<Tensor>, real: &Tensor) -> Result<Tensor> {
    squared_norms(critic, real)?.mean_all()
}

/// The path-length penalty of a generator and what it was made of.
#[derive(Clone, Debug)]
pub struct PathLength {
    /// `mean((length − mean)²)`, a scalar.
    pub penalty: Tensor,
    /// How far a step of 1 in style space moves each image, `[batch]`.
    pub lengths: Tensor,
    /// The running mean with these lengths in it, a scalar: the `mean` of the next step.
    pub mean: Tensor,
}

/// `mean((‖Jᵀ y‖₂ − a)²)`, equation 4 of Karras et al. 2020 (arXiv 1912.04958), where `J` is the
/// Jacobian of the images by their styles, `y` the noise and `a` the running mean of the lengths.
///
/// `synthesis` makes images, `[batch, channels, height, width]`, of `styles`, `[batch, layers,
/// style_dim]`; a length is the root of the mean over layers of the squared norms. `noise`: standard
/// normal, in the shape of the images; it is divided by √(height · width). The new mean is `mean +
/// decay · (mean(lengths) − mean)`, 0.01 being usual, and gradients pass through it. They also reach
/// what made `styles`. Fails where gradients cannot be differentiated on this thread.
pub fn path_length_penalty(
    synthesis: impl Fn(&Tensor) -> Result<Tensor>,
    styles: &Tensor,
    noise: &Tensor,
    mean: f64,
    decay: f64,
) -> Result<PathLength> {
    // Gradients are kept for variables alone, and styles are seldom one: what moves them is.
    let step = Var::zeros(styles.shape(), styles.dtype(), styles.device())?;
    let images = synthesis(&(styles + step.as_tensor())?)?;
    let (_, _, height, width) = images.dims4()?;
    let along = noise.affine(1.0 / ((height * width) as f64).sqrt(), 0.0)?;
    let store = backward_with_graph(&(images * along)?.sum_all()?)?;
    let Some(gradient) = store.get(&step) else {
        candle::bail!("path-length penalty: the images do not depend on the styles");
    };
    // The root has no slope at 0.
    let lengths = gradient.sqr()?.sum(2)?.mean(1)?.affine(1.0, 1e-12)?.sqrt()?;
    let mean = lengths.mean_all()?.affine(decay, (1.0 - decay) * mean)?;
    let penalty = lengths.broadcast_sub(&mean)?.sqr()?.mean_all()?;
    Ok(PathLength { penalty, lengths, mean })
}

/// Squared norms of the gradients of every item's score by the item, `[batch]`.
fn squared_norms(critic: impl Fn(&Tensor) -> Result<Tensor>, at: &Tensor) -> Result<Tensor> {
    // A tape of its own for the input: the penalty moves the critic, not what made the input.
    let input = Var::from_tensor(&at.detach())?;
    let store = backward_with_graph(&critic(&input)?.sum_all()?)?;
    let Some(gradient) = store.get(&input) else {
        candle::bail!("gradient penalty: the critic's scores do not depend on its input");
    };
    gradient.flatten_from(1)?.sqr()?.sum(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::gradient_check::normals;
    use crate::layers::{Activation, Conv, Conv2d, Linear, Parameters, seeded_builder};
    use candle::Device;
    use generativa_kernels::check::variable_gradients;

    #[test]
    fn a_linear_critic_has_the_norm_of_its_weight_everywhere() -> Result<()> {
        let weight = Tensor::new(&[[3f32], [4.0]], &Device::Cpu)?;
        let critic = |x: &Tensor| x.matmul(&weight);
        let (real, fake) = (normals("real", &[6, 2])?, normals("fake", &[6, 2])?);
        let mix = Tensor::full(0.3f32, (6, 1), &Device::Cpu)?;
        let found = gradient_penalty(critic, &real, &fake, &mix)?;
        assert!(found.norms.to_vec1::<f32>()?.iter().all(|norm| (norm - 5.0).abs() < 1e-5));
        assert!((found.penalty.to_scalar::<f32>()? - 16.0).abs() < 1e-4);
        assert!((r1_penalty(critic, &real)?.to_scalar::<f32>()? - 25.0).abs() < 1e-4);
        Ok(())
    }

    #[test]
    fn a_score_without_the_input_is_refused() -> Result<()> {
        let error = r1_penalty(|x| x.zeros_like(), &normals("real", &[2, 3])?);
        assert!(error.expect_err("constant").to_string().contains("do not depend"));
        Ok(())
    }

    #[test]
    fn penalties_have_the_gradient_of_their_differences() -> Result<()> {
        let parameters = Parameters::default();
        let vb = seeded_builder(&parameters, 0, &Device::Cpu);
        let halving = Conv { stride: (2, 2), padding: (1, 1), ..Conv::PLAIN };
        let conv = Conv2d::new(2, 5, (3, 3), halving, vb.pp("conv"))?;
        let head = Linear::new(45, 1, vb.pp("head"))?;
        let critic = |x: &Tensor| {
            let hidden = conv.forward_then(x, Activation::Tanh)?;
            head.forward_then(&hidden.flatten_from(1)?, Activation::Softplus)
        };
        let (real, fake) = (normals("real", &[3, 2, 6, 5])?, normals("fake", &[3, 2, 6, 5])?);
        let mix = Tensor::new(&[0.1f32, 0.5, 0.8], &Device::Cpu)?.reshape((3, 1, 1, 1))?;
        let both = || {
            let wasserstein = gradient_penalty(critic, &real, &fake, &mix)?.penalty;
            (wasserstein + r1_penalty(critic, &real)?)?.reshape(1)
        };
        variable_gradients(3e-3, &parameters.named(), both)
    }

    #[test]
    fn a_linear_synthesis_has_the_lengths_of_its_transpose() -> Result<()> {
        // Both layers add up, three times as bright, to an image of two pixels.
        let synthesis = |styles: &Tensor| styles.sum(1)?.affine(3.0, 0.0)?.reshape((2, 1, 1, 2));
        let noise = Tensor::new(&[3f32, 4.0, 0.0, 2.0], &Device::Cpu)?.reshape((2, 1, 1, 2))?;
        let found =
            path_length_penalty(synthesis, &normals("styles", &[2, 2, 2])?, &noise, 1.0, 0.25)?;
        let expected = [15.0 / 2f64.sqrt(), 6.0 / 2f64.sqrt()];
        let mean = 1.0 + 0.25 * ((expected[0] + expected[1]) / 2.0 - 1.0);
        let penalty = expected.iter().map(|length| (length - mean).powi(2)).sum::<f64>() / 2.0;
        let close = |found: f32, expected: f64| (f64::from(found) - expected).abs() < 1e-4;
        let lengths = found.lengths.to_vec1::<f32>()?;
        assert!(lengths.iter().zip(expected).all(|(&a, b)| close(a, b)), "{lengths:?}");
        assert!(close(found.mean.to_scalar()?, mean));
        assert!(close(found.penalty.to_scalar()?, penalty));
        Ok(())
    }

    #[test]
    fn images_without_the_styles_are_refused() -> Result<()> {
        let constant = |_: &Tensor| normals("image", &[2, 1, 3, 3]);
        let (styles, noise) = (normals("styles", &[2, 2, 2])?, normals("noise", &[2, 1, 3, 3])?);
        let error = path_length_penalty(constant, &styles, &noise, 0.0, 0.01);
        assert!(error.expect_err("constant").to_string().contains("do not depend"));
        Ok(())
    }

    #[test]
    fn path_lengths_move_the_weights_behind_the_styles_as_their_differences_do() -> Result<()> {
        let parameters = Parameters::default();
        let vb = seeded_builder(&parameters, 0, &Device::Cpu);
        let mapping = Linear::new(3, 4, vb.pp("mapping"))?;
        let image = Linear::new(4, 6, vb.pp("image"))?;
        let latents = normals("latents", &[3, 2, 3])?;
        let noise = normals("noise", &[3, 1, 2, 6])?;
        let penalty = || {
            let styles = mapping.forward_then(&latents, Activation::Tanh)?;
            let synthesis = |styles: &Tensor| {
                image.forward_then(styles, Activation::Tanh)?.reshape((3, 1, 2, 6))
            };
            path_length_penalty(synthesis, &styles, &noise, 0.2, 0.01)?.penalty.reshape(1)
        };
        variable_gradients(3e-3, &parameters.named(), penalty)
    }
}
