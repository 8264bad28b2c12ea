IMAGE_INSTALL:append = " packagegroup-recurd"
