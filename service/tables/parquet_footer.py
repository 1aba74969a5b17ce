"""Parquet files put together from row groups that were written one at a time.

A Parquet file ends in a footer that says where each of its row groups begins, and pyarrow
cannot go on with a file whose writer was killed. So every row group is written as a small file
of its own; its pages are kept, and its footer is kept aside until all of them become one.

References
----------
.. [1] Apache Parquet, "File Format", parquet.thrift: FileMetaData, RowGroup, ColumnChunk.
"""

from collections.abc import Sequence

from service.tables.thrift import I16, I64, Entries, Struct, decode_struct, encode_struct

MAGIC = b"PAR1"
_TAIL = 8
"""Bytes behind the footer: its length and the magic."""

_NUM_ROWS, _ROW_GROUPS = 3, 4
_COLUMNS, _GROUP_OFFSET, _ORDINAL = 1, 5, 7
_METADATA = 3
_CHUNK_OFFSETS = (2, 4, 6)
"""Of a ColumnChunk: its own, its offset index and its column index."""
_PAGE_OFFSETS = (9, 10, 11, 14)
"""Of its metadata: data page, index page, dictionary page and Bloom filter."""
_MOST_ORDINALS = 2**15


def split_file(content: memoryview) -> tuple[memoryview, bytes]:
    """Take a small Parquet file apart.

    Parameters
    ----------
    content : memoryview
        The whole file.

    Returns
    -------
    pages : memoryview
        What stands between the magic and the footer.
    footer : bytes
        The footer, without its length.
    """
    length = int.from_bytes(content[-_TAIL:-4], "little")
    end = len(content) - _TAIL - length
    return content[len(MAGIC) : end], bytes(content[end:-_TAIL])


def moved_footer(footer: bytes, offset: int) -> bytes:
    """Give the footer of a file whose pages begin elsewhere now.

    Parameters
    ----------
    footer : bytes
        Of a file that begins with its own pages.
    offset : int
        Where in the large file they begin.

    Returns
    -------
    bytes
        The footer, with every offset moved.
    """
    struct = decode_struct(footer)
    distance = offset - len(MAGIC)
    for group in struct[_ROW_GROUPS][1].values:
        _move(group, (_GROUP_OFFSET,), distance)
        for chunk in group[_COLUMNS][1].values:
            _move(chunk, _CHUNK_OFFSETS, distance)
            _move(chunk[_METADATA][1], _PAGE_OFFSETS, distance)
    return encode_struct(struct)


def joined_footer(footers: Sequence[bytes]) -> bytes:
    """Give the end of a file that holds the row groups of several footers.

    Parameters
    ----------
    footers : sequence of bytes
        One at least; their offsets are those of the large file.

    Returns
    -------
    bytes
        The footer, its length and the magic.
    """
    structs = [decode_struct(footer) for footer in footers]
    whole = structs[0]
    groups = [group for struct in structs for group in struct[_ROW_GROUPS][1].values]
    for ordinal, group in enumerate(groups):
        group.pop(_ORDINAL, None)
        if ordinal < _MOST_ORDINALS:
            group[_ORDINAL] = (I16, ordinal)
    n_rows = sum(struct[_NUM_ROWS][1] for struct in structs)
    kind = whole[_ROW_GROUPS][1].kind
    whole[_NUM_ROWS] = (I64, n_rows)
    whole[_ROW_GROUPS] = (whole[_ROW_GROUPS][0], Entries(kind=kind, values=groups))
    footer = encode_struct(whole)
    return footer + len(footer).to_bytes(4, "little") + MAGIC


def _move(struct: Struct, fields: Sequence[int], distance: int) -> None:
    for field in fields:
        if field in struct and struct[field][1]:  # zero stands for none
            kind, value = struct[field]
            struct[field] = (kind, value + distance)
