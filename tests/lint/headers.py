#!/usr/bin/env python3
"""Checks that every header compiles alone, and twice, with the flags of the build.

usage: headers.py ROOT BUILD      BUILD: a folder with compile_commands.json, built (generated headers are needed)
Prints the compiler's first words on each header that doesn't, and exits 1 if there is any.
"""
import json
import os
import shlex
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

JOBS = 2
SOURCES = Path(__file__).resolve().parents[2]  # what BUILD builds; ROOT may be another tree


def is_in(flag, command):
    """Whether a command has the flag, or a macro of that name: files of a folder may differ in its value."""
    return flag in command or flag.startswith("-D") and any(w.partition("=")[0] == flag.partition("=")[0] for w in command)


def read_commands(build):
    """Folder of the sources -> compiler and flags that its C++ files have between them."""
    commands = {}
    launcher = [ccache] if (ccache := shutil.which("ccache")) else []
    for entry in json.loads((build / "compile_commands.json").read_text()):
        file = Path(entry["file"])
        if file.suffix != ".cc" or not file.is_relative_to(SOURCES):
            continue
        words = [w for w in shlex.split(entry["command"]) if not w.endswith("/ccache")]
        kept = [w for w in words if w.startswith(("-I", "-D", "-std", "-W", "-f"))]
        kept += ["-isystem" + words[i + 1] for i, w in enumerate(words) if w == "-isystem"]
        command = commands.setdefault(file.relative_to(SOURCES).parent.as_posix(), [*launcher, words[0]])
        command += [flag for flag in kept if not is_in(flag, command)]
    if not commands:
        raise SystemExit(f"headers.py: no C++ file of {SOURCES} in {build}/compile_commands.json")
    return commands


def command_for(header, commands):
    """The command of the header's own folder, or of the folder that shares most of its path."""
    if header.startswith("hw/"):
        return commands["tests/unit/hw"]  # knows the shim
    return commands[max(commands, key=lambda folder: len(os.path.commonprefix([folder + "/", header])))]


def compile_alone(header, root, folder, command):
    source = folder / (header.replace("/", "_") + ".cc")
    text = f'#include "{header}"\n#include "{header}"\n'
    if not source.exists() or source.read_text() != text:
        source.write_text(text)
    run = subprocess.run([*command, f"-I{root}", "-O0", "-c", source, "-o", source.with_suffix(".o")], text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return None if run.returncode == 0 else "\n".join(run.stdout.splitlines()[:8])


def main():
    root, build = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    commands = read_commands(build)
    folder = build / "headers_alone"  # objects, not only syntax: those ccache remembers
    folder.mkdir(exist_ok=True)
    headers = sorted(h.relative_to(root).as_posix() for top in ("server", "client", "hw") for h in (root / top).rglob("*.h"))
    with ThreadPoolExecutor(JOBS) as pool:
        results = list(pool.map(lambda header: compile_alone(header, root, folder, command_for(header, commands)), headers))
    failures = [(header, words) for header, words in zip(headers, results) if words]
    for header, words in failures:
        print(f"{header} doesn't compile alone:\n{words}\n")
    print(f"headers: {len(headers)} compiled alone, {len(failures)} failed")
    return 1 if failures or not headers else 0


if __name__ == "__main__":
    sys.exit(main())
