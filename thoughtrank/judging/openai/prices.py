"""Prices of known models: the dated table ``prices.yaml``, one entry per model and vendor."""

import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import yaml

from thoughtrank.http_api.urls import host_of

_DATE = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{8})$")
"""Suffix of a dated snapshot, which has the price of its model."""

DEFAULT_HOST = "api.openai.com"
"""The default host of the ``openai`` client."""


class KnownPrice(NamedTuple):
    """US dollars per million tokens, and the month (YYYY-MM) in which the vendor's page stated them."""

    prompt: float
    completion: float
    as_of: str


def known_price(model: str, *, base_url: str | None) -> KnownPrice | None:
    """The price of a model at its vendor; None for a model or an endpoint that is not in the table.

    The same model at another endpoint may have another price, so none is assumed there.
    """
    host = host_of(base_url) if base_url else DEFAULT_HOST
    table = _table()
    for vendor in table["vendors"]:
        if host in vendor["hosts"]:
            price = vendor["models"].get(model) or vendor["models"].get(_DATE.sub("", model))
            return KnownPrice(price[0], price[1], as_of=str(table["as_of"])) if price else None
    return None


@cache
def _table() -> dict:
    text = files("thoughtrank.judging.openai").joinpath("prices.yaml").read_text(encoding="utf-8")
    table = yaml.safe_load(text)
    assert isinstance(table, dict)
    return table
