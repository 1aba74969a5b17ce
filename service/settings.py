"""The settings, read once from SOFTMAX_* variables and handed down as one frozen value."""

import re
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, InstanceOf, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.errors import SettingsError

Port = Annotated[int, Field(ge=0, le=65_535)]

_STORE_URL = re.compile(r"(s3|gs|az)://[^/?#@\s]+(/[^/?#\s]+)*/?")


def _store_url(value: object) -> object:
    """Refuse what looks like a URL and names no store; without that, it would be a folder.

    Raises
    ------
    ValueError
        If it does.
    """
    if isinstance(value, str) and "://" in value:
        if not _STORE_URL.fullmatch(value):
            msg = "expected a folder, or a URL such as s3://bucket/folder, gs://… or az://…"
            raise ValueError(msg)
        return StoreUrl(value.rstrip("/"))
    return value


class StoreUrl(str):
    """Where a store is that is no folder: a bucket, and a folder in it."""

    __slots__ = ()


class Settings(BaseSettings):
    """Everything about a running service that an operator may choose."""

    model_config = SettingsConfigDict(env_prefix="SOFTMAX_", frozen=True, extra="forbid")

    models: Annotated[
        InstanceOf[StoreUrl] | Path,
        Field(union_mode="left_to_right"),
        BeforeValidator(_store_url),
        Field(description="the store: a folder of models, or s3://…, gs://…, az://…"),
    ] = Path("models")
    models_cache: Annotated[
        Path | None,
        Field(description="folder for copies of a store that is none; else in the user's cache"),
    ] = None
    default_model: Annotated[
        str | None,
        Field(description="the model that answers at the root; else the only one, else demo"),
    ] = None
    host: Annotated[str, Field(description="address to listen on")] = "127.0.0.1"
    port: Annotated[Port, Field(description="port to listen on; 0 takes a free one")] = 8000
    workers: Annotated[int, Field(ge=1, le=256, description="processes that answer")] = 1
    allow_anonymous: Annotated[
        bool, Field(description="let clients without a key in from beyond this machine")
    ] = False
    keys: Annotated[
        Path | None,
        Field(description="file or folder of keys; with it, only who brings one is answered"),
    ] = None
    open_paths: Annotated[
        str,
        Field(
            pattern=r"^(/\S*( /\S*)*)?$",
            description="paths that need no key, with what is below them",
        ),
    ] = "/ /docs /openapi.json /healthz /readyz /metrics /ping"
    rate_limit: Annotated[
        float | None,
        Field(gt=0, le=1_000_000, description="most requests a second with one key"),
    ] = None
    reload_seconds: Annotated[
        float, Field(gt=0, le=3600, description="longest time until a change of the store is seen")
    ] = 1.0
    trusted_keys: Annotated[
        Path | None,
        Field(description="PEM file or folder of .pub files; only what these signed is served"),
    ] = None
    tls_certificate: Annotated[
        Path | None, Field(description="PEM file of a certificate chain; with it, HTTPS is spoken")
    ] = None
    tls_key: Annotated[
        Path | None, Field(description="PEM file of the certificate's key, if that is elsewhere")
    ] = None
    receipt_seconds: Annotated[
        float, Field(gt=0, le=3600, description="longest time a request may take to come in")
    ] = 10.0
    keep_alive_seconds: Annotated[
        float, Field(gt=0, le=3600, description="longest time a connection may lie idle")
    ] = 75.0
    drain_seconds: Annotated[
        float, Field(ge=0, le=3600, description="time from SIGTERM until no more is accepted")
    ] = 5.0
    grace_seconds: Annotated[
        float, Field(ge=0, le=3600, description="longest time after that for what is in flight")
    ] = 20.0
    header_bytes: Annotated[
        int, Field(ge=256, le=2**20, description="largest head of a request, in bytes")
    ] = 16 * 2**10
    shadow: Annotated[
        str | None,
        Field(
            pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}@[1-9][0-9]{0,8}$",
            description="a version such as iris@4, asked the same as the active one, for metrics",
        ),
    ] = None
    body_bytes: Annotated[
        int, Field(ge=1, le=2**31, description="largest request body, in bytes")
    ] = 32 * 2**20
    ndjson_body_bytes: Annotated[
        int, Field(ge=1, le=2**40, description="largest body of rows that are streamed, in bytes")
    ] = 2**30
    rows: Annotated[int, Field(ge=1, le=10_000_000, description="most rows in one request")] = (
        100_000
    )

    in_flight: Annotated[
        int, Field(ge=1, le=100_000, description="most requests answered at a time by a worker")
    ] = 64
    inflight_bytes: Annotated[
        int,
        Field(
            ge=1, le=2**40, description="most bytes of bodies above 16 KiB at a time in a worker"
        ),
    ] = 48 * 2**20
    request_log: Annotated[
        bool, Field(description="write one line to the log for each request")
    ] = True
    picture_cache_bytes: Annotated[
        int, Field(ge=0, le=2**31, description="memory for finished pictures, in bytes a worker")
    ] = 16 * 2**20
    pictures_at_once: Annotated[
        int, Field(ge=1, le=64, description="pictures drawn at the same time by a worker")
    ] = 1
    pictures_waiting: Annotated[
        int, Field(ge=0, le=1000, description="pictures that may wait for their turn in a worker")
    ] = 4

    @classmethod
    def read(cls, **overrides: object) -> Self:
        """Read the environment.

        Parameters
        ----------
        **overrides : object
            Values from the command line, which win; None stands for not given.

        Returns
        -------
        Settings
            The frozen value.

        Raises
        ------
        SettingsError
            If a variable or a flag does not fit; the text names it.
        """
        try:
            return cls.model_validate({k: v for k, v in overrides.items() if v is not None})
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            name = "SOFTMAX_" + "_".join(map(str, first["loc"])).upper()
            msg = f"{name}: {first['msg']}"
            raise SettingsError(msg) from None
