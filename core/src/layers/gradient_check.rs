//! The test that every layer passes.

use candle::{Device, Result, Tensor, Var};
use candle_nn::VarBuilder;
use generativa_kernels::check;
use generativa_random::Stream;

use super::{Parameters, seeded_builder};

/// Standard normal values from a stream named after `name`.
pub(crate) fn normals(name: &str, dims: &[usize]) -> Result<Tensor> {
    let values = Stream::named(0, name).normals(dims.iter().product());
    Tensor::from_vec(values, dims, &Device::Cpu)
}

/// Compares the gradients of a layer for its input, normal values of shape `dims`, and for all of
/// its weights with central differences.
pub(crate) fn layer<L>(
    dims: &[usize],
    build: impl FnOnce(VarBuilder<'static>) -> Result<L>,
    forward: impl Fn(&L, &Tensor) -> Result<Tensor>,
) -> Result<()> {
    let parameters = Parameters::default();
    let layer = build(seeded_builder(&parameters, 0, &Device::Cpu))?;
    let x = Var::from_tensor(&normals("x", dims)?)?;
    let mut variables = parameters.named();
    variables.push(("x".into(), x.clone()));
    check::variable_gradients(3e-3, &variables, || forward(&layer, &x))
}
