"""The alerts without services: their syntax, when they fire, and that people find out what to do."""

import os
import re
import unittest

import files
from lib.processes import run  # pylint: disable=wrong-import-order

HERE = os.path.dirname(os.path.abspath(__file__))
SECTIONS = ["## What it means", "## Look", "## Do"]


class Alerts(unittest.TestCase):
    def test_promtool_accepts_the_rules(self):
        run(["promtool", "check", "rules", "--lint=all", "--lint-fatal", files.ALERTS])

    def test_each_fires_when_it_should_and_only_then(self):
        run(["promtool", "test", "rules", os.path.join(HERE, "alerts_test.yaml")], cwd=HERE)

    def test_every_alert_is_among_those_tests(self):
        with open(os.path.join(HERE, "alerts_test.yaml")) as file:
            tested = set(re.findall(r"alertname: (\w+)", file.read()))
        self.assertEqual(tested, {rule["alert"] for rule in files.alerts()})

    def test_every_alert_has_a_severity_and_a_summary(self):
        for rule in files.alerts():
            self.assertIn(rule["labels"]["severity"], ("critical", "warning"), rule["alert"])
            self.assertTrue(rule["annotations"]["summary"], rule["alert"])

    def test_every_alert_has_a_runbook_and_every_runbook_an_alert(self):
        runbooks = {name[: -len(".md")] for name in os.listdir(files.RUNBOOKS) if name != "README.md"}
        self.assertEqual(runbooks, {rule["alert"] for rule in files.alerts()})

    def test_every_runbook_says_what_it_means_where_to_look_and_what_to_do(self):
        for rule in files.alerts():
            with open(os.path.join(files.RUNBOOKS, rule["alert"] + ".md")) as file:
                text = file.read()
            self.assertTrue(text.startswith(f"# {rule['alert']}\n"), rule["alert"])
            self.assertEqual(re.findall(r"^## .*$", text, re.MULTILINE), SECTIONS, rule["alert"])
            for part in re.split(r"^## .*$", text, flags=re.MULTILINE)[1:]:
                self.assertGreater(len(part.strip()), 40, rule["alert"])


if __name__ == "__main__":
    unittest.main()
