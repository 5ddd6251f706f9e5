"""Renders on a Dask cluster: the same tasks as on this machine, behind the same interface.

`cluster` reaches the scheduler, `workers` is who is there, `pool` hands tasks to them. A `ticket`
is a task on its way, `sent` is what travels of it, `hand` what runs inside a Dask worker; `serving`
starts workers and a scheduler.
"""
