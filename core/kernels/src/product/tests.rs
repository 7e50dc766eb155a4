use generativa_random::Stream;

use super::*;

/// `add + Σ left · right`, block after block, in double precision.
fn expected(left: Matrix<'_>, right: Matrix<'_>, add: f32) -> Vec<f64> {
    let at = |matrix: &Matrix<'_>, row: usize, column: usize| {
        f64::from(matrix.values[row * matrix.row_stride + column * matrix.column_stride])
    };
    let places = (0..left.rows).flat_map(|row| (0..right.columns).map(move |column| (row, column)));
    let sum = |(row, column)| {
        let terms = (0..left.columns).map(|k| at(&left, row, k) * at(&right, k, column));
        f64::from(add) + terms.sum::<f64>()
    };
    places.map(sum).collect()
}

/// Rows, terms and columns: single ones, below and beyond panels, groups and blocks of terms.
const SIZES: [(usize, usize, usize); 9] = [
    (1, 1, 1),
    (5, 3, 16),
    (6, 8, 33),
    (13, 7, 5),
    (97, 40, 70),
    (200, 300, 31),
    (3, 600, 130),
    (1, 515, 200),
    (260, 9, 1),
];

/// Both operands in both orders, some with rows apart.
fn operands(rows: usize, terms: usize, columns: usize, run: impl Fn(Matrix<'_>, Matrix<'_>)) {
    let noise = |name, count| Stream::named(0, name).normals(count);
    let (left, right) = (noise("left", rows * terms), noise("right", terms * columns));
    let wide = noise("wide", (terms + 3) * rows.max(columns));
    let lefts = [
        Matrix::new(&left, rows, terms),
        Matrix::new(&left, terms, rows).transposed(),
        Matrix::new(&wide, rows, terms).with_rows_apart(terms + 3),
    ];
    let rights = [
        Matrix::new(&right, terms, columns),
        Matrix::new(&right, columns, terms).transposed(),
        Matrix::new(&wide, columns, terms).with_rows_apart(terms + 3).transposed(),
    ];
    for left in lefts {
        rights.iter().for_each(|right| run(left, *right));
    }
}

#[test]
fn products_of_any_view_are_near_those_in_double_precision() {
    for (rows, terms, columns) in SIZES {
        operands(rows, terms, columns, |left, right| {
            for add in [None, Some(0.5)] {
                let mut out = vec![add.unwrap_or(f32::NAN); rows * columns];
                multiply(&mut out, left, right, add.is_some());
                for (found, sum) in out.iter().zip(expected(left, right, add.unwrap_or(0.0))) {
                    let error = (f64::from(*found) - sum).abs();
                    assert!(error < 1e-5 * (terms as f64), "{rows} {terms} {columns}: {error}");
                }
            }
        });
    }
}

#[test]
fn a_product_has_the_same_bits_however_it_is_parted() {
    for threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("a pool of few threads").install(|| {
            for (rows, terms, columns) in SIZES {
                operands(rows, terms, columns, |left, right| {
                    let mut alone = vec![0.0; rows * columns];
                    multiply(&mut alone, left, right, false);
                    let parted = multiply_parted(left, right, |_, _| {});
                    assert_eq!(parted, alone, "{rows} {terms} {columns} on {threads}");
                });
            }
        });
    }
}

#[test]
fn what_follows_a_product_sees_every_value_once_with_its_column() {
    for (rows, columns) in [(7, 300), (300, 7), (1, 1)] {
        let (ones, zeros) = (vec![1.0; rows * 2], vec![0.0; 2 * columns]);
        let (ones, zeros) = (Matrix::new(&ones, rows, 2), Matrix::new(&zeros, 2, columns));
        let found = multiply_parted(ones, zeros, |values, column| {
            values.iter_mut().zip(column..).for_each(|(value, column)| *value += column as f32);
        });
        assert!(found.chunks(columns).all(|row| row.iter().zip(0..).all(|(x, y)| *x == y as f32)));
    }
}

#[test]
fn a_part_of_packed_columns_is_the_product_of_that_part() {
    let noise = |name, count| Stream::named(0, name).normals(count);
    let (left, right) = (noise("left", 9 * 70), noise("right", 600 * 90));
    let (left, right) = (Matrix::new(&left, 9, 70), Matrix::new(&right, 600, 90));
    let (mut part, mut whole) = (vec![1.0; 9 * 37], vec![1.0; 9 * 37]);
    Columns::of(right).multiply_part(&mut part, left, TERMS, 32..69, true);
    multiply(&mut whole, left, right.row_range(TERMS, 70).column_range(32, 37), true);
    assert_eq!(part, whole);
}

#[test]
fn an_empty_inner_dimension_gives_zeros() {
    let (none, nothing) = (Matrix::new(&[], 2, 0), Matrix::new(&[], 0, 2));
    let mut out = [3.0; 4];
    multiply(&mut out, none, nothing, true);
    assert_eq!(out, [3.0; 4]);
    multiply(&mut out, none, nothing, false);
    assert_eq!(out, [0.0; 4]);
    assert_eq!(multiply_parted(none, nothing, |_, _| {}), [0.0; 4]);
    assert!(
        multiply_parted(Matrix::new(&[], 0, 3), Matrix::new(&[0.0; 6], 3, 2), |_, _| {}).is_empty()
    );
}
