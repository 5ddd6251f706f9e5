"""`masterprint album` as a mastering engineer types it."""

from __future__ import annotations

import json
import math
import os
import shutil
from contextlib import suppress

import pytest
import soundfile
import typer
import yaml

import masterprint
from album_tools import noise, project_of, write_album
from masterprint.cli.album_telling import tell_plan
from masterprint.release.checking import check_album
from masterprint.release.loading import load_album
from masterprint.release.platforms import load_platforms
from masterprint.release.project import Project


@pytest.fixture
def album(tmp_path):
    tracks = [
        {"audio": noise(1, 4.2), "title": "Shore", "isrc": "GBAYE2600001", "gap_s": 0},
        {"audio": noise(2, 4.2, level=0.15), "title": "Undertow", "isrc": "GBAYE2600002"},
    ]
    return write_album(
        tmp_path / "album",
        tracks,
        upc="4006381333931",
        chain="held.yaml",
        deliver=["streaming", "cd"],
    )


def test_check_shows_the_timeline(run, album):
    done = run("album", "check", album)
    assert done.returncode == 0, done.stderr
    assert "2  Undertow  0:06.2  0:04.2" in done.stdout
    assert "can be made, for streaming, cd." in done.stdout
    data = json.loads(run("album", "check", album, "--json").stdout)
    assert [row["begin_s"] for row in data["timeline"]] == [0.0, 6.2]
    assert data["warnings"] == []


def test_a_wrong_album_is_refused_by_every_verb_with_nothing_made(run, album, tmp_path):
    album.write_text(album.read_text().replace("GBAYE2600002", "GBAYE2600001"))
    for verb in ("check", "render", "sequence", "deliver"):
        done = run("album", verb, album)
        assert done.returncode == 2
        assert "tracks[1].isrc: GBAYE2600001 stands here a second time" in done.stderr
        assert "Traceback" not in done.stderr
    assert not (album.parent / "release").exists()


def test_a_dry_run_says_what_would_be_done_and_why(run, album):
    done = run("album", "deliver", album, "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    would = json.loads(done.stdout)["would"]
    assert [row["would"] for row in would] == ["render", "render", "deliver", "deliver"]
    assert not (album.parent / "release").exists()
    assert run("album", "deliver", album).returncode == 0
    would = json.loads(run("album", "deliver", album, "--dry-run", "--json").stdout)["would"]
    assert {row["would"] for row in would} == {"done"}
    album.write_text(album.read_text().replace("title: Undertow", "title: Undertow\n  gap_s: 3"))
    done = run("album", "deliver", album, "--dry-run")
    assert "done     " in done.stdout
    assert "cd: changed since: what the album file says" in done.stdout
    assert "render" not in done.stdout
    shutil.copy(album.parent / "mixes" / "01.wav", album.parent / "mixes" / "02.wav")
    rows = json.loads(run("album", "deliver", album, "--dry-run", "--json").stdout)["would"]
    assert [row["would"] for row in rows] == ["done", "render", "deliver", "deliver"]
    assert rows[1]["why"] == "the mix has changed"
    (album.parent / "release/album/masters/01.wav").unlink()
    shutil.rmtree(album.parent / "release/album/cd")
    rows = json.loads(run("album", "deliver", album, "--dry-run", "--json", "--only", "cd").stdout)[
        "would"
    ]
    assert [row["would"] for row in rows] == ["render", "render", "deliver"]


def test_a_dry_run_says_no_more_than_it_can_know(run, tmp_path, capsys):
    """The gain of an album that has changed is only known when it has been listened to."""
    tracks = [{"audio": noise(n, 0.5, 22050, 0.1 * n), "rate": 22050} for n in (1, 2)]
    more = {"loudness": {"mode": "album"}, "deliver": ["streaming", "cassette"]}
    path = write_album(tmp_path, tracks, chain="loud.yaml", cassette={"chain": "own.yaml"}, **more)
    for name in ("loud", "own"):
        (tmp_path / f"{name}.yaml").write_text(
            "masterprint: 1\nstages:\n  - loudness: {target_lufs: -20}\n"
        )
    data = yaml.safe_load(path.read_text())

    def would():
        path.write_text(yaml.safe_dump(data))
        album, known = load_album(path), load_platforms()
        project = Project.of(album, known, check_album(album, known.deliverables))
        with suppress(typer.Exit):
            tell_plan(project, data["deliver"], True)
        rows = json.loads(capsys.readouterr().out)["would"]
        return [row["would"] for row in rows]

    project = project_of(path)
    with project.workshop() as workshop:
        for name in data["deliver"]:
            project.deliver(workshop, name)
    data["tracks"].reverse()  # the same gain
    assert would() == [*["done"] * 4, "deliver", "deliver"]
    data["tracks"].reverse()
    data["tracks"][1]["trim_db"] = -1
    assert would() == ["perhaps", "render", "perhaps", "render", "deliver", "deliver"]
    del data["tracks"][1]["trim_db"]
    folder = tmp_path / "release" / "album"
    (folder / "masters" / "album-gain.json").unlink()
    assert would() == ["perhaps", "perhaps", "done", "done", "perhaps", "done"]
    (folder / "masters" / "01.wav").unlink()
    (folder / "masters-own" / "album-gain.json").write_text("[" * 100_000)
    assert would()[:5] == ["render", "perhaps", "perhaps", "perhaps", "perhaps"]
    (folder / "masters" / "02.wav.recall.yaml").unlink()
    assert would() == ["render", "fail", "perhaps", "perhaps", "fail", "fail"]
    done = run("album", "deliver", path, "--json")
    assert done.returncode == 1
    assert [row["status"] for row in json.loads(done.stdout)] == ["failed", "failed"]


def test_deliver_tells_what_it_made_and_where(run, album):
    done = run("album", "deliver", album, "-o", "out")
    assert done.returncode == 0, done.stderr
    assert "streaming  made: out/streaming" in done.stdout
    assert "The disc plays 0:10" in done.stdout
    data = json.loads(run("album", "deliver", album, "-o", "out", "--json").stdout)
    assert [(row["deliverable"], row["status"]) for row in data] == [
        ("streaming", "unchanged"),
        ("cd", "unchanged"),
    ]
    assert data[1]["disc"]["length"] == "00:10:30"


def test_only_some_deliverables(run, album):
    done = run("album", "deliver", album, "--only", "cd")
    assert done.returncode == 0, done.stderr
    folder = album.parent / "release" / "album"
    assert (folder / "cd").is_dir()
    assert not (folder / "streaming").exists()
    assert run("album", "deliver", album, "--only", ",").returncode == 2
    done = run("album", "deliver", album, "--only", "cdd")
    assert done.returncode == 2
    assert "--only cdd: the album does not ask for it; did you mean 'cd'?" in done.stderr


def test_what_is_made_stays_in_the_folder_of_the_album(run, album, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (album.parent / "release").symlink_to(tmp_path / "elsewhere")
    done = run("album", "deliver", album)
    assert done.returncode == 2
    assert "a link in it leads out of the album's folder. Hint: name the output" in done.stderr
    assert not list((tmp_path / "elsewhere").iterdir())


def test_one_deliverable_that_fails_leaves_the_others_alone(run, album):
    assert run("album", "deliver", album, "--only", "streaming").returncode == 0
    folder = album.parent / "release" / "album"
    (folder / "streaming" / "letter.txt").write_text("Dear label")
    done = run("album", "deliver", album)
    assert done.returncode == 1
    assert "letter.txt was added to it: it was left as it is" in done.stderr
    assert (folder / "cd" / "manifest.json").exists()
    assert run("album", "deliver", album, "--overwrite").returncode == 0


def test_a_track_that_cannot_be_rendered_stops_the_delivery(run, album):
    (album.parent / "held.yaml").write_text(
        "masterprint: 1\nstages:\n  - plugin: {format: vst3, name: Not There}\n"
    )
    done = run("album", "deliver", album)
    assert done.returncode == 2
    assert "Not There" in done.stderr
    assert not (album.parent / "release" / "album" / "streaming").exists()


def test_sequence_is_one_file_with_the_tracks_compared(run, album):
    done = run("album", "sequence", album)
    assert done.returncode == 0, done.stderr
    assert "How the tracks compare" in done.stdout
    folder = album.parent / "release" / "album" / "sequence"
    assert soundfile.info(folder / "Low Tide.wav").duration == pytest.approx(10.4)
    data = json.loads(run("album", "sequence", album, "--json").stdout)
    assert data["status"] == "unchanged"
    assert [each["begin_s"] for each in data["timeline"]] == [0.0, 6.2]
    assert data["tracks"][1]["integrated_lufs"] == pytest.approx(
        data["tracks"][0]["integrated_lufs"] - 6.0, abs=0.2
    )


def test_an_album_has_one_gain_and_trims_lie_on_top_of_it(run, tmp_path):
    chain = "masterprint: 1\nstages:\n  - loudness: {target_lufs: -20}\n"
    tracks = [
        {"audio": noise(1, 3.0)},
        {"audio": noise(2, 3.0, level=0.15)},
        {"audio": noise(1, 3.0), "trim_db": -2},
    ]
    album = write_album(tmp_path / "album", tracks, chain="loud.yaml", loudness={"mode": "album"})
    (album.parent / "loud.yaml").write_text(chain)
    results = masterprint.render_album(album)
    found = [result.after.integrated_lufs for result in results]
    assert found[1] - found[0] == pytest.approx(-6.02, abs=0.05)
    assert found[2] - found[0] == pytest.approx(-2.0, abs=0.01)
    gain = json.loads((album.parent / "release/album/masters/album-gain.json").read_text())
    assert gain["reached_lufs"] == pytest.approx(-20.0, abs=0.01)
    # Another order and another gap: the gain is known, nothing is rendered.
    assert {each.status for each in masterprint.render_album(album)} == {"unchanged"}


@pytest.mark.parametrize("mode", ["track", "none"])
def test_the_other_modes_of_loudness(tmp_path, mode):
    chain = "masterprint: 1\nstages:\n  - loudness: {target_lufs: -20}\n"
    tracks = [{"audio": noise(1, 3.0)}, {"audio": noise(2, 3.0, level=0.1), "trim_db": -1.5}]
    loudness = {"mode": mode} | ({"target_lufs": -18} if mode == "track" else {})
    album = write_album(tmp_path / "album", tracks, chain="loud.yaml", loudness=loudness)
    (album.parent / "loud.yaml").write_text(chain)
    found = [result.after.integrated_lufs for result in masterprint.render_album(album)]
    target = -18.0 if mode == "track" else -20.0
    assert found == pytest.approx([target, target - 1.5], abs=0.02)


def test_from_python(album):
    found = list(masterprint.deliver_album(album, only=["streaming"]))
    assert [(each.name, each.status) for each in found] == [("streaming", "ok")]
    assert masterprint.read_tags(found[0].folder / "01 Shore.wav").isrc == "GBAYE2600001"
    assert masterprint.load_album(album).model.title == "Low Tide"


def test_deliverables_of_ones_own(run, album, tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text(
        "masterprint_platforms: 1\ndeliverables:\n  label-x:\n    kind: tracks\n"
        "    description: for label X\n    formats: [flac-16]\n    sample_rate_hz: 44100\n"
    )
    text = album.read_text()
    album.write_text(text.replace("deliver:\n- streaming\n- cd\n", "deliver: [label-x]\n"))
    done = run("album", "deliver", album)
    assert done.returncode == 2
    assert "there is no deliverable 'label-x'" in done.stderr
    done = run("album", "deliver", album, "--platforms", own)
    assert done.returncode == 0, done.stderr
    info = soundfile.info(album.parent / "release" / "album" / "label-x" / "01 Shore.flac")
    assert (info.format, info.subtype) == ("FLAC", "PCM_16")
    own.write_text(own.read_text().replace("flac-16", "flac-61"))
    done = run("album", "check", album, "--platforms", own)
    assert done.returncode == 2
    assert "own.yaml:6:15: deliverables.label-x.formats[0]: found 'flac-61'" in done.stderr


def test_an_encoder_that_is_missing_is_named_with_its_extra(run, album, tmp_path):
    blocker = tmp_path / "blocked"
    blocker.mkdir()
    (blocker / "av.py").write_text("raise ImportError('not here')\n")
    album.write_text(album.read_text().replace("- streaming", "- download"))
    done = run_with(run, {"PYTHONPATH": str(blocker)}, "album", "check", album)
    assert done.returncode == 2
    assert "deliver[0]: ALAC 24-bit needs PyAV" in done.stderr
    assert "pip install 'masterprint[codecs]'" in done.stderr


def run_with(run, more, *args):
    before = {key: os.environ.get(key) for key in more}
    paths = os.environ.get("PYTHONPATH")
    os.environ.update({k: v + (os.pathsep + paths if paths else "") for k, v in more.items()})
    try:
        return run(*args)
    finally:
        for key, value in before.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value


def test_tags_are_taken_from_an_album(run, album, tmp_path):
    mixes = album.parent / "mixes"
    files = [mixes / "01.wav", tmp_path / "Track 2, final.wav", tmp_path / "02 - old name.wav"]
    shutil.copy(mixes / "02.wav", files[1])
    shutil.copy(mixes / "02.wav", files[2])
    assert run("tag", files[1], "--set", "isrc=GBAYE2600002").returncode == 0
    done = run("tag", *files, "--from", album, "--set", "comment=for review")
    assert done.returncode == 0, done.stderr
    titles = [masterprint.read_tags(file).title for file in files]
    assert titles == ["Shore", "Undertow", "Undertow"]
    assert masterprint.read_tags(files[0]).comment == "for review"
    assert masterprint.read_tags(files[0]).upc == "4006381333931"
    shutil.copy(files[2], tmp_path / "unnamed.wav")
    run("tag", tmp_path / "unnamed.wav", "--remove", "isrc")
    done = run("tag", files[0], tmp_path / "unnamed.wav", "--from", album, "--set", "title=X")
    assert done.returncode == 2
    assert "unnamed.wav: is none of the album's tracks, by name, ISRC or number" in done.stderr
    assert masterprint.read_tags(files[0]).title == "Shore"


def test_a_working_level_does_not_take_the_balance_away(tmp_path):
    chain = (
        "masterprint: 1\nstages:\n  - loudness: {target_lufs: -16}\n"
        "  - eq: {bands: [{shape: high_shelf, frequency_hz: 9000, gain_db: 1}]}\n"
        "  - maximizer: {target_lufs: -20}\n"
    )
    tracks = [{"audio": noise(1, 3.0)}, {"audio": noise(2, 3.0, level=0.1)}]
    album = write_album(tmp_path / "album", tracks, chain="loud.yaml", loudness={"mode": "album"})
    (album.parent / "loud.yaml").write_text(chain)
    found = [result.after.integrated_lufs for result in masterprint.render_album(album)]
    assert found[0] - found[1] == pytest.approx(20 * math.log10(0.3 / 0.1), abs=0.1)
    assert {each.status for each in masterprint.render_album(album)} == {"unchanged"}


def test_a_deliverable_may_have_names_of_its_own(run, album, tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text(
        "masterprint_platforms: 1\ndeliverables:\n  label-x:\n    kind: tracks\n"
        "    names: '{isrc} {title}'\n    formats: [flac-16]\n"
    )
    text = album.read_text()
    album.write_text(text.replace("deliver:\n- streaming\n- cd\n", "deliver: [label-x]\n"))
    done = run("album", "deliver", album, "--platforms", own)
    assert done.returncode == 0, done.stderr
    folder = album.parent / "release" / "album" / "label-x"
    assert (folder / "GBAYE2600002 Undertow.flac").exists()
    own.write_text(own.read_text().replace("{isrc} {title}", "{artist}"))
    done = run("album", "check", album, "--platforms", own)
    assert done.returncode == 2
    assert "names: found '{artist}', which names all alike" in done.stderr


def test_on_revision_day_the_gain_may_stay(run, tmp_path):
    chain = "masterprint: 1\nstages:\n  - loudness: {target_lufs: -20}\n"
    tracks = [{"audio": noise(n, 3.0)} for n in range(3)]
    album = write_album(tmp_path / "album", tracks, chain="loud.yaml", loudness={"mode": "album"})
    (album.parent / "loud.yaml").write_text(chain)
    before = [result.after.integrated_lufs for result in masterprint.render_album(album)]
    album.write_text(album.read_text().replace("title: Track 3", "title: Track 3\n  trim_db: -0.5"))
    done = run("album", "render", album, "--keep-gain", "--dry-run", "--json")
    assert [row["would"] for row in json.loads(done.stdout)["would"]] == ["done", "done", "render"]
    done = run("album", "render", album, "--keep-gain")
    assert done.returncode == 0, done.stderr
    assert "kept from before" in done.stderr
    results = masterprint.render_album(album)  # kept it is, from now on
    assert [result.status for result in results] == ["unchanged"] * 3
    assert results[2].after.integrated_lufs == pytest.approx(before[2] - 0.5, abs=0.01)
