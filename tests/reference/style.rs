//! StyleGAN2 against PyTorch: filters, modulated convolutions, images of every kind, both losses
//! and both penalties, with the gradients of all four.

use anyhow::{Context, Result, ensure};
use candle::Tensor;
use candle::backprop::GradStore;
use generativa::layers::Parameters;
use generativa::models::gan::stylegan2::{
    Discriminator, Generator, ModulatedConv2d, Resampling, StyleGan2Config, minibatch_deviation,
    truncate,
};
use generativa::models::gan::{
    discriminator_loss, generator_loss, path_length_penalty, r1_penalty,
};
use generativa_kernels::fir2d;
use serde_json::Value;

use super::fixture::{Fixture, assign};
use super::training::{Compared, builder};

/// Both networks with the weights of the fixture, and what it feeds them.
struct Networks<'a> {
    fixture: &'a Fixture,
    config: StyleGan2Config,
    /// Entries of the configuration that are no network's.
    run: Value,
    parameters: Parameters,
    generator: Generator,
    discriminator: Discriminator,
    noise: Vec<Tensor>,
}

pub(crate) fn check(fixture: &Fixture) -> Result<()> {
    let networks = Networks::open(fixture)?;
    let mut compared = Compared::new(fixture);
    networks.check_filters(&mut compared)?;
    networks.check_modulated_convolutions(&mut compared)?;
    networks.check_images(&mut compared)?;
    networks.check_discriminator(&mut compared)?;
    networks.check_losses(&mut compared)?;
    networks.check_r1(&mut compared)?;
    networks.check_path_lengths(&mut compared)?;
    compared.finish()
}

impl<'a> Networks<'a> {
    fn open(fixture: &'a Fixture) -> Result<Self> {
        let mut network = fixture.json("config.json")?;
        let entries = network.as_object_mut().context("config.json is no object")?;
        let run = ["mix_at", "truncation", "path_mean_before", "path_decay"];
        let run = run.into_iter().filter_map(|name| Some((name.to_owned(), entries.remove(name)?)));
        let run = Value::Object(run.collect());
        // What is left are sizes, or an option that nobody here knows, which fails.
        let config: StyleGan2Config = serde_json::from_value(network).context("config.json")?;

        let parameters = Parameters::default();
        let vb = builder(&parameters);
        let generator = Generator::new(&config, vb.pp("g"))?;
        let discriminator = Discriminator::new(&config, vb.pp("d"))?;
        assign(&parameters, &fixture.file("stylegan2.safetensors")?)?;
        let noise = (0..).map_while(|layer| fixture.tensor(&format!("input.noise.{layer}")).ok());
        let noise = noise.cloned().collect();
        Ok(Self { fixture, config, run, parameters, generator, discriminator, noise })
    }

    fn number(&self, name: &str) -> Result<f64> {
        let number = &self.run[name];
        number.as_f64().with_context(|| format!("`{name}` is {number}, not a number"))
    }

    fn input(&self, name: &str) -> Result<&Tensor> {
        self.fixture.tensor(&format!("input.{name}"))
    }

    /// The style of the latents `name`, for all layers.
    fn styles(&self, name: &str) -> Result<Tensor> {
        let style = self.generator.mapping().forward(self.input(name)?)?;
        Ok(self.generator.everywhere(&style)?)
    }

    fn image(&self, styles: &Tensor) -> candle::Result<Tensor> {
        self.generator.forward(styles, &self.noise)
    }

    fn check_filters(&self, compared: &mut Compared<'_>) -> Result<()> {
        let x = self.input("fir")?;
        let resampling = Resampling::new(&self.config.blur_kernel)?;
        compared.compare("fir.up2", &resampling.upsample(x)?)?;
        compared.compare("fir.down2", &resampling.downsample(x)?)?;
        let filtered = |taps: &[f32], up: usize, padding: (isize, isize)| {
            let resampling = Resampling::new(taps)?;
            fir2d(x, resampling.filter(), (up, up), (1, 1), [padding; 2])
        };
        let taps = &self.config.blur_kernel;
        compared.compare("fir.blur_pad21", &filtered(taps, 1, (2, 1))?)?;
        compared.compare("fir.crop", &filtered(taps, 1, (-1, 2))?)?;
        compared.compare("fir.up2_asym", &filtered(&[1.0, 2.0, 3.0, 4.0], 2, (3, 1))?)
    }

    /// Convolutions of the generator by themselves: names asked for again give its weights.
    fn check_modulated_convolutions(&self, compared: &mut Compared<'_>) -> Result<()> {
        let (x, style) = (self.input("modconv.x")?, self.input("modconv.w")?);
        let conv = |name: &str, side: usize, kernel: usize, up: Option<Resampling>| -> Result<_> {
            let inputs = x.dim(1)?;
            let outputs = match kernel {
                1 => 3,
                _ => *self.config.channels.get(&side).context("no channels")?,
            };
            let vb = builder(&self.parameters).pp("g").pp(name);
            Ok(ModulatedConv2d::new(inputs, outputs, kernel, self.config.style_dim, up, vb)?)
        };
        let plain = conv("conv1.conv", 4, 3, None)?;
        compared.compare("modconv.conv1", &plain.forward(x, style, None, 1.0)?)?;
        let resampling = Resampling::new(&self.config.blur_kernel)?;
        let up = conv("convs.0.conv", 8, 3, Some(resampling))?;
        compared.compare("modconv.up", &up.forward(x, style, None, 1.0)?)?;
        let to_rgb = conv("to_rgb1.conv", 4, 1, None)?;
        compared.compare("modconv.rgb", &to_rgb.forward_plain(x, style)?)
    }

    fn check_images(&self, compared: &mut Compared<'_>) -> Result<()> {
        let Self { generator, .. } = self;
        let (latents, others) = (self.input("z")?, self.input("z2")?);
        let style = generator.mapping().forward(latents)?;
        compared.compare("w", &style)?;
        for stage in generator.stages(&generator.everywhere(&style)?, &self.noise)? {
            let name = format!("features.{}", stage.features.dim(2)?);
            compared.compare(&name, &stage.features)?;
            compared.compare(&format!("{name}.rgb"), &stage.image)?;
        }
        compared.compare("image", &self.image(&self.styles("z")?)?)?;

        let other = generator.mapping().forward(others)?;
        let mixed = generator.mixed(&style, &other, self.number("mix_at")? as usize)?;
        compared.compare("w_plus.mixed", &mixed)?;
        compared.compare("image.mixed", &self.image(&mixed)?)?;

        let mean = generator.mapping().mean(latents)?;
        compared.compare("w_mean", &mean)?;
        let truncated = truncate(&style, &mean, self.number("truncation")?)?;
        let truncated = generator.everywhere(&truncated)?;
        compared.compare("image.truncated", &self.image(&truncated)?)
    }

    fn check_discriminator(&self, compared: &mut Compared<'_>) -> Result<()> {
        let real = self.input("real")?;
        let features = self.discriminator.features(real)?;
        compared.compare("d.before_stddev", &features)?;
        let StyleGan2Config { stddev_group, stddev_feat, .. } = self.config;
        let deviation = minibatch_deviation(&features, stddev_group, stddev_feat)?;
        compared.compare("d.stddev_channel", &deviation)?;
        compared.compare("d.logits", &self.discriminator.forward(real)?)
    }

    fn check_losses(&self, compared: &mut Compared<'_>) -> Result<()> {
        let image = self.image(&self.styles("z")?)?;
        let logits = self.discriminator.forward(&image)?;
        compared.compare("d.fake_logits", &logits)?;
        let loss = generator_loss(&logits)?;
        compared.compare("loss.g", &loss.unsqueeze(0)?)?;
        self.compare_gradients(compared, "g_grad", "g", &loss.backward()?)?;

        let of_fake = self.discriminator.forward(&image.detach())?;
        let of_real = self.discriminator.forward(self.input("real")?)?;
        let loss = discriminator_loss(&of_real, &of_fake)?;
        compared.compare("loss.d", &loss.unsqueeze(0)?)?;
        self.compare_gradients(compared, "d_grad", "d", &loss.backward()?)
    }

    fn check_r1(&self, compared: &mut Compared<'_>) -> Result<()> {
        let penalty = r1_penalty(|x| self.discriminator.forward(x), self.input("real")?)?;
        compared.compare("r1", &penalty.unsqueeze(0)?)?;
        self.compare_gradients(compared, "r1.grad", "d", &penalty.backward()?)
    }

    fn check_path_lengths(&self, compared: &mut Compared<'_>) -> Result<()> {
        let found = path_length_penalty(
            |styles| self.image(styles),
            &self.styles("z")?,
            self.input("path_noise")?,
            self.number("path_mean_before")?,
            self.number("path_decay")?,
        )?;
        compared.compare("path.lengths", &found.lengths)?;
        compared.compare("path.mean", &found.mean.unsqueeze(0)?)?;
        compared.compare("path.penalty", &found.penalty.unsqueeze(0)?)?;
        self.compare_gradients(compared, "path.grad", "g", &found.penalty.backward()?)
    }

    /// The gradients that the fixture holds under `prefix`, by weights of the network `network`.
    fn compare_gradients(
        &self,
        compared: &mut Compared<'_>,
        prefix: &str,
        network: &str,
        gradients: &GradStore,
    ) -> Result<()> {
        let outputs = self.fixture.outputs();
        let (weights, prefix) = (self.parameters.named(), format!("{prefix}."));
        let expected = outputs.iter().filter_map(|name| Some((name, name.strip_prefix(&prefix)?)));
        let mut count = 0;
        for (output, weight) in expected {
            let full = format!("{network}.{weight}");
            let (_, var) = (weights.iter().find(|(name, _)| *name == full))
                .with_context(|| format!("no weight `{full}` for `{output}`"))?;
            // A penalty does not hold the biases behind its last kink, where it expects zeros.
            let zeros = var.zeros_like()?;
            compared.compare(output, gradients.get(var).unwrap_or(&zeros))?;
            count += 1;
        }
        ensure!(count > 0, "no gradients `{prefix}*` in the fixture");
        Ok(())
    }
}
