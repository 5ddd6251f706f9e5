"""What stands in a recall sheet, asked of others: ffmpeg, soundfile, hashlib, PyYAML, xxhash."""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import soundfile
import xxhash
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import masterprint
from masterprint.errors import SheetError
from masterprint.files.pcm_hash import pcm_sha256
from masterprint.plugins.catalogue import data_folder
from masterprint.sheets.places import Places
from masterprint.sheets.sheet import Sheet, load_sheet
from masterprint.sheets.writing import sheet_text
from plugin_tools import bundle
from recall_tools import (
    EQ,
    digest_of,
    edited,
    made,
    odd,
    plain,
    put,
    recalled,
    sheet_of,
    write_chain,
    write_mix,
)

# ------------------------------------------------------------------------------------- PCM hashes

ENCODINGS = {
    "PCM_16": "s16le",
    "PCM_24": "s24le",
    "PCM_32": "s32le",
    "FLOAT": "f32le",
    "DOUBLE": "f64le",
}
FILES = [
    *(("wav", subtype) for subtype in ENCODINGS),
    ("flac", "PCM_16"),
    ("flac", "PCM_24"),
    ("aiff", "PCM_16"),
    ("aiff", "PCM_24"),
    ("aiff", "FLOAT"),
]


def by_soundfile(path: Path, subtype: str) -> str:
    """SHA-256 of the samples, little-endian and interleaved."""
    if subtype in ("FLOAT", "DOUBLE", "VORBIS"):
        kind = "float64" if subtype == "DOUBLE" else "float32"
        samples, _ = soundfile.read(path, dtype=kind, always_2d=True)
        return hashlib.sha256(samples.astype(samples.dtype.newbyteorder("<")).tobytes()).hexdigest()
    size = int(subtype.removeprefix("PCM_")) // 8
    samples, _ = soundfile.read(path, dtype="int32", always_2d=True)
    words = samples.astype("<i4").view(np.uint8).reshape(-1, 4)  # the significant bytes come last
    return hashlib.sha256(words[:, 4 - size :].tobytes()).hexdigest()


def by_ffmpeg(path: Path, encoding: str) -> str:
    command = ["ffmpeg", "-v", "error", "-i", path, "-f", encoding, "-c:a", f"pcm_{encoding}", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    return hashlib.sha256(done.stdout).hexdigest()


@pytest.mark.parametrize(("container", "subtype"), FILES)
def test_the_pcm_hash_of_a_file_is_what_others_find(
    tmp_path: Path, container: str, subtype: str
) -> None:
    path = write_mix(tmp_path / f"mix.{container}", 0.3, subtype=subtype)
    found = pcm_sha256(path)
    assert found == by_soundfile(path, subtype)
    if shutil.which("ffmpeg"):
        assert found == by_ffmpeg(path, ENCODINGS[subtype])


def test_the_pcm_hash_of_wav_is_that_of_its_data_chunk(tmp_path: Path) -> None:
    path = write_mix(tmp_path / "mix.wav", 0.1)
    data = path.read_bytes()
    at = data.index(b"data")
    size = int.from_bytes(data[at + 4 : at + 8], "little")
    assert pcm_sha256(path) == hashlib.sha256(data[at + 8 : at + 8 + size]).hexdigest()


def test_a_mix_is_identified_by_its_file_and_by_its_samples(tmp_path: Path) -> None:
    for name, subtype in (("m.wav", "PCM_16"), ("f.flac", "PCM_24"), ("v.ogg", "VORBIS")):
        mix = write_mix(tmp_path / name, 0.3, subtype=subtype)
        sheet = plain(made(tmp_path / name[:1], mix=mix))
        assert sheet["mix"]["sha256"] == hashlib.sha256(mix.read_bytes()).hexdigest()
        assert sheet["mix"]["pcm_sha256"] == by_soundfile(mix, subtype)
        assert sheet["mix"]["bytes"] == mix.stat().st_size
        assert sheet["mix"]["frames"] == soundfile.info(mix).frames
        assert sheet["mix"]["channels"] == 2
        assert sheet["mix"]["sample_rate_hz"] == 44100


@pytest.mark.parametrize(
    ("file_format", "depth", "subtype"),
    [
        ("wav", "16", "PCM_16"),
        ("wav", "24", "PCM_24"),
        ("wav", "32f", "FLOAT"),
        ("wav", "64f", "DOUBLE"),
        ("flac", "16", "PCM_16"),
        ("flac", "24", "PCM_24"),
        ("aiff", "24", "PCM_24"),
        ("aiff", "32f", "FLOAT"),
    ],
)
def test_the_hash_of_a_master_is_that_of_the_file_written(
    tmp_path: Path, file_format: str, depth: str, subtype: str
) -> None:
    more = f"master: {{format: {file_format}, bit_depth: {depth}}}\n"
    sheet = made(tmp_path, "gain: {gain_db: -1.7}", more=more)
    said = plain(sheet)["master"]
    assert said["pcm_sha256"] == by_soundfile(tmp_path / "out" / said["name"], subtype)
    dithered = depth in ("16", "24")
    assert (said["dither_seed"] is not None) == dithered
    if dithered:
        assert re.fullmatch("[0-9a-f]{16}", said["dither_seed"])
    assert (said["frames"], said["channels"], said["sample_rate_hz"]) == (22050, 2, 44100)


# ------------------------------------------------------------------------------- stages and figures


def xxh3_of(audio: np.ndarray) -> str:
    """Of (frames, channels): the hash of all channels' hashes."""
    each = [xxhash.xxh3_128(np.ascontiguousarray(row).tobytes()).digest() for row in audio.T]
    return xxhash.xxh3_128(b"".join(each)).hexdigest()


STAGES = [
    "gain: {gain_db: -3.3, on: left}",
    EQ,
    "split: {crossovers_hz: [300], bands: [[gain: {gain_db: 1}], []]}",
    "gain: {gain_db: 5, bypass: true}",
    "limiter: {ceiling_dbtp: -9}",
]


@pytest.mark.parametrize("rate", [44100, 48000])
def test_hash_and_level_behind_every_stage_are_of_its_audio(tmp_path: Path, rate: int) -> None:
    """The audio behind a stage is the master of the chain that ends there, in 64-bit floats."""
    more = f"tail_s: 0.1\nmaster: {{bit_depth: 64f, sample_rate_hz: {rate}}}\n"
    stages = plain(made(tmp_path, *STAGES, more=more))["stages"]
    kinds = [stage["stage"] for stage in stages]
    converted = ["conversion"] if rate != 44100 else []
    assert kinds == ["gain", "eq", "split", "gain", *converted, "limiter"]
    assert [stage["bypass"] for stage in stages if stage["stage"] == "gain"] == [False, True]
    same_rate = "tail_s: 0.1\nmaster: {bit_depth: 64f}\n"
    for number, stage in enumerate(stages, 1):
        before = number <= 4
        until = STAGES[: number if before else 5 if stage["stage"] == "limiter" else 4]
        folder = tmp_path / f"until{number}"
        sheet = made(folder, *until, more=same_rate if before else more)
        audio, found_rate = soundfile.read(folder / "out/mix.wav", always_2d=True)
        assert found_rate == (44100 if before else rate)
        assert stage["audio_xxh3"] == xxh3_of(audio), stage
        assert stage["peak_dbfs"] == pytest.approx(20 * math.log10(np.abs(audio).max()), abs=6e-4)
        assert stage["rms_dbfs"] == pytest.approx(10 * math.log10((audio**2).mean()), abs=6e-4)
        assert plain(sheet)["stages"][-1]["audio_xxh3"] == stage["audio_xxh3"]


def test_a_stage_that_does_nothing_has_the_hash_of_the_mix(tmp_path: Path) -> None:
    sheet = plain(made(tmp_path, "gain: {gain_db: 0}", mix=write_mix(tmp_path / "m.wav", 3.2)))
    audio, _ = soundfile.read(tmp_path / "m.wav", always_2d=True)  # several blocks
    assert sheet["stages"][0]["audio_xxh3"] == xxh3_of(audio)


def test_silence_has_no_level(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "quiet.wav", np.zeros((4410, 1)), 44100, "PCM_16")
    sheet = made(tmp_path, "gain: {gain_db: 3}", mix=tmp_path / "quiet.wav")
    (stage,) = plain(sheet)["stages"]
    assert stage["peak_dbfs"] is stage["rms_dbfs"] is None
    assert recalled(sheet).verdict == "identical"


def test_measurements_are_those_of_the_two_files(tmp_path: Path) -> None:
    sheet = plain(made(tmp_path, "limiter: {input_gain_db: 6}", more="master: {bit_depth: 16}\n"))
    for key, path in (("before", "mix.wav"), ("after", "out/mix.wav")):
        figures = masterprint.measure(tmp_path / path).as_dict()
        assert {name: sheet[key][name] for name in figures} == figures


def test_everything_that_the_specification_lists_is_there(tmp_path: Path) -> None:
    path = made(tmp_path, EQ)
    sheet = plain(path)
    assert next(iter(sheet)) == "masterprint_recall"
    assert sheet["masterprint_recall"] == 1
    versions = sheet["versions"]
    for package in ("numpy", "numba", "scipy", "soxr", "pedalboard"):
        assert versions[package] == version(package)
    assert versions["masterprint"] == masterprint.__version__
    assert versions["python"] == ".".join(map(str, sys.version_info[:3]))
    assert versions["libsndfile"] == soundfile.__libsndfile_version__
    assert set(sheet["machine"]) >= {"system", "architecture", "cpu"}
    assert os.uname().nodename not in json.dumps(sheet["machine"]).split()
    assert sheet["block_frames"] > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", sheet["date"])
    assert sheet["seconds"] > 0
    bands = sheet["chain"]["settings"]["stages"][0]["eq"]["bands"]
    assert bands == [{"shape": "bell", "frequency_hz": 1000.0, "gain_db": 1.5, "q": 0.7}]
    assert sheet["chain"]["file"] == "chain.yaml"
    text = path.read_text()
    assert str(tmp_path) not in text
    assert str(Path.home()) not in text
    assert max(map(len, text.splitlines())) < 400


def test_work_that_differs_in_names_only_is_the_same_work(tmp_path: Path) -> None:
    hashes = set()
    for number, stage in enumerate(("gain: {}", "gain: {label: x}", "gain: {gain_db: 0.5}")):
        made_of = made(tmp_path / str(number), stage, mix=write_mix(tmp_path / f"{number}.wav"))
        hashes.add(plain(made_of)["work_sha256"])
    assert len(hashes) == 2


def test_plugins_are_identified_with_binary_state_and_determinism(
    tmp_path: Path, plugins: Path
) -> None:
    catalogue = plugins / "plugins.json"
    data = json.loads(catalogue.read_text())
    (entry,) = (each for each in data["files"] if each["path"].endswith("/Gain.vst3"))
    entry["plugins"][0]["determinism"] = "warning"
    catalogue.write_text(json.dumps(data))
    sheet = made(tmp_path, "plugin: {name: Fixture Gain, label: trim, parameters: {Gain: -3}}")
    (found,) = plain(sheet)["plugins"]
    (library,) = bundle("Gain").rglob("*.so")
    assert found == {
        "place": "stages[0].plugin",
        "title": "trim",
        "used": "plugin",
        "name": "Fixture Gain",
        "vendor": "Masterprint Tests",
        "format": "vst3",
        "class_id": entry["plugins"][0]["class_id"],
        "version": "1.2.3",
        "binary_sha256": hashlib.sha256(library.read_bytes()).hexdigest(),
        "state_sha256": None,
        "determinism": "warning",
    }
    assert str(bundle("Gain")) not in sheet.read_text()


# ------------------------------------------------------------------------------------------- seal


def test_the_seal_can_be_checked_by_hand(tmp_path: Path) -> None:
    data = plain(made(tmp_path, EQ))
    seal = data.pop("seal")
    assert seal["sha256"] == digest_of(data)
    key_file = data_folder() / "recall.key"
    key = key_file.read_bytes()
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert seal["maker"] == hmac.new(key, text.encode(), "sha256").hexdigest()


def test_an_edit_is_noticed_and_another_writing_of_the_same_is_none(tmp_path: Path) -> None:
    sheet = made(tmp_path, EQ)
    own = load_sheet(sheet)
    assert (own.is_untouched, own.is_ours) == (True, True)
    rewritten = load_sheet(edited(sheet, lambda data: None, "left"))
    assert (rewritten.is_untouched, rewritten.is_ours) == (True, True)
    for place in (("date", "x"), ("stages", 0, "rms_dbfs", 0.0), ("mix", "frames", 1)):
        changed = load_sheet(edited(sheet, put(*place), "left"))
        assert (changed.is_untouched, changed.is_ours) == (False, False)
        resealed = load_sheet(edited(sheet, put(*place), "sha256"))
        assert (resealed.is_untouched, resealed.is_ours) == (True, False)


def test_a_sheet_of_another_user_is_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = made(tmp_path, EQ)
    monkeypatch.setenv("MASTERPRINT_HOME", str(tmp_path / "somebody"))
    saved = load_sheet(sheet)
    assert (saved.is_untouched, saved.is_ours) == (True, False)
    assert not (tmp_path / "somebody").exists()  # reading writes nothing
    made(tmp_path / "theirs", EQ)
    assert not load_sheet(sheet).is_ours


def test_a_home_that_cannot_be_written_costs_the_maker_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("MASTERPRINT_HOME", str(tmp_path / "file" / "home"))
    sheet = made(tmp_path, EQ)
    assert set(plain(sheet)["seal"]) == {"sha256"}
    result = recalled(sheet)
    assert result.verdict == "identical"


# ------------------------------------------------------------------------------------------- texts

ODD = [
    "'quoted' \"twice\"",
    "1e3",
    "on",
    "~",
    "=",
    "<<",
    "0o17",
    "1_000",
    "12:30:45",
    "2026-01-01",
    "-0.0",
    ".5e-3",
    "0x1F",
    "null",
    "%TAG",
    "@x `y`",
    "! &a *a",
    "# no comment",
    "- a: b, {c}: [d]",
    "trailing: ",
    "  spaces  ",
    "Größe Ω 音 \u0645 🎚\ufe0f e\u0301 \u200b\ufeff",
    "x" * 80,
]


def test_odd_labels_come_back(tmp_path: Path) -> None:
    described = "\n\n ".join(ODD) + "\n"
    stages = [{"gain": {"gain_db": -0.1, "label": text}} for text in ODD]
    data = {"masterprint": 1, "name": ODD[0], "description": described, "stages": stages}
    chain = tmp_path / "chain.yaml"
    chain.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    done = masterprint.render(chain, write_mix(tmp_path / "mix.wav", 0.05), tmp_path / "out")
    result = recalled(sheet_of(done.master))
    assert (result.verdict, odd(result)) == ("identical", [])
    found = plain(sheet_of(done.master))
    assert [stage["label"] for stage in found["stages"]] == ODD
    assert found["chain"]["settings"]["name"] == ODD[0]
    assert found["chain"]["settings"]["description"] == described


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Sheet:
    return load_sheet(made(tmp_path_factory.mktemp("base"), EQ)).sheet


texts = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\t\n\r\x85"))


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    words=st.lists(texts, max_size=4),
    numbers=st.lists(
        st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**18) + 1, 10**18 - 1),
        max_size=4,
    ),
)
def test_any_text_and_number_comes_back_with_an_unbroken_seal(
    base: Sheet, tmp_path: Path, words: list[str], numbers: list[float]
) -> None:
    details = {"numbers": numbers, "words": words} | {word: word for word in words}
    stage = base.stages[0].model_copy(update={"details": details})
    sheet = base.model_copy(update={"warnings": words, "stages": [stage]})
    path = tmp_path / "any.wav.recall.yaml"
    path.write_bytes(sheet_text(sheet, path.name).encode())
    saved = load_sheet(path)
    assert (saved.is_untouched, saved.is_ours) == (True, True)
    if not any(re.search("[\ufffe\uffff]", word) for word in words):
        assert saved.sheet.warnings == words
    by_pyyaml = plain(path)
    by_pyyaml.pop("seal")
    assert by_pyyaml == saved.sheet.model_dump(mode="json")


@pytest.mark.parametrize(
    "name", ["1e3.wav", "on.wav", "- a: b.wav", "a'b\"c {0} [x].wav", "é🎚.wav"]
)
def test_odd_file_names_come_back(tmp_path: Path, name: str) -> None:
    sheet = made(tmp_path, EQ, mix=write_mix(tmp_path / name, 0.05))
    assert sheet.name == f"{name}.recall.yaml"
    assert plain(sheet)["mix"]["name"] == plain(sheet)["master"]["name"] == name
    assert recalled(sheet).verdict == "identical"


# ------------------------------------------------------------------------------ what is no sheet

BOMB = "a: &a [x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 8)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
NO_SHEETS = {
    "empty": "",
    "a list": "- 1\n",
    "another version": "masterprint_recall: 2\n",
    "no version": "masterprint_recall: true\n",
    "a head only": "masterprint_recall: 1\n",
    "a chain": "masterprint: 1\n",
    "a bomb": "masterprint_recall: 1\n" + BOMB,
    "a tag": "masterprint_recall: 1\ndate: !!python/object/apply:os.system [touch PWNED]\n",
    "a deep list": "masterprint_recall: 1\ndate: " + "[" * 100_000,
    "deep mappings": "masterprint_recall: 1\ndate: " + "{a: " * 100_000,
    "deep blocks": "masterprint_recall: 1\n" + "".join(" " * n + "- \n" for n in range(1500)),
    "many values": "masterprint_recall: 1\ndate: [" + "1," * 400_000 + "]\n",
    "ten megabytes": "masterprint_recall: 1\ndate: " + "x" * (10 << 20) + "\n",
    "infinity": "masterprint_recall: 1\nseconds: .inf\n",
    "a large number": "masterprint_recall: 1\nseconds: 1e999\n",
    "twice": "masterprint_recall: 1\ndate: a\ndate: b\n",
    "two documents": "masterprint_recall: 1\n---\nmasterprint_recall: 1\n",
    "NUL": "masterprint_recall: 1\ndate: \0\n",
    "Latin-1": "masterprint_recall: 1\ndate: \udce9\n",
}


@pytest.mark.parametrize("what", NO_SHEETS)
def test_what_is_no_sheet_is_refused(
    tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "x.recall.yaml"
    path.write_text(NO_SHEETS[what], encoding="utf-8", errors="surrogateescape")
    with pytest.raises(SheetError) as caught:
        load_sheet(path)
    assert len(str(caught.value)) < 1000 + len(str(path))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "edit",
    [
        put("mix", "bytes", -1),
        put("mix", "frames", True),
        put("mix", "frames", 1.5),
        put("mix", "sha256", "0" * 63),
        put("mix", "sha256", "G" * 64),
        put("mix", "name", None),
        put("master", "name", 5),
        put("master", "pcm_sha256", "A" * 64),
        put("stages", 0, "audio_xxh3", "x"),
        put("stages", 0, "unknown", "x"),
        put("stages", {}),
        put("files", [{"name": "x"}]),
        put("plugins", [{"place": "x", "title": "x", "used": "yes"}]),
        put("chain", "settings", []),
        put("versions", {"numpy": 2}),
        put("machine", {"cpu": [1]}),
        put("unknown", 1),
    ],
)
def test_a_sheet_with_absurd_values_is_damaged(tmp_path: Path, edit) -> None:
    sheet = edited(made(tmp_path, EQ, mix=write_mix(tmp_path / "mix.wav", 0.05)), edit, "ours")
    with pytest.raises(SheetError, match="is damaged"):
        load_sheet(sheet)


def test_a_master_stands_for_its_sheet(tmp_path: Path) -> None:
    sheet = made(tmp_path, EQ)
    assert load_sheet(tmp_path / "out/mix.wav").path == sheet
    for path in (tmp_path / "mix.wav", tmp_path / "none.wav", tmp_path):
        with pytest.raises(SheetError):
            load_sheet(path)


@pytest.mark.parametrize("special", ["/dev/zero", "/dev/null"])
def test_a_device_is_no_sheet(tmp_path: Path, special: str) -> None:
    path = tmp_path / "x.recall.yaml"
    path.symlink_to(special)
    with pytest.raises(SheetError):
        load_sheet(path)


def test_a_chain_file_written_by_the_settings_of_a_sheet_makes_the_same(tmp_path: Path) -> None:
    """The settings in a sheet are a chain, which can be used by hand."""
    sheet = plain(made(tmp_path, *STAGES))
    chain = write_chain(tmp_path / "again.yaml")
    chain.write_text(yaml.safe_dump(sheet["chain"]["settings"]))
    again = masterprint.render(chain, tmp_path / "mix.wav", tmp_path / "again")
    assert plain(sheet_of(again.master))["work_sha256"] == sheet["work_sha256"]
    assert pcm_sha256(again.master) == sheet["master"]["pcm_sha256"]


# ------------------------------------------------------------------------- found to go wrong


@pytest.mark.parametrize("mark", ["\n", "\r", "\x85", "\u2028"], ids=ascii)
def test_a_line_break_in_a_file_name_stays_in_the_comment(tmp_path: Path, mark: str) -> None:
    mix = write_mix(tmp_path / f"a{mark}b.wav", 0.05)
    sheet = made(tmp_path, EQ, mix=mix)
    assert all(line.startswith("#") for line in re.split("[\n\r\x85\u2028]", head_of(sheet)))
    assert recalled(sheet, places=Places([tmp_path])).verdict == "identical"


def head_of(sheet: Path) -> str:
    return sheet.read_bytes().decode().partition("\nmasterprint_recall")[0]


def test_the_command_in_the_head_can_be_pasted(tmp_path: Path) -> None:
    """A name may come from a stranger; pasted into a shell it must be one word."""
    sheet = made(tmp_path, EQ, mix=write_mix(tmp_path / "a b; touch PWNED #.wav", 0.05))
    command = head_of(sheet).splitlines()[1].removeprefix("# ")
    assert shlex.split(command) == ["masterprint", "recall", sheet.name]


@pytest.mark.parametrize("marks", [{"sha256": "é"}, {"sha256": "0", "maker": "é"}])
def test_a_seal_of_any_text_is_only_a_wrong_one(tmp_path: Path, marks: dict[str, str]) -> None:
    sheet = made(tmp_path, EQ, mix=write_mix(tmp_path / "mix.wav", 0.05))
    data = plain(sheet) | {"seal": marks}
    sheet.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    saved = load_sheet(sheet)
    assert (saved.is_untouched, saved.is_ours) == (False, False)


def test_what_was_rendered_can_be_recalled_however_deep_it_is(tmp_path: Path) -> None:
    """A chain made in code may be deeper than a file; its sheet is to be readable all the same."""
    stage: dict = {"gain": {"gain_db": -1.0}}
    for _ in range(12):
        stage = {"split": {"crossovers_hz": [200.0], "bands": [[stage], []]}}
    chain = masterprint.Chain.model_validate({"stages": [stage]})
    done = masterprint.render(chain, write_mix(tmp_path / "mix.wav", 0.05), tmp_path / "out")
    assert recalled(sheet_of(done.master)).verdict == "identical"


def test_a_pipe_is_no_sheet(tmp_path: Path) -> None:
    path = tmp_path / "x.recall.yaml"
    os.mkfifo(path)
    command = [sys.executable, "-m", "masterprint", "recall", path]
    done = subprocess.run(command, capture_output=True, timeout=10, check=False)  # comes back
    assert done.returncode == 2
