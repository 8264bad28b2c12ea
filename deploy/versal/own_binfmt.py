#!/usr/bin/env python3
"""Runs a command where arm64 programs run too, by qemu-user, without changing the machine for anybody else: as root of
a user namespace with mounts, processes and a binfmt_misc of its own. On a machine that runs arm64 programs already, as
Debian's qemu-user-static sets up at boot, it only runs the command.

usage: own_binfmt.py COMMAND [ARGUMENT...]       exits as COMMAND does

Takes root, Python 3 and Linux 6.7, the first whose user namespaces may have a binfmt_misc.
"""
import ctypes
import os
import signal
import sys

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID = 0x20000, 0x10000000, 0x20000000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
PR_SET_PDEATHSIG = 1
IDS = "0 0 65536\n"  # everybody is who they are outside

# The head of an aarch64 program (ELF, 64 bits, little endian, machine 183) and which of its bits count. F: the emulator
# is opened now, and so is found from inside any root.
MAGIC = rb"\x7fELF\x02\x01\x01\x00" + rb"\x00" * 8 + rb"\x02\x00\xb7\x00"
MASK = rb"\xff\xff\xff\xff\xff\xff\xff\x00" + rb"\xff" * 8 + rb"\xfe\xff\xff\xff"
RULE = b":qemu-aarch64:M::" + MAGIC + b":" + MASK + b":/usr/bin/qemu-aarch64-static:F"
NO_BINFMT = f"""that takes Linux 6.7 with binfmt_misc, and this is {os.uname().release}.
Or have the machine run arm64 programs, by qemu-user-static with systemd-binfmt or binfmt-support"""

libc = ctypes.CDLL(None, use_errno=True)


def check(what, result, way_out=""):
    if result != 0:
        sys.exit(f"own_binfmt.py: {what}: {os.strerror(ctypes.get_errno())}" + (way_out and f": {way_out}"))


def mount(source, target, kind=None, flags=0, way_out=""):
    check(f"mount {target.decode()}", libc.mount(source, target, kind, ctypes.c_ulong(flags), None), way_out)


def die_with_parent():
    """To be called when ids and capabilities won't change any more: the kernel forgets it then."""
    check("prctl", libc.prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL)))


def run_inside():
    """In the new namespaces' first process."""
    die_with_parent()
    mount(b"none", b"/", flags=MS_REC | MS_PRIVATE)
    mount(b"proc", b"/proc", b"proc")
    mount(b"binfmt_misc", b"/proc/sys/fs/binfmt_misc", b"binfmt_misc", way_out=NO_BINFMT)
    with open("/proc/sys/fs/binfmt_misc/register", "wb", buffering=0) as register:
        register.write(RULE)
    os.execvp(sys.argv[1], sys.argv[1:])


def run_command(ready, mapped):
    """In a child of ours, which writes to `ready` when it has a namespace and waits until its ids are mapped."""
    check("unshare", libc.unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID))
    os.close(ready)
    os.read(mapped, 1)
    os.setgid(0)
    os.setuid(0)
    die_with_parent()
    if (child := os.fork()) == 0:
        run_inside()
    os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xFF)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if os.path.exists("/proc/sys/fs/binfmt_misc/qemu-aarch64"):
        os.execvp(sys.argv[1], sys.argv[1:])
    unshared, ready = os.pipe()
    mapped, ids_written = os.pipe()
    if (child := os.fork()) == 0:
        os.close(unshared)
        os.close(ids_written)
        run_command(ready, mapped)
    os.close(ready)
    os.read(unshared, 1)
    for ids in ("uid_map", "gid_map"):
        with open(f"/proc/{child}/{ids}", "w") as file:
            file.write(IDS)
    os.close(ids_written)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    sys.exit(main())
