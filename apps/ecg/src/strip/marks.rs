//! Ticks and labels above the traces.

use super::paper::{Area, letters_width, rounded, text};

/// Something said about one frame, usually the R peak of a beat.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mark<'a> {
    /// Index into the samples; one behind the last is not drawn.
    pub frame: usize,
    /// Such as the symbol of an annotation, or a rank. Where labels would overlap, some are left
    /// out, those of odd beats last.
    pub label: &'a str,
    /// Whether it stands out: an arrow and a bold label in place of a tick and a thin one.
    pub odd: bool,
}

/// Size of the letters of a usual and of an odd label, mm: what counts is how wide they are, and
/// bold ones of 3.6 mm are as wide as thin ones of 4.4 mm.
const SIZES: [f64; 2] = [2.8, 4.4];
/// Bare paper between labels of a row, mm.
const GAP: f64 = 1.0;

/// Marks of the first `frames` frames along the lower edge of `area`; `x` says where a frame lies.
pub(super) fn svg(marks: &[Mark], frames: usize, x: impl Fn(f64) -> f64, area: &Area) -> String {
    let inside = marks.iter().filter(|mark| mark.frame < frames);
    let (odd, usual): (Vec<&Mark>, Vec<&Mark>) = inside.partition(|mark| mark.odd);
    let bottom = area.bottom();
    let mut svg = String::new();
    // Each row of labels with what is taken of it.
    let mut rows: [Vec<[f64; 2]>; 2] = Default::default();
    for mark in odd.into_iter().chain(usual) {
        let x = x(mark.frame as f64);
        svg += &if mark.odd {
            let [left, top] = [rounded(x - 1.2), rounded(bottom - 2.4)];
            format!("<path class=\"arrow\" d=\"M{left} {top}h2.4l-1.2 2.2z\"/>")
        } else {
            format!("<path class=\"tick\" d=\"M{} {}v2\"/>", rounded(x), rounded(bottom - 2.2))
        };
        let half = letters_width(mark.label.chars().count(), SIZES[usize::from(mark.odd)]) / 2.0;
        // The first and the last stay on the paper.
        let middle = x.min(area.right() - half).max(area.left + half);
        let [left, right] = [middle - half, middle + half + GAP];
        let free =
            |row: &Vec<[f64; 2]>| row.iter().all(|taken| right < taken[0] || taken[1] < left);
        if let Some(row) = rows.iter().position(free) {
            rows[row].push([left, right]);
            let class = if mark.odd { "odd" } else { "" };
            svg += &text(class, middle, bottom - 3.1 - 3.4 * row as f64, "middle", mark.label);
        }
    }
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Area = Area { left: 20.0, top: 10.0, width: 100.0, height: 10.0 };

    fn drawn(marks: &[Mark]) -> String {
        svg(marks, 100, |frame| 20.0 + frame, &AREA)
    }

    #[test]
    fn a_mark_stands_at_its_frame_unless_that_is_missing() {
        let [inside, outside] = [40, 100].map(|frame| Mark { frame, label: "N", odd: false });
        assert!(drawn(&[inside]).contains("class=\"tick\" d=\"M60 17.8v2\""));
        assert_eq!(drawn(&[outside]), "");
    }

    #[test]
    fn a_label_at_the_edge_stays_on_the_paper() {
        let svg = drawn(&[Mark { frame: 99, label: "V #1234", odd: true }]);
        let x = svg.split("<text class=\"odd\" x=\"").nth(1).and_then(|x| x.split('"').next());
        let middle: f64 = x.and_then(|x| x.parse().ok()).unwrap_or(f64::NAN);
        assert!(middle + letters_width(7, SIZES[1]) / 2.0 <= AREA.right() + 0.01, "{svg}");
    }

    #[test]
    fn an_odd_mark_has_an_arrow_and_a_bold_label() {
        let svg = drawn(&[Mark { frame: 40, label: "V", odd: true }]);
        assert!(svg.contains("class=\"arrow\"") && svg.contains("class=\"odd\""), "{svg}");
    }

    #[test]
    fn a_label_pushed_from_the_edge_gives_way_to_its_neighbour() {
        let [one, other] = [89, 99].map(|frame| Mark { frame, label: "V #13", odd: true });
        let svg = drawn(&[one, other]);
        let heights = svg.split(" y=\"").skip(1).filter_map(|y| y.split('"').next());
        let heights: Vec<&str> = heights.collect();
        assert!(heights.len() == 2 && heights[0] != heights[1], "{svg}");
    }

    #[test]
    fn among_crowded_labels_the_odd_one_stays() {
        let mut marks = [Mark { frame: 50, label: "N", odd: false }; 9];
        marks[8] = Mark { frame: 50, label: "V", odd: true };
        let svg = drawn(&marks);
        assert_eq!(svg.matches("<text").count(), 2);
        assert!(svg.contains(">V</text>"), "{svg}");
        assert_eq!(svg.matches("class=\"tick\"").count(), 8);
    }
}
