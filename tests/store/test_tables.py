"""The lasting tables: what the migrations make is what the code means, and it goes both ways."""

from __future__ import annotations

import psycopg
import pytest
import sqlalchemy
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from hub.store import schema
from hub.store.database import TooOld, migrate, newest_version, sqlalchemy_url


def differences(url: str) -> list[object]:
    engine = sqlalchemy.create_engine(sqlalchemy_url(url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = compare_metadata(context, schema.hub)
    engine.dispose()
    return [each for each in found if "alembic_version" not in str(each)]


def test_the_migrations_make_the_tables_that_the_code_means(any_postgres_url: str) -> None:
    migrate(any_postgres_url)
    assert differences(any_postgres_url) == []


def test_migrating_twice_changes_nothing(postgres_url: str) -> None:
    migrate(postgres_url)
    with psycopg.connect(postgres_url) as connection:
        connection.execute("UPDATE log_head SET next = 7")
    migrate(postgres_url)
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT min(next), max(next) FROM log_head").fetchone() == (7, 7)
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (newest_version(),)


def test_the_way_back_leaves_nothing(postgres_url: str) -> None:
    migrate(postgres_url)
    engine = sqlalchemy.create_engine(sqlalchemy_url(postgres_url))
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", "hub:store/migrations")
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        left = connection.exec_driver_sql(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S')"
        ).fetchall()
    engine.dispose()
    assert [row[0] for row in left] == ["alembic_version"]


def test_a_server_that_is_too_old_is_told_so(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.store.database._OLDEST", 990000)
    with pytest.raises(TooOld, match="This server is 18"):
        migrate(postgres_url)
