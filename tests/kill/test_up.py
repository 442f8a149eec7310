"""`hub up` as an operator meets it: one hub a home, an end in order, commands beside it and without it."""

from __future__ import annotations

import resource
import signal
import socket
import time
from contextlib import ExitStack
from tempfile import TemporaryFile

import pytest

from tests.conftest import reachable_folder
from tests.kill.running import RunningHub, alive, cloud_event, processes_of, until

pytestmark = pytest.mark.real

ENDED_WITHIN = 10.0


def refused(hub: RunningHub, port: int) -> str:
    """What a second `hub up` says, which must not come up."""
    with TemporaryFile() as said:
        process = hub.launch(port, said)
        assert process.wait(30) == 3
        said.seek(0)
        return said.read().decode()


def a_visit(hub: RunningHub, id: str) -> None:
    with hub.client() as client:
        data = {"visit": id, "party": {"kind": "email", "value": "sara@example.com"}}
        event = cloud_event(id, "visit.recorded", data)
        assert client.post("/v1/events", json=event).status_code == 202


def visits(hub: RunningHub) -> int:
    return len(hub.asked("events", "--type", "visit.recorded").splitlines())


def test_a_signal_ends_everything_soon_and_leaves_nothing_running(hub: RunningHub) -> None:
    hub.start()
    a_visit(hub, "v1")
    assert hub.process is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        begun = time.monotonic()
        hub.process.send_signal(number)
        assert hub.process.wait(ENDED_WITHIN) == 0
        assert time.monotonic() - begun < ENDED_WITHIN
        assert not processes_of(hub.home)
        assert not (hub.home / "run.json").exists()
        hub.start()
    assert visits(hub) == 1


def test_more_screens_may_be_open_than_a_process_has_descriptors_by_custom(hub: RunningHub) -> None:
    most, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, allowed))  # what is started has the same
    try:
        hub.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, allowed))
    with ExitStack() as screens, hub.client() as client:
        for _ in range(300):
            screens.enter_context(socket.create_connection(("127.0.0.1", client.base_url.port)))
        assert client.get("/readyz").status_code == 200


def test_a_signal_while_the_hub_is_starting_leaves_nothing_running() -> None:
    with reachable_folder() as home:
        hub = RunningHub(home)
        try:
            for wait in (0.4, 1.0, 1.6, 2.2, 3.0):
                end_while_it_starts(hub, wait)
            hub.asked("status")
        finally:
            hub.kill_everything()


def end_while_it_starts(hub: RunningHub, wait: float) -> None:
    with TemporaryFile() as said:
        process = hub.launch(0, said)
        time.sleep(wait)  # wherever it is by then: making the database, its tables, its processes
        process.terminate()
        process.wait(ENDED_WITHIN)
        until(hub.gone, 20, "nothing is left of a hub that was ended while it started")


def test_a_second_hub_on_one_home_is_refused_and_says_whose_it_is(hub: RunningHub) -> None:
    hub.start()
    assert f"Another hub is up on {hub.home} (process {hub.pid('supervisor')})." in refused(hub, 0)
    hub.await_ready()


def test_a_hub_waits_for_a_command_that_has_its_home(hub: RunningHub) -> None:
    command = hub.begin("status", "--json")
    until(lambda: (hub.home / "lock").read_text() == str(command.pid), 30, "the command has the home")
    hub.start()
    assert command.wait(30) == 0


def test_a_port_that_is_taken_is_said_by_its_number(hub: RunningHub) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert f"port {port}: Address already in use" in refused(hub, port)
    assert not processes_of(hub.home)


def test_a_command_uses_the_hub_that_is_up(hub: RunningHub) -> None:
    hub.start()
    before = hub.pid("postgres")
    a_visit(hub, "v1")
    assert visits(hub) == 1
    running = {(one["name"], one["pid"]) for one in hub.json("status")["processes"]}
    assert ("postgres", before) in running
    assert hub.pid("postgres") == before


def test_commands_without_a_hub_wait_for_each_other(hub: RunningHub) -> None:
    hub.asked("status")
    together = [hub.begin("status", "--json") for _ in range(3)]
    for one in together:
        _, said = one.communicate(timeout=60)
        assert one.returncode == 0, said.decode()
    assert not processes_of(hub.home)


def test_a_hub_that_comes_up_is_waited_for_by_a_command(hub: RunningHub) -> None:
    hub.asked("status")
    with TemporaryFile() as said:
        up = hub.launch(0, said)
        until(lambda: (hub.home / "lock").read_text() == str(up.pid), 30, "the hub has its home")
        assert hub.json("status")["processes"]
        up.terminate()
        assert up.wait(ENDED_WITHIN) == 0


def test_a_hub_of_which_everything_was_killed_comes_up_again_with_all_it_had(hub: RunningHub) -> None:
    hub.start()
    a_visit(hub, "v1")
    hub.kill_everything()
    hub.start()
    a_visit(hub, "v2")
    hub.await_quiet()
    assert visits(hub) == 2
    hub.assert_sound()


def test_a_killed_supervisor_takes_all_with_it_and_the_next_hub_gets_its_port_at_once(hub: RunningHub) -> None:
    """Also where the database was started again meanwhile, so that its first number says nothing any more."""
    hub.start()
    a_visit(hub, "v1")
    hub.await_restart("postgres", hub.kill("postgres"))
    killed, port = processes_of(hub.home), int(hub.url.rpartition(":")[2])
    hub.kill("supervisor")
    hub.start(port)
    assert not alive(killed)
    assert hub.url.endswith(f":{port}")
    assert visits(hub) == 1
    hub.kill("supervisor")
    until(hub.gone, 30, "nothing is left of a hub whose supervisor was killed")


def test_a_child_that_dies_at_once_each_time_is_started_ever_more_slowly() -> None:
    from hub.supervisor import Child

    child = Child("broken", ["false"])
    child.start()
    starts = 0
    end = time.monotonic() + 1.6
    while time.monotonic() < end:
        starts += child.watch()
        time.sleep(0.01)
    child.end()
    assert 2 <= starts <= 4  # after 0.1, 0.2, 0.4, 0.8 seconds


def test_a_child_that_dies_the_whole_night_is_started_again_all_the_same() -> None:
    from hub.supervisor import Child

    child = Child("broken", ["false"], failures=5_000)
    child.start()
    until(lambda: child.watch() or child.again, 5, "it has died")
    child.end()
