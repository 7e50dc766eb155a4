use super::*;

/// Rows `from` on of a table of exact numbers: two columns of few values, two of many.
fn table(from: usize, rows: usize) -> (Vec<Vec<f64>>, Vec<bool>) {
    let row = |i: usize| {
        let [a, b, c, d] = [i * 37 % 101, i * 7919 % 1009, i * 613 % 997, i * i % 89];
        let row = vec![a as f64 / 8.0, b as f64 / 16.0, c as f64 / 32.0, d as f64 / 4.0];
        let turn = if row[1] > 30.0 { 1.0 } else { -1.0 };
        let sum = row[0] / 6.0 + turn * (row[2] / 16.0 - 1.0) - row[3] / 22.0;
        let noise = (i * 31 % 17) as f64 / 8.0 - 1.0;
        (row, sum + noise > 1.0)
    };
    (from..from + rows).map(row).unzip()
}

fn assert_probabilities(config: &BoostedTreesConfig, expected: [f64; 8]) -> Result<()> {
    let (rows, kinds) = table(0, 701);
    let trees = BoostedTrees::fit(&rows, &kinds, config)?;
    for (row, expected) in table(5000, 8).0.iter().zip(expected) {
        let found = trees.probability(row);
        assert!((found - expected).abs() < 1e-8, "{row:?}: {found}, expected {expected}");
    }
    Ok(())
}

// scikit-learn 1.9.1: HistGradientBoostingClassifier(early_stopping=False).fit(table).

#[test]
fn predictions_at_defaults_are_those_of_scikit_learn() -> Result<()> {
    let expected = [
        0.019566876,
        0.041646248,
        0.013254289,
        0.993428301,
        0.000960122,
        0.021704690,
        0.965297285,
        0.001445714,
    ];
    assert_probabilities(&BoostedTreesConfig::default(), expected)
}

#[test]
fn predictions_of_few_small_trees_are_those_of_scikit_learn() -> Result<()> {
    // max_iter=7, learning_rate=0.3, max_leaf_nodes=5, min_samples_leaf=40, max_bins=16
    let config =
        BoostedTreesConfig { trees: 7, learning_rate: 0.3, leaves: 5, rows_in_leaf: 40, bins: 16 };
    let expected = [
        0.210160759,
        0.138852857,
        0.220857136,
        0.646872392,
        0.080799548,
        0.166460502,
        0.635180735,
        0.064262758,
    ];
    assert_probabilities(&config, expected)
}

#[test]
fn rows_that_are_all_alike_are_given_the_share_of_positives() -> Result<()> {
    let kinds: Vec<bool> = (0..80).map(|row| row % 4 == 0).collect();
    let trees = BoostedTrees::fit(&vec![vec![1.0]; 80], &kinds, &BoostedTreesConfig::default())?;
    assert!((trees.probability(&[7.0]) - 0.25).abs() < 1e-12);
    Ok(())
}

#[test]
fn one_thread_finds_the_trees_of_several() -> Result<()> {
    let (rows, kinds) = table(0, 400);
    let fit = || BoostedTrees::fit(&rows, &kinds, &BoostedTreesConfig::default());
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build()?.install(fit)?;
    let several = rayon::ThreadPoolBuilder::new().num_threads(3).build()?.install(fit)?;
    assert_eq!(alone, several);
    Ok(())
}

#[test]
fn a_missing_value_is_refused_by_its_place() {
    let config = BoostedTreesConfig::default();
    let fit = |rows: &[Vec<f64>], kinds: &[bool]| match BoostedTrees::fit(rows, kinds, &config) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    let missing = fit(&[vec![1.0, 2.0], vec![1.0, f64::NAN]], &[true, false]);
    assert!(missing.starts_with("boosted trees: row 1, column 1: expected a finite"), "{missing}");
    assert!(fit(&[vec![1.0], vec![2.0]], &[true, true]).contains("both classes"));
    assert!(fit(&[vec![1.0], vec![]], &[true, false]).contains("row 1: expected 1 values"));
}
