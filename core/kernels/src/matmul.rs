//! `y = x Wᵀ + b`, and the two products that are its derivatives.

use candle::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use crate::channel_sum::sum_but;
use crate::demand::{self, gradient_of};
use crate::epilogue::Epilogue;
use crate::product::{Matrix, TERMS, multiply, multiply_parted};
#[cfg(target_arch = "x86_64")]
use crate::row;

/// `y[.., n] = x[.., k] · weight[n, k]ᵀ + bias[n]`, the layout of PyTorch's `Linear`, with
/// `epilogue` of every value.
///
/// f32 or f64, any strides. A row of `y` has the same bits whichever rows stand beside it.
/// Fails where the inner dimensions differ.
pub fn linear(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    epilogue: Epilogue,
) -> Result<Tensor> {
    let (outputs, inputs) = weight.dims2()?;
    let Some(&features) = x.dims().last() else {
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
    if demand::fast_with("linear", &[x, weight], bias)? {
        Product::TimesTransposed.then(epilogue).apply(x, weight, bias)
    } else {
        epilogue.forward(&reference(x, weight, bias)?)
    }
}

fn reference(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let (outputs, inputs) = weight.dims2()?;
    let leading = &x.dims()[..x.rank() - 1];
    // Products of a GPU take no view but a plain transpose.
    let y = x.reshape(((), inputs))?.matmul(&weight.contiguous()?.t()?)?;
    let y = if let Some(bias) = bias { y.broadcast_add(bias)? } else { y };
    y.reshape([leading, &[outputs]].concat())
}

/// Products of two matrices. The derivatives of each are two of the others, so gradients of any
/// order stay here. All but the last dimension of `A`, and of both in the last, count as rows.
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
    /// With a function of every value behind it.
    fn then(self, epilogue: Epilogue) -> Operation {
        Operation { product: self, epilogue }
    }
}

/// A product and what follows it.
#[derive(Clone, Copy)]
struct Operation {
    product: Product,
    epilogue: Epilogue,
}

impl Operation {
    /// The product of two matrices, with `bias` added to every row.
    fn apply(self, left: &Tensor, right: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
        let (left, right) = (left.contiguous()?, right.contiguous()?);
        match bias {
            None => left.apply_op2(&right, self),
            Some(bias) => left.apply_op3(&right, &bias.contiguous()?, self),
        }
    }

    fn label(self) -> &'static str {
        match self.product {
            Product::TimesTransposed => "linear",
            Product::Plain => "linear: gradient of x",
            Product::TransposedTimes => "linear: gradient of weight",
        }
    }

    fn forward(
        self,
        left: (&CpuStorage, &Layout),
        right: (&CpuStorage, &Layout),
        bias: Option<&[f32]>,
    ) -> Result<(CpuStorage, Shape)> {
        let view = |(storage, layout): (_, &Layout)| {
            let (columns, rows) = layout.dims().split_last().expect("not a scalar");
            let rows: usize = rows.iter().product();
            Ok::<_, candle::Error>((demand::values(self.label(), storage, layout)?, rows, *columns))
        };
        let leading = &left.1.dims()[..left.1.dims().len() - 1];
        let ((left, p, q), (right, r, s)) = (view(left)?, view(right)?);
        let finish = |values: &mut [f32], column: usize| {
            if let Some(bias) = bias {
                values.iter_mut().zip(&bias[column..]).for_each(|(value, bias)| *value += bias);
            }
            self.epilogue.apply(values);
        };
        #[cfg(target_arch = "x86_64")]
        if matches!(self.product, Product::TimesTransposed) && p == 1 && row::is_available() {
            let mut out = vec![0.0; r];
            row::row_times(&mut out, left, right, TERMS);
            finish(&mut out, 0);
            return Ok((CpuStorage::F32(out), Shape::from([leading, &[r]].concat())));
        }
        let (left, right) = (Matrix::new(left, p, q), Matrix::new(right, r, s));
        let (out, shape) = match self.product {
            Product::TimesTransposed => {
                (multiply_parted(left, right.transposed(), finish), [leading, &[r]].concat())
            }
            Product::Plain => (multiply_parted(left, right, finish), [leading, &[s]].concat()),
            Product::TransposedTimes => (over_rows(left, q, right, s, p), vec![q, s]),
        };
        Ok((CpuStorage::F32(out), Shape::from(shape)))
    }

    /// `gradient` is that of the product, before the epilogue.
    fn gradients(
        self,
        a: &Tensor,
        b: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        use Product::{Plain, TimesTransposed, TransposedTimes};
        let ((of_a, a_left, a_right), (of_b, b_left, b_right)) = match self.product {
            TimesTransposed => ((Plain, gradient, b), (TransposedTimes, gradient, a)),
            Plain => ((TimesTransposed, gradient, b), (TransposedTimes, a, gradient)),
            TransposedTimes => ((TimesTransposed, b, gradient), (Plain, a, gradient)),
        };
        Ok((
            gradient_of(a, || of_a.then(Epilogue::Identity).apply(a_left, a_right, None))?,
            gradient_of(b, || of_b.then(Epilogue::Identity).apply(b_left, b_right, None))?,
        ))
    }
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
        return multiply_parted(left.transposed(), right, |_, _| {});
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

impl CustomOp2 for Operation {
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
        y: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        self.gradients(left, right, &self.epilogue.gradient(y, gradient)?)
    }
}

impl CustomOp3 for Operation {
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
        y: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let gradient = self.epilogue.gradient(y, gradient)?;
        let (of_left, of_right) = self.gradients(left, right, &gradient)?;
        let of_bias = gradient_of(bias, || sum_but(&gradient, gradient.rank() - 1))?;
        Ok((of_left, of_right, of_bias))
    }
}

#[cfg(test)]
mod tests;
