"""`edgewise doctor`: is everything here that Edgewise needs, and what is it?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from edgewise.cli.show import show, show_json


@click.command()
@click.option("--model", metavar="NAME|FOLDER", help="Check this bundle instead of those in the package.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def doctor(ctx: click.Context, /, model: str | None, as_json: bool) -> None:
    """Check this machine, the backends and the models.

    Exit codes: 0 all is well, perhaps with warnings; 1 something that is needed is broken.
    """
    from edgewise.cli.diagnosis import diagnose

    found = diagnose(model)
    if as_json:
        show_json(found.to_dict())
    else:
        for title, facts in found.facts.items():
            show(f"{title}\n{_lines(facts)}\n")
        for sign, remarks in (("Warning", found.warnings), ("Problem", found.problems)):
            for remark in remarks:
                show(f"{sign}: {remark}")
        show("Something that is needed is broken." if found.problems else "All is well.")
    ctx.exit(int(bool(found.problems)))


def _lines(facts: Mapping[str, Any]) -> str:
    width = max(map(len, facts), default=0)
    return "\n".join(f"  {name:<{width}}  {_shown(value)}" for name, value in facts.items())


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return str(value["shown"])
    return "unknown" if value is None else str(value)
