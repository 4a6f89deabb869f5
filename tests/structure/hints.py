#!/usr/bin/env python3
"""Every error that is made in these folders says what to try: its details have a hint. A helper that throws takes the
hint as an argument without a default.

`hints.py ROOT` checks a tree; `hints.py --self-test` plants violations and fails unless all are found.
"""
import pathlib
import re
import sys
import tempfile

FOLDERS = ("src/core/model", "src/network", "src/training", "src/autodiff", "src/dataset")
MESSAGE = re.compile(r"\{\s*\.message = ")
# Nothing but a message, where the error is not one of the library itself.
BARE = re.compile(r'\bError\(Code::(?!internal\b)\w+, *(?:"|std::string)')
OPTIONAL = re.compile(r"std::string(?:_view)? hint = \{\}")
EMPTY = re.compile(r'\? *"" *: *"did you mean ')


def block(text, start):
    """From the brace at `start` to its end; braces in texts do not count."""
    depth, quoted, at = 0, False, start
    while at < len(text):
        sign = text[at]
        if quoted and sign == "\\":
            at += 1
        elif sign == '"':
            quoted = not quoted
        elif not quoted and sign == "{":
            depth += 1
        elif not quoted and sign == "}":
            depth -= 1
            if depth == 0:
                return text[start:at + 1]
        at += 1
    return text[start:]


def check(root):
    problems, count = [], 0
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in (".cpp", ".h"):
                continue
            text, name = path.read_text(), path.relative_to(root).as_posix()
            for match in MESSAGE.finditer(text):
                count += 1
                details = block(text, match.start())
                # Where the hint depends on something it is set below: `details.hint = ...`.
                later = text[match.start() + len(details):match.start() + len(details) + 400]
                if ".hint" not in details and not re.match(r";[^}]*?\.hint = ", later):
                    line = text.count("\n", 0, match.start()) + 1
                    problems.append(f"{name}:{line}: an error without a hint: {' '.join(details.split())[:100]}")
            for match in BARE.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                problems.append(f"{name}:{line}: an error that is a message alone")
            for match in OPTIONAL.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                problems.append(f"{name}:{line}: a hint that callers may leave out")
            for match in EMPTY.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                problems.append(f"{name}:{line}: no hint where no name is near: use did_you_mean()")
    return problems, count


def self_test():
    good = 'throw Error(Code::busy, {.message = "a {", .reason = "B", .hint = "wait"});\n'
    set_below = 'ErrorDetails details{.message = "a"};\n  details.hint = "wait";\n'
    bad = 'throw Error(Code::busy, {.message = "a", .reason = "B"});\n'
    optional = "[[noreturn]] void fail(std::string message, std::string hint = {});\n"
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        place = root / FOLDERS[0]
        place.mkdir(parents=True)
        (place / "good.cpp").write_text(good + set_below)
        if check(root)[0]:
            sys.exit("what is right was refused: " + str(check(root)[0]))
        (place / "bad.cpp").write_text(good + bad)
        (place / "bad.h").write_text(optional)
        (place / "alone.cpp").write_text('throw Error(Code::busy, "a"); throw Error(Code::internal, "b");\n')
        (place / "far.cpp").write_text('hint = near.empty() ? "" : "did you mean " + near;\n')
        problems = check(root)[0]
        places = ("alone.cpp:1", "bad.cpp:2", "bad.h:1", "far.cpp:1")
        if len(problems) != len(places) or not all(place in problem for place, problem in zip(places, problems)):
            sys.exit("planted violations were not found: " + str(problems))
    print("planted violations are found")


def main():
    if sys.argv[1] == "--self-test":
        return self_test()
    problems, count = check(pathlib.Path(sys.argv[1]))
    if problems or count < 100:
        sys.exit("\n".join(problems) or f"only {count} errors were found: the check looks in the wrong place")
    print(f"{count} errors have hints")


main()
