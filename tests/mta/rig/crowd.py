"""Threads that do the same until they are told to stop."""

import threading


class Crowd:
    """`_run(number)` is what each does, until `_stop` is set; `_lock` is for what they share. A context: they run inside of it."""

    def __init__(self, count):
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(count)]

    def _run(self, number):
        raise NotImplementedError

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()
