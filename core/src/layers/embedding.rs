//! A table of vectors, one for each symbol.

use candle::{Result, Tensor, bail};
use candle_nn::{Init, VarBuilder};

/// A trainable vector for each of `count` ids.
#[derive(Clone, Debug)]
pub struct Embedding {
    weight: Tensor,
}

impl Embedding {
    /// Weight `weight` `[count, width]`, normal with standard deviation `spread`: 1 is PyTorch's
    /// default, 0.02 that of GPT-2.
    pub fn new(count: usize, width: usize, spread: f64, vb: VarBuilder<'_>) -> Result<Self> {
        let init = Init::Randn { mean: 0.0, stdev: spread };
        Ok(Self { weight: vb.get_with_hints((count, width), "weight", init)? })
    }

    /// u32 ids of any shape to `[.., width]`. The gradient of a row is the sum over all places
    /// where its id stands. Fails for an id that is not below the count.
    pub fn forward(&self, ids: &Tensor) -> Result<Tensor> {
        let (count, width) = self.weight.dims2()?;
        let flat = ids.flatten_all()?;
        if ids.device().is_cpu() && ids.elem_count() > 0 {
            // candle takes the largest u32 for padding and gives zeros.
            let most = flat.max(0)?.to_scalar::<u32>()?;
            if most as usize >= count {
                bail!("embedding: id {most} is not one of {count}");
            }
        }
        self.weight.index_select(&flat, 0)?.reshape([ids.dims(), &[width]].concat())
    }

    /// The table, `[count, width]`, for a head that shares it.
    pub fn weight(&self) -> &Tensor {
        &self.weight
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::gradient_check;
    use crate::layers::{Parameters, seeded_builder};
    use candle::Device;

    #[test]
    fn repeated_ids_have_the_gradient_of_their_differences() -> Result<()> {
        let ids = Tensor::new(&[[1u32, 3, 1], [1, 0, 3]], &Device::Cpu)?;
        let forward = |layer: &Embedding, x: &Tensor| layer.forward(&ids)?.broadcast_mul(x);
        gradient_check::layer(&[2, 3, 5], |vb| Embedding::new(4, 5, 1.0, vb), forward)
    }

    #[test]
    fn a_row_gets_as_much_gradient_as_its_id_occurs() -> Result<()> {
        let parameters = Parameters::default();
        let layer = Embedding::new(4, 1, 1.0, seeded_builder(&parameters, 0, &Device::Cpu))?;
        let ids = Tensor::new(&[1u32, 3, 1, 1], &Device::Cpu)?;
        let store = layer.forward(&ids)?.sum_all()?.backward()?;
        let gradient = store.get(&parameters.named()[0].1).expect("tracked").flatten_all()?;
        assert_eq!(gradient.to_vec1::<f32>()?, [0.0, 3.0, 0.0, 1.0]);
        Ok(())
    }

    #[test]
    fn an_id_beyond_the_table_is_refused() -> Result<()> {
        let layer =
            Embedding::new(4, 2, 1.0, seeded_builder(&Parameters::default(), 0, &Device::Cpu))?;
        for id in [4, u32::MAX] {
            let error = layer.forward(&Tensor::new(&[id], &Device::Cpu)?);
            assert!(error.expect_err("4 rows").to_string().contains("not one of 4"));
        }
        Ok(())
    }
}
