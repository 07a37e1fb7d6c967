# SPDX-License-Identifier: LGPL-2.1-or-later
"""schema.py [--faulty] SCHEMA FILE...: is every line of the files what the JSON Schema allows?

Prints how many lines of each event were looked at. The first line that is refused ends it with 1, its place and the
reason on standard output; with --faulty it is the first that is allowed. What the fields must mean together is lines.c's.
"""
import collections
import json
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is missing")
    sys.exit(77)


def refuse_twins(pairs):
    """Python keeps the last of two fields of one name in silence; no reader should have to choose."""
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError("a field stands twice")
    return dict(pairs)


def refusal(validator, text):
    """The line, and why it is refused, or None."""
    try:
        line = json.loads(text, object_pairs_hook=refuse_twins)
    except ValueError as broken:
        return None, str(broken)
    error = jsonschema.exceptions.best_match(validator.iter_errors(line))
    return line, error.message if error else None


def main(faulty, schema_path, paths):
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    seen = collections.Counter()
    for path in paths:
        with open(path, encoding="utf-8", newline="\n") as file:
            for number, text in enumerate(file, 1):
                line, reason = refusal(validator, text)
                if faulty != (reason is not None):
                    print(f"{path}:{number}: {reason or 'allowed: ' + text}")
                    return 1
                seen["faulty" if faulty else line["event"]] += 1
    print(" ".join(f"{event} {count}" for event, count in sorted(seen.items())))
    return 0


words = sys.argv[1:]
wants_faults = words[0] == "--faulty"
sys.exit(main(wants_faults, words[wants_faults], words[wants_faults + 1 :]))
