#!/usr/bin/env python3
"""Checks deploy/systemd by systemd-analyze: every unit is understood as it stands, and the services stay shut in.

usage: units.py ROOT
Prints one line for each breach and exits 1 if there is any; 77 where there is no systemd-analyze.
"""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

WORST_EXPOSURE = 15  # tenths, of 100: below 2.0 systemd says "OK"
INSTANCE = "01"
NAMES = {"grpc", "metrics", "admin"}  # server/base/inherited_sockets.h


def analyze(*arguments):
    command = ["systemd-analyze", *map(str, arguments)]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def breaches(folder, units):
    """What is wrong with `units`, whose copies to be looked at go to `folder`: a template's as an instance of it."""
    names = {}
    for unit in units:
        text = unit.read_text()
        copy = Path(folder) / unit.name.replace("@.", f"@{INSTANCE}.")
        copy.write_text(re.sub(r"^ExecStart=recurd\b", "ExecStart=/bin/true", text, flags=re.M))
        names[copy.name] = unit
        for name in re.findall(r"^FileDescriptorName=(.*)$", text, flags=re.M) if unit.suffix == ".socket" else []:
            if name not in NAMES:
                yield unit, f"FileDescriptorName={name}: recurd knows {', '.join(sorted(NAMES))}"
        if unit.suffix == ".socket" and "FileDescriptorName=" not in text:
            yield unit, "no FileDescriptorName="
    for name, unit in names.items():
        result = analyze("verify", "--man=no", "--recursive-errors=no", Path(folder) / name)
        if result.returncode or result.stdout.strip():
            yield unit, result.stdout.strip().replace(folder + "/", "").replace("\n", "; ")
        if unit.suffix == ".service":
            result = analyze("security", "--offline=true", f"--threshold={WORST_EXPOSURE}", Path(folder) / name)
            if result.returncode:
                yield unit, result.stdout.strip().splitlines()[-1] + f" (at most {WORST_EXPOSURE / 10})"


def main():
    root = Path(sys.argv[1])
    if shutil.which("systemd-analyze") is None:
        print("units: not checked: systemd-analyze isn't here; Debian's package is systemd")
        return 77
    units = sorted(f for f in (root / "deploy/systemd").iterdir() if f.suffix in (".service", ".socket"))
    with tempfile.TemporaryDirectory() as folder:
        failures = [f"{unit.relative_to(root)}: {reason}" for unit, reason in breaches(folder, units)]
    print(*failures, f"units: {len(units)} units, {len(failures)} breaches", sep="\n")
    return 1 if failures or not units else 0


if __name__ == "__main__":
    sys.exit(main())
