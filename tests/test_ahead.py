"""Working ahead in a thread: the same items, in order, and no thread left behind."""

import gc
import threading

import pytest

from masterprint.ahead import DEPTH, ahead


def workers():
    return [t for t in threading.enumerate() if t.name == "masterprint-ahead"]


@pytest.fixture(autouse=True)
def no_thread_stays():
    before = set(workers())
    yield
    gc.collect()
    assert set(workers()) <= before


@pytest.mark.parametrize("depth", [1, 2, DEPTH, 100])
@pytest.mark.parametrize("count", [0, 1, 5, 1000])
def test_everything_comes_once_and_in_order(count, depth):
    assert list(ahead(iter(range(count)), depth)) == list(range(count))


def test_none_and_exceptions_may_be_items():
    error = ValueError("just an item")
    assert list(ahead(iter([None, error, (), None]))) == [None, error, (), None]


def test_the_source_runs_in_a_thread_of_its_own():
    def source():
        yield threading.current_thread()

    assert next(ahead(source())) is not threading.current_thread()


def test_the_source_works_ahead_but_not_without_bounds():
    made, reached = [], threading.Event()

    def source():
        for n in range(100):
            made.append(n)
            if n == 4:
                reached.set()
            yield n

    items = ahead(source(), 4)
    assert next(items) == 0
    assert reached.wait(10)  # nobody asked for items 1 to 4 yet
    assert len(made) <= 1 + 4 + 1  # given, waiting, in hand
    assert list(items) == list(range(1, 100))


def test_nothing_starts_before_the_first_item_is_asked_for():
    made = []
    items = ahead(made.append(n) or n for n in range(3))
    assert made == []
    items.close()


@pytest.mark.parametrize("error", [ValueError("bad block"), KeyboardInterrupt(), SystemExit(3)])
def test_an_exception_passes_through_after_what_came_before(error):
    def source():
        yield 1
        yield 2
        raise error

    items = ahead(source())
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(type(error)) as caught:
        next(items)
    assert caught.value is error
    assert next(items, "ended") == "ended"


def test_an_exception_before_the_first_item():
    def source():
        raise OSError("no such file")
        yield

    with pytest.raises(OSError, match="no such file"):
        next(ahead(source()))


@pytest.mark.parametrize("taken", [1, 3])
def test_stopping_early_ends_the_thread_and_closes_the_source(taken):
    closed = threading.Event()

    def source():
        try:
            n = 0
            while True:
                yield n
                n += 1
        finally:
            closed.set()

    items = ahead(source())
    assert [next(items) for _ in range(taken)] == list(range(taken))
    items.close()
    assert closed.is_set()
    assert workers() == []


def test_dropping_the_items_ends_the_thread():
    def source():
        while True:
            yield 0

    items = ahead(source())
    next(items)
    del items
    gc.collect()
    assert workers() == []


def test_an_error_of_the_taker_ends_the_thread():
    def take():
        for item in ahead(iter(range(1000))):
            if item == 5:
                raise RuntimeError("the encoder failed")

    with pytest.raises(RuntimeError, match="the encoder failed"):
        take()
    gc.collect()
    assert workers() == []


def test_one_ahead_of_another():
    doubled = ahead(2 * n for n in ahead(iter(range(500))))
    assert list(doubled) == list(range(0, 1000, 2))


def test_stopping_a_row_of_them_ends_them_all():
    items = ahead(n + 1 for n in ahead(iter(range(10**9))))
    assert next(items) == 1
    items.close()
    gc.collect()
    assert workers() == []


def test_an_iterator_without_close_will_do():
    class Counter:
        def __init__(self):
            self.n = 0

        def __iter__(self):
            return self

        def __next__(self):
            self.n += 1
            if self.n > 3:
                raise StopIteration
            return self.n

    assert list(ahead(Counter())) == [1, 2, 3]
