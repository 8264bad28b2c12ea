"""Builds the package: generates recurd/v1/recurd_pb2*.py from the repository's proto/ by protoc and grpc_python_plugin.

The proto file and the version stand outside this folder, in the repository. An sdist carries the file along, and its
version in PKG-INFO. Everything that a build leaves behind goes to a temporary folder, never into the source tree.
"""
import atexit
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
PROTO = "recurd/v1/recurd.proto"


def proto_root():
    """The folder that PROTO is relative to: in an sdist beside this file, else the repository's."""
    for root in (HERE / "proto", REPOSITORY / "proto"):
        if (root / PROTO).is_file():
            return root
    raise SystemExit(
        f"recurd: {PROTO} is neither in {HERE}/proto (an sdist) nor in {REPOSITORY}/proto: "
        "install from a checkout (pip install ./client/python, pip 21.3 or newer) or from an sdist"
    )


def version():
    """The project's version, from the repository's CMakeLists.txt or an sdist's PKG-INFO."""
    for file, pattern in (
        (HERE / "PKG-INFO", r"^Version: (\S+)$"),
        (REPOSITORY / "CMakeLists.txt", r"^project\(recurd VERSION (\S+)"),
    ):
        match = re.search(pattern, file.read_text(), re.MULTILINE) if file.is_file() else None
        if match:
            return match.group(1)
    raise SystemExit(f"recurd: no version in {HERE}/PKG-INFO or {REPOSITORY}/CMakeLists.txt")


def tool(name, package):
    """The path of a program."""
    path = shutil.which(name)
    if path is None:
        raise SystemExit(
            f"recurd: {name} is not on PATH, and the API's stubs are generated with it; "
            f"on Debian: apt-get install {package}"
        )
    return path


def generate(folder):
    """Writes recurd/v1/recurd_pb2.py, .pyi and recurd_pb2_grpc.py under `folder`."""
    command = [
        tool("protoc", "protobuf-compiler"),
        f"--proto_path={proto_root()}",
        f"--python_out={folder}",
        f"--pyi_out={folder}",
        f"--grpc_python_out={folder}",
        f"--plugin=protoc-gen-grpc_python={tool('grpc_python_plugin', 'protobuf-compiler-grpc')}",
        PROTO,
    ]
    Path(folder).mkdir(parents=True, exist_ok=True)
    subprocess.run(command, check=True)


class BuildWithStubs(build_py):
    """build_py that also generates the stubs; for an editable install, in the source tree, where git ignores them."""

    def run(self):
        super().run()
        generate(HERE if self.editable_mode else self.build_lib)


class SdistWithProto(sdist):
    """sdist that takes the proto file along."""

    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, files)
        target = Path(base_dir) / "proto" / PROTO
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(proto_root() / PROTO, target)


work = tempfile.mkdtemp(prefix="recurd-build-")
atexit.register(shutil.rmtree, work, ignore_errors=True)
setup(
    version=version(),
    cmdclass={"build_py": BuildWithStubs, "sdist": SdistWithProto},
    options={"build": {"build_base": work}, "egg_info": {"egg_base": work}},
)
