#!/usr/bin/env python3
"""Reads every #include line and fails on an arrow that the architecture does not have (docs/architecture.md).

The three tables below are the whole rule. `includes.py ROOT` checks a tree; `includes.py --self-test` plants one
violation of each kind and fails unless all are found.
"""
import pathlib
import re
import sys
import tempfile

# Folder of src/ -> the folders (or single headers) it may include besides itself. Longest folder name wins.
CORE = ["core/base", "core/ir", "core/op", "core/ops", "core/model"]
EVERYTHING = ["core", "autodiff", "compiler", "training", "dataset", "interchange", "backends", "host", "network"]
ARROWS = {
    "core/base": [],
    "core/ir": CORE[:1],
    "core/op": CORE[:2],
    "core/ops": CORE[:3],
    "core/model": CORE[:4],
    "autodiff": CORE + ["backends/backend.h"],
    "compiler": CORE + ["backends/backend.h"],
    "dataset": CORE,
    "training": CORE + ["autodiff", "dataset", "backends/backend.h"],
    "interchange": CORE,
    "backends": CORE,
    "backends/host": CORE + ["backends/backend.h"],
    "backends/reference": CORE + ["backends/backend.h", "backends/host"],
    "backends/cpu": CORE + ["backends/backend.h", "backends/host"],
    "backends/vulkan": CORE + ["backends/backend.h"],
    "backends/opencl": CORE + ["backends/backend.h"],
    "host": ["core/base"],
    "network": EVERYTHING,
    "cli": [],
    "capi": [],
    "examples": [],
    "bench": EVERYTHING,
    "tests": EVERYTHING + ["cli", "capi"],
}

# Public header -> the folder that implements it. A folder may include the public headers of the folders it may include.
PUBLIC = {
    "export.hpp": "core/base",
    "error.hpp": "core/base",
    "dtype.hpp": "core/base",
    "shape.hpp": "core/base",
    "tensor.hpp": "core/base",
    "weights.hpp": "core/base",
    "context.hpp": "core/base",
    "profile.hpp": "core/base",
    "stop.hpp": "core/base",
    "json.hpp": "core/model",
    "variable.hpp": "autodiff",
    "operation.hpp": "core/model",
    "files.hpp": "host",
    "dataset.hpp": "dataset",
    "training.hpp": "training",
    "stream.hpp": "network",
    "values.hpp": "network",
    "files.hpp": "network",
    "algorithms.hpp": "network",
    "functions.hpp": "network",
    "network.hpp": "network",
    "webai.hpp": "network",
    "webai.h": "capi",
}
# Built on the public headers alone, and free to use all of them.
OUTSIDE = ["cli", "capi", "examples", "bench", "tests"]

# Third-party header (prefix) -> the folders it may appear in. Public headers may include none.
THIRD_PARTY = {
    "Eigen/": ["backends/reference"],
    "tbb/": ["host"],
    "oneapi/": ["host"],
    "hwy/": ["backends/cpu", "bench"],
    "cblas.h": ["backends/cpu"],
    "CL/": ["backends/opencl"],
    "vulkan/": ["backends/vulkan"],
    "nlohmann/": ["core/model", "cli", "tests"],
    "zlib.h": ["dataset", "tests"],
    "png.h": ["cli", "tests"],
    "CLI/": ["cli"],
    "fmt/": ["cli"],
    "catch2/": ["tests"],
    "benchmark/": ["bench"],
}
# The operating system's headers, for those who talk to it.
SYSTEM = re.compile(r"(unistd|fcntl|dlfcn|signal|pthread|sched|termios|poll|dirent)\.h|sys/.+|linux/.+")
SYSTEM_FOLDERS = ["host", "backends/opencl", "backends/vulkan", "cli", "tests", "bench"]
# Headers of the C++ standard library have no dot; of the C library these are used by C and intrinsics code.
STANDARD = re.compile(r"[a-z_0-9]+|(stdbool|stddef|stdint|stdio|stdlib|string|math|limits|float|assert)\.h|[a-z]*intrin\.h")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
SUFFIXES = {".cpp", ".h", ".hpp", ".c", ".inc"}


def covers(allowed, folder):
    """Whether a list of folders and headers names this folder, one above it, or this header."""
    return any(folder == one or folder.startswith(one + "/") for one in allowed)


def folder_of(path, tables):
    """The longest entry of a table that a path lies in."""
    found = [name for name in tables if path == name or path.startswith(name + "/")]
    return max(found, key=len, default=None)


def check_public(target, folder):
    """Why `folder` may not include the public header `target`, or None."""
    owner = PUBLIC.get(target)
    if owner is None:
        return f'"webai/{target}" has no owner: name one in PUBLIC of tests/structure/includes.py'
    if folder in OUTSIDE or owner == folder or covers(ARROWS[folder], owner):
        return None
    return f'{folder} includes "webai/{target}", which {owner} implements'


def check_own(target, folder, root, file):
    """Why `folder` may not include the file `target` of src/ (or, in tests, one beside it), or None."""
    owner = folder_of(target, [name for name in ARROWS if name not in ("tests", "bench", "examples", "capi")])
    if owner is None:
        places = [root / folder] + ([(root / file).parent] if folder == "tests" else [])
        if folder == "capi" and target.startswith("capi/"):
            places.append(root)
        if folder in OUTSIDE and any((place / target).exists() for place in places):
            return None
        return f'"{target}" is not a path from src/ or include/'
    if owner == folder or covers(ARROWS[folder], target) or covers(ARROWS[folder], owner):
        return None
    return f"{folder} includes {target} of {owner}"


def check_third_party(target, folder):
    """Why `folder` may not include the outside header `target`, or None."""
    for prefix, folders in THIRD_PARTY.items():
        if target == prefix or (prefix.endswith("/") and target.startswith(prefix)):
            return None if folder in folders else f"{folder} includes <{target}>, which belongs to {', '.join(folders)}"
    if SYSTEM.fullmatch(target):
        return None if folder in SYSTEM_FOLDERS else f"{folder} includes <{target}> of the operating system"
    if STANDARD.fullmatch(target):
        return None
    return f"<{target}> is unknown: name its folder in THIRD_PARTY of tests/structure/includes.py"


def check_include(root, file, quoted, angled):
    """Why this include of this file is wrong, or None. `file` is relative to the root."""
    target = quoted or angled
    name = file.as_posix()
    if name.startswith("include/webai/"):
        folder = PUBLIC.get(file.name)
        if folder is None:
            return f"{file.name} has no owner: name one in PUBLIC of tests/structure/includes.py"
        if target.startswith("webai/"):
            return check_public(target[len("webai/"):], folder)
        if quoted or not STANDARD.fullmatch(target):
            return f"a public header includes {target}: only the standard library and webai/ are allowed"
        return None
    folder = folder_of(name[len("src/"):] if name.startswith("src/") else name, ARROWS)
    if folder is None:
        return "the folder is not in ARROWS of tests/structure/includes.py"
    if target.startswith("webai/"):
        return check_public(target[len("webai/"):], folder)
    if quoted:
        return check_own(target, folder, root, file)
    return check_third_party(target, folder)


def sources(root):
    for top in ("include", "src", "capi", "examples", "bench", "tests"):
        for file in sorted((root / top).rglob("*")):
            relative = file.relative_to(root)
            vendored = relative.parts[:2] in (("tests", "conformance"), ("bench", "peers"), ("tests", "install"))
            if file.suffix in SUFFIXES and not vendored:
                yield relative


def check_tree(root):
    """All violations as `file:line: why`, and how many includes were read."""
    problems, count = [], 0
    for file in sources(root):
        text = (root / file).read_text(encoding="utf-8")
        for match in INCLUDE.finditer(text):
            count += 1
            why = check_include(root, file, *match.groups())
            if why:
                line = text.count("\n", 0, match.start()) + 1
                problems.append(f"{file}:{line}: {why}")
    return problems, count


PLANTED = {
    "src/core/base/upwards.cpp": '#include "core/ir/graph.h"',
    "src/core/op/upwards.cpp": '#include "core/ops/all_ops.h"',
    "src/compiler/sideways.cpp": '#include "autodiff/reverse.h"',
    "src/backends/cpu/sideways.cpp": '#include "backends/reference/kernels.h"',
    "src/backends/opencl/sideways.cpp": '#include "backends/host/executable.h"',
    "src/training/compiles.cpp": '#include "compiler/pipeline.h"',
    "src/host/high.cpp": '#include "core/op/registry.h"',
    "src/cli/inside.cpp": '#include "core/base/random.h"',
    "src/dataset/facade.cpp": '#include "webai/network.hpp"',
    "src/core/ir/eigen.cpp": "#include <Eigen/Core>",
    "src/core/ops/files.cpp": "#include <unistd.h>",
    "src/core/ops/stranger.cpp": "#include <boost/any.hpp>",
    "src/network/relative.cpp": '#include "../core/base/random.h"',
    "include/webai/tensor.hpp": "#include <Eigen/Core>",
    "include/webai/shape.hpp": '#include "webai/dataset.hpp"',
    "include/webai/nobody.hpp": "#include <vector>",
    "tests/nowhere.cpp": '#include "fuzz/target.h"',
    "examples/inside.cpp": '#include "core/base/random.h"',
    "src/nowhere/file.cpp": "#include <vector>",
}
HARMLESS = {
    "src/core/ir/graph.cpp": '#include "core/ir/graph.h"\n#include "core/base/random.h"\n#include <vector>',
    "src/backends/cpu/cpu.cpp": '#include "backends/backend.h"\n#include <hwy/highway.h>\n#include "webai/tensor.hpp"',
    "src/network/network.cpp": '#include "compiler/pipeline.h"\n#include "webai/network.hpp"',
    "examples/xor.c": "#include <webai/webai.h>\n#include <stdio.h>",
}


def self_test():
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        for file, text in {**PLANTED, **HARMLESS}.items():
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_text(text + "\n", encoding="utf-8")
        found = {problem.split(":")[0] for problem in check_tree(root)[0]}
    failures = [f"not noticed: {file}" for file in sorted(set(PLANTED) - found)]
    failures += [f"falsely accused: {file}" for file in sorted(found - set(PLANTED))]
    return failures, len(PLANTED)


def main():
    if sys.argv[1:] == ["--self-test"]:
        problems, count = self_test()
        print(f"{count} planted violations")
    else:
        problems, count = check_tree(pathlib.Path(sys.argv[1]))
        print(f"{count} includes read")
        if count == 0:
            problems = ["no include was found: wrong folder?"]
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
