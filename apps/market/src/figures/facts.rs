//! The stylised facts: for each the band of the history, laid on one width, and where the
//! history, the model and its network stand.

use generativa::metrics::quantile::quantile;
use generativa::metrics::stylised_facts::{COUNT, FACTS};

use super::sheet::{Mark, WIDTH, between, dot, legend, line, sheet, text};
use crate::study::Facts;

const ROW: f64 = 27.0;
const TOP: f64 = 84.0;
/// The strip, between the name of a fact and its figures.
const STRIP: [f64; 2] = [310.0, 680.0];
/// Where the columns of figures end: real, band, model, network.
const COLUMNS: [f64; 4] = [742.0, 884.0, 948.0, 1020.0];
/// Half widths of a band from its middle to the end of the strip.
const REACH: f64 = 2.5;

/// A row a fact: dots for the real history, the median of the paths of the model, with the line of
/// their middle 90 %, and the median of those of the network, where there is one; then the figures.
pub fn facts_figure(facts: &Facts) -> String {
    let model = Facts::medians(&facts.model);
    let network = facts.network.as_ref().map(|paths| Facts::medians(paths));
    let marks = [
        (Mark::Band, "band of the history"),
        (Mark::Dot("dot real"), "history"),
        (Mark::Dot("dot model"), "model"),
        (Mark::Dot("ring"), "its network"),
    ];
    let without = usize::from(network.is_none());
    let mut svg = legend([20.0, 32.0], &marks[..marks.len() - without]);
    let heads = ["history", "band", "model", "network"];
    for (name, x) in heads.into_iter().zip(COLUMNS).take(heads.len() - without) {
        svg += &text("", [x, TOP - 12.0], "end", name);
    }
    for fact in 0..COUNT {
        let (name, unit) = words(FACTS[fact].name);
        let row = Row {
            middle: TOP + (fact as f64 + 0.5) * ROW,
            low: unit * facts.band.low[fact],
            high: unit * facts.band.high[fact],
        };
        svg += &row.frame(name);
        let spread: Vec<f64> = facts.model.iter().map(|one| unit * one[fact]).collect();
        let [real, model] = [facts.real[fact], model[fact]].map(|value| unit * value);
        let network = network.map(|medians| unit * medians[fact]);
        svg += &row.marks(real, model, network, &spread);
        svg += &row.figures(real, std::iter::once(model).chain(network));
    }
    sheet(
        "Twenty stylised facts of the history and of generated ones",
        TOP + COUNT as f64 * ROW + 14.0,
        &svg,
    )
}

/// One fact.
struct Row {
    middle: f64,
    low: f64,
    high: f64,
}

impl Row {
    /// Name, rule and band.
    fn frame(&self, name: &str) -> String {
        let top = self.middle - ROW / 2.0;
        let mut svg = line("rule", [[20.0, top], [WIDTH - 20.0, top]].into_iter());
        svg += &text("name", [20.0, self.middle + 4.5], "start", name);
        let ends = [self.x(self.low), self.x(self.high)];
        let edge = |y: f64| ends.map(|x| [x, y]);
        svg + &between(&edge(self.middle + 9.0), &edge(self.middle - 9.0))
    }

    fn marks(&self, real: f64, model: f64, network: Option<f64>, spread: &[f64]) -> String {
        let mut svg = String::new();
        if spread.iter().all(|value| value.is_finite()) && !spread.is_empty() {
            let ends = [0.05, 0.95].map(|level| [self.x(quantile(spread, level)), self.middle]);
            svg += &line("line model\" style=\"stroke-opacity:.45", ends.into_iter());
        }
        let network = network.map(|value| ("ring", value, 4.5));
        let marks = [("dot real", real, 5.5), ("dot model", model, 5.5)];
        for (class, value, radius) in network.into_iter().chain(marks) {
            if value.is_finite() && self.low < self.high {
                svg += &dot(class, [self.x(value), self.middle], radius);
            }
        }
        svg
    }

    /// Those that lie outside of the band are faint and marked.
    fn figures(&self, real: f64, made: impl Iterator<Item = f64> + Clone) -> String {
        let known = [real, self.low, self.high].into_iter();
        let size = known.chain(made.clone()).filter(|x| x.is_finite());
        let size = size.fold(0.0, |most: f64, value| most.max(value.abs()));
        let y = self.middle + 4.5;
        let band = format!("{} to {}", number(self.low, size), number(self.high, size));
        let mut svg = text("name number", [COLUMNS[0], y], "end", &number(real, size));
        svg += &text("number", [COLUMNS[1], y], "end", &band);
        for (value, x) in made.zip(&COLUMNS[2..]) {
            let inside = (self.low..=self.high).contains(&value);
            let class = if inside { "name number" } else { "out number" };
            svg += &text(class, [*x, y], "end", &number(value, size));
        }
        svg
    }

    /// Where a value stands: the band in the middle, what lies far beyond it at an end.
    fn x(&self, value: f64) -> f64 {
        let (middle, half) = ((self.low + self.high) / 2.0, (self.high - self.low) / 2.0);
        let share = (value - middle) / half / REACH;
        let centre = (STRIP[0] + STRIP[1]) / 2.0;
        centre + share.clamp(-1.0, 1.0) * (STRIP[1] - STRIP[0]) / 2.0
    }
}

/// A fact in a few words, and how many of their units one of the fact is.
fn words(name: &'static str) -> (&'static str, f64) {
    let words = match name {
        "mean" => return ("mean return, % a day", 100.0),
        "standard-deviation" => return ("standard deviation, % a day", 100.0),
        "skewness" => "skewness",
        "excess-kurtosis" => "excess kurtosis",
        "quantile-1" => "1 % quantile, in standard deviations",
        "quantile-99" => "99 % quantile, in standard deviations",
        "tail-index-losses" => "tail index of losses (lower: heavier)",
        "tail-index-gains" => "tail index of gains (lower: heavier)",
        "autocorrelation-1" => "correlation of returns, 1 day apart",
        "autocorrelation-2-10" => "    of returns, 2 to 10 days apart",
        "clustering-1" => "correlation of sizes, 1 day apart",
        "clustering-2-10" => "    of sizes, 2 to 10 days apart",
        "clustering-11-50" => "    of sizes, 11 to 50 days apart",
        "clustering-51-100" => "    of sizes, 51 to 100 days apart",
        "clustering-squares" => "correlation of squares, 1 to 10 days apart",
        "leverage" => "leverage: a return and later sizes",
        "zumbach" => "Zumbach: trends foretell unrest",
        "gain-loss" => "waits for +5 % and −5 %, log ratio",
        "excess-kurtosis-20" => "excess kurtosis over 20 days",
        "drawdown" => "mean drawdown from the high of a year",
        other => other,
    };
    (words, 1.0)
}

/// With the digits that suit figures of a size.
fn number(value: f64, size: f64) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    let decimals = if size > 0.0 { (1.0 - size.log10().floor()).clamp(0.0, 6.0) } else { 1.0 };
    format!("{value:.0$}", decimals as usize).replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;
    use generativa::metrics::stylised_facts::Band;

    fn facts(model: f64) -> Facts {
        let band = Band { low: [-1.0; COUNT], high: [1.0; COUNT] };
        Facts {
            real: [0.1; COUNT],
            band,
            model: vec![[model; COUNT]; 3],
            network: Some(vec![[0.2; COUNT]]),
        }
    }

    #[test]
    fn every_fact_has_a_row_in_words_of_its_own() {
        let mut seen: Vec<&str> = FACTS.iter().map(|fact| words(fact.name).0).collect();
        assert!(
            FACTS.iter().all(|fact| fact.name == "skewness" || words(fact.name).0 != fact.name)
        );
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), COUNT);
        assert_eq!(facts_figure(&facts(0.0)).matches("class=\"out").count(), 0);
    }

    #[test]
    fn a_fact_far_out_stands_at_the_end_of_its_strip_and_one_that_is_missing_nowhere() {
        let far = facts_figure(&facts(50.0));
        assert_eq!(far.matches("cx=\"680.0\"").count(), COUNT);
        assert_eq!(far.matches("class=\"out").count(), COUNT);
        let missing = facts_figure(&facts(f64::NAN));
        assert!(!missing.contains("NaN") && missing.contains(">–<"), "{missing}");
    }

    #[test]
    fn figures_of_one_row_have_the_same_decimals() {
        assert_eq!([0.021, -0.0004].map(|value| number(value, 0.021)), ["0.021", "−0.000"]);
        assert_eq!(number(12.34, 12.34), "12");
    }
}
