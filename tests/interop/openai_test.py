# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""The openai SDK against the mock region. run.sh sets PRACTICUS to the command line."""

import contextlib
import json
import os
import pathlib
import subprocess
import tempfile
import time
import typing
import unittest

import httpx2
import openai
from openai.types import BatchCreateParams, BatchError, CreateEmbeddingResponse
from openai.types.chat import ChatCompletion

import mock_process
from mock_process import mock_region

MODEL = "assistant"
HELLO = [{"role": "user", "content": "one two  three"}]
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
cleanup = contextlib.ExitStack()


def session_token(model):
    return mock_process.session_token(url, model)


def sdk(token=None, at="/llm/assistant/v1", **options):
    return openai.OpenAI(base_url=url + at, api_key=token or session_token(46), max_retries=0, timeout=60, **options)


def setUpModule():
    global url, gateway_token
    file = pathlib.Path(cleanup.enter_context(tempfile.TemporaryDirectory())) / "token"
    arguments = ["--token-delay", "20", "--cold-start", "1", "--gateway-token", str(file)]
    url = cleanup.enter_context(mock_region(*arguments, fault="a session token of another model"))
    gateway_token = file.read_text().strip()


def tearDownModule():
    cleanup.close()


class OpenAI(unittest.TestCase):
    def test_chat(self):
        for at in ("/llm/assistant", "/llm/assistant/", "/llm/assistant/latest/"):
            done = sdk(at=at).chat.completions.create(model=MODEL, messages=HELLO)
            self.assertEqual(done.choices[0].message.content, "one two  three")
            self.assertEqual(done.choices[0].finish_reason, "stop")
            self.assertEqual((done.usage.prompt_tokens, done.usage.completion_tokens), (3, 3))

    def test_answers_name_the_version(self):
        raw = sdk().chat.completions.with_raw_response.create(model=MODEL, messages=HELLO)
        self.assertEqual(raw.headers["x-prt-model-version"], "1")
        self.assertEqual(raw.headers["x-prt-pod-name"], "depl-large-0")

    def test_streamed_chat(self):
        chunks = list(sdk().chat.completions.create(model=MODEL, messages=HELLO, stream=True, stream_options={"include_usage": True}))
        self.assertEqual([c.choices[0].delta.content for c in chunks if c.choices], ["", "one ", "two  ", "three", None])
        self.assertEqual(chunks[-2].choices[0].finish_reason, "stop")
        self.assertEqual(chunks[-1].usage.total_tokens, 6)

    def test_streamed_chat_as_the_sdk_gathers_it(self):
        with sdk().chat.completions.stream(model=MODEL, messages=HELLO) as stream:
            done = stream.get_final_completion()
        self.assertEqual(done.choices[0].message.content, "one two  three")
        with self.assertRaises(openai.LengthFinishReasonError):
            with sdk().chat.completions.stream(model=MODEL, messages=HELLO, max_tokens=2) as stream:
                stream.get_final_completion()

    def test_function_call(self):
        asked = {"model": MODEL, "messages": HELLO, "tools": [TOOL], "tool_choice": "required"}
        done = sdk().chat.completions.create(**asked).choices[0]
        self.assertEqual(done.finish_reason, "tool_calls")
        self.assertEqual(json.loads(done.message.tool_calls[0].function.arguments), {"text": "one two  three"})
        with sdk().chat.completions.stream(**asked) as stream:
            streamed = stream.get_final_completion().choices[0]
        self.assertEqual(streamed.message.tool_calls[0].function.arguments, done.message.tool_calls[0].function.arguments)
        self.assertEqual(streamed.message.tool_calls[0].function.name, "look")

    def test_embeddings(self):
        def embed(text, **options):
            return [item.embedding for item in sdk().embeddings.create(model=MODEL, input=text, **options).data]

        one = embed("a b")
        self.assertEqual(len(one[0]), 8)
        # Without a format, the SDK asks for base64.
        self.assertEqual(embed("a b", encoding_format="float"), one)
        self.assertEqual(embed(["x", "a b"])[1:], one)
        self.assertEqual([len(vector) for vector in embed(["x", "y", "z"], dimensions=3)], [3, 3, 3])
        self.assertEqual(sdk().embeddings.create(model=MODEL, input=["a b", "c"]).usage.total_tokens, 3)

    def test_models(self):
        self.assertEqual([model.id for model in sdk().models.list()], [MODEL])

    def refusal(self, kind, body=None, **asked):
        with self.assertRaises(kind) as caught:
            sdk().chat.completions.create(**{"model": MODEL, "messages": HELLO, **asked}, extra_body=body)
        error = caught.exception
        return error.status_code, error.code, error.param, error.type

    def test_errors(self):
        invalid = "invalid_request_error"
        self.assertEqual(self.refusal(openai.NotFoundError, model="x"), (404, "model_not_found", None, invalid))
        self.assertEqual(
            self.refusal(openai.BadRequestError, {"messages": None}), (400, "missing_required_parameter", "messages", invalid)
        )
        self.assertEqual(self.refusal(openai.BadRequestError, {"messages": []})[1:3], ("invalid_type", "messages"))
        with self.assertRaises(openai.BadRequestError) as caught:
            sdk().post("/chat/completions", cast_to=object, content=b"{", options={"headers": {"content-type": "application/json"}})
        self.assertIn("could not parse", str(caught.exception))
        with self.assertRaises(openai.NotFoundError):
            sdk().responses.create(model=MODEL, input="x")

    def test_gateway(self):
        through = sdk(gateway_token, "/ai-gateway/v1")
        self.assertEqual(through.chat.completions.create(model=MODEL, messages=HELLO).choices[0].message.content, "one two  three")
        self.assertEqual(len(through.embeddings.create(model=MODEL, input="x").data), 1)
        with self.assertRaises(openai.AuthenticationError) as caught:
            sdk("x", "/ai-gateway/v1").chat.completions.create(model=MODEL, messages=HELLO)
        self.assertEqual(caught.exception.type, "auth_error")

    def test_delayed_tokens(self):
        # Sleeps take at least their time.
        begin = time.monotonic()
        chunks = list(sdk().chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "a " * 11}], stream=True))
        self.assertEqual(len(chunks), 13)
        self.assertGreaterEqual(time.monotonic() - begin, 0.2)

    def test_cold_start(self):
        waiting = openai.OpenAI(base_url=url + "/models/finance/loan-risk", api_key=session_token(43), max_retries=0)
        with self.assertRaises(openai.InternalServerError) as caught:
            waiting.post("/", cast_to=object, body={})
        self.assertEqual((caught.exception.status_code, caught.exception.response.text), (503, "no healthy upstream"))
        # Its own retries wait until the model runs.
        self.assertEqual(waiting.with_options(max_retries=10).post("/", cast_to=object, body={"a": 1}), {"echo": {"a": 1}})

    def test_tokens(self):
        for token, kind in (("x", openai.AuthenticationError), (session_token(42), openai.PermissionDeniedError)):
            with self.assertRaises(kind):
                sdk(token).chat.completions.create(model=MODEL, messages=HELLO)


def chat(text, **options):
    return lambda client: client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": text}], **options)


def embed(texts, **options):
    return lambda client: client.embeddings.create(model=MODEL, input=texts, **options)


def through_sdk(call, status, body):
    """The request that the SDK makes for a call, and its result if that is the response."""
    sent = []

    def respond(request):
        sent.append(request)
        return httpx2.Response(status, json=body)

    transport = httpx2.Client(transport=httpx2.MockTransport(respond))
    with openai.OpenAI(base_url="http://region/v1", api_key="x", max_retries=0, http_client=transport) as client:
        try:
            result = call(client)
        except openai.APIStatusError as error:
            result = error
    return sent[0], result


class Batches(unittest.TestCase):
    """The command line's batches in OpenAI's form: the SDK makes the requests, and reads the responses."""

    def line(self, custom_id, call):
        request, _ = through_sdk(call, 200, {"data": [{"embedding": [], "index": 0}]})
        path = request.url.path
        self.assertIn(path, typing.get_args(typing.get_type_hints(BatchCreateParams)["endpoint"]))
        return json.dumps({"custom_id": custom_id, "method": request.method, "url": path, "body": json.loads(request.content)})

    def predict(self, lines):
        """The exit code, the lines of the output, and those of the file of rejected lines."""
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "in.jsonl").write_text("".join(line + "\n" for line in lines))
            login = {"PRT_URL": url, "PRT_EMAIL": "admin@company.com", "PRT_PASSWORD": "practicus", "HOME": name}
            command = [mock_process.PRACTICUS, "predict", "llm/assistant", "in.jsonl", "out.jsonl", "--openai"]
            process = subprocess.run(
                [*command, "--rejected", "side.jsonl"], cwd=folder, env={**os.environ, **login}, capture_output=True, timeout=120
            )
            read = [[json.loads(line) for line in (folder / file).read_text().splitlines()] for file in ("out.jsonl", "side.jsonl")]
        return process.returncode, *read

    def response(self, line, call):
        self.assertEqual(set(line), {"id", "custom_id", "response", "error"})
        self.assertEqual(set(line["response"]), {"status_code", "request_id", "body"})
        self.assertIsNone(line["error"])
        return through_sdk(call, line["response"]["status_code"], line["response"]["body"])[1]

    def test_results(self):
        calls = {
            "plain": chat("one two  three"),
            "tools \u00e4 \"": chat("x", tools=[TOOL], tool_choice="required"),
            "base64": embed(["a b", "c"]),
            "floats": embed("a b", encoding_format="float", dimensions=3),
        }
        code, out, side = self.predict([self.line(name, call) for name, call in calls.items()])
        self.assertEqual((code, side, [line["custom_id"] for line in out]), (0, [], list(calls)))
        self.assertEqual(len({line["id"] for line in out}), len(calls))
        for line in out:
            kind = CreateEmbeddingResponse if line["custom_id"] in ("base64", "floats") else ChatCompletion
            if line["custom_id"] != "base64":
                kind.model_validate(line["response"]["body"])
            call = calls[line["custom_id"]]
            batched, alone = (result.model_dump(exclude={"id", "created"}) for result in (self.response(line, call), call(sdk())))
            self.assertEqual(batched, alone)

    def test_refused_lines(self):
        calls = {
            "no such model": lambda client: client.chat.completions.create(model="none", messages=HELLO),
            "first": chat("x"),
            "no messages": lambda client: client.chat.completions.create(model=MODEL, messages=[]),
        }
        lines = [self.line(name, call) for name, call in calls.items()]
        code, out, side = self.predict([*lines, "no JSON", lines[1], self.line("last", chat("y"))])
        self.assertEqual((code, [line["custom_id"] for line in out]), (6, ["first", "last"]))
        self.assertEqual([line["custom_id"] for line in side], ["no such model", "no messages", None, "first"])
        for line in side[:2]:
            call = calls[line["custom_id"]]
            with self.assertRaises(openai.APIStatusError) as alone:
                call(sdk())
            batched = self.response(line, call)
            self.assertIs(type(batched), type(alone.exception))
            self.assertEqual((batched.code, batched.body["message"]), (alone.exception.code, alone.exception.body["message"]))
        for line, fault in zip(side[2:], ("invalid_json_line", "duplicate_custom_id")):
            self.assertIsNone(line["response"])
            self.assertEqual(BatchError.model_validate(line["error"]).code, fault)


if __name__ == "__main__":
    unittest.main()
