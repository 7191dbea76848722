"""`python -m sandbox serve` runs the outside world; `python -m sandbox shops` prints its credentials as JSON."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
from threading import Event
from types import FrameType

from sandbox.settings import SHOPS, SandboxSettings


def shops(port: int) -> str:
    """Channel code to what a client needs."""
    return json.dumps(
        {
            shop.code: {
                "base_url": f"http://127.0.0.1:{port + place}", "client_id": shop.client_id,
                "client_secret": shop.client_secret, "app_secret": shop.app_secret,
            }
            for place, shop in enumerate(SHOPS, start=1)
        }
    )  # fmt: skip


def serve() -> None:
    """Until SIGTERM or Ctrl-C."""
    from sandbox.server import Sandbox

    logging.basicConfig(level="WARNING")
    settings = SandboxSettings()  # type: ignore[call-arg]  # The environment fills it.
    stop = Event()

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    sandbox = Sandbox(settings.database_url, base_port=settings.port, portal_url=settings.portal_url)
    stop.wait()
    sandbox.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("act", choices=("serve", "shops"))
    if parser.parse_args().act == "serve":
        serve()
        return
    print(shops(int(os.environ.get("SANDBOX_PORT", "8100"))))  # noqa: T201


if __name__ == "__main__":
    main()
