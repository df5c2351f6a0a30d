"""Writes the dashboards as JSON into the folder that is named."""

import importlib
import json
import pathlib
import sys

from grafana_foundation_sdk.cog.encoder import JSONEncoder

NAMES = "api_performance", "system_resources", "user_activity", "ingest_and_retrieval", "service_levels"


def written():
    """What the files should hold, by their names."""
    return {
        f"{name.replace('_', '-')}.json": json.dumps(
            importlib.import_module(f".{name}", __package__).DASHBOARD, cls=JSONEncoder, indent=2, ensure_ascii=False, sort_keys=True
        )
        + "\n"
        for name in NAMES
    }


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    for name, text in written().items():
        (folder / name).write_text(text)
