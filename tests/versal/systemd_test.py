"""recurd's Debian package on an emulated Versal with Debian and systemd: its units as deploy/systemd has them, upgrade
and purge.

usage: systemd_test.py [unittest arguments], with RECURD_SOURCE (the repository) and RECURCTL (this machine's recurctl)
in the environment. Exits with 77 (skipped) without what booting takes, and for who isn't root.
"""
import contextlib
import os
import subprocess
import sys
import threading
import time
import unittest

from board import SOURCE, Board, skip_unless_bootable

SERVICE = "recurd.service"
SOCKETS = ("recurd.socket", "recurd-metrics.socket", "recurd-admin.socket")
DPKG_S = 600  # it unpacks and configures where every instruction is emulated


def recurctl(command, *arguments):
    done = subprocess.run([os.environ["RECURCTL"], command, *arguments], capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout, done.stderr


class SystemdTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        versal = SOURCE / "build/versal"
        versal.mkdir(parents=True, exist_ok=True)
        # Longer than a boot may take; under the lock of boot.sh.
        subprocess.run(["flock", versal / "lock", SOURCE / "deploy/versal/mkrootfs.sh", versal / "rootfs"], check=True)
        cls.board = cls.enterClassContext(Board("--systemd"))
        cls.board.shell()
        cls.healthy("--connect_timeout=300")

    @classmethod
    def healthy(cls, *arguments):
        code, _, errors = recurctl("health", f"--server={cls.board.address}", *arguments)
        if code != 0:
            raise AssertionError(f"recurctl health ended with {code}: {errors}")

    def show(self, name, unit=SERVICE):
        return self.board.run(f"systemctl show --value --property={name} {unit}")

    def wait_until(self, name, value, timeout_s=120):
        give_up_s = time.monotonic() + timeout_s
        while (now := self.show(name)) != value:
            self.assertLess(time.monotonic(), give_up_s, f"{name} stays {now}")
            time.sleep(1)

    @contextlib.contextmanager
    def nobody_is_refused(self):
        """Scrapes all the while; afterwards the service is another process, and none that systemd had to restart."""
        before = self.show("MainPID")
        over, failures, scrapes = threading.Event(), [], []

        def scrape():
            while not over.is_set():
                try:
                    scrapes.append(self.board.scrape())
                except OSError as error:
                    failures.append(error)

        thread = threading.Thread(target=scrape)
        thread.start()
        try:
            yield
            self.healthy("--connect_timeout=120")
        finally:
            over.set()
            thread.join()
        self.assertEqual(failures, [])
        self.assertGreater(len(scrapes), 1)
        self.assertNotEqual(self.show("MainPID"), before)
        self.assertEqual((self.show("ActiveState"), self.show("NRestarts")), ("active", "0"))

    def test_0_the_package_is_installed_and_has_enabled_its_units(self):
        self.assertRegex(self.board.run("dpkg --status recurd"), r"(?m)^Status: install ok installed$")
        self.assertEqual(self.board.run("dpkg --audit"), "")
        self.assertEqual(self.board.run("systemctl is-enabled recurd.socket recurd.service").split(), ["enabled"] * 2)

    def test_1_it_is_up_by_its_sockets_and_its_own_word(self):
        for unit in (SERVICE, *SOCKETS):
            self.assertEqual(self.board.run(f"systemctl is-active {unit}"), "active", unit)
        self.assertEqual((self.show("Type"), self.show("NRestarts")), ("notify", "0"))
        self.assertIn("serving on 0.0.0.0:8001", self.show("StatusText"))
        self.assertEqual(self.board.run("stat -c %U /proc/$(pidof recurd)"), "recurd")

    def test_2_it_serves_what_the_shipped_model_says(self):
        rows = ["--columns=p0-p7", f"--input={SOURCE}/deploy/models/digits/held_out.csv", "--chunk=8"]
        where = [f"--server={self.board.address}", "--connect_timeout=120"]
        code, outputs, _ = recurctl("stream", "--model=digits", *where, *rows)
        self.assertEqual((code, outputs.count("\n")), (0, 1601))
        self.assertEqual(self.board.metric('recurd_steps_total{model="digits"}'), 1600)

    def test_3_it_is_shut_in(self):
        self.board.run("systemd-analyze security --no-pager --threshold=15 recurd.service >/run/security")
        self.assertRegex(self.board.run("tail -n 1 /run/security"), r"recurd.service: 1\.\d OK")

    def test_4_a_restart_refuses_nobody(self):
        with self.nobody_is_refused():
            self.board.run("systemctl restart recurd.service")

    def test_5_an_upgrade_refuses_nobody_and_keeps_the_flags(self):
        flags = self.board.run("echo --max_sessions=77 | tee -a /etc/recurd/recurd.flags")
        with self.nobody_is_refused():
            self.board.run("dpkg --install /var/cache/recurd.deb >/run/dpkg.log 2>&1", DPKG_S)
        self.assertEqual(self.board.run("tail -n 1 /etc/recurd/recurd.flags"), flags)
        self.assertEqual(self.board.run("ls /etc/recurd"), "recurd.flags")
        self.assertEqual(self.board.run("dpkg --audit"), "")

    def test_6_the_watchdog_restarts_one_that_hangs(self):
        self.board.run("kill -STOP $(systemctl show --value --property=MainPID recurd.service)")
        self.wait_until("NRestarts", "1")
        self.healthy("--connect_timeout=120")
        self.assertEqual(self.board.run("systemctl is-active recurd.service"), "active")
        self.assertIn("watchdog", self.board.run("journalctl --no-pager --unit=recurd.service --lines=50").lower())

    def test_7_a_stop_drains(self):
        self.board.run(f"systemctl stop {' '.join(SOCKETS)} recurd.service")
        self.assertEqual((self.show("Result"), self.show("ExecMainStatus")), ("success", "0"))

    def test_8_a_purge_leaves_nothing(self):
        self.board.run("systemctl start recurd.socket recurd.service")
        self.board.run("dpkg --purge recurd >/run/dpkg.log 2>&1", DPKG_S)
        for left in (
            "systemctl list-units --all --no-legend 'recurd*'",
            "systemctl list-unit-files --no-legend 'recurd*'",
            "find /etc/systemd /var/lib/systemd -name '*recurd*' ! -path '*.socket.d*'",
            "pidof recurd",
            "getent passwd recurd",
            "getent group recurd",
            "ls -d /etc/recurd /var/lib/recurd /usr/share/recurd /run/recurd 2>/dev/null",
            "dpkg-query --show recurd 2>/dev/null",
            "dpkg --audit",
        ):
            with self.subTest(left):
                self.assertEqual(self.board.run(f"{left} || true"), "")


if __name__ == "__main__":
    skip_unless_bootable("versal-systemd", "package-aarch64/recurd_*.deb")
    if os.geteuid() != 0:
        print("skipped: installing a Debian for arm64 takes root")
        sys.exit(77)
    unittest.main()
