//! The paper that electrocardiograms are printed on: its colours, its grid and its lettering. It
//! stays light on a dark page, as the printed one does. Lengths are mm, also in the drawing's own
//! coordinates.

use generativa::report::markup::escape;

/// Width of a second, mm.
pub(super) const SPEED: f64 = 25.0;
/// Height of a millivolt, mm.
pub(super) const GAIN: f64 = 10.0;
/// Side of a large box, mm; a small one has a fifth of it.
pub(super) const BOX: f64 = 5.0;
/// Paper around the grid, mm.
pub(super) const MARGIN: f64 = 5.0;
/// From one line of text to the next, mm.
pub(super) const LINE: f64 = 4.0;
/// What every drawing says.
pub(super) const WARNING: &str = "not a medical device";

/// Blue and grey beside black and the orange to red of the anomaly are told apart with any common
/// colour vision. Each rule names the class, since a style inside a page holds for all of it.
const STYLE: &str = "\
.ecg text{font:2.8px system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif;fill:#3a3134;\
white-space:pre}\
.ecg .title{font-size:4px;font-weight:600;fill:#1a1416}\
.ecg .lead{font-size:3.4px;font-weight:700;fill:#1a1416}\
.ecg .warning{font-weight:700;fill:#8a1020}\
.ecg .odd{font-weight:700;font-size:3.6px;fill:#123f8c}\
.ecg .paper{fill:#fffaf8}\
.ecg .fine,.ecg .bold{fill:none;stroke:#f3c9c8;stroke-width:.1}\
.ecg .bold{stroke:#e79a9a;stroke-width:.2}\
.ecg .edge{fill:none;stroke:#e79a9a;stroke-width:.25}\
.ecg .tick{fill:none;stroke:#3a3134;stroke-width:.2}\
.ecg .arrow{fill:#123f8c}\
.ecg .trace{fill:none;stroke:#000;stroke-width:.3;stroke-linejoin:round;stroke-linecap:round}\
.ecg .expected{stroke:#1f6fc4;stroke-width:.45}\
.ecg .spread{fill:#1f6fc4;fill-opacity:.2}\
.ecg .neighbour{stroke:#6f6a6b;stroke-width:.4;stroke-dasharray:1.6 1.1}\
.ecg .large{stroke-width:.6}";

/// A part of the paper.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

impl Area {
    pub(super) fn right(&self) -> f64 {
        self.left + self.width
    }

    pub(super) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// `<rect>` with these attributes.
    pub(super) fn rectangle(&self, attributes: &str) -> String {
        format!(
            "<rect {attributes} x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
            rounded(self.left),
            rounded(self.top),
            rounded(self.width),
            rounded(self.height)
        )
    }

    /// A clipping path of this name.
    pub(super) fn clip(&self, name: &str) -> String {
        format!("<clipPath id=\"{name}\">{}</clipPath>", self.rectangle(""))
    }

    /// Lines of large boxes of width and height `large`, one corner at `corner`, and of the five
    /// times five small boxes in each.
    pub(super) fn grid(&self, name: &str, large: [f64; 2], corner: [f64; 2]) -> String {
        let [width, height] = large;
        // A tile begins half a small box before its bold lines: a line on the edge of a tile would
        // lose the half of its width that lies outside.
        let (x, y) = (width / 10.0, height / 10.0);
        let mut fine = String::new();
        for small in 1..5 {
            let step = f64::from(2 * small + 1);
            fine += &format!("M{} 0v{}", rounded(step * x), rounded(height));
            fine += &format!("M0 {}h{}", rounded(step * y), rounded(width));
        }
        format!(
            "<pattern id=\"{name}\" patternUnits=\"userSpaceOnUse\" x=\"{}\" y=\"{}\" \
             width=\"{}\" height=\"{}\"><path class=\"fine\" d=\"{fine}\"/>\
             <path class=\"bold\" d=\"M{} 0v{}M0 {}h{}\"/></pattern>{}{}",
            rounded(corner[0] - x),
            rounded(corner[1] - y),
            rounded(width),
            rounded(height),
            rounded(x),
            rounded(height),
            rounded(y),
            rounded(width),
            self.rectangle(&format!("fill=\"url(#{name})\"")),
            self.rectangle("class=\"edge\"")
        )
    }
}

/// A whole drawing of this size, mm, that also stands alone as a file.
pub(super) fn drawing(title: &str, width: f64, height: f64, body: &str) -> String {
    let sheet = Area { left: 0.0, top: 0.0, width, height };
    let (width, height) = (rounded(width), rounded(height));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"ecg\" role=\"img\" aria-label=\"{}\" \
         width=\"{width}mm\" height=\"{height}mm\" viewBox=\"0 0 {width} {height}\">\
         <style>{STYLE}</style>{}{body}</svg>\n",
        escape(title),
        sheet.rectangle("class=\"paper\"")
    )
}

/// A line of text; `class` may be empty, `anchor` is `start`, `middle` or `end`.
pub(super) fn text(class: &str, x: f64, y: f64, anchor: &str, text: &str) -> String {
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    format!(
        "<text{class} x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>",
        rounded(x),
        rounded(y),
        escape(text)
    )
}

/// Text over as many lines as a width in mm asks for, the first at `y`, and how many those are.
pub(super) fn lines(class: &str, x: f64, y: f64, width: f64, words: &str) -> (String, usize) {
    let size = if class == "title" { 4.0 } else { 2.8 };
    let room = (width / letters_width(1, size)).max(1.0) as usize;
    let mut rows: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        match rows.last_mut() {
            Some(row) if row.chars().count() + 1 + word.chars().count() <= room => {
                row.push(' ');
                row.push_str(word);
            }
            _ => rows.push(word.to_owned()),
        }
    }
    let step = LINE * size / 2.8;
    let row =
        |(index, row): (usize, &String)| text(class, x, y + step * index as f64, "start", row);
    (rows.iter().enumerate().map(row).collect(), rows.len())
}

/// About the width of so many letters of a proportional face, mm.
pub(super) fn letters_width(letters: usize, size: f64) -> f64 {
    0.58 * size * letters as f64
}

/// A length to the hundredth of a mm, without zeros that say nothing.
pub(super) fn rounded(length: f64) -> String {
    // The sum makes a plain zero of a negative one.
    format!("{}", (length * 100.0).round() / 100.0 + 0.0)
}

/// The letters of a name that an `id` can hold and `url(#…)` can point at.
pub(super) fn identifier(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    name.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_box_holds_five_small_ones_a_millimetre_wide() {
        let area = Area { left: 5.0, top: 10.0, width: 50.0, height: 20.0 };
        let grid = area.grid("g", [BOX, BOX], [5.0, 10.0]);
        assert!(grid.contains("x=\"4.5\" y=\"9.5\" width=\"5\" height=\"5\""), "{grid}");
        let at = |class: &str| {
            let d = grid.split(&format!("class=\"{class}\" d=\"")).nth(1).unwrap_or_default();
            let d = d.split('"').next().unwrap_or_default().to_owned();
            let starts = d.split('M').skip(1).filter_map(|part| part.strip_suffix(" 0v5"));
            starts.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(at("fine"), ["1.5", "2.5", "3.5", "4.5"]);
        assert!(grid.contains("class=\"bold\" d=\"M0.5 0v5M0 0.5h5\""), "{grid}");
    }

    #[test]
    fn lengths_have_two_decimals_at_most_and_no_negative_zero() {
        assert_eq!([1.0, -0.001, 2.345_678, -7.5].map(rounded), ["1", "0", "2.35", "-7.5"]);
    }

    #[test]
    fn long_text_breaks_between_words() {
        let (svg, rows) = lines("", 0.0, 0.0, 20.0, "one two three four five");
        assert_eq!(rows, svg.matches("<text").count());
        assert!(rows > 1 && svg.contains("five</text>"), "{svg}");
    }

    #[test]
    fn an_identifier_cannot_end_an_attribute() {
        assert_eq!(identifier("a b\"#)é1"), "a-b----1");
    }
}
