#!/usr/bin/env bash
# Installs a build into a fresh folder, moves it, and builds and runs a stranger's program against it, found by CMake
# and by pkg-config, shared and static: check.sh BUILD_DIR COMPILER
set -euo pipefail
build=$1 compiler=$2
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/first" >/dev/null
mv "$work/first" "$work/prefix"  # nothing installed may remember where it was put

run() { # NAME PROGRAM: what it prints shows that it ran
  echo "$1: $(LD_LIBRARY_PATH="$library" "$2")"
}
library=$(dirname "$(find "$work/prefix" -name 'libwebai.so.1')")

cmake -S "$here/consumer" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_CXX_COMPILER="$compiler" \
  -DCMAKE_BUILD_TYPE=Release >/dev/null
if grep -E '_DIR:PATH' "$work/build/CMakeCache.txt" | grep -v '^webai_DIR'; then
  echo "the package looks for others"
  exit 1
fi
cmake --build "$work/build" >/dev/null
for kind in webai shared static; do run "find_package, $kind" "$work/build/consumer_$kind"; done

# The same of a project that knows no C++.
cmake -S "$here/c_consumer" -B "$work/c_build" -DCMAKE_PREFIX_PATH="$work/prefix" >/dev/null
cmake --build "$work/c_build" >/dev/null
for kind in shared static; do run "find_package in C, $kind" "$work/c_build/consumer_$kind"; done

export PKG_CONFIG_PATH="$library/pkgconfig"
"$compiler" -std=c++20 "$here/consumer/consumer.cpp" -o "$work/shared" $(pkg-config --cflags --libs webai)
run "pkg-config, shared" "$work/shared"
"$compiler" -std=c++20 "$here/consumer/consumer.cpp" -o "$work/static" $(pkg-config --cflags webai) \
  "$library/libwebai.a" $(pkg-config --static --libs webai | sed 's/-lwebai\b//')
run "pkg-config, static" "$work/static"

# Each public header compiles alone: what it needs, it includes.
for header in "$work"/prefix/include/webai/*.hpp; do
  echo "#include <webai/$(basename "$header")>" |
    "$compiler" -std=c++20 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I "$work/prefix/include" -x c++ -
done

# The shared library shows its own names only, under its version, and is linked by the soname of its major version.
readelf -d "$library/libwebai.so" | grep -q 'SONAME.*libwebai\.so\.1\]'
strangers=$(nm -D --defined-only --demangle "$library/libwebai.so" | grep -E '^[0-9a-f]+ [A-Za-z] ' |
  grep -vE ' [A-Za-z] (webai::|webai_|(typeinfo|typeinfo name|vtable|guard variable) for webai::|WEBAI_1)' || true)
if [ -n "$strangers" ]; then
  printf 'the shared library shows foreign names:\n%s\n' "$strangers"
  exit 1
fi
