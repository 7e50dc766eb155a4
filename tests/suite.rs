//! Tests of the workspace as a whole: one binary, one trial for each app, fixture and rule.
//! Formulas are tested beside their code.

mod architecture;
mod every_app;
mod exports;
mod judges;
mod places;
mod recordings;
mod records;
mod reference;
mod risk;
mod scenarios;

use libtest_mimic::Arguments;

fn main() {
    let mut arguments = Arguments::from_args();
    // Trials start programs that use all cores themselves.
    arguments.test_threads.get_or_insert(1);
    let mut trials = architecture::trials();
    trials.extend(places::with("GENERATIVA_JUDGES", "judges", judges::trials));
    trials.extend(places::with("GENERATIVA_FIXTURES", "fixtures", reference::trials));
    trials.extend(places::with("GENERATIVA_DATA", "datasets", risk::trials));
    trials.extend(exports::trials());
    trials.extend(every_app::trials());
    trials.extend(recordings::trials());
    trials.extend(records::trials());
    trials.extend(scenarios::trials());
    libtest_mimic::run(&arguments, trials).exit();
}
