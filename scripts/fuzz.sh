#!/usr/bin/env bash
# Fuzzes the parsers of foreign bytes: each target a share of the seconds, from the kept corpus.
# usage: scripts/fuzz.sh [SECONDS] (60). A finding is left in fuzz/artifacts and fails the run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/common.sh

seconds=${1:-60}
targets=(code lists notes table bankfile)
version=0.13.2
fuzzer=$TARGET/tools/cargo-fuzz-$version

if [[ ! -x $fuzzer/bin/cargo-fuzz ]]; then
  say "installing cargo-fuzz $version"
  cargo install --quiet --locked --root "$fuzzer" cargo-fuzz@$version
fi
# Coverage without a sanitizer needs no nightly compiler; our code has no unsafe part to watch.
export CARGO_TARGET_DIR=$TARGET/fuzz PATH=$fuzzer/bin:$PATH
cargo fuzz build --sanitizer none
each=$((seconds / ${#targets[@]} + 1))
for target in "${targets[@]}"; do
  found=$TARGET/fuzz/corpus/$target
  mkdir -p "$found" "fuzz/artifacts/$target"
  say "fuzz $target for $each s"
  log=$TARGET/fuzz/$target.log
  if ! cargo fuzz run --sanitizer none "$target" "$found" "fuzz/corpus/$target" -- \
    -max_total_time="$each" -timeout=10 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 \
    -artifact_prefix="fuzz/artifacts/$target/" >"$log" 2>&1; then
    grep -aE -A2 'panicked|ERROR|SUMMARY' "$log" >&2 || true
    die "fuzz $target found something: fuzz/artifacts/$target"
  fi
  say "fuzz $target: $(grep -aoE 'number_of_executed_units: [0-9]+' "$log" | grep -oE '[0-9]+') inputs"
done
