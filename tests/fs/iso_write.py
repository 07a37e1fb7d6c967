# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes a sparse ISO 9660 disc (ECMA-119, level 3) with one file of more than 4 GiB in two extents, and a small one behind
it: what other programs need half a minute for. Prints the LBA of the second extent. "split": the root has two sectors, and
the second one begins with the record of that extent.

  iso_write.py OUT [split]"""
import struct
import sys

SECTOR = 2048
FIRST = 30
EXTENT = (1 << 32) - SECTOR  # as much as fits in 32 bits, in whole sectors
REST = 5000001
DATE = bytes([106, 7, 8, 9, 10, 11, 0])


def both16(n):
    return struct.pack("<H", n) + struct.pack(">H", n)


def both32(n):
    return struct.pack("<I", n) + struct.pack(">I", n)


def record(name, lba, size, flags):  # 9.1
    data = b"\0" + both32(lba) + both32(size) + DATE + bytes([flags, 0, 0]) + both16(1) + bytes([len(name)]) + name
    data += bytes((1 + len(data)) % 2)
    return bytes([1 + len(data)]) + data


def volume(root, sectors):  # 8.4, with its path tables in sectors 18 and 19
    made = bytearray(SECTOR)
    made[:8] = b"\1CD001\1\0"
    made[8:72] = b"TEST".ljust(32) + b"HUGE".ljust(32)
    made[80:88] = both32(sectors)
    made[120:132] = both16(1) + both16(1) + both16(SECTOR)
    made[132:140] = both32(10)
    made[140:144] = struct.pack("<I", 18)
    made[148:152] = struct.pack(">I", 19)
    made[156:156 + len(root)] = root
    made[190:813] = b" " * 623
    made[813:881] = (b"2006070809101100\0" + 3 * (b"0" * 16 + b"\0"))
    made[881] = 1
    return bytes(made)


def main():
    second = FIRST + EXTENT // SECTOR
    small = second + -(-REST // SECTOR)
    split = len(sys.argv) > 2
    root = record(b"\0", 20, SECTOR << split, 2)
    listing = root + record(b"\1", 20, SECTOR << split, 2)
    while split and len(listing) + 2 * 44 < SECTOR:
        listing += record(b"A%06d.;1" % len(listing), small, 5, 0)
    listing += record(b"HUGE.BIN;1", FIRST, EXTENT, 0x80)
    listing += bytes(SECTOR - len(listing) if split else 0) + record(b"HUGE.BIN;1", second, REST, 0)
    listing += record(b"SMALL.TXT;1", small, 5, 0)
    sectors = {16: volume(root, small + 1), 17: b"\xffCD001\1", 18: b"\1\0" + struct.pack("<IH", 20, 1) + b"\0\0",
               19: b"\1\0" + struct.pack(">IH", 20, 1) + b"\0\0", 20: listing, FIRST: b"begin", second: b"second", small: b"small"}
    with open(sys.argv[1], "wb") as out:
        for lba, data in sectors.items():
            out.seek(lba * SECTOR)
            out.write(data)
        out.truncate((small + 1) * SECTOR)
    print(second)


if __name__ == "__main__":
    main()
