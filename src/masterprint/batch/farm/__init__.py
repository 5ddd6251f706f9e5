"""Renders on a Dask cluster: the same tasks as on this machine, behind the same interface.

`reaching` finds out whether there is a scheduler, `cluster` is the connection to it, `workers` is
who is there and `pulse` who lives; `pool` hands tasks to them. A `ticket` is a task on its way,
`sent` is what travels of it, `hand` what runs inside a Dask worker. `serving` starts workers and a
scheduler; `quiet` keeps Dask from the terminal.
"""
