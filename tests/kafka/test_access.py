"""Brokers that want a password and TLS: the settings HUB_KAFKA_* as they come from the environment."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hub.log._protocol import LogAway
from hub.log.headers import sealed
from hub.log.kafka import KafkaLog
from hub.settings import KafkaAccess, Settings
from tests.conftest import make_topics, reachable_folder
from tests.kafka.brokers import KafkaBroker
from tests.kafka.events import all_of, numbered
from tests.kafka.test_tail import following
from tests.kill.running import until

SECURED = {
    "listener.security.protocol.map": "CLIENTS:SASL_SSL,CONTROLLER:PLAINTEXT",
    "sasl.enabled.mechanisms": "SCRAM-SHA-512",
    "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
    "listener.name.clients.scram-sha-512.sasl.jaas.config": (
        'org.apache.kafka.common.security.scram.ScramLoginModule required username="hub" password="hush";'
    ),
    "ssl.keystore.type": "PEM",
    "ssl.truststore.type": "PEM",
}


def certificate(folder: Path, name: str) -> Path:
    """A key and a certificate for 127.0.0.1 that vouches for itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    form = serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    file = folder / f"{name}.pem"
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture(scope="module")
def secured() -> Iterator[tuple[KafkaBroker, Path]]:
    with reachable_folder() as folder:
        own = certificate(folder, "broker")
        files = {"ssl.keystore.location": str(own), "ssl.truststore.location": str(own)}
        accounts = ["SCRAM-SHA-512=[name=hub,password=hush]"]
        with KafkaBroker(folder / "kafka", SECURED | files, accounts) as broker:
            yield broker, folder


def access(ca: Path, password: str = "hush") -> KafkaAccess:
    return Settings.read(
        {
            "HOME": "/h", "HUB_KAFKA_SECURITY": "SASL_SSL", "HUB_KAFKA_USER": "hub", "HUB_KAFKA_PASSWORD": password,
            "HUB_KAFKA_CA": str(ca),
        }
    ).kafka_access  # fmt: skip


@pytest.mark.real
def test_with_the_right_password_over_tls_it_is_a_log_like_any_other(secured: tuple[KafkaBroker, Path]) -> None:
    broker, folder = secured
    right = access(folder / "broker.pem")
    make_topics(broker.brokers, right)
    log = KafkaLog(broker.brokers, right)
    log.append([numbered(n) for n in range(10)])
    assert all_of(log, ["order:1"]) == {"order:1": list(range(10))}
    log.close()


@pytest.mark.real
def test_a_wrong_password_is_not_let_in_and_the_word_says_where_to_look(secured: tuple[KafkaBroker, Path]) -> None:
    broker, folder = secured
    log = KafkaLog(broker.brokers, access(folder / "broker.pem", "guessed"), patience=3.0)
    with pytest.raises(LogAway, match="A wrong password or certificate looks the same") as away:
        log.append([numbered(1)])
    assert "guessed" not in str(away.value)


@pytest.mark.real
def test_a_broker_that_nobody_vouches_for_is_not_spoken_to(secured: tuple[KafkaBroker, Path]) -> None:
    broker, folder = secured
    log = KafkaLog(broker.brokers, access(certificate(folder, "somebody")), patience=3.0)
    with pytest.raises(LogAway, match="A wrong password or certificate looks the same"):
        log.append([numbered(1)])


@pytest.mark.real
def test_faust_signs_in_over_tls_too(secured: tuple[KafkaBroker, Path], tmp_path: Path) -> None:
    """It has a client of its own, which is told the same in other words. Events that are pushed came by it alone."""
    broker, folder = secured
    right = replace(access(folder / "broker.pem"), prefix="pushed.")
    make_topics(broker.brokers, right)
    log = KafkaLog(broker.brokers, right)

    def pushes() -> bool:
        """It begins at the end as it finds it, which may be after the first ones."""
        log.append([numbered(0)])
        return bool(pushed.events)

    with following(broker.brokers, right, tmp_path) as pushed:
        until(pushes, 60, "Faust pushes what comes")
    assert {sealed(one).id for one in pushed.events} == {numbered(0).id}
    log.close()
