//! Second derivatives that are rare enough to be left to candle.

use candle::{Result, Tensor, Var};

/// The gradients of `Σ outer · function(inputs)` by the inputs, on a tape of its own. `None` for an
/// input that `function` does not use.
pub(crate) fn gradients_apart<const INPUTS: usize>(
    inputs: [&Tensor; INPUTS],
    outer: &Tensor,
    function: impl Fn(&[Tensor; INPUTS]) -> Result<Tensor>,
) -> Result<[Option<Tensor>; INPUTS]> {
    // Copies, since a variable that came in twice would get one gradient.
    let copies: Vec<Var> =
        (inputs.iter()).map(|input| Var::from_tensor(&input.copy()?)).collect::<Result<_>>()?;
    let own = std::array::from_fn(|index| copies[index].as_tensor().clone());
    let store = (function(&own)? * outer)?.sum_all()?.backward()?;
    Ok(own.map(|input| store.get(&input).cloned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_given_twice_gets_two_gradients_and_an_unused_one_none() -> Result<()> {
        let x = Var::new(3f32, &candle::Device::Cpu)?;
        let outer = Tensor::new(2f32, x.device())?;
        let function = |x: &[Tensor; 3]| x[0].sqr()? * &x[1];
        let [first, second, unused] = gradients_apart([&x, &x, &x], &outer, function)?;
        let value = |x: Option<Tensor>| x.map(|x| x.to_scalar::<f32>()).transpose();
        assert_eq!([value(first)?, value(second)?], [Some(36.0), Some(18.0)]);
        assert!(unused.is_none());
        Ok(())
    }
}
