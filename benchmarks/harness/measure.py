"""One pass over one service."""

from dataclasses import dataclass
from http import HTTPStatus

import numpy as np
from harness import figures
from harness.bodies import TABULAR
from harness.cases import IRIS, TOLERANCE, WIDE, Case
from harness.ceilings import ASGI, Constant, start_constants
from harness.figures import Figures
from harness.load import FailedRequestsError, loaded, seconds_for
from harness.machine import cores
from harness.servers import Question, Server, free_port, serving
from harness.subjects import OURS, Subject

CONNECTIONS = 32
THOUSAND_CONNECTIONS = 4
"""Enough that the server always has work, while a client reads its last answer."""


class WrongAnswerError(Exception):
    """A service whose probabilities are not those of the pipeline it was given."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How long to measure.

    Parameters
    ----------
    seconds : float
        Of each load.
    rounds : int
        Passes over all services.
    large : int
        Large requests a pass.
    bulk_rows : int
        Rows of a large request.
    """

    seconds: float
    rounds: int
    large: int
    bulk_rows: int = 100_000


QUICK = Plan(seconds=1, rounds=1, large=1)
FULL = Plan(seconds=3, rounds=3, large=4)


def measure(subject: Subject, plan: Plan, into: Figures) -> None:
    """Measure a service on both models."""
    for case in (IRIS, WIDE):
        port = free_port()
        start = subject.start(case, port)
        one = subject.question(case, case.rows(1))
        with serving(start.command, port, one, core=cores()[0], env=dict(start.env)) as server:
            into.add(subject.name, figures.START, server.start_s)
            if case is WIDE:
                into.add(subject.name, figures.IDLE, server.resident_bytes() / 1e6)
            _check(subject, case, server, 1)
            _check(subject, case, server, 1000)
            if case is IRIS:
                _single_rows(subject.name, server, one, plan, into)
                if subject is OURS:
                    _pictures(server, plan, into)
            else:
                load = loaded(port, one, connections=CONNECTIONS, seconds=plan.seconds)
                into.add(subject.name, figures.ONE_WIDE, load.per_second)
                _many_rows(subject, server, plan, into)


def _single_rows(name: str, server: Server, one: Question, plan: Plan, into: Figures) -> None:
    before = server.cpu_seconds()
    load = loaded(server.port, one, connections=CONNECTIONS, seconds=plan.seconds)
    into.add(name, figures.ONE_IRIS_CPU, 1e6 * (server.cpu_seconds() - before) / load.requests)
    into.add(name, figures.ONE_IRIS, load.per_second)
    into.add(name, figures.ONE_IRIS_P99, load.p99_us / 1e3)
    if name == OURS.name:  # nobody else remembers heads
        differ = loaded(
            server.port, one, connections=CONNECTIONS, seconds=plan.seconds, differ=True
        )
        into.add(name, figures.ONE_IRIS_NEW, differ.per_second)
    alone = loaded(server.port, one, connections=1, seconds=plan.seconds)
    into.add(name, figures.ONE_IRIS_P50, alone.p50_us)


def _many_rows(subject: Subject, server: Server, plan: Plan, into: Figures) -> None:
    thousand = subject.question(WIDE, WIDE.rows(1000))
    load = loaded(server.port, thousand, connections=THOUSAND_CONNECTIONS, seconds=plan.seconds)
    into.add(subject.name, figures.THOUSAND, 1000 * load.per_second)
    bulk = subject.question(WIDE, WIDE.rows(plan.bulk_rows))
    with server.watching_peak() as peak:
        for seconds in seconds_for(server.port, bulk, plan.large):
            into.add(subject.name, figures.BULK, plan.bulk_rows / seconds)
    into.add(subject.name, figures.BULK_PEAK, peak[0] / 1e6)
    if subject is OURS:
        _tabular(subject, server, plan, into)


def _tabular(subject: Subject, server: Server, plan: Plan, into: Figures) -> None:
    """Measure formats without JSON, as soon as the service takes them."""
    for quantity, tabular in TABULAR.items():
        headers = (("Content-Type", tabular.media_type), ("Accept", tabular.media_type))
        path = subject.path(WIDE)
        small = Question(path=path, body=tabular.write(WIDE.rows(1000)), headers=headers)
        reply = server.ask(small)
        if reply.status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
            print(f"   {subject.name}: takes no {tabular.media_type} yet")
            continue
        expected = WIDE.pipeline.predict_proba(WIDE.rows(1000))
        _demand(subject, float(np.abs(tabular.read(reply.body) - expected).max()))
        bulk = Question(path=path, body=tabular.write(WIDE.rows(plan.bulk_rows)), headers=headers)
        for seconds in seconds_for(server.port, bulk, 2 * plan.large):
            into.add(subject.name, quantity, plan.bulk_rows / seconds)


def _pictures(server: Server, plan: Plan, into: Figures) -> None:
    """Measure a picture from memory and a 304, each beside a constant of its size.

    Raises
    ------
    WrongAnswerError
        If the picture is sent to one who has it.
    """
    ask = Question(path="/regions.png", headers=())
    reply = server.ask(ask)
    again = Question(path=ask.path, headers=(("If-None-Match", reply.headers["etag"]),))
    if server.ask(again).status != HTTPStatus.NOT_MODIFIED:
        msg = "the picture is sent again to one who has it"
        raise WrongAnswerError(msg)
    constants = {
        "/picture": Constant(status=200, media_type="image/png", n_bytes=len(reply.body)),
        "/same": Constant(status=304, media_type="image/png", n_bytes=0),
    }
    for quantity, question in ((figures.PICTURE, ask), (figures.NOT_MODIFIED, again)):
        load = loaded(server.port, question, connections=CONNECTIONS, seconds=plan.seconds)
        into.add(OURS.name, quantity, load.per_second)
    port = free_port()
    start = start_constants(ASGI, constants, port)
    first = Question(path="/picture", headers=())
    with serving(start.command, port, first, core=cores()[0], env=dict(start.env)):
        for quantity, path in ((figures.PICTURE, "/picture"), (figures.NOT_MODIFIED, "/same")):
            question = Question(path=path, headers=())
            load = loaded(port, question, connections=CONNECTIONS, seconds=plan.seconds)
            into.add(ASGI, quantity, load.per_second)


def measure_ceilings(name: str, plan: Plan, into: Figures) -> None:
    """Measure constants that take our requests and answer as many bytes as we do."""
    answers, questions = {}, {}
    port = free_port()
    for case in (IRIS, WIDE):
        start = OURS.start(case, port)
        one = OURS.question(case, case.rows(1))
        with serving(start.command, port, one, core=cores()[0], env=dict(start.env)) as server:
            size = len(server.ask(one).body)
        path = f"/{case.name}"
        answers[path] = Constant(status=200, media_type="application/json", n_bytes=size)
        questions[case.name] = Question(path=path, body=one.body)
    start = start_constants(name, answers, port)
    first = questions["iris"]
    with serving(start.command, port, first, core=cores()[0], env=dict(start.env)) as server:
        into.add(name, figures.START, server.start_s)
        into.add(name, figures.IDLE, server.resident_bytes() / 1e6)
        _single_rows(name, server, first, plan, into)
        load = loaded(port, questions["wide"], connections=CONNECTIONS, seconds=plan.seconds)
        into.add(name, figures.ONE_WIDE, load.per_second)


def _check(subject: Subject, case: Case, server: Server, n_rows: int) -> None:
    rows = case.rows(n_rows)
    reply = server.ask(subject.question(case, rows))
    if reply.status != HTTPStatus.OK:
        msg = f"{subject.name} answers {reply.status} to {n_rows} rows: {reply.body[:200]!r}"
        raise FailedRequestsError(msg)
    _demand(subject, subject.error(case, rows, reply))


def _demand(subject: Subject, error: float) -> None:
    if not error <= TOLERANCE:
        msg = f"{subject.name} is off by {error:.1e}"
        raise WrongAnswerError(msg)
