"""bluesky-tiled-plugins' writer of one run, for runs of which the catalog may have a part already."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from bluesky_tiled_plugins.clients.catalog_of_bluesky_runs import CatalogOfBlueskyRuns
from bluesky_tiled_plugins.utils import truncate_json_overflow
from bluesky_tiled_plugins.writing.consolidators import Patch
from bluesky_tiled_plugins.writing.tiled_writer import _RunWriter
from tiled.client.utils import ClientError
from tiled.structures.array import ArrayStructure, BuiltinDtype
from tiled.structures.core import StructureFamily
from tiled.structures.data_source import DataSource

from ..error import CatalogError
from .high_water_mark import Differs, Event, compare, mark
from .make_or_find import make_or_find, only_conflict

# Never reached: `write_waiting` ends a batch.
UNLIMITED = 1_000_000_000
# Of an array in events; a chunk is a file, and is written again as often as a row is added to it.
CHUNK = 1 << 20  # [bytes]
# Texts in an array have a fixed length, and the first are not the longest.
TEXT = 256  # [characters]


class ReattachingWriter(_RunWriter):  # type: ignore[misc]
    """Writes what is missing; give it the documents of a run from the first one on.

    It takes the place of `_RunWriter` of bluesky-tiled-plugins 2.0, and what it writes is laid out the same.
    One that raised is of no use any more, for nobody knows what the server did with the request; a new one
    asks.

    Parameters
    ----------
    runs
        The container of the runs.
    retaken
        By stream, events whose seq_num was used again later in the journal, after the RunEngine rewound: the
        latest counts, as in databroker. Those that are found are added.
    """

    def __init__(self, runs: CatalogOfBlueskyRuns, retaken: defaultdict[str, set[Event]]) -> None:
        super().__init__(runs.include_data_sources(), batch_size=UNLIMITED)
        self._retaken = retaken
        # By stream, time by seq_num.
        self._events: dict[str, dict[int, float]] = {}
        # Rows by table; of events so far by stream, of values so far by array.
        self._rows: dict[str, int] = defaultdict(int)
        self._count: dict[str, int] = defaultdict(int)
        self._frames: list[Any] = []

    def start(self, doc: Any) -> None:
        """Make the node of the run, or find it."""
        try:
            super().start(doc)
        except ClientError as error:
            only_conflict(error)
            self.root_node = self.client[doc["uid"]]
        assert self.root_node is not None
        self.root_node.new = make_or_find(self.root_node)

    def descriptor(self, doc: Any) -> None:
        """Make the node of the stream, or find it with all that is in it."""
        stream = doc["name"]
        node = self._desc_nodes.get(stream)
        if node is None:
            super().descriptor(doc)
            self._events[stream] = {}
            self._attach(stream)
        elif any(update["uid"] == doc["uid"] for update in node.metadata.get("_config_updates", [])):
            self.data_keys.update(doc["data_keys"])
            self._desc_nodes[doc["uid"]] = node
        else:
            super().descriptor(doc)

    def event(self, doc: Any) -> None:
        """Take an event; it is written by `write_waiting`."""
        stream = self._desc_nodes[doc["descriptor"]].item["id"]
        event = (doc["seq_num"], doc["time"])
        earlier = self._events[stream].get(event[0])
        if earlier == event[1] or event in self._retaken[stream]:
            return
        self._events[stream][event[0]] = event[1]
        if earlier is None:
            super().event(doc)
        else:
            # What is there is not changed while others read it; `check` finds it.
            self._retaken[stream].add((event[0], earlier))

    def stream_datum(self, doc: Any) -> None:
        """Take a reference to frames; it is written by `write_waiting`."""
        self._frames.append(doc)

    def write_waiting(self) -> None:
        """Write what was taken: files before events, so that who sees an event finds its frame."""
        changed: dict[str, tuple[Any, Any, list[Patch]]] = {}
        for doc in self._frames:
            node, consolidator, patch = self._update_consolidator(doc)
            changed.setdefault(node.uri, (node, consolidator, []))[2].append(patch)
        self._frames.clear()
        for node, consolidator, patches in changed.values():
            source = consolidator.get_data_source()
            if not _refers(node, source):
                self._update_data_source_for_node(node, source, Patch.combine_patches(patches))
        for stream, rows in self._internal_data_cache.items():
            if rows:
                self._write_internal_data(rows, desc_node=self._desc_nodes[stream])
                rows.clear()

    def stop(self, doc: Any) -> None:
        """Write the stop document, once all else is there.

        Raises
        ------
        Differs, CatalogError
            If it is not; see `compare`.
        """
        self.write_waiting()
        self.check()
        assert self.root_node is not None
        if (self.root_node.metadata.get("stop") or {}).get("uid") == doc["uid"]:
            self._close_stream_tree()
        else:
            super().stop(doc)

    def check(self) -> None:
        """Ask the server whether it has every document so far, and each once.

        Raises
        ------
        Differs, CatalogError
            If it has not; see `compare`.
        """
        for stream, events in self._events.items():
            there = dict(self._desc_nodes[stream].items())
            tables = [node for node in there.values() if node.structure_family == StructureFamily.table]
            if events and not tables:
                raise Differs(f"stream {stream} has no table")
            for table in tables:
                compare(mark(table), list(events.items()), self._retaken[stream])
            for key in self._int_array_keys[stream] | self._int_ragged_array_keys[stream]:
                if (count := self._count[f"{stream}/{key}"]) and (
                    key not in there or there[key].shape[0] < count
                ):
                    raise Differs(f"array {stream}/{key} has not {count} rows")
            for key, node in there.items():
                if consolidator := self._consolidators.get(f"{stream}_{key}"):
                    source = consolidator.get_data_source()
                    if not _refers(node, source):
                        self._update_data_source_for_node(node, source)

    def _attach(self, stream: str) -> None:
        """Take over what the stream's node has in it, and what the server says is in that."""
        assert self.root_node is not None
        node = self._desc_nodes[stream]
        for key in sorted(self._int_array_keys[stream]):
            # It names dimensions as it comes upon their sizes, whatever is there already.
            self._internal_dims(stream, (None, *self.data_keys[key]["shape"]))
        if stream in self.root_node.new.found:
            for key, child in node.items():
                if child.structure_family == StructureFamily.table:
                    name = stream + key.removeprefix("internal")
                    self._internal_tables[name] = child
                    self._rows[child.uri] = mark(child).rows
                elif key in self._int_array_keys[stream] | self._int_ragged_array_keys[stream]:
                    self._internal_arrays[f"{stream}/{key}"] = child
        node.new = make_or_find(node)

    def _write_internal_data(self, data_cache: list[dict[str, Any]], desc_node: Any) -> None:
        stream = desc_node.item["id"]
        ragged = self._int_ragged_array_keys[stream]
        for key in self._int_array_keys[stream] | ragged:
            self._drop_values_that_are_there(stream, key, data_cache)
        for key in self._int_array_keys[stream]:
            self._make_array(desc_node, stream, key, [row[key] for row in data_cache if key in row])
        # The parent would write an empty one.
        self._int_ragged_array_keys[stream] = {key for key in ragged if any(key in row for row in data_cache)}
        count = len(data_cache)
        try:
            super()._write_internal_data(data_cache, desc_node)
        except OverflowError as error:
            raise CatalogError(_too_large(stream, data_cache)) from error
        self._int_ragged_array_keys[stream] = ragged
        self._count[stream] += count

    def _drop_values_that_are_there(self, stream: str, key: str, rows: list[dict[str, Any]]) -> None:
        name = f"{stream}/{key}"
        having = [row for row in rows if key in row]
        if name in self._internal_arrays:
            for row in having[: max(0, self._internal_arrays[name].shape[0] - self._count[name])]:
                del row[key]
        self._count[name] += len(having)

    def _make_array(self, node: Any, stream: str, key: str, values: list[Any]) -> None:
        """Make an array without rows: one with rows is filled by a second request, which may never come."""
        name = f"{stream}/{key}"
        if (there := self._internal_arrays.get(name)) is not None:
            if values and there.dtype.kind in "US" and np.array(values).itemsize > there.dtype.itemsize:
                raise ValueError(
                    f"a text in {name} is longer than the {there.dtype} that its first rows made it"
                )
            return
        if not values:
            return
        metadata = truncate_json_overflow(self.data_keys.get(key, {}))
        declared = np.dtype(metadata.get("dtype_numpy") or float)
        try:
            array = np.array(values, dtype=None if declared.kind == "O" else declared)
        except ValueError:
            return  # of different lengths: the parent knows what to do
        if 0 in array.shape:
            return
        if array.dtype.kind in "US":
            array = array.astype(f"{array.dtype.kind}{max(TEXT, np.strings.str_len(array).max())}")
        rows = min(len(array), max(1, CHUNK // array[0].nbytes))
        structure = ArrayStructure(
            shape=(0, *array.shape[1:]),
            chunks=((rows,), *((size,) for size in array.shape[1:])),
            dims=self._internal_dims(stream, array.shape),
            data_type=BuiltinDtype.from_numpy_dtype(array.dtype),
        )
        self._internal_arrays[name] = node.new(
            StructureFamily.array,
            [DataSource(structure=structure, structure_family=StructureFamily.array)],
            key=key,
            metadata=metadata | {"dtype_numpy": str(array.dtype)},
            access_tags=self.access_tags,
        )
        self.notes.append(f"Internal array data for '{key}' in stream '{stream}' written as zarr.")

    def _append_with_retry(self, df_client: Any, table: Any, desc_name: str) -> None:
        """Append the rows that are not there; never a second time."""
        missing = table.slice(max(0, self._rows[df_client.uri] - self._count[desc_name]))
        if len(missing):
            df_client.append_partition(0, missing)


def _refers(node: Any, source: Any) -> bool:
    """Whether the node, when it was last asked for, referred to all the frames of a data source."""
    (there,) = node.data_sources()
    if source.structure_family == StructureFamily.array:
        length, wanted = there.structure["shape"][0], source.structure.shape[0]
        if length != wanted:
            return bool(length > wanted)
    return len(there.assets) >= len(source.assets) and there.parameters == source.parameters


def _too_large(stream: str, rows: list[dict[str, Any]]) -> str:
    """Say which number of these events no table takes."""
    for row in rows:
        for key, value in row.items():
            if isinstance(value, int) and not -(2**63) <= value < 2**63:
                return (
                    f"{key} of event {row.get('seq_num')} of {stream} is {value}, and a table's integers "
                    "have 64 bits with a sign: have the device give a float or a text"
                )
    return f"a number in {stream} is too large for a table"
