SUMMARY = "SIMD with one source for all instruction sets"
HOMEPAGE = "https://github.com/google/highway"
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE;md5=2b42edef8fa55315f34f2370b4715ca9"

# As scarthgap's meta-oe has it.
SRC_URI = "git://github.com/google/highway.git;protocol=https;branch=master"
SRCREV = "58b52a717469e62b2d9b8eaa2f5dddb44d4a4cbf"
S = "${WORKDIR}/git"

inherit cmake

EXTRA_OECMAKE = "-DBUILD_TESTING=OFF -DHWY_ENABLE_EXAMPLES=OFF -DHWY_ENABLE_CONTRIB=OFF"
