//! Gradients of gradients, which the penalties of adversarial networks need.
//!
//! candle cuts every gradient off its graph unless a variable of the environment, read once a
//! thread, says otherwise. [`prepare_process`](crate::prepare_process) sets it, and the operations
//! here then cut their gradients off themselves, so that a plain backward pass holds no graph that
//! nobody asked for; only within [`backward_with_graph`] do they leave it.

use std::cell::{Cell, OnceCell};

use candle::backprop::GradStore;
use candle::{Device, Result, Tensor, Var, bail};

/// The variable that keeps the graphs of gradients.
pub(crate) const SWITCH: &str = "CANDLE_GRAD_DO_NOT_DETACH";

thread_local! {
    /// Whether gradients stay on their graph at the moment.
    static KEPT: Cell<bool> = const { Cell::new(false) };
    /// Whether candle keeps graphs on this thread.
    static POSSIBLE: OnceCell<bool> = const { OnceCell::new() };
}

/// The backward pass from `loss`, with gradients that can be differentiated in turn.
///
/// A gradient is kept for variables alone: an input whose gradient is wanted must be a [`Var`].
/// Fails where candle would cut the graph, so that a penalty never silently has no gradient.
pub fn backward_with_graph(loss: &Tensor) -> Result<GradStore> {
    /// Restores what was before, also where the pass fails.
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            KEPT.set(self.0);
        }
    }

    let possible = POSSIBLE.with(|possible| match possible.get() {
        Some(possible) => Ok(*possible),
        None => cube_bends().map(|bends| *possible.get_or_init(|| bends)),
    })?;
    if !possible {
        bail!(
            "second order: candle cuts gradients off their graph on this thread; set {SWITCH}=1 \
             before its first backward pass, as `prepare_process` does at the start of `main`"
        );
    }
    let _restore = Restore(KEPT.replace(true));
    loss.backward()
}

/// `gradient` for the tape: with its graph within [`backward_with_graph`], else without.
pub(crate) fn kept_or_cut(gradient: Tensor) -> Tensor {
    if KEPT.get() { gradient } else { gradient.detach() }
}

/// Whether the second derivative of `x³` at 2 is 12.
fn cube_bends() -> Result<bool> {
    let x = Var::new(2f64, &Device::Cpu)?;
    let store = (x.sqr()? * x.as_tensor())?.backward()?;
    let Some(slope) = store.get(&x) else { return Ok(false) };
    match slope.backward()?.get(&x) {
        Some(bend) => Ok(bend.to_scalar::<f64>()? == 12.0),
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::normals;

    #[test]
    fn a_thread_without_the_switch_is_told_so_and_one_with_it_gets_both_orders() -> Result<()> {
        // Set or not when the process began; `.cargo/config.toml` sets it for tests.
        if std::env::var_os(SWITCH).is_none() {
            let error = backward_with_graph(&normals("x", &[])?).expect_err("cut");
            assert!(error.to_string().contains(SWITCH));
            return Ok(());
        }
        let x = Var::from_tensor(&normals("x", &[5])?)?;
        let store = backward_with_graph(&crate::tanh(&x)?.sum_all()?)?;
        let slope = store.get(&x).expect("tracked").clone();
        assert!(slope.sum_all()?.backward()?.get(&x).is_some());
        Ok(())
    }

    #[test]
    fn a_plain_pass_leaves_no_graph_behind_our_operations() -> Result<()> {
        let x = Var::from_tensor(&normals("x", &[5])?)?;
        let store = crate::tanh(&x)?.sum_all()?.backward()?;
        assert!(!store.get(&x).expect("tracked").track_op());
        Ok(())
    }
}
