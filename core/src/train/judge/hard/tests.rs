use super::*;

/// Days whose range and return go together, as those of a market do.
fn history(days: usize, name: &str) -> Vec<Day> {
    let mut stream = Stream::named(1, name);
    let mut log_range = -4.0;
    let day = |_| {
        log_range = -0.4 + 0.9 * log_range + 0.2 * stream.normal();
        let range = f64::exp(log_range);
        [0.5 * range * stream.normal(), range, stream.uniform()]
    };
    (0..days).map(day).collect()
}

fn quick() -> HardJudge {
    let judge = HardJudge::default();
    HardJudge {
        time: TimeBlocks { blocks: 2, ..judge.time },
        gru: GruJudge { hidden: 8, steps: 40, batch: 32, rate: 1e-2 },
        trees: BoostedTreesConfig { trees: 10, ..judge.trees },
    }
}

/// Windows from another history of the same law.
fn windows(count: usize, stream: &mut Stream) -> Vec<Vec<Day>> {
    let days = history(24 * count, &format!("generated {}", stream.below(1 << 30)));
    days.chunks_exact(24).map(<[Day]>::to_vec).collect()
}

#[test]
fn windows_of_the_same_law_are_not_told_apart_and_calm_ones_are() -> Result<()> {
    let days = history(1500, "real");
    let same = quick().judge(&days, &[0], |_| Ok(|count, s: &mut Stream| Ok(windows(count, s))))?;
    assert!(same.means().iter().all(|mean| mean.abs() < 0.12), "{same:?}");
    let calm = quick().judge(&days, &[0], |_| {
        Ok(|count, stream: &mut Stream| {
            let mut windows = windows(count, stream);
            windows.iter_mut().flatten().for_each(|day| day[0] /= 4.0);
            Ok(windows)
        })
    })?;
    assert!(calm.means().iter().all(|&mean| mean > 0.4), "{calm:?}");
    assert!(calm.score() >= calm.means()[0]);
    Ok(())
}

#[test]
fn verdicts_are_those_of_their_seeds_whichever_stand_beside_them() -> Result<()> {
    let days = history(900, "real");
    let judge = |seeds: &[u64]| {
        quick().judge(&days, seeds, |_| Ok(|count, s: &mut Stream| Ok(windows(count, s))))
    };
    let (both, second) = (judge(&[3, 5])?, judge(&[5])?);
    assert_eq!(both.gru.len(), 4);
    assert_eq!(both.gru[2..], second.gru);
    assert_eq!(both.trees[2..], second.trees);
    assert_eq!(both.scores(2)[1], second.score());
    let real = |seeds: &[u64]| quick().real_against_real(&days, seeds);
    assert_eq!(real(&[3, 5])?.trees[2..], real(&[5])?.trees);
    Ok(())
}

#[test]
fn a_generator_is_shown_no_day_of_the_block_it_is_judged_on() -> Result<()> {
    let days = history(900, "real");
    let mut shown = Vec::new();
    quick().judge(&days, &[0], |open| {
        shown.push(open.to_vec());
        Ok(|count, s: &mut Stream| Ok(windows(count, s)))
    })?;
    assert!(shown[0][..474].iter().all(|open| !open) && shown[0][474..].iter().all(|open| *open));
    assert!(shown[1][..426].iter().all(|open| *open) && shown[1][426..].iter().all(|open| !open));
    Ok(())
}

#[test]
fn other_windows_than_asked_for_are_refused() {
    let days = history(900, "real");
    let short = |_: &[bool]| Ok(|count, _: &mut Stream| Ok(vec![vec![[0.0, 0.1, 0.5]; 23]; count]));
    let error = quick().judge(&days, &[0], short).expect_err("23 days are no window");
    assert!(error.to_string().ends_with("of 24 days, found 67 of 23"), "{error}");
    let nothing = |_: &[bool]| Ok(|count, _: &mut Stream| Ok(vec![vec![[f64::NAN; 3]; 24]; count]));
    assert!(quick().judge(&days, &[0], nothing).is_err());
    let error = quick().real_against_real(&days[..60], &[0]).expect_err("two months are too few");
    assert!(error.to_string().starts_with("hard judge, block 0: expected"), "{error}");
}

#[test]
fn the_score_is_that_of_the_better_judge_and_never_below_nothing() {
    let verdicts = Verdicts { gru: vec![0.1, -0.3], trees: vec![0.2, 0.1] };
    assert!((verdicts.score() - 0.15).abs() < 1e-12);
    assert_eq!(Verdicts { trees: vec![-0.1, 0.0], ..verdicts }.score(), 0.0);
    assert_eq!(told_apart(&[vec![1.0, -1.0], vec![0.0, -1.0]]), 0.25);
}
