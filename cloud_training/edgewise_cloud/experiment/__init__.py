"""Experiments on devices: channels and arms, records, a test for every day, promotion and the way back.

Example::

    from pathlib import Path
    from edgewise_cloud.experiment import FilePlace, judge, read_channels, read_rows
    from edgewise_cloud.experiment.moves import Mover

    place = FilePlace(Path("channels.json"))
    status = judge(read_channels(place).experiment("tone"), read_rows([Path("records")]))
    if status.comparisons[0].verdict == "better":
        Mover(registry, place).promote("tone", "challenger", "edgewise-base", "challenger")
"""

from edgewise_cloud.experiment.edit import Plan, create, first_channels, set_channel, set_shares, stop
from edgewise_cloud.experiment.files import read_rows
from edgewise_cloud.experiment.judging import Status, judge
from edgewise_cloud.experiment.place import FilePlace, Place, RepositoryPlace, read_channels

__all__ = [
    "FilePlace",
    "Place",
    "Plan",
    "RepositoryPlace",
    "Status",
    "create",
    "first_channels",
    "judge",
    "read_channels",
    "read_rows",
    "set_channel",
    "set_shares",
    "stop",
]
