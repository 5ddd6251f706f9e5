"""What answers at the address of a scheduler, or does not."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from conftest import Run
from farm_tools import FarmProcesses
from masterprint.batch.farm.cluster import Farm
from masterprint.batch.farm.reaching import need_scheduler
from masterprint.errors import UsageError


class Silent(BaseHTTPRequestHandler):
    """One that keeps to itself what it thinks of a request."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def mute() -> Iterator[str]:
    """The address of somebody who takes every call, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def web() -> Iterator[str]:
    """The address of a web server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"tcp://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_no_command_waits_for_ever_for_one_that_is_no_scheduler(
    mix: Path, mute: str, run: Run
) -> None:
    nobody = "tcp://127.0.0.1:9"
    commands = (
        ("render", "streaming", mix, "-o", "out", "--dask", mute),
        ("render", "streaming", mix, "-o", "out", "--dask", nobody),
        ("farm", "status", mute),
        ("farm", "worker", mute),
    )
    with ThreadPoolExecutor(len(commands)) as threads:
        for done in threads.map(lambda command: run(*command), commands):
            assert done.returncode == 2, done.stderr
            assert len(done.stderr.splitlines()) == 1
            assert ": no Dask scheduler answers there within" in done.stderr
            assert "start one with `masterprint farm scheduler`" in done.stderr


def test_a_web_server_is_no_scheduler(web: str) -> None:
    with pytest.raises(UsageError, match="no Dask scheduler answers there within 1 s"):
        need_scheduler(web, 1.0)


def test_a_worker_is_no_scheduler(two: FarmProcesses) -> None:
    with closing(Farm(two.address)) as client:
        address = next(iter(client.live()))
    with pytest.raises(UsageError, match="a Worker of Dask answers there"):
        need_scheduler(address)


@pytest.mark.parametrize(
    "address",
    ["", "10.0.0.5", "tcp://studio", "http://studio:8786", "tcp://studio:8786/", "studio:99999"],
)
def test_what_is_no_address_is_told_with_the_form_of_one(address: str) -> None:
    with pytest.raises(UsageError, match="is not the address of a scheduler") as caught:
        need_scheduler(address)
    assert "tcp://10.0.0.5:8786" in str(caught.value)


@pytest.mark.parametrize("address", ["127.0.0.1:9", "tls://localhost:9", "tcp://[::1]:9"])
def test_other_forms_of_an_address_are_tried(address: str) -> None:
    with pytest.raises(UsageError, match="no Dask scheduler answers there"):
        need_scheduler(address, 0.1)


def test_without_the_extra_it_is_told_how_to_install_it(
    mix: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Lacking:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('dask', 'distributed'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Lacking())\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    for command in (
        ("render", "streaming", mix, "-o", "out", "--dask", "tcp://127.0.0.1:9"),
        ("farm", "worker", "tcp://127.0.0.1:9"),
        ("farm", "scheduler"),
    ):
        done = run(*command)
        assert done.returncode == 2
        assert "pip install 'masterprint[farm]'" in done.stderr
    assert run("render", "streaming", mix, "-o", "out").returncode == 0
