//! Products of matrices whose bits depend on nothing but the operands: the only caller of `gemm`.

/// A strided view of f32 values as a matrix.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// `rows` times `columns` values, one row after the other.
    pub(crate) fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        Self { values, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// The same columns of rows that begin `stride` values apart; `values` may end with the last row.
    pub(crate) fn with_rows_apart(self, stride: usize) -> Self {
        Self { row_stride: stride, ..self }
    }

    /// The same values with rows and columns exchanged.
    pub(crate) fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// The `count` rows from `start`.
    pub(crate) fn row_range(self, start: usize, count: usize) -> Self {
        assert!(start + count <= self.rows, "rows {start}..{} of {}", start + count, self.rows);
        Self { values: &self.values[start * self.row_stride..], rows: count, ..self }
    }

    /// The `count` columns from `start`.
    pub(crate) fn column_range(self, start: usize, count: usize) -> Self {
        self.transposed().row_range(start, count).transposed()
    }

    /// A copy, one column after the other.
    fn by_columns(&self) -> Vec<f32> {
        let mut copy = Vec::with_capacity(self.rows * self.columns);
        for column in 0..self.columns {
            let start = column * self.column_stride;
            copy.extend((0..self.rows).map(|row| self.values[start + row * self.row_stride]));
        }
        copy
    }

    fn covers_its_values(&self) -> bool {
        let last = |count: usize, stride: usize| (count - 1) * stride;
        last(self.rows, self.row_stride) + last(self.columns, self.column_stride)
            < self.values.len()
    }
}

/// Terms that `gemm` sums in one go whatever the other dimensions are: the least of its blocks.
pub(crate) const INNER: usize = 512;

/// Size up to which `gemm` sums along the operands where both are contiguous that way.
pub(crate) const SMALL: usize = 256;

/// `out = left · right`, or `out += left · right` with `add`, on the calling thread. `out` is
/// contiguous, `[left.rows, right.columns]`.
///
/// With two rows or more, an element has bits that depend on its row, its column and the inner
/// dimension alone. `gemm` orders a sum by the size of the whole product in three places: it
/// blocks the inner dimension, sums small products along their operands, and treats single rows
/// and columns apart. The first two are ruled out here, the last by [`multiply_rows`].
pub(crate) fn multiply(out: &mut [f32], left: Matrix<'_>, right: Matrix<'_>, add: bool) {
    let (rows, inner, columns) = (left.rows, left.columns, right.columns);
    assert_eq!(inner, right.rows, "inner dimensions differ");
    assert_eq!(out.len(), rows * columns, "the result is {rows} x {columns}");
    if inner == 0 && !add {
        out.fill(0.0);
    }
    let along = left.column_stride == 1 && right.row_stride == 1;
    let copy = (along && columns > 1 && rows * columns <= SMALL).then(|| left.by_columns());
    let left = match &copy {
        Some(copy) => Matrix::new(copy, inner, rows).transposed(),
        None => left,
    };
    for start in (0..inner).step_by(INNER) {
        let count = INNER.min(inner - start);
        let left = left.column_range(start, count);
        multiply_block(out, left, right.row_range(start, count), add || start > 0);
    }
}

/// [`multiply`], with the same bits for a row that is alone.
pub(crate) fn multiply_rows(out: &mut [f32], left: Matrix<'_>, right: Matrix<'_>, add: bool) {
    if left.rows > 1 {
        return multiply(out, left, right, add);
    }
    let mut twice = out.repeat(2);
    multiply(&mut twice, Matrix { rows: 2, row_stride: 0, ..left }, right, add);
    out.copy_from_slice(&twice[..out.len()]);
}

#[expect(unsafe_code, reason = "`gemm` takes pointers and strides")]
fn multiply_block(out: &mut [f32], left: Matrix<'_>, right: Matrix<'_>, add: bool) {
    let (rows, inner, columns) = (left.rows, left.columns, right.columns);
    assert!(inner == right.rows && out.len() == rows * columns, "shapes do not fit");
    if rows == 0 || columns == 0 || inner == 0 {
        return;
    }
    assert!(left.covers_its_values() && right.covers_its_values(), "a view exceeds its values");
    // SAFETY: the last element of either view lies inside its slice and `out` holds rows times
    // columns values, as asserted above; no dimension is 0; `out` is borrowed mutably, so it
    // overlaps neither operand. The strides came from lengths of slices, so they fit an isize.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            out.as_mut_ptr(),
            1,
            columns as isize,
            add,
            left.values.as_ptr(),
            left.column_stride as isize,
            left.row_stride as isize,
            right.values.as_ptr(),
            right.column_stride as isize,
            right.row_stride as isize,
            1.0f32,
            1.0f32,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_with_the_identity_is_the_matrix_in_any_view() {
        let identity = [1.0, 0.0, 0.0, 1.0];
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let mut out = [1.0; 6];
        multiply(&mut out, Matrix::new(&values, 3, 2), Matrix::new(&identity, 2, 2), true);
        assert_eq!(out, [2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
        let tall = Matrix::new(&values, 2, 3).transposed();
        multiply(&mut out, tall, Matrix::new(&identity, 2, 2), false);
        assert_eq!(out, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        multiply(&mut out[..4], tall.row_range(1, 2), Matrix::new(&identity, 2, 2), false);
        assert_eq!(out[..4], [2.0, 5.0, 3.0, 6.0]);
    }

    #[test]
    fn an_empty_inner_dimension_gives_zeros() {
        let mut out = [3.0; 4];
        multiply(&mut out, Matrix::new(&[], 2, 0), Matrix::new(&[], 0, 2), false);
        assert_eq!(out, [0.0; 4]);
    }
}
