#!/usr/bin/env bash
# Configures, builds and tests presets one after another: scripts/test.sh release asan ...
# `release-long` is what takes minutes: thousands of random models.
# `asan-sample` is the part of asan that reads hostile input; the full one takes several times as long.
set -euo pipefail
cd "$(dirname "$0")/.."

for name in "$@"; do
  preset=${name%-sample}
  preset=${preset%-long}
  echo "== $name"
  cmake --preset "$preset" >/dev/null
  if [ "$name" = "$preset" ]; then
    cmake --build --preset "$preset"
    ctest --preset "$preset"
  elif [ "$name" = "$preset-long" ]; then
    cmake --build --preset "$preset"
    ctest --preset "$preset" --build-config long --label-regex long
  else
    cmake --build --preset "$preset" --target test_sample
    ctest --preset "$preset" --label-regex sample
  fi
done
