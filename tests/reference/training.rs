//! Training steps of small models against PyTorch: losses, first gradients, final weights.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use candle::backprop::GradStore;
use candle::{Device, Tensor, Var};
use generativa::layers::{
    Activation, Conv, Conv2d, ConvTranspose2d, Gru, Linear, Lstm, LstmState, Parameters,
    VarBuilder, seeded_builder,
};
use generativa::train::optimizer::{AdamW, AdamWConfig, assert_every_gradient};
use libtest_mimic::{Failed, Trial};

use crate::reference::fixture::{Fixture, assign};
use crate::reference::{style, wasserstein};

/// What reads a fixture of a kind.
struct Reader {
    kind: &'static str,
    check: fn(&Fixture) -> Result<()>,
}

const READERS: [Reader; 5] = [
    Reader { kind: "train-vae-mlp", check: check_perceptron_vae },
    Reader { kind: "train-vae-conv", check: check_convolutional_vae },
    Reader { kind: "train-gru", check: check_recurrent_layers },
    Reader { kind: "train-wgan-gp", check: wasserstein::check },
    Reader { kind: "stylegan2", check: style::check },
];

/// One trial for each folder of a kind that is read here.
pub(crate) fn trials(fixtures: &Path) -> Vec<Trial> {
    let mut trials = Vec::new();
    for (folder, kind) in Fixture::kinds(fixtures) {
        let name = format!("reference::{}", folder_name(&folder));
        let kind = match kind {
            Ok(kind) => kind,
            Err(error) => {
                trials.push(Trial::test(name, move || Err(failed(error))));
                continue;
            }
        };
        let Some(reader) = READERS.iter().find(|reader| reader.kind == kind) else { continue };
        let check = move || Fixture::open(&folder).and_then(|f| (reader.check)(&f)).map_err(failed);
        trials.push(Trial::test(name, check).with_kind(&kind));
    }
    trials
}

/// An ignored trial for each folder of a kind that nobody reads yet.
pub(crate) fn unsupported(fixtures: &Path) -> Vec<Trial> {
    let kinds = Fixture::kinds(fixtures).into_iter();
    kinds
        .filter_map(|(folder, kind)| Some((folder, kind.ok()?)))
        .filter(|(_, kind)| READERS.iter().all(|reader| reader.kind != kind))
        .map(|(folder, kind)| ignored(format!("reference::{}", folder_name(&folder)), &kind))
        .collect()
}

fn ignored(name: String, kind: &str) -> Trial {
    Trial::test(name, || Ok(())).with_kind(kind).with_ignored_flag(true)
}

fn folder_name(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn failed(error: anyhow::Error) -> Failed {
    format!("{error:#}").into()
}

/// A variational autoencoder as the fixtures describe it.
struct Vae<'a> {
    /// Data to the mean and the log-variance of the posterior.
    encode: &'a dyn Fn(&Tensor) -> candle::Result<(Tensor, Tensor)>,
    /// Latents to the reconstruction.
    decode: &'a dyn Fn(&Tensor) -> candle::Result<Tensor>,
    /// Error of a reconstruction (first) of the data (second), for every element.
    error: fn(&Tensor, &Tensor) -> candle::Result<Tensor>,
}

/// A builder of fresh weights; the file's take their place once the model stands.
pub(crate) fn builder(parameters: &Parameters) -> VarBuilder<'static> {
    seeded_builder(parameters, 0, &Device::Cpu)
}

/// Two dimensions of a weight.
fn sizes(weights: &HashMap<String, Tensor>, name: &str) -> Result<(usize, usize)> {
    let weight = weights.get(name).with_context(|| format!("no weight `{name}` in the file"))?;
    Ok((weight.dim(1)?, weight.dim(0)?))
}

pub(crate) fn linear(
    weights: &HashMap<String, Tensor>,
    name: &str,
    parameters: &Parameters,
) -> Result<Linear> {
    let (inputs, outputs) = sizes(weights, &format!("{name}.weight"))?;
    Ok(Linear::new(inputs, outputs, builder(parameters).pp(name))?)
}

fn check_perceptron_vae(fixture: &Fixture) -> Result<()> {
    let weights = fixture.file("init.safetensors")?;
    let parameters = Parameters::default();
    let layer = |name: &str| linear(&weights, name, &parameters);
    let (enc1, mu, logvar) = (layer("enc1")?, layer("mu")?, layer("logvar")?);
    let (dec1, dec2) = (layer("dec1")?, layer("dec2")?);
    assign(&parameters, &weights)?;

    let encode = |x: &Tensor| {
        let hidden = enc1.forward_then(x, Activation::Relu)?;
        Ok((mu.forward(&hidden)?, logvar.forward(&hidden)?))
    };
    let decode = |z: &Tensor| dec2.forward(&dec1.forward_then(z, Activation::Relu)?);
    // Cross-entropy with a logit: softplus(logit) − logit · target.
    let error = |logits: &Tensor, x: &Tensor| Activation::Softplus.forward(logits)? - (logits * x)?;
    train(fixture, &parameters, &Vae { encode: &encode, decode: &decode, error })
}

fn check_convolutional_vae(fixture: &Fixture) -> Result<()> {
    let weights = fixture.file("init.safetensors")?;
    let parameters = Parameters::default();
    let network = fixture.text("network")?;
    let (down, up) = network.split_once("transposed").context("no transposed convolution")?;
    let (down, up) = (movement(down)?, movement(up)?);
    let kernel = |name: &str| -> Result<(usize, usize)> {
        let weight = weights.get(name).with_context(|| format!("no weight `{name}`"))?;
        Ok((weight.dim(2)?, weight.dim(3)?))
    };
    let convolution = |name: &str| -> Result<Conv2d> {
        let weight = format!("{name}.weight");
        let (inputs, outputs) = sizes(&weights, &weight)?;
        let vb = builder(&parameters).pp(name);
        Ok(Conv2d::new(inputs, outputs, kernel(&weight)?, down, vb)?)
    };
    let transposed = |name: &str| -> Result<ConvTranspose2d> {
        let weight = format!("{name}.weight");
        let (outputs, inputs) = sizes(&weights, &weight)?;
        let vb = builder(&parameters).pp(name);
        Ok(ConvTranspose2d::new(inputs, outputs, kernel(&weight)?, up, (0, 0), vb)?)
    };
    let (c1, c2, t1, t2) =
        (convolution("c1")?, convolution("c2")?, transposed("t1")?, transposed("t2")?);
    let layer = |name: &str| linear(&weights, name, &parameters);
    let (mu, logvar, fc) = (layer("mu")?, layer("logvar")?, layer("fc")?);
    assign(&parameters, &weights)?;

    let features = |x: &Tensor| {
        let hidden = c1.forward_then(x, Activation::Silu)?;
        c2.forward_then(&hidden, Activation::Silu)
    };
    let (_, channels, height, width) = features(fixture.tensor("input.x")?)?.dims4()?;
    let encode = |x: &Tensor| {
        let hidden = features(x)?.flatten_from(1)?;
        Ok((mu.forward(&hidden)?, logvar.forward(&hidden)?))
    };
    let decode = |z: &Tensor| {
        let hidden = fc.forward(z)?.reshape(((), channels, height, width))?;
        t2.forward(&t1.forward_then(&hidden, Activation::Silu)?)
    };
    let error = |y: &Tensor, x: &Tensor| (y - x)?.sqr();
    train(fixture, &parameters, &Vae { encode: &encode, decode: &decode, error })
}

/// The first stride and padding that a description of a network names.
fn movement(description: &str) -> Result<Conv> {
    let number = |word: &str| -> Result<usize> {
        let (_, rest) = description.split_once(word).with_context(|| format!("no `{word}`"))?;
        let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
        digits.parse().with_context(|| format!("`{word}` has no number in `{description}`"))
    };
    let (stride, padding) = (number("stride")?, number("pad")?);
    Ok(Conv { stride: (stride, stride), padding: (padding, padding), ..Conv::PLAIN })
}

/// Takes the fixture's steps and compares everything that it expects.
fn train(fixture: &Fixture, parameters: &Parameters, vae: &Vae<'_>) -> Result<()> {
    ensure!(
        fixture.text("how")?.contains("betas (0.9, 0.999), eps 1e-8"),
        "the fixture's AdamW is not the default one"
    );
    let (x, noise) = (fixture.tensor("input.x")?, fixture.tensor("input.eps")?);
    let (batch, beta) = (x.dim(0)? as f64, fixture.setting("beta")?);
    let config = AdamWConfig { weight_decay: fixture.setting("wd")?, ..Default::default() };
    let mut optimizer = AdamW::new(parameters, config, &[])?;
    let mut compared = Compared::new(fixture);
    let mut series: [Vec<Tensor>; 3] = Default::default();
    for step in 0..fixture.setting("steps")? as usize {
        let (mean, log_var) = (vae.encode)(x)?;
        let latent = (&mean + log_var.affine(0.5, 0.0)?.exp()? * noise.get(step)?)?;
        let output = (vae.decode)(&latent)?;
        let recon = ((vae.error)(&output, x)?.sum_all()? / batch)?;
        let kl = ((mean.sqr()? + log_var.exp()?)? - log_var.affine(1.0, 1.0)?)?;
        let kl = kl.sum_all()?.affine(0.5 / batch, 0.0)?;
        let loss = (&recon + kl.affine(beta, 0.0)?)?;

        let gradients = loss.backward()?;
        if step == 0 {
            assert_every_gradient(parameters, &gradients)?;
            compared.compare("output0", &output)?;
            compared.gradients("grad0", parameters, &gradients)?;
        }
        optimizer.step(&gradients, fixture.setting("lr")?)?;
        series.iter_mut().zip([loss, recon, kl]).for_each(|(all, one)| all.push(one.detach()));
    }
    for (name, values) in ["loss", "recon", "kl"].iter().zip(&series) {
        compared.compare(name, &Tensor::stack(values, 0)?)?;
    }
    for (name, var) in parameters.named() {
        compared.compare(&format!("final.{name}"), &var)?;
    }
    compared.finish()
}

fn check_recurrent_layers(fixture: &Fixture) -> Result<()> {
    let mut compared = Compared::new(fixture);
    check_gru(fixture, &mut compared)?;
    check_bidirectional_gru(fixture, &mut compared)?;
    check_lstm(fixture, &mut compared)?;
    compared.finish()
}

fn check_gru(fixture: &Fixture, compared: &mut Compared<'_>) -> Result<()> {
    let (x, start) = (fixture.tensor("input.x")?, fixture.tensor("input.h0")?);
    let (x, start) = (Var::from_tensor(x)?, Var::from_tensor(start)?);
    let parameters = Parameters::default();
    let (layers, _, hidden) = start.dims3()?;
    let gru = Gru::new(x.dim(2)?, hidden, layers, builder(&parameters))?;
    assign(&parameters, &fixture.file("init.safetensors")?)?;

    let (output, last) = gru.forward(&x, Some(&start))?;
    let loss = recurrent_loss(&output, fixture.tensor("input.g")?, &last)?;
    let gradients = loss.backward()?;
    compared.compare("output", &output)?;
    compared.compare("h_n", &last)?;
    compared.compare("loss", &loss.unsqueeze(0)?)?;
    compared.gradients("grad", &parameters, &gradients)?;
    for (name, var) in [("grad.x", &x), ("grad.h0", &start)] {
        compared.compare(name, gradients.get(var).with_context(|| format!("no {name}"))?)?;
    }
    Ok(())
}

/// The network in both directions starts from zeros.
fn check_bidirectional_gru(fixture: &Fixture, compared: &mut Compared<'_>) -> Result<()> {
    let x = fixture.tensor("input.x")?;
    let parameters = Parameters::default();
    let (layers, _, hidden) = fixture.tensor("input.h0")?.dims3()?;
    let gru = Gru::bidirectional(x.dim(2)?, hidden, layers, builder(&parameters))?;
    assign(&parameters, &fixture.file("init_bi.safetensors")?)?;

    let (output, last) = gru.forward(x, None)?;
    let loss = recurrent_loss(&output, fixture.tensor("input.g_bi")?, &last)?;
    compared.compare("output_bi", &output)?;
    compared.compare("h_n_bi", &last)?;
    compared.compare("loss_bi", &loss.unsqueeze(0)?)
}

/// The hidden states start as those of the GRU do, the cell states from zeros.
fn check_lstm(fixture: &Fixture, compared: &mut Compared<'_>) -> Result<()> {
    let (x, hidden) = (fixture.tensor("input.x")?, fixture.tensor("input.h0")?);
    let parameters = Parameters::default();
    let (layers, _, units) = hidden.dims3()?;
    let lstm = Lstm::new(x.dim(2)?, units, layers, builder(&parameters))?;
    assign(&parameters, &fixture.file("init_lstm.safetensors")?)?;

    let start = LstmState { hidden: hidden.clone(), cell: hidden.zeros_like()? };
    let (output, last) = lstm.forward(x, Some(&start))?;
    compared.compare("output_lstm", &output)?;
    compared.compare("h_n_lstm", &last.hidden)?;
    compared.compare("c_n_lstm", &last.cell)
}

/// The sum of the outputs, weighted, and of the squares of the last states.
fn recurrent_loss(output: &Tensor, weights: &Tensor, last: &Tensor) -> Result<Tensor> {
    Ok(((output * weights)?.sum_all()? + last.sqr()?.sum_all()?)?)
}

/// Which outputs of a fixture have been compared.
pub(crate) struct Compared<'a> {
    fixture: &'a Fixture,
    names: BTreeSet<String>,
}

impl<'a> Compared<'a> {
    pub(crate) fn new(fixture: &'a Fixture) -> Self {
        Self { fixture, names: BTreeSet::new() }
    }

    pub(crate) fn compare(&mut self, name: &str, found: &Tensor) -> Result<()> {
        self.names.insert(name.to_owned());
        self.fixture.compare(name, found)
    }

    /// The gradients of all weights, as `<prefix>.<name>`.
    pub(crate) fn gradients(
        &mut self,
        prefix: &str,
        parameters: &Parameters,
        gradients: &GradStore,
    ) -> Result<()> {
        for (name, var) in parameters.named() {
            let gradient = gradients.get(&var).with_context(|| format!("none for `{name}`"))?;
            self.compare(&format!("{prefix}.{name}"), gradient)?;
        }
        Ok(())
    }

    /// Leaves out an output that says nothing.
    pub(crate) fn except(&mut self, name: &str) {
        self.names.insert(name.to_owned());
    }

    /// Fails where an output of the fixture was not compared.
    pub(crate) fn finish(self) -> Result<()> {
        let outputs = self.fixture.outputs();
        let left: Vec<_> = outputs.iter().filter(|name| !self.names.contains(*name)).collect();
        ensure!(left.is_empty(), "outputs that nothing was compared with: {left:?}");
        Ok(())
    }
}
