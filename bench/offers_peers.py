"""What others do with the same list on the same server: `python -m bench.offers_peers pandas|django FILE`.

pandas reads and writes the table. django-import-export, in bulk, reads, compares by item number and upserts. Neither
matches, prices or lists anything. Prints one JSON object with the seconds of the work, without imports and set-up.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

NAMES = ("item", "description", "condition", "ean", "quantity", "price", "currency", "category", "brand", "keyboard",
         "warranty", "remark")  # fmt: skip
BATCH = 1000


def with_pandas(path: Path) -> float:
    """read_excel(openpyxl) or read_csv, then to_sql, as the documentation shows it."""
    import pandas as pd
    from sqlalchemy import create_engine, text

    url = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url)
    started = time.perf_counter()
    if path.suffix == ".xlsx":
        frame = pd.read_excel(path, engine="openpyxl", dtype={"EAN": str})
    else:
        frame = pd.read_csv(path, sep=";", dtype={"EAN": str})
    frame.columns = list(NAMES)
    frame.to_sql("peer_pandas", engine, if_exists="replace", index=False, chunksize=10_000)
    seconds = time.perf_counter() - started
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM peer_pandas")).scalar_one() == len(frame)
    return seconds


def with_django(path: Path) -> float:
    """A ModelResource with use_bulk over the list's rows, item number as import id."""
    import django
    from django.conf import settings

    settings.configure(
        DATABASES={"default": _django_database(os.environ["DATABASE_URL"])}, USE_TZ=True,
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "import_export"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )  # fmt: skip
    django.setup()
    from django.db import connection, models
    from import_export import resources
    from tablib import Dataset

    text_fields = {name: models.TextField(null=True) for name in NAMES if name not in ("item", "quantity", "price")}
    attributes: dict[str, Any] = {
        "__module__": __name__,
        "item": models.CharField(max_length=60, unique=True),
        "quantity": models.IntegerField(),
        "price": models.DecimalField(max_digits=12, decimal_places=2),
        **text_fields,
        "Meta": type("Meta", (), {"app_label": "peer", "db_table": "peer_django"}),
    }
    line: Any = type("Line", (models.Model,), attributes)
    options = {
        "model": line, "import_id_fields": ("item",), "fields": NAMES, "use_bulk": True, "batch_size": BATCH,
        "skip_unchanged": True, "skip_diff": True, "report_skipped": False, "use_transactions": True,
    }  # fmt: skip
    resource = type("LineResource", (resources.ModelResource,), {"Meta": type("Meta", (), options)})
    with connection.schema_editor() as editor:
        editor.execute("DROP TABLE IF EXISTS peer_django")
        editor.create_model(line)
    started = time.perf_counter()
    data = Dataset()
    if path.suffix == ".xlsx":
        data.load(path.read_bytes(), format="xlsx")
    else:
        data.load(path.read_text(), format="csv", delimiter=";")
    data.headers = list(NAMES)
    result = resource().import_data(data, raise_errors=True)
    seconds = time.perf_counter() - started
    assert line.objects.count() == len(data), result.totals
    return seconds


def _django_database(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    host = parse_qs(parts.query).get("host", [parts.hostname or ""])[0]
    return {
        "ENGINE": "django.db.backends.postgresql", "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""), "PASSWORD": unquote(parts.password or ""),
        "HOST": host, "PORT": str(parts.port or ""),
    }  # fmt: skip


def main() -> None:
    peer, path = sys.argv[1], Path(sys.argv[2])
    print(json.dumps({"seconds": {"pandas": with_pandas, "django": with_django}[peer](path)}))


if __name__ == "__main__":
    main()
