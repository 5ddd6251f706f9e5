"""One sentence on a master's ceiling for a service, from what its codecs make of it."""

from __future__ import annotations

from masterprint.codecs.table import CodecTable
from masterprint.release.platforms import Service


def safe_ceiling_dbtp(table: CodecTable, service: Service) -> float | None:
    """The ceiling at which nothing that the service plays would have passed its limit."""
    limit = service.peak_limit_dbtp(table.measurement.integrated_lufs)
    return table.safe_ceiling_dbtp(service.codecs, limit)


def advice(table: CodecTable, service: Service) -> str:
    """What the codecs of a service do to a master, and which ceiling would have been safe."""
    rows = [table.rows[name] for name in service.codecs if name in table.rows]
    lossy = [row for row in rows if not row.lossless and row.true_peak_dbtp is not None]
    limit = service.peak_limit_dbtp(table.measurement.integrated_lufs)
    own = table.measurement.true_peak_dbtp
    if any(row.failed for row in rows):
        missing = ", ".join(row.label for row in rows if row.failed)
        begin = f"without {missing}: "
    else:
        begin = ""
    if own is None:
        return f"{begin}silence."
    if not lossy:
        if any(not row.lossless for row in rows):
            return f"{begin}nothing is known of its codecs."
        return f"{begin}no lossy codec changes its peaks."
    worst = max(lossy, key=lambda row: row.true_peak_dbtp or 0.0)
    assert worst.true_peak_dbtp is not None
    peak = f"{worst.label} brings it to {worst.true_peak_dbtp:.2f} dBTP"
    if worst.true_peak_dbtp <= limit:
        return f"{begin}safe as it is: {peak}, under {limit:g}."
    safe = safe_ceiling_dbtp(table, service)
    clipped = sum(row.clipped_samples > 0 for row in lossy)
    clips = "" if not clipped else f", and {clipped} of {len(lossy)} lossy formats clip"
    clips = ", and clips" if clipped and len(lossy) == 1 else clips
    return (
        f"{begin}{peak}, over {limit:g}{clips}; a ceiling of {safe:.1f} dBTP would have been safe."
    )
