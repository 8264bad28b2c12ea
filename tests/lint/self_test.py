#!/usr/bin/env python3
"""A lint that can't fail is worse than none: feeds each lint trees with one fault and a tree without.

usage: self_test.py BUILD      BUILD as for headers.py
"""
import subprocess
import sys
import tempfile
from pathlib import Path

LINT = Path(__file__).resolve().parent
GOOD = {
    "server/base/clock.h": "#pragma once\nint Now();\n",
    "server/numeric/kernel.cc": '#include "hw/pl/activation_lut.h"\n#include "hwy/highway.h"\n#include "server/base/clock.h"\n',
    "server/rpc/service.cc": '#include <grpcpp/grpcpp.h>\n\n#include "proto/a.grpc.pb.h"\n#include "server/base/clock.h"\n',
    "server/main.cc": '#include "server/rpc/service.h"\n',
    "client/client.h": "#pragma once\n",
    "hw/pl/kernel.h": "#pragma once\n#include <hls_stream.h>\n",
    "tests/x_test.cc": '#include "server/rpc/service.h"\n',
    ".clang-format": "BasedOnStyle: Google\n",
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
