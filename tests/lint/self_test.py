#!/usr/bin/env python3
"""A lint that can't fail is worse than none: feeds each lint trees with one fault and a tree without.

usage: self_test.py BUILD      BUILD as for headers.py
"""
import subprocess
import sys
import tempfile
from pathlib import Path

LINT = Path(__file__).resolve().parent
RECIPE = """SUMMARY = "a"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://LICENSE;md5=084be5daa15ceae419a2e16de76ce6ab"
inherit externalsrc
EXTERNALSRC = "${RECURD_SOURCE}"
SRC_URI = "file://a.cfg"
EXTRA_OECMAKE = "-DRECURD_RPC=ON"
do_install() {
    install -m 0644 ${S}/LICENSE ${D}${datadir}
}
"""
GIT_RECIPE = """SUMMARY = "b"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://LICENSE;md5=084be5daa15ceae419a2e16de76ce6ab"
SRC_URI = "git://example.com/b.git;protocol=https;branch=main"
SRCREV = "ad99e21f4706193670c42b36c9824dc997f4c475"
S = "${WORKDIR}/git"
"""
SERVICE = """[Service]
Type=notify
ExecStart=recurd
DynamicUser=yes
CapabilityBoundingSet=
IPAddressDeny=any
LockPersonality=yes
MemoryDenyWriteExecute=yes
PrivateDevices=yes
PrivateNetwork=yes
PrivateUsers=yes
ProcSubset=pid
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictAddressFamilies=none
RestrictNamespaces=yes
RestrictRealtime=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
UMask=0077
"""
SOCKET = "[Socket]\nListenStream=127.0.0.1:1\nFileDescriptorName=grpc\n"
SYSTEMD = "deploy/systemd/"
RECIPES = "deploy/petalinux/meta-recurd/recipes/a/"
GOOD = {
    "server/base/clock.h": "#pragma once\nint Now();\n",
    "server/numeric/kernel.cc": '#include "hw/pl/activation_lut.h"\n#include "hwy/highway.h"\n#include "server/base/clock.h"\n',
    "server/rpc/service.cc": '#include <grpcpp/grpcpp.h>\n\n#include "proto/a.grpc.pb.h"\n#include "server/base/clock.h"\n',
    "server/main.cc": '#include "server/rpc/service.h"\n',
    "client/client.h": "#pragma once\n",
    "hw/pl/kernel.h": "#pragma once\n#include <hls_stream.h>\n",
    "tests/x_test.cc": '#include "server/rpc/service.h"\n',
    ".clang-format": "BasedOnStyle: Google\n",
    "LICENSE": "anything goes\n",
    "CMakeLists.txt": "option(RECURD_RPC)\n",
    "deploy/petalinux/meta-recurd/conf/layer.conf": """BBFILES += "${LAYERDIR}/*/*/*.bb"
BBFILE_COLLECTIONS += "recurd"
BBFILE_PATTERN_recurd = "^${LAYERDIR}/"
BBFILE_PRIORITY_recurd = "6"
LAYERDEPENDS_recurd = "core"
LAYERSERIES_COMPAT_recurd = "langdale scarthgap"
""",
    "deploy/petalinux/meta-recurd/recipes/a/files/a.cfg": "CONFIG_A=y\n",
    "deploy/petalinux/meta-recurd/recipes/a/a_1.bb": RECIPE,
    "deploy/petalinux/meta-recurd/recipes/a/b.bb": GIT_RECIPE,
    "deploy/systemd/recurd.service": SERVICE,
    "deploy/systemd/recurd.socket": SOCKET,
}
# lint -> [(what is wrong, path, content)]
BAD = {
    "includes.py": [
        ("base uses engine", "server/base/a.h", '#include "server/engine/serve_step.h"\n'),
        ("exporter uses rpc", "server/exporter/a.cc", '#include "server/rpc/service.h"\n'),
        ("client library uses hw", "client/recurd/a.cc", '#include "hw/config/contract.h"\n'),
        ("recurctl's bench uses the model", "client/recurctl/bench.cc", '#include "server/model/model.h"\n'),
        ("array uses xrt", "server/pipeline/array/a.cc", '#include "server/pipeline/xrt/board.h"\n'),
        ("cpu uses array", "server/pipeline/cpu/a.cc", '#include "server/pipeline/array/layer.h"\n'),
        ("XRT beside its one file", "server/pipeline/xrt/board.cc", "#include <xrt/xrt_device.h>\n"),
        ("cpu uses sim", "server/pipeline/cpu/a.cc", '#include "server/pipeline/sim/sim.h"\n'),
        ("Highway in engine", "server/engine/a.cc", "#include <hwy/highway.h>\n"),
        ("protobuf in engine", "server/engine/b.cc", '#include "proto/recurd/v1/recurd.pb.h"\n'),
        ("protobuf runtime in session", "server/session/a.cc", "#include <google/protobuf/message.h>\n"),
        ("gRPC in engine", "server/engine/c.cc", "#include <grpcpp/grpcpp.h>\n"),
        ("service code in model/format", "server/model/format/a.cc", '#include "proto/a.grpc.pb.h"\n'),
        ("spdlog in rpc", "server/rpc/a.cc", "#include <spdlog/spdlog.h>\n"),
        ("prometheus in engine", "server/engine/d.cc", "#include <prometheus/registry.h>\n"),
        ("HTTP in rpc", "server/rpc/b.cc", "#include <microhttpd.h>\n"),
        ("onnx in numeric", "server/numeric/a.cc", "#include <onnx/onnx_pb.h>\n"),
        ("XRT in cpu", "server/pipeline/cpu/b.cc", "#include <xrt/xrt_device.h>\n"),
        ("libsystemd in rpc", "server/rpc/c.cc", "#include <systemd/sd-daemon.h>\n"),
        ("hiredis in engine", "server/engine/e.cc", "#include <hiredis/hiredis.h>\n"),
        ("other hw in numeric", "server/numeric/b.cc", '#include "hw/pl/lanes_math.h"\n'),
        ("hw in cpu", "server/pipeline/cpu/c.cc", '#include "hw/config/contract.h"\n'),
        ("server uses client", "server/engine/f.cc", '#include "client/client.h"\n'),
        ("hw uses the server", "hw/emu/a.cc", '#include "server/base/clock.h"\n'),
        ("a kernel uses the emulator", "hw/aie/kernels/a.h", '#include "hw/emu/engine.h"\n'),
        ("relative include", "server/base/b.h", '#include "../base/clock.h"\n'),
    ],
    "text.py": [
        ("tab", "server/base/a.cc", "\tint a;\n"),
        ("path of a machine", "deploy/a.sh", "cd /ro" + "ot/x\n"),
        ("TODO", "server/base/b.cc", "// TODO: later\n"),
        ("long file", "server/base/c.cc", "int a;\n" * 451),
        ("wide line", "server/base/d.cc", "// " + "x" * 118 + "\n"),
        ("trailing space", "client/a.cc", "int a; \n"),
        ("no newline", "README.md", "end"),
        ("merge conflict", "server/a.cc", "<<<<<<< ours\n"),
    ],
    "recipes.py": [
        ("another licence", RECIPES + "a_1.bb", RECIPE.replace("084b", "0000")),
        ("no summary", RECIPES + "a_1.bb", RECIPE.replace("SUMMARY", "SECTION")),
        ("missing file", RECIPES + "a_1.bb", RECIPE.replace("a.cfg", "c.cfg")),
        ("missing file of the repository", RECIPES + "a_1.bb", RECIPE.replace("/LICENSE ", "/NOTICE ")),
        ("unknown option", RECIPES + "a_1.bb", RECIPE.replace("RECURD_RPC", "RECURD_GUI")),
        ("open quote", RECIPES + "a_1.bb", RECIPE.replace('ON"', "ON")),
        ("no commit", RECIPES + "b.bb", GIT_RECIPE.replace("SRCREV", "PV")),
        ("whatever commit is newest", RECIPES + "b.bb", GIT_RECIPE.replace("ad99e21f4706193670c42b36c9824dc997f4c475", "${AUTOREV}")),
        ("no branch", RECIPES + "b.bb", GIT_RECIPE.replace(";branch=main", "")),
        ("old override", RECIPES + "c.bbappend", 'IMAGE_INSTALL_append = " recurd"\n'),
        ("path of a machine", RECIPES + "c.bbappend", 'EXTERNALSRC = "/home/me/recurd"\n'),
        ("another series", "deploy/petalinux/meta-recurd/conf/layer.conf", 'LAYERSERIES_COMPAT_recurd = "kirkstone"\n'),
    ],
    "units.py": [
        ("wide open", SYSTEMD + "recurd.service", "[Service]\nExecStart=recurd\n"),
        ("no such setting", SYSTEMD + "recurd.service", SERVICE + "WatchdogSeconds=1\n"),
        ("no such value", SYSTEMD + "recurd.service", SERVICE.replace("notify", "notified")),
        ("no name", SYSTEMD + "recurd.socket", SOCKET.replace("FileDescriptorName", "SocketUser")),
        ("a name that recurd doesn't know", SYSTEMD + "recurd.socket", SOCKET.replace("grpc", "http")),
        ("listens nowhere", SYSTEMD + "recurd.socket", SOCKET.replace("ListenStream", "BindToDevice")),
        ("a template's address", SYSTEMD + "recurd@.socket", SOCKET.replace("127.0.0.1:1", "127.0.0.1:80%i")),
    ],
    "format.sh": [("crooked", "server/base/a.cc", "int  a ;\n")],
    "headers.py": [
        ("header needs another", "server/base/a.h", "#pragma once\nstd::string name();\n"),
        ("header without guard", "server/base/b.h", "struct A {};\n"),
    ],
}


def run(lint, files, build):
    with tempfile.TemporaryDirectory() as folder:
        for path, content in files.items():
            (Path(folder) / path).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / path).write_text(content)
        command = [str(LINT / lint), folder] + ([build] if lint == "headers.py" else [])
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def main():
    build, failures, count = sys.argv[1], 0, 0
    for lint, faults in BAD.items():
        result = run(lint, GOOD, build)
        if result.returncode == 77:  # what it needs isn't here, and it says so
            print(result.stdout.strip())
            continue
        if result.returncode != 0:
            print(f"{lint} refuses a good tree:\n{result.stdout}")
            failures += 1
        for fault, path, content in faults:
            count += 1
            result = run(lint, {**GOOD, path: content}, build)
            if result.returncode != 1 or path not in result.stdout:
                print(f"{lint} doesn't see '{fault}' in {path}:\n{result.stdout}")
                failures += 1
    print(f"self test: {count} faults, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
