"""A change of any byte, a cut at any length: refused before a single byte is decoded."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from service.artifacts.artifact import FILES, unpack
from service.artifacts.signing import (
    TrustedKeys,
    generate_key_pair,
    read_trusted_keys,
    sign_manifest,
)
from service.artifacts.store import Store
from service.errors import ArtifactError

DECODERS = {"decode_payload", "parse_manifest", "load"}
WATCHING = threading.local()


def _hear(event: str, _: object) -> None:
    if event in {"pickle.find_class", "exec", "import"} and getattr(WATCHING, "heard", None):
        WATCHING.heard.append(event)


# There is no way to take it off again, so it listens only where a test says so.
sys.addaudithook(_hear)


@contextmanager
def decoded() -> Iterator[list[str]]:
    """Note what is decoded: by name of function, and as the interpreter's own auditor hears it."""
    heard = ["(start)"]

    def called(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_name in DECODERS:
            heard.append(frame.f_code.co_name)

    WATCHING.heard = heard
    before = sys.getprofile()
    sys.setprofile(called)
    try:
        yield heard
    finally:
        sys.setprofile(before)
        WATCHING.heard = None
        heard.remove("(start)")


@pytest.fixture(scope="module")
def whole(store: Path) -> dict[str, bytes]:
    """The files of a small model, whole."""
    return Store(root=store).read("demo", 1)


def test_a_whole_artifact_is_decoded_and_heard(whole: dict[str, bytes]) -> None:
    with decoded() as heard:
        unpack(whole)

    assert {"decode_payload", "parse_manifest", "pickle.find_class"} <= set(heard)


@pytest.mark.parametrize("file", FILES)
def test_a_change_of_any_byte_is_refused_before_anything_is_decoded(
    whole: dict[str, bytes], file: str
) -> None:
    with decoded() as heard:
        for position in range(len(whole[file])):
            for mask in (0x01, 0xFF):
                content = bytearray(whole[file])
                content[position] ^= mask
                with pytest.raises(ArtifactError, match=r"differ from what manifest\.sha256"):
                    unpack({**whole, file: bytes(content)})

    assert heard == []


@pytest.mark.parametrize("file", FILES)
def test_a_cut_at_any_length_is_refused_before_anything_is_decoded(
    whole: dict[str, bytes], file: str
) -> None:
    with decoded() as heard:
        for length in range(len(whole[file])):
            with pytest.raises(ArtifactError, match=r"differ from what manifest\.sha256"):
                unpack({**whole, file: whole[file][:length]})

    assert heard == []


class TestSigned:
    """Files of which only those that a trusted key signed are decoded."""

    @pytest.fixture
    def pem(self) -> tuple[bytes, bytes]:
        """Both halves of a key pair."""
        pair = generate_key_pair()
        return pair.private_pem, pair.public_pem

    @pytest.fixture
    def trusted(self, pem: tuple[bytes, bytes], tmp_path: Path) -> TrustedKeys:
        """The public half, as the service reads it."""
        (tmp_path / "key.pub").write_bytes(pem[1])
        return read_trusted_keys(tmp_path / "key.pub")

    def test_no_change_and_no_cut_of_the_signature_is_decoded(
        self, whole: dict[str, bytes], pem: tuple[bytes, bytes], trusted: TrustedKeys
    ) -> None:
        line = sign_manifest("demo", whole["manifest.json"], pem[0])
        unpack({**whole, "manifest.sig": line}, "demo", trusted)
        end = len(line) - 1  # the line break at the end says nothing

        with decoded() as heard:
            for position in range(end):
                changed = bytearray(line)
                changed[position] ^= 0x01
                for content in (bytes(changed), line[:position]):
                    with pytest.raises(ArtifactError, match=r"manifest\.sig"):
                        unpack({**whole, "manifest.sig": content}, "demo", trusted)

        assert heard == []

    def test_sums_that_fit_are_not_enough(
        self, whole: dict[str, bytes], pem: tuple[bytes, bytes], trusted: TrustedKeys, store: Path
    ) -> None:
        line = sign_manifest("demo", whole["manifest.json"], pem[0])
        other = Store(root=store).read("iris", 1)

        with decoded() as heard, pytest.raises(ArtifactError, match="no signature of a trusted"):
            unpack({**other, "manifest.sig": line}, "demo", trusted)

        assert heard == []
