# SPDX-License-Identifier: LGPL-2.1-or-later
"""respin files on the UDF discs of udf_write.py, whole and hurt: each descriptor lost in turn, files hit to the byte,
metadata from the mirror, the VAT before the last one, the second sparing table, names that want to get out. What must be
listed follows from where the writer says that everything lies. Judges no other file system."""
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
RESPIN = os.environ["RESPIN"]
RUNS = os.environ["FILES_RUNS"]
SECTOR = 2048
LINE = re.compile(r"^(whole|hit|untouched|unknown) +(?:\?|[\d.]+ \w+)  (.*?)((?:  \([^)]*\))*)$")
failures = 0
looked = 0


def claim(what, condition, more=""):
    global failures
    if not condition:
        failures += 1
        print("FAIL", what, more)


def write_map(path, sectors, bad):
    """`bad` are sectors; all else is finished."""
    lines, at = ["0x0 + 1"], 0
    for lba in sorted(bad) + [sectors]:
        if lba > at:
            lines.append("%#x %#x +" % (at * SECTOR, (lba - at) * SECTOR))
        if lba < sectors:
            lines.append("%#x %#x -" % (lba * SECTOR, SECTOR))
        at = lba + 1
    with open(path, "w") as out:
        out.write("\n".join(lines) + "\n")


def files(image, *options, bad=()):
    """(exit status, {path: state}, all lines)"""
    global looked
    looked += 1
    write_map("map", os.path.getsize(image) // SECTOR, bad)
    done = subprocess.run([RESPIN, "files", image, "map", *options], capture_output=True, env=dict(os.environ, LC_ALL="C.UTF-8"))
    lines = done.stdout.decode().splitlines()
    claim("%s without %s: no crash" % (image, list(bad)[:3]), done.returncode in (0, 1, 2), done.stderr.decode()[-500:])
    states = {}
    for line in lines:
        found = LINE.match(line)
        if found:
            states[found.group(2)] = found.group(1)
    return done.returncode, states, lines


def make_trees():
    os.makedirs("one/dir/deep")
    os.makedirs("one/many")
    def put(path, data):
        with open("one/" + path, "wb") as file:
            file.write(data)
    def noise(count, seed):
        return b"".join(((i * 2654435761 + seed) & 0xffffffff).to_bytes(4, "little") for i in range(count // 4 + 1))[:count]
    put("small", b"hello")
    put("empty", b"")
    put("dir/large.bin", noise(150000, 1))
    put("in three.pieces", noise(60001, 2))
    put("dir/with a.hole", noise(4096, 5) + bytes(1 << 20) + noise(4096, 6))
    put("dir/deep/gr\xfc\xdfe.txt", b"gr\xc3\xbc\xc3\x9fe")
    put("dir/\u263a.txt", noise(4000, 3))
    for i in range(24):
        put("many/a name of a file that is so long that the directory needs more than one sector for them all, number %d of the twenty-four" % i, b"%d" % i)
    subprocess.run(["cp", "-r", "one", "two"], check=True)
    with open("two/new", "wb") as file:
        file.write(noise(5000, 4))
    os.remove("two/small")


def paths_of(tree):
    return {os.path.relpath(os.path.join(here, name), tree) for here, _, names in os.walk(tree) for name in names}


class Disc:
    def __init__(self, style, *trees, options=()):
        self.image = style + ".".join(options) + ".udf"
        said = subprocess.run([sys.executable, HERE + "/udf_write.py", style, self.image, *trees, *options], check=True, capture_output=True)
        self.descriptors, self.files, self.generations = [], {}, []
        for line in said.stdout.decode().splitlines():
            what, lba, rest = line.split(" ", 2)
            if what == "descriptor":
                self.descriptors.append((int(lba), rest))
            elif what == "generation":
                self.generations.append(int(lba))
            else:
                size, path = rest.split(" ", 1)
                self.files.setdefault(path, []).append((int(lba), int(size)))
        self.tree = trees[-1]
        self.paths = paths_of(self.tree)
        self.last = {}
        for lba, name in self.descriptors:
            self.last[name] = max(lba, self.last.get(name, 0))

    def named(self, name):
        return [lba for lba, known in self.descriptors if known == name]


def extract(image, into, bad=(), options=()):
    write_map("map", os.path.getsize(image) // SECTOR, bad)
    return subprocess.run([RESPIN, "files", image, "map", *options, "--extract", into], capture_output=True)


def check_whole(disc, style, revision):
    status, states, lines = files(disc.image)
    claim(style + ": all whole", status == 0 and states == dict.fromkeys(disc.paths, "whole"), str(lines[-5:]))
    claim(style + ": the revision", any(line.startswith('UDF %s "TEST %s"' % (revision, style.upper())) for line in lines))
    extract(disc.image, "out-" + style)
    same = subprocess.run(["diff", "-r", disc.tree, "out-" + style], capture_output=True)
    claim(style + ": contents", same.returncode == 0, same.stdout.decode()[:300])
    hole = os.stat("out-" + style + "/dir/with a.hole")
    claim(style + ": a hole stays one", hole.st_blocks * 512 < hole.st_size / 2, str(hole))


def below(path, directory):
    return directory == "the root" or path.startswith(directory + "/")


def check_descriptors(disc, style):
    """Each is lost in turn."""
    everything = dict.fromkeys(disc.paths, "whole")
    alike = [lba for lba, name in disc.descriptors if "ICB of many/" in name]
    for lba, name in disc.descriptors:
        if lba in alike and alike.index(lba) % 6:
            continue
        status, states, lines = files(disc.image, bad=[lba])
        what = "%s without %s at %d" % (style, name, lba)
        gone = name.startswith("ICB of ") and name[7:] in paths_of("one") - disc.paths
        about = re.sub(", sector .*", "", name.split(" ", 2)[2]) if name.startswith(("ICB of ", "names in ")) else None
        if style == "metadata" or lba != disc.last[name] or gone:
            claim(what, states == everything and status == 0, str((status, lines[-4:])))
        elif name in ("VAT", "VAT ICB"):
            older = dict.fromkeys(paths_of("one"), "whole")
            claim(what + ": as it was before", states == older and status == 1, str((status, lines[-4:])))
            claim(what + ": it is said", any("how the disc was before" in line for line in lines))
        elif name.startswith("allocation extent of "):
            hit = name[len("allocation extent of "):]
            claim(what, states == dict(everything, **{hit: "hit"}) and status == 1, str((status, lines[-4:])))
        elif about in disc.paths:
            claim(what, states == dict(everything, **{about: "unknown"}) and status == 1, str((status, lines[-4:])))
        elif about:
            # Their names are gone, but not their bytes.
            claim(what + ": nothing else is lost", list(states.values()).count("whole") == len(disc.paths), str(states))
            reachable = {path for path in disc.paths if not below(path, about)}
            named = {path for path, state in states.items() if state == "whole"}
            claim(what + ": what does not hang below it", reachable <= named and status == 1, str(reachable - named))
            claim(what + ": it is said", any("not complete" in line for line in lines))
        else:
            claim(what, states == everything and status == 0, str((status, lines[-4:])))


def check_aimed(disc, style):
    """One bad sector in each file in turn: that file, those bytes, and no other."""
    for path, extents in disc.files.items():
        if path not in disc.paths:
            continue
        total = sum(size for _, size in extents)
        with open(os.path.join(disc.tree, path), "rb") as file:
            if total != len(file.read()):
                continue  # of an earlier generation
        at = 0
        for lba, size in extents:
            middle = (size - 1) // SECTOR // 2
            begin = at + middle * SECTOR
            length = min(SECTOR, size - middle * SECTOR)
            status, states, lines = files(disc.image, "--missing", bad=[lba + middle])
            claim("%s: %s alone is hit" % (style, path), states == {path: "hit"} and status == 1, str(states))
            claim("%s: %s to the byte" % (style, path), any(line.strip() == "-  %d bytes at %d" % (length, begin) for line in lines),
                  "%d at %d; %s" % (length, begin, lines[:3]))
            at += size


def check_runs(image, bad):
    write_map("map", os.path.getsize(image) // SECTOR, bad)
    done = subprocess.run([RUNS, image, "map"], capture_output=True)
    claim(image + ": pieces of files", done.returncode == 0, done.stderr.decode()[-500:])


def check_hostile(disc):
    os.makedirs("cage/in")
    extract(disc.image, "cage/in")
    got = set()
    for here, dirs, names in os.walk("cage"):
        claim("nothing above the directory", here != "cage" or not names)
        for name in names:
            full = os.path.join(here, name)
            claim("no link", not os.path.islink(full), full)
            claim("no control character", all(ord(c) >= 32 for c in name), repr(name))
            with open(full, "rb") as file:
                got.add(file.read())
    claim("a name with a slash is one name", os.path.exists("cage/in/.._.._escaped"))
    claim("nothing beside it", os.listdir("cage") == ["in"] and not os.path.exists("escaped"))
    for data in (b"dots", b"dot", b"up", b"absolute", b"control", b"first", b"second", b"upper", b"lower", b"long", b"nameless"):
        claim("hostile names lose no file: " + data.decode(), data in got)
    _, _, lines = files(disc.image)
    claim("nothing reaches the terminal", all(ord(c) >= 32 for line in lines for c in line))


def main():
    work = tempfile.TemporaryDirectory(prefix="respin-udf.")
    os.chdir(work.name)
    os.environ["LC_ALL"] = "C.UTF-8"
    make_trees()
    for style, revision, trees in (("plain", "1.02", ["one"]), ("metadata", "2.50", ["one"]), ("sparable", "2.01", ["one"]),
                                   ("vat150", "1.50", ["one", "two"]), ("vat201", "2.01", ["one", "two"])):
        disc = Disc(style, *trees)
        check_whole(disc, style, revision)
        check_descriptors(disc, style)
        check_aimed(disc, style)
        data = [lba for extents in disc.files.values() for lba, _ in extents]
        check_runs(disc.image, data[::2])
        check_runs(disc.image, range(300, 400, 3))
        if style == "metadata":
            # Both copies of the metadata: what hangs below is gone, and it is said.
            both = disc.named("ICB of dir") + disc.named("ICB of dir (mirror)")
            status, states, lines = files(disc.image, bad=both)
            claim("metadata: both copies of dir", status == 1 and {p for p in disc.paths if not p.startswith("dir/")} <= set(states)
                  and "dir/large.bin" not in states and list(states.values()).count("whole") == len(disc.paths), str(lines[-3:]))
            claim("metadata: the whole metadata file, and its ICB", files(disc.image, bad=disc.named("ICB of the metadata file") +
                  [lba for lba, name in disc.descriptors if lba < 1500 and lba > 288])[1] == dict.fromkeys(disc.paths, "whole"))
            check_whole(Disc(style, *trees, options=["--no-mirror"]), style, revision)
        if style == "sparable":
            tables = disc.named("sparing table 1") + disc.named("sparing table 2")
            status, states, lines = files(disc.image, bad=tables)
            claim("sparable: without any table", status == 1 and any("moved cannot be read" in line for line in lines), str(lines[-3:]))
            extract(disc.image, "second", bad=tables[:1])
            claim("sparable: by the second table", subprocess.run(["diff", "-r", disc.tree, "second"]).returncode == 0)
        if disc.generations:
            said = [line.split()[0] for line in files(disc.image, "--sessions")[2][:-1]]
            claim(style + ": the generations are listed", said == [str(lba) for lba in disc.generations], str(said))
            status, states, _ = files(disc.image, "--session", str(disc.generations[0]))
            claim(style + ": the first generation", status == 0 and states == dict.fromkeys(paths_of("one"), "whole"), str(states))
            extract(disc.image, "before-" + style, options=["--session", str(disc.generations[0])])
            claim(style + ": its contents", subprocess.run(["diff", "-r", "one", "before-" + style]).returncode == 0)
    check_hostile(Disc("plain", "one", options=["--hostile"]))
    print("udf: %d looks at discs" % looked)
    sys.exit(failures != 0)


main()
