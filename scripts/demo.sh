#!/usr/bin/env bash
# Trains examples/clothing.json on Fashion-MNIST and recognises one picture of its test set.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${WEBAI_DATA:-/usr/share/datasets/fashion-mnist}
picture=${PICTURE:-7}  # which picture of the test set to recognise

for part in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
  if [ ! -f "$data/$part-ubyte.gz" ]; then
    echo "demo: $data/$part-ubyte.gz is missing: install the package dataset-fashion-mnist," >&2
    echo "or set WEBAI_DATA to a folder with the four files of Fashion-MNIST or MNIST." >&2
    exit 1
  fi
done

cmake --preset release -DWEBAI_BUILD_TESTS="${WEBAI_BUILD_TESTS:-OFF}" >/dev/null
cmake --build --preset release --target webai_cli
webai=build/release/webai
test_set="idx:$data/t10k-images-idx3-ubyte.gz,$data/t10k-labels-idx1-ubyte.gz"

"$webai" train examples/clothing.json \
  --data "idx:$data/train-images-idx3-ubyte.gz,$data/train-labels-idx1-ubyte.gz" --test "$test_set" \
  --options examples/clothing-training.json --out clothing.json --plot clothing.svg

scripts/picture.sh "$data/t10k-images-idx3-ubyte.gz" "$picture" picture.png
echo "picture $picture of the test set $("$webai" run clothing.json --input picture.png)"
echo "try next:  $webai info clothing.json     $webai run clothing.json --input picture.png"
