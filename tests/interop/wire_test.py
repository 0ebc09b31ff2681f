# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Compares the requests of the vendor's SDK and of the command line of practicus for the same call."""

import contextlib
import json
import shutil
import unittest
import urllib.parse

import practicuscore as prt

from tools import EMAIL, PASSWORD, VERSION, Front, Home, claims, mock_region, refresh_token

NEW = VERSION != "24.8.1"
MODEL, APP = "/models/practicus/diamond-price/", "/apps/tools/viewer/api/"
FORM = "application/x-www-form-urlencoded"
cleanup = contextlib.ExitStack()


def described(request):
    """A line: method, target, kind of the bearer token, content type and body, with tokens by their kind."""
    words = [request.method, request.target.removeprefix("/console/api/")]
    if request.headers["authorization"]:
        words.append("Bearer:" + claims(request.headers["authorization"])["token_type"])
    if request.body:
        words.append("form" if request.headers["content-type"] == FORM else request.headers["content-type"])
        fields = (
            json.loads(request.body)
            if words[-1] == "application/json"
            else dict(urllib.parse.parse_qsl(request.body.decode()))
        )
        words += [f"{name}={'TOKEN' if str(value).count('.') > 1 else value}" for name, value in fields.items()]
    return " ".join(words)


class Call:
    """Both clients' calls for one purpose, and the requests of each. Without `ours_sends` they are the same."""

    def __init__(self, name, sdk, ours, *sdk_sends, ours_sends=None, text=None):
        self.name, self.sdk, self.ours, self.sdk_sends, self.text = name, sdk, ours, list(sdk_sends), text
        self.ours_sends = self.sdk_sends if ours_sends is None else ours_sends


def model_call(name, behind, **options):
    """The SDK asks the url as it is, ours asks the model with the documented query; 24.8.1 shows its refresh token."""
    version = "v2/" if behind.startswith("v2") else ""
    upload = options.get("for_upload", False)
    fields = f"model_id=42 upload={upload}"
    asked = f"GET {MODEL}{version}?get_meta=true Bearer:access"
    return Call(
        name,
        lambda: prt.models.get_session_token(front.url + MODEL + behind, **options),
        ["token", front.url + MODEL + behind, *(["--upload"] if upload else [])],
        f"GET {MODEL}{behind} Bearer:{'access' if NEW else 'refresh'}",
        f"GET modelhost/model-auth/ Bearer:access form {fields}",
        # JSON is documented, which has no word for an upload.
        ours_sends=[
            asked,
            "GET modelhost/model-auth/ Bearer:access "
            + (f"form {fields}" if upload else "application/json model_id=42"),
        ],
    )


def app_call(name, behind, ours_asks=None):
    """Ours asks the api itself, without the endpoint."""
    ours_asks = behind if ours_asks is None else ours_asks
    token = "GET apphost/app-auth/ Bearer:access form app_id=78 upload=False"
    return Call(
        name,
        lambda: prt.apps.get_session_token(front.url + APP + behind),
        ["token", "--app", front.url + APP + behind],
        f"GET {APP}{behind}?prt_sys_task=meta",
        token,
        ours_sends=[f"GET {APP}{ours_asks}?prt_sys_task=meta", token],
    )


def calls():
    def region():
        return prt.regions.get_default_region()

    login = f"email={EMAIL} password={PASSWORD}"
    yield Call(
        "login",
        lambda: prt.regions.login(front.url, EMAIL, PASSWORD),
        ["login", front.url, "--email", EMAIL, "--password-stdin"],
        f"POST auth/ form {login}",
        "GET central/clusterdefinition/ Bearer:access",
        # JSON is documented. The names of cluster and region are not needed.
        ours_sends=[f"POST auth/ application/json {login}"],
        text=PASSWORD + "\n",
    )
    yield Call(
        "model prefixes",
        lambda: region().model_prefix_list,
        ["prefixes"],
        "GET modelhost/model-prefixes/ Bearer:access",
    )
    yield Call("models", lambda: region().model_list, ["models"], "GET modelhost/models/ Bearer:access")
    yield Call(
        "deployments",
        lambda: region().model_deployment_list,
        ["deployments"],
        "GET modelhost/model-deployments/ Bearer:access",
    )
    yield Call(
        "app prefixes",
        lambda: region().app_prefix_list,
        ["prefixes", "--apps"],
        "GET apphost/app-prefixes/ Bearer:access",
    )
    yield Call("apps", lambda: region().app_list, ["apps"], "GET apphost/apps/ Bearer:access")
    yield model_call("model token", "")
    yield model_call("model token by version", "v2/")
    yield model_call("model token by path", "v2/chat/completions")
    yield model_call("upload token", "", for_upload=True)
    yield app_call("app token", "")
    yield app_call("app token by version", "v1/")
    yield app_call("app token by endpoint", "v1/say-hello/", "v1/")
    if not NEW:
        return
    yield Call(
        "add-ons", lambda: region().addon_list, ["addons"], "GET externalservice/externalservices/ Bearer:access"
    )
    yield Call(
        "add-on token",
        lambda: prt.addons.get_session_token(key="langflow"),
        ["token", "--addon", "langflow"],
        "GET externalservice/externalservices/auth/ Bearer:access form ext_svc_key=langflow",
    )


def setUpModule():
    global front
    front = cleanup.enter_context(Front(root=cleanup.enter_context(mock_region("--gzip"))))


def tearDownModule():
    cleanup.close()


def forget_tokens(home):
    shutil.rmtree(home.path / ".practicus" / "tokens", ignore_errors=True)


class Calls(unittest.TestCase):
    maxDiff = None

    def test_calls(self):
        home = Home()
        for call in calls():
            with self.subTest(call.name):
                front.take()
                call.sdk()
                self.assertEqual([described(r) for r in front.take()], call.sdk_sends)
                forget_tokens(home)
                home.practicus(*call.ours, text=call.text)
                seen = front.take()
                # The SDK's also name deflate.
                self.assertEqual({r.headers["accept-encoding"] for r in seen}, {"gzip"})
                sent = [described(r) for r in seen]
                self.assertEqual([line for line in sent if not line.startswith("POST auth/refresh/")], call.ours_sends)

    def test_refresh(self):
        # JSON with Authorization is documented.
        home = Home()
        home.practicus("login", front.url, "--email", EMAIL, "--password-stdin", text=PASSWORD + "\n")
        forget_tokens(home)
        front.take()
        home.practicus("models")
        self.assertEqual(described(front.take()[0]), "POST auth/refresh/ Bearer:refresh application/json refresh=TOKEN")
        prt.regions.login(front.url, EMAIL, refresh_token=refresh_token(front.url))
        self.assertEqual(described(front.take()[1]), "POST auth/refresh/ form refresh=TOKEN")


if __name__ == "__main__":
    unittest.main()
