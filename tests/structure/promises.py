#!/usr/bin/env python3
"""Reads docs/testing.md: every test, case and file that it names exists, and so do the files its links name.

`promises.py ROOT` checks a tree; `promises.py --self-test` plants names that do not exist and fails unless all are found.
"""
import pathlib
import re
import sys
import tempfile


def missing(root):
    text = (root / "docs" / "testing.md").read_text(encoding="utf-8")
    sources = "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in sorted(root.rglob("tests/**/*"))
                        if path.suffix in {".cpp", ".txt", ".py"} and path.is_file())
    cases = re.findall(r'TEST_CASE\(\s*"((?:[^"\\]|\\.)*)"', sources)
    problems = []
    for name in re.findall(r"`((?:tests|bench|docs|src|scripts)/[^`\s]*)`", text):
        if not (root / name).exists():
            problems.append(f"no such file: {name}")
    for name in re.findall(r"\]\(([^)]+)\)", text):
        if not (root / "docs" / name).exists():
            problems.append(f"no such link: {name}")
    for name in re.findall(r'"([^"]+)"', text):
        start = name.removesuffix(" ...")
        if not any(case == name or (start != name and case.startswith(start)) for case in cases):
            problems.append(f"no such case: {name}")
    for name in re.findall(r"`((?:structure|cli|capi|example|install|fuzz)_\w+)`", text):
        # Some are named by a loop in CMake: after a script, or after what all of them do.
        folder, rest = name.split("_", maxsplit=1)
        known = (re.search(rf"\b{name}\b", sources) or (root / "tests" / folder / f"{rest}.py").exists()
                 or (folder == "fuzz" and "replays_its_corpus" in sources))
        if not known:
            problems.append(f"no such test: {name}")
    return problems


PLANTED = '`tests/absent.cpp`, "no such case", `cli_absent`, [gone](gone.md), "a start that ..."\n'
HARMLESS = '`tests/here.cpp`, "a case", "a case that ...", `cli_here`, [this](testing.md)\n'


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "docs").mkdir()
        (root / "tests").mkdir()
        (root / "tests" / "here.cpp").write_text('TEST_CASE("a case") {}\nTEST_CASE("a case that goes on") {}\n', encoding="utf-8")
        (root / "tests" / "CMakeLists.txt").write_text("add_test(NAME cli_here)\n", encoding="utf-8")
        page = root / "docs" / "testing.md"
        page.write_text(PLANTED, encoding="utf-8")
        found = len(missing(root))
        page.write_text(HARMLESS, encoding="utf-8")
        return [] if found == 5 and not missing(root) else [f"{found} of 5 planted names noticed", *missing(root)]


def main():
    problems = self_test() if sys.argv[1:] == ["--self-test"] else missing(pathlib.Path(sys.argv[1]))
    print("\n".join(problems) or "all there")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
