#!/usr/bin/env python3
"""Checks what every text file must keep to: no tabs in code, no path of a machine, no TODO without its reason, no file
that has outgrown its idea.

usage: text.py ROOT
Prints one line for each breach and exits 1 if there is any.
"""
import os
import re
import sys
from pathlib import Path

TOPS = ["server", "client", "proto", "hw", "deploy", "tests", ".ci"]
SUFFIXES = {".h", ".cc", ".cpp", ".hpp", ".py", ".sh", ".proto", ".txt", ".cmake", ".md", ".json", ".yml", ".yaml", ".flags",
            ".service", ".socket", ".conf", ".bb", ".bbappend", ".cfg", ".dtsi", ".pbtxt", ""}
CODE = {".h", ".cc", ".cpp", ".hpp", ".py", ".sh", ".proto", ".cmake", ".txt"}
CXX = {".h", ".cc", ".cpp", ".hpp"}
LENGTH_LIMIT = 450  # lines of a C++ or Python file
WIDTH_LIMIT = 120  # columns of a C++ file: clang-format leaves comments alone, because they hold tables

RULES = [
    (re.compile(r"(?<![\w.])/(work|root|farm|home/[a-z]\w*)/"), None, "path of one machine"),
    (re.compile(r"\t"), CODE, "tab"),
    (re.compile(r"[ \t]+$"), CODE, "trailing space"),
    (re.compile(r"\r"), None, "carriage return"),
    (re.compile(r"\b(TODO|FIXME|XXX|HACK)\b(?!\([^)]{10,}\))"), None, "no reason given: write TODO(why it has to wait)"),
    (re.compile(r"^(<{7}|>{7}|={7})( |$)"), None, "merge conflict"),
]


def text_files(root):
    for top in TOPS:
        for folder, folders, names in os.walk(root / top):
            folders[:] = sorted(f for f in folders if f not in ("__pycache__", "corpus"))
            yield from (Path(folder) / name for name in sorted(names))
    yield from sorted(f for f in root.iterdir() if f.is_file() and not f.name.startswith(".git"))


def breaches(path, text):
    suffix = path.suffix
    lines = text.splitlines()
    if suffix in CODE and suffix != ".txt" and len(lines) > LENGTH_LIMIT:
        yield len(lines), f"more than {LENGTH_LIMIT} lines: has it more than one idea?"
    if text and not text.endswith("\n"):
        yield len(lines), "no newline at the end"
    for number, line in enumerate(lines, 1):
        if suffix in CXX and len(line) > WIDTH_LIMIT:
            yield number, f"wider than {WIDTH_LIMIT} columns"
        for pattern, suffixes, reason in RULES:
            if (suffixes is None or suffix in suffixes) and pattern.search(line):
                yield number, reason


def main():
    root = Path(sys.argv[1])
    lint = Path(__file__).resolve().parent  # the words above stand here on purpose
    count = failures = 0
    for file in text_files(root):
        if file.suffix not in SUFFIXES or file.resolve().parent == lint:
            continue
        count += 1
        for number, reason in breaches(file, file.read_text(errors="replace")):
            print(f"{file.relative_to(root)}:{number}: {reason}")
            failures += 1
    print(f"text: {count} files, {failures} breaches")
    return 1 if failures or not count else 0


if __name__ == "__main__":
    sys.exit(main())
