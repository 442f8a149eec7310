"""`schemas/`: the contract as files. A published version is never changed: its sha256 stands in `published.json`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from hub.events.catalogue import catalogue, kind_of
from hub.events.schemas import documents, topics

PUBLISHED = "published.json"


def write(folder: Path) -> list[Path]:
    """Write what is not there yet; which files those were."""
    published = _published(folder)
    written = []
    for name, document in documents().items():
        path = folder / "events" / f"{name}.json"
        if name not in published:
            published[name] = _write(path, _text(document))
            written.append(path)
    if not (folder / "topics.yaml").exists():
        _write(folder / "topics.yaml", topics().encode())
        written.append(folder / "topics.yaml")
    if written:
        _write(folder / PUBLISHED, _text(dict(sorted(published.items()))))
    return written


def check(folder: Path) -> list[str]:
    """What is wrong: a changed published version, an orphan, a gap, an example that does not fit; empty if nothing."""
    published = _published(folder)
    return [
        *_changed(folder, published), *_orphans(folder, published), *_gaps(published), *_examples(folder),
        *(["topics.yaml is not what the hub uses"] if _read(folder / "topics.yaml") != topics().encode() else []),
    ]  # fmt: skip


def examples(folder: Path) -> Iterator[tuple[str, int, Path]]:
    """Every example: (type, version, file). Version 0 where the folder is not named after one."""
    for path in sorted((folder / "examples").rglob("*.json")):
        version = path.parent.name
        yield path.parent.parent.name, int(version) if version.isdecimal() else 0, path


def _changed(folder: Path, published: dict[str, str]) -> Iterator[str]:
    for name, digest in published.items():
        content = _read(folder / "events" / f"{name}.json")
        if hashlib.sha256(content).hexdigest() != digest:
            yield f"{name}: the published schema was changed or lost"
    for name, document in documents().items():
        if name not in published:
            yield f"{name}: not published yet; run `hub schemas write`"
        elif hashlib.sha256(_text(document)).hexdigest() != published[name]:
            yield f"{name}: the event's shape changed; give it a new version and an upcast"


def _orphans(folder: Path, published: dict[str, str]) -> Iterator[str]:
    for path in sorted((folder / "events").rglob("*.json")):
        name = f"{path.parent.name}/{path.stem}"
        if name not in published:
            yield f"{name}: a schema that nobody published"
        elif path.parent.name not in catalogue():
            yield f"{name}: a schema of no event; old events could not be read any more"
        elif not _is_version(path.stem, kind_of(path.parent.name).version):
            yield f"{name}: a version that the event does not have"


def _is_version(text: str, newest: int) -> bool:
    return text.isdecimal() and 1 <= int(text) <= newest


def _gaps(published: dict[str, str]) -> Iterator[str]:
    for name, kind in catalogue().items():
        for version in range(1, kind.version):
            if f"{name}/{version}" not in published:
                yield f"{name}: version {version} is missing"
            if version not in kind.upcasts:
                yield f"{name}: no upcast from version {version}"


def _examples(folder: Path) -> Iterator[str]:
    there: set[tuple[str, int]] = set()
    for name, version, path in examples(folder):
        there.add((name, version))
        if name not in catalogue() or not 1 <= version <= kind_of(name).version:
            yield f"{path}: an example of no event"
        elif problem := _unfit(name, version, path.read_bytes()):
            yield f"{path}: {problem}"
    for name, kind in catalogue().items():
        for version in range(1, kind.version + 1):
            if (name, version) not in there and kind.sender != "hub":
                yield f"{name}/{version}: no example"


def _unfit(name: str, version: int, content: bytes) -> str | None:
    """Why this is no example: a CloudEvent of the type, whose data the kind takes, upcast where the version is old."""
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        return f"not JSON: {error}"
    if not isinstance(document, dict) or document.get("type") != name or not isinstance(document.get("data"), dict):
        return f"not a CloudEvent of type {name} with an object as data"
    try:
        kind_of(name).model_validate(_today(name, version, document["data"]))
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        return f"data.{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}"
    except KeyError as error:
        return f"the upcast from version {version} finds no {error}"
    return None


def _today(name: str, version: int, data: dict[str, Any]) -> dict[str, Any]:
    for step in range(version, kind_of(name).version):
        data = kind_of(name).upcasts[step](data)
    return data


def _published(folder: Path) -> dict[str, str]:
    content = _read(folder / PUBLISHED)
    return dict(orjson.loads(content)) if content else {}


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _text(document: Any) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"


def _write(path: Path, content: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()
