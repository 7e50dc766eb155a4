//! The `market` command.

fn main() -> std::process::ExitCode {
    generativa::cli::main::<market::Market>()
}
