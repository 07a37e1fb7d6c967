# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes small UDF discs of the kinds that no free program makes: metadata partition with its mirror (2.50), virtual
partition in the styles of 1.50 and 2.01 with a VAT for each generation, sparable partition with packets moved away.
From the tables of ECMA-167 and OSTA UDF alone; shares nothing with the walkers that it tests. Prints where everything
lies, a line each: "descriptor LBA NAME", "file LBA BYTES PATH" (a line for each extent). Knows one disc's worth of memory.

  udf_write.py plain|metadata|vat150|vat201|sparable OUT TREE [TREE...] [--hostile] [--no-mirror]

Each further TREE is a later generation (vat only): the disc as it was when that one had been added.
"""
import os
import struct
import sys

SECTOR = 2048
PART_AT = 288        # the partition begins there; a multiple of a packet
PACKET = 32          # blocks of a packet, UDF 2.2.9
SPARE_PACKETS = 4
STAMP = struct.pack("<HhBBBBBBBB", 0x1000, 2006, 7, 8, 9, 10, 11, 0, 0, 0)  # 1/7.3: UTC


def crc(data):  # 3/7.2.6: x^16 + x^12 + x^5 + 1
    value = 0
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ 0x1021 if value & 0x8000 else value << 1) & 0xffff
    return value


def cs0(text):  # UDF 2.1.1
    if all(ord(c) < 256 for c in text):
        return b"\x08" + bytes(ord(c) for c in text) if text else b""
    return b"\x10" + text.encode("utf-16-be")


def dstring(text, field):  # UDF 2.1.3
    data = cs0(text)
    return data.ljust(field - 1, b"\0") + bytes([len(data)])


def regid(name, revision=None, flags=0):  # 1/7.4
    suffix = struct.pack("<HBB", revision, 0, 0) if revision else b""
    return bytes([flags]) + name.encode().ljust(23, b"\0") + suffix.ljust(8, b"\0")


CHARSPEC = (b"\0" + b"OSTA Compressed Unicode").ljust(64, b"\0")


class Disc:
    def __init__(self, revision):
        self.sectors = {}
        self.revision = revision
        self.next_unique = 16
        self.notes = []

    def put(self, lba, data):
        for i in range(0, len(data), SECTOR):
            self.sectors[lba + i // SECTOR] = data[i:i + SECTOR].ljust(SECTOR, b"\0")

    def note(self, lba, name):
        self.notes.append((lba, name))

    def tag(self, ident, location, body):  # 3/7.2; `body` stands behind the tag
        version = 3 if self.revision >= 0x200 else 2
        head = struct.pack("<HHBBHHHI", ident, version, 0, 0, 1, crc(body), len(body), location)
        return head[:4] + bytes([sum(head) & 255]) + head[5:] + body

    def describe(self, ident, lba, body, name, size=512):
        self.put(lba, self.tag(ident, lba, body.ljust(size - 16, b"\0")))
        self.note(lba, name)

    def write(self, path, length):
        with open(path, "wb") as out:
            out.truncate(length * SECTOR)
            for lba, data in sorted(self.sectors.items()):
                out.seek(lba * SECTOR)
                out.write(data)


def long_ad(length, block, part):
    return struct.pack("<IIH6x", length, block, part)


class Volume:
    """Where blocks go. `icb_part` holds what directories and ICBs are in, `data_part` the files' bytes."""

    def __init__(self, style, disc, name):
        self.style, self.disc, self.name = style, disc, name
        self.data_part = 0
        self.icb_part = 1 if style in ("metadata", "vat150", "vat201") else 0
        self.vat = []            # virtual block -> physical
        self.free = 0            # the next physical block
        self.meta_free = 0       # the next block of the metadata file
        self.meta_blocks = []    # which physical ones they are
        self.mirror_blocks = []
        self.icbs = {}           # a path's ICB, kept from generation to generation
        self.files = []

    # ---- blocks ----
    def data_blocks(self, count):
        self.free += count
        return self.free - count

    def icb_block(self):
        if self.style == "metadata":
            self.meta_free += 1
            return self.meta_free - 1
        if self.style.startswith("vat"):
            self.vat.append(None)
            return len(self.vat) - 1
        return self.data_blocks(1)

    def put_icb(self, block, ident, body, name):
        """Tags say where they are in their partition: 4/7.2.8."""
        data = self.disc.tag(ident, block, body)
        assert len(data) <= SECTOR, name
        if self.style == "metadata":
            for blocks, which in ((self.meta_blocks, ""), (self.mirror_blocks, " (mirror)")):
                if blocks:
                    self.disc.put(PART_AT + blocks[block], data)
                    self.disc.note(PART_AT + blocks[block], name + which)
            return
        place = block
        if self.style.startswith("vat"):
            place = self.vat[block] = self.data_blocks(1)  # written once more at another place
        self.disc.put(PART_AT + place, data)
        self.disc.note(PART_AT + place, name)

    # ---- ICBs ----
    def entry(self, kind, size, blocks, descriptors, form, links=1, part=None):
        """4/14.9, or from 2.00 on 4/14.17. `form`: 0 short, 1 long, 3 embedded."""
        flags = form
        tag = struct.pack("<IHHHBBIHH", 0, 4, 0, 1, 0, kind, 0, 0, flags)
        head = tag + struct.pack("<IIIHBBIQ", 0xffffffff, 0xffffffff, 0x14a5, links, 0, 0, 0, size)
        unique = self.disc.next_unique
        self.disc.next_unique += 1
        if self.disc.revision >= 0x200:
            head += struct.pack("<QQ", size, blocks) + 4 * STAMP + struct.pack("<II", 1, 0) + bytes(32)
            ident = 266
        else:
            head += struct.pack("<Q", blocks) + 3 * STAMP + struct.pack("<I", 1) + bytes(16)
            ident = 261
        head += regid("*respin test") + struct.pack("<QII", unique, 0, len(descriptors)) + descriptors
        return ident, head

    def store(self, data, name=None, pieces=1):
        """The bytes of a file as allocation descriptors; in several pieces there is a gap behind each."""
        blocks = (len(data) + SECTOR - 1) // SECTOR
        each = -(-blocks // pieces) if blocks else 0
        out, at = [], 0
        while at < blocks:
            n = min(each, blocks - at)
            block = self.data_blocks(n)
            piece = data[at * SECTOR:(at + n) * SECTOR]
            self.disc.put(PART_AT + block, piece)
            out.append((len(piece), block))
            if name is not None:
                self.files.append((PART_AT + block, len(piece), name))
            at += n
            if pieces > 1:
                self.data_blocks(3)
        return blocks, out

    def describe_extents(self, extents):
        """Short ones where the bytes lie in the ICB's own partition, long ones elsewhere."""
        if self.icb_part == self.data_part:
            return 0, b"".join(struct.pack("<II", n, block) for n, block in extents)
        return 1, b"".join(long_ad(n, block, self.data_part) for n, block in extents)

    def put_file(self, block, path, data, kind=5):
        if len(data) <= 300 and self.style != "sparable" and kind == 5 or kind == 12:
            ident, body = self.entry(kind, len(data), 0, data, 3)
        else:
            pieces = 3 if path.endswith(".pieces") else 1
            if path.endswith(".hole"):  # all but its first and last sectors was never recorded: 4/14.14.1.1, type 2
                ends = [self.store(data[:2 * SECTOR], path), self.store(data[-2 * SECTOR:], path)]
                blocks = sum(count for count, _ in ends)
                extents = ends[0][1] + [(2 << 30 | len(data) - 4 * SECTOR, 0)] + ends[1][1]
            else:
                blocks, extents = self.store(data, path, pieces)
            form, descriptors = self.describe_extents(extents)
            if path.endswith(".pieces") and self.icb_part == self.data_part:  # the last two, in a block of their own: 4/14.5
                more = self.data_blocks(1)
                rest = descriptors[8:]
                self.disc.put(PART_AT + more, self.disc.tag(258, more, struct.pack("<II", 0, len(rest)) + rest))
                self.disc.note(PART_AT + more, "allocation extent of " + path)
                descriptors = descriptors[:8] + struct.pack("<II", 3 << 30 | SECTOR, more)
            ident, body = self.entry(kind, len(data), blocks, descriptors, form)
        self.put_icb(block, ident, body, "ICB of " + path)

    def identifier(self, name, icb, traits, here):  # 4/14.4
        text = cs0(name)
        body = struct.pack("<HBB", 1, traits, len(text)) + long_ad(SECTOR, icb, self.icb_part) + struct.pack("<H", 0) + text
        body += bytes(-(16 + len(body)) % 4)
        return self.disc.tag(257, here, body)

    def put_directory(self, block, above, path, entries):
        here = block
        data = self.identifier("", above, 0x0a, here)
        for name, icb, is_dir in entries:
            data += self.identifier(name, icb, 2 if is_dir else 0, here)
        room = SECTOR - (216 if self.disc.revision >= 0x200 else 176)
        what = path or "the root"
        if len(data) <= room and self.style != "sparable":
            ident, body = self.entry(4, len(data), 0, data, 3)
        elif self.style == "metadata":  # its bytes lie in the metadata file, too
            blocks = -(-len(data) // SECTOR)
            first = self.meta_free
            self.meta_free += blocks
            for i in range(blocks):
                piece = data[i * SECTOR:(i + 1) * SECTOR]
                for places, which in ((self.meta_blocks, ""), (self.mirror_blocks, " (mirror)")):
                    if places:
                        self.disc.put(PART_AT + places[first + i], piece)
                        self.disc.note(PART_AT + places[first + i], "names in %s, sector %d%s" % (what, i, which))
            ident, body = self.entry(4, len(data), blocks, struct.pack("<II", len(data), first), 0)
        else:
            blocks, extents = self.store(data)
            for n, first in extents:
                for i in range(-(-n // SECTOR)):
                    self.disc.note(PART_AT + first + i, "names in %s, sector %d" % (what, i))
            form, descriptors = self.describe_extents(extents)
            ident, body = self.entry(4, len(data), blocks, descriptors, form)
        self.put_icb(block, ident, body, "ICB of " + what)

    # ---- trees ----
    def icb_of(self, path):
        if path not in self.icbs:
            self.icbs[path] = self.icb_block()
        return self.icbs[path]

    def add_tree(self, top, extra=(), written=None):
        """All of it, but for the files that an earlier generation has written already."""
        self.file_set = self.icb_of("file set")
        root = self.icb_of("")
        for here, dirs, names in os.walk(top):
            dirs.sort()
            path = os.path.relpath(here, top)
            path = "" if path == "." else path
            block = self.icb_of(path)
            above = self.icb_of(os.path.dirname(path)) if path else block
            entries = []
            for name in sorted(names):
                full = os.path.join(path, name)
                with open(os.path.join(here, name), "rb") as file:
                    data = file.read()
                entries.append((name, self.icb_of(full), False))
                if written is None or written.get(full) != data:
                    self.put_file(entries[-1][1], full, data)
                    if written is not None:
                        written[full] = data
            for name in dirs:
                entries.append((name, self.icb_of(os.path.join(path, name)), True))
            if not path:
                for number, (name, data, kind) in enumerate(extra):
                    icb = self.icb_block()
                    self.put_file(icb, "hostile %d" % number, data, kind)
                    entries.append((name, icb, False))
            self.put_directory(block, above, path, entries)
        fsd = STAMP + struct.pack("<HHIIII", 3, 3, 1, 1, 0, 0) + CHARSPEC + dstring(self.name, 128) + CHARSPEC
        fsd += dstring(self.name, 32) + bytes(64) + long_ad(SECTOR, root, self.icb_part)
        fsd += regid("*OSTA UDF Compliant", self.disc.revision) + bytes(64)
        self.put_icb(self.file_set, 256, fsd.ljust(496, b"\0"), "file set descriptor")

    def put_vat(self):
        """UDF 2.2.11: the table, and last of all its ICB."""
        table = b"".join(struct.pack("<I", 0xffffffff if b is None else b) for b in self.vat)
        before = getattr(self, "last_vat", 0xffffffff)
        if self.style == "vat150":
            data, kind = table + regid("*UDF Virtual Alloc Tbl", 0x150) + struct.pack("<I", before), 0
        else:
            head = struct.pack("<HH", 152, 0) + dstring(self.name, 128)
            head += struct.pack("<IIIHHHH", before, len(self.files), 1, 0x150, 0x200, 0x201, 0)
            data, kind = head + table, 248
        blocks, extents = self.store(data)
        for n, first in extents:
            for i in range(-(-n // SECTOR)):
                self.disc.note(PART_AT + first + i, "VAT")
        ident, body = self.entry(kind, len(data), blocks, b"".join(struct.pack("<II", *e) for e in extents), 0)
        place = self.last_vat = self.data_blocks(1)
        self.disc.put(PART_AT + place, self.disc.tag(ident, place, body))
        self.disc.note(PART_AT + place, "VAT ICB")

    # ---- what surrounds it ----
    def maps(self, meta, mirror, tables):
        first = struct.pack("<BBHH", 1, 6, 1, 0)
        second = struct.pack("<BB2x", 2, 64)
        if self.style.startswith("vat"):
            return first + second + regid("*UDF Virtual Partition", self.disc.revision) + struct.pack("<HH24x", 1, 0), 2
        if self.style == "metadata":
            return first + second + regid("*UDF Metadata Partition", self.disc.revision) + struct.pack(
                "<HHIIIIHB5x", 1, 0, meta, mirror, 0xffffffff, PACKET, PACKET, 1), 2
        if self.style == "sparable":
            return second + regid("*UDF Sparable Partition", self.disc.revision) + struct.pack(
                "<HHHBxI", 1, 0, PACKET, len(tables), SECTOR) + struct.pack("<%dI" % len(tables), *tables).ljust(16, b"\0"), 1
        return first, 1

    def put_sequence(self, first, which, maps, count, blocks):
        disc = self.disc
        impl = regid("*respin test")
        domain = regid("*OSTA UDF Compliant", disc.revision)
        pvd = struct.pack("<II", 1, 0) + dstring(self.name, 32) + struct.pack("<HHHHII", 1, 1, 2, 2, 1, 1)
        pvd += dstring("0123456789ABCDEF" + self.name, 128) + 2 * CHARSPEC + bytes(16) + bytes(32) + STAMP + impl
        disc.describe(1, first, pvd, "primary volume descriptor, " + which)
        use = CHARSPEC + dstring(self.name, 128) + 3 * dstring("", 36) + impl
        disc.describe(4, first + 1, struct.pack("<I", 2) + regid("*UDF LV Info", disc.revision) + use,
                      "implementation use volume descriptor, " + which)
        nsr = b"\2" + (b"+NSR03" if disc.revision >= 0x200 else b"+NSR02").ljust(31, b"\0")
        access = {"vat150": 2, "vat201": 2, "sparable": 3}.get(self.style, 1)
        pd = struct.pack("<IHH", 3, 1, 0) + nsr + bytes(128) + struct.pack("<III", access, PART_AT, blocks) + impl
        disc.describe(5, first + 2, pd, "partition descriptor, " + which)
        lvd = struct.pack("<I", 4) + CHARSPEC + dstring(self.name, 128) + struct.pack("<I", SECTOR) + domain
        lvd += long_ad(SECTOR, self.file_set, self.icb_part) + struct.pack("<II", len(maps), count) + impl + bytes(128)
        lvd += struct.pack("<II", 2 * SECTOR, 64) + maps
        disc.describe(6, first + 3, lvd, "logical volume descriptor, " + which, max(512, 16 + len(lvd)))
        disc.describe(7, first + 4, struct.pack("<II", 5, 0), "unallocated space descriptor, " + which)
        disc.describe(8, first + 5, b"", "terminating descriptor, " + which)

    def put_volume(self, blocks, meta=0, mirror=0, tables=()):
        disc = self.disc
        nsr = b"NSR03" if disc.revision >= 0x200 else b"NSR02"
        for i, ident in enumerate((b"BEA01", nsr, b"TEA01")):
            disc.put(16 + i, (b"\0" + ident + b"\1").ljust(SECTOR, b"\0"))
            disc.note(16 + i, "volume recognition " + ident.decode())
        maps, count = self.maps(meta, mirror, tables)
        self.put_sequence(32, "main", maps, count, blocks)
        self.put_sequence(48, "reserve", maps, count, blocks)
        lvid = STAMP + struct.pack("<III", 1, 0, 0) + struct.pack("<Q", disc.next_unique).ljust(32, b"\0")
        lvid += struct.pack("<II", count, 46) + count * struct.pack("<I", 0) + count * struct.pack("<I", blocks)
        lvid += regid("*respin test") + struct.pack("<IIHHH", len(self.files), 1, disc.revision, disc.revision, disc.revision)
        disc.describe(9, 64, lvid, "logical volume integrity descriptor")
        disc.describe(8, 65, b"", "terminating descriptor, integrity")
        return [256]

    def put_anchor(self, lba):
        where = struct.pack("<IIII", 16 * SECTOR, 32, 16 * SECTOR, 48)
        self.disc.describe(2, lba, where, "anchor at %d" % lba)


# What a disc may call its files: none of it may leave the directory that they are taken out to.
HOSTILE = [("..", b"dots", 5), (".", b"dot", 5), ("../../escaped", b"up", 5), ("/etc/absolute", b"absolute", 5),
           ("bell\a and \x1b[31mred\r\n", b"control", 5), ("twice", b"first", 5), ("twice", b"second", 5),
           ("Case", b"upper", 5), ("case", b"lower", 5), ("\xe9" * 250, b"long", 5),
           ("link", b"\2\0\0\0" + b"\5\5\0\0\x08etc\x2f"[:9], 12), ("out", b"\3\0\0\0\3\0\0\0", 12), ("", b"nameless", 5)]


def build(style, out, trees, hostile, mirrored):
    revision = {"plain": 0x102, "metadata": 0x250, "vat150": 0x150, "vat201": 0x201, "sparable": 0x201}[style]
    disc = Disc(revision)
    volume = Volume(style, disc, "TEST " + style.upper())
    extra = HOSTILE if hostile else ()
    if style.startswith("vat"):
        written = {}
        for tree in trees:
            volume.add_tree(tree, extra, written)
            for path in [p for p in written if not os.path.exists(os.path.join(tree, p))]:
                volume.vat[volume.icbs.pop(path)] = None  # deleted
                del written[path]
            volume.put_vat()
            print("generation %d %s" % (PART_AT + volume.last_vat, tree))
            if tree != trees[-1]:
                volume.data_blocks(600)  # the gap between sessions
        volume.put_volume(volume.free)
        volume.put_anchor(256)
        length = PART_AT + volume.free  # the VAT's ICB is the last sector
    elif style == "metadata":
        meta, mirror = volume.data_blocks(1), None
        volume.meta_blocks = [volume.data_blocks(PACKET) + i for i in range(PACKET)]
        volume.data_blocks(PACKET)
        volume.meta_blocks += [b for start in [volume.data_blocks(224)] for b in range(start, start + 224)]
        starts = volume.meta_blocks[0], volume.meta_blocks[PACKET]
        volume.meta_blocks = list(range(starts[0], starts[0] + PACKET)) + list(range(starts[1], starts[1] + 224))
        if mirrored:
            start = 2048  # far away: that is what it is for
            volume.mirror_blocks = list(range(start, start + 256))
        volume.add_tree(trees[0], extra)
        assert volume.meta_free <= 256 and volume.free < 2000, "the tree is too large"
        mirror = 2048 + 256
        volume.free = mirror + 1
        sizes = [(PACKET * SECTOR, starts[0]), (224 * SECTOR, starts[1])]
        for block, kind, extents, name in ((meta, 250, sizes, "metadata file"),
                                           (mirror, 251, [(256 * SECTOR, 2048)] if mirrored else sizes, "metadata mirror file")):
            ident, body = volume.entry(kind, 256 * SECTOR, 256, b"".join(struct.pack("<II", *e) for e in extents), 0)
            disc.put(PART_AT + block, disc.tag(ident, block, body))
            disc.note(PART_AT + block, "ICB of the " + name)
        volume.data_blocks(32)
        volume.put_volume(volume.free, meta, mirror)
        length = PART_AT + volume.free + 257
        for lba in (256, length - 257, length - 1):
            volume.put_anchor(lba)
    else:
        volume.add_tree(trees[0], extra)
        volume.free += -volume.free % PACKET
        end = PART_AT + volume.free
        tables = ()
        if style == "sparable":
            tables = (end, end + PACKET)
            spares = [end + (2 + i) * PACKET for i in range(SPARE_PACKETS)]
            # The first packet, and one in the middle of a file: moved, and what is left of them is worn out.
            moved = sorted({0, volume.free // 2 // PACKET * PACKET})
            pairs = b""
            for packet, spare in zip(moved, spares):
                for i in range(PACKET):
                    there = PART_AT + packet + i
                    if there in disc.sectors:
                        disc.sectors[spare + i] = disc.sectors[there]
                    disc.sectors[there] = b"worn out" * (SECTOR // 8)
                disc.notes = [(lba - PART_AT - packet + spare if PART_AT + packet <= lba < PART_AT + packet + PACKET
                               else lba, name) for lba, name in disc.notes]
                volume.files = split_files(volume.files, PART_AT + packet, spare)
                pairs += struct.pack("<II", packet, spare)
            for spare in spares[len(moved):]:
                pairs += struct.pack("<II", 0xffffffff, spare)
            for number, table in enumerate(tables):
                body = regid("*UDF Sparing Table", revision) + struct.pack("<HHI", len(pairs) // 8, 0, 1) + pairs
                disc.put(table, disc.tag(0, table, body))
                disc.note(table, "sparing table %d" % (number + 1))
            end = spares[-1] + PACKET
        volume.put_volume(volume.free, tables=tables)
        length = end + 257
        for lba in (256, length - 257, length - 1):
            volume.put_anchor(lba)
    disc.write(out, length)
    for lba, name in sorted(disc.notes):
        print("descriptor %d %s" % (lba, name))
    for lba, size, path in volume.files:
        print("file %d %d %s" % (lba, size, path))


def split_files(files, packet, spare):
    """The places of the files' bytes after a packet has moved."""
    out = []
    for lba, size, path in files:
        while size > 0:
            inside = packet <= lba < packet + PACKET
            until = packet + PACKET if inside else packet if lba < packet else lba + size
            n = min(size, (until - lba) * SECTOR)
            out.append((lba - packet + spare if inside else lba, n, path))
            lba, size = lba + -(-n // SECTOR), size - n
    return out


def main():
    words = [w for w in sys.argv[1:] if not w.startswith("--")]
    if len(words) < 3 or words[0] not in ("plain", "metadata", "vat150", "vat201", "sparable"):
        sys.exit(__doc__)
    build(words[0], words[1], words[2:], "--hostile" in sys.argv, "--no-mirror" not in sys.argv)


main()
