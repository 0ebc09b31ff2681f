# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""The vendor's SDK and the command line of practicus share one core.conf. run.sh sets HOME to a scratch folder."""

import contextlib
import stat
import unittest
import urllib.parse

from tools import EMAIL, PASSWORD, Front, Home, SdkError, mock_region, refresh_token

cleanup = contextlib.ExitStack()
REFRESH = "eyJhbGciOiJIUzI1NiJ9.eyJ0b2tlbl90eXBlIjoicmVmcmVzaCIsImV4cCI6NDAwMDAwMDAwMH0.c2ln"


def setUpModule():
    """Two regions at paths of one server, and the first one at its root."""
    global front, token
    first, second = cleanup.enter_context(mock_region()), cleanup.enter_context(mock_region())
    front = cleanup.enter_context(Front(root=first, sub=first, Other=second))
    token = refresh_token(front.url)


def tearDownModule():
    cleanup.close()


def key(url):
    return "admin@" + url.removeprefix("http://").removesuffix("/")


def log_in(home, url, *arguments, text=PASSWORD):
    home.practicus("login", url, *(arguments or ("--email", EMAIL, "--password-stdin")), text=text + "\n")


def sdk_login(*urls):
    return lambda prt: [prt.regions.login(url, EMAIL, PASSWORD).key for url in urls]


def sdk_regions(prt):
    return [[r.key, r.url, r.email, r.username, r.is_default] for r in prt.regions.get_region_list()]


def sdk_default(prt):
    return prt.regions.get_default_region().key


class OursForTheSdk(unittest.TestCase):
    """The SDK reads, uses and writes again the files that the command line has written."""

    def check(self, home, url):
        def use(prt):
            found = prt.regions.get_region(key(url))
            used = [found.url, len(found.model_list), prt.regions.set_default_region(key(url))]
            return [sdk_regions(prt), sdk_default(prt), *used]

        front.take()
        written = url.removesuffix("/")
        self.assertEqual(home.sdk(use), [[[key(url), written, EMAIL, "admin", True]], key(url), written, 5, True])
        self.assertTrue(all(r.target.startswith(path_of(url) + "console/") for r in front.take()))
        self.assertIn("diamond-price", home.practicus("models"))
        self.assertEqual([r["is_default"] for r in home.regions()], [True])

    def test_login_by_password(self):
        home = Home()
        log_in(home, front.url)
        self.check(home, front.url)

    def test_the_sdk_has_nothing_to_say_of_a_file_that_the_command_line_has_begun(self):
        home = Home()
        log_in(home, front.url)
        for _ in range(2):
            home.sdk(lambda prt: prt.core_conf.core_conf_glbl.network__trust_local_certificates)
            self.assertEqual(home.output, "")

    def test_login_by_one_time_password(self):
        home = Home()
        with mock_region("--one-time-password", "012345") as region, Front(root=region) as server:
            log_in(home, server.url, "--email", EMAIL, "--password-stdin", "--otp-stdin", text=PASSWORD + "\n012345")
            self.assertEqual(home.sdk(sdk_default), key(server.url))

    def test_the_sdk_leaves_the_files_for_tls(self):
        home = Home()
        log_in(home, front.url, "--email", EMAIL, "--password-stdin", "--ca-file", "/ca.pem")
        self.assertIn("\nca_file = /ca.pem\n", home.conf.read_text())
        self.check(home, front.url)
        home.sdk(lambda prt: prt.regions.login(front.url + "/sub", EMAIL, PASSWORD) and None)
        self.assertIn("\nca_file = /ca.pem\n", home.conf.read_text())

    def test_login_by_token(self):
        home = Home()
        log_in(home, front.url, "--token-stdin", text=token)
        self.check(home, front.url)

    def test_login_by_token_and_email(self):
        home = Home()
        log_in(home, front.url, "--token-stdin", "--email", EMAIL, text=token)
        self.check(home, front.url)

    def test_login_at_a_url_with_a_path(self):
        for path in ("/sub", "/sub/", "/Other"):
            with self.subTest(path):
                home = Home()
                log_in(home, front.url + path)
                self.check(home, front.url + path)

    def test_login_at_a_url_of_mixed_case(self):
        home = Home()
        url = front.url.replace("127.0.0.1", "LocalHost")
        log_in(home, url)
        self.check(home, url)

    def test_logins_at_two_paths_of_a_host(self):
        home = Home()
        log_in(home, front.url + "/sub")
        log_in(home, front.url + "/Other")
        self.assertEqual([r[0] for r in home.sdk(sdk_regions)], [key(front.url + "/sub"), key(front.url + "/Other")])
        self.assertEqual(home.sdk(sdk_default), key(front.url + "/Other"))
        home.practicus("logout", key(front.url + "/Other"))
        self.assertEqual([r[0] for r in home.sdk(sdk_regions)], [key(front.url + "/sub")])

    def test_a_login_by_http_beside_one_by_https(self):
        # One login for the SDK: when it saves, it keeps the newest.
        home = Home()
        home.write(
            REGION.replace("a@h.com", key(front.url))
            .replace("https://h.com", front.url.replace("http:", "https:"))
            .replace("a@c.com", EMAIL)
            .replace("username = a\n", "username = admin\n")
        )
        log_in(home, front.url)
        self.assertEqual([(r["url"][:5], r["is_default"]) for r in home.regions()], [("https", False), ("http:", True)])
        home.sdk(sdk_login(front.url + "/Other"))
        self.assertEqual([r[1] for r in home.sdk(sdk_regions)], [front.url, front.url + "/Other"])

    def test_a_login_beside_those_of_the_sdk(self):
        home = Home()
        home.sdk(sdk_login(front.url + "/sub"))
        sections = [line for line in home.conf.read_text().splitlines() if line.startswith("[")]
        log_in(home, front.url)
        self.assertEqual(stat.S_IMODE(home.conf.stat().st_mode), 0o600)
        self.assertLessEqual(set(sections), set(home.conf.read_text().splitlines()))
        self.assertEqual(
            home.sdk(sdk_regions),
            [
                [key(front.url + "/sub"), front.url + "/sub", EMAIL, "admin", False],
                [key(front.url), front.url, EMAIL, "admin", True],
            ],
        )


def path_of(url):
    return urllib.parse.urlsplit(url).path.rstrip("/") + "/"


class TheSdksForOurs(unittest.TestCase):
    """The command line reads and uses the files that the SDK has written."""

    def check_requests(self, url):
        seen = front.take()
        self.assertTrue(seen)
        for request in seen:
            self.assertTrue(request.target.startswith(path_of(url) + "console/"), request.target)

    def test_logins_at_each_kind_of_url(self):
        local = front.url.replace("127.0.0.1", "LocalHost")
        for url in (front.url, front.url + "/", front.url + "/sub/", front.url + "/Other", local, local + "/sub"):
            with self.subTest(url):
                home = Home()
                # Another region stands first.
                home.sdk(sdk_login(front.url + ("/sub" if url.endswith("/Other") else "/Other"), url))
                self.assertEqual([r["is_default"] for r in home.regions()], [False, True])
                self.assertEqual(home.regions()[1]["key"], key(url))
                for named in ([], ["--region", key(url)], ["--url", url]):
                    front.take()
                    self.assertIn("diamond-price", home.practicus("models", *named))
                    self.check_requests(url)

    def test_login_by_refresh_token(self):
        home = Home()
        home.sdk(lambda prt: prt.regions.login(front.url, EMAIL, refresh_token=token) and None)
        self.assertEqual([(r["key"], r["email"]) for r in home.regions()], [(key(front.url), EMAIL)])
        self.assertIn("diamond-price", home.practicus("models"))

    def test_defaults(self):
        home = Home()
        first, second = key(front.url + "/sub"), key(front.url + "/Other")
        home.sdk(sdk_login(front.url + "/sub", front.url + "/Other"))
        home.sdk(lambda prt: prt.regions.set_default_region(first))
        self.assertEqual([r["is_default"] for r in home.regions()], [True, False])
        home.practicus("regions", "--set-default", second)
        self.assertEqual(home.sdk(sdk_default), second)

    def test_a_default_that_names_nothing(self):
        home = Home()
        home.sdk(sdk_login(front.url + "/sub"))
        home.write(home.conf.read_text().replace("= " + key(front.url + "/sub"), "= " + key(front.url + "/Other")))
        with self.assertRaisesRegex(SdkError, "Could not locate region"):
            home.sdk(sdk_default)
        front.take()
        home.practicus("models", code=3)
        self.assertIn(key(front.url + "/sub"), home.errors)
        self.assertEqual(front.take(), [])

    def test_logouts(self):
        home = Home()
        home.sdk(sdk_login(front.url))
        home.sdk(lambda prt: prt.regions.logout(all_regions=True))
        self.assertEqual(home.regions(), [])
        home.sdk(sdk_login(front.url))
        home.practicus("logout", key(front.url))
        self.assertEqual(home.sdk(sdk_regions), [])


REGION = f"""[k8s]
default_region_key = a@h.com
[k8s_config_0]
host_url = https://h.com
email = a@c.com
username = a
refresh_token = {REFRESH}
"""
SECOND = REGION[REGION.index("[k8s_config_0]") :].replace("_0]", "_1]").replace("h.com", "i.com")

# Forms of the file that people and other programs write, and the SDK reads.
TEXTS = {
    "as the SDK writes it": REGION,
    "two regions": REGION + SECOND,
    "sections in another order than their numbers": REGION.replace("_0]", "_7]") + SECOND,
    "a section whose name has no number": REGION.replace("_0]", "_main]"),
    "a section in capitals, which is another one": REGION + SECOND.replace("[k8s_config_1]", "[K8S_CONFIG_1]"),
    "colons": REGION.replace(" = ", ": "),
    "no spaces": REGION.replace(" = ", "="),
    "spaces and tabs": REGION.replace(" = ", "\t=  ").replace("a@c.com", "a@c.com\t "),
    "names in capitals": REGION.replace("host_url", "Host_URL").replace("email", "EMail"),
    "line ends of Windows": REGION.replace("\n", "\r\n"),
    "continued lines": REGION.replace("refresh_token = ", "refresh_token =\n   "),
    "comments": "# c\n; c\n" + REGION.replace("email", "# c\n; c\nemail"),
    "what looks like a comment behind a value": REGION.replace("a@c.com", "a@c.com ; d # e"),
    "a default section": "[DEFAULT]\nemail = d@c.com\n" + REGION.replace("email = a@c.com\n", ""),
    "a doubled percent sign": REGION.replace("a@c.com", "a%%b@c.com"),
    "a reference to another option": REGION.replace("https://h.com", "https://%(place)s") + "place = h.com\n",
    "no user name": REGION.replace("username = a\n", ""),
    "an empty user name": REGION.replace("username = a", "username ="),
    "no e-mail": REGION.replace("email = a@c.com", "email ="),
    "a path": REGION.replace("h.com", "h.com/Sub/region"),
    "a port": REGION.replace("h.com", "h.com:443"),
    "a host in capitals": REGION.replace("h.com", "H.Com"),
    "a scheme in capitals": REGION.replace("https://h.com", "HTTPS://h.com").replace("= a@h.com", "= a@HTTPS://h.com"),
    "http beside https": REGION + SECOND.replace("https://i.com", "http://h.com"),
    "two e-mails of one name": REGION + SECOND.replace("i.com", "h.com").replace("a@c.com", "a@d.com"),
    "foreign sections and options": "[mine]\nx = 1\n" + REGION + "note = mine\n",
    "an empty line in a value": REGION + "note = x\n\n  y\n",
    "a default that is a host": (REGION + SECOND).replace("default_region_key = a@", "default_region_key = "),
}


class BothReadAlike(unittest.TestCase):
    def test_texts(self):
        for name, text in TEXTS.items():
            with self.subTest(name):
                home = Home()
                home.write(text)
                told, default = home.sdk(lambda prt: [sdk_regions(prt), sdk_default(prt)])
                ours = home.regions()
                self.assertTrue(told)
                self.assertEqual(
                    [(r["key"], r["email"]) for r in ours], [(name, email) for name, _, email, _, _ in told]
                )
                self.assertIn(default, [r["key"] for r in ours if r["is_default"]])


if __name__ == "__main__":
    unittest.main()
