# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""The vendor's own SDK against the mock region. run.sh sets HOME to a scratch folder before the SDK is imported."""

import configparser
import contextlib
import os
import pathlib
import unittest
from unittest import mock

import practicuscore as prt

from tools import EMAIL, PASSWORD, VERSION, claims, mock_region

NEW = VERSION != "24.8.1"
only_new = unittest.skipUnless(NEW, "24.8.1 does not have this")
regions = contextlib.ExitStack()


def setUpModule():
    global URL
    URL = regions.enter_context(mock_region())


def tearDownModule():
    regions.close()


class LoggedIn(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.region = prt.regions.login(URL, EMAIL, PASSWORD)
        cls.model = URL + "/models/practicus/diamond-price/"
        cls.app = URL + "/apps/tools/viewer/"

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
        listed = [str(p) for p in self.region.app_prefix_list]
        expected = ["apps-tools,apps/tools,Tools,What helps,fa-wrench,1,False", "apps-bare,apps,,,,,False"]
        self.assertEqual(listed, expected if NEW else [expected[0] + ",True", expected[1] + ",False"])

    def test_apps(self):
        self.assertEqual(
            [str(a) for a in self.region.app_list],
            [
                "78,viewer,apps/tools,1 (Production),Viewer,Looks at things,admin@company.com,fa-eye,1,False,False",
                "79,bare,apps,,,,,,,False,False",
            ],
        )

    @only_new
    def test_addons(self):
        self.assertEqual(
            [(a.key, a.name, a.url) for a in self.region.addon_list],
            [("langflow", "Langflow", "https://langflow.company.com")],
        )

    def check_token(self, token, subject, value, upload):
        token = claims(token)
        self.assertEqual((token[subject], token["upload"]), (value, upload))
        self.assertEqual(token["exp"] - token["iat"], 4 * 3600)

    def test_model_tokens(self):
        for behind in ("", "v2/", "latest/", "production/", "prod/", "staging/"):
            self.check_token(prt.models.get_session_token(self.model + behind), "model_id", 42, False)
        self.check_token(prt.models.get_session_token(self.model, for_upload=True), "model_id", 42, True)

    def test_model_tokens_by_a_url_with_a_path(self):
        for behind in ("chat/completions", "v2/chat/completions", "v1/embeddings", "prod/mcp/"):
            self.check_token(prt.models.get_session_token(self.model + behind), "model_id", 42, False)

    def test_app_tokens(self):
        self.check_token(prt.apps.get_session_token(app_id=78), "app_id", 78, False)
        self.check_token(prt.apps.get_session_token(app_id=78, for_upload=True), "app_id", 78, True)
        for behind in ("api/", "api/v1/"):
            self.check_token(prt.apps.get_session_token(self.app + behind), "app_id", 78, False)

    def test_app_tokens_by_a_url_with_an_endpoint(self):
        for behind in ("api/say-hello/", "api/v1/say-hello/"):
            self.check_token(prt.apps.get_session_token(self.app + behind), "app_id", 78, False)

    @only_new
    def test_addon_tokens(self):
        for which in (
            {"key": "langflow"},
            {"url": "https://langflow.company.com/flow"},
            {"addon": self.region.addon_list[0]},
        ):
            self.assertEqual(claims(prt.addons.get_session_token(**which))["ext_svc_key"], "langflow")
        with self.assertRaises(SystemError):
            prt.addons.get_session_token(key="unknown")

    def test_unknown_urls(self):
        with self.assertRaises(ValueError):
            prt.models.get_session_token(URL + "/models/practicus/unknown/")
        with self.assertRaises(Exception):
            prt.apps.get_session_token(URL + "/apps/tools/unknown/api/")

    def test_saved_configuration(self):
        saved = configparser.ConfigParser()
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

    def test_an_app_has_no_version_before_api(self):
        with mock_region(fault="an app's version before its api") as url:
            region = prt.regions.login(url, EMAIL, PASSWORD, save_config=False)
            with self.assertRaises(Exception):
                region.get_app_api_session_token(url + "/apps/tools/viewer/v1/api/")

    @only_new
    def test_one_time_password(self):
        with mock_region("--one-time-password", "012345") as url:
            with self.assertRaisesRegex(Exception, "otp_code"):
                prt.regions.login(url, EMAIL, PASSWORD, save_config=False)
            with self.assertRaises(Exception):
                prt.regions.login(url, EMAIL, PASSWORD, one_time_password="543210", save_config=False)
            region = prt.regions.login(url, EMAIL, PASSWORD, one_time_password="012345", save_config=False)
            self.assertEqual(region.username, "admin")

    def test_refresh_token(self):
        refresh, _ = prt.regions.login(URL, EMAIL, PASSWORD).get_refresh_and_access_token()
        region = prt.regions.login(URL, EMAIL, refresh_token=refresh)
        self.assertEqual(len(region.model_list), 5)

    @only_new
    def test_a_token_alone(self):
        refresh, access = prt.regions.login(URL, EMAIL, PASSWORD).get_refresh_and_access_token()
        for token in (refresh, access):
            region = prt.regions.login(URL, token=token, save_config=False)
            self.assertEqual((region.username, region.email), ("admin", EMAIL))
        with mock.patch.dict(os.environ, PRT_URL=URL, PRT_TOKEN=refresh):
            self.assertEqual(prt.regions.login(save_config=False).email, EMAIL)


if __name__ == "__main__":
    unittest.main()
