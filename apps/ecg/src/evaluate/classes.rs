//! How well each class of beats is told from the normal ones.

use std::collections::BTreeSet;

use generativa::metrics::roc::{Units, auc};
use generativa::run::evaluation::{Better, Kind, Row};

use super::Judgement;
use super::rivals::Scored;
use crate::aami::Aami;

/// Classes of the standard that tell odd beats; what it cannot tell is left out.
const ODD: [Aami; 3] = [Aami::Supraventricular, Aami::Ventricular, Aami::Fusion];

impl Judgement {
    /// The area of each class of odd beats, mean over the seeds, against the normal ones: for S, V
    /// and F of annotated beats all of class N of the standard, else those of sinus rhythm.
    pub(super) fn classes(&self, subject: &str, kind: Kind, seeds: &[Scored]) -> Vec<Row> {
        let odd = self.classes.iter().zip(&self.odd).filter(|(_, odd)| **odd);
        let classes: BTreeSet<&String> = odd.map(|(class, _)| class).collect();
        let row = |class: &&String| {
            let own = |place: &usize| self.odd[*place] && &self.classes[*place] == *class;
            let standard = ODD.iter().any(|odd| odd.letter().to_string() == **class);
            let normal = |place: &usize| match &self.aami {
                Some(aami) if standard => aami[*place] == Aami::Normal,
                _ => !self.odd[*place],
            };
            let chosen: Vec<usize> =
                (0..self.odd.len()).filter(|place| own(place) || normal(place)).collect();
            let is_odd: Vec<bool> = chosen.iter().map(own).collect();
            let n = is_odd.iter().filter(|odd| **odd).count();
            let metric = format!("auc-of-{}", class.replace(' ', "-"));
            let value = mean_area(seeds, &chosen, &is_odd);
            Row { subject: subject.into(), kind, n, ..self.row(&metric, Better::Higher, value) }
        };
        classes.iter().map(row).collect()
    }

    /// The area of the classes S, V and F of the standard against its N, blocked bundles included;
    /// none where beats have no such class, or not both sides.
    pub(super) fn standard(&self, subject: &str, kind: Kind, seeds: &[Scored]) -> Option<Row> {
        let aami = self.aami.as_ref()?;
        let chosen: Vec<usize> =
            (0..aami.len()).filter(|&place| aami[place] != Aami::Unknown).collect();
        let odd: Vec<bool> = chosen.iter().map(|&place| aami[place] != Aami::Normal).collect();
        if !odd.contains(&true) || !odd.contains(&false) {
            return None;
        }
        let units = match &self.patients {
            Some(patients) => {
                let own: Vec<u64> = chosen.iter().map(|&place| patients[place]).collect();
                Units::owners(&own)
            }
            None => Units::items(chosen.len()),
        };
        let judged: Vec<Vec<f64>> = seeds.iter().map(|one| scores(one, &chosen)).collect();
        Some(Row {
            subject: subject.into(),
            kind,
            ..self.area_of("auc-aami", &judged, &odd, &units)
        })
    }
}

/// The area over the beats at these places, mean over the seeds.
pub(super) fn mean_area(seeds: &[Scored], chosen: &[usize], odd: &[bool]) -> f64 {
    let areas = seeds.iter().map(|one| auc(&scores(one, chosen), odd));
    areas.sum::<f64>() / seeds.len() as f64
}

fn scores(one: &Scored, chosen: &[usize]) -> Vec<f64> {
    chosen.iter().map(|&place| one.judged[place]).collect()
}
