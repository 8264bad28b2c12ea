SUMMARY = "The format of ONNX files, as protobuf has it"
HOMEPAGE = "https://onnx.ai"
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE;md5=3b83ef96387f14655fc854ddc3c6bd57"

SRC_URI = "git://github.com/onnx/onnx.git;protocol=https;branch=rel-1.12.0"
SRCREV = "f7ee1ac60d06abe8e26c9b6bbe1e3db5286b614b"
S = "${WORKDIR}/git"

inherit allarch
INHIBIT_DEFAULT_DEPS = "1"

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    install -D -m 0644 -t ${D}${datadir}/onnx ${S}/onnx/onnx-ml.proto
}

FILES:${PN}-dev += "${datadir}/onnx"
ALLOW_EMPTY:${PN} = "1"
