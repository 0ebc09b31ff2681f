# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""examples/kubernetes/predict.yaml has the schema of Kubernetes' Job, the rules that the schema cannot say, and exit codes of the
manual page."""

import copy
import pathlib
import re
import subprocess
import tempfile
import unittest

import kubernetes_validate
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
JOB = yaml.safe_load((ROOT / "examples/kubernetes/predict.yaml").read_text(encoding="utf-8"))
VERSIONS = ["1.33", "1.37"]


class Kubernetes(unittest.TestCase):
    def test_the_schema(self):
        for version in VERSIONS:
            with self.subTest(version=version):
                kubernetes_validate.validate(JOB, version, strict=True)

    def test_the_schema_finds_faults(self):
        for path, value in (("backoffLimitPerIndices", 5), ("backoffLimitPerIndex", "5"), ("podReplacementPolicy", 1)):
            job = copy.deepcopy(JOB)
            job["spec"][path] = value
            with self.subTest(path=path), self.assertRaises(kubernetes_validate.ValidationError):
                kubernetes_validate.validate(job, VERSIONS[-1], strict=True)

    def test_the_rules_of_the_api(self):
        spec, pod = JOB["spec"], JOB["spec"]["template"]["spec"]
        self.assertEqual((spec["completionMode"], spec["podReplacementPolicy"], pod["restartPolicy"]), ("Indexed", "Failed", "Never"))
        names = [each["name"] for each in pod["containers"]]
        for rule in spec["podFailurePolicy"]["rules"]:
            self.assertEqual(len({"onExitCodes", "onPodConditions"} & set(rule)), 1)
            self.assertIn(rule["action"], ["FailJob", "FailIndex", "Ignore", "Count"])
            if codes := rule.get("onExitCodes"):
                self.assertIn(codes["containerName"], names)
                self.assertEqual(codes["values"], sorted(set(codes["values"]) - {0}))
        self.assertEqual({each["name"] for each in pod["volumes"]}, {each["name"] for each in pod["containers"][0]["volumeMounts"]})

    def test_exit_codes_stand_in_the_manual_page(self):
        manual = (ROOT / "examples/cli/practicus.1").read_text(encoding="utf-8")
        codes = set(re.findall(r"^\.It (\d+)$", manual.split(".Sh EXIT STATUS")[1].split(".Sh ")[0], re.MULTILINE))
        rules = [rule["onExitCodes"]["values"] for rule in JOB["spec"]["podFailurePolicy"]["rules"] if "onExitCodes" in rule]
        self.assertEqual({str(code) for values in rules for code in values} - codes, set())
        self.assertEqual(rules, [[3, 4], [2, 6]])

    def test_a_pod_does_the_file_of_its_index_until_it_is_complete(self):
        container = JOB["spec"]["template"]["spec"]["containers"][0]
        with tempfile.TemporaryDirectory() as folder:
            command = pathlib.Path(folder, "practicus")
            command.write_text('#!/bin/sh\necho "$@"\n', encoding="utf-8")
            command.chmod(0o755)
            results = pathlib.Path(folder, "out", "7.csv")
            results.parent.mkdir()
            script = [*container["command"], container["args"][0].replace("/data", folder)]
            environment = {"PATH": f"{folder}:/usr/bin:/bin", "JOB_COMPLETION_INDEX": "7"}

            def pod():
                return subprocess.run(script, env=environment, check=True, capture_output=True, text=True).stdout

            call = f"predict models/practicus/diamond-price {folder}/in/7.csv {results} --resume\n"
            self.assertEqual(pod(), call)
            results.touch()
            self.assertEqual(pod(), call)
            results.write_text("price\n1\n", encoding="utf-8")
            journal = pathlib.Path(f"{results}.practicus")
            journal.touch()
            self.assertEqual(pod(), call)
            journal.unlink()
            self.assertEqual(pod(), "")


if __name__ == "__main__":
    unittest.main()
