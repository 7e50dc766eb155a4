//! The `maps` command.

fn main() -> std::process::ExitCode {
    generativa::cli::main::<maps::Maps>()
}
