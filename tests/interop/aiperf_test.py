# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""aiperf against the mock region. run.sh sets PRACTICUS to the command line. The tokenizer is made here, a word a token, because
aiperf's own one is loaded from another host."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import transformers
from tokenizers import Tokenizer, models, pre_tokenizers

from mock_process import mock_region, session_token

WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight"]
REQUESTS = 40
cleanup = contextlib.ExitStack()


def make_tokenizer(folder):
    words = Tokenizer(models.WordLevel({word: number for number, word in enumerate(["?", *WORDS])}, unk_token="?"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    transformers.PreTrainedTokenizerFast(tokenizer_object=words, unk_token="?", eos_token="?").save_pretrained(folder)


def setUpModule():
    global url, folder, gateway_token
    folder = pathlib.Path(cleanup.enter_context(tempfile.TemporaryDirectory()))
    arguments = ["--gateway-token", str(folder / "token"), "--first-token-delay", "20", "--token-delay", "5"]
    url = cleanup.enter_context(mock_region(*arguments))
    gateway_token = (folder / "token").read_text().strip()
    make_tokenizer(folder / "tokenizer")
    (folder / "inputs.jsonl").write_text("".join(json.dumps({"text": " ".join(WORDS[: 2 + i % 7])}) + "\n" for i in range(7)))


def tearDownModule():
    cleanup.close()


class Aiperf(unittest.TestCase):
    def profile(self, at, kind, token, *arguments):
        """The results of a run."""
        results = folder / self.id()
        command = [
            pathlib.Path(sys.executable).with_name("aiperf"), "profile", "--url", url + at, "--endpoint-type", kind,
            "--model", "assistant", "--api-key", token, "--tokenizer", folder / "tokenizer", "--ui", "none",
            "--input-file", folder / "inputs.jsonl", "--custom-dataset-type", "single_turn", "--artifact-dir", results,
            "--request-count", str(REQUESTS), "--concurrency", "4", "--workers-max", "2", "--no-server-metrics",
            "--no-gpu-telemetry", *arguments,
        ]
        home = {"HF_HOME": str(folder), "HOME": str(folder)}
        run = subprocess.run(
            command, env={**os.environ, **home}, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=400,
        )
        self.assertEqual(run.returncode, 0, run.stdout)
        return json.loads((results / "profile_export_aiperf.json").read_text())

    def check_whole(self, results):
        self.assertEqual(results["request_count"]["avg"], REQUESTS)
        self.assertEqual(results["error_summary"], [])
        self.assertTrue(results["is_complete"])

    def test_streamed_chat(self):
        results = self.profile("/llm/assistant", "chat", session_token(url, 46), "--streaming")
        self.check_whole(results)
        # The model repeats the prompt.
        self.assertEqual(results["output_sequence_length"], results["input_sequence_length"])
        # aiperf and the mock count the same tokens.
        self.assertEqual(results["usage_discrepancy_count"]["avg"], 0)
        # Delays take at least their time, in milliseconds. No answer has less than two tokens.
        self.assertGreaterEqual(results["time_to_first_token"]["min"], 20)
        self.assertGreaterEqual(results["request_latency"]["min"], 25)

    def test_chat_of_the_gateway(self):
        results = self.profile("/ai-gateway", "chat", gateway_token, "--use-server-token-count")
        self.check_whole(results)
        self.assertEqual(results["output_sequence_length"]["max"], 8)

    def test_embeddings(self):
        self.check_whole(self.profile("/llm/assistant", "embeddings", session_token(url, 46)))


if __name__ == "__main__":
    unittest.main()
