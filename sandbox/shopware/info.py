"""What a shop tells about itself (contract, sections 3.1 and 12)."""

from __future__ import annotations

from typing import Any

from sandbox.shopware.shop import Shop


def version(shop: Shop) -> dict[str, Any]:
    """`GET /_info/version`."""
    return {"version": shop.identity.version}


def config(shop: Shop) -> dict[str, Any]:
    """`GET /_info/config`; 6.7 tells more than 6.6."""
    me = shop.identity
    assets = f"{shop.base_url}/bundles/administration/administration"
    settings: dict[str, Any] = {
        "enableUrlFeature": True, "appUrlReachable": True, "appsRequireAppUrl": False,
        "private_allowed_extensions": ["jpg", "jpeg", "png", "webp", "svg", "pdf", "csv"],
        "enableHtmlSanitizer": True, "enableStagingMode": False, "disableExtensionManagement": False,
    }  # fmt: skip
    told: dict[str, Any] = {
        **version(shop), "versionRevision": me.id("revision", me.version),
        "adminWorker": {
            "enableAdminWorker": False,  # Webhooks come from the queue, as in production.
            "enableQueueStatsWorker": True, "enableNotificationWorker": True, "transports": ["async", "low_priority"],
        },
        "bundles": {"Administration": {"css": [f"{assets}/administration.css"], "js": [f"{assets}/administration.js"],
                                       "baseUrl": None, "type": "plugin"}},
        "settings": settings,
    }  # fmt: skip
    if me.version.startswith("6.7"):
        settings["firstMigrationDate"] = "2026-01-05T09:00:00.000Z"
        told |= {"shopId": me.shop_id, "inAppPurchases": []}
    return told
