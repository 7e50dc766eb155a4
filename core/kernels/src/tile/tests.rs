use generativa_random::Stream;

use super::*;

fn available() -> impl Iterator<Item = Tile> {
    let all = [
        #[cfg(target_arch = "x86_64")]
        Tile::Avx512,
        #[cfg(target_arch = "x86_64")]
        Tile::Avx2,
        Tile::Portable,
    ];
    all.into_iter().filter(|tile| tile.is_available())
}

/// `rows` of `[rows, terms]` as panels.
fn packed(tile: Tile, rows: &[Vec<f32>]) -> Vec<f32> {
    let (mut packed, mut start) = (Vec::new(), 0);
    for height in tile.heights(rows.len()) {
        let panel = &rows[start..start + height];
        (0..panel[0].len()).for_each(|term| packed.extend(panel.iter().map(|row| row[term])));
        start += height;
    }
    packed
}

fn product(tile: Tile, rows: &[Vec<f32>], right: &[f32], seed: Option<&[f32]>) -> Vec<f32> {
    let stride = tile.lanes() + 3;
    let mut out = vec![7.0; rows.len() * stride];
    if let Some(seed) = seed {
        out.copy_from_slice(seed);
    }
    let sums = Sums { values: &mut out, rows: rows.len(), stride };
    tile.multiply(sums, &packed(tile, rows), right, seed.is_some());
    out
}

fn noise(rows: usize, terms: usize, lanes: usize) -> (Vec<Vec<f32>>, Vec<f32>) {
    let mut stream = Stream::named(0, "tile");
    let rows = (0..rows).map(|_| stream.normals(terms)).collect();
    (rows, stream.normals(terms * lanes))
}

#[test]
fn every_sum_is_one_chain_over_the_terms_and_nothing_else_is_written() {
    for tile in available() {
        let (lanes, fused) = (tile.lanes(), tile != Tile::Portable || FUSED);
        for (count, terms) in (1..=27).map(|rows| (rows, 19)).chain([(5, 0), (5, 1)]) {
            let (rows, right) = noise(count, terms, lanes);
            let out = product(tile, &rows, &right, None);
            let twice = product(tile, &rows, &right, Some(&out));
            for (index, (&found, &doubled)) in out.iter().zip(&twice).enumerate() {
                let (row, lane) = (index / (lanes + 3), index % (lanes + 3));
                let chain = (0..terms).fold(0.0f32, |sum, term| {
                    let (left, right) = (rows[row][term], right[term * lanes + lane % lanes]);
                    if fused { left.mul_add(right, sum) } else { left * right + sum }
                });
                let expected = if lane < lanes { [chain, chain + chain] } else { [7.0; 2] };
                assert_eq!([found, doubled], expected, "{tile:?} {count} x {terms}: {index}");
            }
        }
    }
}

#[test]
fn a_row_alone_has_the_bits_that_it_has_among_others() {
    for tile in available() {
        let (rows, right) = noise(31, 300, tile.lanes());
        let all = product(tile, &rows, &right, None);
        for (row, together) in rows.into_iter().zip(all.chunks(tile.lanes() + 3)) {
            assert_eq!(product(tile, &[row], &right, None), together, "{tile:?}");
        }
    }
}

#[test]
fn lanes_that_are_seen_where_they_lie_have_the_bits_of_a_panel() {
    for tile in available() {
        for rows in 1..=6 {
            let (rows, values) = noise(rows, 19, tile.lanes());
            let lanes = tile.lanes_seen(rows.len()).expect("few rows");
            let places: Vec<usize> = (0..19).map(|term| term * 7 % 5).collect();
            let mut out = vec![1.0; rows.len() * lanes];
            let sums = Sums { values: &mut out, rows: rows.len(), stride: lanes };
            let right = Seen { values: &values, places: &places };
            tile.multiply_seen(sums, &packed(tile, &rows), right, true);
            for start in (0..lanes).step_by(tile.lanes()) {
                let panel: Vec<f32> = (places.iter())
                    .flat_map(|place| &values[place + start..][..tile.lanes()])
                    .copied()
                    .collect();
                let seed = vec![1.0; rows.len() * (tile.lanes() + 3)];
                let expected = product(tile, &rows, &panel, Some(&seed));
                let expected = expected.chunks(tile.lanes() + 3);
                for (expected, found) in expected.zip(out.chunks(lanes)) {
                    let count = tile.lanes().min(lanes - start);
                    assert_eq!(found[start..][..count], expected[..count]);
                }
            }
        }
        assert_eq!(tile.lanes_seen(7), None);
    }
}

#[test]
fn panels_cover_the_rows_and_differ_by_one_at_most() {
    for tile in available() {
        for rows in 0..100 {
            let heights: Vec<_> = tile.heights(rows).collect();
            assert_eq!(heights.iter().sum::<usize>(), rows);
            let (least, most) = (heights.iter().min(), heights.iter().max());
            assert!(least.zip(most).is_none_or(|(least, most)| most - least <= 1));
        }
    }
}
