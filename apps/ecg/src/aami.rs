//! The classes of beats that studies of arrhythmia compare.

/// A class of ANSI/AAMI EC57.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aami {
    /// From the sinus node or, in its place, the atrioventricular one, blocked bundles included.
    Normal,
    /// Premature, from above the ventricles.
    Supraventricular,
    /// From the ventricles.
    Ventricular,
    /// A ventricular beat that meets a normal one.
    Fusion,
    /// Paced, or not to be told.
    Unknown,
}

impl Aami {
    /// All classes.
    pub const ALL: [Self; 5] =
        [Self::Normal, Self::Supraventricular, Self::Ventricular, Self::Fusion, Self::Unknown];

    /// The class of a beat with this symbol of an annotation.
    pub fn of(symbol: u8) -> Self {
        match symbol {
            b'N' | b'L' | b'R' | b'e' | b'j' => Self::Normal,
            b'A' | b'a' | b'J' | b'S' => Self::Supraventricular,
            b'V' | b'E' => Self::Ventricular,
            b'F' => Self::Fusion,
            // `/`, `f`, `Q` and `?`, and what the MIT-BIH database does not mark.
            _ => Self::Unknown,
        }
    }

    /// Its letter.
    pub fn letter(self) -> char {
        match self {
            Self::Normal => 'N',
            Self::Supraventricular => 'S',
            Self::Ventricular => 'V',
            Self::Fusion => 'F',
            Self::Unknown => 'Q',
        }
    }
}

/// The name of a beat's class: the letter of its AAMI class or, within that of normal beats, its
/// symbol, since a blocked bundle is none for a cardiologist.
pub fn class(symbol: u8) -> String {
    match Aami::of(symbol) {
        Aami::Normal => char::from(symbol),
        other => other.letter(),
    }
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symbol_of_a_beat_has_the_class_of_the_standard() {
        let of = |symbols: &[u8]| -> String {
            symbols.iter().map(|&symbol| Aami::of(symbol).letter()).collect()
        };
        assert_eq!(of(b"NLRej"), "NNNNN");
        assert_eq!(of(b"AaJS"), "SSSS");
        assert_eq!(of(b"VEF"), "VVF");
        assert_eq!(of(b"/fQ?"), "QQQQ");
        assert_eq!([b'L', b'a', b'E'].map(class), ["L", "S", "V"]);
    }
}
