"""Names that have moved since the commits that benchmarks compare: scripts import them from here, as they run with the
packages of both checkouts.
"""

try:
    from features.derive.fit_reference import fit_reference
except ModuleNotFoundError:  # before 2026-11-28
    from features.derive.reference import fit_reference  # type: ignore[no-redef, attr-defined]

__all__ = ["fit_reference"]
