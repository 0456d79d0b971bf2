"""How many documents of a journal are not yet in the catalog, and since when."""

from __future__ import annotations

from pathlib import Path

from ..journal.file import JournalError, read


class Backlog:
    """Counts the lines of growing files, each once.

    One may count while another thread forwards; what it says is then a moment old.
    """

    def __init__(self) -> None:
        # By file: where counting stopped [bytes], and lines so far.
        self._counted: dict[Path, tuple[int, int]] = {}

    def behind(self, journal: Path, forwarded: int = 0) -> int:
        """Documents that are in a journal beyond the first `forwarded`; 0 if it can't be read."""
        end, lines = self._counted.get(journal, (0, 0))
        try:
            with journal.open("rb") as file:
                file.seek(end)
                for line in file:
                    if line.endswith(b"\n"):
                        end, lines = end + len(line), lines + 1
        except OSError:
            self._counted.pop(journal, None)
            return 0
        self._counted[journal] = end, lines
        return max(0, lines - forwarded)


def oldest(journal: Path, offset: int = 0) -> float | None:
    """Time of the first document from an offset on [s since 1970], None if it has none or can't be read."""
    try:
        documents, _ = read(journal, offset, limit=1)
    except (OSError, JournalError):
        return None
    time = documents[0][1].get("time") if documents else None
    return float(time) if isinstance(time, int | float) else None
