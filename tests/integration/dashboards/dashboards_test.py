#!/usr/bin/python3
"""Every expression of the Grafana dashboard, the rules and the console pages, asked of a Prometheus that scrapes daemons
under load; and the console pages, drawn by a browser.

usage: dashboards_test.py [unittest arguments], with the environment of scene.py. Leaves the photographs of the pages in
the working directory.
"""
import json
import math
import re
import time
import unittest
import urllib.error
import urllib.request
from html.parser import HTMLParser
from pathlib import Path

import matplotlib.image
import numpy as np
from scene import SOURCE, Browser, Scene, has_board

DASHBOARD = SOURCE / "deploy/grafana/recurd.json"
WINDOW = "15s"
SETTLES_S = 60  # what has no data by then, after the first scrapes, will have none
# Panels whose curves this load moves, beside those that stay at 0 in health; with a board also those of BROKEN.
MOVING = {"Steps / s", "p99 of a message", "Refused / s", "Sessions", "Ended a second, by reason", "Connections",
          "Messages refused a second, by reason", "Messages a second, by status code", "Capacity used and time busy",
          "Runs that found the session's state in the pipeline", "A step: measured p50 and modelled"}  # fmt: skip
BROKEN = {"Failed runs, 1 h", "Runs that failed, a second, by kind", "Recoveries a second, by rung"}
NAME = re.compile(r"\b(?:recurd|process)_[a-z_]+\b")


def without_labels(expression):
    return re.sub(r"\{[^}]*\}|\b(?:by|on) \([^)]*\)", "", expression)


def panels():
    return [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]


def expressions():
    """(panel's title, expression) of every target."""
    return [(panel["title"], target["expr"]) for panel in panels() for target in panel["targets"]]


def filled_in(expression, **values):
    for name, value in {"__rate_interval": WINDOW, "objective": "0.001", "job": ".*", "instance": ".*", "model": ".*", **values}.items():
        expression = expression.replace("$" + name, value)
    return expression


class Page(HTMLParser):
    """What matters of a console page: its charts, and its text."""

    def __init__(self, text):
        super().__init__()
        self.expressions, self.states, self.titles, self.hosts, self.texts, self.body = [], [], [], [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if "data-expr" in attributes:
            self.expressions.append(attributes["data-expr"])
        if attributes.get("class") == "chart":
            self.states.append(attributes.get("data-state"))
            self.titles.append(attributes["data-title"])
        if tag == "body":
            self.body = attributes.get("data-state")
        self.hosts += [attributes[name] for name in ("src", "href") if re.match(r"(https?:)?//", attributes.get(name) or "")]

    def handle_data(self, data):
        self.texts.append(data)


def has_color(pixels, color):
    """Whether at least 50 pixels are as good as of this #rrggbb."""
    wanted = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return (np.abs(pixels[..., :3] - wanted).max(axis=-1) < 0.01).sum() >= 50


class DashboardsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scene = cls.enterClassContext(Scene())
        cls.prometheus = cls.scene.prometheus
        cls.scene.wait_for_scrapes()
        cls.give_up_s = time.monotonic() + SETTLES_S

    def eventually(self, holds, what):
        while not holds():
            self.assertLess(time.monotonic(), self.give_up_s, what)
            time.sleep(1)

    def numbers(self, expression):
        try:
            values = [value for _, value in self.prometheus.query(expression)]
        except urllib.error.HTTPError as error:
            self.fail(f"{expression}: {error.read().decode()}")
        return [value for value in values if math.isfinite(value)]

    def families(self):
        text = ""
        for daemon in self.scene.daemons:
            with urllib.request.urlopen(f"http://127.0.0.1:{daemon.metrics_port}/metrics", timeout=10) as page:
                text += page.read().decode()
        return dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))

    def test_every_panel_shows_something(self):
        one = {"instance": f"127.0.0.1:{self.scene.sim.metrics_port}", "model": "digits"}
        self.assertGreater(len(expressions()), 40)
        for title, expression in expressions():
            for chosen in ({}, one):
                with self.subTest(title, **chosen):
                    asked = filled_in(expression, **chosen)
                    self.eventually(lambda: self.numbers(asked), f"no answer: {asked}")

    def test_what_the_load_moves_is_not_zero(self):
        moving = MOVING | (BROKEN if self.scene.xrt else set())
        self.assertLessEqual(moving, {title for title, _ in expressions()})
        for title in moving:
            asked = [filled_in(expression) for name, expression in expressions() if name == title]
            self.eventually(lambda: any(any(self.numbers(expression)) for expression in asked), title)

    def test_every_variable_of_the_dashboard_has_values(self):
        variables = json.loads(DASHBOARD.read_text())["templating"]["list"]
        for variable in (v for v in variables if v["type"] == "query"):
            series, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["definition"]).groups()
            values = json.loads(self.prometheus.get(f"api/v1/label/{label}/values", **{"match[]": filled_in(series)}))["data"]
            self.assertTrue(values, variable["name"])
            if variable["name"] == "objective":
                self.assertIn("0.001", values)

    def test_every_metric_is_shown_and_every_name_exists(self):
        families = self.families()
        series = set(families) | {f"{f}_{end}" for f, kind in families.items() if kind == "histogram" for end in ("bucket", "count", "sum")}
        texts = {"recurd.json": " ".join(expression for _, expression in expressions())}
        for path in (*(SOURCE / "deploy/prometheus").glob("*.yml"), *(SOURCE / "deploy/prometheus/consoles").glob("*.html")):
            text = re.sub(r"^ *(- record|summary|runbook|#).*$", "", path.read_text(), flags=re.MULTILINE)
            texts[path.name] = re.sub(r"\b(model|instance):recurd\w+:\w+", "", text)
        for name, text in texts.items():
            self.assertEqual(set(NAME.findall(without_labels(text))) - series - {"recurd_head", "recurd_tail", "recurd_ranges",
                             "recurd_rate", "recurd_count", "recurd_seconds", "recurd_percent"}, set(), name)  # fmt: skip
        shown = {re.sub("_(bucket|count|sum)$", "", name) if name not in families else name for name in NAME.findall(texts["recurd.json"])}
        self.assertEqual(set(families) - shown, set(), "not in the dashboard")

    def test_every_rule_evaluates_and_every_recorded_series_has_samples(self):
        groups = json.loads(self.prometheus.get("api/v1/rules"))["data"]["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        self.assertGreater(len(rules), 20)
        for rule in rules:
            self.assertEqual(rule["health"], "ok", rule)
            if rule["type"] == "recording" and ("measured_to_modelled" not in rule["name"] or self.scene.xrt):
                self.eventually(lambda: self.numbers(rule["name"]), rule["name"])

    @unittest.skipUnless(has_board(), "nothing fails without the virtual board")
    def test_faults_fire_their_alert(self):
        self.eventually(lambda: self.numbers('ALERTS{alertname="RecurdPipelineFaults",kind="corrupt",alertstate="firing"}'), "no alert")

    def test_every_curve_of_the_console_pages_has_data(self):
        for page in (f"recurd.html?instance=127.0.0.1:{self.scene.sim.metrics_port}", "recurd.html", "recurd-model.html?model=digits"):
            found = Page(self.prometheus.get("consoles/" + page)).expressions
            self.assertGreater(len(found), 10, page)
            for expression in found:
                with self.subTest(page):
                    asked = expression.replace("$w", WINDOW)
                    self.eventually(lambda: self.numbers(asked), f"no answer: {asked}")

    def test_the_console_pages_are_drawn_without_any_other_host(self):
        browser = Browser(self.scene.folder)
        for page, text in (("recurd.html?range=5m", "digits_reset_before"), ("recurd-model.html?model=digits&range=5m", "version 1")):
            url = f"{self.prometheus.url}/consoles/{page}"
            drawn = Page(browser.page(url))
            self.assertEqual(drawn.body, "done")
            self.assertEqual({t: s for t, s in zip(drawn.titles, drawn.states) if s != "drawn"}, {}, page)
            self.assertGreaterEqual(len(drawn.titles), 9)
            self.assertEqual(drawn.hosts, [])
            self.assertIn(text, " ".join(drawn.texts))
            picture = Path(page.split("?")[0] + ".png").absolute()
            browser.photograph(url, picture)
            pixels = matplotlib.image.imread(picture)
            self.assertEqual(pixels.shape[:2], (1240, 1280))
            for color in ("#2563b0", "#e0802b", "#2a9d74", "#2d74ba"):  # three curves, and a shade of the heat maps
                self.assertTrue(has_color(pixels, color), f"nothing in {picture} is {color}")


if __name__ == "__main__":
    unittest.main()
