#!/usr/bin/env python3
"""Reads the tables of docs/requirements.md: every test that a row names exists, and the ids of rows without one are printed.

`requirements.py ROOT` looks for names in the sources. `requirements.py ROOT --ran BUILD` also wants each of them to have
run and passed in the last `ctest` of that build folder. `requirements.py --self-test` plants wrong rows and names.

The last two cells of a row are its tests and the sentence "fails when ...". A test is a Catch2 case in quotes ("A-33 ..."
means every case that begins so), a test as `ctest` lists it, or one method of it: `cli_commands/test_version`. A row
without a test has "-" in both cells; where no test can hold it, a row of the table "id, reason" says why.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

ID = re.compile(r"[A-Z]+(?:-[A-Z]+)?-\d+")
CASE = re.compile(r'TEST_CASE\(\s*"((?:[^"\\]|\\.)*)"')


def rows(text):
    """The rows of all tables that end in the columns "test" and "fails when": (line, id, tests, fails)."""
    inside = False
    for number, line in enumerate(text.splitlines(), start=1):
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)][1:-1]
        if cells[-2:] == ["test", "fails when"]:
            inside, width = True, len(cells)
        elif not line.startswith("|"):
            inside = False
        elif inside and not set(line) <= set("|-: "):
            yield number, cells[0], cells[-2] if len(cells) == width else None, cells[-1]


def excused(text):
    """Ids in the table of rows that no test can hold: its columns are "id" and "reason"."""
    inside, identities = False, []
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)][1:-1]
        if cells == ["id", "reason"]:
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and ID.fullmatch(cells[0]):
            identities.append(cells[0])
    return identities


def names_in(cell):
    """The tests a cell names: (kind, name) with kind "case" or "test"; None when other words stand in it."""
    names, rest = [], cell
    for pattern, kind in [(r'"((?:[^"\\]|\\.)+)"', "case"), (r"`([^`]+)`", "test")]:
        names += [(kind, name) for name in re.findall(pattern, rest)]
        rest = re.sub(pattern, "", rest)
    return names if names and not re.search(r"\w", rest) else None


def cases_like(name, cases):
    start = name.removesuffix(" ...")
    return [case for case in cases if case == name or (start != name and case.startswith(start))]


class Sources:
    """What the sources under tests/ define."""

    def __init__(self, root):
        self.tests = root / "tests"
        files = [path for path in sorted(self.tests.rglob("*")) if path.suffix in {".cpp", ".txt", ".py"} and path.is_file()]
        self.text = "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in files)
        self.cases = CASE.findall(self.text)

    def problem(self, kind, name):
        if kind == "case":
            return None if cases_like(name, self.cases) else "no such case"
        test, _, method = name.partition("/")
        folder, _, rest = test.partition("_")
        script = self.tests / folder / f"{rest}.py"  # a loop in CMake names these after their scripts
        known = (re.search(rf"\b{test}\b", self.text) or script.exists()
                 or (folder == "fuzz" and (self.tests / "fuzz" / f"{rest.removesuffix('_replays_its_corpus')}.cpp").exists()))
        if not known:
            return "no such test"
        if method and not (script.exists() and re.search(rf"def {method}\(", script.read_text(encoding="utf-8"))):
            return "no such method"
        return None


class LastRun:
    """What ran in the last `ctest` of a build folder, by its log and by what the programs of cases list."""

    def __init__(self, build):
        log = build / "Testing" / "Temporary" / "LastTest.log"
        if not log.exists():
            sys.exit(f"{log} is not there: run the tests first (make test)")
        self.passed = {}  # test to what it printed
        for part in re.split(r"(?m)^\d+/\d+ Testing: ", log.read_text(encoding="utf-8", errors="replace"))[1:]:
            if re.search(r"(?m)^Test Passed\.$", part):
                self.passed[part.split("\n", maxsplit=1)[0].strip()] = part
        self.cases = []
        for name in self.passed:
            target, _, file = name.partition("/")
            program = build / "tests" / target
            if program.is_file() and target.startswith("test_"):
                # Catch2 gives the number of cases as its status; hidden ones are not listed, as they do not run.
                part = ["--filenames-as-tags", f"[#{file}]~[.]"] if file else []
                listed = subprocess.run([program, *part, "--list-test-names-only"], capture_output=True, text=True, check=False)
                self.cases += listed.stdout.splitlines()

    def problem(self, kind, name):
        if kind == "case":
            return None if cases_like(name, self.cases) else "did not run and pass in the last ctest"
        test, _, method = name.partition("/")
        if test not in self.passed:
            return "did not run and pass in the last ctest"
        if method and not re.search(rf"(?m)^{method} \([^)]*\)(?:\n[^\n]*)? \.\.\. .*?\bok$", self.passed[test]):
            return "was skipped, or did not run"
        return None


def check(root, judges):
    text = (root / "docs" / "requirements.md").read_text(encoding="utf-8")
    problems, without, seen, total = [], {}, {}, 0
    reasons = excused(text)
    for line, identity, tests, fails in rows(text):
        place = f"docs/requirements.md:{line}: {identity}"
        total += 1
        if not ID.fullmatch(identity) or tests is None:
            problems.append(f"{place}: this row has not the cells of its table")
            continue
        if identity in seen:
            problems.append(f"{place}: the id stands twice")
        seen[identity] = tests
        if tests == "-":
            if identity in reasons:
                continue
            without.setdefault(identity.rpartition("-")[0], []).append(identity)
            if fails != "-":
                problems.append(f"{place}: says when it fails, and names no test")
            continue
        names = names_in(tests)
        if names is None:
            problems.append(f"{place}: tests are \"cases\" or `tests`, or - where there is none, not: {tests}")
            continue
        if not re.search(r"\w", fails):
            problems.append(f"{place}: does not say when its test fails")
        for kind, name in names:
            for judge in judges:
                if fault := judge.problem(kind, name):
                    problems.append(f"{place}: {fault}: {name}")
                    break
    for identity in reasons:
        if seen.get(identity) != "-":
            problems.append(f"docs/requirements.md: {identity}: has a reason for no test, and is no row without one")
    if not total:
        problems.append("docs/requirements.md: there is no table with the columns test and fails when")
    return problems, without, total, seen


def unlisted(seen, cases):
    """Cases that begin with the id of a row that does not name them."""
    for case in cases:
        for identity in re.match(rf"(?:{ID.pattern} )*", case).group().split():
            named = [name for kind, name in names_in(seen.get(identity, "")) or [] if kind == "case"]
            if not any(cases_like(name, [case]) for name in named):
                yield identity, case


HEAD = "| id | requirement | test | fails when |\n|---|---|---|---|\n"
SOUND = HEAD + r"""| A-01 | one \| two | "a case" | it is wrong |
| A-02 | a start, a script, one of its methods | "a case that ...", `cli_here`, `cli_here/test_it` | it is wrong |
| M-PIPE-03 | later | - | - |
| M-PIPE-04 | never | - | - |

| id | reason |
|---|---|
| M-PIPE-04 | an aim |
"""
PLANTED = HEAD + """| A-01 | absent case | "no such case" | it is wrong |
| A-02 | absent start | "a start that ..." | it is wrong |
| A-03 | absent test | `cli_absent` | it is wrong |
| A-04 | absent method | `cli_here/test_other` | it is wrong |
| A-05 | no sentence | "a case" | - |
| A-06 | a sentence only | - | it is wrong |
| A-07 | empty | | |
| A-08 | words | see "a case" | it is wrong |
| A-08 | twice | - | - |
| A-09 | too many | cells | "a case" | it is wrong |

| id | reason |
|---|---|
| A-01 | has a test |
"""
LOG = """1/2 Testing: cli_here
test_it (__main__.Here.test_it)
What it does. ... ok
test_other (__main__.Here.test_other) ... skipped 'no device'
Test Passed.
2/2 Testing: cli_red
Test Failed.
"""


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for part in ["docs", "tests/cli", "build/Testing/Temporary", "build/tests"]:
            (root / part).mkdir(parents=True)
        (root / "tests" / "here.cpp").write_text('TEST_CASE("a case") {}\nTEST_CASE("a case that goes on") {}\n', encoding="utf-8")
        (root / "tests" / "cli" / "here.py").write_text("def test_it(self):\n", encoding="utf-8")
        (root / "build" / "Testing" / "Temporary" / "LastTest.log").write_text(LOG, encoding="utf-8")
        page = root / "docs" / "requirements.md"
        page.write_text(SOUND, encoding="utf-8")
        problems, without, total, seen = check(root, [Sources(root)])
        if list(unlisted(seen, ["M-PIPE-03 A-01 a case", "A-02 a case that", "B-2"])) != [
                ("M-PIPE-03", "M-PIPE-03 A-01 a case"), ("A-01", "M-PIPE-03 A-01 a case"), ("A-02", "A-02 a case that")]:
            problems.append("cases outside their rows are told wrongly")
        if without != {"M-PIPE": ["M-PIPE-03"]} or total != 4:
            problems.append(f"rows without a test, of {total}: {without}")
        page.write_text(PLANTED, encoding="utf-8")
        found = check(root, [Sources(root)])[0]
        if not any("A-01: has a reason" in problem for problem in found):
            problems.append("a reason for a row with a test is not noticed")
        lines = {int(problem.split(":")[1]) for problem in found if problem.split(":")[1].isdigit()}
        problems += [f"planted row {line - 2} not noticed" for line in range(3, 13) if line not in lines]
        ran = LastRun(root / "build")
        for kind, name, right in [("test", "cli_here", True), ("test", "cli_here/test_it", True), ("test", "cli_red", False),
                                  ("test", "cli_here/test_other", False), ("case", "a case", False)]:
            if (ran.problem(kind, name) is None) != right:
                problems.append(f"{name} is judged wrongly by the last run")
        return problems


def main():
    if sys.argv[1:] == ["--self-test"]:
        problems = self_test()
        print("\n".join(problems) or "all planted rows noticed")
        return 1 if problems else 0
    root = pathlib.Path(sys.argv[1])
    sources = Sources(root)
    judges = [sources]
    if sys.argv[2:3] == ["--ran"]:
        judges.append(LastRun(pathlib.Path(sys.argv[3])))
    problems, without, total, seen = check(root, judges)
    for identity, case in unlisted(seen, sources.cases):
        print(f"not in the row of {identity}: {case}")
    for group, identities in without.items():
        print(f"without a test, {group}: " + " ".join(identity.rpartition("-")[2] for identity in identities))
    reasons = [identity for identity, tests in seen.items() if tests == "-" and identity not in sum(without.values(), [])]
    print(f"{total - len(reasons) - sum(map(len, without.values()))} of {total} rows name a test, {len(reasons)} say why not")
    print("\n".join(problems) or "all there")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
