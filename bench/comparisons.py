"""What is compared with what, and what has to hold: `comparisons` is the list."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from material import LONG, Material
from terms import Command, Comparison, Contender, Target

HERE = Path(__file__).resolve().parent
VST3 = Path("/usr/lib/vst3")
ZAM = "zam-plugins"
CHAIN = HERE / "chain.yaml"
TWELVE, TINY = 12, 200
STREAMING = HERE.parent / "chains" / "streaming.yaml"


@dataclass(frozen=True)
class Bench:
    """Everything that a command line is made of."""

    masterprint: list[str]
    peer_python: Path
    material: Material

    @property
    def out(self) -> Path:
        """Where all masters are written."""
        return self.material.home / "out"

    @property
    def studies(self) -> Path:
        """What studies are made on, and what comes out of it."""
        return self.material.home / "studies"

    def comparisons(self) -> list[Comparison]:
        """All of them, in the order of the table."""
        return [
            *self._measuring(),
            *self._chain(),
            *self._plugins(),
            *self._bulk(),
            *self._mastering(),
            *self._memory(),
            *self._start_up(),
        ]

    def _own(self, *words: str | Path) -> Command:
        return [*self.masterprint, *words]

    def _render(self, chain: Path, *names: str) -> tuple[Command, tuple[Path, ...]]:
        mixes = [self.material.path(name) for name in names]
        folder = self.out / "masters"
        command = self._own("render", chain, *mixes, "-o", folder, "--overwrite", "--quiet")
        return command, tuple(folder / mix.name for mix in mixes)

    def _script(self, name: str, *arguments: str | Path) -> Command:
        return [self.peer_python, HERE / name, *arguments]

    def _ffmpeg(self, name: str) -> Command:
        filters = ["-af", "ebur128=peak=true", "-f", "null", "-"]
        return ["ffmpeg", "-hide_banner", "-nostats", "-i", self.material.path(name), *filters]

    def _measuring(self) -> list[Comparison]:
        album, one = tuple(self.material.album), self.material.path("six-minutes")
        mixes = [self.material.path(name) for name in album]

        def loudness_alone(package: str) -> Contender:
            script = self._script(f"peer_{package}.py", one)
            return Contender(f"{package}: LUFS alone", [script], package)

        return [
            Comparison(
                "measure-set",
                "Measure a set of mixes",
                Contender("masterprint, in one go", [self._own("measure", "--json", *mixes)]),
                (
                    Contender(
                        "ffmpeg, each in turn",
                        [self._ffmpeg(name) for name in album],
                        "ffmpeg",
                        (Target("time", "share", 0.35, aim=0.25),),
                    ),
                ),
                album,
            ),
            Comparison(
                "measure-one",
                "Measure one mix",
                Contender("masterprint measure", [self._own("measure", "--json", one)]),
                (
                    Contender(
                        "ffmpeg ebur128 with true peak",
                        [self._ffmpeg("six-minutes")],
                        "ffmpeg",
                        (Target("time", "share", 0.8),),
                    ),
                    loudness_alone("pyloudnorm"),
                    loudness_alone("loudness"),
                    Contender("sox stats: levels alone", [["sox", one, "-n", "stats"]], "sox"),
                ),
                ("six-minutes",),
            ),
        ]

    def _chain(self) -> list[Comparison]:
        def beside(names: tuple[str, ...], *targets: Target) -> tuple[Contender, Contender]:
            command, masters = self._render(CHAIN, *names)
            made = tuple(self.out / "pedalboard" / f"{name}.wav" for name in names)
            scripts = [
                self._script("peer_pedalboard.py", self.material.path(name), master)
                for name, master in zip(names, made, strict=True)
            ]
            return (
                Contender("masterprint render", [command], makes=masters),
                Contender("pedalboard, script per mix", scripts, "pedalboard", targets, made),
            )

        album, one = tuple(self.material.album), "six-minutes"
        ours, theirs = beside(album, Target("time", "share", 0.4, aim=0.3))
        our_one, their_one = beside((one,), Target("time", "share", 0.7))
        mix = self.material.path(one)
        return [
            Comparison("chain-set", "Chain on a set of mixes", ours, (theirs,), album),
            Comparison("chain-one", "Chain on one mix", our_one, (their_one,), (one,)),
            Comparison(
                "chain-array",
                "Chain on an array, one thread",
                Contender(
                    "masterprint chain.apply",
                    [[sys.executable, HERE / "array_masterprint.py", CHAIN, mix]],
                    times_itself=True,
                ),
                (
                    Contender(
                        "pedalboard call",
                        [self._script("peer_pedalboard_array.py", mix)],
                        "pedalboard",
                        (Target("time", "share", 0.7),),
                        times_itself=True,
                    ),
                ),
                (one,),
                warm_up=False,
            ),
        ]

    def _plugins(self) -> list[Comparison]:
        one = "six-minutes"

        def beside(name: str, title: str, chain: Path, *bundles: str) -> Comparison:
            command, masters = self._render(chain, one)
            made = self.out / "bare" / f"{one}.wav"
            plugins = [VST3 / f"{bundle}.vst3" for bundle in bundles]
            script = self._script("peer_plugins.py", self.material.path(one), made, *plugins)
            bounds = (Target("time", "share", 1.05),)
            theirs = Contender("bare pedalboard script", [script], ZAM, bounds, (made,))
            ours = Contender("masterprint render", [command], ZAM, (), masters)
            return Comparison(name, title, ours, (theirs,), (one,), runs=3)

        names = ("ZamCompX2", "ZaMultiCompX2", "ZaMaximX2")
        return [
            beside("plugins", "Plugins: a mastering chain", HERE / "plugins.yaml", *names),
            beside("plugins-one", "Plugins: one quick one", HERE / "plugins-one.yaml", names[0]),
        ]

    def _bulk(self) -> list[Comparison]:
        def batch(mix: str, count: int, jobs: int) -> tuple[Command, tuple[Path, ...]]:
            rows = self.material.jobs_file(mix, count)
            folder = self.out / f"jobs-{jobs}"
            words = ("-o", folder, "--jobs", str(jobs), "--overwrite", "--quiet")
            made = tuple(folder / f"{mix}-{number:03}.wav" for number in range(count))
            return self._own("batch", rows, *words), made

        two, two_make = batch("mix-1", TWELVE, 2)
        one, one_makes = batch("mix-1", TWELVE, 1)
        turns, turns_make = self._render(STREAMING, "mix-1")
        many, many_make = batch("tiny", TINY, 1)
        plain = [sys.executable, HERE / "one_process.py", self.material.path("tiny"), str(TINY)]
        return [
            Comparison(
                "jobs",
                f"{TWELVE} mixes of 3 minutes, 2 cores",
                Contender("masterprint batch --jobs 2", [two], makes=two_make),
                (
                    Contender(
                        "masterprint batch --jobs 1",
                        [one],
                        "",
                        (Target("time", "share", round(1 / 1.85, 4)),),
                        one_makes,
                    ),
                    Contender(
                        "masterprint render, one by one", [turns] * TWELVE, "", (), turns_make
                    ),
                ),
                ("mix-1",),
                runs=3,
            ),
            Comparison(
                "jobs-tiny",
                f"{TINY} mixes of half a second",
                Contender("masterprint batch --jobs 1", [many], makes=many_make),
                (
                    Contender(
                        "all in one process",
                        [[*plain, self.out / "one-process"]],
                        "",
                        (Target("time", "more by", 0.1 * TINY),),
                    ),
                ),
                ("tiny",),
                runs=3,
            ),
            self._hashing(),
        ]

    def _hashing(self) -> Comparison:
        command = [sys.executable, HERE / "hashing.py", self.material.path("mix-1"), self.out]
        most = (Target("time", "share", round(1 / 0.95, 4)),)

        def without(what: str, name: str, *targets: Target) -> Contender:
            words = [*command, "--without", what]
            return Contender(name, [words], "", targets, times_itself=True)

        return Comparison(
            "hashing",
            "Render, one core, with its hashes",
            Contender("masterprint.render", [command], times_itself=True),
            (
                without("stages", "without those of stages", *most),
                without("all", "without any"),
            ),
            ("mix-1",),
            runs=3,
            warm_up=False,
        )

    def _mastering(self) -> list[Comparison]:
        song, reference = "mix-3", "mix-2"
        mix = self.material.path(song)
        bounds = (Target("time", "share", 0.15), Target("memory", "share", 0.33))

        def whole(package: str, *more: Path) -> Contender:
            made = self.out / package / f"{song}.wav"
            script = self._script(f"peer_{package}.py", mix, *more, made)
            return Contender(package, [script], package, bounds, (made,))

        def beside(name: str, title: str, chain: Path) -> Comparison:
            command, masters = self._render(chain, song)
            peers = (whole("matchering", self.material.path(reference)), whole("libsonare"))
            ours = Contender("masterprint render", [command], makes=masters)
            return Comparison(name, title, ours, peers, (song, reference), runs=3)

        return [
            beside("mastering", "Master one song, to a loudness", STREAMING),
            beside("mastering-chain", "Master one song, with the chain above", CHAIN),
        ]

    def _memory(self) -> list[Comparison]:
        names = (LONG, "short")
        paths = [self.material.path(name) for name in names]
        sounds = [self.material.sounds[name] for name in names]
        minutes = [f"{sound.duration_s / 60:g} minutes" for sound in sounds]
        spare = 2.2 * sum(sound.megabytes for sound in sounds) / 1000
        most, more = Target("memory", "at most", 400), Target("memory", "more by", 50)

        def growth(
            name: str, verb: str, pairs: list[tuple[Command, tuple[Path, ...]]]
        ) -> Comparison:
            (long, long_makes), (short, short_makes) = pairs
            return Comparison(
                name,
                f"Memory to {verb} 96 kHz",
                Contender(minutes[0], [long], "", (most,), long_makes),
                (Contender(minutes[1], [short], "", (more,), short_makes),),
                names,
                runs=1,
                warm_up=False,
                spare_gigabytes=spare,
            )

        measures = [(self._own("measure", "--json", path), ()) for path in paths]
        return [
            growth("memory-render", "render", [self._render(CHAIN, name) for name in names]),
            growth("memory-measure", "measure", measures),
        ]

    def _start_up(self) -> list[Comparison]:
        def alone(name: str, limit_s: float, *words: str | Path) -> Comparison:
            said = " ".join(word if isinstance(word, str) else word.name for word in words)
            targets = (Target("time", "at most", limit_s),)
            ours = Contender(f"masterprint {said}", [self._own(*words)], targets=targets)
            return Comparison(name, "Start-up", ours, runs=7)

        return [
            alone("help", 0.3, "--help"),
            alone("chain-check", 1.0, "chain", "check", STREAMING),
        ]
