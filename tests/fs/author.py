# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes authored.txt anew: the tables of a DVD that ffmpeg and dvdauthor make, and what its navigation packs say of the time
at which each sector plays (vobu_s_ptm, byte 57 of the pack). The film is easy for ten seconds and then hard, so that bytes
alone would tell another time. The test needs neither program.

  author.py >authored.txt"""
import base64
import os
import struct
import subprocess
import sys
import tempfile
import zlib

SECTOR = 2048
MAKE = """ffmpeg -loglevel error -f lavfi -i color=black:d=10:s=720x576:r=25 \
 -f lavfi -i testsrc2=d=30:s=720x576:r=25,noise=alls=60:allf=t -f lavfi -i sine=d=40 \
 -filter_complex [0][1]concat[v] -map [v] -map 2:a -target pal-dvd film.mpg &&
VIDEO_FORMAT=PAL dvdauthor -o disc -t -c 0,25 film.mpg && VIDEO_FORMAT=PAL dvdauthor -o disc -T"""

with tempfile.TemporaryDirectory() as work:
    os.chdir(work)
    subprocess.run(MAKE, shell=True, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for name in ("VIDEO_TS.IFO", "VTS_01_0.IFO"):
        with open("disc/VIDEO_TS/" + name, "rb") as file:
            print("table", name, base64.b64encode(zlib.compress(file.read(), 9)).decode())
    first = None
    with open("disc/VIDEO_TS/VTS_01_1.VOB", "rb") as file:
        stream = file.read()
    print("stream", len(stream) // SECTOR)
    for i in range(len(stream) // SECTOR):
        pack = stream[i * SECTOR:(i + 1) * SECTOR]
        if pack[:4] == b"\0\0\1\xba" and pack[38:42] == b"\0\0\1\xbf" and pack[44] == 0:
            time = struct.unpack(">I", pack[57:61])[0] / 90000
            first = time if first is None else first
            print("pack %d %.2f" % (i, time - first))
