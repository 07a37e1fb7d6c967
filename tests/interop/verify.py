# SPDX-License-Identifier: LGPL-2.1-or-later
"""verify.py SCHEMA IMAGE JSON DFXML: are the two exports of "respin verify" true?

The JSON fits its schema; the bytes at the runs it names, put together, have the hash it names; a file has a hash if and
only if all of its runs are there; DFXML says the same of every file. Prints how many files were put together.

verify.py --twisted OUT: writes an ISO 9660 disc with a file of three extents that lie backwards, one that shares them, and
one that overlaps. --crowded OUT: one whose files lie over each other and claim fifty times its size.
"""
import hashlib
import json
import struct
import sys
import xml.etree.ElementTree as ElementTree

SPACE = {"d": "http://www.forensicswiki.org/wiki/Category:Digital_Forensics_XML", "r": "urn:respin:dfxml:1"}
STATUS = "{urn:respin:dfxml:1}status"
SECTOR = 2048


def refuse(words):
    print("FAILED:", words)
    sys.exit(1)


def put_together(image, runs):
    data = b""
    for run in runs:
        if run["file"] != len(data):
            refuse(f"a run at {run['file']} follows {len(data)} bytes")
        if run["image"] is None:
            data += bytes(run["bytes"])
        else:
            image.seek(run["image"])
            data += image.read(run["bytes"])
    return data


def check_file(image, file):
    if file["kind"] != "file":
        return 0
    whole = all(run["status"] == "+" for run in file["runs"])
    missing = sum(run["bytes"] for run in file["runs"] if run["status"] != "+")
    if missing != file["missing_bytes"]:
        refuse(f"{file['path']}: {missing} bytes of its runs are missing, not {file['missing_bytes']}")
    if whole != (file["hashes"] is not None):
        refuse(f"{file['path']}: {'no hash of a whole file' if whole else 'a hash of a file with holes'}")
    if not whole:
        return 0
    data = put_together(image, file["runs"])
    if len(data) != file["bytes"]:
        refuse(f"{file['path']}: runs of {len(data)} bytes, and a size of {file['bytes']}")
    for name, value in file["hashes"].items():
        if hashlib.new(name, data).hexdigest() != value:
            refuse(f"{file['path']}: another {name}")
    return 1


def same_in_dfxml(dfxml, files):
    objects = dfxml.findall("d:volume/d:fileobject", SPACE)
    if len(objects) != len(files):
        refuse(f"{len(objects)} fileobjects, {len(files)} files")
    for element, file in zip(objects, files):
        kind = {"file": "r", "directory": "d", "symlink": "l", "other": "-"}[file["kind"]]
        if element.findtext("d:name_type", None, SPACE) != kind or element.findtext("r:state", None, SPACE) != file["state"]:
            refuse(f"{file['path']}: another kind or state in DFXML")
        exact = element.findtext("r:filename_hex", None, SPACE)
        name = bytes.fromhex(exact).decode() if exact else element.findtext("d:filename", None, SPACE)
        if name != file["path"]:
            refuse(f"{file['path']!r}: called {name!r} in DFXML")
        if element.findtext("d:alloc", None, SPACE) != "1":
            refuse(f"{file['path']}: not allocated")
        hashes = {digest.get("type"): digest.text for digest in element.findall("d:hashdigest", SPACE)}
        if hashes != (file.get("hashes") or {}):
            refuse(f"{file['path']}: other hashes in DFXML")
        runs = []
        for run in element.findall("d:byte_runs/d:byte_run", SPACE):
            place = run.get("img_offset")
            runs.append({"file": int(run.get("file_offset")), "image": None if place is None else int(place),
                         "bytes": int(run.get("len")), "status": run.get(STATUS)})
        if runs != [{key: run[key] for key in ("file", "image", "bytes", "status")} for run in file.get("runs", [])]:
            refuse(f"{file['path']}: other runs in DFXML")


def judge(schema_path, image_path, json_path, dfxml_path):
    try:
        import jsonschema
    except ImportError:
        print("skipped: python3-jsonschema is missing")
        sys.exit(77)
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    with open(json_path, encoding="utf-8") as file:
        found = json.load(file)
    for error in jsonschema.Draft202012Validator(schema).iter_errors(found):
        refuse(f"{json_path}: {error.message}")
    with open(image_path, "rb") as image:
        for name, value in found["image"]["hashes"].items():
            image.seek(0)
            if hashlib.new(name, image.read()).hexdigest() != value:
                refuse(f"the image has another {name}")
        whole = sum(check_file(image, file) for file in found["files"])
    dfxml = ElementTree.parse(dfxml_path).getroot()
    if dfxml.get("version") != "1.2.0" or dfxml.tag != f"{{{SPACE['d']}}}dfxml":
        refuse("this is no DFXML 1.2.0")
    same_in_dfxml(dfxml, found["files"])
    runs = dfxml.findall("r:provenance/r:run", SPACE)
    notes = dfxml.findall("r:provenance/r:note", SPACE)
    known = found["provenance"] or {"runs": [], "notes": []}
    if [note.text for note in notes] != [note["text"] for note in known["notes"]] or len(runs) != len(known["runs"]):
        refuse("DFXML has another provenance")
    for run, other in zip(runs, known["runs"]):
        if run.findtext("r:firmware", None, SPACE) != other["firmware"] or \
                run.findtext("r:command_line", None, SPACE) != other["command_line"]:
            refuse("DFXML has another run")
    print(f"{image_path}: {whole} of {len(found['files'])} put together, {len(runs)} runs, {len(notes)} notes")


def both32(number):
    return struct.pack("<I", number) + struct.pack(">I", number)


def record(name, lba, size, flags):  # ECMA-119 9.1
    data = b"\0" + both32(lba) + both32(size) + bytes([106, 7, 8, 9, 10, 11, 0, flags, 0, 0, 1, 0, 0, 1, len(name)]) + name
    data += bytes((1 + len(data)) % 2)
    return bytes([1 + len(data)]) + data


def write_disc(path, listing, count):
    root = record(b"\0", 20, SECTOR, 2)
    listing = root + record(b"\1", 20, SECTOR, 2) + listing
    volume = bytearray(SECTOR)  # 8.4
    volume[:8] = b"\1CD001\1\0"
    volume[8:72] = b"TEST".ljust(32) + b"TWISTED".ljust(32)
    volume[80:88] = both32(count)
    volume[120:132] = b"\1\0\0\1\1\0\0\1\0\x08\x08\0"
    volume[132:140] = both32(10)
    volume[140:144], volume[148:152] = struct.pack("<I", 18), struct.pack(">I", 19)
    volume[156:156 + len(root)] = root
    volume[190:813] = b" " * 623
    volume[813:881] = b"2006070809101100\0" + 3 * (b"0" * 16 + b"\0")
    volume[881] = 1
    sectors = {16: bytes(volume), 17: b"\xffCD001\1", 18: b"\1\0" + struct.pack("<IH", 20, 1) + b"\0\0",
               19: b"\1\0" + struct.pack(">IH", 20, 1) + b"\0\0", 20: listing}
    with open(path, "wb") as out:
        for lba in range(count):
            out.write(sectors.get(lba, hashlib.sha256(b"%d" % lba).digest() * 64).ljust(SECTOR, b"\0"))


def write_twisted(path):
    listing = b""
    for name in (b"BACK.BIN;1", b"TWIN.BIN;1"):
        listing += record(name, 900, 200 * SECTOR, 0x80) + record(name, 500, 300 * SECTOR, 0x80) + record(name, 40, 777, 0)
    listing += record(b"LATE.BIN;1", 850, 60 * SECTOR, 0)  # overlaps the first extent
    write_disc(path, listing, 1200)


def write_crowded(path):
    listing = b"".join(record(b"F%02d.;1" % i, 40, 4000 * SECTOR - i, 0) for i in range(49))
    write_disc(path, listing, 4100)


if sys.argv[1] == "--twisted":
    write_twisted(sys.argv[2])
elif sys.argv[1] == "--crowded":
    write_crowded(sys.argv[2])
else:
    judge(*sys.argv[1:])
