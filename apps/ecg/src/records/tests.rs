use generativa_datasets::simulators::ecg::{Settings, Shares, write};

use super::*;
use crate::cutter::Window;

/// Recordings of two minutes with wide and early beats, under these names.
fn folder(names: &[&str]) -> Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    for (name, seed) in names.iter().zip(1..) {
        let shares = Shares { ventricular: 0.06, atrial: 0.04, ..Shares::default() };
        write(&Settings { shares, ..Settings::clean(seed, 120.0) }, folder.path(), name)?;
    }
    Ok(folder)
}

fn choice(folder: &Path, subset: &str) -> DataChoice {
    DataChoice {
        name: folder.display().to_string(),
        subset: subset.to_owned(),
        normal: 1,
        lead: String::new(),
        patients: 0,
        seconds: 0.0,
        aside_patients: 1,
        aside_seconds: 60.0,
        window: Window::default(),
    }
}

#[test]
fn only_normal_beats_are_learned_and_each_record_is_a_patient() -> Result<()> {
    let folder = folder(&["101", "106", "114", "100", "103"])?;
    assert!(named(&folder.path().display().to_string(), ""));
    let corpus = corpus(&choice(folder.path(), ""))?;
    // Two records of two minutes; a tenth of the beats is odd.
    assert!((200..400).contains(&corpus.learned.len()), "{}", corpus.learned.len());
    assert_eq!(corpus.aside.len(), 1);
    let patients: Vec<Option<u64>> =
        corpus.judged.chunk_by(|a, b| a.patient == b.patient).map(|own| own[0].patient).collect();
    assert_eq!(patients, [Some(0), Some(1)]);
    let odd = corpus.judged.iter().filter(|one| !one.normal);
    assert!(odd.clone().all(|one| matches!(one.class.as_str(), "V" | "S")));
    assert!(odd.count() > 10);
    let DataRef { subset, sha256, real, .. } = &corpus.source;
    assert_eq!((subset.as_deref(), sha256.is_some(), *real), (Some(DS1_DS2), true, false));
    let told = corpus.remarks.join("\n");
    assert!(told.contains("missing: 109, 112") && told.contains("annotated beats"), "{told}");
    Ok(())
}

#[test]
fn another_lead_is_cut_where_one_is_named_and_one_that_is_missing_is_told() -> Result<()> {
    let folder = folder(&["101", "114", "100"])?;
    let usual = choice(folder.path(), DS1_DS2);
    let of = |lead: &str| corpus(&DataChoice { lead: lead.to_owned(), ..usual.clone() });
    let values = |corpus: Corpus| corpus.learned[3].values.clone();
    let (first, other) = (values(of("")?), values(of("V1")?));
    assert_eq!(first, values(of("MLII")?));
    assert_ne!(first, other);
    let refused = of("V6").err().expect("there is no such lead");
    let told = format!("{refused:#}");
    assert!(told.contains("V6") && told.contains("101.hea"), "{told}");
    Ok(())
}

#[test]
fn a_folder_without_annotations_is_refused_and_a_record_without_is_told() -> Result<()> {
    let folder = folder(&["a", "b", "c", "d", "e"])?;
    std::fs::remove_file(folder.path().join("c.atr"))?;
    let found = corpus(&choice(folder.path(), ""))?;
    assert!(found.remarks[0].ends_with("without annotations: c"), "{:?}", found.remarks);
    for name in ["a", "b", "d", "e"] {
        std::fs::remove_file(folder.path().join(format!("{name}.atr")))?;
    }
    let refused = corpus(&choice(folder.path(), "")).err().expect("nothing is known of beats");
    let told = refused.to_string();
    assert!(told.contains("found 5 headers") && told.contains(&*folder.path().to_string_lossy()));
    Ok(())
}

#[test]
fn beats_that_were_not_found_are_counted_by_class() {
    let one = Found { annotated: [100, 0, 10, 0, 0], found: [99, 0, 8, 0, 0] };
    let told = told([&one, &one].into_iter());
    let expected = "6 of 220 annotated beats were not found: 1.00 % of 200 N, 20.00 % of 20 V";
    assert_eq!(told, expected);
}
