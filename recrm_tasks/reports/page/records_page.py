"""Records as a model sees them -> one HTML file that loads nothing."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from jinja2 import Environment
from markupsafe import Markup

from recrm_tasks import __version__
from recrm_tasks.reports.page.palette import PALETTE
from recrm_tasks.reports.shown_record import ShownRecord


def records_page(source: str, records: Sequence[ShownRecord]) -> str:
    """The page.

    Args:
        source: where the records are from.
        records: by dimension.
    """
    folder = files("recrm_tasks.reports.page")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((folder / "records.html.jinja").read_text(encoding="utf-8"))
    dimensions: dict[str, list[ShownRecord]] = {}
    for record in records:
        dimensions.setdefault(record.dimension, []).append(record)
    return template.render(
        style=Markup((folder / "page.css").read_text(encoding="utf-8")),
        colours=PALETTE,
        version=__version__,
        source=source,
        dimensions=dimensions,
    )
