# SPDX-License-Identifier: LGPL-2.1-or-later
"""respin files on discs with VIDEO_TS and BDMV: which playing time is hit. The expected times are worked out here from how
video_write.py lays out its streams, or come from the navigation packs of a disc of dvdauthor's (authored.txt). Decodes no
picture."""
import base64
import math
import os
import re
import subprocess
import sys
import tempfile
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
RESPIN = os.environ["RESPIN"]
SECTOR = 2048
failures = 0


def claim(what, condition, more=""):
    global failures
    if not condition:
        failures += 1
        print("FAIL", what, more)


def clock(seconds):
    return "%02d:%02d:%02d" % (seconds // 3600, seconds // 60 % 60, seconds % 60)


def stretch(begin, end):
    """In whole seconds, none of what is missing outside."""
    return "%s-%s missing" % (clock(math.floor(begin + 1e-6)), clock(max(math.ceil(end - 1e-6), math.floor(begin + 1e-6) + 1)))


class Disc:
    def __init__(self, kind, written=False):
        self.image = kind + ".udf"
        if not written:
            subprocess.run([sys.executable, HERE + "/video_write.py", kind, kind], check=True)
        said = subprocess.run([sys.executable, HERE + "/udf_write.py", "plain", self.image, kind], check=True, capture_output=True)
        self.places = {}
        for line in said.stdout.decode().splitlines():
            if line.startswith("file "):
                _, lba, size, path = line.split(" ", 3)
                self.places[path] = int(lba), -(-int(size) // SECTOR)
            elif " ICB of " in line:  # small files lie in theirs
                _, lba, name = line.split(" ", 2)
                self.places.setdefault(name[len("ICB of "):], (int(lba), 1))

    def all_of(self, path):
        lba, count = self.places[path]
        return range(lba, lba + count)

    def times(self, *bad):
        """What is said of titles, with these missing: (path, sector of it, how many), or whole files."""
        lost = set()
        for one in bad:
            if isinstance(one, str):
                lost |= set(self.all_of(one))
            else:
                lost |= set(self.all_of(one[0])[one[1]:one[1] + one[2]])
        return titles(self.image, lost)


def titles(image, lost):
    sectors = os.path.getsize(image) // SECTOR
    with open("map", "w") as out:
        out.write("0x0 + 1\n")
        at = 0
        for lba in sorted(lost) + [sectors]:
            if lba > at:
                out.write("%#x %#x +\n" % (at * SECTOR, (lba - at) * SECTOR))
            if lba < sectors:
                out.write("%#x %#x -\n" % (lba * SECTOR, SECTOR))
            at = lba + 1
    done = subprocess.run([RESPIN, "files", image, "map", "--hit"], capture_output=True)
    claim("no crash", done.returncode in (0, 1), done.stderr.decode()[-300:])
    return [line for line in done.stdout.decode().splitlines() if line.startswith(("title", "playlist"))]


def check(what, got, expected):
    claim(what, got == expected, "\n  is     %s\n  should %s" % (got, expected))


def check_dvd():
    disc = Disc("dvd")
    one, two = "VIDEO_TS/VTS_01_1.VOB", "VIDEO_TS/VTS_01_2.VOB"
    check("whole", disc.times(), [])
    # 600 sectors of 60 s, then 300 of 120 s; the files' border is at 500.
    check("in the first cell", disc.times((one, 100, 20)), ["title 2 of 0:03:00: " + stretch(10, 12)])
    check("in the second file", disc.times((two, 200, 1)), ["title 2 of 0:03:00: " + stretch(60 + 100 * .4, 60 + 101 * .4)])
    check("over the border of cells", disc.times((two, 95, 10)), ["title 2 of 0:03:00: " + stretch(59.5, 60 + 5 * .4)])
    check("over the border of files", disc.times((one, 490, 10), (two, 0, 10)), ["title 2 of 0:03:00: " + stretch(49, 51)])
    check("two places", disc.times((one, 100, 10), (one, 300, 10)), ["title 2 of 0:03:00: " + stretch(10, 11), "title 2 of 0:03:00: " + stretch(30, 31)])
    # Angles play at the same time; a second chain goes on where the first one ends.
    check("an angle", disc.times(("VIDEO_TS/VTS_02_1.VOB", 150, 1)), ["title 3 of 0:01:30: " + stretch(20, 20.2)])
    check("the other angle", disc.times(("VIDEO_TS/VTS_02_1.VOB", 250, 1)), ["title 3 of 0:01:30: " + stretch(20, 20.2)])
    check("after the angles", disc.times(("VIDEO_TS/VTS_02_1.VOB", 350, 1)), ["title 3 of 0:01:30: " + stretch(35, 35.1)])
    check("the second chain", disc.times(("VIDEO_TS/VTS_02_1.VOB", 450, 1)), ["title 3 of 0:01:30: " + stretch(65, 65.5)])
    # The time map: 500 sectors in the first ten seconds, then ten in as many each.
    for sector, begin, end in ((250, 5, 5.02), (515, 25, 26), (790, 95, 95.03)):
        check("by the time map", disc.times(("VIDEO_TS/VTS_03_1.VOB", sector, 1)), ["title 1 of 0:01:40: " + stretch(begin, end)])
    hit = (one, 100, 20)
    check("by the backup", disc.times(hit, "VIDEO_TS/VTS_01_0.IFO"), ["title 2 of 0:03:00: " + stretch(10, 12)])
    check("numbers by the backup", disc.times(hit, "VIDEO_TS/VIDEO_TS.IFO"), ["title 2 of 0:03:00: " + stretch(10, 12)])
    check("without numbers", disc.times(hit, "VIDEO_TS/VIDEO_TS.IFO", "VIDEO_TS/VIDEO_TS.BUP"), ["title 1 of set 1 of 0:03:00: " + stretch(10, 12)])
    check("without either", disc.times(hit, "VIDEO_TS/VTS_01_0.IFO", "VIDEO_TS/VTS_01_0.BUP"),
          ["title set 1: when it plays cannot be told, neither its table nor the backup is whole"])
    check("a file is gone", disc.times(two), ["title 2 of 0:03:00: " + stretch(50, 180)])


def check_bdmv():
    disc = Disc("bdmv")
    stream, other = "BDMV/STREAM/00001.m2ts", "BDMV/STREAM/00002.m2ts"

    def second(byte):
        """Of clip 1's clock: 40 packets a second up to 50 s, then 160; a point of entry each second, to the packet."""
        packet = byte / 192
        return packet / 40 if packet < 2000 else 50 + (packet - 2000) / 160
    check("whole", disc.times(), [])
    for sector in (120, 500):
        begin, end = second(sector * SECTOR) - 10, second((sector + 1) * SECTOR) - 10
        check("by points of entry", disc.times((stream, sector, 1)), ["playlist 00000 of 0:02:20: " + stretch(begin, end)])
        check("by the clip's backup", disc.times((stream, sector, 1), "BDMV/CLIPINF/00001.clpi"),
              ["playlist 00000 of 0:02:20: " + stretch(begin, end)])
        check("by the playlist's backup", disc.times((stream, sector, 1), "BDMV/PLAYLIST/00000.mpls"),
              ["playlist 00000 of 0:02:20: " + stretch(begin, end)])
    check("what no playlist plays", disc.times((stream, 10, 1)), [])
    both = ["playlist 00000 of 0:02:20: " + stretch(110, 110.1), "playlist 00007 of 0:01:00: " + stretch(30, 30.1)]
    check("evenly over the clip", disc.times((other, 288, 1)), both)
    gone = disc.times((other, 288, 1), "BDMV/PLAYLIST/00007.mpls", "BDMV/BACKUP/PLAYLIST/00007.mpls")
    check("a playlist is gone", gone, ["playlist 00007: when it plays cannot be told, neither its table nor the backup is whole", both[0]])


def check_authored():
    """Tables of dvdauthor's: at which time does a sector play? The navigation packs of that disc said it."""
    packs, sectors = [], 0
    os.makedirs("authored/VIDEO_TS")
    for line in open(HERE + "/authored.txt"):
        what, *words = line.split()
        if what == "table":
            with open("authored/VIDEO_TS/" + words[0], "wb") as out:
                out.write(zlib.decompress(base64.b64decode(words[1])))
        elif what == "stream":
            sectors = int(words[0])
        elif what == "pack":
            packs.append((int(words[0]), float(words[1])))
    with open("authored/VIDEO_TS/VTS_01_1.VOB", "wb") as out:
        out.truncate(sectors * SECTOR)
    disc = Disc("authored", written=True)
    for sector, begin in packs[1::4]:
        said = disc.times(("VIDEO_TS/VTS_01_1.VOB", sector, 1))
        found = said and re.match(r"title 1 of 0:00:(\d+): 00:00:(\d+)-00:00:(\d+) missing$", said[0])
        claim("authored: sector %d plays at %.2f s" % (sector, begin),
              found and len(said) == 1 and int(found.group(1)) == 40 and int(found.group(2)) - 1 <= begin <= int(found.group(3)) + 1, str(said))
    print("video: %d navigation packs asked" % len(packs[1::4]))


def main():
    work = tempfile.TemporaryDirectory(prefix="respin-video.")
    os.chdir(work.name)
    check_dvd()
    check_bdmv()
    check_authored()
    sys.exit(failures != 0)


main()
