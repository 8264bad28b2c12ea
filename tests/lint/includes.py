#!/usr/bin/env python3
"""Checks what each C++ file may include: layers only go down, and each vendor library has its home.

usage: includes.py ROOT
Prints one line for each breach and exits 1 if there is any.
"""
import re
import sys
from pathlib import Path

# A folder may include itself and the folders before it. exporter and rpc stand side by side, above engine.
LAYERS = [{"base"}, {"numeric"}, {"model"}, {"pipeline"}, {"session"}, {"engine"}, {"exporter", "rpc"}]
RANK = {folder: rank for rank, folders in enumerate(LAYERS) for folder in folders}
MAIN_RANK = len(LAYERS)  # main.cc and config.*: may include all

# Pipelines stand beside each other: only the factory knows more than one. What those with an array share is below them.
PIPELINES = {"cpu", "sim", "xrt"}
WITH_ARRAY = {"array", "sim", "xrt"}

# First part of an include -> the path prefixes that may include it. Tests may use anything.
GRPC = ["server/rpc/", "client/"]
PROTO = ["server/model/format/", "server/rpc/", "client/"]
VENDORS = {
    r"hwy/": ["server/numeric/"],
    r"onnx/": ["server/model/format/"],
    r"google/protobuf/": PROTO,
    r"(proto|grpc|inference)/.*\.pb\.h": PROTO,
    r"(grpcpp|grpc\+\+|grpc)/(?!.*\.pb\.h)": GRPC,
    r"proto/.*\.grpc\.pb\.h": GRPC,
    r"openssl/": ["server/rpc/tls.cc"],
    r"prometheus/|microhttpd\.h": ["server/exporter/"],
    r"(spdlog|fmt)/": ["server/base/log."],
    r"xrt/|xrt\.h|experimental/xrt": ["server/pipeline/xrt/xrt_device.cc"],
    r"systemd/": ["server/base/systemd.cc"],
    r"hiredis": ["server/session/store/redis_link.cc"],
}

# The array's functions of one number, which are the cpu pipeline's too.
ACTIVATIONS = r"hw/(config|pl)/activation"

# What recurctl does without a daemon.
LOCAL_COMMANDS = ("client/recurctl/inspect", "client/recurctl/model_file", "client/recurctl/plan", "client/recurctl/probe", "client/recurctl/replay_local")

# What Vitis compiles knows nothing of what stands in for Vitis here.
VITIS = ("hw/config/", "hw/aie/", "hw/pl/")
STAND_INS = r"absl/|hw/(emu|shim|model)/"

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def rank_of(path):
    parts = path.split("/")
    return RANK.get(parts[1], MAIN_RANK) if len(parts) > 2 else MAIN_RANK


def pipeline_of(path):
    """The folder of server/pipeline that `path` is in, or None."""
    parts = path.split("/")
    return parts[2] if parts[:2] == ["server", "pipeline"] and len(parts) > 3 else None


def breaches(path, target):
    """What is wrong with `path` (from the root, e.g. server/base/clock.h) including `target`."""
    if path.startswith("tests/"):
        return
    if target.startswith("server/") and path.startswith("server/"):
        if rank_of(target) > rank_of(path):
            yield "includes go down only: " + " < ".join("|".join(sorted(f)) for f in LAYERS) + " < main"
        elif rank_of(target) == rank_of(path) < MAIN_RANK and target.split("/")[1] != path.split("/")[1]:
            yield "exporter and rpc stand beside each other"
        own, other = pipeline_of(path), pipeline_of(target)
        if own and other in PIPELINES and own != other:
            yield "pipelines never include each other"
        if own and other == "array" and own not in WITH_ARRAY:
            yield "pipeline/array is for pipelines with an array"
    if target.startswith(("client/", "recurd/", "tests/")) and path.startswith("server/"):
        yield "the server uses neither client nor tests"
    knows_hardware = pipeline_of(path) in WITH_ARRAY or (path.startswith("server/numeric/") and re.match(ACTIVATIONS, target))
    if target.startswith("hw/") and path.startswith("server/") and not knows_hardware:
        yield "only pipeline/array, pipeline/sim and pipeline/xrt know the hardware, and numeric its activations"
    if re.match(r"hw/|server/(?!base/)", target) and path.startswith("client/") and not path.startswith(LOCAL_COMMANDS):
        yield "of the client only recurctl's " + " and ".join(LOCAL_COMMANDS) + " know the hardware and the server"
    if path.startswith("hw/") and re.match(r"(server|client|tests|proto)/", target):
        yield "hw stands below everything and includes only hw"
    elif path.startswith(VITIS) and re.match(STAND_INS, target):
        yield "what Vitis compiles includes only Vitis and " + ", ".join(VITIS)
    for vendor, homes in VENDORS.items():
        if re.match(vendor, target) and not any(path.startswith(home) for home in homes):
            yield "this library's home is " + ", ".join(homes)
    if target.startswith("."):
        yield "include paths start at the root"


def main():
    root = Path(sys.argv[1])
    files = sorted(f for top in ("server", "client", "hw", "tests") for f in (root / top).rglob("*") if f.suffix in (".h", ".cc"))
    failures = 0
    for file in files:
        path = file.relative_to(root).as_posix()
        for number, line in enumerate(file.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            for reason in breaches(path, match.group(2)) if match else ():
                print(f"{path}:{number}: {match.group(2)}: {reason}")
                failures += 1
    print(f"includes: {len(files)} files, {failures} breaches")
    return 1 if failures or not files else 0


if __name__ == "__main__":
    sys.exit(main())
