"""The contract of registers: what a pack's register.py must hold. `problems` names what is wrong, nothing if all is well."""

from __future__ import annotations

from haihe.kernel.registers import Register


def problems(declared: type[Register]) -> list[str]:
    """Sentences, one a problem."""
    found = []
    reached = {declared.states[0].key}
    while more := {s.to for s in declared.steps if set(s.frm) & reached} - reached:
        reached |= more
    found += [f"the state {s.key} is never reached" for s in declared.states if s.key not in reached]
    found += [f"{s.name} lacks a title" for s in declared.steps if not (s.title_zh and s.title_en)]
    found += [f"{s.key} lacks a title" for s in declared.states if not (s.title_zh and s.title_en)]
    if not any(s.counts for s in declared.states):
        found.append("no state counts")
    counting = {s.key for s in declared.states if s.counts}
    found += [
        f"{s.name} leads to a state that counts but asks for no evidence"
        for s in declared.steps
        if s.to in counting and not set(s.frm) <= counting and s.evidence != "file"
    ]
    required = {f.key for f in declared.fields if f.required}
    found += [f"{key} of the natural key is not required" for key in declared.natural_key if key not in required]
    return found
