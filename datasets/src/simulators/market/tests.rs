use super::*;

/// Days in one step, for tests of daily returns.
const WHOLE: Session = Session { steps: 1, overnight: 0.0 };

fn market(days: usize, assets: usize, correlation: f64, session: Session) -> Market {
    Market { session, ..Market::equal(11, days, assets, correlation) }
}

/// Log returns of an asset, the first against the start.
fn returns(simulated: &Simulated, asset: usize) -> Vec<f64> {
    let close = &simulated.table.assets[asset].close;
    let before = std::iter::once(&100.0).chain(close);
    close.iter().zip(before).map(|(now, before)| (now / before).ln()).collect()
}

/// Returns less their conditional mean.
fn shocks(simulated: &Simulated, asset: usize) -> Vec<f64> {
    let mean = &simulated.truth.mean[asset];
    returns(simulated, asset).iter().zip(mean).map(|(value, mean)| value - mean).collect()
}

fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (sum, count) =
        values.into_iter().fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / count
}

fn moments(values: &[f64]) -> Moments {
    let centre = mean(values.iter().copied());
    let variance = mean(values.iter().map(|value| (value - centre).powi(2)));
    let fourth = mean(values.iter().map(|value| (value - centre).powi(4)));
    Moments { mean: centre, variance, kurtosis: fourth / (variance * variance) }
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let (centre_a, centre_b) = (mean(a.iter().copied()), mean(b.iter().copied()));
    let product = mean(a.iter().zip(b).map(|(a, b)| (a - centre_a) * (b - centre_b)));
    product / (moments(a).variance * moments(b).variance).sqrt()
}

/// The law of an asset's shocks by that of the day: mean and variance 1 of what is drawn.
fn standardised(simulated: &Simulated, asset: usize) -> Vec<f64> {
    let variance = &simulated.truth.variance[asset];
    shocks(simulated, asset).iter().zip(variance).map(|(shock, h)| shock / h.sqrt()).collect()
}

fn models() -> [Model; 5] {
    [
        Model::Garch(Garch::default()),
        Model::Garch(Garch::leveraged()),
        Model::Heston(Heston::default()),
        Model::Regimes(Regimes::default()),
        Model::Regimes(Regimes::two()),
    ]
}

/// Light enough tails for sums of fourth powers to settle.
const LIGHT: Garch =
    Garch { mean: 1e-3, omega: 1e-5, alpha: 0.05, gamma: 0.06, beta: 0.82, freedom: 14.0 };
/// A variance that forgets within days.
const FAST: Heston = Heston { drift: 0.1, speed: 50.0, level: 0.045, swing: 2.0, leverage: -0.6 };

#[test]
fn returns_have_the_moments_of_the_formulas() -> Result<()> {
    let states = Regimes::default().states;
    let transitions = vec![vec![0.8, 0.15, 0.05], vec![0.1, 0.8, 0.1], vec![0.1, 0.2, 0.7]];
    let regimes = Regimes { states, transitions };
    for (model, expected, days, session) in [
        (Model::Garch(LIGHT), LIGHT.moments(), 400_000, WHOLE),
        (Model::Heston(FAST), FAST.moments(), 60_000, Session { steps: 40, overnight: 0.1 }),
        (Model::Regimes(regimes.clone()), regimes.moments(), 400_000, WHOLE),
    ] {
        let simulated = simulate(&model, &market(days, 1, 0.0, session))?;
        let found = moments(&returns(&simulated, 0));
        let error = (expected.variance / days as f64).sqrt();
        assert!((found.mean - expected.mean).abs() < 4.0 * error, "{found:?} {expected:?}");
        assert!((found.variance / expected.variance - 1.0).abs() < 0.03, "{found:?} {expected:?}");
        assert!((found.kurtosis / expected.kurtosis - 1.0).abs() < 0.06, "{found:?} {expected:?}");
    }
    Ok(())
}

#[test]
fn formulas_agree_with_those_of_simpler_models() {
    // GARCH(1,1) with normal innovations: 3 (1 - p^2) / (1 - p^2 - 2 alpha^2) (Bollerslev 1986).
    let normal = Garch { gamma: 0.0, freedom: f64::INFINITY, ..LIGHT };
    let squared = normal.persistence().powi(2);
    let expected = 3.0 * (1.0 - squared) / (1.0 - squared - 2.0 * normal.alpha.powi(2));
    assert!((normal.moments().kurtosis - expected).abs() < 1e-12);
    assert_eq!(Garch::default().moments().kurtosis, f64::INFINITY);
    // Two states: the share of one is the chance to come to it, over that to go either way.
    let shares = Regimes::two().shares();
    assert!((shares[0] - 0.035 / 0.046).abs() < 1e-12 && (shares[1] - 0.011 / 0.046).abs() < 1e-12);
    let swinging = Regimes { transitions: vec![vec![0.0, 1.0], vec![1.0, 0.0]], ..Regimes::two() };
    assert_eq!(swinging.shares(), [0.5, 0.5]);
    let same = Regimes { states: vec![Regime { mean: 0.1, deviation: 0.2 }; 2], ..Regimes::two() };
    assert!((same.moments().kurtosis - 3.0).abs() < 1e-12);
}

#[test]
fn the_variance_of_garch_is_the_recursion_of_the_returns_in_the_table() -> Result<()> {
    for garch in [Garch::default(), Garch::leveraged()] {
        let market = Market::equal(3, 2000, 2, 0.5);
        let simulated = simulate(&Model::Garch(garch), &market)?;
        for asset in 0..2 {
            let variance = &simulated.truth.variance[asset];
            for (row, shock) in shocks(&simulated, asset).iter().enumerate().take(1999) {
                let expected = garch.next(*shock, variance[row]);
                assert!((variance[row + 1] / expected - 1.0).abs() < 1e-9, "row {row}");
            }
        }
    }
    Ok(())
}

#[test]
fn what_is_drawn_has_the_conditional_mean_and_variance_of_the_truth() -> Result<()> {
    let session = Session { steps: 20, overnight: 0.2 };
    for model in models() {
        let simulated = simulate(&model, &market(40_000, 1, 0.0, session))?;
        let found = moments(&standardised(&simulated, 0));
        assert!(found.mean.abs() < 0.02, "{model:?} {found:?}");
        assert!((found.variance - 1.0).abs() < 0.04, "{model:?} {found:?}");
        // On quiet and on restless days alike.
        let variance = &simulated.truth.variance[0];
        let middle = mean(variance.iter().copied());
        let of = |restless: bool| {
            let days = standardised(&simulated, 0).into_iter().zip(variance);
            mean(days.filter(|(_, h)| (**h > middle) == restless).map(|(z, _)| z * z))
        };
        assert!((of(false) - 1.0).abs() < 0.06 && (of(true) - 1.0).abs() < 0.06, "{model:?}");
    }
    Ok(())
}

#[test]
fn shocks_of_assets_have_the_correlations_that_are_asked_for() -> Result<()> {
    let matrix = vec![vec![1.0, 0.7, -0.2], vec![0.7, 1.0, 0.1], vec![-0.2, 0.1, 1.0]];
    for model in models() {
        let session = Session { steps: 4, overnight: 0.2 };
        let market = Market { correlation: matrix.clone(), ..market(30_000, 3, 0.0, session) };
        let simulated = simulate(&model, &market)?;
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            let found = correlation(&standardised(&simulated, a), &standardised(&simulated, b));
            assert!((found - matrix[a][b]).abs() < 0.03, "{model:?} {a} {b}: {found}");
        }
    }
    Ok(())
}

#[test]
fn losses_raise_the_variance_of_models_with_leverage_only() -> Result<()> {
    let leverage = |model: Model| -> Result<f64> {
        let session = Session { steps: 10, overnight: 0.2 };
        let simulated = simulate(&model, &market(20_000, 1, 0.0, session))?;
        let variance = &simulated.truth.variance[0];
        // Of the root, whose steps are alike at every height.
        let rises: Vec<f64> = variance.windows(2).map(|h| h[1].sqrt() - h[0].sqrt()).collect();
        Ok(correlation(&standardised(&simulated, 0)[..rises.len()], &rises))
    };
    assert!(leverage(Model::Garch(Garch::leveraged()))? < -0.3);
    assert!(leverage(Model::Garch(Garch::default()))?.abs() < 0.05);
    let found = leverage(Model::Heston(Heston::default()))?;
    assert!((found + 0.75).abs() < 0.03, "{found}");
    assert!(leverage(Model::Heston(Heston { leverage: 0.0, ..Heston::default() }))?.abs() < 0.05);
    Ok(())
}

#[test]
fn innovations_of_garch_have_the_kurtosis_of_student() -> Result<()> {
    let garch = Garch { freedom: 14.0, ..Garch::default() };
    let simulated = simulate(&Model::Garch(garch), &market(200_000, 1, 0.0, WHOLE))?;
    let found = moments(&standardised(&simulated, 0)).kurtosis;
    assert!((found / 3.6 - 1.0).abs() < 0.04, "{found}");
    Ok(())
}

#[test]
fn regimes_come_as_often_and_stay_as_long_as_the_chain_says() -> Result<()> {
    let regimes = Regimes::default();
    let simulated = simulate(&Model::Regimes(regimes.clone()), &market(200_000, 1, 0.0, WHOLE))?;
    let visited = simulated.truth.regime.expect("states");
    for (state, share) in regimes.shares().into_iter().enumerate() {
        let days = visited.iter().filter(|now| **now == state).count() as f64;
        assert!((days / 200_000.0 - share).abs() < 0.05, "{state}: {days}");
        let stays = visited.windows(2).filter(|pair| pair == &[state, state]).count() as f64;
        assert!((stays / days - regimes.transitions[state][state]).abs() < 0.01, "{state}");
        let day = visited.iter().position(|now| *now == state).expect("visited");
        let law = regimes.states[state];
        assert_eq!(simulated.truth.variance[0][day], law.deviation * law.deviation);
    }
    Ok(())
}

#[test]
fn open_high_low_and_close_are_in_order_and_days_are_weekdays_in_order() -> Result<()> {
    for model in models() {
        for session in [Session::default(), WHOLE, Session { steps: 2, overnight: 0.9 }] {
            let table = simulate(&model, &market(3000, 2, 0.5, session))?.table;
            for asset in &table.assets {
                let column = |column: &Option<Vec<f64>>| column.clone().expect("there");
                let (open, high, low) =
                    (column(&asset.open), column(&asset.high), column(&asset.low));
                for row in 0..3000 {
                    let ends = [open[row], asset.close[row]];
                    assert!(ends.iter().all(|end| (low[row]..=high[row]).contains(end)), "{row}");
                    assert!(low[row] > 0.0);
                }
            }
            let dates = table.dates.expect("days");
            assert_eq!(dates[5].to_string(), "2000-01-10");
            assert!(dates.is_sorted_by(|a, b| a < b));
            assert!(dates.iter().all(|day| day.weekday().to_monday_zero_offset() < 5));
        }
    }
    Ok(())
}

#[test]
fn ranges_are_those_of_brownian_motion() -> Result<()> {
    // Parkinson 1980: the squared log range has the mean 4 ln 2 times the variance; 1000 steps see
    // 0.05 deviations less of the range (Broadie, Glasserman & Kou 1997), 5 % of its square.
    let calm = Regimes {
        states: vec![Regime { mean: 0.0, deviation: 0.01 }],
        transitions: vec![vec![1.0]],
    };
    let session = Session { steps: 1000, overnight: 0.0 };
    let table = simulate(&Model::Regimes(calm), &market(4000, 1, 0.0, session))?.table;
    let (high, low) = (table.assets[0].high.as_ref(), table.assets[0].low.as_ref());
    let pairs = high.into_iter().flatten().zip(low.into_iter().flatten());
    let found = mean(pairs.map(|(high, low)| (high / low).ln().powi(2))) / 1e-4;
    assert!((found / (0.95 * 4.0 * 2f64.ln()) - 1.0).abs() < 0.04, "{found}");
    Ok(())
}

#[test]
fn a_night_has_its_share_of_the_variance() -> Result<()> {
    let session = Session { steps: 5, overnight: 0.3 };
    let simulated = simulate(&Model::Regimes(Regimes::two()), &market(40_000, 1, 0.0, session))?;
    let asset = &simulated.table.assets[0];
    let opens = asset.open.as_ref().expect("opens").iter().skip(1);
    let nights: Vec<f64> =
        opens.zip(&asset.close).map(|(open, close)| (open / close).ln()).collect();
    let share = moments(&nights).variance / moments(&returns(&simulated, 0)).variance;
    assert!((share - 0.3).abs() < 0.015, "{share}");
    Ok(())
}

#[test]
fn a_seed_repeats_a_market_whose_first_days_do_not_depend_on_the_last() -> Result<()> {
    for model in models() {
        let short = simulate(&model, &Market::equal(5, 30, 2, 0.3))?;
        let long = simulate(&model, &Market::equal(5, 40, 2, 0.3))?;
        assert_eq!(simulate(&model, &Market::equal(5, 40, 2, 0.3))?, long);
        for asset in 0..2 {
            assert_eq!(short.table.assets[asset].close, long.table.assets[asset].close[..30]);
            assert_eq!(short.truth.variance[asset], long.truth.variance[asset][..30]);
        }
        let other = simulate(&model, &Market::equal(6, 30, 2, 0.3))?;
        assert_ne!(other.table.assets[0].close, short.table.assets[0].close);
    }
    Ok(())
}

#[test]
fn what_has_no_stationary_law_or_is_no_correlation_is_refused() {
    let message =
        |model: Model, market: Market| simulate(&model, &market).expect_err("refused").to_string();
    let single = || Market::single(1, 10);
    let explosive = Model::Garch(Garch { beta: 0.95, ..Garch::default() });
    assert!(
        message(explosive, single()).contains("alpha + gamma / 2 + beta: expected less than 1")
    );
    let heavy = Model::Garch(Garch { freedom: 2.0, ..Garch::default() });
    assert!(message(heavy, single()).contains("degrees of freedom: expected 2.01 to inf, found 2"));
    let negative = Model::Heston(Heston { level: -0.1, ..Heston::default() });
    assert!(message(negative, single()).contains("level: expected 0.00000001 to 10, found -0.1"));
    let transitions = vec![vec![0.5, 0.4], vec![0.5, 0.5]];
    let leaky = Model::Regimes(Regimes { transitions, ..Regimes::two() });
    assert!(
        message(leaky, single()).contains("transitions from state 0: expected 2 probabilities")
    );
    let garch = || Model::Garch(Garch::default());
    for correlation in [
        vec![vec![1.0, 0.5], vec![0.4, 1.0]],
        vec![vec![1.0, 1.0], vec![1.0, 1.0]],
        vec![vec![1.0, 0.9, -0.9], vec![0.9, 1.0, 0.9], vec![-0.9, 0.9, 1.0]],
        vec![vec![2.0]],
        vec![vec![1.0, 0.0]],
    ] {
        let text = message(garch(), Market { correlation, ..single() });
        assert!(text.contains("correlation: expected a symmetric, positive definite"), "{text}");
    }
    assert!(
        message(garch(), Market { days: 0, ..single() }).contains("days: expected 1 to 1000000")
    );
}
