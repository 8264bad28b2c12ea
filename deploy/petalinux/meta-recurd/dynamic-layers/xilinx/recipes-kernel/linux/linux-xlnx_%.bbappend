FILESEXTRAPATHS:prepend := "${THISDIR}/files:"
SRC_URI:append:versal = " file://recurd.cfg"
