"""`python -m sandbox serve` runs the outside world; `shops` and `mollie` print their credentials as JSON."""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import signal
from pathlib import Path
from threading import Event
from types import FrameType

from pydantic import TypeAdapter

from sandbox.mollie.identity import ORGANISATION_TOKEN, PROFILES
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


def mollie(port: int) -> str:
    """What the portal needs to reach Mollie: the test mode of each channel's profile, and the organisation's token."""
    tls = TypeAdapter(bool).validate_python(os.environ.get("SANDBOX_MOLLIE_TLS", "0"))
    scheme = "https" if tls else "http"
    bridge = json.loads(os.environ.get("SANDBOX_BRIDGE", "{}"))
    return json.dumps(
        {
            "base_url": f"{scheme}://127.0.0.1:{port + len(SHOPS) + 1}", "organisation_token": ORGANISATION_TOKEN,
            "certificate": str(_certificate().absolute()) if tls else None,
            "channels": {
                profile.code: {"profile_id": profile.id, "api_key": profile.key("test"),
                               "webhook_secret": profile.webhook_secret, "webhook_token": shop.webhook_token,
                               "bridge": bridge.get(shop.code, "storefront")}
                for profile, shop in zip(PROFILES, SHOPS, strict=True)
            },
        }
    )  # fmt: skip


def _certificate() -> Path:
    default: Path = SandboxSettings.model_fields["mollie_certificate"].default
    return Path(os.environ.get("SANDBOX_MOLLIE_CERTIFICATE", default))


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
    sandbox = Sandbox(
        settings.database_url,
        base_port=settings.port,
        portal_url=settings.portal_url,
        mollie_rate=settings.mollie_rate,
        bridge=settings.bridge,
        world_rate=settings.world,
        past_orders=settings.orders,
        mollie_tells_portal=True,
        mollie_certificate=settings.mollie_certificate if settings.mollie_tls else None,
    )
    gc.set_threshold(20_000, 20, 20)  # Objects, and rounds: a page is large, and soon gone.
    gc.collect()
    gc.freeze()  # What is loaded by now stays: no collection looks through it again.
    stop.wait()
    sandbox.close()


_PRINTED = {"shops": shops, "mollie": mollie}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("act", choices=("serve", *_PRINTED))
    act = parser.parse_args().act
    if act == "serve":
        serve()
        return
    print(_PRINTED[act](int(os.environ.get("SANDBOX_PORT", "8100"))))  # noqa: T201


if __name__ == "__main__":
    main()
