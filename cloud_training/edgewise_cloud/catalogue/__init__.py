"""The data catalogue: real labelled text, with what each set's labels mean and what its licence allows.

Example::

    from pathlib import Path
    from edgewise_cloud.catalogue import ALL_LICENCES, Examples, leaked, load_catalogue

    catalogue = load_catalogue(Path("../shared/data"))
    # training takes shippable licences by default
    parts = [d.examples("train") for d in catalogue.datasets("toxicity", split="train")]
    train = Examples.concat(parts)          # several tasks may stand in one Examples: the others are masked
    train.texts, train.langs, train.weights                     # list, list, float32 [n]
    train.sentiment, train.sentiment_allowed                    # int64 [n] (-1 masked), bool [n, 3]
    train.toxicity, train.emotion                               # float32 [n, 7] and [n, 8], NaN masked
    test = catalogue.dataset("toxicity/zh_toxicn", licences=ALL_LICENCES).load("test")    # plain columns
    bad = leaked(train.texts, test.texts)                       # indexes into train
    lines = catalogue.language("langid").load("train")          # .texts .langs .domains .sources .variants
"""

from edgewise_cloud.catalogue.catalogue import Catalogue, load_catalogue
from edgewise_cloud.catalogue.dataset import Dataset
from edgewise_cloud.catalogue.errors import (
    CatalogueError,
    CatalogueFileMissingError,
    CorruptDataError,
    DataHashError,
    EmptySplitError,
    HubUnavailableError,
    LicenceRefusedError,
    SetEntryError,
    UnknownDataLabelError,
    UnknownDatasetError,
    UnknownLicenceError,
    UnknownSchemeError,
)
from edgewise_cloud.catalogue.examples import Examples
from edgewise_cloud.catalogue.facts import Facts
from edgewise_cloud.catalogue.files import Columns
from edgewise_cloud.catalogue.language import LanguageFile, LanguageRows
from edgewise_cloud.catalogue.leaks import leak_key, leaked
from edgewise_cloud.catalogue.licences import ALL_LICENCES, REFUSED, SHIPPABLE
from edgewise_cloud.catalogue.rows import Rows
from edgewise_cloud.catalogue.sets_file import load_sets, own_dataset

__all__ = [
    "ALL_LICENCES",
    "REFUSED",
    "SHIPPABLE",
    "Catalogue",
    "CatalogueError",
    "CatalogueFileMissingError",
    "Columns",
    "CorruptDataError",
    "DataHashError",
    "Dataset",
    "EmptySplitError",
    "Examples",
    "Facts",
    "HubUnavailableError",
    "LanguageFile",
    "LanguageRows",
    "LicenceRefusedError",
    "Rows",
    "SetEntryError",
    "UnknownDataLabelError",
    "UnknownDatasetError",
    "UnknownLicenceError",
    "UnknownSchemeError",
    "leak_key",
    "leaked",
    "load_catalogue",
    "load_sets",
    "own_dataset",
]
