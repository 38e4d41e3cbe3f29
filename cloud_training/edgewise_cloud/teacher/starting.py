"""What is found out before hours are spent on a run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from edgewise.errors import EdgewiseError
from edgewise_cloud.catalogue import Catalogue
from edgewise_cloud.catalogue.errors import CatalogueFileMissingError
from edgewise_cloud.prepare import PrepareConfig
from edgewise_cloud.teacher.align import FILE
from edgewise_cloud.teacher.devices import make_accelerator
from edgewise_cloud.teacher.errors import RecipeError
from edgewise_cloud.teacher.recipe import TeacherRecipe
from edgewise_cloud.teacher.saved import Teacher
from edgewise_cloud.train.work_folder import RUN, claim
from edgewise_distill.checkpoints import locate


def accelerator_for(recipe: TeacherRecipe) -> Any:
    """Make the accelerator of a recipe's run.

    Raises:
        RecipeError: No device here computes in its precision.
    """
    try:
        return make_accelerator(recipe.training.precision)
    except ValueError as error:
        raise RecipeError(recipe.name, "training.precision", f"can't be had here ({error})") from error


def check_ahead(recipe: TeacherRecipe, catalogue: Catalogue) -> None:
    """Check what a run needs only late, or would not miss.

    Raises:
        RecipeError: `sampling.most` names a set that the catalogue has not.
        PrepareConfigError: `prepare` says something impossible.
        CheckpointNotFoundError: The encoder is not there.
        TeacherFolderError: There is no English teacher to align to.
        CatalogueFileMissingError: There are no sentences to align with.
    """
    unknown = [name for name in recipe.sampling.most if name not in catalogue.labelled]
    if unknown:
        why = f"names {', '.join(unknown)}, which the catalogue has not"
        raise RecipeError(recipe.name, "sampling.most", why)
    PrepareConfig.from_dict(recipe.prepare)
    if begun := recipe.encoder if recipe.compact is None else recipe.compact.begin:
        locate(begun)
    if recipe.alignment is not None:
        Teacher.load(Path(recipe.alignment.teacher))
        if not (catalogue.root / FILE).is_file():
            raise CatalogueFileMissingError(catalogue.root / FILE, "alignment")


@contextlib.contextmanager
def claimed(work: Path, settings: Mapping[str, Any]) -> Iterator[None]:
    """Claim a work folder; a new one is given up if nothing could be begun in it.

    Raises:
        WorkFolderError: It holds another run.
    """
    fresh = not (work / RUN).exists()
    claim(work, settings)
    try:
        yield
    except EdgewiseError:
        if fresh:
            (work / RUN).unlink(missing_ok=True)
        raise
