"""What gets into a pack, checked with nothing but zipfile and hashlib."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

import masterprint
from masterprint.errors import PackError, UsageError
from masterprint.sheets.contents import gather_contents
from masterprint.sheets.packing import write_pack
from masterprint.sheets.places import Places

MIX = "Tïef [Nacht] 終.wav"


def write_mix(path: Path, seed: int = 1) -> Path:
    audio = np.random.default_rng(seed).uniform(-0.4, 0.4, (22050, 2))
    soundfile.write(path, audio, 44100, "PCM_16")
    return path


def write_chain(folder: Path, response: str = "rooms/small room.wav", level: float = 0.5) -> Path:
    (folder / response).parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(folder / response, np.array([1.0, 0.0, level]), 44100, "FLOAT")
    path = folder / "chain.yaml"
    path.write_text(
        f"masterprint: 1\nstages:\n  - convolution: {{impulse_response: '{response}'}}\n"
    )
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A studio: a mix, a chain with a response, and the master in `out`."""
    folder = tmp_path_factory.mktemp("studio")
    with pytest.MonkeyPatch.context() as patch:
        # As in every test, which is set up later than this.
        patch.setenv("MASTERPRINT_HOME", str(tmp_path_factory.getbasetemp() / "nobody"))
        masterprint.render(write_chain(folder), write_mix(folder / MIX), folder / "out")
    return folder


@pytest.fixture
def studio(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "studio"))


def sheet_of(studio: Path) -> Path:
    return studio / "out" / f"{MIX}.recall.yaml"


def pack(sheets: list[Path], file: Path, overwrite: bool = False, **options: object) -> Path:
    write_pack(gather_contents(sheets, **options), file, overwrite=overwrite)
    return file


def contents(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_sheet_and_its_files_go_in_byte_for_byte_and_no_audio(studio, tmp_path):
    found = contents(pack([sheet_of(studio)], tmp_path / "a.zip"))
    assert found.pop(f"{MIX}.recall.yaml") == sheet_of(studio).read_bytes()
    response = (studio / "rooms/small room.wav").read_bytes()
    assert found.pop("rooms/small room.wav") == response
    assert list(found) == ["masterprint-pack.json"]


def test_the_manifest_has_size_and_hash_of_every_member(studio, tmp_path):
    found = contents(pack([sheet_of(studio)], tmp_path / "a.zip", mix=True, master=True))
    manifest = json.loads(found.pop("masterprint-pack.json"))
    kinds = ("sheet", "file", "mix", "master")
    assert manifest["members"] == [
        {"name": name, "kind": kind, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for (name, data), kind in zip(found.items(), kinds, strict=True)
    ]
    assert found[MIX] == (studio / "out" / MIX).read_bytes()
    assert found[f"mixes/{MIX}"] == (studio / MIX).read_bytes()


def test_audio_is_stored_and_text_is_deflated(studio, tmp_path):
    with zipfile.ZipFile(
        pack([sheet_of(studio)], tmp_path / "a.zip", mix=True, master=True)
    ) as archive:
        kinds = {info.filename: info.compress_type for info in archive.infolist()}
    assert kinds[MIX] == kinds[f"mixes/{MIX}"] == zipfile.ZIP_STORED
    assert kinds[f"{MIX}.recall.yaml"] == zipfile.ZIP_DEFLATED


def test_what_shrinks_like_a_zip_bomb_is_stored_so_that_it_can_be_unpacked(tmp_path):
    """A response of silence but for its first sample: 400 to 1."""
    chain = write_chain(tmp_path)
    response = np.zeros(400_000)
    response[0] = 1.0
    soundfile.write(tmp_path / "rooms/small room.wav", response, 44100, "FLOAT")
    masterprint.render(chain, write_mix(tmp_path / MIX), tmp_path / "out")
    with zipfile.ZipFile(pack([sheet_of(tmp_path)], tmp_path / "a.zip")) as archive:
        info = archive.getinfo("rooms/small room.wav")
    assert info.file_size <= 200 * info.compress_size


def test_the_same_session_gives_the_same_bytes(studio, tmp_path):
    one = pack([sheet_of(studio)], tmp_path / "a.zip", mix=True)
    assert one.read_bytes() == pack([sheet_of(studio)], tmp_path / "b.zip", mix=True).read_bytes()


def test_an_album_shares_what_its_songs_have_in_common(studio, tmp_path):
    masterprint.render(studio / "chain.yaml", write_mix(studio / "two.wav", seed=2), studio / "out")
    sheets = [sheet_of(studio), studio / "out" / "two.wav", sheet_of(studio)]
    names = list(contents(pack(sheets, tmp_path / "a.zip")))
    assert sorted(names) == sorted(
        [
            "masterprint-pack.json",
            "rooms/small room.wav",
            f"{MIX}.recall.yaml",
            "two.wav.recall.yaml",
        ]
    )


def test_two_files_at_one_name_are_refused(studio, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    chain = write_chain(other, level=0.25)
    masterprint.render(chain, write_mix(other / "two.wav"), other / "out")
    with pytest.raises(PackError, match=r"would both be 'rooms/small room.wav'"):
        pack([sheet_of(studio), other / "out" / "two.wav"], tmp_path / "a.zip")
    masterprint.render(chain, write_mix(other / MIX), other / "out")
    with pytest.raises(PackError, match="would both be"):
        pack([sheet_of(studio), sheet_of(other)], tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


def test_a_missing_or_changed_file_is_named(studio, tmp_path):
    response = studio / "rooms/small room.wav"
    kept = response.rename(tmp_path / "moved.wav")
    with pytest.raises(PackError, match=r"the file rooms/small room.wav was not found.*--search"):
        pack([sheet_of(studio)], tmp_path / "a.zip")
    soundfile.write(response, np.array([1.0, 0.0, 0.125]), 44100, "FLOAT")
    with pytest.raises(PackError, match=r"is not the file rooms/small room.wav"):
        pack([sheet_of(studio)], tmp_path / "a.zip")
    found = contents(pack([sheet_of(studio)], tmp_path / "a.zip", places=Places([tmp_path])))
    assert found["rooms/small room.wav"] == kept.read_bytes()


def test_another_mix_or_master_under_the_old_name_is_refused(studio, tmp_path):
    write_mix(studio / MIX, seed=9)
    with pytest.raises(PackError, match="is not the mix"):
        pack([sheet_of(studio)], tmp_path / "a.zip", mix=True)
    write_mix(studio / "out" / MIX, seed=9)
    with pytest.raises(PackError, match="is not the master that"):
        pack([sheet_of(studio)], tmp_path / "a.zip", master=True)
    (studio / "out" / MIX).unlink()
    with pytest.raises(PackError, match="not beside its sheet"):
        pack([sheet_of(studio)], tmp_path / "a.zip", master=True)


def test_what_changes_between_check_and_copy_does_not_get_in(studio, tmp_path):
    found = gather_contents([sheet_of(studio)], mix=True)
    with (studio / MIX).open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x55")
    with pytest.raises(PackError, match="changed while it was being packed"):
        write_pack(found, tmp_path / "a.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["studio"]


def test_an_edited_sheet_is_packed_with_a_warning(studio, tmp_path):
    path = sheet_of(studio)
    path.write_text(path.read_text().replace("seconds: ", "seconds: 1"))
    found = gather_contents([path])
    assert len(found.warnings) == 1
    assert "edited" in found.warnings[0]
    write_pack(found, tmp_path / "a.zip")
    assert contents(tmp_path / "a.zip")[path.name] == path.read_bytes()


@pytest.mark.parametrize(
    "name", ["../out.wav", "/etc/passwd", "a\\b.wav", "con.wav", "C:x.wav", "x" * 256, "a\nb"]
)
def test_a_name_that_unpacking_would_refuse_is_not_packed(studio, tmp_path, name):
    """The sheet may be a stranger's."""
    path = sheet_of(studio)
    written = json.dumps(name)
    path.write_text(path.read_text().replace("name: rooms/small room.wav", f"name: {written}"))
    assert written in path.read_text()
    with pytest.raises(PackError, match="cannot be packed"):
        pack([path], tmp_path / "a.zip")


def test_a_pack_that_is_there_stays_unless_told(studio, tmp_path):
    file = tmp_path / "a.zip"
    file.write_text("precious")
    with pytest.raises(UsageError, match="--overwrite"):
        pack([sheet_of(studio)], file)
    assert file.read_text() == "precious"
    pack([sheet_of(studio)], file, overwrite=True)
    assert zipfile.is_zipfile(file)


def test_a_pack_never_replaces_what_goes_into_it(studio):
    with pytest.raises(UsageError, match="is to be packed itself"):
        pack([sheet_of(studio)], studio / MIX, overwrite=True, mix=True)
    assert soundfile.info(studio / MIX).frames == 22050
