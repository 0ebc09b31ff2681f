# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""The vendor's own SDK against the mock region. run.sh sets HOME to a scratch folder before the SDK is imported."""

import base64
import configparser
import json
import os
import pathlib
import unittest

import practicuscore as prt

URL = os.environ["PRACTICUS_MOCK_URL"]
EMAIL = "admin@company.com"
PASSWORD = "practicus"
MODEL = URL + "/models/practicus/diamond-price/"


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


class LoggedIn(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.region = prt.regions.login(URL, EMAIL, PASSWORD)

    def test_region(self):
        self.assertEqual(self.region.key, "admin@" + URL.removeprefix("http://"))
        self.assertEqual(self.region.username, "admin")
        self.assertTrue(self.region.is_default)
        self.assertEqual(prt.regions.get_default_region().key, self.region.key)

    def test_tokens(self):
        refresh, access = self.region.get_refresh_and_access_token()
        self.assertEqual(claims(refresh)["token_type"], "refresh")
        self.assertEqual(claims(access)["token_type"], "access")
        self.assertEqual(claims(access)["exp"] - claims(access)["iat"], 30 * 60)

    def test_model_prefixes(self):
        self.assertEqual(
            [str(p) for p in self.region.model_prefix_list],
            ["models-practicus,models/practicus", "models-finance,models/finance", "models-llm,llm"],
        )

    def test_models(self):
        self.assertEqual(
            [str(m) for m in self.region.model_list],
            [
                "42,diamond-price,models/practicus,1 (Production) / 2 (Staging) / 3",
                "43,loan-risk,models/finance,1",
                "44,draft,models/finance,",
                "45,archived,models/finance,",
                "46,assistant,llm,1 (Production)",
            ],
        )
        self.assertEqual(self.region.model_list[0].production_version.version, "1")

    def test_model_deployments(self):
        self.assertEqual(
            [str(d) for d in self.region.model_deployment_list],
            [
                "depl-small,Small,Small-1,1 - 2,False,",
                "depl-large,Large,Large-1,2 - 8,False,registry/models:2",
                "depl-bare,Bare,,,False,",
            ],
        )

    def test_app_prefixes(self):
        self.assertEqual(
            [str(p) for p in self.region.app_prefix_list],
            ["apps-tools,apps/tools,Tools,What helps,fa-wrench,1,False,True", "apps-bare,apps,,,,,False,False"],
        )

    def test_apps(self):
        self.assertEqual(
            [str(a) for a in self.region.app_list],
            [
                "78,viewer,apps/tools,1 (Production),Viewer,Looks at things,admin@company.com,fa-eye,1,False,False",
                "79,bare,apps,,,,,,,False,False",
            ],
        )

    def test_model_session_token(self):
        for url in (MODEL, MODEL + "v2/", MODEL + "latest/", MODEL + "production/"):
            token = claims(prt.models.get_session_token(url))
            self.assertEqual((token["model_id"], token["upload"]), (42, False))
            self.assertEqual(token["exp"] - token["iat"], 4 * 3600)

    def test_model_upload_token(self):
        token = claims(prt.models.get_session_token(MODEL, for_upload=True))
        self.assertEqual((token["model_id"], token["upload"]), (42, True))

    def test_app_session_token(self):
        token = claims(prt.apps.get_session_token(app_id=78))
        self.assertEqual((token["app_id"], token["upload"]), (78, False))
        for url in ("/apps/tools/viewer/api/", "/apps/tools/viewer/api/v1/"):
            self.assertEqual(claims(prt.apps.get_session_token(URL + url))["app_id"], 78)
        token = claims(prt.apps.get_session_token(app_id=78, for_upload=True))
        self.assertTrue(token["upload"])

    def test_unknown_model(self):
        with self.assertRaises(ValueError):
            prt.models.get_session_token(URL + "/models/practicus/unknown/")

    def test_saved_configuration(self):
        saved = configparser.ConfigParser(interpolation=None)
        saved.read(pathlib.Path.home() / ".practicus" / "core.conf")
        region = saved["k8s_config_0"]
        self.assertEqual(saved["k8s"]["default_region_key"], self.region.key)
        self.assertEqual((region["host_url"], region["email"], region["username"]), (URL, EMAIL, "admin"))
        self.assertEqual(claims(region["refresh_token"])["token_type"], "refresh")
        self.assertEqual((region["cluster_name"], region["region_name"]), ("practicus", "mock"))


class LoggingIn(unittest.TestCase):
    def test_wrong_password(self):
        with self.assertRaisesRegex(Exception, "No active account"):
            prt.regions.login(URL, EMAIL, "wrong", save_config=False)

    def test_refresh_token(self):
        refresh, _ = prt.regions.login(URL, EMAIL, PASSWORD).get_refresh_and_access_token()
        region = prt.regions.login(URL, EMAIL, refresh_token=refresh)
        self.assertEqual(len(region.model_list), 5)


if __name__ == "__main__":
    unittest.main()
