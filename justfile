set positional-arguments
set shell := ["bash", "-euo", "pipefail", "-c"]

# List the recipes
[private]
default:
    @just --list --unsorted

# Maps: train, sample, evaluate, report, demo and more; `just maps --help`
[group('apps')]
maps *args:
    @cargo run --quiet --package maps -- "$@"

# Heart beats: train, detect, explain, watch, evaluate and more; `just ecg --help`
[group('apps')]
ecg *args:
    @cargo run --quiet --package ecg -- "$@"

# Markets: train, sample, evaluate, report, demo; `just market --help`
[group('apps')]
market *args:
    @cargo run --quiet --package market -- "$@"

# Train on embedded dungeons, draw new ones and write a page: out/demo/maps/report.html
[group('start here')]
demo *args:
    cargo run --package maps -- demo "$@"

# Run every test; data, fixtures and judges are found beside the checkout or by GENERATIVA_*
[group('start here')]
test *args:
    cargo build --workspace --bins
    cargo test --workspace --doc
    cargo test --workspace --lib --bins
    @if [[ -n "${GENERATIVA_DATA:-}" || -d ../shared/datasets ]]; then cargo test --package generativa-datasets --package ecg --lib -- --ignored; fi
    cargo test --package suite-tests --test suite -- "$@"

# Data sets: `just data list`, `just data fetch NAME`, `just data verify`
[group('data')]
data *args:
    @cargo run --quiet --package suite -- data "$@"

# Times of operations and training steps; `--against-pytorch` runs PyTorch in turn, `--record` writes BENCHMARKS.md
[group('work on it')]
bench *args:
    cargo bench --quiet --profile dev --package generativa --bench speed -- "$@"

# Format, lint and document: what CI asks for beside the tests
[group('work on it')]
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet

# Licences and sources of all dependencies (needs cargo-deny)
[group('work on it')]
deny:
    cargo deny check licenses bans sources
