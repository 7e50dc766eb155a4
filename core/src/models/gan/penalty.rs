//! Penalties on the gradient of a critic by its input, which keep it smooth.

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
}
