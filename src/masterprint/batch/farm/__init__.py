"""Renders on a Dask cluster: the same tasks as on this machine, behind the same interface.

`cluster` knows the workers, `pool` hands tasks to them, `sent` is a task as it travels, `hand` is
what runs inside a Dask worker, `serving` starts workers and a scheduler.
"""
