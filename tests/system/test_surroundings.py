"""A service that lacks what others take for granted: streams, readers, folders, descriptors."""

import contextlib
import datetime as dt
import os
import re
import resource
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from benchmarks.drills.drills import while_asked
from benchmarks.drills.load import PREDICT
from benchmarks.drills.service import READY, Service, eventually, running
from tests.conftest import free_port
from tests.documents import ROOT

ONCE = PREDICT.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)


@contextlib.contextmanager
def started(
    arguments: list[str], environment: dict[str, str], directory: Path, **streams: int
) -> Iterator[Service]:
    """A service whose streams are given; where it answers is known before."""
    port = free_port()
    process = subprocess.Popen(
        [*arguments, sys.executable, "-m", "service", "serve", "--port", str(port)],
        env=environment,
        cwd=directory,
        **streams,  # type: ignore[call-overload]  # they are those of Popen
    )
    service = Service(process=process, port=port, log=directory / "none")
    try:
        eventually(service.is_ready)
        yield service
    finally:
        process.terminate()
        assert process.wait(20) == 0


def count_of(service: Service, n_requests: int) -> int:
    return sum(service.ask(ONCE).startswith(b"HTTP/1.1 200 OK") for _ in range(n_requests))


@pytest.fixture
def variables(store: Path, environment: dict[str, str]) -> dict[str, str]:
    return environment | {"SOFTMAX_MODELS": str(store), "SOFTMAX_DRAIN_SECONDS": "0"}


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_closed_streams_are_no_fault(
    variables: dict[str, str], tmp_path: Path, closed: str
) -> None:
    shell = ["sh", "-c", f'exec "$0" "$@" {closed}']

    with started(shell, variables, tmp_path) as service:
        assert count_of(service, 20) == 20
        assert service.ask(b"nonsense\r\n\r\n").startswith(b"HTTP/1.1 400 ")  # which is logged


def test_a_log_that_nobody_reads_hangs_nothing(variables: dict[str, str], tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while os.write(writer, b"x" * 4096):
            pass
    os.set_blocking(writer, True)

    with started([], variables, tmp_path, stdout=subprocess.DEVNULL, stderr=writer) as service:
        refused = [service.ask(b"nonsense\r\n\r\n")[:12] for _ in range(50)]
        answered = count_of(service, 50)

    os.close(reader)
    os.close(writer)
    assert refused == [b"HTTP/1.1 400"] * 50
    assert answered == 50


def test_every_line_of_the_log_is_json(
    store: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    with running(store, tmp_path, environment, workers=2, drain_seconds=0) as service:
        for request in (b"nonsense\r\n\r\n", b"GET /\x1b[31m\r\n HTTP/1.1\r\n\r\n", READY):
            service.ask(request)
        service.process.terminate()
        service.process.wait(20)

        log = service.log.read_bytes()

    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f-\xff]", log)
    others = [line for line in log.splitlines() if not line.startswith(b"{")]
    assert [line[:24] for line in others] == [b"softmax-service answers "]


def test_no_home_and_no_folder_to_write_to_are_no_fault(
    variables: dict[str, str], tmp_path: Path
) -> None:
    bare = {name: value for name, value in variables.items() if name not in {"HOME", "TMPDIR"}}
    nowhere = {"TMPDIR": "/nonexistent", "HOME": "/nonexistent"}

    for more in ({}, nowhere):
        with started([], bare | more, tmp_path, stderr=subprocess.DEVNULL) as service:
            assert count_of(service, 5) == 5
            picture = b"GET /regions.png HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            assert service.ask(picture).startswith(b"HTTP/1.1 200 OK")


def test_few_descriptors_are_enough_for_those_who_ask(
    variables: dict[str, str], tmp_path: Path
) -> None:
    few = ["sh", "-c", 'ulimit -n 64; exec "$0" "$@"']

    with started(few, variables, tmp_path, stderr=subprocess.DEVNULL) as service:
        idle = [service.connect() for _ in range(300)]
        during = count_of(service, 10)
        for client in idle:
            client.close()
        eventually(service.is_ready, within_s=10)
        after = count_of(service, 10)

    assert during == 10  # those that lie idle make room
    assert after == 10


def test_the_limit_of_descriptors_is_raised_as_far_as_it_goes(
    store: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with running(store, tmp_path, environment) as service:
        limits = {resource.prlimit(pid, resource.RLIMIT_NOFILE) for pid in service.workers}

    assert limits == {(most, most)}


JUMPING = """
import os, time
def jumping(real=time.time):
    with open(os.environ["JUMP"]) as file:
        return real() + float(file.read())
time.time = jumping
"""
"""What the processes of a service take for the clock on the wall."""


def test_a_clock_that_jumps_moves_no_deadline(
    store: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    jump = tmp_path / "jump"
    (tmp_path / "sitecustomize.py").write_text(JUMPING)
    jumping = environment | {"PYTHONPATH": f"{tmp_path}:{ROOT}", "JUMP": str(jump)}
    jump.write_text("0")
    settings = {"receipt_seconds": 0.4, "drain_seconds": 0.2, "workers": 2}
    with running(store, tmp_path, jumping, **settings) as service:

        def date() -> bytes:
            return re.search(rb"date: [^\r]+", service.ask(ONCE))[0]  # type: ignore[index]  # it has one

        def jumps() -> None:
            for seconds in (86_400, -86_400, 0):
                before = date()
                (tmp_path / "next").write_text(str(seconds))
                (tmp_path / "next").replace(jump)  # nobody reads half of it
                eventually(lambda before=before: date()[:16] != before[:16])  # type: ignore[misc]  # bound now

        tally = while_asked(service, jumps)
        late = service.ask(PREDICT[:60])
        workers = service.workers
        service.process.terminate()

        assert service.process.wait(20) == 0
        assert len(workers) == 2
        assert not service.events("worker_died")
    assert set(tally.statuses) == {200}
    assert tally.failures == (0, 0, 0)
    assert late.startswith(b"HTTP/1.1 408")


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate of our own for localhost, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = tmp_path / "tls.crt", tmp_path / "tls.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


def test_https_is_spoken_with_a_certificate(
    store: Path, environment: dict[str, str], tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    paths = {"tls_certificate": certificate[0], "tls_key": certificate[1]}
    with running(store, tmp_path, environment, drain_seconds=0, **paths) as service:
        with trusting.wrap_socket(service.connect(), server_hostname="localhost") as client:
            client.sendall(ONCE)
            received = b"".join(iter(lambda: client.recv(65_536), b""))
        plain = service.ask(ONCE)
        log = service.log.read_text()
        checked = subprocess.run(
            [sys.executable, "-m", "service", "healthcheck"],
            env=environment
            | {"SOFTMAX_PORT": str(service.port)}
            | {f"SOFTMAX_{name.upper()}": str(path) for name, path in paths.items()},
            capture_output=True,
            text=True,
            check=False,
        )
        service.process.terminate()

        assert service.process.wait(20) == 0
    assert received.startswith(b"HTTP/1.1 200 OK")
    assert not plain.startswith(b"HTTP/1.1 200")
    assert f"answers at https://127.0.0.1:{service.port} " in log
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_certificate_that_cannot_be_used_is_one_line_and_exit_code_1(
    variables: dict[str, str], tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "tls.crt"
    if content is not None:
        path.write_bytes(content)

    done = subprocess.run(
        [sys.executable, "-m", "service", "serve", "--port", "0"],
        env=variables | {"SOFTMAX_TLS_CERTIFICATE": str(path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("softmax: SOFTMAX_TLS_CERTIFICATE: ")
