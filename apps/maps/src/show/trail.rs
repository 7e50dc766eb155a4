//! A found path over a level: soft dots from a ring at the start to a flag at the end.

use generativa::report::picture::{Picture, Rgba};

use super::tile::TILE;

const LIGHT: Rgba = [255, 252, 240, 235];
const HALO: Rgba = [43, 33, 54, 95];
const FLAG: Rgba = [230, 92, 82, 255];
/// Pixels between the middles of two dots.
const SPACING: f64 = 7.0;

/// Draws the path through the middles of `cells`, given as (row, column).
pub(super) fn draw(picture: &mut Picture, cells: &[(usize, usize)]) {
    let middle = |&(row, column): &(usize, usize)| {
        ((column * TILE + TILE / 2) as f64, (row * TILE + TILE / 2) as f64)
    };
    let points: Vec<(f64, f64)> = cells.iter().map(middle).collect();
    let dots = evenly(&points);
    // Halos first, so that none dims a neighbouring dot.
    for (radius, colour) in [(2.6, HALO), (1.6, LIGHT)] {
        dots.iter().for_each(|&(x, y)| disc(picture, x, y, radius, colour));
    }
    if let (Some(&(x, y)), Some(&end)) = (points.first(), points.last()) {
        disc(picture, x, y, 5.4, HALO);
        disc(picture, x, y, 4.4, LIGHT);
        disc(picture, x, y, 2.2, FLAG);
        flag(picture, end);
    }
}

/// Points at even distances along the line through `points`.
fn evenly(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut dots = Vec::new();
    // Distance still to go to the next dot.
    let mut left = SPACING;
    for pair in points.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let length = ((x1 - x0).powi(2) + (y1 - y0).powi(2)).sqrt();
        let mut at = left;
        while at <= length {
            let share = at / length;
            // Middles of pixels, so that all dots have one shape.
            let snap = |from: f64, to: f64| (from + share * (to - from)).floor() + 0.5;
            dots.push((snap(x0, x1), snap(y0, y1)));
            at += SPACING;
        }
        left = at - length;
    }
    dots
}

/// A disc around a point; a pixel belongs to it if its middle does.
fn disc(picture: &mut Picture, x: f64, y: f64, radius: f64, colour: Rgba) {
    let range = |middle: f64, size: usize| {
        let from = (middle - radius).floor().max(0.0) as usize;
        from..((middle + radius).ceil().max(0.0) as usize + 1).min(size)
    };
    for row in range(y, picture.height()) {
        for column in range(x, picture.width()) {
            let (right, down) = (column as f64 + 0.5 - x, row as f64 + 0.5 - y);
            if right * right + down * down <= radius * radius {
                picture.blend(column, row, colour);
            }
        }
    }
}

/// A pennant on a pole.
fn flag(picture: &mut Picture, (x, y): (f64, f64)) {
    let ink = [43, 33, 54, 255];
    let mut dot = |right: i64, down: i64, colour| {
        let (column, row) = (x as i64 + right, y as i64 + down);
        if let (Ok(column), Ok(row)) = (usize::try_from(column), usize::try_from(row))
            && column < picture.width()
            && row < picture.height()
        {
            picture.blend(column, row, colour);
        }
    };
    for down in -7..7 {
        dot(-4, down, ink);
        dot(-3, down, [255, 249, 232, 255]);
        dot(-2, down, ink);
    }
    for down in 0..7i64 {
        let length = 7 - (down - 3).abs() * 2;
        (0..length.max(0)).for_each(|right| dot(-1 + right, down - 7, FLAG));
        dot(-1 + length.max(0), down - 7, ink);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_keep_their_distance_around_corners() {
        let dots = evenly(&[(0.0, 0.0), (10.0, 0.0), (10.0, 30.0)]);
        let along: Vec<f64> = dots.iter().map(|(x, y)| x + y).collect();
        assert_eq!(along, [8.0, 15.0, 22.0, 29.0, 36.0]);
    }

    #[test]
    fn a_path_of_one_cell_or_none_does_no_harm() {
        let mut picture = Picture::filled(16, 16, [9, 9, 9, 255]);
        draw(&mut picture, &[]);
        assert_eq!(picture, Picture::filled(16, 16, [9, 9, 9, 255]));
        draw(&mut picture, &[(0, 0)]);
        assert_ne!(picture, Picture::filled(16, 16, [9, 9, 9, 255]));
    }
}
