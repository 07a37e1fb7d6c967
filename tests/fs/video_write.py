# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the tables of a DVD-Video disc and of a BDMV disc, with streams of noise: title sets whose cells have other bit
rates, with and without a time map, angles, two program chains in one title; playlists with two items, with and without
points of entry. Only what says when something plays is there: no player would play it.

  video_write.py dvd|bdmv DIR"""
import os
import struct
import sys

SECTOR = 2048
PACKET = 192


def put(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(data)


def noise(count, seed):
    block = b"".join(((i * 2654435761 + seed) & 0xffffffff).to_bytes(4, "big") for i in range(SECTOR // 4))
    return (block * (count // SECTOR + 1))[:count]


def bcd_time(seconds, frames=0):
    def bcd(n):
        return n // 10 * 16 + n % 10
    return bytes([bcd(seconds // 3600), bcd(seconds // 60 % 60), bcd(seconds % 60), 0x40 | bcd(frames)])  # 25 in a second


def program_chain(cells):
    """`cells`: (first sector, last sector, seconds, angle flags)"""
    head = bytearray(0xec)
    head[2], head[3] = 1, len(cells)
    head[4:8] = bcd_time(sum(c[2] for c in cells))
    struct.pack_into(">H", head, 0xe8, 0xec)
    body = b""
    for first, last, seconds, flags in cells:
        body += bytes([flags, 0, 0, 0]) + bcd_time(seconds) + struct.pack(">IIII", first, 0, first, last)
    return bytes(head) + body


def padded(data):
    return data + bytes(-len(data) % SECTOR)


def title_set(chains, maps):
    """`chains`: (title, cells); `maps`: of each chain (seconds of a unit, sectors), or None."""
    mat = bytearray(SECTOR)
    mat[:12] = b"DVDVIDEO-VTS"
    search, bodies, at = b"", b"", 8 + 8 * len(chains)
    for title, cells in chains:
        body = program_chain(cells)
        search += struct.pack(">B3xI", 0x80 | title, at + len(bodies))
        bodies += body
    table = padded(struct.pack(">HHI", len(chains), 0, at + len(bodies) - 1) + search + bodies)
    struct.pack_into(">I", mat, 0xcc, 1)
    out = bytes(mat) + table
    if any(maps):
        places, bodies, at = b"", b"", 8 + 4 * len(maps)
        for unit, sectors in (m or (0, []) for m in maps):
            places += struct.pack(">I", at + len(bodies))
            bodies += struct.pack(">BBH", unit, 0, len(sectors)) + b"".join(struct.pack(">I", s) for s in sectors)
        out = bytearray(out)
        struct.pack_into(">I", out, 0xd4, len(out) // SECTOR)
        out = bytes(out) + padded(struct.pack(">HHI", len(maps), 0, at + len(bodies) - 1) + places + bodies)
    return out


def dvd(top):
    top += "/VIDEO_TS/"
    # Set 1: two cells at two bit rates, in two files; set 2: angles, then a second chain; set 3: a time map.
    first = title_set([(1, [(0, 599, 60, 0), (600, 899, 120, 0)])], [None])
    second = title_set([(1, [(0, 99, 10, 0), (100, 199, 20, 0x50), (200, 299, 20, 0xd0), (300, 399, 10, 0)]), (1, [(400, 499, 50, 0)])], [None, None])
    third = title_set([(1, [(0, 999, 100, 0)])], [(10, [500, 510, 520, 530, 540, 550, 560, 570, 580])])
    titles = struct.pack(">HHI", 3, 0, 8 + 36 - 1)
    for number in (3, 1, 2):  # title 1 is set 3, and so on
        titles += struct.pack(">BBHHBBI", 0, 1, 1, 0, number, 1, 0)
    mat = bytearray(SECTOR)
    mat[:12] = b"DVDVIDEO-VMG"
    struct.pack_into(">I", mat, 0xc4, 1)
    for name, data in (("VIDEO_TS", bytes(mat) + padded(titles)), ("VTS_01_0", first), ("VTS_02_0", second), ("VTS_03_0", third)):
        put(top + name + ".IFO", data)
        put(top + name + ".BUP", data)
    for name, sectors in (("VTS_01_1", 500), ("VTS_01_2", 400), ("VTS_02_1", 500), ("VTS_03_1", 1000)):
        put(top + name + ".VOB", noise(sectors * SECTOR, sectors))


def clip(points):
    """`points`: (ticks of 45 kHz, packet), each a multiple of 256 ticks."""
    coarse, fine = [], b""
    for number, (ticks, packet) in enumerate(points):
        high = (ticks >> 18 & 0x3fff, packet & ~0x1ffff)
        if not coarse or coarse[-1][1:] != (high[0] & ~1, high[1]):
            coarse.append((number, high[0] & ~1, high[1]))
        fine += struct.pack(">I", (ticks >> 8 & 0x7ff) << 17 | packet & 0x1ffff)
    stream = struct.pack(">I", 4 + 8 * len(coarse))
    for first, time, packet in coarse:
        stream += struct.pack(">II", first << 14 | time, packet)
    stream += fine
    packed = 1 << 34 | len(coarse) << 18 | len(points)  # kind 1: video
    entry = struct.pack(">HHII", 0x1011, packed >> 32, packed & 0xffffffff, 2 + 12)
    body = struct.pack(">HBB", 1, 0, 1) + entry + stream
    cpi = struct.pack(">I", len(body)) + body
    head = b"HDMV0200" + struct.pack(">IIIII", 40, 40, 40, 0, 0)
    return head.ljust(40, b"\0") + cpi


def playlist(items):
    """`items`: (clip, in, out), in seconds of the clip's clock."""
    body = struct.pack(">HHH", 0, len(items), 0)
    for name, begin, end in items:
        item = b"%05dM2TS" % name + struct.pack(">HBII", 1, 0, begin * 45000, end * 45000) + bytes(12)
        body += struct.pack(">H", len(item)) + item
    return b"MPLS0200" + struct.pack(">II", 40, 0) + bytes(24) + struct.pack(">I", len(body)) + body


def bdmv(top):
    top += "/BDMV/"
    # Clip 1 has points of entry, slow at first; clip 2 has none that can be read, and no backup of them.
    points = [(256 * round(t * 45000 / 256), int(t * 40) if t < 50 else 2000 + int((t - 50) * 160)) for t in range(0, 100)]
    put(top + "CLIPINF/00001.clpi", clip(points))
    put(top + "BACKUP/CLIPINF/00001.clpi", clip(points))
    for path in (top, top + "BACKUP/"):
        put(path + "PLAYLIST/00000.mpls", playlist([(1, 10, 90), (2, 600, 660)]))
        put(path + "PLAYLIST/00007.mpls", playlist([(2, 600, 660)]))
    put(top + "STREAM/00001.m2ts", noise(10000 * PACKET, 1))
    put(top + "STREAM/00002.m2ts", noise(6144 * PACKET, 2))


if len(sys.argv) != 3 or sys.argv[1] not in ("dvd", "bdmv"):
    sys.exit(__doc__)
{"dvd": dvd, "bdmv": bdmv}[sys.argv[1]](sys.argv[2])
