"""Write docs/licences.md and docs/sbom.json: what the package needs at run time, its versions and licences.

``python tools/make_licences.py``, in an environment with every extra installed; a test fails where a dependency of
pyproject.toml is missing from the page.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PAGE, BILL = ROOT / "docs" / "licences.md", ROOT / "docs" / "sbom.json"
_KNOWN = re.compile(
    r"\b(MIT|BSD|Apache|MPL|ISC|PSF|Python Software Foundation|HPND|Unlicense|Zlib|LGPL|GPL|CNRI|0BSD)\b"
)


def direct() -> dict[str, str]:
    """Names of pyproject.toml's dependencies and of its extras', with the extra that asks for them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = {"": project["dependencies"], **project["optional-dependencies"]}
    return {canonicalize_name(Requirement(text).name): extra for extra, texts in asked.items() for text in texts}


def closure(names: Iterator[str] | list[str]) -> dict[str, Distribution]:
    """Return the distributions needed here for ``names``, by name, without extras."""
    found: dict[str, Distribution] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            continue
        for text in found[name].requires or ():
            need = Requirement(text)
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                waiting.append(canonicalize_name(need.name))
    return dict(sorted(found.items()))


def licence_of(package: Distribution) -> str:
    """Return the licence that the package states: its expression, its classifiers, or the first line of its text."""
    data = package.metadata
    if data.get("License-Expression"):
        return str(data["License-Expression"])
    classes = [line.rpartition(" :: ")[2] for line in data.get_all("Classifier") or () if line.startswith("License ::")]
    if named := [line for line in classes if line != "OSI Approved"]:
        return ", ".join(named)
    text = str(data.get("License") or "")
    return text if 0 < len(text) < 60 else ", ".join(dict.fromkeys(_KNOWN.findall(text[:300]))) or "see the package"


def page(packages: dict[str, Distribution], extras: dict[str, str]) -> str:
    rows = []
    for name, package in packages.items():
        asked = "directly" if extras.get(name) == "" else f"extra {extras[name]}" if name in extras else ""
        rows.append(f"| {name} | {package.version} | {licence_of(package)} | {asked} |")
    return "\n".join(
        [
            "# Licences\n",
            "correlator itself is under the MIT licence. What it needs at run time, as installed where this page was",
            "made (`python tools/make_licences.py`); the same as CycloneDX: [sbom.json](sbom.json).\n",
            "| package | version | licence | needed |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def bill(packages: dict[str, Distribution]) -> str:
    """A CycloneDX 1.6 bill of materials; the same packages give the same text."""
    parts = [
        {
            "type": "library",
            "name": name,
            "version": package.version,
            "purl": f"pkg:pypi/{name}@{package.version}",
            "licenses": [{"license": {"name": licence_of(package)}}],
        }
        for name, package in packages.items()
    ]
    document = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": parts}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    extras = direct()
    packages = closure(list(extras))
    PAGE.write_text(page(packages, extras), encoding="utf-8")
    BILL.write_text(bill(packages), encoding="utf-8")
