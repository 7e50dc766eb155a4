//! How operations and layers are tested: gradients against central differences, fast versions
//! against their references.
//!
//! Every check weights the outputs with fixed numbers, gives each input a second consumer (some
//! backward passes overwrite what another consumer has left), and visits the consumers in both
//! orders. An `Err` says which input and element differs, with both values.

use candle::backprop::GradStore;
use candle::{DType, Result, Tensor, Var, bail};

/// Compares the gradient of `function` with central differences for every element of every
/// variable. Outputs may have any shape; their differences are summed in f64.
///
/// `tolerance` is relative to one plus the largest entry of the gradient: about 1e-3 for f32, where
/// the step is 2^-7 and values should be of order one, and 1e-8 for f64, where it is 2^-17. The
/// function should have no kink within a step of the values.
pub fn variable_gradients(
    tolerance: f64,
    variables: &[(String, Var)],
    function: impl Fn() -> Result<Tensor>,
) -> Result<()> {
    let leaves: Vec<Tensor> = variables.iter().map(|(_, var)| var.as_tensor().clone()).collect();
    let stores = [true, false].map(|first| backward(&leaves, function(), first));
    for (name, variable) in variables {
        let expected = central_differences(variable, &function)?;
        for store in &stores {
            let store = store.as_ref().map_err(|error| candle::Error::msg(error.to_string()))?;
            let found = gradient(store, variable, name)?;
            compare(&format!("gradient of `{name}`"), &found, &expected, tolerance)?;
        }
    }
    Ok(())
}

/// [`variable_gradients`] for a function of tensors, all of which are tracked unless they hold
/// integers.
pub fn gradients(
    tolerance: f64,
    inputs: &[Tensor],
    function: impl Fn(&[Tensor]) -> Result<Tensor>,
) -> Result<()> {
    let (variables, tensors) = track(inputs, false)?;
    variable_gradients(tolerance, &variables, || function(&tensors))
}

/// Whether `fast` and `reference` have the same value and the same gradient for every input, with
/// contiguous inputs and with strided ones. `tolerance` is relative to one plus the largest entry.
pub fn agrees(
    fast: impl Fn(&[Tensor]) -> Result<Tensor>,
    reference: impl Fn(&[Tensor]) -> Result<Tensor>,
    inputs: &[Tensor],
    tolerance: f64,
) -> Result<()> {
    for strided in [false, true] {
        let (variables, tensors) = track(inputs, strided)?;
        let (found, expected) = (fast(&tensors)?, reference(&tensors)?);
        if found.shape() != expected.shape() {
            bail!("shape: expected {:?}, found {:?}", expected.shape(), found.shape());
        }
        compare("value", &flat(&found)?, &flat(&expected)?, tolerance)?;
        let sources: Vec<Tensor> =
            tensors.iter().filter(|x| x.dtype().is_float()).cloned().collect();
        for consumer_first in [true, false] {
            let found = backward(&sources, fast(&tensors), consumer_first)?;
            let expected = backward(&sources, reference(&tensors), consumer_first)?;
            for (name, variable) in &variables {
                let what = format!("gradient of {name}, strided inputs: {strided}");
                let (found, expected) =
                    (gradient(&found, variable, name)?, gradient(&expected, variable, name)?);
                compare(&what, &found, &expected, tolerance)?;
            }
        }
    }
    Ok(())
}

/// Variables with the names that errors give them.
type Variables = Vec<(String, Var)>;

/// Variables for the float inputs, and the inputs as tensors that depend on them. With `strided`
/// each lies in every other place of its variable.
fn track(inputs: &[Tensor], strided: bool) -> Result<(Variables, Vec<Tensor>)> {
    let (mut variables, mut tensors) = (Vec::new(), Vec::new());
    for (index, input) in inputs.iter().enumerate() {
        if !input.dtype().is_float() {
            tensors.push(input.clone());
            continue;
        }
        let variable = if strided {
            Var::from_tensor(&Tensor::stack(&[input, &input.neg()?], input.rank())?)?
        } else {
            Var::from_tensor(input)?
        };
        tensors.push(if strided {
            variable.narrow(input.rank(), 0, 1)?.squeeze(input.rank())?
        } else {
            variable.as_tensor().clone()
        });
        variables.push((format!("input {index}"), variable));
    }
    Ok((variables, tensors))
}

/// The backward pass from the weighted sum of `output` and of the squares of `sources`.
fn backward(sources: &[Tensor], output: Result<Tensor>, consumer_first: bool) -> Result<GradStore> {
    let output = output?;
    let mut loss = (&output * probe(output.dims(), &output)?)?.sum_all()?;
    for source in sources {
        let consumer = (source.sqr()? * probe(source.dims(), source)?)?.sum_all()?;
        loss = if consumer_first { (consumer + loss)? } else { (loss + consumer)? };
    }
    loss.backward()
}

/// Derivative of the loss of [`backward`] by every element of `variable`.
fn central_differences(variable: &Var, function: &impl Fn() -> Result<Tensor>) -> Result<Vec<f64>> {
    let start = variable.as_tensor().copy()?;
    let step = if start.dtype() == DType::F64 { 2f64.powi(-17) } else { 2f64.powi(-7) };
    let values = flat(&start)?;
    let shifted = |element: usize, by: f64| -> Result<Vec<f64>> {
        let mut values = values.clone();
        values[element] += by;
        let tensor = Tensor::from_vec(values, start.dims(), start.device())?;
        variable.set(&tensor.to_dtype(start.dtype())?)?;
        flat(&function()?)
    };
    let mut differences = Vec::with_capacity(values.len());
    for (element, value) in values.iter().enumerate() {
        let (above, below) = (shifted(element, step)?, shifted(element, -step)?);
        let change = above.iter().zip(&below).enumerate();
        let change: f64 = change.map(|(i, (above, below))| weight(i) * (above - below)).sum();
        differences.push(change / (2.0 * step) + 2.0 * weight(element) * value);
    }
    variable.set(&start)?;
    Ok(differences)
}

fn gradient(store: &GradStore, variable: &Var, name: &str) -> Result<Vec<f64>> {
    match store.get(variable) {
        Some(gradient) if gradient.dims() == variable.dims() => flat(gradient),
        Some(gradient) => bail!(
            "gradient of `{name}`: expected shape {:?}, found {:?}",
            variable.dims(),
            gradient.dims()
        ),
        None => bail!("`{name}` got no gradient: the output does not depend on it on the tape"),
    }
}

fn compare(what: &str, found: &[f64], expected: &[f64], tolerance: f64) -> Result<()> {
    let allowed = tolerance * (1.0 + expected.iter().fold(0.0, |most: f64, x| most.max(x.abs())));
    for (element, (found, expected)) in found.iter().zip(expected).enumerate() {
        // Also catches NaN, which compares with nothing.
        let close = (found - expected).abs() <= allowed;
        if !close {
            bail!("{what}: element {element} is {found}, expected {expected} within {allowed:e}");
        }
    }
    Ok(())
}

fn flat(tensor: &Tensor) -> Result<Vec<f64>> {
    tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1()
}

/// Fixed weights between -1 and 1, none alike, so that no error cancels in a sum.
fn weight(element: usize) -> f64 {
    (1.0 + 2.7 * element as f64).sin()
}

fn probe(dims: &[usize], like: &Tensor) -> Result<Tensor> {
    let weights: Vec<f64> = (0..dims.iter().product()).map(weight).collect();
    Tensor::from_vec(weights, dims, like.device())?.to_dtype(like.dtype())
}

/// Standard normal values from a stream named after `name`.
#[cfg(test)]
pub(crate) fn normals(name: &str, shape: &[usize]) -> Result<Tensor> {
    let count = shape.iter().product();
    let values = generativa_random::Stream::named(0, name).normals(count);
    Tensor::from_vec(values, shape, &candle::Device::Cpu)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_gradient_passes_and_a_missing_or_wrong_one_is_named() -> Result<()> {
        let x = normals("x", &[2, 3])?;
        gradients(1e-3, std::slice::from_ref(&x), |x| x[0].exp())?;
        let error = gradients(1e-3, std::slice::from_ref(&x), |x| x[0].detach().exp());
        // The second consumer still gives it a gradient: only the values tell.
        assert!(error.expect_err("exp is missing").to_string().contains("input 0"));
        let half = |x: &[Tensor]| x[0].affine(0.5, 0.0)? + x[0].detach().affine(0.5, 0.0)?;
        agrees(|x| x[0].affine(1.0, 0.0), half, &[x], 1e-6).expect_err("half of the gradient");
        Ok(())
    }

    #[test]
    fn in_double_precision_the_check_is_sharp() -> Result<()> {
        let x = normals("x", &[5])?.to_dtype(DType::F64)?;
        gradients(1e-8, &[x.clone(), x], |x| (x[0].tanh()? * x[1].sqr()?)?.sum_keepdim(0))
    }

    #[test]
    fn an_upstream_fault_with_a_second_consumer_is_found() -> Result<()> {
        let x = normals("x", &[1, 1, 2, 2])?;
        // candle 0.11's nearest upsampling overwrites the gradient that another consumer left.
        gradients(1e-3, &[x], |x| x[0].upsample_nearest2d(4, 4)).expect_err("overwritten");
        Ok(())
    }
}
