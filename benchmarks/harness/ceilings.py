"""Constants: what could at best be reached by a service that did no work at all."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from harness.environments import PEERS, system_tool, tool_version
from harness.machine import CACHE
from harness.subjects import Start

ASGI, NGINX = "raw ASGI constant", "nginx constant"
STARLETTE, FASTAPI = "Starlette constant", "FastAPI constant"
APPS = {
    ASGI: "constant:asgi",
    STARLETTE: "frameworks:starlette",
    FASTAPI: "frameworks:fastapi",
}
NGINX_CONFIG = """
daemon off; master_process off; pid {cache}/nginx.pid; error_log {cache}/nginx.log;
events {{ worker_connections 2048; }}
http {{
  access_log off; keepalive_requests 100000000; client_body_temp_path {cache}/nginx-body;
  server {{ listen 127.0.0.1:{port}; {locations} }}
}}
"""


@dataclass(frozen=True, kw_only=True)
class Constant:
    """An answer that costs no work."""

    status: int
    media_type: str
    n_bytes: int


def start_constants(name: str, answers: Mapping[str, Constant], port: int) -> Start:
    """Start a server of constants, one for each path.

    Raises
    ------
    UnavailableError
        If nginx is asked for and missing.
    """
    return _on_nginx(answers, port) if name == NGINX else _on_uvicorn(APPS[name], answers, port)


def nginx_version() -> str:
    """Give nginx's version."""
    return tool_version([system_tool("nginx"), "-v"])


def _on_uvicorn(app: str, answers: Mapping[str, Constant], port: int) -> Start:
    """Set it as our own worker sets it."""
    paths = {path: [c.status, c.media_type, c.n_bytes] for path, c in answers.items()}
    return Start(
        command=[
            sys.executable, "-m", "uvicorn", "--app-dir", str(PEERS / "ceilings"),
            "--port", str(port), "--no-access-log", "--no-server-header",
            "--log-level", "warning", "--lifespan", "off", app,
        ],
        env={"PATHS": json.dumps(paths)},
    )  # fmt: skip


def _on_nginx(answers: Mapping[str, Constant], port: int) -> Start:
    nginx = system_tool("nginx")
    locations = "\n".join(
        f'location = {path} {{ default_type "{c.media_type}";'
        f' return {c.status} "{"0" * c.n_bytes}"; }}'
        for path, c in answers.items()
    )
    config = CACHE / "nginx.conf"
    config.write_text(NGINX_CONFIG.format(cache=CACHE, port=port, locations=locations))
    return Start(command=[nginx, "-c", str(config), "-p", str(CACHE)])
