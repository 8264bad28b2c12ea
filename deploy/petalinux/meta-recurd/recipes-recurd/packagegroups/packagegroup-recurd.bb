SUMMARY = "The daemon, and what a board needs besides"
LICENSE = "Apache-2.0"

PACKAGE_ARCH = "${MACHINE_ARCH}"
inherit packagegroup

RDEPENDS:${PN} = "recurd recurctl"
# fpgautil, and the design if there is one.
RDEPENDS:${PN}:append:versal = " fpga-manager-script ${@'recurd-firmware' if d.getVar('RECURD_FIRMWARE') else ''}"
