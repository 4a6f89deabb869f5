#!/usr/bin/env bash
# Runs each fuzzer of tests/fuzz for some seconds: scripts/fuzz.sh [SECONDS [TARGET...]]. What it finds new lies in
# build/fuzz/corpus; an input that breaks the library stays in build/fuzz, with the command that repeats it.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
shift || true
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  for folder in tests/fuzz/corpus/*/; do targets+=("$(basename "$folder")"); done
fi

cmake --preset fuzz >/dev/null
cmake --build --preset fuzz --target "${targets[@]/#/fuzz_}"
for name in "${targets[@]}"; do
  found=build/fuzz/corpus/$name
  mkdir -p "$found"
  seeds=(tests/fuzz/corpus/"$name")
  [ "$name" = model ] && seeds+=(tests/conformance/json/test_parsing)
  echo "== fuzz $name, $seconds s"
  ASAN_OPTIONS=allocator_may_return_null=1:detect_stack_use_after_return=1 \
    "build/fuzz/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=8192 \
    -print_funcs=0 -verbosity=0 -print_final_stats=1 -artifact_prefix="build/fuzz/$name-" "$found" "${seeds[@]}"
done
