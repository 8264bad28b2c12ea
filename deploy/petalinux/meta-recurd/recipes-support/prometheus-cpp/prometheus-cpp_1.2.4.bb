SUMMARY = "Prometheus client library for C++: the core alone, without HTTP"
HOMEPAGE = "https://github.com/jupp0r/prometheus-cpp"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://LICENSE;md5=f203962b7b283e1e356c14312b4f6211"

SRC_URI = "git://github.com/jupp0r/prometheus-cpp.git;protocol=https;branch=master"
SRCREV = "ad99e21f4706193670c42b36c9824dc997f4c475"
S = "${WORKDIR}/git"

inherit cmake

EXTRA_OECMAKE = " \
    -DBUILD_SHARED_LIBS=ON \
    -DENABLE_PULL=OFF \
    -DENABLE_PUSH=OFF \
    -DENABLE_TESTING=OFF \
    -DUSE_THIRDPARTY_LIBRARIES=OFF \
"
