#!/usr/bin/env python3
"""Exported symbols = header: every webai_* name that the shared library shows is declared in webai.h, and the other way
round. `symbols.py HEADER LIBRARY`; `symbols.py --self-test` plants both differences and fails unless both are found."""
import re
import subprocess
import sys

DECLARATION = re.compile(r"\bWEBAI_(?:API|TRY)\b[^;{]*?\b(webai_[a-z0-9_]+)\s*\(", re.DOTALL)


def declared(header):
    """Names of the functions that the text of a header declares."""
    text = re.sub(r"/\*.*?\*/", " ", header, flags=re.DOTALL)
    text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return set(DECLARATION.findall(text))


def exported(listing):
    """Plain C names in the output of nm -D --defined-only."""
    names = (line.split()[-1].split("@")[0] for line in listing.splitlines() if line.strip())
    return {name for name in names if name.startswith("webai_")}


def differences(header, listing):
    in_header, in_library = declared(header), exported(listing)
    return [f"declared but not exported: {name}" for name in sorted(in_header - in_library)] + [
        f"exported but not declared: {name}" for name in sorted(in_library - in_header)]


def self_test():
    header = "WEBAI_TRY webai_a(int *x);\nWEBAI_API void webai_b(\n  void);  /* WEBAI_API void webai_c(void); */\n"
    listing = "0001 T webai_a@@WEBAI_1.0\n0002 T _ZN5webai1xE\n0003 T webai_d@@WEBAI_1.0\n"
    found = differences(header, listing)
    expected = ["declared but not exported: webai_b", "exported but not declared: webai_d"]
    if found != expected:
        sys.exit(f"self-test: expected {expected}, found {found}")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    header_path, library = sys.argv[1:]
    with open(header_path, encoding="utf-8") as file:
        header = file.read()
    listing = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    found = differences(header, listing)
    if found or not declared(header):
        sys.exit("\n".join(found) or "the header declares nothing")
    print(f"{len(declared(header))} functions, header and library agree")


if __name__ == "__main__":
    main()
