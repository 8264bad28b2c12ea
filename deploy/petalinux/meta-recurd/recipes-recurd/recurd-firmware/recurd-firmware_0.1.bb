SUMMARY = "The design that recurd --pipeline=xrt speaks with"
DESCRIPTION = "What hw/vitis has built, in the folder that dfx-mgr and fpgautil know."
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/Apache-2.0;md5=89aea4e17d99a7cacdbeed46a0096b10"

# In local.conf: the folder with recurd.xclbin, aie_only.xclbin and, for a platform whose PL is loaded after the boot,
# one .pdi and one .dtbo. dfx_user_dts isn't inherited, for it gives every xclbin the same name.
RECURD_FIRMWARE ?= ""
FILESEXTRAPATHS:prepend := "${RECURD_FIRMWARE}:"

python () {
    folder = d.getVar("RECURD_FIRMWARE")
    if not folder:
        raise bb.parse.SkipRecipe("RECURD_FIRMWARE isn't set: the folder with recurd.xclbin")
    bb.parse.mark_dependency(d, folder)
    if not os.path.isfile(os.path.join(folder, "recurd.xclbin")):
        raise bb.parse.SkipRecipe("no recurd.xclbin in RECURD_FIRMWARE=" + folder)
    wanted = (".xclbin", ".pdi", ".dtbo")
    files = sorted(f for f in os.listdir(folder) if f.endswith(wanted))
    d.appendVar("SRC_URI", "".join(" file://" + f for f in files))
}

SRC_URI = "file://shell.json"
S = "${WORKDIR}"

COMPATIBLE_MACHINE = "^$"
COMPATIBLE_MACHINE:versal = ".*"
PACKAGE_ARCH = "${MACHINE_ARCH}"
INHIBIT_DEFAULT_DEPS = "1"

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    install -d ${D}${nonarch_base_libdir}/firmware/xilinx/recurd
    for file in ${WORKDIR}/*.xclbin ${WORKDIR}/*.pdi ${WORKDIR}/*.dtbo ${WORKDIR}/shell.json; do
        if [ -f $file ]; then install -m 0644 -t ${D}${nonarch_base_libdir}/firmware/xilinx/recurd $file; fi
    done
}

FILES:${PN} = "${nonarch_base_libdir}/firmware/xilinx/recurd"
INSANE_SKIP:${PN} += "arch"
