//! A step of a Wasserstein critic with gradient penalty against PyTorch: the penalty, its gradient,
//! which takes second derivatives, and the weights after a step of Adam.

use anyhow::{Context, Result, ensure};
use candle::Tensor;
use generativa::layers::{Activation, Conv, Conv2d, Parameters};
use generativa::models::gan::{GradientPenalty, gradient_penalty};
use generativa::train::optimizer::{AdamW, AdamWConfig};

use super::fixture::{Fixture, assign};
use super::training::{Compared, builder, linear};

pub(crate) fn check(fixture: &Fixture) -> Result<()> {
    let how = fixture.text("how")?;
    ensure!(
        how.contains(
            "stride 2, pad 1) -> leaky ReLU 0.2 -> conv2 (same) -> leaky ReLU 0.2 -> flatten -> fc"
        ) && how.contains("Adam step: lr 1e-3, betas (0, 0.9)"),
        "the fixture's critic or its step is not the one that is built here: {how}"
    );
    let weights = fixture.file("init.safetensors")?;
    let parameters = Parameters::default();
    let convolution = |name: &str| -> Result<Conv2d> {
        let weight = weights.get(&format!("{name}.weight"));
        let (outputs, inputs, height, width) =
            weight.with_context(|| format!("no weight of `{name}`"))?.dims4()?;
        let halving = Conv { stride: (2, 2), padding: (1, 1), ..Conv::PLAIN };
        let vb = builder(&parameters).pp(name);
        Ok(Conv2d::new(inputs, outputs, (height, width), halving, vb)?)
    };
    let (conv1, conv2) = (convolution("conv1")?, convolution("conv2")?);
    let fc = linear(&weights, "fc", &parameters)?;
    assign(&parameters, &weights)?;
    let leaky = Activation::LeakyRelu(0.2);
    let critic = |x: &Tensor| {
        let hidden = conv2.forward_then(&conv1.forward_then(x, leaky)?, leaky)?;
        fc.forward(&hidden.flatten_from(1)?)
    };

    let (real, fake) = (fixture.tensor("input.real")?, fixture.tensor("input.fake")?);
    let (of_real, of_fake) = (critic(real)?, critic(fake)?);
    let GradientPenalty { penalty, norms } =
        gradient_penalty(critic, real, fake, fixture.tensor("input.eps")?)?;
    let distance = (of_fake.mean_all()? - of_real.mean_all()?)?;
    let loss = (distance + penalty.affine(fixture.setting("lambda")?, 0.0)?)?;
    let gradients = loss.backward()?;

    let mut compared = Compared::new(fixture);
    compared.compare("d_real", &of_real)?;
    compared.compare("d_fake", &of_fake)?;
    compared.compare("gradnorm", &norms)?;
    compared.compare("penalty", &penalty.unsqueeze(0)?)?;
    compared.compare("loss", &loss.unsqueeze(0)?)?;
    compared.gradients("grad", &parameters, &gradients)?;
    let of_penalty = penalty.backward()?;
    for (name, var) in parameters.named() {
        // The last bias moves all scores alike, so the penalty's graph does not hold it.
        let zeros = var.zeros_like()?;
        let gradient = of_penalty.get(&var).unwrap_or(&zeros);
        compared.compare(&format!("penalty_grad.{name}"), gradient)?;
    }

    let config = AdamWConfig { beta1: 0.0, beta2: 0.9, weight_decay: 0.0, ..Default::default() };
    AdamW::new(&parameters, config, &[])?.step(&gradients, 1e-3)?;
    // Its gradient is 0 but for rounding, which Adam makes a step of.
    compared.except("final.fc.bias");
    for (name, var) in parameters.named().into_iter().filter(|(name, _)| name != "fc.bias") {
        compared.compare(&format!("final.{name}"), &var)?;
    }
    compared.finish()
}
