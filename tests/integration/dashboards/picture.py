#!/usr/bin/python3
"""Draws deploy/pictures/console.png: the console page after some minutes of load, refusals and faults.

usage: RECURD_SOURCE=. RECURD_DAEMON=build/dev/bin/recurd RECURD_BOARD=build/dev/virtual_board/root picture.py OUT.png
"""
import sys

import PIL.Image
from scene import Browser, Scene

SECONDS = 320


def main():
    with Scene() as scene:
        scene.wait_for_scrapes(SECONDS)
        Browser(scene.folder).photograph(f"{scene.prometheus.url}/consoles/recurd.html?range=5m", sys.argv[1], height=1520)
    with PIL.Image.open(sys.argv[1]) as picture:
        picture.convert("RGB").quantize(128).save(sys.argv[1], optimize=True)


if __name__ == "__main__":
    main()
