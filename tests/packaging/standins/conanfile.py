# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

import os

from conan import ConanFile

required_conan_version = ">=2"


class SystemLibrary(ConanFile):
    """
    Stands in for a package of ConanCenter: the library is the system's, what a recipe sees of it is ConanCenter's (names of
    components and targets, and the options of Boost that the recipe of practicus asks about). Exported once for each
    library, by `conan export --name boost --version 1.81.0`, say.
    """

    settings = "os", "arch", "compiler", "build_type"
    options = {"header_only": [True, False], "without_json": [True, False], "without_url": [True, False]}
    default_options = {"header_only": False, "without_json": False, "without_url": False}

    def package_id(self):
        self.info.clear()

    # CMakeConfigDeps leaves out a target that has nothing.
    def package(self):
        os.mkdir(os.path.join(self.package_folder, "include"))

    def _library(self, info, library, target):
        info.set_property("cmake_target_name", target)
        info.libdirs = []
        info.bindirs = []
        if library:
            info.system_libs = [library]

    def package_info(self):
        if self.name == "boost":
            self.cpp_info.set_property("cmake_file_name", "Boost")
            self._library(self.cpp_info.components["headers"], None, "Boost::headers")
            for name in ["json", "url"]:
                if not self.options.get_safe(f"without_{name}") and not self.options.header_only:
                    self._library(self.cpp_info.components[name], f"boost_{name}", f"Boost::{name}")
                    self.cpp_info.components[name].requires = ["headers"]
        elif self.name == "openssl":
            self.cpp_info.set_property("cmake_file_name", "OpenSSL")
            self._library(self.cpp_info.components["crypto"], "crypto", "OpenSSL::Crypto")
            self._library(self.cpp_info.components["ssl"], "ssl", "OpenSSL::SSL")
            self.cpp_info.components["ssl"].requires = ["crypto"]
        elif self.name == "zlib":
            self.cpp_info.set_property("cmake_file_name", "ZLIB")
            self._library(self.cpp_info, "z", "ZLIB::ZLIB")
        elif self.name == "lz4":
            self._library(self.cpp_info, "lz4", "LZ4::lz4_shared")
            self.cpp_info.set_property("cmake_target_aliases", ["lz4::lz4"])
