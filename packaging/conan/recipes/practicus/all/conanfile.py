import os

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy, get
from conan.tools.layout import basic_layout

required_conan_version = ">=2.0.9"


class PracticusConan(ConanFile):
    name = "practicus"
    description = "C++20 client for Practicus AI on Boost.Asio"
    license = "BSL-1.0"
    url = "https://github.com/conan-io/conan-center-index"
    homepage = "https://github.com/practicus/practicus"
    topics = ("machine-learning", "http-client", "coroutines", "boost-asio", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"with_lz4": [True, False]}
    default_options = {"with_lz4": True}
    no_copy_source = True

    def layout(self):
        basic_layout(self, src_folder="src")

    def requirements(self):
        self.requires("boost/[>=1.81.0 <2]", transitive_headers=True)
        self.requires("openssl/[>=3 <4]", transitive_headers=True)
        self.requires("zlib/[>=1.2.11 <2]", transitive_headers=True)
        if self.options.with_lz4:
            self.requires("lz4/[>=1.9.4 <2]", transitive_headers=True)

    def package_id(self):
        self.info.clear()

    def validate(self):
        check_min_cppstd(self, 20)
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration(f"{self.ref} is for Linux only")

    def source(self):
        get(self, **self.conan_data["sources"][self.version], strip_root=True)

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        for headers in ("*.hpp", "*.ipp"):
            copy(
                self, headers, os.path.join(self.source_folder, "include"), os.path.join(self.package_folder, "include")
            )

    def package_info(self):
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
        self.cpp_info.set_property("cmake_file_name", "practicus")
        client = self.cpp_info.components["practicus"]
        client.set_property("cmake_target_name", "practicus::practicus")
        client.requires = ["boost::headers", "boost::json", "boost::url", "openssl::openssl", "zlib::zlib"]
        if self.options.with_lz4:
            client.requires.append("lz4::lz4")
        client.system_libs = ["pthread"]
        mock = self.cpp_info.components["mock"]
        mock.set_property("cmake_target_name", "practicus::mock")
        mock.requires = ["practicus"]
