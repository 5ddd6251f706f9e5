"""Deliverables: whole or not there, done once, never over somebody's work."""

from __future__ import annotations

import hashlib
import json
import resource
import shutil
import signal
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from album_tools import noise, project_of, read, write_album
from masterprint.codecs.round_trip import checked_encode
from masterprint.disc.sources import read_disc
from masterprint.errors import MasterprintError, UsageError
from masterprint.files.pcm_hash import pcm_sha256
from masterprint.release import manifest
from masterprint.release.delivery import tracks
from masterprint.sheets.sheet import load_sheet
from other_tools import ask, mediainfo

TRACKS = [
    {"title": "Shore", "isrc": "GBAYE2600001"},
    {"title": "Undertow", "isrc": "GBAYE2600002", "gap_s": 1.0},
]


def album(folder, **more):
    tracks = [{"audio": noise(n, 4.2), **track} for n, track in enumerate(TRACKS)]
    return write_album(folder, tracks, **{"deliver": ["streaming"], **more})


def made(path, name="streaming", **more):
    project = project_of(path, **more)
    with project.workshop() as workshop:
        return project.deliver(workshop, name)


def test_a_delivery_has_its_files_a_manifest_and_a_note(tmp_path):
    found = made(album(tmp_path, upc="4006381333931"))
    assert found.status == "ok"
    data = json.loads((found.folder / "manifest.json").read_text())
    listed = {file["name"]: file for file in data["files"]}
    there = {path.name for path in found.folder.iterdir()}
    assert there == set(listed) | {"manifest.json", "checksums.md5", "checksums.sha256"}
    assert {"01 Shore.wav", "02 Undertow.wav", "delivery-note.txt"} <= set(listed)
    for name, file in listed.items():
        content = (found.folder / name).read_bytes()
        assert file["bytes"] == len(content)
        assert file["sha256"] == hashlib.sha256(content).hexdigest()
        assert file["md5"] == hashlib.md5(content).hexdigest()
    note = (found.folder / "delivery-note.txt").read_text()
    for text in (
        "Low Tide",
        "4006381333931",
        "GBAYE2600002",
        "01 Shore.wav",
        "Spotify",
        "2, 0:09 in all",
    ):
        assert text in note
    page = (found.folder / "delivery-note.html").read_text()
    assert "<script" not in page
    assert "Undertow" in page


def test_sums_are_in_the_form_that_the_usual_tools_check(tmp_path):
    found = made(album(tmp_path))
    for tool, file in (("md5sum", "checksums.md5"), ("sha256sum", "checksums.sha256")):
        ask("sh", "-c", f"cd '{found.folder}' && {tool} --strict --quiet -c {file}")


def test_text_from_the_album_file_is_escaped_in_the_note(tmp_path):
    path = album(tmp_path, title="<script>alert(1)</script>", artist="A & B")
    page = (made(path).folder / "delivery-note.html").read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_what_is_made_of_the_same_is_not_made_again(tmp_path):
    path = album(tmp_path)
    first = made(path)
    stamp = (first.folder / "01 Shore.wav").stat().st_mtime_ns
    (first.folder / ".DS_Store").touch()  # somebody has looked at it on a Mac
    path.write_text(path.read_text() + "vinyl: {rpm: 45}\n")
    again = made(path)
    assert again.status == "unchanged"
    assert again.facts["tracks"] == first.facts["tracks"]
    assert (first.folder / "01 Shore.wav").stat().st_mtime_ns == stamp


@pytest.mark.parametrize("change", ["gap_s: 1.0", "title: Undertow"])
def test_a_changed_gap_or_title_makes_the_delivery_anew_but_renders_no_track(tmp_path, change):
    path = album(tmp_path)
    first = made(path)
    masters = {p: p.stat().st_mtime_ns for p in (first.folder.parent / "masters").iterdir()}
    other = {"gap_s: 1.0": "gap_s: 1.5", "title: Undertow": "title: Overtow"}[change]
    path.write_text(path.read_text().replace(change, other))
    again = made(path)
    assert again.status == "ok"
    assert {p: p.stat().st_mtime_ns for p in masters} == masters
    if "gap" in change:
        assert soundfile.info(again.folder / "01 Shore.wav").duration == pytest.approx(5.7)
    else:
        assert not (again.folder / "02 Undertow.wav").exists()
        assert (again.folder / "02 Overtow.wav").exists()


def test_a_changed_mix_renders_its_track_only(tmp_path):
    path = album(tmp_path)
    first = made(path)
    masters = first.folder.parent / "masters"
    before = {name: pcm_sha256(masters / name) for name in ("01.wav", "02.wav")}
    stamps = {name: (masters / name).stat().st_mtime_ns for name in before}
    shutil.copy(path.parent / "mixes" / "01.wav", path.parent / "mixes" / "02.wav")
    assert made(path).status == "ok"
    assert pcm_sha256(masters / "02.wav") == before["01.wav"]
    assert (masters / "01.wav").stat().st_mtime_ns == stamps["01.wav"]


@pytest.mark.parametrize("harm", ["change", "add", "remove", "manifest"])
def test_what_somebody_has_changed_since_is_left_alone(tmp_path, harm):
    path = album(tmp_path)
    folder = made(path).folder
    if harm == "change":
        (folder / "delivery-note.txt").write_text("Dear plant, please hurry.")
    elif harm == "add":
        (folder / "letter.txt").write_text("Dear plant")
    elif harm == "remove":
        (folder / "02 Undertow.wav").unlink()
    else:
        (folder / "manifest.json").unlink()
    with pytest.raises(UsageError, match=r"is there already, and .*: it was left as it is"):
        made(path)
    if harm == "add":
        assert (folder / "letter.txt").exists()
    assert made(path, overwrite=True).status == "ok"
    assert manifest.changed_since(folder) is None


def test_a_full_disk_leaves_the_old_delivery_and_no_half_a_new_one(tmp_path):
    path = album(tmp_path)
    first = made(path)
    before = {p.name: p.read_bytes() for p in first.folder.iterdir()}
    path.write_text(path.read_text().replace("gap_s: 1.0", "gap_s: 1.5"))
    project = project_of(path)
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, old[1]))
        with project.workshop() as workshop:
            found = project.try_deliver(workshop, "streaming")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
    assert found.status == "failed"
    assert "File too large" in str(found.error)
    assert "Hint: free some space" in str(found.error)
    assert {p.name: p.read_bytes() for p in first.folder.iterdir()} == before
    assert not list(first.folder.parent.glob(".masterprint-*"))


def test_the_archive_is_the_masters_with_sheets_that_still_prove_them(tmp_path):
    path = album(tmp_path, deliver=["archive"])
    found = made(path, "archive")
    for name in ("01.wav", "02.wav"):
        sheet = load_sheet(found.folder / name)
        assert sheet.sheet.master.pcm_sha256 == pcm_sha256(found.folder / name)
        assert sheet.is_untouched
        title = "Shore" if name == "01.wav" else "Undertow"
        assert mediainfo(found.folder / name)["Description"] == f"The Example - {title}"
    assert (found.folder / "album.yaml").read_text() == path.read_text()


def test_broadcast_is_at_its_target_at_48_khz_with_loudness_in_its_chunk(tmp_path):
    found = made(album(tmp_path, deliver=["broadcast"]), "broadcast")
    info = soundfile.info(found.folder / "01 Shore.wav")
    assert (info.samplerate, info.subtype) == (48000, "PCM_24")
    said = mediainfo(found.folder / "01 Shore.wav")
    assert float(said["extra"]["LoudnessValue"]) == pytest.approx(-23.0, abs=0.01)


def test_all_tracks_of_a_format_are_lowered_alike_and_the_note_says_so(tmp_path, monkeypatch):
    """Also where lowering one shows, again and again, that another would have to be lowered."""
    ceilings = []

    def odd(source, target, fmt, ceiling, *, gain_db):
        if fmt.lossless:
            return checked_encode(source, target, fmt, ceiling, gain_db=gain_db)
        ceilings.append(ceiling)
        lowered = 0.0 if ceiling is None else {"000": 0.5, "001": 0.25}[source.stem]
        found = checked_encode(source, target, fmt, None, gain_db=gain_db - lowered)
        return replace(found, gain_db=gain_db - lowered, passes=1 + (lowered > 0))

    monkeypatch.setattr(tracks, "checked_encode", odd)
    monkeypatch.setenv("MASTERPRINT_HOME", str(tmp_path))
    (tmp_path / "platforms.yaml").write_text(
        "masterprint_platforms: 1\ndeliverables: {hot: {kind: tracks, formats: [mp3-128, wav-24], "
        "ceiling_dbtp: -15}}"
    )
    found = made(album(tmp_path, deliver=["hot"]), "hot")
    gains = [each["gain_db"] for each in found.facts["tracks"] if each["format"] == "mp3-128"]
    assert gains == [gains[0]] * 2
    assert gains[0] <= -0.5
    assert None in ceilings
    assert any("lowered alike" in note for note in found.notes)
    assert any("Lossless files peak at up to -4." in note for note in found.notes)


def test_cd_and_ddp_hold_the_same_audio(tmp_path):
    path = album(tmp_path, deliver=["cd", "ddp"], catalog_number="EX-001", title='Tëst "Æ"')
    project = project_of(path)
    with project.workshop() as workshop:
        cd, ddp = (project.deliver(workshop, name) for name in ("cd", "ddp"))
    image = np.fromfile(ddp.folder / "EX-001 DDP" / "IMAGE.DAT", "<i2").reshape(-1, 2)
    wav, _ = soundfile.read(cd.folder / "Test 'AE'.wav", dtype="int16")
    ask("cdrdao", "show-toc", cd.folder / "Test 'AE'.toc")  # ISO 8859-1, as no file system is
    assert b"FILE \"Test 'AE'.wav\" WAVE" in (cd.folder / "Test 'AE'.cue").read_bytes()
    assert not image[: 150 * 588].any()
    np.testing.assert_array_equal(image[150 * 588 :], wav)
    pieces = [read(cd.folder / "tracks" / f"{name}.wav") for name in ("01 Shore", "02 Undertow")]
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), wav.T / 32768.0)
    # Cue sheet and TOC, which are Latin-1, name a file that is found.
    ask("sh", "-c", f"cd '{cd.folder}' && cdrdao show-toc *.toc && cdrdao read-test *.toc")
    assert read_disc(cd.folder / "Test 'AE'.cue").programme is not None
    # Lengths are the PQ sheet's: without the pause that follows.
    note = (cd.folder / "delivery-note.txt").read_text().splitlines()
    sheet = (cd.folder / "pq-sheet.txt").read_text().splitlines()
    for title in ("Shore", "Undertow"):
        row = next(line for line in note if f" {title} " in line)
        assert row.split()[-1] == next(line for line in sheet if title in line).split()[3]


def test_sides_are_files_with_their_tracks_in_place(tmp_path):
    path = album(tmp_path, deliver=["vinyl", "cassette"])
    project = project_of(path)
    with project.workshop() as workshop:
        vinyl, cassette = (project.deliver(workshop, name) for name in ("vinyl", "cassette"))
    side = read(vinyl.folder / "The Example - Low Tide - Side A.wav")
    master = read(project.jobs[0].master)
    assert soundfile.info(vinyl.folder / "The Example - Low Tide - Side B.wav").subtype == "PCM_24"
    np.testing.assert_array_equal(side[:, :44100], 0.0)
    np.testing.assert_array_equal(side[:, 44100:], master)
    info = soundfile.info(cassette.folder / "The Example - Low Tide - Side B.wav")
    assert (info.samplerate, info.subtype) == (44100, "PCM_16")
    note = (vinyl.folder / "delivery-note.txt").read_text()
    assert 'Record    12" at 33 rpm, 2 sides' in note
    assert "44100 Hz, 24 bits" in note
    assert "Album loudness" not in note
    assert {side["side"] for side in cassette.facts["sides"]} == {"A", "B"}


def test_a_medium_may_have_masters_of_its_own(tmp_path):
    path = album(tmp_path, deliver=["streaming", "vinyl"], vinyl={"chain": "held.yaml"})
    project = project_of(path)
    assert len(project.jobs) == 4
    assert (project.folder / "masters-held" / "01.wav").exists()
    with project.workshop() as workshop:
        assert project.deliver(workshop, "vinyl").status == "ok"


def test_a_cover_that_is_no_picture_is_refused(tmp_path):
    path = album(tmp_path)
    (tmp_path / "cover.jpg").write_bytes(b"GIF89a" + bytes(100))
    path.write_text(path.read_text() + "cover: cover.jpg\n")
    with pytest.raises(MasterprintError, match=r"cover\.jpg"):
        made(path)
