"""Writes helm/hyperion/README.md: helm/introduction.md, and a table of all values from the comments in values.yaml.

A comment explains the key after it.
"""

import pathlib
import re

import yaml

HELM = pathlib.Path(__file__).resolve().parent
CHART = HELM / "hyperion"


def described(text):
    """Of each key that has a comment: its path, what the comment says, and its value. Keys of maps count by themselves."""
    values = yaml.safe_load(text)
    found, comment, path = [], [], []
    for line in text.splitlines():
        if match := re.match(r" *# ?(.*)", line):
            comment.append(match[1])
        elif match := re.match(r"( *)([\w.-]+):", line):
            path = [*path[: len(match[1]) // 2], match[2]]
            if comment:
                value = values
                for key in path:
                    value = value[key]
                found.append((tuple(path), " ".join(comment), value))
            comment = []
        else:
            comment = []
    return found


def in_words(value):
    if isinstance(value, str):
        return f"`{value}`" if value else ""
    return (
        f"`{yaml.safe_dump(value, default_flow_style=True, width=float('inf')).removesuffix('...' + chr(10)).strip()}`"
    )


def table(found, prefix=()):
    """Rows of the values, and of each group what it is."""
    groups = {path for path, _, _ in found}
    lines = ["| value | default | what it is |", "|---|---|---|"]
    for path, about, value in found:
        name = ".".join((*prefix, *path))
        is_group = any(other[: len(path)] == path and other != path for other in groups)
        default = "" if is_group else in_words(value)
        lines.append(
            f"| {f'**{name}**' if is_group else f'`{name}`'} | {default} | {about.replace('|', chr(92) + '|')} |"
        )
    return "\n".join(lines)


def readme():
    parts = [(HELM / "introduction.md").read_text().strip(), "## Values"]
    own = (CHART / "values.yaml").read_text()
    parts.append(table(described(own[own.index("\n\n") :])))
    for chart in ["postgresql", "redis", "milvus", "storage", "prometheus", "grafana"]:
        values = (CHART / f"charts/{chart}/values.yaml").read_text()
        parts += [f"### {chart}", table(described(values), (chart,))]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    (CHART / "README.md").write_text(readme())
