"""The table of services: complete, dated, extendable; and what playback does by it."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from masterprint.codecs.formats import FORMATS
from masterprint.codecs.table import CodecRow, CodecTable
from masterprint.errors import UsageError
from masterprint.metering.measurement import Measurement
from masterprint.release.advice import advice, safe_ceiling_dbtp
from masterprint.release.outlook import AlbumLevels, Outlook, outlook
from masterprint.release.platforms import Service, load_platforms
from masterprint.release.yaml_file import ReleaseFileError

ROOT = Path(__file__).parents[2]

# Target, true peak, gain, albums, evidence: the reference's table, typed again.
EXPECTED = {
    "spotify": (-14, -1, "up_with_headroom", "album", "official"),
    "spotify-loud": (-11, -1, "both", "album", "official"),
    "spotify-quiet": (-19, -1, "both", "album", "official"),
    "apple-music": (-16, -1, "up_with_headroom", "album", "trade_press"),
    "apple-digital-masters": (None, -1, "none", "unknown", "official"),
    "youtube": (-14, -1, "down", "track", "measured"),
    "youtube-music": (-7, None, "down", "track", "measured"),
    "tidal": (-14, -1, "down", "loudest_track", "trade_press"),
    "amazon-music": (-14, -2, "down", "unknown", "contradictory"),
    "deezer": (-15, -1, "down", "track", "trade_press"),
    "soundcloud": (-14, -1, "down", "track", "contradictory"),
    "bandcamp": (None, -1, "none", "unknown", "expert"),
    "qobuz": (None, -1, "none", "unknown", "expert"),
    "aes-td1008": (-16, -1, "both", "loudest_track", "trade_press"),
    "ebu-r128": (-23, -1, "none", "unknown", "official"),
    "ebu-r128-s1": (-23, -1, "none", "unknown", "official"),
    "atsc-a85": (-24, -2, "none", "unknown", "trade_press"),
    "apple-podcasts": (-16, -1, "none", "unknown", "official"),
    "cd": (None, -0.3, "none", "unknown", "expert"),
    "club": (None, -0.3, "none", "unknown", "expert"),
    "vinyl": (None, None, "none", "unknown", "expert"),
}


@dataclass
class Levels:
    integrated_lufs: float | None
    true_peak_dbtp: float | None
    max_short_term_lufs: float | None = None


@pytest.fixture(autouse=True)
def _no_file_of_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASTERPRINT_HOME", str(tmp_path / "home"))


def _service(name: str) -> Service:
    return load_platforms().find(name)[1]


def _outlook(name: str, lufs: float | None, dbtp: float | None, *album: float | None) -> Outlook:
    return outlook(Levels(lufs, dbtp), _service(name), AlbumLevels(*album) if album else None)


def test_the_shipped_table_says_what_the_reference_says() -> None:
    services = load_platforms().services
    assert {
        name: (
            service.target_lufs,
            service.max_true_peak_dbtp,
            service.gain,
            service.album,
            service.evidence,
        )
        for name, service in services.items()
    } == EXPECTED
    assert services["ebu-r128-s1"].max_short_term_lufs == -18
    for service in services.values():
        assert service.source
        assert service.checked >= "2026-11"
        assert all(name in FORMATS for name in service.codecs)


def test_services_are_found_by_other_names_and_guessed() -> None:
    platforms = load_platforms()
    for said, name in [
        ("Apple", "apple-music"),
        ("yt", "youtube"),
        ("EBU", "ebu-r128"),
        ("spotify_loud", "spotify-loud"),
        ("adm", "apple-digital-masters"),
    ]:
        assert platforms.find(said)[0] == name
    with pytest.raises(UsageError, match="did you mean 'spotify'"):
        platforms.find("spotfy")
    with pytest.raises(UsageError, match="there are spotify, "):
        platforms.find("xyzzy")


def test_gains_as_the_sources_tell_them() -> None:
    # Spotify's own example: -20 LUFS with peaks of -5 dBTP come out at -16.
    track = _outlook("spotify", -20.0, -5.0).track
    assert (track.gain_db, track.integrated_lufs, track.true_peak_dbtp) == (4.0, -16.0, -1.0)
    assert "turned up by 4.0 dB only, 2.0 LU short of -14 LUFS" in track.why
    cases = [
        ("spotify", -9.0, -0.5, -5.0),
        ("spotify", -15.0, -3.0, 1.0),
        ("spotify", -20.0, 0.0, 0.0),  # no headroom: not turned down for it either
        ("spotify", -14.0, -1.0, 0.0),
        ("spotify-loud", -14.0, -1.0, 3.0),
        ("spotify-quiet", -14.0, -1.0, -5.0),
        ("apple-music", -20.0, -2.0, 2.0),
        ("youtube", -20.0, -5.0, 0.0),
        ("youtube", -14.03, -5.0, 0.0),
        ("spotify", -14.03, -0.5, 0.0),
        ("youtube", -9.0, -1.0, -5.0),
        ("youtube-music", -9.0, -1.0, 0.0),
        ("bandcamp", -6.0, -1.0, 0.0),
        ("aes-td1008", -20.0, -1.0, 4.0),
    ]
    for name, lufs, dbtp, gain in cases:
        assert _outlook(name, lufs, dbtp).track.gain_db == pytest.approx(gain), (name, lufs)
    assert "limiter takes 3.0 dB" in _outlook("spotify-loud", -14.0, -1.0).track.why
    assert "nothing is turned up" in _outlook("youtube", -20.0, -5.0).track.why


def test_albums_go_by_their_own_loudness_or_by_their_loudest_track() -> None:
    quiet = (-18.0, -6.0)
    album = (-12.0, -9.0, -1.0)
    assert _outlook("spotify", *quiet).album is None
    gains = {
        name: _outlook(name, *quiet, *album).album.gain_db
        for name in ("spotify", "tidal", "youtube", "amazon-music", "bandcamp", "aes-td1008")
    }
    assert gains == {
        "spotify": -2.0, "tidal": -5.0, "youtube": 0.0, "amazon-music": None, "bandcamp": 0.0,
        "aes-td1008": -5.0,
    }  # fmt: skip
    # The whole album has to have the headroom, not this track.
    assert _outlook("spotify", -22.0, -12.0, -18.0, -16.0, -3.0).album.gain_db == 2.0


def test_what_has_no_loudness_and_what_breaks_a_rule_is_told() -> None:
    assert _outlook("spotify", None, None).track.gain_db == 0.0
    remarks = outlook(Levels(-20.0, -0.5, -17.0), _service("ebu-r128-s1")).remarks
    assert remarks == (
        "3.0 LU over the target of -23 LUFS",
        "the loudest 3 s are at -17.0 LUFS, over -18",
        "true peak -0.50 dBTP, over -1",
    )
    assert outlook(Levels(-23.2, -1.0, -18.0), _service("ebu-r128-s1")).remarks == ()
    # Louder than -14 LUFS, Spotify asks for -2 dBTP.
    assert outlook(Levels(-9.0, -1.5), _service("spotify")).remarks == (
        "true peak -1.50 dBTP, over -2",
    )
    for lufs in (-15.0, -13.96):  # which is -14.0 as loudness is told
        assert outlook(Levels(lufs, -1.5), _service("spotify")).remarks == ()


def _table(lufs: float, peak: float, **changes: float) -> CodecTable:
    measurement = Measurement(
        44100, 2, 44100, 1.0, lufs, None, None, None, peak, peak, None, None, 0.0, None, 0
    )
    rows = {}
    for name, change in changes.items():
        fmt = FORMATS[name.replace("_", "-")]
        over = 7 if peak + change > 0 else 0
        rows[fmt.name] = CodecRow(
            fmt.name, fmt.label, fmt.lossless, peak + change, change, clipped_samples=over
        )
    return CodecTable(measurement, rows)


def test_advice_is_one_sentence_with_the_worst_codec_and_a_safe_ceiling() -> None:
    table = _table(-15.0, -1.0, opus_128=0.9, opus_160=0.2, aac_128=1.13)
    youtube = _service("youtube")
    assert advice(table, youtube) == (
        "AAC 128 kbit/s brings it to 0.13 dBTP, over -1, and 1 of 3 lossy formats clip; a ceiling "
        "of -2.2 dBTP would have been safe."
    )
    assert safe_ceiling_dbtp(table, youtube) == pytest.approx(-2.2)
    low = _table(-15.0, -3.0, opus_128=0.9, opus_160=0.2, aac_128=1.13)
    assert advice(low, youtube).startswith("safe as it is: AAC 128 kbit/s brings it to -1.87 dBTP")
    assert "no lossy codec" in advice(table, _service("vinyl"))


USERS = """
masterprint_platforms: 1
services:
  youtube:
    title: YouTube as we know it
    target_lufs: -13
    gain: down
    source: our own listening
    checked: 2026-12-01
    evidence: measured
  our-store:
    title: Our store
    aliases: [store]
    gain: none
    codecs: [flac-24]
    source: contract
    checked: 2026-12
    evidence: official
"""


def test_a_file_of_ones_own_adds_and_replaces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(USERS)
    platforms = load_platforms(own)
    assert platforms.services["youtube"].target_lufs == -13
    assert platforms.find("store")[0] == "our-store"
    assert platforms.files["our-store"] == own
    assert len(platforms.services) == len(EXPECTED) + 1
    # In the data folder, too; what is given comes last.
    home = tmp_path / "home"
    home.mkdir()
    (home / "platforms.yaml").write_text(USERS.replace("-13", "-12"))
    assert load_platforms().services["youtube"].target_lufs == -12
    assert load_platforms(own).services["youtube"].target_lufs == -13


def test_all_that_is_wrong_with_a_file_is_told_in_its_place(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        USERS.replace("target_lufs: -13", "target_luf: -13")
        .replace("[flac-24]", "[flac-42]")
        .replace("2026-12-01", "2026-13-01")
        .replace("our-store:", "Our store:")
        .replace("evidence: official", "evidence: hearsay")
        .replace("gain: down", "gain: up_with_headroom")
    )
    with pytest.raises(ReleaseFileError) as caught:
        load_platforms(own)
    said = [line.partition("own.yaml:")[2] for line in str(caught.value).splitlines()]
    assert said == [
        "6:5: services.youtube.target_luf: there is no such setting; did you mean 'target_lufs'?",
        "9:14: services.youtube.checked: found '2026-13-01'; allowed: a date as YYYY-MM or "
        "YYYY-MM-DD",
        "11:3: services.Our store: found 'Our store'; allowed: small letters, digits and hyphens",
        "15:14: services.Our store.codecs[0]: found 'flac-42', which is no format; did you mean "
        "'flac-24'?",
        "18:15: services.Our store.evidence: found 'hearsay'; allowed: one of official, "
        "trade_press, measured, expert, contradictory",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty, where a platforms file is expected"),
        ("- a\n", "found a list, where a mapping with `masterprint_platforms: 1`"),
        ("services: {}\n", "is missing: a platforms file begins with `masterprint_platforms: 1`"),
        ("masterprint_platforms: 2\n", "has another version"),
        (
            "masterprint_platforms: 1\nservices: [a]\n",
            "services: found a list of 1; allowed: a map",
        ),
        ("masterprint_platforms: 1\nservices: &a {}\n", "anchors are not used here"),
        (USERS.replace("gain: down", "gain: up_with_headroom"), "headroom_dbtp and gain"),
        (USERS.replace("    target_lufs: -13\n", ""), "gain down needs a target_lufs"),
    ],
)
def test_a_file_that_is_none_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(text)
    with pytest.raises(ReleaseFileError) as caught:
        load_platforms(own)
    assert message in str(caught.value)
    with pytest.raises(UsageError, match="there is no such platforms file"):
        load_platforms(tmp_path / "none.yaml")


def test_the_table_is_in_the_wheel(tmp_path: Path) -> None:
    from hatchling.builders.wheel import WheelBuilder

    (made,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    assert "masterprint/release/platforms.yaml" in zipfile.ZipFile(made).namelist()
