"""docs/config.md names every key of a task file with its default, and no other key."""

import re
from pathlib import Path

from control.grammar import TaskSection, section_at

REFERENCE = (Path(__file__).parents[3] / "docs" / "config.md").read_text(encoding="utf-8")


def leaves(path: tuple[str, ...]) -> list[str]:
    """The keys below `path`, written as the reference writes them."""
    found = []
    for name, field in section_at(path).model_fields.items():
        below = (*path, name)
        annotation = str(field.annotation)
        if "Section]" in annotation and annotation.startswith("dict"):
            found += leaves((*below, "<name>" if name == "targets" else "*"))
        elif "Section'" in annotation:
            found += leaves(below)
        else:
            found.append(".".join(below))
    return found


def told() -> set[str]:
    """`a.b`, `.c` and `d` of one cell stand for a.b, a.c and a.d."""
    keys: set[str] = set()
    for row in REFERENCE.splitlines():
        if not row.startswith("| `"):
            continue
        first, *others = re.findall(r"`([^`]+)`", row.split(" | ")[0])
        parent = first.rpartition(".")[0]
        keys |= {first, *(other if "." in other.lstrip(".") else f"{parent}.{other.lstrip('.')}" for other in others)}
    return keys


def test_every_key_is_in_the_reference() -> None:
    refused = set(re.findall(r"`([a-z_.*]+)`", REFERENCE.split("Keys that are known but")[1]))
    known = set(leaves(()))
    names = {key.replace("targets.<name>.tls.", "source.tls.") for key in known}
    later = {key for key in names if key.rpartition(".")[2] in {name.rpartition(".")[2] for name in refused}}
    assert len(known) > 30
    assert {key for key in names - later if key not in told()} == set()
    assert later == {
        "kafka.schema_registry",
        "objects.tables.*.where",
        "objects.tables.*.columns",
        "targets.<name>.mapping",
    }


def test_the_reference_names_no_other_key() -> None:
    known = set(leaves(())) | {"targets.<name>.tls"}
    assert told() - known == set()


def test_defaults_are_those_of_the_code() -> None:
    rows = {row.split("`")[1]: row.split("|")[2].strip() for row in REFERENCE.splitlines() if row.startswith("| `")}
    for key in ("kafka.partitions", "snapshot.readers", "snapshot.chunk_bytes", "capture.commit_interval_ms"):
        section, name = key.split(".")
        assert rows[key] == str(section_at((section,)).model_fields[name].default)
    assert rows["capture.heartbeat_ms"] == str(section_at(("capture",)).model_fields["heartbeat_ms"].default)
    assert rows["retry_minutes"].split()[0] == str(TaskSection.model_fields["retry_minutes"].default)
