//! Pictures of whole pixels: grids of samples, enlargement, PNG.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use png::{BitDepth, ColorType, Transformations};

use crate::run::file::write_atomically;

/// Red, green, blue, opacity; each 0 to 255, colours not multiplied by the opacity.
pub type Rgba = [u8; 4];

/// A rectangle of pixels, row 0 on top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    height: usize,
    bytes: Vec<u8>,
}

impl Picture {
    /// A picture of one colour.
    pub fn filled(width: usize, height: usize, colour: Rgba) -> Self {
        Self { width, height, bytes: colour.repeat(width * height) }
    }

    /// A picture from its pixels, `[height, width, 4]` bytes in row order; `None` where their
    /// number is another.
    pub fn from_bytes(width: usize, height: usize, bytes: Vec<u8>) -> Option<Self> {
        (bytes.len() == width * height * 4).then_some(Self { width, height, bytes })
    }

    /// Pixels from left to right.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Pixels from top to bottom.
    pub fn height(&self) -> usize {
        self.height
    }

    /// `[height, width, 4]` bytes in row order.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The pixel at column `x`, row `y`; panics outside.
    pub fn get(&self, x: usize, y: usize) -> Rgba {
        let at = self.offset(x, y);
        [self.bytes[at], self.bytes[at + 1], self.bytes[at + 2], self.bytes[at + 3]]
    }

    /// Replaces the pixel at column `x`, row `y`; panics outside.
    pub fn set(&mut self, x: usize, y: usize, colour: Rgba) {
        let at = self.offset(x, y);
        self.bytes[at..at + 4].copy_from_slice(&colour);
    }

    /// Lays `colour` over the pixel at column `x`, row `y`, weighed by its opacity.
    pub fn blend(&mut self, x: usize, y: usize, colour: Rgba) {
        match colour[3] {
            0 => {}
            255 => self.set(x, y, colour),
            _ => self.set(x, y, over(colour, self.get(x, y))),
        }
    }

    /// Lays `other` over this picture, its top left corner at column `left`, row `top`; what
    /// stands out is cut.
    pub fn draw(&mut self, other: &Self, left: usize, top: usize) {
        for y in 0..other.height.min(self.height.saturating_sub(top)) {
            for x in 0..other.width.min(self.width.saturating_sub(left)) {
                self.blend(left + x, top + y, other.get(x, y));
            }
        }
    }

    /// Every pixel as a square of `factor` by `factor`, at least 1.
    pub fn enlarged(&self, factor: usize) -> Self {
        assert!(factor > 0, "an enlargement is at least 1");
        let mut large = Self::filled(self.width * factor, self.height * factor, [0; 4]);
        for y in 0..large.height {
            for x in 0..large.width {
                large.set(x, y, self.get(x / factor, y / factor));
            }
        }
        large
    }

    /// Pictures side by side in `columns` columns, row by row, `gap` pixels of `background`
    /// between and around them. Every cell has the size of the largest picture.
    pub fn grid(pictures: &[Self], columns: usize, gap: usize, background: Rgba) -> Self {
        assert!(columns > 0, "a grid has at least one column");
        let columns = columns.min(pictures.len()).max(1);
        let rows = pictures.len().div_ceil(columns);
        let width = pictures.iter().map(Self::width).max().unwrap_or(0);
        let height = pictures.iter().map(Self::height).max().unwrap_or(0);
        let across = columns * (width + gap) + gap;
        let mut sheet = Self::filled(across, rows * (height + gap) + gap, background);
        for (index, picture) in pictures.iter().enumerate() {
            let (row, column) = (index / columns, index % columns);
            sheet.draw(picture, gap + column * (width + gap), gap + row * (height + gap));
        }
        sheet
    }

    /// The picture as a PNG file: with a palette where 256 colours suffice, else RGBA. The same
    /// pixels give the same bytes.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        let mut file = Vec::new();
        let size = |length: usize| u32::try_from(length).context("too large for a PNG");
        let mut encoder = png::Encoder::new(&mut file, size(self.width)?, size(self.height)?);
        encoder.set_depth(BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        let pixels = match self.palette() {
            Some(colours) => {
                let channels = |from, to| colours.keys().flat_map(move |c| c[from..to].to_vec());
                encoder.set_color(ColorType::Indexed);
                encoder.set_palette(channels(0, 3).collect::<Vec<u8>>());
                encoder.set_trns(channels(3, 4).collect::<Vec<u8>>());
                // Neighbouring numbers of a palette say nothing about neighbouring colours.
                encoder.set_filter(png::Filter::NoFilter);
                let (pixels, _) = self.bytes.as_chunks::<4>();
                pixels.iter().map(|pixel| colours[pixel]).collect()
            }
            None => {
                encoder.set_color(ColorType::Rgba);
                self.bytes.clone()
            }
        };
        let mut writer = encoder.write_header().context("cannot encode a picture")?;
        writer.write_image_data(&pixels).context("cannot encode a picture")?;
        writer.finish().context("cannot encode a picture")?;
        Ok(file)
    }

    /// Reads a PNG file of any colour type; 16-bit channels lose their lower half.
    pub fn from_png(file: &[u8]) -> Result<Self> {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
        decoder.set_transformations(Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().context("not a PNG picture")?;
        let size = reader.output_buffer_size().context("too large for this machine")?;
        let mut data = vec![0; size];
        let info = reader.next_frame(&mut data).context("a damaged PNG picture")?;
        let data = &data[..info.buffer_size()];
        let bytes = match info.color_type {
            ColorType::Rgba => data.to_vec(),
            ColorType::Rgb => data.chunks(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect(),
            ColorType::Grayscale => data.iter().flat_map(|&grey| [grey, grey, grey, 255]).collect(),
            ColorType::GrayscaleAlpha => {
                data.chunks(2).flat_map(|p| [p[0], p[0], p[0], p[1]]).collect()
            }
            ColorType::Indexed => bail!("a palette that was not resolved"),
        };
        let (width, height) = (info.width as usize, info.height as usize);
        Self::from_bytes(width, height, bytes).context("a PNG picture with too few pixels")
    }

    /// Writes a PNG file, whole or not at all.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_atomically(path, &self.to_png()?)
    }

    /// Reads a PNG file.
    ///
    /// # Errors
    /// A file that is missing, damaged or no PNG; the message names it.
    pub fn read(path: &Path) -> Result<Self> {
        let file = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::from_png(&file).with_context(|| format!("cannot read {}", path.display()))
    }

    /// Every colour with its number, or `None` where there are more than a palette holds.
    fn palette(&self) -> Option<BTreeMap<Rgba, u8>> {
        let mut colours = BTreeMap::new();
        let (pixels, _) = self.bytes.as_chunks::<4>();
        for pixel in pixels {
            colours.insert(*pixel, 0);
            if colours.len() > 256 {
                return None;
            }
        }
        (0..=255).zip(colours.values_mut()).for_each(|(number, place)| *place = number);
        // A PNG palette has at least one colour, and a picture without pixels has none.
        (!colours.is_empty()).then_some(colours)
    }

    fn offset(&self, x: usize, y: usize) -> usize {
        assert!(x < self.width && y < self.height, "({x}, {y}) of {}x{}", self.width, self.height);
        (y * self.width + x) * 4
    }
}

/// Porter & Duff 1984, "over", for colours that are not multiplied by their opacity.
fn over(front: Rgba, back: Rgba) -> Rgba {
    let [front_share, back_share] = [front[3], back[3]].map(u32::from);
    let visible_back = back_share * (255 - front_share) / 255;
    let opacity = front_share + visible_back;
    let mix = |channel: usize| {
        let sum = u32::from(front[channel]) * front_share + u32::from(back[channel]) * visible_back;
        ((sum + opacity / 2) / opacity.max(1)) as u8
    };
    [mix(0), mix(1), mix(2), opacity as u8]
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: Rgba = [200, 0, 0, 255];
    const BLUE: Rgba = [0, 0, 200, 255];

    fn flag() -> Picture {
        let mut flag = Picture::filled(3, 2, RED);
        flag.set(1, 0, BLUE);
        flag.set(2, 1, [7, 8, 9, 40]);
        flag
    }

    #[test]
    fn a_picture_of_few_and_one_of_many_colours_come_back_from_png() -> Result<()> {
        let mut many = Picture::filled(64, 8, RED);
        for x in 0..64 {
            for y in 0..8 {
                many.set(x, y, [x as u8 * 3, y as u8 * 5, 77, 255 - x as u8]);
            }
        }
        for picture in [flag(), many, Picture::filled(1, 1, [0; 4])] {
            assert_eq!(Picture::from_png(&picture.to_png()?)?, picture);
        }
        Ok(())
    }

    #[test]
    fn a_damaged_png_is_refused_by_name() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("flag.png");
        flag().write(&path)?;
        assert_eq!(Picture::read(&path)?, flag());
        let mut bytes = fs::read(&path)?;
        bytes.truncate(bytes.len() - 20);
        for content in [bytes, b"hello".to_vec()] {
            fs::write(&path, content)?;
            let message = Picture::read(&path).err().map_or(String::new(), |e| format!("{e:#}"));
            assert!(message.contains("flag.png"), "{message}");
        }
        Ok(())
    }

    #[test]
    fn half_of_white_over_black_is_grey_and_over_nothing_is_itself() {
        assert_eq!(over([255, 255, 255, 128], [0, 0, 0, 255]), [128, 128, 128, 255]);
        assert_eq!(over([9, 90, 200, 128], [0; 4]), [9, 90, 200, 128]);
        assert_eq!(over([0; 4], [0; 4]), [0; 4]);
    }

    #[test]
    fn an_enlarged_pixel_is_a_square() {
        let large = flag().enlarged(3);
        assert_eq!((large.width(), large.height()), (9, 6));
        let blue = (0..9).flat_map(|x| (0..6).map(move |y| (x, y)));
        let blue: Vec<_> = blue.filter(|&(x, y)| large.get(x, y) == BLUE).collect();
        assert_eq!(blue.len(), 9);
        assert!(blue.iter().all(|&(x, y)| (3..6).contains(&x) && y < 3));
    }

    #[test]
    fn a_grid_of_three_in_two_columns_leaves_the_last_cell_empty() {
        let one = Picture::filled(2, 2, RED);
        let sheet = Picture::grid(&[one.clone(), one.clone(), one], 2, 1, BLUE);
        assert_eq!((sheet.width(), sheet.height()), (7, 7));
        assert_eq!([sheet.get(1, 1), sheet.get(4, 2), sheet.get(1, 4)], [RED; 3]);
        assert_eq!([sheet.get(0, 0), sheet.get(3, 1), sheet.get(4, 4)], [BLUE; 3]);
    }

    #[test]
    fn what_stands_out_of_a_picture_is_cut() {
        let mut small = Picture::filled(2, 2, RED);
        small.draw(&Picture::filled(5, 5, BLUE), 1, 1);
        small.draw(&Picture::filled(5, 5, BLUE), 9, 9);
        assert_eq!([small.get(0, 0), small.get(1, 0), small.get(1, 1)], [RED, RED, BLUE]);
    }
}
