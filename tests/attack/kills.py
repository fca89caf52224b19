#!/usr/bin/env python3
"""Kills korabo at random times and fills its disk, and looks whether the next command heals everything.

    tests/attack/kills.py --binary target/release/korabo --kills 1000 --disks 100

Each kill picks one of: a first run, a first ingest, a run or an ingest with new extracts, a full refresh, upkeep, a backup, a
restore, a withdrawal of persons. The command is killed at a random moment between its start and the time it takes undisturbed; in one case of four
the command after it is killed, too. Then the next command must end with 0, and every table must have the rows it has where
nothing was ever killed: sorted, hashed, only times and the history of runs apart. Each disk is a tmpfs of another size
under the lake, the backup or the restored project: the command must end with 0 or 9, and once there is room, the next must
heal in the same way. A tmpfs needs root or user namespaces (`unshare -rm`).

Standard library only. The same --seed kills at the same moments, as far as the machine is as quick. Ends with 1 when
anything was not healed; the folder is then kept.
"""

import argparse
import csv
import hashlib
import io
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = {
    "korabo.toml": """[project]
name = "attacked"

[extracts]
path = "extracts"

[sources.visits]
files = ["visits_*.csv"]
max_reject_share = 0.5
""",
    "schemas/visits.toml": """description = "Visits"
description_ja = "受診"
grain = "One row per person and day."
holder = "insurer"
key = ["person_key", "visited_on"]

[columns.person_key]
name_ja = "個人キー"
description = "Pseudonym"
type = "token"
privacy = "pseudonym"

[columns.visited_on]
name_ja = "日"
description = "Day"
type = "date"
privacy = "sensitive"

[columns.pressure]
name_ja = "血圧"
description = "Blood pressure"
type = "f64"
nullable = true
min = 50.0
max = 300.0
privacy = "sensitive"
""",
    "queries/clean_visits.sql": """-- One row per visit.
-- key: person_key, visited_on
-- test(warn): no_rows select * from clean_visits where pressure > 199
select person_key, visited_on, round(pressure) as pressure
from visits
""",
    "queries/link_person_ids.sql": """-- One row per person.
-- identity: person_key -> person_id
-- key: person_key
select distinct person_key
from clean_visits
""",
    "queries/panel_visits.sql": """-- One row per visit.
-- key: person_id, visited_on
-- partition_by: fiscal_year
select person_id, visited_on, pressure, fiscal_year(visited_on) as fiscal_year
from clean_visits
join link_person_ids using (person_key)
""",
    "queries/summary_visits.sql": """-- One row per year.
-- key: fiscal_year
-- sensitivity: aggregate
-- test: not_null n
select fiscal_year, count(*) as n, sum(pressure) as pressures
from panel_visits
group by fiscal_year
""",
}
MADE = ["clean_visits", "link_person_ids", "panel_visits", "summary_visits"]
STATEMENTS = {
    "visits": "select * from visits",
    "rejects_visits": "select * from rejects_visits",
    "deliveries": "select delivery_id, table_name, file, mode, sha256, size_bytes, n_rows_in, n_accepted, n_rejected, "
    "n_removed from deliveries",
    **{table: f"select * from {table}" for table in MADE},
    # Of tests, what was found for each table at last. How many rows were tested depends on which are new, in a table of numbers.
    "test_results": "select distinct table_name, test, status, n_rows_found from test_results t "
    "where run_id = (select max(run_id) from test_results u where u.table_name = t.table_name)",
}


def write_extract(folder, name, persons, days):
    """A file of visits; every 50th row is rejected."""
    rows = io.StringIO()
    out = csv.writer(rows)
    out.writerow(["person_key", "visited_on", "pressure"])
    n = 0
    for person in persons:
        token = hashlib.sha256(str(person).encode()).hexdigest()
        for day in days:
            n += 1
            pressure = 999 if n % 50 == 0 else 100 + (person * 7 + day) % 101
            out.writerow([token, f"20{20 + day % 4:02}-{1 + day % 12:02}-{1 + day % 28:02}", pressure])
    (folder / "extracts").mkdir(exist_ok=True)
    (folder / "extracts" / name).write_text(rows.getvalue())


def write_project(folder):
    for name, text in PROJECT.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for n in range(3):
        write_extract(folder, f"visits_{n}.csv", range(n * 40, n * 40 + 40), range(12))


def deliver_more(folder):
    for n in range(3, 5):
        write_extract(folder, f"visits_{n}.csv", range(n * 40 - 20, n * 40 + 20), range(12, 20))


class Attack:
    def __init__(self, binary, folder, seed):
        self.binary = binary
        self.root = folder
        self.random = random.Random(seed)
        self.n_kills = 0
        self.n_in_time = 0
        self.n_full = 0
        self.failures = []
        self.durations = {}
        first = self.root / "first"
        write_project(first)
        self.empty = self.copy(first, "empty")
        self.korabo(first, "run")
        self.first = first
        # With the new extracts, nothing of them ingested; and with everything ingested.
        self.more = self.copy(first, "more")
        deliver_more(self.more)
        self.whole = self.copy(self.more, "whole")
        self.korabo(self.whole, "run")
        self.backup = self.root / "backup"
        self.korabo(self.whole, "backup", str(self.backup))
        self.contents = {"first": self.tables(first), "whole": self.tables(self.whole)}
        # Persons of the first extracts, of the later ones, and of both.
        self.gone = [hashlib.sha256(str(person).encode()).hexdigest() for person in (3, 50, 110, 170)]
        self.tokens = self.root / "tokens"
        self.tokens.write_text("\n".join(self.gone))
        forgotten = self.copy(self.whole, "forgotten")
        self.korabo(forgotten, *self.full(["forget"], 0))
        self.korabo(forgotten, "run")
        self.contents["forgotten"] = self.tables(forgotten)

    def copy(self, project, name):
        target = self.root / name
        shutil.copytree(project, target, symlinks=True)
        return target

    def command(self, project, *arguments):
        return [self.binary, "--project", str(project), "--memory-limit", "400M", *arguments]

    def korabo(self, project, *arguments):
        ended = self.ended(project, *arguments)
        if ended.returncode != 0:
            raise Unhealed(f"`{' '.join(arguments)}` ends with {ended.returncode}:\n{ended.stderr}")
        return ended

    def ended(self, project, *arguments):
        if arguments[0] == "restore":
            command = [self.binary, *arguments]
        else:
            command = self.command(project, *arguments)
        return subprocess.run(command, capture_output=True, text=True, cwd=self.root)

    def tables(self, project):
        """A hash of the sorted rows of every table."""
        found = {}
        for table, statement in STATEMENTS.items():
            asked = self.korabo(project, "sql", "--format", "csv", "-c", statement)
            header, *rows = asked.stdout.splitlines()
            text = "\n".join([header, *sorted(rows)])
            found[table] = (len(rows), hashlib.sha256(text.encode()).hexdigest())
        return found

    def compare(self, project, state):
        found, expected = self.tables(project), self.contents[state]
        for table, (n_rows, digest) in expected.items():
            if found[table] != (n_rows, digest):
                raise Unhealed(f"`{table}` has {found[table][0]} rows that are not the {n_rows} of `{state}`")
        if state == "forgotten":
            self.find_gone(project)
        leftovers = [path for path in (project / "lake").rglob("*") if "#" in path.name]
        if leftovers:
            raise Unhealed(f"{len(leftovers)} unfinished files stay, first {leftovers[0]}")

    def find_gone(self, project):
        """Withdrawn persons are in no log and no table, also as the first or last of a file's values."""
        starts = [token[:32].encode() for token in self.gone]
        for path in (project / "lake").rglob("*"):
            if path.is_file() and any(start in path.read_bytes() for start in starts):
                raise Unhealed(f"a withdrawn person is in {path}")

    def kill(self, project, *arguments):
        """Starts a command and kills it at a random moment."""
        key = arguments[:2]
        longest = self.durations.get(key, 2.0)
        if arguments[0] == "restore":
            command = [self.binary, *arguments]
        else:
            command = self.command(project, *arguments)
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.root)
        try:
            process.wait(self.random.uniform(0.0, longest))
            took = time.monotonic() - started
            self.durations[key] = took * 1.05 if key not in self.durations else (longest + took) / 2
            self.n_in_time += 1
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.n_kills += 1
            # The machine is slower than it was.
            self.durations[key] = longest * 1.002

    # Each: the state it begins with, the commands to kill, the commands that heal, the state to arrive at.
    SCENARIOS = {
        "first run": ("empty", ["run"], ["run"], "first"),
        "first ingest": ("empty", ["ingest"], ["ingest", "run"], "first"),
        "run": ("more", ["run"], ["run"], "whole"),
        "ingest": ("more", ["ingest"], ["ingest", "run"], "whole"),
        "full refresh": ("whole", ["run", "--full-refresh"], ["run"], "whole"),
        "maintain": ("whole", ["maintain", "--keep-days", "0"], ["maintain", "--keep-days", "0"], "whole"),
        "backup": ("whole", ["backup"], ["backup"], "whole"),
        "restore": ("whole", ["restore"], ["restore"], "whole"),
        "forget": ("whole", ["forget"], ["forget", "run"], "forgotten"),
    }

    def scenario(self, number):
        name = list(self.SCENARIOS)[number % len(self.SCENARIOS)]
        start, attacked, healing, end = self.SCENARIOS[name]
        project = self.copy(getattr(self, start), f"attack-{number}")
        try:
            for _ in range(1 if self.random.random() < 0.75 else 2):
                self.kill(project, *self.full(attacked, number))
            self.heal(project, healing, number)
            self.compare(self.healed(project, attacked, number), end)
        except Unhealed as error:
            self.failures.append(f"kill {number}, {name}: {error}")
            return
        for folder in (project, self.saved(number), self.restored(number)):
            shutil.rmtree(folder, ignore_errors=True)

    def saved(self, number):
        return self.root / f"saved-{number}"

    def restored(self, number):
        return self.root / f"restored-{number}"

    def full(self, command, number):
        """The command with its folders."""
        if command[0] == "backup":
            return [*command, str(self.saved(number))]
        if command[0] == "restore":
            return ["restore", str(self.backup), str(self.restored(number))]
        if command[0] == "forget":
            return ["forget", "--tokens", str(self.tokens), "--yes"]
        return command

    def heal(self, project, healing, number):
        commands = [healing] if healing[0] in ("maintain", "backup", "restore", "run") else [[c] for c in healing]
        for command in commands:
            if command == ["restore"] and (self.restored(number) / "korabo.toml").exists() and not (
                self.restored(number) / ".korabo-restore"
            ).exists():
                # It had come to its end: a second one refuses a folder that is full.
                continue
            self.korabo(project, *self.full(command, number))

    def healed(self, project, attacked, number):
        """The project to compare: a backup is worth what comes back of it."""
        if attacked == ["backup"]:
            self.korabo(project, "backup", str(self.saved(number)), "--verify")
            self.korabo(project, "restore", str(self.saved(number)), str(self.restored(number)))
            return self.restored(number)
        return self.restored(number) if attacked == ["restore"] else project

    def disk(self, number, of):
        """A full disk under the lake, the backup or the restored project."""
        kinds = ["first run", "run", "full refresh", "maintain", "backup", "restore", "forget"]
        name = kinds[number % len(kinds)]
        start, attacked, healing, end = self.SCENARIOS[name]
        project = self.copy(getattr(self, start), f"disk-{number}")
        folder = {"backup": self.saved(number), "restore": self.restored(number)}.get(name, project / "lake")
        used, needed = kilobytes(project / "lake"), 40 + 2 * kilobytes(self.whole / "lake")
        if name in ("backup", "restore"):
            used = 0
        step = (number // len(kinds)) / max(1, of // len(kinds))
        size = used + 8 + int(step * max(8, needed - used))
        content = self.root / f"content-{number}"
        if folder.exists():
            folder.rename(content)
        folder.mkdir()
        mount("-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(folder))
        try:
            if content.exists():
                shutil.copytree(content, folder, dirs_exist_ok=True)
            ended = self.ended(project, *self.full(attacked, number))
            if ended.returncode not in (0, 9):
                raise Unhealed(f"a disk of {size} kB ends with {ended.returncode}:\n{ended.stderr}")
            self.n_full += ended.returncode == 9
            mount("-o", "remount,size=500m", str(folder))
            self.heal(project, healing, number)
            self.compare(self.healed(project, attacked, number), end)
        except (Unhealed, OSError, shutil.Error) as error:
            self.failures.append(f"disk {number}, {name}, {size} kB: {error}")
        finally:
            subprocess.run(["umount", str(folder)], check=False)
        for path in (project, content, self.saved(number), self.restored(number)):
            shutil.rmtree(path, ignore_errors=True)


class Unhealed(Exception):
    """A command that does not heal, or a table that is not what it is where nothing was killed."""


def kilobytes(folder):
    """Size as a tmpfs counts it, in pages."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    folders = sum(1 for path in folder.rglob("*") if path.is_dir())
    return sum((size + 4095) // 4096 * 4 for size in sizes) + 4 * folders


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


def can_mount():
    with tempfile.TemporaryDirectory() as folder:
        try:
            mount("-t", "tmpfs", "-o", "size=8k", "tmpfs", folder)
        except (OSError, subprocess.CalledProcessError):
            return False
        subprocess.run(["umount", folder], check=False)
        return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default="target/release/korabo")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--disks", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", help="where to work [default: a temporary folder]")
    parser.add_argument("--seconds", type=float, help="begin nothing new after so many seconds")
    args = parser.parse_args()
    if args.disks and not can_mount() and "KORABO_UNSHARED" not in os.environ:
        environment = {**os.environ, "KORABO_UNSHARED": "1"}
        again = subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True)
        if again.returncode == 0:
            os.execvpe("unshare", ["unshare", "-rm", sys.executable, *sys.argv], environment)
    if args.disks and not can_mount():
        print("skipped: no tmpfs can be mounted here, so no disk is filled", flush=True)
        args.disks = 0
    folder = Path(tempfile.mkdtemp(prefix="korabo-kills-", dir=args.folder))
    started = time.monotonic()
    attack = Attack(str(Path(args.binary).resolve()), folder, args.seed)
    number = 0
    is_late = lambda: args.seconds is not None and time.monotonic() - started > args.seconds  # noqa: E731
    n_disks = 0
    while n_disks < args.disks and not is_late():
        attack.disk(n_disks, args.disks)
        n_disks += 1
        if n_disks % 10 == 0:
            print(f"{n_disks} disks, {len(attack.failures)} not healed", flush=True)
    while attack.n_kills < args.kills and not is_late():
        attack.scenario(number)
        number += 1
        if number % 20 == 0:
            print(f"{attack.n_kills} kills, {len(attack.failures)} not healed", flush=True)
    for failure in attack.failures:
        print(failure, file=sys.stderr)
    print(
        f"kills={attack.n_kills} ended_before={attack.n_in_time} disks={n_disks} "
        f"full={attack.n_full} not_healed={len(attack.failures)} seconds={time.monotonic() - started:.0f}"
    )
    if attack.failures:
        print(f"kept: {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
