#!/usr/bin/env python3
"""Checks the text of the Yocto layer, where there is no bitbake to do it: what a recipe must say, and that what it names is there.

usage: recipes.py ROOT
Prints one line for each breach and exits 1 if there is any.
"""
import hashlib
import re
import sys
from pathlib import Path

LAYER = "deploy/petalinux/meta-recurd"
SERIES = {"langdale", "scarthgap"}
ASSIGNMENT = re.compile(r'^([A-Z][\w${}:/-]*(?:\[\w+\])?)\s*(\?\?=|\?=|:=|\+=|=\+|\.=|=)\s*(".*)$')
OLD_OVERRIDE = re.compile(r"^(\w+)_(append|prepend|remove|\$\{PN\})\b")
HOST_PATH = re.compile(r"(?<![\w}.$-])/(home|root|work|opt|mnt|srv|tmp|media)/")
OPTION = re.compile(r"-D(RECURD_\w+|GRPC_CPP_PLUGIN|Protobuf_PROTOC_EXECUTABLE)=")


def logical_lines(text):
    """The lines, those that end in a backslash joined; each with the number of its first."""
    start, joined = 1, ""
    for number, line in enumerate(text.splitlines(), 1):
        start = start if joined else number
        joined += line.removesuffix("\\")
        if not line.endswith("\\"):
            yield start, joined
            joined = ""


def variables(text):
    """Name -> all that is assigned to it, joined; functions of shell and Python are left out."""
    values, function = {}, False
    for number, line in logical_lines(text):
        if function:
            function = line != "}"
        elif re.match(r"^(python )?[\w:-]* ?\(\) \{", line):
            function = True
        elif match := ASSIGNMENT.match(line):
            name, value = match[1], match[3]
            if value.count('"') % 2 or not value.rstrip().endswith('"'):
                raise ValueError(f"{number}: {name} has no closing quote")
            values[name] = values.get(name, "") + " " + value.strip().strip('"')
    return values


def names_of(variables_, name):
    return " ".join(v for k, v in variables_.items() if k == name or k.startswith(name + ":")).split()


def recipe_breaches(root, recipe, text, values):
    required = ["SUMMARY", "LICENSE"]
    if "inherit packagegroup" not in text:
        required.append("LIC_FILES_CHKSUM")
    sources = names_of(values, "SRC_URI")
    if any(s.startswith("git://") for s in sources):
        required += ["SRCREV", "S"]
        if any("branch=" not in s for s in sources if s.startswith("git://")):
            yield "a git:// without branch="
    elif "inherit externalsrc" in text:
        required.append("EXTERNALSRC")
    for name in required:
        if not values.get(name, "").strip():
            yield f"no {name}"
    if "SRCREV" in values and not re.fullmatch(r"[0-9a-f]{40}", values["SRCREV"].strip()):
        yield "SRCREV isn't a commit"
    for file, digest in re.findall(r"file://(\S+?);md5=(\w+)", values.get("LIC_FILES_CHKSUM", "")):
        own = root / file if "inherit externalsrc" in text else None
        if not re.fullmatch(r"[0-9a-f]{32}", digest) or (own and hashlib.md5(own.read_bytes()).hexdigest() != digest):
            yield f"LIC_FILES_CHKSUM: {digest} isn't the md5 of {file}"
    if "inherit externalsrc" in text:
        for path in re.findall(r"\$\{S\}/(\S+)", text):
            if not list(root.glob(path)):
                yield f"{path} isn't in the repository"


def breaches(root, file):
    text = file.read_text()
    for number, line in enumerate(text.splitlines(), 1):
        if OLD_OVERRIDE.match(line):
            yield f"{number}: an override of before honister: write {OLD_OVERRIDE.match(line)[1]}:..."
        if HOST_PATH.search(line):
            yield f"{number}: path of one machine"
    try:
        values = variables(text)
    except ValueError as error:
        yield str(error)
        return
    folders = [file.parent / "files", file.parent / file.stem.split("_")[0]]
    for source in names_of(values, "SRC_URI"):
        if source.startswith("file://") and not any((f / source[7:]).exists() for f in folders):
            yield f"{source} isn't there"
    if file.suffix == ".bb":
        yield from recipe_breaches(root, file, text, values)
        options = "".join(f.read_text() for f in cmake_files(root))
        for option in sorted(set(OPTION.findall(text))):
            if not re.search(rf"\b(set|option|find_program)\({option}\b", options):
                yield f"-D{option}: no CMakeLists.txt knows it"
    if file.name == "layer.conf":
        if set(values.get("LAYERSERIES_COMPAT_recurd", "").split()) != SERIES:
            yield f"LAYERSERIES_COMPAT_recurd isn't {' '.join(sorted(SERIES))}"
        for name in ("BBFILES", "BBFILE_COLLECTIONS", "BBFILE_PATTERN_recurd", "BBFILE_PRIORITY_recurd", "LAYERDEPENDS_recurd"):
            if not values.get(name):
                yield f"no {name}"


def cmake_files(root):
    yield root / "CMakeLists.txt"
    for top in ("proto", "server", "deploy/packaging"):
        yield from sorted((root / top).rglob("CMakeLists.txt"))
        yield from sorted((root / top).rglob("*.cmake"))


def main():
    root = Path(sys.argv[1])
    files = sorted(f for f in (root / LAYER).rglob("*") if f.suffix in (".bb", ".bbappend", ".conf"))
    failures = [f"{file.relative_to(root)}: {reason}" for file in files for reason in breaches(root, file)]
    print(*failures, f"recipes: {len(files)} files, {len(failures)} breaches", sep="\n")
    return 1 if failures or not files else 0


if __name__ == "__main__":
    sys.exit(main())
