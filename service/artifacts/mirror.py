"""A folder on this machine that follows the objects of a bucket."""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from service.artifacts.artifact import FILES, SUMS_FILE
from service.artifacts.atomic import locked_folder, replace_file, write_synced, writing_store
from service.artifacts.bucket import Bucket, Stored
from service.artifacts.reader import (
    ACTIVE_FILE,
    MAX_FILE_BYTES,
    NAME,
    OPTIONAL_FILES,
    VERSION,
)

INDEX_FILE = ".index.json"
POLICIES = "policies"
PARTS_OF_POLICY = 4


@dataclass(frozen=True, kw_only=True)
class Mirror:
    """A folder that follows a bucket.

    A version is fetched once all of its files are there, and appears at one instant; the file
    ``ACTIVE`` follows after it, and what is gone goes at last. The index says what each file
    was fetched as, so that nothing is fetched twice.

    Parameters
    ----------
    bucket : Bucket
        What is followed.
    root : Path
        The folder; made where it is missing, for its owner alone.
    """

    bucket: Bucket
    root: Path

    def follow(self) -> None:
        """Make the folder hold what the bucket holds now.

        Raises
        ------
        ArtifactError
            If the bucket does not answer or the folder cannot be written; what was fetched
            before is all there then.
        """
        listing = wanted(self.bucket.listing())
        with writing_store():
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            with locked_folder(self.root):
                index = self._index()
                known = {name: index.get(name) for name in listing}
                missing = [name for name in listing if not self._holds(name, listing, known)]
                if missing:
                    self._fetch(missing)
                if self._drop(listing) or missing:
                    self._write_index(listing)

    def _holds(self, name: str, listing: Mapping[str, Stored], known: Mapping[str, object]) -> bool:
        entry = known[name]
        try:
            status = (self.root / name).stat()
        except OSError:
            return False
        return entry == [asdict(listing[name]), status.st_size, status.st_mtime_ns]

    def _index(self) -> dict[str, object]:
        try:
            found = orjson.loads((self.root / INDEX_FILE).read_bytes())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write_index(self, listing: Mapping[str, Stored]) -> None:
        index = {}
        for name, stored in listing.items():
            status = (self.root / name).stat()
            index[name] = [asdict(stored), status.st_size, status.st_mtime_ns]
        replace_file(self.root / INDEX_FILE, orjson.dumps(index))

    def _fetch(self, missing: list[str]) -> None:
        whole, single = _new_versions(self.root, missing)
        for folder, names in whole.items():
            staged = Path(tempfile.mkdtemp(prefix=".new-", dir=self.root))
            try:
                for name in names:
                    write_synced(staged / Path(name).name, self._read(name))
                (self.root / folder).parent.mkdir(exist_ok=True)
                staged.rename(self.root / folder)
            except BaseException:
                shutil.rmtree(staged, ignore_errors=True)
                raise
        for name in sorted(single, key=_turn):
            content = self._read(name)
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            replace_file(self.root / name, content)

    def _read(self, name: str) -> bytes:
        return self.bucket.read(name, MAX_FILE_BYTES)

    def _drop(self, listing: Mapping[str, Stored]) -> bool:
        """Remove what the bucket holds no more; tell whether there was any."""
        kept = {*listing, *(str(p) for name in listing for p in Path(name).parents)}
        gone = [
            path
            for path in sorted(self.root.rglob("*"))
            if str(path.relative_to(self.root)) not in kept and path.name != INDEX_FILE
        ]
        for path in gone:
            if path.is_dir():
                # Under another name first, so that a version goes at one instant.
                away = Path(tempfile.mkdtemp(prefix=".new-", dir=self.root))
                path.rename(away / path.name)
                shutil.rmtree(away)
            else:
                path.unlink(missing_ok=True)
        return bool(gone)


def wanted(listing: Mapping[str, Stored]) -> dict[str, Stored]:
    """Choose from a listing what a service reads: whole versions, ``ACTIVE``, policies.

    Parameters
    ----------
    listing : mapping of str to Stored
        Objects by name; anybody's.

    Returns
    -------
    dict of str to Stored
        Those with a place in a store, none of which leads out of it.
    """
    found = {}
    for name, stored in listing.items():
        parts = name.split("/")
        if not NAME.fullmatch(parts[0]):
            continue
        rest = parts[1:]
        is_active = rest == [ACTIVE_FILE]
        is_file = (
            len(rest) == 2  # noqa: PLR2004 - version and file
            and bool(VERSION.fullmatch(rest[0]))
            and rest[1] in {*FILES, *OPTIONAL_FILES}
            and all(f"{parts[0]}/{rest[0]}/{file}" in listing for file in FILES)
        )
        is_policy = (
            len(parts) == PARTS_OF_POLICY
            and rest[0] == POLICIES
            and bool(NAME.fullmatch(rest[1]))
            and (rest[2] == ACTIVE_FILE or bool(NAME.fullmatch(rest[2])))
        )
        if is_active or is_file or is_policy:
            found[name] = stored
    # Without a version, ACTIVE is of one that is on its way, and the rest of nothing.
    models = {name.split("/")[0] for name in found if name.endswith(f"/{SUMS_FILE}")}
    return {name: stored for name, stored in found.items() if name.split("/")[0] in models}


def _turn(name: str) -> tuple[bool, bool]:
    """Let a policy come after its sums, and what names a number after what has it."""
    return name.endswith(f"/{ACTIVE_FILE}"), name.endswith(".json")


def _new_versions(root: Path, missing: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Part what is to be fetched in versions that are not there at all, and single files."""
    whole: dict[str, list[str]] = {}
    single = []
    for name in missing:
        folder, _, _ = name.rpartition("/")
        is_version = bool(VERSION.fullmatch(folder.rpartition("/")[2]))
        if is_version and not (root / folder).exists():
            whole.setdefault(folder, []).append(name)
        else:
            single.append(name)
    return whole, single
