//! What is true of a beat.

use std::ops::Range;

use crate::wfdb::Annotation;

/// Where a beat begins, and what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// From the sinus node, along the usual way; in fibrillation, from the atria along it.
    Normal,
    /// Premature ventricular: early, wide, no P, T against the QRS, then a compensatory pause: the
    /// beat after it comes two RR intervals after the beat before it.
    Ventricular,
    /// Premature atrial: early, a P of another shape, narrow; it resets the sinus node, so the
    /// beat after it comes about one RR interval later.
    Atrial,
    /// Left bundle branch block: wide, notched and without Q in MLII, a deep S in V1.
    LeftBundle,
    /// Right bundle branch block: wide, a slurred S in MLII, a second R in V1.
    RightBundle,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::Normal, Self::Ventricular, Self::Atrial, Self::LeftBundle, Self::RightBundle];

    /// Its symbol in annotations of WFDB.
    pub fn symbol(self) -> u8 {
        match self {
            Self::Normal => b'N',
            Self::Ventricular => b'V',
            Self::Atrial => b'A',
            Self::LeftBundle => b'L',
            Self::RightBundle => b'R',
        }
    }
}

/// What is changed in a beat that is otherwise normal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// P comes 80 to 140 ms earlier, the rest stays.
    LongPr,
    /// The QRS is 1.6 to 2 times as wide, at least 130 ms; P and T stay.
    WideQrs,
    /// The ST segment is 0.2 to 0.4 mV higher.
    StElevation,
    /// The ST segment is 0.2 to 0.4 mV lower.
    StDepression,
    /// T has a tenth of its height, or less.
    FlatT,
    /// T points down, by at least 0.1 mV.
    InvertedT,
    /// T is 0.4 to 0.7 mV higher.
    TallT,
    /// The beat comes early in its usual shape, by a quarter of its RR interval or more; the next
    /// comes when it would have come anyway.
    Early,
}

impl Change {
    /// All changes.
    pub const ALL: [Self; 8] = [
        Self::LongPr,
        Self::WideQrs,
        Self::StElevation,
        Self::StDepression,
        Self::FlatT,
        Self::InvertedT,
        Self::TallT,
        Self::Early,
    ];

    /// Its name in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::LongPr => "long PR",
            Self::WideQrs => "wide QRS",
            Self::StElevation => "ST elevation",
            Self::StDepression => "ST depression",
            Self::FlatT => "flat T",
            Self::InvertedT => "inverted T",
            Self::TallT => "tall T",
            Self::Early => "early",
        }
    }
}

/// A change and where it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planted {
    /// What is changed.
    pub change: Change,
    /// Frames from the first to the last at which a clean lead is more than 0.02 mV off what it
    /// would be without the change; they may begin before the recording or end after it.
    ///
    /// A beat that is [`Early`](Change::Early) differs, seen from its own R peak, by what the beat
    /// before it leaves there: from that beat's J point on, the frames where its ST segment and T
    /// wave lie in place of the flat line before P.
    pub frames: Range<i64>,
}

/// A beat as it was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Beat {
    /// The frame within the QRS at which the clean first lead is furthest from 0.
    pub frame: u64,
    /// Its kind.
    pub kind: Kind,
    /// What was planted in it, in some that are [`Kind::Normal`].
    pub change: Option<Planted>,
    /// Seconds since the beat before it; the first counts from the start.
    pub rr: f64,
    /// Seconds from the beginning of the QRS to its end, each two standard deviations outside the
    /// outermost of its waves.
    pub qrs_width: f64,
    /// Height of the ST segment in the first lead, mV: that of its wave, without the foot of T.
    pub st_level: f64,
    /// Height of T in the first lead, mV, negative if it points down.
    pub t_amplitude: f64,
    /// Seconds from the beginning of P to that of the QRS, where there is a P.
    pub pr: Option<f64>,
    /// Whether its R peak lies in a dropout, where the leads are flat.
    pub lost: bool,
}

impl Beat {
    /// Its mark for an annotation file. A planted change is its text, with the first frame of its
    /// interval and the first behind it: `wide QRS, frames 5435..5547`.
    pub fn annotation(&self) -> Annotation {
        let text = self.change.as_ref().map_or(String::new(), |Planted { change, frames }| {
            format!("{}, frames {}..{}", change.name(), frames.start, frames.end)
        });
        let time = i64::try_from(self.frame).unwrap_or(i64::MAX);
        Annotation { text, ..Annotation::new(time, self.kind.symbol()) }
    }
}
