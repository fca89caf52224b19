"""Standard evaluation plans on invented worlds whose right answers are known: what is found, over several seeds.

python worlds.py [--seeds N] [--persons N] [SCENARIO…]
python worlds.py --luck N [--persons N]    # the goal of guidance in N worlds without any effect: does achieved − expected hold 0?
Needs a release build (cargo build --release), or KORABO=path. For every answer in `expected` of truth.json that a standard
plan asks for, it prints how many seeds gave the right answer: an interval that holds the true effect, no verdict of better or
worse where there is no effect, or nothing shown where nothing may be, with the gate that truth.json names among the reasons.
"""

import argparse
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
KORABO = os.environ.get("KORABO", str(ROOT / "target/release/korabo"))
WORLDS = ["null", "bundle", "ends", "dose", "few_clusters", "dropout", "immature", "guidance", "councils", "good_practice"]
STEPS = {
    "councils": ["+panel_person_year"],
    "good_practice": ["+evaluation_places_activity"],
}


def korabo(folder, *arguments):
    done = subprocess.run([KORABO, *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"korabo {' '.join(arguments)}: exit {done.returncode}\n{done.stderr[-2000:]}")
    return done.stdout


def judged(folder):
    """Verdicts of whole populations by (exposure, field, population, indicator)."""
    sql = (
        "select p.exposure, p.field, v.* from evaluation_verdicts v inner join evaluation_plans p on v.evaluation = p.evaluation "
        "where v.\"by\" is null and p.is_whole_population and p.exposed <> 'participated'"
    )
    rows = json.loads(korabo(folder, "sql", "--format", "json", "-c", sql))
    return {(row["exposure"], row["field"], row["population"], row["indicator"]): row for row in rows}


def guided(folder):
    """The effect of guidance at the waist's threshold, and what its goal reaches beyond luck."""
    effects = "select estimand, replace(indicator, '_change', '') as indicator, conf_low, conf_high from effect_guidance where status = 'ok'"
    goal = "select 'achieved_minus_expected' as estimand, 'goal_2cm_2kg' as indicator, conf_low, conf_high from effect_guidance_goal where fiscal_year is null"
    rows = json.loads(korabo(folder, "sql", "--format", "json", "-c", f"{effects} union all {goal}"))
    population = {"achieved_minus_expected": "guided"}
    return {
        (row["estimand"], "guidance", population.get(row["estimand"], "offered"), row["indicator"]): {"verdict": "", **row}
        for row in rows
    }


def stages(folder):
    """Change of an indicator with every further stage of the council, within municipalities and years."""
    regression = (
        "select '{0}' as indicator, estimate, conf_low, conf_high from ols((select * from (select municipality_code, fiscal_year, "
        "case council_stage when 'none' then 0.0 else cast(council_stage as double) end as stage, cast({0} as double) as y from panel_person_year)), "
        "'y ~ stage | municipality_code + fiscal_year', vcov => 'cluster(municipality_code)') where term = 'stage'"
    )
    sql = " union all ".join(regression.format(indicator) for indicator in ["exercise_habit", "current_smoker"])
    rows = json.loads(korabo(folder, "sql", "--format", "json", "-c", sql))
    return {("stage", "council", "employees", row["indicator"]): {"verdict": "", **row} for row in rows}


def best_places(folder):
    """The ten worksites that are most likely among the best five."""
    sql = (
        "select ids.worksite_key from evaluation_places_activity places inner join link_worksite_ids ids on places.cluster_id = ids.worksite_id "
        "order by places.p_best desc, places.pooled desc limit 10"
    )
    rows = json.loads(korabo(folder, "sql", "--format", "json", "-c", sql))
    return {row["worksite_key"] for row in rows}


def is_right(answer, row):
    """Whether the verdict is the right answer; None where the answer is not one of a standard plan."""
    kind = answer["kind"]
    if answer.get("estimand") == "achieved_minus_expected" and "naive_bias" in answer:
        # Who chooses guidance would have lost more without it: no comparison with the others has the effect for an answer.
        return None
    if kind in ("refused", "blinded"):
        gate = answer.get("gate") or answer.get("reason")
        return row["verdict"] == "not_judged" and gate in (row["reason"] or "")
    if row["verdict"] == "not_judged":
        return False
    if row["conf_low"] is None:
        return None
    if kind == "null":
        return row["conf_low"] <= 0 <= row["conf_high"]
    truth = effect(answer)
    return None if kind != "effect" or truth is None else row["conf_low"] <= truth <= row["conf_high"]


def effect(answer):
    """The number that the interval of a standard plan is about."""
    if answer.get("overall"):
        return answer["overall"]["mean_of_event_times"]
    if "by_stage" in answer:
        # The same with every stage.
        last = answer["by_stage"][-1]
        return last["effect"] / last["stage"]
    if "per_staff_hour" in answer:
        return answer["per_staff_hour"]
    if "at_waist_threshold" in answer:
        return answer["at_waist_threshold"]["effect"]
    return answer.get("effect")


def world(scenario, persons, seed):
    with tempfile.TemporaryDirectory() as folder:
        project = made(folder, scenario, persons, seed)
        truth = json.loads((project / "extracts/truth.json").read_text())
        steps = STEPS.get(scenario, ["+evaluation_verdicts_*", "+effect_guidance", "+effect_guidance_goal"])
        korabo(project, "run", "-q", *steps)
        expected = truth.get("expected", [])
        if scenario == "good_practice":
            return expected, best_places(project)
        return expected, stages(project) if scenario == "councils" else judged(project) | guided(project)


def made(folder, scenario, persons, seed):
    """A project over a world."""
    project = pathlib.Path(folder) / "project"
    korabo(folder, "init", str(project))
    korabo(folder, "synth", "-o", str(project / "extracts"), "--persons", str(persons), "--seed", str(seed), "--scenario", scenario)
    return project


def luck(n, persons):
    """How often the goal of guidance, less what luck explains, holds zero where nothing has an effect."""
    holds = total = 0
    for seed in range(1, n + 1):
        with tempfile.TemporaryDirectory() as folder:
            project = made(folder, "null", persons, seed)
            korabo(project, "run", "-q", "+effect_guidance_goal")
            sql = "select conf_low, conf_high from effect_guidance_goal where fiscal_year is null"
            for row in json.loads(korabo(project, "sql", "--format", "json", "-c", sql)):
                holds += row["conf_low"] <= 0 <= row["conf_high"]
                total += 1
        if seed % 25 == 0 or seed == n:
            print(f"achieved - expected holds 0 in {holds} of {total} worlds ({100 * holds / max(total, 1):.1f} %)", flush=True)
    error = math.sqrt(0.95 * 0.05 / max(total, 1))
    return abs(holds / max(total, 1) - 0.95) > 0.01 + 1.96 * error


def hidden(answer, best):
    """How many of the worksites that do more are among the best ten."""
    keys = {place["worksite_key"] for place in answer["worksites"]}
    return len(keys & best), len(keys)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--persons", type=int, default=20000)
    parser.add_argument("--luck", type=int)
    parser.add_argument("scenarios", nargs="*", default=WORLDS)
    given = parser.parse_args()
    if given.luck:
        sys.exit(luck(given.luck, given.persons))
    worst = 0
    for scenario in given.scenarios:
        found = {}
        for seed in range(1, given.seeds + 1):
            expected, verdicts = world(scenario, given.persons, seed)
            for answer in expected:
                estimand = answer.get("estimand", "field")
                if estimand == "good_practice":
                    right, total = hidden(answer, verdicts)
                    counts = found.setdefault((estimand, answer["field"], answer["population"], answer["indicator"]), [0, 0])
                    counts[0] += right
                    counts[1] += total
                if scenario == "good_practice":
                    continue
                field = "bundle" if estimand == "bundle" else answer.get("field")
                row = verdicts.get((estimand, field, answer.get("population"), answer.get("indicator")))
                right = is_right(answer, row) if row else None
                if right is not None:
                    key = (answer["kind"], estimand, field, answer["population"], answer["indicator"])
                    counts = found.setdefault(key, [0, 0])
                    counts[0] += right
                    counts[1] += 1
        for key, (right, total) in sorted(found.items()):
            # Of 95 % intervals fewer hold the truth by chance: what a binomial law does once in a thousand is too few. Of five hidden
            # worksites of 300 chance puts one in six among the best ten.
            least = total * 0.95 - 3.1 * math.sqrt(total * 0.95 * 0.05)
            is_enough = right >= (least if key[0] in ("effect", "null") else total / 2 if key[0] == "good_practice" else total)
            worst |= not is_enough
            print(f"{scenario:<14}{' '.join(key):<64}{right:>4} of {total:<4}{'' if is_enough else 'TOO FEW'}", flush=True)
    sys.exit(worst)


if __name__ == "__main__":
    main()
