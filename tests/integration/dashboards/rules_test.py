#!/usr/bin/python3
"""The shipped rules by promtool, and what else can be said of rules and dashboard without a daemon.

usage: rules_test.py [unittest arguments], with RECURD_SOURCE in the environment
"""
import json
import os
import re
import subprocess
import unittest
from pathlib import Path

SOURCE = Path(os.environ["RECURD_SOURCE"])
PROMETHEUS = SOURCE / "deploy/prometheus"
UNIT_TESTS = Path(__file__).resolve().parent / "rules_test.yml"
ALERTS = (PROMETHEUS / "recurd.alerts.yml").read_text()
NAMES = re.findall(r"- alert: (\w+)", ALERTS)
DASHBOARD = json.loads((SOURCE / "deploy/grafana/recurd.json").read_text())


def promtool(*arguments):
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, timeout=240)


class RulesTest(unittest.TestCase):
    def test_promtool_accepts_rules_and_configuration(self):
        done = promtool("check", "config", PROMETHEUS / "prometheus.yml")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("2 rule files found", done.stdout)

    def test_each_alert_fires_on_what_it_is_for_and_on_nothing_else(self):
        done = promtool("test", "rules", UNIT_TESTS)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_each_alert_is_tested_and_has_its_runbook(self):
        self.assertGreater(len(NAMES), 15)
        tested = re.findall(r"^ +alertname: (\w+)", UNIT_TESTS.read_text(), re.MULTILINE)
        self.assertEqual(sorted(set(tested)), sorted(NAMES))
        readme = (PROMETHEUS / "README.md").read_text()
        self.assertEqual(re.findall(r"^### (Recurd\w+)$", readme, re.MULTILINE), NAMES)
        for name in NAMES:
            self.assertIn(f"runbook: deploy/prometheus/README.md#{name.lower()}\n", ALERTS)
            section = readme.split(f"### {name}\n")[1].split("\n### ")[0]
            for part in ("**Means**", "**Look**", "**Do**"):
                self.assertIn(part, section, name)


class DashboardTest(unittest.TestCase):
    def test_panels_have_ids_of_their_own_and_lie_beside_each_other(self):
        cells = set()
        for panel in DASHBOARD["panels"]:
            at = panel["gridPos"]
            self.assertLessEqual(at["x"] + at["w"], 24, panel["title"])
            taken = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            self.assertEqual(cells & taken, set(), panel["title"])
            cells |= taken
        ids = [panel["id"] for panel in DASHBOARD["panels"]]
        self.assertEqual(len(ids), len(set(ids)))

    def test_panels_are_of_kinds_that_grafana_9_to_11_have_and_ask_the_chosen_data_source(self):
        self.assertEqual(DASHBOARD["schemaVersion"], 37)
        for panel in DASHBOARD["panels"]:
            self.assertIn(panel["type"], ("row", "timeseries", "heatmap", "stat", "table"))
            for target in panel.get("targets", []):
                self.assertEqual(target["datasource"], {"type": "prometheus", "uid": "${datasource}"})
                variables = set(re.findall(r"\$(\w+)", target["expr"]))
                self.assertLessEqual(variables, {v["name"] for v in DASHBOARD["templating"]["list"]} | {"__rate_interval"})
                self.assertIn("instance", variables, panel["title"])


if __name__ == "__main__":
    unittest.main()
