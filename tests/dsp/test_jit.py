"""Compiled kernels: compiled late, announced once, cached, exact, and without the GIL."""

import importlib
import os
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest

MODULE = """
    import numpy as np
    from masterprint.dsp.jit import kernel

    @kernel("f8(f8[::1])")
    def total(values):
        result = 0.0
        for n in range(values.shape[0]):
            result += values[n]
        return result

    @kernel("f8(f8[::1])")
    def largest(values):
        result = values[0]
        for n in range(values.shape[0]):
            result = max(result, values[n])
        return result
"""

SCRIPT = """
    import sys
    import numpy as np
    from masterprint.dsp.jit import announce_compilation_to
    from studio import largest, total

    announce_compilation_to(lambda text: print("ANNOUNCED", text))
    assert "numba" not in sys.modules
    print(total(np.arange(5.0)), largest(np.arange(5.0)))
"""


def run_python(code, folder, **environment):
    """Standard output of Python code run with `folder` as its place for modules."""
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", textwrap.dedent(code)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path]), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_kernels_does_not_import_numba(tmp_path):
    found = run_python(
        """
        import sys
        import masterprint.dsp.limiting, masterprint.dsp.biquad, masterprint.metering.meter
        import masterprint.stages.registry
        print("numba" in sys.modules, "scipy" in sys.modules)
        """,
        tmp_path,
    )
    assert found.split() == ["False", "False"]


def test_compiling_is_announced_once_and_then_cached(tmp_path):
    (tmp_path / "studio.py").write_text(textwrap.dedent(MODULE))
    cache = str(tmp_path / "cache")
    first = run_python(SCRIPT, tmp_path, NUMBA_CACHE_DIR=cache).splitlines()
    assert [line.startswith("ANNOUNCED") for line in first] == [True, False]
    assert first[-1] == "10.0 4.0"
    second = run_python(SCRIPT, tmp_path, NUMBA_CACHE_DIR=cache).splitlines()
    assert second == ["10.0 4.0"]


def test_nowhere_to_write_a_cache_is_no_obstacle(tmp_path):
    (tmp_path / "studio.py").write_text(textwrap.dedent(MODULE))
    for name in ("__pycache__", "home"):
        (tmp_path / name).write_text("a file where a folder would have to be")
    home = str(tmp_path / "home")
    environment = {"HOME": home, "XDG_CACHE_HOME": home, "NUMBA_CACHE_DIR": home}
    lines = run_python(SCRIPT, tmp_path, **environment).splitlines()
    assert [line.startswith("ANNOUNCED") for line in lines] == [True, False]
    assert lines[-1] == "10.0 4.0"


def test_what_is_not_in_the_cache_is_compiled_beside_what_is(tmp_path):
    """Loading takes a short cut past tables that compiling needs."""
    (tmp_path / "studio.py").write_text(textwrap.dedent(MODULE))
    cache = str(tmp_path / "cache")
    alone = "import numpy; from studio import total; print(total(numpy.arange(5.0)))"
    assert run_python(alone, tmp_path, NUMBA_CACHE_DIR=cache).split() == ["10.0"]
    lines = run_python(SCRIPT, tmp_path, NUMBA_CACHE_DIR=cache).splitlines()
    assert [line.startswith("ANNOUNCED") for line in lines] == [True, False]
    assert lines[-1] == "10.0 4.0"


@pytest.mark.parametrize("ending", ["nbc", "nbi"])
@pytest.mark.parametrize("kept", [0, 40])
def test_a_damaged_cache_is_no_obstacle(tmp_path, ending, kept):
    (tmp_path / "studio.py").write_text(textwrap.dedent(MODULE))
    cache = tmp_path / "cache"
    run_python(SCRIPT, tmp_path, NUMBA_CACHE_DIR=str(cache))
    damaged = list(cache.rglob(f"*.{ending}"))
    assert len(damaged) == 2
    for file in damaged:
        file.write_bytes(file.read_bytes()[:kept])
    lines = run_python(SCRIPT, tmp_path, NUMBA_CACHE_DIR=str(cache)).splitlines()
    assert lines[-1] == "10.0 4.0"


KERNELS = """
    from masterprint.dsp.jit import kernel

    @kernel("f8(f8[::1])")
    def added_in_order(values):
        result = 0.0
        for n in range(values.shape[0]):
            result += values[n]
        return result

    @kernel("f8(f8[::1])", reads=("values",))
    def only_read(values):
        return values[0] + 10.0 * values[1]

    @kernel("f8(f8, f8)")
    def quotient(above, below):
        return above / below

    @kernel("f8(f8)")
    def doubled(value):
        return 2.0 * value

    @kernel("i8(i8[::1], i8[::1], i8)")
    def wait_for_flag(flag, began, patience):
        turns = 0
        began[0] = 1
        while flag[0] == 0 and turns < patience:
            turns += 1
            began[0] = turns
        return turns
"""


@pytest.fixture(scope="module")
def kernels(tmp_path_factory):
    """A module with kernels: they live in files, because the cache asks for their age."""
    folder = tmp_path_factory.mktemp("kernels")
    (folder / "kernels_for_tests.py").write_text(textwrap.dedent(KERNELS))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield importlib.import_module("kernels_for_tests")


def test_sums_are_taken_in_the_order_that_was_written(kernels):
    """No reassociation: a render must repeat bit for bit, on any machine."""
    values = np.random.default_rng(1).standard_normal(10001) * 10.0 ** np.arange(10001.0).clip(0, 9)
    expected = 0.0
    for value in values.tolist():
        expected += value
    assert kernels.added_in_order(values) == expected


def test_division_follows_numpy_instead_of_raising(kernels):
    assert kernels.quotient(1.0, 0.0) == np.inf
    assert np.isnan(kernels.quotient(0.0, 0.0))


def test_many_threads_may_call_a_kernel_first(kernels):
    gate, results = threading.Barrier(8), []

    def call(value):
        gate.wait()
        results.append(kernels.doubled(float(value)))

    threads = [threading.Thread(target=call, args=(value,)) for value in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [2.0 * value for value in range(8)]


def test_other_threads_run_while_a_kernel_works(kernels):
    """The kernel turns until the flag is up, which only this thread can raise."""
    patience = 3_000_000_000
    flag, began, turns = np.zeros(1, np.int64), np.zeros(1, np.int64), []
    wait = kernels.wait_for_flag
    wait(np.ones(1, np.int64), np.zeros(1, np.int64), 1)  # compiled before it matters
    thread = threading.Thread(target=lambda: turns.append(wait(flag, began, patience)))
    thread.start()
    while began[0] == 0:
        pass
    flag[0] = 1
    thread.join()
    assert turns[0] < patience


@pytest.mark.parametrize(
    "values",
    [np.ones(4, np.float32), np.ones((2, 2)), np.ones(8)[::2], [1.0, 2.0]],
    ids=["float32", "2-D", "strided", "list"],
)
def test_a_kernel_takes_only_what_it_declares(kernels, values):
    """Anything else would be compiled anew in every process, unannounced."""
    with pytest.raises(TypeError):
        kernels.added_in_order(values)


def test_arrays_that_are_only_read_may_be_read_only_or_strided(kernels):
    values = np.arange(4.0)
    assert kernels.only_read(values[1::2]) == 31.0
    values.flags.writeable = False
    assert kernels.only_read(values) == 10.0
    assert kernels.only_read(values[::-1]) == 23.0
    with pytest.raises(TypeError):
        kernels.only_read(values.astype(np.float32))
