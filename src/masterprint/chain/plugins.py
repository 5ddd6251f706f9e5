"""Which installed plugins a chain will use: all looked for at once, before any audio is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from masterprint.chain.model import Chain
from masterprint.chain.yaml_source import Place, path_text
from masterprint.errors import PluginError
from masterprint.plugins.catalogue import Catalogue, need_unchanged
from masterprint.plugins.finding import Missing, Wanted, find
from masterprint.plugins.identity import Plugin as Installed
from masterprint.plugins.identity import same_name
from masterprint.plugins.instance import instances
from masterprint.plugins.scan import SCAN_S
from masterprint.plugins.scan import trusted as trusted_entry
from masterprint.stages.base import Stage
from masterprint.stages.plugin import Plugin
from masterprint.stages.split import Split

MISSING_HINT = (
    "`masterprint plugins scan` finds what is installed; with `when_missing: bypass` or "
    "`fallback`, a chain does without"
)


def with_plugins(
    chain: Chain,
    trusted: Sequence[Path] = (),
    limit_s: float | None = None,
    wanted: Mapping[str, Wanted] | None = None,
    elsewhere: Catalogue | None = None,
) -> Chain:
    """The chain with every plugin stage bound to an installed plugin, or to what replaces it.

    Args:
        chain: any chain; one without plugins comes back as it is.
        trusted: plugin files that may be loaded although they are not in the catalogue.
        limit_s: seconds that each step with one of these may take, where a scan's are too many.
        wanted: by place, what is looked for instead of what the chain says, where more is known.
        elsewhere: the plugins of other machines, which will run them; those here do not count then.

    Raises:
        PluginError: naming every plugin that is missing, has changed where that is an error, or
            whose state file is not usable.
    """
    if next(plugin_stages(chain.stages), None) is None:
        return chain
    catalogue = catalogue_with(trusted, limit_s) if elsewhere is None else elsewhere
    binding = _Binding(catalogue, wanted or {}, are_here=elsewhere is None)
    stages = binding.of(chain.stages, "stages")
    if binding.problems:
        count = len(binding.problems)
        what = "A plugin" if count == 1 else f"{count} plugins"
        whose = f" of the chain {chain.name!r}" if chain.name else " of the chain"
        damaged = f"; the catalogue was damaged ({catalogue.damaged})" if catalogue.damaged else ""
        raise PluginError(
            f"{what}{whose} cannot be used:\n  " + "\n  ".join(binding.problems) + damaged,
            hint=binding.hint,
        )
    return chain.model_copy(update={"stages": stages})


def catalogue_with(trusted: Sequence[Path], limit_s: float | None = None) -> Catalogue:
    """The catalogue, and for this time plugin files that are not in it.

    Raises:
        PluginError: one of them does not load.
    """
    catalogue = Catalogue.load()
    for file in trusted:
        catalogue.put(trusted_entry(file, min(SCAN_S, limit_s or SCAN_S)))
    return catalogue


def plugin_stages(
    stages: Sequence[Stage], place: Place = ("stages",)
) -> Iterator[tuple[Place, Plugin]]:
    """Every plugin stage in these and within them, with its place in the chain file."""
    for index, stage in enumerate(stages):
        here = (*place, index, stage.stage_name)
        if isinstance(stage, Plugin):
            yield here, stage
        for key, lists in stage.inner().items():
            for number, inner in enumerate(lists):
                band = () if key == "fallback" else (number,)
                yield from plugin_stages(inner, (*here, key, *band))


def plugin_notes(chain: Chain) -> list[str]:
    """What is to be said of a chain's plugins on this machine.

    For each that is not installed here as captured, what there is instead; and which parameters it
    did not have, or not in such a range, when it was scanned.
    """
    stages = list(plugin_stages(chain.stages))
    catalogue = Catalogue.load() if stages else Catalogue()
    notes = []
    for place, stage in stages:
        named = f"{path_text(place)}: {stage.wanted.title}"
        instead = {"bypass": "left out", "fallback": "its fallback is used"}
        try:
            found = find(catalogue, stage.wanted)
            if found.changes and stage.when_changed == "warn":
                notes.append(f"{named} has changed: {'; '.join(found.changes)}")
            notes += [f"{named}: {text}" for text in _doubtful(stage, found.plugin)]
        except Missing as missing:
            if stage.when_missing != "fail":
                notes.append(f"{named} {missing.message}: {instead[stage.when_missing]}")
    return notes


def _doubtful(stage: Plugin, plugin: Installed) -> Iterator[str]:
    """Parameters that will hardly be taken; only the plugin itself, in its state, can tell."""
    for key, value in stage.parameters.items():
        same = plugin.parameters_named(key)
        if len(same) > 1:
            indices = ", ".join(str(each["index"]) for each in same)
            yield f"{key!r} is the name of several parameters: use one of {indices}"
        elif not same:
            yield f"it had no parameter {key!r} when it was scanned"
        elif isinstance(value, float | int) and not isinstance(value, bool) and same[0]["range"]:
            low, high = sorted(same[0]["range"])
            if not low <= value <= high:
                allowed = f"{low:g} to {high:g} {same[0]['unit']}".rstrip()
                yield f"{key!r}: found {value:g}; allowed when it was scanned: {allowed}"


def plugin_processes(chain: Chain, channels: int = 2) -> int:
    """How many processes a render of a chain, as `with_plugins` gives it, will need."""

    def needed(stage: Stage) -> int:
        if not stage.acts:
            return 0
        if isinstance(stage, Plugin) and stage.found:
            return len(instances(stage.found.plugin, channels) or [])
        lists = (each for lists in stage.inner().values() for each in lists)
        return sum(needed(inner) for stages in lists for inner in stages)

    return sum(map(needed, chain.stages))


class _Binding:
    """Binds stages one by one, and collects what is wrong."""

    def __init__(self, catalogue: Catalogue, wanted: Mapping[str, Wanted], are_here: bool) -> None:
        self._catalogue = catalogue
        self._wanted = wanted
        self._are_here = are_here
        self.problems: list[str] = []
        self.hint: str | None = None

    def of(self, stages: Sequence[Stage], place: str) -> list[Stage]:
        return [
            self._bound(stage, f"{place}[{index}].{stage.stage_name}")
            for index, stage in enumerate(stages)
        ]

    def _bound(self, stage: Stage, place: str) -> Stage:
        if not stage.acts:
            return stage
        if isinstance(stage, Split):
            bands = [self.of(band, f"{place}.bands[{b}]") for b, band in enumerate(stage.bands)]
            return stage.model_copy(update={"bands": bands}) if bands else stage
        return self._plugin(stage, place) if isinstance(stage, Plugin) else stage

    def _wanted_at(self, place: str, stage: Plugin) -> Wanted:
        """What is known to be meant, unless the chain means another plugin."""
        known = self._wanted.get(place)
        if known is None:
            return stage.wanted
        if stage.class_id is not None:
            same = stage.class_id.casefold() == (known.class_id or "").casefold()
        else:
            same = same_name(stage.name, known.name)
        return known if same else stage.wanted

    def _plugin(self, stage: Plugin, place: str) -> Stage:
        named = f"{place}: {stage.wanted.title}"
        try:
            found = find(self._catalogue, self._wanted_at(place, stage))
        except Missing as missing:
            if stage.when_missing == "fail":
                self.hint = MISSING_HINT
                self.problems.append(f"{named} {missing.message}")
                return stage
            fallback = []
            if stage.when_missing == "fallback":
                fallback = self.of(stage.fallback, f"{place}.fallback")
            return stage.without_plugin(missing.message, fallback)
        if found.changes and stage.when_changed == "fail":
            self.problems.append(f"{named} has changed: {'; '.join(found.changes)}")
            return stage
        try:
            if self._are_here:
                need_unchanged(found.plugin)
            return stage.with_plugin(found)
        except PluginError as error:
            advice = f" ({error.hint})" if error.hint else ""
            self.problems.append(f"{named}: {error.message.rstrip('.')}{advice}")
            return stage
