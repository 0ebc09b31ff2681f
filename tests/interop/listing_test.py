# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""The command line of practicus lists each entry that the vendor's SDK lists, with fields of any type."""

import contextlib
import copy
import json
import unittest

import practicuscore as prt

from tools import EMAIL, PASSWORD, VERSION, Front, Home, mock_region

NEW = VERSION != "24.8.1"
MISSING = object()
VALUES = [MISSING, None, 7, 1.5, "x", "7", "", True, {"a": 1}, ["x"], [], {}]

DEPLOYMENT = {
    "key": "d",
    "name": "D",
    "worker_type": "W",
    "scaling": "1",
    "startup_script": False,
    "custom_image": "",
    "has_secrets": False,
}
VERSION_OF = {"id": 1, "version": "1", "stage": "Production"}
SHOWN = {
    "visible_name": "V",
    "description": "D",
    "icon": "I",
    "sort_order": 1,
    "has_extra_conf": False,
    "has_extra_secret": False,
}
PREFIX = {"key": "k", "prefix": "p"}

# The command line's call: the SDK's list, the console's path, an entry. What names an entry stands in `name` or `key`.
LISTS = {
    "prefixes": ("model_prefix_list", "modelhost/model-prefixes/", {**PREFIX, "has_secrets": False}),
    "models": (
        "model_list",
        "modelhost/models/",
        {
            "id": 42,
            "name": "n",
            "model_prefix": PREFIX,
            "model_versions": [{**VERSION_OF, "model_deployment": DEPLOYMENT}],
            "has_secrets": False,
        },
    ),
    "deployments": ("model_deployment_list", "modelhost/model-deployments/", DEPLOYMENT),
    "prefixes --apps": ("app_prefix_list", "apphost/app-prefixes/", {**PREFIX, **SHOWN}),
    "apps": (
        "app_list",
        "apphost/apps/",
        {
            "id": 78,
            "name": "n",
            "app_prefix": PREFIX,
            "app_versions": [{**VERSION_OF, "app_deployment_setting": {**DEPLOYMENT, "db_enabled": False}}],
            "owner_email": "o@c.com",
            **SHOWN,
        },
    ),
}
if NEW:
    LISTS["addons"] = (
        "addon_list",
        "externalservice/externalservices/",
        {"key": "k", "name": "N", "service_type": {"key": "T"}, "url": "https://k.c.com", "oauth_key": "o"},
    )


def paths(value, at=()):
    for name in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield (*at, name)
        yield from paths(value[name], (*at, name))


def changed(entry, path, value):
    entry = copy.deepcopy(entry)
    at = entry
    for name in path[:-1]:
        at = at[name]
    if value is MISSING:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return entry


def names_an_entry(at, value):
    """Returns true unless a field that an entry cannot do without has a type that names nothing."""
    if len(at) > 2 or at[-1] not in ("id", "name", "key", "prefix"):
        return True
    return isinstance(value, (int, str) if at[-1] == "id" else (int, float, str)) and value is not True


class Lists(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cleanup = contextlib.ExitStack()
        cls.front = cls.cleanup.enter_context(Front(root=cls.cleanup.enter_context(mock_region())))
        cls.region = prt.regions.login(cls.front.url, EMAIL, PASSWORD, save_config=False)
        cls.home = Home()
        cls.home.practicus("login", cls.front.url, "--email", EMAIL, "--password-stdin", text=PASSWORD + "\n")

    @classmethod
    def tearDownClass(cls):
        cls.cleanup.close()

    def sdk_lists(self, name):
        """Returns true if the SDK lists one entry, and can print it."""
        try:
            getattr(self.region, "reload_" + name)()
            return len([str(entry) for entry in getattr(self.region, name)]) == 1
        except Exception:
            return False

    def listed(self, call):
        return json.loads(self.home.practicus(*call.split(), "--output", "json"))

    def test_what_the_sdk_lists(self):
        for call, (name, path, entry) in LISTS.items():
            for at in paths(entry):
                with self.subTest(f"{call}: {at}"):
                    odd, listed = [], []
                    for value in VALUES:
                        odd.append(changed(entry, at, value))
                        self.front.answers["/console/api/" + path] = odd[-1:]
                        if self.sdk_lists(name) and names_an_entry(at, value):
                            listed.append(odd[-1])
                    self.front.answers["/console/api/" + path] = listed
                    self.assertEqual(len(self.listed(call)), len(listed))
                    # An entry that the SDK does not list does not end the list.
                    self.front.answers["/console/api/" + path] = [*odd, *listed]
                    self.assertGreaterEqual(len(self.listed(call)), len(listed))


if __name__ == "__main__":
    unittest.main()
