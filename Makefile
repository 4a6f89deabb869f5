# The short way to everything; each line below is what a person would type. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help demo test test-all fuzz bench format tidy requirements packages build clean
SHELL := /bin/bash
export CCACHE_BASEDIR ?= $(CURDIR)
export CCACHE_NOHASHDIR ?= 1

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

demo: ## install what is missing, build, train on 60,000 pictures of clothing, recognise one
	@scripts/packages.sh build
	@scripts/demo.sh

build: ## build the release preset with everything but benchmarks
	@scripts/packages.sh build test
	cmake --preset release
	cmake --build --preset release

test: ## install what is missing, build and run the tests, and a sample under sanitizers
	@scripts/packages.sh build test
	@scripts/test.sh release asan-sample

test-all: ## every preset and sanitizer, in full
	@scripts/packages.sh build test develop
	@scripts/test.sh release release-long debug asan tsan clang19 core-only
	@scripts/fuzz.sh 60

fuzz: ## a minute of each fuzzer
	@scripts/packages.sh build test develop
	@scripts/fuzz.sh 60

bench: ## build and run the benchmarks
	@scripts/packages.sh build develop
	cmake --preset bench
	cmake --build --preset bench
	for program in build/bench/bench/bench_*; do if [ -x $$program ] && [ -f $$program ]; then $$program; fi; done

format: ## lay out the sources by .clang-format
	git ls-files '*.cpp' '*.h' '*.hpp' '*.c' | xargs clang-format -i

tidy: ## look for bugs with clang-tidy (slow)
	@scripts/packages.sh build test develop
	cmake --preset clang19 -B build/tidy -DCMAKE_UNITY_BUILD=OFF
	git ls-files 'src/*.cpp' 'capi/*.cpp' | xargs -P 2 -n 4 clang-tidy -p build/tidy --quiet

requirements: ## check that each test of docs/requirements.md ran in the last `make test`, list rows without one
	@tests/structure/requirements.py . --ran build/release

packages: ## install every package the targets above use
	@scripts/packages.sh build test develop

clean: ## remove everything built
	rm -rf build clothing.json clothing.svg picture.png
