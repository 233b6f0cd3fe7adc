"""Packs from elsewhere without installing them: the entry points that a project states are written where Python looks for those
of installed packages. That is what an editable install does, without pip and without a network."""

from __future__ import annotations

import importlib
import os
import sys
import tomllib
from pathlib import Path


def as_if_installed(project: Path, folder: Path) -> list[str]:
    """Names of the packs that the pyproject.toml of `project` brings. They are found by this process and by those it starts; call
    it before Django's settings are read. Their code lies in `project` itself or in its folder `src`."""
    stated = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    packs: dict[str, str] = stated["entry-points"]["haihe.packs"]
    about = folder / f"{stated['name'].replace('-', '_')}-{stated['version']}.dist-info"
    about.mkdir(parents=True, exist_ok=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {stated['name']}\nVersion: {stated['version']}\n")
    lines = [f"{name} = {module}\n" for name, module in packs.items()]
    (about / "entry_points.txt").write_text("[haihe.packs]\n" + "".join(lines))
    code = project / "src" if (project / "src").is_dir() else project
    paths = [str(folder), str(code.resolve())]
    sys.path[:0] = paths
    os.environ["PYTHONPATH"] = os.pathsep.join([*paths, *filter(None, [os.environ.get("PYTHONPATH")])])
    importlib.invalidate_caches()
    return list(packs)
