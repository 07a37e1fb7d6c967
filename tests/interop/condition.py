# SPDX-License-Identifier: LGPL-2.1-or-later
"""condition.py SCHEMA [NAME...]: "respin info --condition" on the simulator's scenarios, against their truth.

Every report fits the schema and takes less than 180 s of the drive's time; the share it names lies, with its own margin,
around what truly fails; sound, damaged and ruined discs come in that order; and what it foresees of a rescue's time holds
the rescues that are simulated here. Without names: all scenarios. Prints the table.
"""
import json
import os
import random
import re
import subprocess
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is missing")
    sys.exit(77)

RESPIN = os.environ["RESPIN"]
# 99 of a hundred intervals hold the truth: of 57 discs, more than two outside would be no accident (once in fifty).
OUTSIDE_MOST = 2
DRIVE_SECONDS_MOST = 180
# A whole simulated rescue of each takes a moment only; a slice of the kinds of damage.
RESCUED = ["bd-clean", "cd-clean", "dvd-field", "dvd-runs", "dvd-spiral", "cd-slow", "dvd-smudge", "bd-smudge"]

bad = []


def fail(words):
    print("FAILED:", words)
    bad.append(words)


def run(*arguments, statuses=(0, 1)):
    done = subprocess.run([RESPIN, *arguments], capture_output=True, text=True, check=False)
    if done.returncode not in statuses:
        fail(f"exit {done.returncode}: {' '.join(arguments)}: {done.stderr.strip()}")
        sys.exit(1)
    return done


def truth(name):
    """Shares of the disc that never read, that do not always, and that are not recorded: of "sim show"."""
    text = run("sim", "show", name, statuses=(0,)).stdout
    counts = {}
    for word in ("readable", "marginal", "dead", "not recorded"):
        match = re.search(rf"^{word} +([0-9 ]+) sectors", text, re.M)
        counts[word] = int(match[1].replace(" ", "")) if match else 0
    total = sum(counts.values())
    return {word: count / total for word, count in counts.items()}


def report(name, validator):
    done = run("info", "--condition", "--json", "sim:" + name)
    found = json.loads(done.stdout)
    for error in validator.iter_errors(found):
        fail(f"{name}: {error.message}")
    if done.stderr:
        fail(f"{name}: {done.stderr.strip()}")
    if (done.returncode == 0) != (found["grade"] in ("sound", "weak")):
        fail(f"{name}: {found['grade']}, and exit {done.returncode}")
    if found["drive_seconds"] >= DRIVE_SECONDS_MOST:
        fail(f"{name}: {found['drive_seconds']} s of the drive's time")
    if sum(ring["reads"] for ring in found["rings"]) != found["all"]["reads"]:
        fail(f"{name}: the rings do not add up")
    return found


def within(found, true):
    """Whether some truth between "dead" and "all that ever fails" lies in the interval."""
    never = true["dead"] + true["not recorded"]
    return found["absent_least"] <= never + true["marginal"] and found["absent_most"] >= never


def check_time(name, found):
    done = json.loads(run("sim", "run", "--json", name).stdout.splitlines()[0])
    for what, seconds in (("bulk", done["t90"]), ("whole", done["virtual_s"])):
        least, most = found[f"{what}_seconds_least"], found[f"{what}_seconds_most"]
        if seconds is None or not least <= seconds <= most:
            fail(f"{name}: {what} takes {seconds} s, and {least} to {most} was foreseen")
    print(f"{name:15} rescued in {done['virtual_s']:.0f} s, foreseen "
          f"{found['whole_seconds_least']:.0f} to {found['whole_seconds_most']:.0f}")


def main(schema_path, names):
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    listed = [line.split()[0] for line in run("sim", "list", statuses=(0,)).stdout.splitlines()]
    if len(listed) < 50:
        fail(f"only {len(listed)} scenarios")
    outside, reports, truths = [], {}, {}
    for name in names or listed:
        found, true = report(name, validator), truth(name)
        reports[name], truths[name] = found, true
        if not within(found, true):
            outside.append(name)
        never = true["dead"] + true["not recorded"]
        print(f"{name:15} {found['drive_seconds']:6.1f} s {found['all']['reads']:5} reads  {found['grade']:8}"
              f" {100 * found['absent']:6.2f} % [{100 * found['absent_least']:6.2f} {100 * found['absent_most']:6.2f}]"
              f"  truth {100 * never:6.2f} to {100 * (never + true['marginal']):6.2f}"
              f"{'  outside' if name in outside else ''}")
    print(f"{len(reports)} scenarios, outside of their margin: {len(outside)} {' '.join(outside)}")
    if len(outside) > OUTSIDE_MOST:
        fail(f"{len(outside)} outside")
    if names:
        return
    # Clean discs are sound, scratched ones are not, and the worse comes behind the better.
    for name, true in truths.items():
        if true["dead"] + true["marginal"] == 0 and reports[name]["grade"] != "sound":
            fail(f"{name} is whole, and called {reports[name]['grade']}")
        if true["dead"] > 0.02 and true["not recorded"] == 0 and name != "dvd-protected" and \
                reports[name]["grade"] in ("sound", "weak"):
            fail(f"{name} is damaged, and called {reports[name]['grade']}")
    order = ["dvd-field", "dvd-radial", "dvd-diagonal"]
    shares = [reports[name]["share"] for name in order]
    if shares != sorted(set(shares)):
        fail(f"{order} have {shares}")
    if reports["dvd-protected"]["all"]["locked"] == 0 or reports["dvd-protected"]["grade"] != "sound":
        fail("a locked region is no damage")
    for name in random.Random(int(os.environ.get("RESPIN_SEED", "5"))).sample(RESCUED, 4) \
            if not os.environ.get("RESPIN_LONG") else RESCUED:
        check_time(name, reports[name])


main(sys.argv[1], sys.argv[2:])
sys.exit(1 if bad else 0)
