//! The `ecg` command.

fn main() -> std::process::ExitCode {
    generativa::cli::main::<ecg::Ecg>()
}
