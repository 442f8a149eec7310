"""Accounts, passwords, sessions and links, with a clock that the test holds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from argon2 import PasswordHasher

from hub.store import accounts, sessions, sign_in_links
from hub.store.access import PEOPLE, ROLES
from hub.store.accounts import Account, NotPossible
from hub.store.passwords import Passwords
from hub.wiring import Hub

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
GOOD = "correct horse battery"
QUICK = Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


def minutes(n: float) -> datetime:
    return NOW + timedelta(minutes=n)


def person(hub: Hub, login: str = "sara", role: str = "agent", password: str = GOOD) -> Account:
    made = accounts.add(hub.database, login, login.capitalize(), role)
    with hub.database.transaction() as tx:
        accounts.choose_password(tx, made.id, QUICK.hashed(password))
    return made


def signs_in(hub: Hub, password: str, now: datetime = NOW, login: str = "sara") -> bool:
    return accounts.sign_in(hub.database, QUICK, login, password, now) is not None


def begun(hub: Hub, account: Account, now: datetime = NOW) -> str:
    with hub.database.transaction() as tx:
        return sessions.begin(tx, account.id, now)


def lets_in(hub: Hub, path: str, now: datetime, enter: bool = False) -> bool:
    with hub.database.transaction() as tx:
        return sign_in_links.use(tx, path.rpartition("/")[2], now, enter=enter) is not None


# -- accounts ----------------------------------------------------------------------------------------------------------


def test_a_login_is_kept_in_lower_case_and_found_however_it_is_typed(hub: Hub) -> None:
    person(hub, "Sara۱@Example.com")
    assert accounts.find(hub.database, " SARA1@example.COM ") is not None
    assert signs_in(hub, GOOD, login="Sara1@example.com")


@pytest.mark.parametrize(
    ("login", "name", "role", "wrong"),
    [("", "x", "agent", ("login", "login")), ("a b", "x", "agent", ("login", "login")),
     ("a" * 65, "x", "agent", ("login", "login")), ("<b>", "x", "agent", ("login", "login")),
     ("ok", " ", "agent", ("name", "name")), ("ok", "n" * 101, "agent", ("name", "name")),
     ("ok", "x", "emperor", ("role", "role")), ("ok", "x", "machine", ("role", "role")),
     ("TAKEN", "x", "agent", ("login", "taken"))],
)  # fmt: skip
def test_what_cannot_be_an_account_is_said_by_field(
    hub: Hub, login: str, name: str, role: str, wrong: tuple[str, str]
) -> None:
    person(hub, "taken")
    with pytest.raises(NotPossible) as told:
        accounts.add(hub.database, login, name, role)
    assert (told.value.field, told.value.why) == wrong


def test_people_have_the_roles_that_may_read(hub: Hub) -> None:
    assert set(PEOPLE) == {role for role, permitted in ROLES.items() if "read" in permitted}
    for role in PEOPLE:
        made = accounts.add(hub.database, f"a-{role}", role, role)
        assert {one for one in ROLES["admin"] if made.may(one)} == ROLES[role]


def test_an_account_that_is_there_already_stays_as_it_is(hub: Hub) -> None:
    first = accounts.ensure(hub.database, "mina", "Mina", "agent", ["202"])
    assert accounts.ensure(hub.database, "mina", "Somebody else", "admin") == first


def test_the_first_administrator_is_made_once_and_stays_the_one(hub: Hub) -> None:
    made = accounts.administrator(hub.database)
    assert (made.login, made.name, made.role, made.has_password) == ("admin", "Administrator", "admin", False)
    assert accounts.administrator(hub.database) == made
    assert len(accounts.everybody(hub.database)) == 1


def test_the_link_is_for_an_administrator_whoever_has_the_login_admin(hub: Hub) -> None:
    accounts.add(hub.database, "admin", "An agent with this login", "agent")
    made = accounts.administrator(hub.database)
    assert (made.login, made.role) == ("administrator", "admin")
    accounts.add(hub.database, "boss", "Boss", "admin")
    accounts.deactivate(hub.database, made.id)
    assert accounts.administrator(hub.database).login == "boss"


def test_the_last_administrator_can_neither_go_nor_become_less(hub: Hub) -> None:
    boss = person(hub, "boss", "admin")
    person(hub, "sara", "agent")
    with pytest.raises(NotPossible, match="last"):
        accounts.deactivate(hub.database, boss.id)
    with pytest.raises(NotPossible, match="last"):
        accounts.change(hub.database, boss.id, "Boss", "agent", [])
    second = person(hub, "second", "admin")
    accounts.change(hub.database, boss.id, "Boss", "agent", ["201"])
    with pytest.raises(NotPossible, match="last"):
        accounts.deactivate(hub.database, second.id)


def test_two_administrators_who_remove_each_other_at_once_leave_one(hub: Hub) -> None:
    for n in range(5):
        both = [person(hub, f"one{n}", "admin"), person(hub, f"two{n}", "admin")]
        for other in accounts.everybody(hub.database):
            if other.active and other.role == "admin" and other.id not in (both[0].id, both[1].id):
                accounts.deactivate(hub.database, other.id)
        with ThreadPoolExecutor(2) as threads:
            outcomes = list(threads.map(lambda one: _deactivated(hub, one), both))
        assert sorted(outcomes) == [False, True]


def _deactivated(hub: Hub, account: Account) -> bool:
    try:
        accounts.deactivate(hub.database, account.id)
    except NotPossible:
        return False
    return True


# -- passwords and the lock ----------------------------------------------------------------------------------------------


def test_of_a_password_only_argon2id_is_kept(hub: Hub) -> None:
    made = accounts.add(hub.database, "sara", "Sara", "agent")
    with hub.database.transaction() as tx:
        accounts.choose_password(tx, made.id, Passwords().hashed(GOOD))
    (kept,) = hub.database.rows("SELECT password FROM account")[0]
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert GOOD not in str(hub.database.rows("SELECT * FROM account"))


def test_the_right_password_lets_in_and_no_other(hub: Hub) -> None:
    person(hub)
    assert signs_in(hub, GOOD)
    for wrong in ("", GOOD + " ", GOOD.upper(), "\x00", "\ud800"):
        assert not signs_in(hub, wrong)
        assert signs_in(hub, GOOD)


def test_a_password_is_the_same_on_every_keyboard(hub: Hub) -> None:
    person(hub, password="ﬁne Ångström ۱۲۳")
    assert signs_in(hub, "fine Ångström ۱۲۳")


def test_whoever_has_no_password_yet_cannot_sign_in_with_one(hub: Hub) -> None:
    accounts.add(hub.database, "sara", "Sara", "agent")
    assert not signs_in(hub, "")
    assert not signs_in(hub, GOOD)


def test_a_password_is_kept_anew_when_the_parameters_have_changed(hub: Hub) -> None:
    person(hub)
    before = hub.database.rows("SELECT password FROM account")
    stronger = Passwords(PasswordHasher(time_cost=2, memory_cost=128, parallelism=1))
    assert accounts.sign_in(hub.database, stronger, "sara", GOOD, NOW)
    ((after,),) = hub.database.rows("SELECT password FROM account")
    assert [(after,)] != before
    assert "m=128,t=2" in after
    assert accounts.sign_in(hub.database, stronger, "sara", GOOD, NOW)
    assert hub.database.rows("SELECT password FROM account") == [(after,)]


def test_five_wrong_tries_lock_for_a_minute_and_each_more_twice_as_long_up_to_an_hour(hub: Hub) -> None:
    person(hub)
    for _ in range(4):
        assert not signs_in(hub, "wrong")
    assert signs_in(hub, GOOD)
    now = NOW
    for _ in range(4):
        signs_in(hub, "wrong", now)
    for locked in (1, 2, 4, 8, 16, 32, 60, 60):
        assert not signs_in(hub, "wrong", now)
        assert not signs_in(hub, GOOD, now + timedelta(minutes=locked, seconds=-1))
        now += timedelta(minutes=locked)
    assert signs_in(hub, GOOD, now)
    assert not signs_in(hub, "wrong", now)
    assert signs_in(hub, GOOD, now)


def test_many_tries_at_once_are_no_way_around_the_lock(hub: Hub) -> None:
    person(hub)
    guesses = [*(f"guess {n}" for n in range(30)), GOOD]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda guess: signs_in(hub, guess), guesses))
    assert not any(found)
    ((failed,),) = hub.database.rows("SELECT failed FROM account")
    assert failed == accounts.TRIES


def test_an_unknown_login_and_a_locked_account_cost_as_much_as_a_wrong_password(hub: Hub) -> None:
    """Counted in hashes, not in seconds: one each."""
    counted: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            counted.append(str(hash))
            return super().verify(hash, password)

    passwords = Passwords(Counting(time_cost=1, memory_cost=64, parallelism=1))
    person(hub)
    person(hub, "locked")
    for _ in range(accounts.TRIES):
        signs_in(hub, "wrong", login="locked")
    shut = person(hub, "shut")
    accounts.deactivate(hub.database, shut.id)
    accounts.add(hub.database, "new", "New", "agent")
    for login, password in (("sara", "wrong"), ("nobody", "wrong"), ("shut", GOOD), ("new", "wrong"), ("locked", GOOD)):
        counted.clear()
        assert accounts.sign_in(hub.database, passwords, login, password, NOW) is None
        assert len(counted) == 1, login
        assert counted[0].split("$")[1:4] == ["argon2id", "v=19", "m=64,t=1,p=1"]


@pytest.mark.parametrize(
    ("password", "again", "wrong"),
    [("short", "short", ("password", "short")), ("x" * 201, "x" * 201, ("password", "long")),
     ("Sara-long-login", "Sara-long-login", ("password", "easy")), ("aaaaaaaaaaaa", "aaaaaaaaaaaa", ("password", "easy")),
     (GOOD, GOOD + "x", ("again", "differs"))],
)  # fmt: skip
def test_a_password_that_should_not_be_taken_is_refused_by_field(
    hub: Hub, password: str, again: str, wrong: tuple[str, str]
) -> None:
    made = accounts.add(hub.database, "sara-long-login", "Sara", "agent")
    with pytest.raises(NotPossible) as told:
        accounts.password_wanted(made, password, again)
    assert (told.value.field, told.value.why) == wrong
    accounts.password_wanted(made, GOOD, GOOD)


# -- sessions ------------------------------------------------------------------------------------------------------------


def test_of_a_session_only_the_digest_is_kept(hub: Hub) -> None:
    token = begun(hub, person(hub))
    assert len(token) >= 43
    assert token not in str(hub.database.rows("SELECT hash, encode(hash, 'escape') FROM session"))


def test_a_session_ends_after_twelve_hours_without_a_request(hub: Hub) -> None:
    token = begun(hub, person(hub))
    assert sessions.find(hub.database, token, minutes(719))
    assert sessions.find(hub.database, token, minutes(719 + 719))
    assert sessions.find(hub.database, token, minutes(719 + 719 + 720)) is None


def test_a_session_ends_after_seven_days_however_it_is_used(hub: Hub) -> None:
    token = begun(hub, person(hub))
    for hour in range(0, 7 * 24, 6):
        assert sessions.find(hub.database, token, NOW + timedelta(hours=hour))
    assert sessions.find(hub.database, token, NOW + timedelta(days=7)) is None


def test_a_session_is_renewed_now_and_then_and_not_by_every_request(hub: Hub) -> None:
    token = begun(hub, person(hub))
    for minute in (1, 4, 5):
        sessions.find(hub.database, token, minutes(minute))
    assert hub.database.rows("SELECT seen FROM session") == [(NOW,)]
    assert sessions.find(hub.database, token, minutes(6), renew=False)  # a page that is only left open
    assert hub.database.rows("SELECT seen FROM session") == [(NOW,)]
    sessions.find(hub.database, token, minutes(6))
    assert hub.database.rows("SELECT seen FROM session") == [(minutes(6),)]


@pytest.mark.parametrize("how", ["deactivate", "reset", "choose", "end", "end_one"])
def test_whatever_ends_a_session_ends_it_at_once(hub: Hub, how: str) -> None:
    person(hub, "boss", "admin")
    sara, reza = person(hub), person(hub, "reza")
    hers, his = begun(hub, sara), begun(hub, reza)
    if how == "choose":
        with hub.database.transaction() as tx:
            accounts.choose_password(tx, sara.id, QUICK.hashed("another long password"))
    elif how == "end":
        sessions.end(hub.database, hers)
    elif how == "end_one":
        sessions.end_one(hub.database, sara.id, sessions.id_of(hers))
    else:
        getattr(accounts, how)(hub.database, sara.id)
    assert sessions.find(hub.database, hers, NOW) is None
    still = sessions.find(hub.database, his, NOW)
    assert still
    assert still.id == reza.id


def test_nobody_ends_the_session_of_another(hub: Hub) -> None:
    sara, reza = person(hub), person(hub, "reza")
    hers = begun(hub, sara)
    sessions.end_one(hub.database, reza.id, sessions.id_of(hers))
    sessions.end_others(hub.database, reza.id, "x")
    assert sessions.find(hub.database, hers, NOW)


def test_a_persons_sessions_are_listed_and_all_others_ended(hub: Hub) -> None:
    sara, reza = person(hub), person(hub, "reza")
    here, there, his = begun(hub, sara), begun(hub, sara, minutes(5)), begun(hub, reza, minutes(5))
    assert [one.id for one in sessions.listed(hub.database, sara.id, minutes(6))] == [
        sessions.id_of(there), sessions.id_of(here),
    ]  # fmt: skip
    assert [one.id for one in sessions.listed(hub.database, sara.id, minutes(720))] == [sessions.id_of(there)]
    sessions.end_others(hub.database, sara.id, here)
    assert [one.id for one in sessions.listed(hub.database, sara.id, minutes(6))] == [sessions.id_of(here)]
    assert sessions.find(hub.database, his, minutes(6))


def test_what_is_over_is_not_listed_however_it_was_used(hub: Hub) -> None:
    sara = person(hub)
    token = begun(hub, sara)
    for hour in range(10, 168, 10):
        assert sessions.find(hub.database, token, NOW + timedelta(hours=hour))
    assert sessions.listed(hub.database, sara.id, NOW + timedelta(days=7)) == []


def test_what_has_run_out_is_cleared_away(hub: Hub) -> None:
    sara = person(hub)
    begun(hub, sara)
    for later in (timedelta(hours=12), timedelta(days=8)):
        begun(hub, sara, NOW + later)
        assert hub.database.rows("SELECT count(*) FROM session") == [(1,)]
    token = begun(hub, sara, NOW + timedelta(days=8))
    for hour in range(10, 168, 10):
        sessions.find(hub.database, token, NOW + timedelta(days=8, hours=hour))
    begun(hub, sara, NOW + timedelta(days=15))
    assert hub.database.rows("SELECT count(*) FROM session") == [(1,)]


# -- links ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("purpose", "valid"),
    [("enter", timedelta(minutes=15)), ("invite", timedelta(days=7)), ("reset", timedelta(days=1))],
)
def test_a_link_lets_in_once_and_in_its_time(hub: Hub, purpose: sign_in_links.Purpose, valid: timedelta) -> None:
    sara, enter = person(hub), purpose == "enter"
    late = sign_in_links.make(hub.database, sara.id, purpose, NOW)
    assert not lets_in(hub, late, NOW + valid, enter)
    link = sign_in_links.make(hub.database, sara.id, purpose, NOW)
    assert not lets_in(hub, link, NOW, not enter)
    assert lets_in(hub, link, NOW + valid - timedelta(seconds=1), enter)
    assert not lets_in(hub, link, NOW, enter)


def test_two_who_open_a_link_at_once_are_one(hub: Hub) -> None:
    sara = person(hub)
    for _ in range(5):
        link = sign_in_links.make(hub.database, sara.id, "invite", NOW)
        with ThreadPoolExecutor(2) as threads:
            assert sorted(threads.map(lambda _, link=link: lets_in(hub, link, NOW), range(2))) == [False, True]


def test_a_new_link_takes_the_place_of_the_one_before(hub: Hub) -> None:
    sara = person(hub)
    old, new = (sign_in_links.make(hub.database, sara.id, "enter", NOW) for _ in range(2))
    assert not lets_in(hub, old, NOW, enter=True)
    assert lets_in(hub, new, NOW, enter=True)


def test_a_new_link_takes_no_other_away(hub: Hub) -> None:
    sara, reza = person(hub), person(hub, "reza")
    invited = sign_in_links.make(hub.database, sara.id, "invite", NOW)
    his = sign_in_links.make(hub.database, reza.id, "enter", NOW)
    sign_in_links.make(hub.database, sara.id, "enter", NOW)
    assert lets_in(hub, invited, NOW)
    assert lets_in(hub, his, NOW, enter=True)


def test_looking_at_an_invitation_does_not_use_it(hub: Hub) -> None:
    sara = person(hub)
    token = sign_in_links.make(hub.database, sara.id, "invite", NOW).rpartition("/")[2]
    for _ in range(3):
        found = sign_in_links.whose(hub.database, token, NOW)
        assert found
        assert found.login == "sara"
    assert sign_in_links.whose(hub.database, token, NOW + timedelta(days=7)) is None
    assert sign_in_links.whose(hub.database, token, NOW, enter=True) is None
    assert sign_in_links.whose(hub.database, "x", NOW) is None


def test_no_link_of_somebody_who_was_shut_out_works(hub: Hub) -> None:
    person(hub, "boss", "admin")
    sara = person(hub)
    link = sign_in_links.make(hub.database, sara.id, "invite", NOW)
    accounts.deactivate(hub.database, sara.id)
    assert not lets_in(hub, link, NOW)
    later = sign_in_links.make(hub.database, sara.id, "reset", NOW)
    assert not lets_in(hub, later, NOW)
