import os

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy, get
from conan.tools.layout import basic_layout
from conan.tools.scm import Version

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
        if self.settings.compiler == "gcc" and Version(self.settings.compiler.version) < "12":
            raise ConanInvalidConfiguration(f"{self.ref} needs GCC 12 or newer")
        boost = self.dependencies["boost"].options
        if any(boost.get_safe(option) for option in ("header_only", "without_json", "without_url")):
            raise ConanInvalidConfiguration(f"{self.ref} needs the compiled Boost.JSON and Boost.URL")

    def source(self):
        get(self, **self.conan_data["sources"][self.version], strip_root=True)

    # Without it, Conan warns that there is no build step.
    def build(self):
        pass

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        for headers in ("*.hpp", "*.ipp"):
            copy(
                self, headers, os.path.join(self.source_folder, "include"), os.path.join(self.package_folder, "include")
            )
        copy(self, "compiled.cmake", os.path.join(self.source_folder, "cmake"), os.path.join(self.package_folder, "cmake"))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "practicus")
        self.cpp_info.set_property("cmake_target_name", "practicus::practicus")
        # The mock region is headers of the same folder, and needs nothing more.
        self.cpp_info.set_property("cmake_target_aliases", ["practicus::mock"])
        # practicus::compiled and practicus::compiled_mock, built by the consumers that link them.
        self.cpp_info.set_property("cmake_build_modules", ["cmake/compiled.cmake"])
        self.cpp_info.set_property("cmake_config_version_compat", "SameMinorVersion")

        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
        self.cpp_info.requires = [
            "boost::headers", "boost::json", "boost::url", "openssl::ssl", "openssl::crypto", "zlib::zlib"
        ]
        if self.options.with_lz4:
            self.cpp_info.requires.append("lz4::lz4")
        self.cpp_info.system_libs = ["pthread"]
