"""Tests of the table of providers."""

from __future__ import annotations

import pytest

from sociaro_core.wire import BEARER, X_API_KEY
from sociaro_providers import PROVIDERS

ROWS = {
    "openai": ("/v1/chat/completions", BEARER, {}),
    "anthropic": ("/v1/messages", X_API_KEY, {"anthropic-version": "2023-06-01"}),
    "alibaba": ("/compatible-mode/v1/chat/completions", BEARER, {}),
    "byteplus": ("/api/v3/chat/completions", BEARER, {}),
    "mulerouter": ("/vendors/openai/v1/chat/completions", BEARER, {}),
}


def test_table_has_the_published_providers():
    """No more and no less."""
    assert list(ROWS) == list(PROVIDERS)


@pytest.mark.parametrize("name", ROWS)
def test_row(name):
    """Path, credentials and headers are the provider's own."""
    path, auth, headers = ROWS[name]
    row = PROVIDERS[name]
    assert (name, path, auth) == (row.name, row.chat.path, row.auth)
    assert headers == dict(row.headers)
