//! How samples lie in a signal file.

/// A format of signal(5), by its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Two's complement of 16 bits, low byte first.
    F16,
    /// Two's complement of 24 bits, low byte first.
    F24,
    /// A byte, 128 more than the sample.
    F80,
    /// Two samples of 12 bits in three bytes; a last one alone takes two.
    F212,
}

impl Format {
    pub(super) const ALL: [Self; 4] = [Self::F16, Self::F24, Self::F80, Self::F212];

    /// Its number in a header.
    pub fn number(self) -> u32 {
        match self {
            Self::F16 => 16,
            Self::F24 => 24,
            Self::F80 => 80,
            Self::F212 => 212,
        }
    }

    /// Bits of a sample.
    pub fn bits(self) -> u32 {
        match self {
            Self::F16 => 16,
            Self::F24 => 24,
            Self::F80 => 8,
            Self::F212 => 12,
        }
    }

    /// What stands for a sample that is missing: the least that the format holds.
    pub fn missing(self) -> i32 {
        -(1 << (self.bits() - 1))
    }

    /// The largest sample.
    pub fn largest(self) -> i32 {
        (1 << (self.bits() - 1)) - 1
    }

    /// Bytes of a unit, which holds whole samples.
    pub(super) fn unit(self) -> usize {
        match self {
            Self::F16 => 2,
            Self::F24 | Self::F212 => 3,
            Self::F80 => 1,
        }
    }

    /// Appends the samples of whole units and, in format 212, that of two bytes behind them.
    pub(super) fn decode(self, bytes: &[u8], samples: &mut Vec<i32>) {
        match self {
            Self::F16 => {
                let pairs = bytes.as_chunks::<2>().0.iter();
                samples.extend(pairs.map(|&pair| i32::from(i16::from_le_bytes(pair))));
            }
            Self::F24 => {
                let triples = bytes.as_chunks::<3>().0.iter();
                samples.extend(triples.map(|&[a, b, c]| i32::from_le_bytes([0, a, b, c]) >> 8));
            }
            Self::F80 => samples.extend(bytes.iter().map(|&byte| i32::from(byte) - 128)),
            Self::F212 => {
                let (triples, rest) = bytes.as_chunks::<3>();
                for &[a, middle, b] in triples {
                    samples.extend([twelve(middle & 15, a), twelve(middle >> 4, b)]);
                }
                if let &[a, middle] = rest {
                    samples.push(twelve(middle & 15, a));
                }
            }
        }
    }

    /// Appends the bytes of samples, each from [`missing`](Self::missing) to
    /// [`largest`](Self::largest).
    pub(super) fn encode(self, samples: &[i32], bytes: &mut Vec<u8>) {
        match self {
            Self::F16 => bytes.extend(samples.iter().flat_map(|&sample| low_bytes::<2>(sample))),
            Self::F24 => bytes.extend(samples.iter().flat_map(|&sample| low_bytes::<3>(sample))),
            Self::F80 => bytes.extend(samples.iter().flat_map(|&s| low_bytes::<1>(s + 128))),
            Self::F212 => {
                let (pairs, rest) = samples.as_chunks::<2>();
                for pair in pairs {
                    let [[a, a_high], [b, b_high]] = pair.map(low_bytes::<2>);
                    bytes.extend([a, a_high & 15 | b_high << 4, b]);
                }
                if let &[last] = rest {
                    let [low, high] = low_bytes::<2>(last);
                    bytes.extend([low, high & 15]);
                }
            }
        }
    }
}

/// Twelve bits with their sign.
fn twelve(high: u8, low: u8) -> i32 {
    (i32::from(high) << 28 | i32::from(low) << 20) >> 20
}

fn low_bytes<const COUNT: usize>(sample: i32) -> [u8; COUNT] {
    let bytes = sample.to_le_bytes();
    std::array::from_fn(|index| bytes[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_the_manual_are_its_samples() {
        let known: [(Format, &[u8], &[i32]); 5] = [
            (Format::F16, &[0xe3, 0x03, 0xff, 0xff], &[995, -1]),
            (Format::F24, &[0x00, 0x00, 0x80, 0xff, 0xff, 0x7f], &[-8_388_608, 8_388_607]),
            (Format::F80, &[0, 128, 255], &[-128, 0, 127]),
            // The first bytes of record 100 of the MIT-BIH database.
            (Format::F212, &[0xe3, 0x33, 0xf3], &[995, 1011]),
            (Format::F212, &[0x00, 0xf8, 0xff, 0xff, 0x07], &[-2048, -1, 2047]),
        ];
        for (format, bytes, samples) in known {
            let (mut decoded, mut encoded) = (Vec::new(), Vec::new());
            format.decode(bytes, &mut decoded);
            assert_eq!(decoded, samples, "{format:?}");
            format.encode(samples, &mut encoded);
            assert_eq!(encoded, bytes, "{format:?}");
        }
    }

    #[test]
    fn the_ends_of_a_format_come_back() {
        for format in Format::ALL {
            let samples = [format.missing(), format.largest(), 0, -1, 1];
            let (mut bytes, mut back) = (Vec::new(), Vec::new());
            format.encode(&samples, &mut bytes);
            format.decode(&bytes, &mut back);
            assert_eq!(back, samples, "{format:?}");
        }
    }
}
