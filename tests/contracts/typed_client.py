"""shopware-api-client, a public client that is asynchronous and typed: https://pypi.org/project/shopware-api-client/

It needs Python 3.12. Where it is not installed, the module that imports this one is skipped and says so.
"""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.testing import SandboxHandle

REASON = "shopware-api-client is not installed: it needs Python 3.12 or later"
base = pytest.importorskip("shopware_api_client.base", reason=REASON)
client = pytest.importorskip("shopware_api_client.client", reason=REASON)
config = pytest.importorskip("shopware_api_client.config", reason=REASON)
errors = pytest.importorskip("shopware_api_client.exceptions", reason=REASON)
httpx2 = pytest.importorskip("httpx2", reason=REASON)
# Its own calls of pydantic and httpx2 are deprecated ones.
MARKS = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


def connect(world: SandboxHandle, code: str, **other: Any) -> Any:
    """A client of a shop, by default with its integration's credentials; close it with `async with`."""
    shop = world.shop(code)
    credentials = {"client_id": shop.client_id, "client_secret": shop.client_secret, **other}
    return client.AdminClient(config.AdminConfig(url=shop.base_url, **credentials))
