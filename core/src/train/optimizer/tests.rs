use super::*;
use crate::layers::{Linear, seeded_builder};

/// A map of two features to three, with a norm beside it that the loss does not reach.
fn model() -> Result<(Parameters, Linear)> {
    let parameters = Parameters::default();
    let builder = seeded_builder(&parameters, 0, &Device::Cpu);
    let layer = Linear::new(2, 3, builder.pp("head"))?;
    builder.pp("norm1").get_with_hints(2, "weight", candle_nn::Init::Const(1.0))?;
    Ok((parameters, layer))
}

fn gradients(layer: &Linear, scale: f32) -> Result<GradStore> {
    let x = Tensor::new(&[[1f32, 2.0], [-1.0, 0.5]], &Device::Cpu)?;
    // Not `affine`, whose backward pass skips a factor of 0.
    layer
        .forward(&x)?
        .broadcast_mul(&Tensor::new(scale, &Device::Cpu)?)?
        .sqr()?
        .sum_all()?
        .backward()
}

fn values(parameters: &Parameters) -> Result<Vec<f32>> {
    let flat = |(_, var): (String, Var)| var.flatten_all()?.to_vec1::<f32>();
    Ok(parameters.named().into_iter().map(flat).collect::<Result<Vec<_>>>()?.concat())
}

#[test]
fn training_goes_down_and_leaves_weights_without_gradient_alone() -> Result<()> {
    let (parameters, layer) = model()?;
    let mut optimizer = AdamW::new(&parameters, AdamWConfig::default(), &[])?;
    let norm_before = optimizer.step(&gradients(&layer, 1.0)?, 0.05)?;
    for _ in 0..200 {
        optimizer.step(&gradients(&layer, 1.0)?, 0.05)?;
    }
    let norm_after = optimizer.step(&gradients(&layer, 1.0)?, 0.05)?;
    assert!(norm_after < 0.01 * norm_before, "{norm_before} to {norm_after}");
    assert_eq!(optimizer.steps(), 202);
    assert_eq!(values(&parameters)?[9..], [1.0, 1.0]);
    Ok(())
}

#[test]
fn a_resumed_run_has_the_bits_of_one_that_never_stopped() -> Result<()> {
    let config = AdamWConfig { average: Some(0.9), max_norm: Some(1.0), ..Default::default() };
    let (whole, layer) = model()?;
    let mut optimizer = AdamW::new(&whole, config, &[])?;
    for _ in 0..3 {
        optimizer.step(&gradients(&layer, 1.0)?, 0.01)?;
    }
    // stop: weights, state and count are all that is left
    let stored: BTreeMap<_, _> =
        optimizer.state().into_iter().map(|(name, buffer)| (name, buffer.to_vec())).collect();
    let (resumed, resumed_layer) = model()?;
    for ((_, to), (_, from)) in resumed.named().iter().zip(whole.named()) {
        to.set(&from.copy()?)?;
    }
    let mut second = AdamW::new(&resumed, config, &[])?;
    second.restore(optimizer.steps(), &stored)?;
    // go on
    for _ in 0..3 {
        optimizer.step(&gradients(&layer, 1.0)?, 0.01)?;
        second.step(&gradients(&resumed_layer, 1.0)?, 0.01)?;
    }
    assert_eq!(values(&whole)?, values(&resumed)?);
    assert_eq!(optimizer.state(), second.state());
    Ok(())
}

#[test]
fn a_state_of_another_model_is_refused_and_changes_nothing() -> Result<()> {
    let (parameters, _) = model()?;
    let mut optimizer = AdamW::new(&parameters, AdamWConfig::default(), &[])?;
    let mut state: BTreeMap<_, _> =
        optimizer.state().into_iter().map(|(name, buffer)| (name, buffer.to_vec())).collect();
    state.insert("first/foreign".into(), Vec::new());
    let message = optimizer.restore(7, &state).expect_err("one too many").to_string();
    assert!(message.contains("first/foreign"), "{message}");
    state.remove("first/foreign");
    state.insert("first/head.bias".into(), vec![0.0]);
    let message = optimizer.restore(7, &state).expect_err("wrong length").to_string();
    assert!(message.contains("expected 3 values, found 1"), "{message}");
    state.remove("first/head.bias");
    let message = optimizer.restore(7, &state).expect_err("missing").to_string();
    assert!(message.contains("`first/head.bias` is missing"), "{message}");
    assert_eq!(optimizer.steps(), 0);
    Ok(())
}

#[test]
fn clipping_keeps_the_direction_and_reports_the_norm_before() -> Result<()> {
    // The first moments are the clipped gradients times 1 - beta1.
    let run = |max_norm| -> Result<(f64, Vec<f32>)> {
        let (parameters, layer) = model()?;
        let config = AdamWConfig { max_norm, ..Default::default() };
        let mut optimizer = AdamW::new(&parameters, config, &[])?;
        let norm = optimizer.step(&gradients(&layer, 10.0)?, 0.01)?;
        let moments = optimizer.state().into_iter().filter(|(name, _)| name.starts_with("first"));
        Ok((norm, moments.flat_map(|(_, buffer)| buffer.to_vec()).collect()))
    };
    let ((norm, free), (same, clipped)) = (run(None)?, run(Some(2.0))?);
    assert_eq!(norm, same);
    let length: f32 = free.iter().map(|x| (x / 0.1).powi(2)).sum::<f32>().sqrt();
    assert!((f64::from(length) / norm - 1.0).abs() < 1e-5);
    for (free, clipped) in free.iter().zip(&clipped) {
        assert!((free * (2.0 / norm) as f32 - clipped).abs() < 1e-6);
    }
    Ok(())
}

#[test]
fn groups_scale_the_rate_and_spare_biases_and_norms_the_decay() -> Result<()> {
    let (parameters, layer) = model()?;
    let config = AdamWConfig { weight_decay: 0.5, ..Default::default() };
    let frozen = Group { claims: |name| name == "head.bias", rate_scale: 0.0, weight_decay: 1.0 };
    let mut optimizer = AdamW::new(&parameters, config, &[frozen, Group::UNDECAYED])?;
    let before = values(&parameters)?;
    // A gradient of zeros leaves nothing but the decay.
    optimizer.step(&gradients(&layer, 0.0)?, 0.1).map(|norm| assert_eq!(norm, 0.0))?;
    let after = values(&parameters)?;
    assert_eq!(before[..3], after[..3]);
    for (before, after) in before[3..9].iter().zip(&after[3..9]) {
        assert!((before * 0.95 - after).abs() < 1e-7);
    }
    let spared = ["a.bias", "bias", "l.bias_hh_l0", "block.norm1.weight", "layer_norm.bias"];
    assert!(spared.iter().all(|name| is_bias_or_norm(name)));
    assert!(!["a.weight", "norm.head.weight", "weight"].iter().any(|name| is_bias_or_norm(name)));
    Ok(())
}

#[test]
fn the_average_lags_behind_the_weights() -> Result<()> {
    let (parameters, layer) = model()?;
    let before = values(&parameters)?;
    let config = AdamWConfig { average: Some(0.75), ..Default::default() };
    let mut optimizer = AdamW::new(&parameters, config, &[])?;
    optimizer.step(&gradients(&layer, 1.0)?, 0.1)?;
    let after = values(&parameters)?;
    let averages = optimizer.averages()?.expect("an average is kept");
    let weight = averages["head.weight"].flatten_all()?.to_vec1::<f32>()?;
    for ((before, after), average) in before[3..9].iter().zip(&after[3..9]).zip(weight) {
        // The first step keeps a tenth, not three quarters: see `warmed_up`.
        assert!((0.1 * before + 0.9 * after - average).abs() < 1e-6);
    }
    Ok(())
}

#[test]
fn a_gradient_that_is_not_finite_is_named_and_moves_nothing() -> Result<()> {
    let (parameters, layer) = model()?;
    let before = values(&parameters)?;
    let mut optimizer = AdamW::new(&parameters, AdamWConfig::default(), &[])?;
    let error = optimizer.step(&gradients(&layer, f32::INFINITY)?, 0.1);
    assert!(error.expect_err("infinite").to_string().contains("`head.bias`"));
    assert_eq!((values(&parameters)?, optimizer.steps()), (before, 0));
    Ok(())
}

#[test]
fn weights_without_a_gradient_are_listed_by_name() -> Result<()> {
    let (parameters, layer) = model()?;
    let error = assert_every_gradient(&parameters, &gradients(&layer, 1.0)?);
    let message = error.expect_err("the norm is not reached").to_string();
    assert!(message.contains("`norm1.weight`") && !message.contains("head"), "{message}");
    Ok(())
}
