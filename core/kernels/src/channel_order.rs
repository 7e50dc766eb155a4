//! Channels before places, as convolutions have them, and behind, as linear layers have them: a
//! transposition of every item, whose derivative is the way back.

use candle::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, bail};

use crate::demand::{self, gradient_of};
use crate::filled::filled;

/// `[batch, channels, ..]` to `[batch, places, channels]`. f32 or f64, any strides; differentiable
/// to every order. Fails below two dimensions.
pub fn channels_last(x: &Tensor) -> Result<Tensor> {
    let &[batch, channels, ref places @ ..] = x.dims() else {
        bail!("channels_last: expected [batch, channels, ..], found {:?}", x.dims());
    };
    let shape = vec![batch, places.iter().product(), channels];
    turned("channels_last", x, [shape[2], shape[1]], shape)
}

/// `[batch, places, channels]` to `[batch, channels, ..]`, where the product of `sizes`, what takes
/// the place of the dots, is the number of places. f32 or f64, any strides; differentiable to every
/// order. Fails where it is not.
pub fn channels_first(x: &Tensor, sizes: &[usize]) -> Result<Tensor> {
    let (batch, places, channels) = x.dims3()?;
    if places != sizes.iter().product::<usize>() {
        bail!("channels_first: x {:?} does not have the {sizes:?} places asked for", x.dims());
    }
    let shape = [&[batch, channels], sizes].concat();
    turned("channels_first", x, [places, channels], shape)
}

fn turned(name: &'static str, x: &Tensor, table: [usize; 2], shape: Vec<usize>) -> Result<Tensor> {
    if demand::fast(name, &[x])? {
        x.contiguous()?.apply_op1(Turn { name, table, shape })
    } else {
        let [rows, columns] = table;
        x.reshape((x.dim(0)?, rows, columns))?.transpose(1, 2)?.reshape(shape)
    }
}

/// Turns every item, a table of rows and columns.
struct Turn {
    name: &'static str,
    table: [usize; 2],
    shape: Vec<usize>,
}

/// Side of the squares that are turned at a time: the lines of one fit the first cache.
const SQUARE: usize = 16;

impl CustomOp1 for Turn {
    fn name(&self) -> &'static str {
        self.name
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let values = demand::values(self.name, storage, layout)?;
        let [rows, columns] = self.table;
        // Rows of the result, one a column of an item; a task takes some of them.
        let task = ((1 << 14) / rows.max(1)).max(1).next_multiple_of(SQUARE);
        let (out, _) = filled(values.len(), task * rows, 0, |index, out| {
            let (mut row, mut rest) = (index * task, out);
            while !rest.is_empty() {
                let (item, column) = (row / columns, row % columns);
                let count = SQUARE.min(columns - column).min(rest.len() / rows);
                let (now, later) = rest.split_at_mut(count * rows);
                turn(now, &values[item * rows * columns + column..], rows, columns);
                (row, rest) = (row + count, later);
            }
        });
        Ok((CpuStorage::F32(out), Shape::from(self.shape.clone())))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let [rows, columns] = self.table;
        gradient_of(x, || turned(self.name, gradient, [columns, rows], x.dims().to_vec()))
    }
}

/// The first columns of a table of `rows` lines that begin `columns` values apart, as rows of `out`.
fn turn(out: &mut [f32], values: &[f32], rows: usize, columns: usize) {
    for start in (0..rows).step_by(SQUARE) {
        for (column, out) in out.chunks_exact_mut(rows).enumerate() {
            let lines = values[start * columns + column..].iter().step_by(columns);
            let out = &mut out[start..rows.min(start + SQUARE)];
            out.iter_mut().zip(lines).for_each(|(out, value)| *out = *value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{agrees, normals};

    #[test]
    fn an_item_is_turned_and_turned_back() -> Result<()> {
        for dims in [vec![2, 3, 5], vec![3, 37, 4, 50], vec![1, 1, 7], vec![2, 19], vec![0, 3, 4]] {
            let x = normals("x", &dims)?;
            let slow = |x: &[Tensor]| {
                let places = dims[2..].iter().product::<usize>();
                x[0].reshape((dims[0], dims[1], places))?.transpose(1, 2)?.contiguous()
            };
            agrees(|x| channels_last(&x[0]), slow, std::slice::from_ref(&x), 1e-6)?;
            let there = channels_last(&x)?;
            let back = |x: &[Tensor]| channels_first(&x[0], &dims[2..]);
            let slow = |x: &[Tensor]| x[0].transpose(1, 2)?.reshape(dims.clone());
            agrees(back, slow, &[there], 1e-6)?;
        }
        Ok(())
    }

    #[test]
    fn places_that_do_not_multiply_are_refused() -> Result<()> {
        let error = channels_first(&normals("x", &[2, 6, 3])?, &[2, 2]);
        assert!(error.expect_err("4 is not 6").to_string().contains("[2, 2] places"));
        assert!(channels_last(&normals("x", &[2])?).is_err());
        Ok(())
    }
}
