#!/usr/bin/env bash
# Configures, builds and tests presets one after another: scripts/test.sh release asan ...
# `asan-sample` is the part of asan that reads hostile input; the full one takes several times as long.
set -euo pipefail
cd "$(dirname "$0")/.."

for name in "$@"; do
  preset=${name%-sample}
  echo "== $name"
  cmake --preset "$preset" >/dev/null
  if [ "$name" = "$preset" ]; then
    cmake --build --preset "$preset"
    ctest --preset "$preset"
  else
    cmake --build --preset "$preset" --target test_sample
    ctest --preset "$preset" --label-regex sample
  fi
done
