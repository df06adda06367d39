"""What the learner wrote about its run: is every step there once, and every group trained on once?"""

import collections
import json


def parse(text):
    """The objects of a JSONL file; a last line that is being written is left out."""
    return [json.loads(line) for line in text.split("\n")[:-1] if line]


def check(steps, ledger, prompts_per_step):
    """Raises an AssertionError unless steps are 0, 1, 2, … and each has every slot exactly once, trained. Returns figures.

    The two files are written one after the other, so the last step of the longer one is looked at only as far as both have it.
    """
    numbers = [step["step"] for step in steps]
    assert numbers == list(range(len(numbers))), f"steps are missing or doubled: {numbers}"
    rows = [row for row in ledger if row["step"] < len(numbers)]
    times = collections.Counter((row["step"], row["slot"]) for row in rows)
    doubled = sorted(place for place, n in times.items() if n > 1)
    missing = [(step, slot) for step in numbers[:-1] for slot in range(prompts_per_step) if (step, slot) not in times]
    lost = [row for row in rows if row["outcome"] != "trained"]
    groups = collections.Counter(row["group_id"] for row in rows)
    assert not doubled, f"trained twice: {doubled[:5]}"
    assert not missing, f"in no step: {missing[:5]}"
    assert not lost, f"not trained: {lost[:5]}"
    assert max(groups.values(), default=1) == 1, "a group id stands twice in the ledger"
    return {"steps": len(numbers), "groups": len(rows), "again": sum(row["attempt"] > 1 for row in rows), "workers": len({row["worker"] for row in rows}),
            "incarnations": len({row["incarnation"] for row in rows})}


def text(figures):
    """The figures in words."""
    return (f"{figures['steps']} steps, {figures['groups']} groups, each trained on once, {figures['again']} of them handed out again; "
            f"{figures['workers']} workers and {figures['incarnations']} incarnations of the learner so far")
