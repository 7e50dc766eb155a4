use super::*;

/// Whether every tag is closed by its own name, in order, and no text holds a loose `<` or `&`.
fn is_balanced(svg: &str) -> bool {
    let mut open: Vec<&str> = Vec::new();
    for part in svg.split('<').skip(1) {
        let Some((tag, text)) = part.split_once('>') else { return false };
        let entity = |rest: &str| {
            ["amp;", "lt;", "gt;", "quot;", "#39;"].iter().any(|name| rest.starts_with(name))
        };
        let quoted = tag.matches('"').count() % 2 == 0;
        if !quoted || text.contains('>') || !part.split('&').skip(1).all(entity) {
            return false;
        }
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        match tag.strip_prefix('/') {
            Some(closed) if open.pop() != Some(closed) => return false,
            None if !tag.ends_with('/') => open.push(name),
            _ => {}
        }
    }
    open.is_empty() && svg.starts_with("<svg ")
}

fn strip<'a>(samples: &'a [f32], heat: &'a [f32]) -> Strip<'a> {
    Strip {
        id: "a",
        frequency: 100.0,
        leads: vec![Lead { name: "MLII", samples, heat }],
        ..Strip::default()
    }
}

/// Data of the trace of the first lead.
fn trace_of(svg: &str) -> &str {
    let trace = svg.split("class=\"trace\" d=\"").nth(1).unwrap_or_default();
    trace.split('"').next().unwrap_or_default()
}

#[test]
fn a_second_is_25_mm_and_a_millivolt_is_10_mm() {
    let mut samples = [0.0; 101];
    samples[50..].fill(1.0);
    // The signal begins behind the margin and its column.
    let at = trace_of(&strip(&samples, &[]).svg()).to_owned();
    assert_eq!(at, "M20 30l12.25 0l0.25 -10l12.5 0");
}

#[test]
fn the_pulse_is_a_millivolt_high_and_a_fifth_of_a_second_long() {
    let svg = strip(&[0.0; 10], &[]).svg();
    assert!(svg.contains("class=\"trace pulse\" d=\"M7.5 30h2.5v-10h5v10h2.5\""), "{svg}");
}

#[test]
fn the_size_of_the_drawing_is_that_of_the_paper() {
    let svg = strip(&[0.0; 1000], &[]).svg();
    // Ten seconds, the column and the margins.
    assert!(svg.contains("width=\"275mm\"") && svg.contains("viewBox=\"0 0 275 "), "{svg}");
}

#[test]
fn whole_seconds_lie_on_bold_lines_and_say_the_time() {
    let svg = Strip { start: 3723.35, ..strip(&[0.0; 200], &[]) }.svg();
    assert_eq!(svg.matches("v1.5\"/>").count(), 2);
    for time in ["1:02:04", "1:02:05"] {
        let before = svg.split(&format!(">{time}</text>")).next().unwrap_or_default();
        let x = before.rsplit("x=\"").next().and_then(|x| x.split('"').next());
        let x: f64 = x.and_then(|x| x.parse().ok()).unwrap_or_default();
        assert!((x - MARGIN).rem_euclid(BOX) < 0.011, "{time} at {x}");
    }
}

#[test]
fn a_missing_stretch_breaks_the_trace() {
    let mut samples = [0.0; 100];
    samples[40..60].fill(f32::NAN);
    let svg = strip(&samples, &[]).svg();
    assert_eq!(trace_of(&svg).matches('M').count(), 2);
    assert!(!svg.contains("NaN"));
}

#[test]
fn what_is_off_the_lane_is_clipped_and_the_lane_stays_bounded() {
    let svg = strip(&[0.0, 1e30, f32::INFINITY, -1e30, 0.0], &[]).svg();
    let clip = Area { left: 20.0, top: 15.0, width: 95.0, height: ABOVE[1] + BELOW[1] };
    assert!(svg.contains(&clip.clip("a-lane-0")), "{svg}");
    assert!(svg.contains("<g clip-path=\"url(#a-lane-0)\"><path class=\"trace\""), "{svg}");
}

#[test]
fn heat_is_only_where_it_was_asked_for() {
    let heat = [0.0, 0.0, 1.0, 1.0, 0.0];
    let [cold, hot] = [&[][..], &heat].map(|heat| strip(&[0.0; 5], heat).svg());
    assert!(!cold.contains("class=\"heat\"") && !cold.contains("largest anomaly"));
    assert!(hot.contains("class=\"heat\"") && hot.contains("largest anomaly"));
    let second = Lead { name: "V1", samples: &[0.0; 5], heat: &[] };
    let mut both = strip(&[0.0; 5], &heat);
    both.leads.push(second);
    assert_eq!(both.svg().matches("class=\"heat\"").count(), 1);
}

#[test]
fn every_drawing_says_its_scale_and_what_it_is_not() {
    let plain = strip(&[0.0; 5], &[]);
    let filtered = Strip { band: Some([0.5, 40.0]), ..plain.clone() }.svg();
    assert!(filtered.contains(">25 mm/s  10 mm/mV  0.5-40 Hz</text>"), "{filtered}");
    assert!(plain.svg().contains(">25 mm/s  10 mm/mV  unfiltered</text>"));
    let beat = BeatFigure { frequency: 100.0, values: &[0.0, 1.0], ..BeatFigure::default() };
    for svg in [filtered, beat.svg()] {
        assert!(svg.contains(">not a medical device</text>"));
    }
}

#[test]
fn no_text_can_become_markup() {
    const EVIL: &str = "</text><script>&\"'";
    let heat = [1.0; 5];
    let leads = vec![Lead { name: EVIL, samples: &[0.0; 5], heat: &heat }];
    let marks = vec![Mark { frame: 2, label: EVIL, odd: true }];
    let (id, title, footnote) = (EVIL, EVIL, EVIL);
    let (frequency, start) = (100.0, 0.0);
    let strip = Strip { id, title, footnote, frequency, start, band: None, leads, marks };
    let (values, unit) = (&heat[..], EVIL);
    let expected = Some(Expected { mean: values, deviation: values });
    let neighbour = Some(Neighbour { values, label: EVIL });
    let beat = BeatFigure {
        id,
        title,
        footnote,
        frequency,
        peak: 2.0,
        unit,
        values,
        expected,
        neighbour,
        heat: values,
    };
    for svg in [strip.svg(), beat.svg()] {
        assert!(is_balanced(&svg), "{svg}");
        assert!(!svg.contains("<script") && svg.contains("&lt;script&gt;"), "{svg}");
    }
    assert!(!is_balanced("<svg a=\"\"><g></svg></g>") && !is_balanced("<svg x=\"1\">a & b</svg>"));
}

#[test]
fn empty_drawings_hold_only_numbers() {
    let strip = Strip { frequency: 360.0, ..Strip::default() };
    let beat = BeatFigure { frequency: 360.0, ..BeatFigure::default() };
    for svg in [strip.svg(), beat.svg()] {
        assert!(is_balanced(&svg) && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}

#[test]
fn the_r_peak_of_a_beat_is_its_zero_of_time() {
    let mut values = [0.0; 71];
    values[25] = 1.0;
    let (frequency, peak) = (100.0, 25.0);
    let beat = BeatFigure { frequency, peak, values: &values, ..BeatFigure::default() };
    let svg = beat.svg();
    // 250 of 700 ms from the left of a plot of 140 mm that begins at 21 mm.
    let zero = "<text x=\"71\"";
    let label = svg.split(zero).skip(1).any(|rest| rest.contains(">0</text>"));
    assert!(label && svg.contains("<text class=\"lead\" x=\"71\""), "{svg}");
}

#[test]
fn a_band_without_bounds_does_not_flatten_the_beat() {
    let values = [0.0, 1.0, 0.0];
    let [narrow, wide] = [0.01, 1000.0].map(|deviation| {
        let deviation = [deviation; 3];
        let expected = Some(Expected { mean: &values, deviation: &deviation });
        BeatFigure { frequency: 100.0, values: &values, expected, ..BeatFigure::default() }.svg()
    });
    let height = |svg: &str| {
        let trace = svg.split("class=\"trace large\" d=\"M21 ").nth(1).unwrap_or_default();
        let step = trace.split("l70 -").nth(1).unwrap_or_default();
        step.split('l').next().and_then(|rise| rise.parse::<f64>().ok()).unwrap_or_default()
    };
    assert!(height(&narrow) > 40.0 && height(&wide) > 30.0, "{wide}");
}
