#!/usr/bin/env python3
"""Reads every file of the tree: none names a path of somebody's machine or a package registry's host, no source file
is longer than a person reads at once (a note past 350 lines, a failure past 500; vendored files excepted), and no two
headers define a class of one name (what is inline in one would silently serve the other).

`texts.py ROOT` checks a tree; `texts.py --self-test` plants violations and fails unless all are found.
"""
import pathlib
import re
import sys
import tempfile

SKIP = {".git", "build", ".cache", "__pycache__"}
SOURCES = {".cpp", ".h", ".hpp", ".c", ".inc", ".cl", ".comp", ".py", ".sh", ".cmake", ".js", ".mjs"}
VENDORED = ("tests/conformance/", "bench/peers/")
LONG, TOO_LONG = 350, 500

# Written so that this file does not find itself.
MACHINE = re.compile("|".join([
    r"(?<![\w.$}])/wor" + r"k(?=[/\s\"'`),;:]|$)",
    r"(?<![\w.$}])/tm" + r"p/",
    r"(?<![\w.$}])/hom" + r"e/\w",
    r"regist" + r"ry\.(npmjs|yarnpkg)\.",
    r"(deb|security|ftp)\.deb" + r"ian\.org",
    r"(files\.pythonhosted|pypi|crates|proxy\.golang)\.(or" + r"g|io)\b",
]))

NAMESPACE = re.compile(r"^namespace ([\w:]+) \{$")
CLASS = re.compile(r"^(?:class|struct)(?: WEBAI_EXPORT)? (\w+)(?: final)?(?: :[^:].*)? \{")


def files(root):
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if path.is_file() and not any(part in SKIP or part.startswith("build-") for part in relative.parts):
            yield path, relative.as_posix()


def classes(text):
    """The classes that stand directly in a namespace, with its name."""
    space = ""
    for line in text.splitlines():
        if match := NAMESPACE.match(line):
            space = match[1] + "::"
        if match := CLASS.match(line):
            yield space + match[1]


def check_tree(root):
    problems, notes, count, homes = [], [], 0, {}
    for path, name in files(root):
        text = path.read_bytes().decode("utf-8", errors="replace")
        count += 1
        for match in MACHINE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            problems.append(f"{name}:{line}: names a machine's path or host: {match.group()}")
        if path.suffix in (".h", ".hpp") and name.startswith(("src/", "include/", "capi/")):
            for defined in classes(text):
                if homes.setdefault(defined, name) != name:
                    problems.append(f"{name}: {defined} is defined in {homes[defined]} too")
        length = text.count("\n")
        if path.suffix in SOURCES and not name.startswith(VENDORED) and length > LONG:
            (problems if length > TOO_LONG else notes).append(f"{name}: {length} lines: does it hold two ideas?")
    return problems, notes, count


PLANTED = {
    "src/long.cpp": "\n" * (TOO_LONG + 1),
    "docs/path.md": "see /wor" + "k/main\n",
    "scripts/temporary.sh": "cp a /tm" + "p/a\n",
    "bench/peers/person.sh": "cd /hom" + "e/me\n",
    "cmake/host.cmake": "https://regist" + "ry.npmjs.org/\n",
    "mirror.txt": "http://deb.deb" + "ian.org/debian\n",
    "src/two/source.h": "namespace webai {\nstruct Source final : Base {\n",
}
HARMLESS = {
    "src/one/source.h": "namespace webai {\nclass Source;\nclass Source {\nstruct Source::Part {\n",
    "src/three/source.h": "namespace webai::three {\nclass Source {\n",
    "src/short.cpp": "\n" * TOO_LONG,
    "tests/conformance/long.py": "\n" * (TOO_LONG + 1),
    "docs/words.md": "a network/work/flow, $DIR/tmp/x and /layers/2\n",
}


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in {**PLANTED, **HARMLESS}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        found = {problem.split(":")[0] for problem in check_tree(root)[0]}
    return [f"not noticed: {name}" for name in sorted(set(PLANTED) - found)] + [
        f"falsely accused: {name}" for name in sorted(found - set(PLANTED))]


def main():
    if sys.argv[1:] == ["--self-test"]:
        problems = self_test()
        print(f"{len(PLANTED)} planted violations")
    else:
        problems, notes, count = check_tree(pathlib.Path(sys.argv[1]))
        print(f"{count} files read")
        print("\n".join("note: " + note for note in notes))
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
