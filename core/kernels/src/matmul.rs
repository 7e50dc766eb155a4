//! `y = x Wᵀ + b`, and the two products that are its derivatives.

use candle::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use crate::channel_sum::channel_sum;
use crate::demand::{self, gradient_of};
use crate::product::{Matrix, SMALL, multiply, multiply_rows};
#[cfg(target_arch = "x86_64")]
use crate::row;

/// `y[.., n] = x[.., k] · weight[n, k]ᵀ + bias[n]`, the layout of PyTorch's `Linear`.
///
/// f32 or f64, any strides. A row of `y` has the same bits whichever rows stand beside it.
/// Fails where the inner dimensions differ.
pub fn linear(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let (outputs, inputs) = weight.dims2()?;
    let Some((&features, leading)) = x.dims().split_last() else {
        bail!("linear: x is a scalar, expected [.., {inputs}]");
    };
    if features != inputs || bias.is_some_and(|bias| bias.dims() != [outputs]) {
        bail!(
            "linear: x {:?}, weight {:?} and bias {:?} do not fit; expected [.., k], [n, k], [n]",
            x.dims(),
            weight.dims(),
            bias.map(Tensor::dims)
        );
    }
    let mut tensors = vec![x, weight];
    tensors.extend(bias);
    if !demand::fast("linear", &tensors)? {
        return reference(x, weight, bias);
    }
    let rows = x.reshape((leading.iter().product::<usize>(), features))?;
    let y = Product::TimesTransposed.apply(&rows, weight, bias)?; // [rows, n]
    y.reshape([leading, &[outputs]].concat())
}

fn reference(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let (outputs, inputs) = weight.dims2()?;
    let leading = &x.dims()[..x.rank() - 1];
    let y = x.reshape(((), inputs))?.matmul(&weight.t()?)?;
    let y = if let Some(bias) = bias { y.broadcast_add(bias)? } else { y };
    y.reshape([leading, &[outputs]].concat())
}

/// Products of two matrices. The derivatives of each are two of the others, so gradients of any
/// order stay here.
#[derive(Clone, Copy)]
enum Product {
    /// `A Bᵀ`
    TimesTransposed,
    /// `A B`
    Plain,
    /// `Aᵀ B`
    TransposedTimes,
}

impl Product {
    /// The product of two matrices, with `bias` added to every row.
    fn apply(self, left: &Tensor, right: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        let (left, right) = (left.contiguous()?, right.contiguous()?);
        match bias {
            None => left.apply_op2(&right, self),
            Some(bias) => left.apply_op3(&right, &bias.contiguous()?, self),
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::TimesTransposed => "linear",
            Self::Plain => "linear: gradient of x",
            Self::TransposedTimes => "linear: gradient of weight",
        }
    }

    fn forward(
        self,
        left: (&CpuStorage, &Layout),
        right: (&CpuStorage, &Layout),
        bias: Option<&[f32]>,
    ) -> Result<(CpuStorage, Shape)> {
        let view = |(storage, layout): (_, &Layout)| {
            let (rows, columns) = layout.shape().dims2()?;
            Ok::<_, candle::Error>((demand::values(self.label(), storage, layout)?, rows, columns))
        };
        let ((left, p, q), (right, r, s)) = (view(left)?, view(right)?);
        #[cfg(target_arch = "x86_64")]
        // `gemm` sums a single column, and two terms, in an order of its own.
        if matches!(self, Self::TimesTransposed)
            && p == 1
            && r > 1
            && q % crate::product::INNER != 2
            && row::is_available()
        {
            let mut out = bias.map_or_else(|| vec![0.0; r], <[f32]>::to_vec);
            row::row_times(&mut out, left, right, crate::product::INNER);
            return Ok((CpuStorage::F32(out), Shape::from((p, r))));
        }
        let (left, right) = (Matrix::new(left, p, q), Matrix::new(right, r, s));
        let (out, rows, columns) = match self {
            Self::TimesTransposed => (by_rows(left, p, right.transposed(), r, bias), p, r),
            Self::Plain => (by_rows(left, p, right, s, bias), p, s),
            Self::TransposedTimes => (over_rows(left, q, right, s, p), q, s),
        };
        Ok((CpuStorage::F32(out), Shape::from((rows, columns))))
    }

    fn gradients(
        self,
        a: &Tensor,
        b: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        use Product::{Plain, TimesTransposed, TransposedTimes};
        let ((of_a, a_left, a_right), (of_b, b_left, b_right)) = match self {
            TimesTransposed => ((Plain, gradient, b), (TransposedTimes, gradient, a)),
            Plain => ((TimesTransposed, gradient, b), (TransposedTimes, a, gradient)),
            TransposedTimes => ((TimesTransposed, b, gradient), (Plain, a, gradient)),
        };
        Ok((
            gradient_of(a, || of_a.apply(a_left, a_right, None))?,
            gradient_of(b, || of_b.apply(b_left, b_right, None))?,
        ))
    }
}

/// A product that is split into blocks of its rows.
fn by_rows(
    left: Matrix<'_>,
    rows: usize,
    right: Matrix<'_>,
    columns: usize,
    bias: Option<&[f32]>,
) -> Vec<f32> {
    let mut out = vec![0.0; rows * columns];
    if out.is_empty() {
        return out;
    }
    // Rows enough to repay the packing of `right`, and no more than keep a single column under the
    // size at which `gemm` would sum it in another way.
    let block = rows.div_ceil(8).clamp(64, SMALL);
    out.par_chunks_mut(block * columns).enumerate().for_each(|(index, out)| {
        if let Some(bias) = bias {
            out.chunks_exact_mut(columns).for_each(|row| row.copy_from_slice(bias));
        }
        let left = left.row_range(index * block, out.len() / columns);
        multiply_rows(out, left, right, bias.is_some());
    });
    out
}

/// Values of a weight from which the rows of `Aᵀ B` are work enough for all threads.
const LARGE: usize = 1 << 16;

/// `Aᵀ B`, which sums over the `inner` rows of both. A large result is split by its rows; a small
/// one over long operands by the sum, into chunks that are added in their order.
fn over_rows(
    left: Matrix<'_>,
    rows: usize,
    right: Matrix<'_>,
    columns: usize,
    inner: usize,
) -> Vec<f32> {
    let chunk = 2048;
    if rows * columns >= LARGE || inner <= chunk {
        let mut out = vec![0.0; rows * columns];
        let block = rows.div_ceil(16).max(16);
        let left = left.transposed();
        out.par_chunks_mut((block * columns).max(1)).enumerate().for_each(|(index, out)| {
            multiply(out, left.row_range(index * block, out.len() / columns), right, false);
        });
        return out;
    }
    let part = |index: usize| {
        let (start, count) = (index * chunk, chunk.min(inner - index * chunk));
        let mut out = vec![0.0; rows * columns];
        let left = left.row_range(start, count).transposed();
        multiply(&mut out, left, right.row_range(start, count), false);
        out
    };
    let parts: Vec<Vec<f32>> = (0..inner.div_ceil(chunk)).into_par_iter().map(part).collect();
    sum_in_order(parts)
}

/// Elementwise sum of equally long parts, the first plus the second plus the third …
pub(crate) fn sum_in_order(parts: Vec<Vec<f32>>) -> Vec<f32> {
    let mut parts = parts.into_iter();
    let mut total = parts.next().unwrap_or_default();
    for part in parts {
        total.iter_mut().zip(part).for_each(|(total, part)| *total += part);
    }
    total
}

impl CustomOp2 for Product {
    fn name(&self) -> &'static str {
        self.label()
    }

    fn cpu_fwd(
        &self,
        left: &CpuStorage,
        left_layout: &Layout,
        right: &CpuStorage,
        right_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.forward((left, left_layout), (right, right_layout), None)
    }

    fn bwd(
        &self,
        left: &Tensor,
        right: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        self.gradients(left, right, gradient)
    }
}

impl CustomOp3 for Product {
    fn name(&self) -> &'static str {
        self.label()
    }

    fn cpu_fwd(
        &self,
        left: &CpuStorage,
        left_layout: &Layout,
        right: &CpuStorage,
        right_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let bias = demand::values(self.label(), bias, bias_layout)?;
        self.forward((left, left_layout), (right, right_layout), Some(bias))
    }

    fn bwd(
        &self,
        left: &Tensor,
        right: &Tensor,
        bias: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (of_left, of_right) = self.gradients(left, right, gradient)?;
        Ok((of_left, of_right, gradient_of(bias, || channel_sum(gradient))?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{agrees, gradients, normals};

    #[test]
    fn linear_agrees_with_candle_for_any_leading_dimensions() -> Result<()> {
        let shapes: [(&[usize], usize); 5] =
            [(&[5], 3), (&[1, 4], 1), (&[7, 1], 2), (&[2, 3, 9], 17), (&[131, 33], 65)];
        for (dims, outputs) in shapes {
            let x = normals("x", dims)?;
            let weight = normals("weight", &[outputs, dims[dims.len() - 1]])?;
            let bias = normals("bias", &[outputs])?;
            let with = [x.clone(), weight.clone(), bias];
            let bound = |x: &[Tensor]| linear(&x[0], &x[1], x.get(2));
            let slow = |x: &[Tensor]| reference(&x[0], &x[1], x.get(2));
            agrees(bound, slow, &with, 1e-5)?;
            agrees(bound, slow, &[x, weight], 1e-5)?;
        }
        Ok(())
    }

    #[test]
    fn every_product_has_the_gradient_of_its_differences() -> Result<()> {
        let inputs = [normals("a", &[3, 5])?, normals("b", &[2, 5])?, normals("bias", &[2])?];
        gradients(1e-3, &inputs, |x| linear(&x[0], &x[1], Some(&x[2])))?;
        let inputs = [normals("a", &[3, 5])?, normals("b", &[5, 2])?];
        gradients(1e-3, &inputs, |x| Product::Plain.apply(&x[0], &x[1], None))?;
        let inputs = [normals("a", &[5, 3])?, normals("b", &[5, 2])?];
        gradients(1e-3, &inputs, |x| Product::TransposedTimes.apply(&x[0], &x[1], None))
    }

    #[test]
    fn a_weight_gradient_over_many_rows_is_the_sum_of_its_chunks() -> Result<()> {
        let inputs = [normals("a", &[5000, 3])?, normals("b", &[5000, 2])?];
        let slow = |x: &[Tensor]| x[0].t()?.contiguous()?.matmul(&x[1].contiguous()?);
        let fast = |x: &[Tensor]| Product::TransposedTimes.apply(&x[0], &x[1], None);
        agrees(fast, slow, &inputs, 1e-5)
    }

    #[test]
    fn a_row_has_the_same_bits_in_any_batch() -> Result<()> {
        for (inputs, outputs) in
            [(1, 1), (7, 1), (1500, 1), (700, 5), (1500, 33), (64, 128), (600, 7), (2, 9), (514, 9)]
        {
            let x = normals("x", &[2100, inputs])?;
            let weight = normals("weight", &[outputs, inputs])?;
            let bias = normals("bias", &[outputs])?;
            let bits = |x: &Tensor| -> Result<Vec<u32>> {
                let y = linear(x, &weight, Some(&bias))?.flatten_all()?.to_vec1::<f32>()?;
                Ok(y.into_iter().map(f32::to_bits).collect())
            };
            let all = bits(&x)?;
            for (start, count) in [(0, 1), (33, 1), (66, 1), (5, 2), (10, 31), (31, 1300)] {
                let alone = bits(&x.narrow(0, start, count)?)?;
                let there = &all[start * outputs..(start + count) * outputs];
                assert_eq!(alone, there, "{inputs} -> {outputs}, rows {start}+{count}");
            }
        }
        Ok(())
    }

    #[test]
    fn bits_do_not_depend_on_the_number_of_threads() -> Result<()> {
        let pools = [1, 3].map(|threads| rayon::ThreadPoolBuilder::new().num_threads(threads));
        let results = pools.map(|pool| {
            pool.build().expect("a pool of few threads").install(|| -> Result<_> {
                let a = candle::Var::from_tensor(&normals("a", &[4100, 13])?)?;
                let b = candle::Var::from_tensor(&normals("b", &[11, 13])?)?;
                let bias = candle::Var::from_tensor(&normals("bias", &[11])?)?;
                let loss = linear(&a, &b, Some(&bias))?.sqr()?.sum_all()?;
                let store = loss.backward()?;
                let flat = |x| store.get(x).expect("tracked").flatten_all()?.to_vec1::<f32>();
                Ok([flat(&a)?, flat(&b)?, flat(&bias)?])
            })
        });
        let [one, three] = results;
        assert_eq!(one?, three?);
        Ok(())
    }

    #[test]
    fn shapes_that_do_not_fit_and_integers_are_refused_by_name() -> Result<()> {
        let error = linear(&normals("x", &[2, 3])?, &normals("weight", &[4, 5])?, None);
        assert!(error.expect_err("3 is not 5").to_string().contains("x [2, 3], weight [4, 5]"));
        let integers = normals("x", &[2, 5])?.to_dtype(candle::DType::U32)?;
        let error = linear(&integers, &normals("weight", &[4, 5])?, None);
        assert!(error.expect_err("integers").to_string().contains("linear: expected"));
        Ok(())
    }
}
