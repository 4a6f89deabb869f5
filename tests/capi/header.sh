#!/usr/bin/env bash
# The header alone compiles without a warning as C99 to C17 and C++98 to C++20: header.sh INCLUDE C_COMPILER CXX_COMPILER
set -euo pipefail
include=$1 c=$2 cxx=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo '#include <webai/webai.h>
int main(void) { return WEBAI_OK; }' >"$work/header.c"
cp "$work/header.c" "$work/header.cpp"
flags=(-pedantic -Wall -Wextra -Werror -fsyntax-only -I "$include")
for standard in c99 c11 c17; do "$c" -std=$standard "${flags[@]}" "$work/header.c"; done
for standard in 98 11 14 17 20; do "$cxx" -std=c++$standard "${flags[@]}" "$work/header.cpp"; done
