#!/usr/bin/env bash
# Takes one picture of 28 x 28 bytes out of an IDX file: scripts/picture.sh IMAGES.gz NUMBER FILE.png
# (With nothing but the tools every Debian has, so that the demo needs no package for it.)
set -euo pipefail
images=$1 number=$2 file=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

words() { # numbers, four bytes each, the highest first
  local value
  for value; do
    printf "\\x$(printf %02x $((value >> 24 & 255)))\\x$(printf %02x $((value >> 16 & 255)))"
    printf "\\x$(printf %02x $((value >> 8 & 255)))\\x$(printf %02x $((value & 255)))"
  done
}
chunk() { # a PNG's chunk of this type with standard input as content; gzip ends with the checksum that a chunk ends with
  cat >"$work/content"
  { printf %s "$1"; cat "$work/content"; } >"$work/chunk"
  words "$(stat -c %s "$work/content")"
  cat "$work/chunk"
  words "$(gzip -c "$work/chunk" | tail -c 8 | od -An -tu4 -N4 --endian=little)"
}

# A header of 16 bytes, then 784 bytes a picture. A PNG has each line of pixels after a zero, here stored uncompressed.
gzip -dc "$images" >"$work/images"
for row in $(seq 0 27); do
  printf '\0'
  tail -c "+$((17 + 784 * number + 28 * row))" "$work/images" | head -c 28 || true
done >"$work/lines"
adler=$(od -An -v -tu1 -w1 "$work/lines" |
  awk 'BEGIN { a = 1 } { a = (a + $1) % 65521; b = (b + a) % 65521 } END { print b * 65536 + a }')
{
  printf '\x89PNG\r\n\x1a\n'
  { words 28 28; printf '\x08\0\0\0\0'; } | chunk IHDR
  { printf '\x78\x01\x01\x2c\x03\xd3\xfc'; cat "$work/lines"; words "$adler"; } | chunk IDAT
  chunk IEND </dev/null
} >"$file"
