"""docker-compose.yml as far as can be seen without Docker: Compose and the hub understand what it says."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from click.testing import CliRunner

from hub.cli import main
from hub.settings import Settings

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = {name: one for name, one in COMPOSE["services"].items() if one.get("build")}
SCHEMA = jsonschema_rs.validator_for((ROOT / "tests/compose_spec/compose-spec.json").read_text())


def test_it_is_what_the_compose_specification_asks_for() -> None:
    SCHEMA.validate(COMPOSE)


@pytest.mark.parametrize(
    ("service", "wrong"),
    [
        ("worker", {"healthcheck": {"tset": ["CMD", "hub", "doctor"]}}), ("worker", {"deploy": {"replicas": "two"}}),
        ("serve", {"depends_on": {"kafka": {"condition": "healthy"}}}), ("serve", {"restarts": "always"}),
        ("mail", {"volumes": "hub:/var/lib/hub"}),
    ],
)  # fmt: skip
def test_what_the_compose_specification_does_not_know_would_be_found(service: str, wrong: dict[str, Any]) -> None:
    spoilt = deepcopy(COMPOSE)
    spoilt["services"][service] |= wrong
    assert not SCHEMA.is_valid(spoilt)


def test_what_is_waited_for_and_stored_is_there() -> None:
    for name, service in COMPOSE["services"].items():
        for other, how in service.get("depends_on", {}).items():
            assert other in COMPOSE["services"], name
            if how["condition"] == "service_healthy":
                assert "healthcheck" in COMPOSE["services"][other]
        for volume in service.get("volumes", ()):
            assert volume.partition(":")[0] in COMPOSE["volumes"], name


@pytest.mark.parametrize("name", OURS)
def test_each_service_is_a_command_of_the_hub_with_settings_that_it_takes(name: str) -> None:
    command = [word for word in OURS[name]["command"] if word != "apply"]
    options = [word for word in command if word.startswith("--")]
    told = CliRunner().invoke(main, [command[0], "--help"])
    assert told.exit_code == 0
    assert all(option in told.output for option in options)
    settings = Settings.read(OURS[name]["environment"] | {"HUB_HOME": "/var/lib/hub"})
    assert settings.kafka == "kafka:9092"
    assert settings.database_url


def test_two_workers_and_only_loopback() -> None:
    assert OURS["worker"]["deploy"]["replicas"] == 2
    for service in COMPOSE["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


@pytest.mark.parametrize("name", [name for name in COMPOSE["services"] if name != "topics"])
def test_whatever_stays_up_says_whether_it_is_well(name: str) -> None:
    kind, *words = COMPOSE["services"][name]["healthcheck"]["test"]
    if name not in OURS:
        assert kind == "CMD-SHELL"
    elif words[0] == "hub":
        assert (kind, len(words)) == ("CMD", 2)
        assert CliRunner().invoke(main, [words[1], "--help"]).exit_code == 0
    else:
        assert (kind, *words[:2]) == ("CMD", "python", "-c")
        compile(words[2], name, "exec")
