SUMMARY = "Serves recurrent networks at batch one over gRPC, keeping each client's hidden state"
DESCRIPTION = "recurd runs on the Arm cores of a Versal board and streams each client's sequences into an AI Engine and \
programmable-logic pipeline; without one it computes on the cores themselves."
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE;md5=3b83ef96387f14655fc854ddc3c6bd57"

# The tree that this layer stands in. A layer that was copied out of it needs RECURD_SOURCE in local.conf, or both
# EXTERNALSRC = "" and SRC_URI, SRCREV and S in a bbappend.
inherit externalsrc
EXTERNALSRC = "${RECURD_SOURCE}"

DEPENDS = " \
    abseil-cpp grpc grpc-native highway libmicrohttpd onnx-proto openssl prometheus-cpp protobuf protobuf-native spdlog \
"

inherit cmake pkgconfig systemd useradd

PACKAGECONFIG ??= "${@bb.utils.filter('DISTRO_FEATURES', 'systemd', d)}"
PACKAGECONFIG:append:versal = " xrt"
PACKAGECONFIG[systemd] = "-DRECURD_SYSTEMD=ON,-DRECURD_SYSTEMD=OFF,systemd"
PACKAGECONFIG[redis] = "-DRECURD_REDIS=ON,-DRECURD_REDIS=OFF,hiredis"
PACKAGECONFIG[xrt] = "-DRECURD_XRT=ON,-DRECURD_XRT=OFF,xrt util-linux,xrt zocl"

# Whoever compiles messages runs here; what they link is the board's.
EXTRA_OECMAKE = " \
    -DBUILD_TESTING=OFF \
    -DCMAKE_BUILD_TYPE=Release \
    -DProtobuf_PROTOC_EXECUTABLE=${STAGING_BINDIR_NATIVE}/protoc \
    -DGRPC_CPP_PLUGIN=${STAGING_BINDIR_NATIVE}/grpc_cpp_plugin \
    -DRECURD_ONNX_PROTO=${STAGING_DATADIR}/onnx/onnx-ml.proto \
    -DRECURD_UNIT_DIR=${systemd_system_unitdir} \
"
OECMAKE_TARGET_COMPILE = "recurd recurctl"

do_install() {
    for component in recurd recurctl; do
        DESTDIR=${D} cmake --install ${B} --component $component
    done
    if ${@bb.utils.contains('PACKAGECONFIG', 'xrt', 'true', 'false', d)}; then
        install -D -m 0644 -t ${D}${systemd_system_unitdir}/recurd.service.d ${S}/deploy/systemd/examples/board.conf
    fi
}

USERADD_PACKAGES = "${PN}"
GROUPADD_PARAM:${PN} = "--system render"
USERADD_PARAM:${PN} = "--system --no-create-home --home-dir ${localstatedir}/lib/recurd --shell /sbin/nologin --user-group recurd"

SYSTEMD_SERVICE:${PN} = "recurd.service recurd.socket"
SYSTEMD_AUTO_ENABLE = "enable"

PACKAGE_BEFORE_PN = "recurctl"
FILES:recurctl = "${bindir}/recurctl"
RDEPENDS:${PN} += "recurctl"
FILES:${PN} += "${systemd_system_unitdir} ${nonarch_libdir}/sysusers.d ${nonarch_libdir}/tmpfiles.d ${localstatedir}/lib/recurd"
CONFFILES:${PN} = "${sysconfdir}/recurd/recurd.flags"
