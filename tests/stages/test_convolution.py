"""Convolution against scipy.signal.fftconvolve, and responses that a user may come with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, resample_poly, sosfiltfilt

from masterprint import load_chain
from masterprint.chain.model import Chain
from masterprint.errors import ChainError
from masterprint.signal import Signal
from masterprint.stages.convolution import Convolution
from masterprint.testing import check_stage_contract

FloatArray = NDArray[np.float64]
Write = Callable[..., FloatArray]

RATE = 44100


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Chains built in code look for their files below the present folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(response: FloatArray, rate: int = RATE, name: str = "ir.wav") -> FloatArray:
    soundfile.write(name, response.T, rate, subtype="DOUBLE")
    return response


def decaying(channels: int, frames: int) -> FloatArray:
    noise = np.random.default_rng(frames).standard_normal((channels, frames))
    return noise * np.exp(-5.0 * np.arange(frames) / frames)


def only_wet(**settings: Any) -> Convolution:
    plain = {"impulse_response": "ir.wav", "dry_db": None, "wet_db": 0.0, "normalise": False}
    return Convolution(**plain | settings)


def through(
    stage: Convolution, audio: FloatArray, rate: int = RATE, block_frames: int = 1 << 16
) -> FloatArray:
    return stage.apply(Signal.of(audio, rate, block_frames)).collect()


def noise(channels: int, frames: int) -> FloatArray:
    return np.random.default_rng(7).uniform(-1.0, 1.0, (channels, frames))


@pytest.mark.parametrize("taps", [1, 2, 8191, 8192, 8193, 65536, 65537, 200001])
def test_it_is_the_convolution(taps: int) -> None:
    response, audio = write(decaying(1, taps)), noise(2, 150001)
    expected = fftconvolve(audio, response, axes=1)[:, : audio.shape[1]]
    found = through(only_wet(), audio, block_frames=10007)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13 * np.abs(response).sum())


def test_levels_and_pre_delay_are_those_that_were_set() -> None:
    response, audio = write(decaying(1, 3000)), noise(2, 20000)
    wet = fftconvolve(audio, response, axes=1)[:, : 20000 - 441]
    expected = 10 ** (-6.0 / 20) * audio
    expected[:, 441:] += 0.1 * wet
    found = through(only_wet(dry_db=-6.0, wet_db=-20.0, pre_delay_ms=10.0), audio)
    np.testing.assert_allclose(found, expected, atol=1e-11)


def test_two_channels_are_convolved_each_with_its_own() -> None:
    response, audio = write(decaying(2, 5000)), noise(2, 30000)
    expected = fftconvolve(audio, response, axes=1)[:, :30000]
    np.testing.assert_allclose(through(only_wet(), audio), expected, atol=1e-11)


def test_four_channels_are_true_stereo() -> None:
    response, (left, right) = write(decaying(4, 5000)), noise(2, 30000)
    to_left = fftconvolve(left, response[0]) + fftconvolve(right, response[2])
    to_right = fftconvolve(left, response[1]) + fftconvolve(right, response[3])
    found = through(only_wet(), np.stack([left, right]))
    np.testing.assert_allclose(found, np.stack([to_left, to_right])[:, :30000], atol=1e-11)


def test_one_channel_is_for_any_number() -> None:
    response, audio = write(decaying(1, 900)), noise(6, 9000)
    expected = fftconvolve(audio, response, axes=1)[:, :9000]
    np.testing.assert_allclose(through(only_wet(), audio), expected, atol=1e-11)


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_normalised_responses_bring_noise_back_as_loud_as_it_was(channels: int) -> None:
    response = decaying(channels, 20000)
    response[0] *= 4.0  # channels keep their levels to one another
    audio = np.random.default_rng(8).standard_normal((2, 400000))
    outputs = []
    for level in (1e-3, 30.0):
        write(level * response)
        outputs.append(through(only_wet(normalise=True), audio)[:, 40000:])
    np.testing.assert_allclose(outputs[0], outputs[1], atol=1e-9)
    level_db = 10 * np.log10(np.mean(outputs[0] ** 2) / np.mean(audio**2))
    assert level_db == pytest.approx(0.0, abs=0.3)
    if channels == 2:
        left, right = np.sqrt(np.mean(outputs[0] ** 2, axis=1))
        energies = np.square(response).sum(axis=1)
        assert left / right == pytest.approx(np.sqrt(energies[0] / energies[1]), rel=0.02)


@pytest.mark.parametrize("edge_hz", [5000.0, 18000.0])
def test_one_room_is_as_loud_from_a_file_of_any_rate(edge_hz: float) -> None:
    noisy = decaying(1, 96000)
    room = sosfiltfilt(butter(8, edge_hz, fs=96000, output="sos"), noisy)
    audio, outputs = noise(1, 2 * RATE), []
    for rate, up, down in ((44100, 147, 320), (96000, 1, 1), (192000, 2, 1)):
        write(resample_poly(room, up, down, axis=1), rate)
        outputs.append(through(only_wet(normalise=True), audio))
    for out in outputs[1:]:
        level_db = 10 * np.log10(np.mean(out**2) / np.mean(outputs[0] ** 2))
        assert level_db == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize(
    ("from_hz", "to_hz"), [(48000, 44100), (44100, 96000), (96000, 44100), (11025, 48000)]
)
@pytest.mark.parametrize("pre_delay_ms", [0.0, 5.0, 40.0])
@pytest.mark.parametrize("normalise", [True, False])
def test_another_rate_changes_neither_place_nor_frequency_response(
    from_hz: int, to_hz: int, pre_delay_ms: float, normalise: bool
) -> None:
    """Even of the shortest response, one that begins with its direct sound."""
    response = np.zeros((1, 300))
    response[0, [0, 200]] = 0.8, 0.6  # of unit energy
    write(response, from_hz)
    audio = np.zeros((1, to_hz))
    audio[0, to_hz // 2] = 1.0
    stage = only_wet(pre_delay_ms=pre_delay_ms, normalise=normalise)
    out = through(stage, audio, to_hz)[0]
    at_hz = np.array([100.0, 1000.0, 3000.0, 4200.0])
    times = np.arange(to_hz) / to_hz - 0.5 - pre_delay_ms / 1000.0
    found = np.exp(-2j * np.pi * at_hz[:, None] * times) @ out
    expected = 0.8 + 0.6 * np.exp(-2j * np.pi * at_hz * 200 / from_hz)
    late = round(pre_delay_ms / 1000.0 * to_hz) / to_hz - pre_delay_ms / 1000.0  # whole frames
    expected *= np.exp(-2j * np.pi * at_hz * late)
    if normalise:  # of which the mean square up to 20 kHz is not quite 1
        heard_hz = min(20000.0, from_hz / 2)
        expected /= np.sqrt(1.0 + 0.96 * np.sinc(2.0 * heard_hz * 200 / from_hz))
    np.testing.assert_allclose(found, expected, atol=3e-4)


@pytest.mark.parametrize(
    ("channels", "settings"),
    [
        (1, {}),
        (2, {}),
        (4, {}),
        (2, {"wet_db": 0.0, "pre_delay_ms": 12.0, "normalise": False}),
        (1, {"dry_db": -60.0, "wet_db": 12.0, "pre_delay_ms": 500.0}),
        (2, {"mix": 0.5}),
        (1, {"on": "mid"}),
    ],
)
@pytest.mark.parametrize("rate", [44100, 96000])
def test_it_keeps_the_contract(channels: int, rate: int, settings: dict[str, Any]) -> None:
    write(0.1 * decaying(channels, 9000), rate)
    stage = Convolution(impulse_response="ir.wav", **settings)
    check_stage_contract(stage, sample_rates_hz=(rate,))


def test_it_keeps_the_contract_where_the_response_is_converted() -> None:
    write(0.1 * decaying(2, 9000), 48000)
    check_stage_contract(Convolution(impulse_response="ir.wav", wet_db=-12.0))


def test_before_the_first_sound_there_is_digital_silence() -> None:
    write(decaying(1, 20000))
    audio = noise(2, 50000)
    audio[:, :30001] = 0.0
    found = through(only_wet(), audio)
    assert not found[:, :30001].any()
    assert found[:, 30001].all()


def test_after_the_end_of_the_response_digital_silence_returns() -> None:
    write(decaying(1, 8000))
    audio = np.pad(noise(1, 100), ((0, 0), (0, 60000)))
    assert not through(only_wet(), audio)[:, 3 * 8192 :].any()


def test_each_use_starts_afresh() -> None:
    write(decaying(2, 9000))
    stage, audio = only_wet(), noise(2, 30000)
    assert through(stage, audio).tobytes() == through(stage, audio).tobytes()


# Chain files, and responses that are none.


def chain_file(folder: Path, response: str) -> Path:
    path = folder / "chain.yaml"
    path.write_text(
        f"masterprint: 1\ntail_s: 0.5\nstages:\n  - convolution: {{impulse_response: {response}}}\n"
    )
    return path


def test_a_chain_file_finds_the_response_beside_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "rooms").mkdir()
    write(decaying(2, 20000), name="rooms/hall.wav")
    chain = load_chain(chain_file(folder, "rooms/hall.wav"))
    monkeypatch.chdir("/")
    out = chain.apply(noise(2, 5000), RATE)
    assert out.shape == (2, 5000 + RATE // 2)
    assert out[:, 5000:24000].any(axis=0).all()  # rings behind the mix
    assert np.abs(out[:, 26000:]).max() < 1e-15  # and ends


def test_a_response_that_is_not_there_is_found_with_its_place(folder: Path) -> None:
    with pytest.raises(ChainError, match=r"4:37: .*impulse_response: there is no such file"):
        load_chain(chain_file(folder, "hall.wav"))


@pytest.mark.parametrize("response", ["../hall.wav", "/etc/hall.wav"])
def test_a_response_elsewhere_is_refused(folder: Path, response: str) -> None:
    with pytest.raises(ChainError, match="below the folder of the chain file"):
        load_chain(chain_file(folder, response))


def problem(channels: int) -> str:
    """The one problem, which rendering without having asked comes upon as well."""
    stage = only_wet()
    (found,) = stage.problems(RATE, channels)
    with pytest.raises(ChainError) as caught:
        stage.apply(Signal.of(noise(channels, 10), RATE))
    assert found in caught.value.message
    with pytest.raises(ChainError):
        Chain(stages=[stage]).apply(noise(channels, 10), RATE)
    assert found.startswith("impulse_response: ")
    assert "ir.wav" in found
    return found


@pytest.mark.parametrize(("of_response", "of_mix"), [(2, 1), (2, 6), (4, 1)])
def test_a_stereo_response_for_another_mix_is_a_problem(of_response: int, of_mix: int) -> None:
    write(decaying(of_response, 100))
    expected = f"has {of_response} channels, which are for 2 channels, the mix has {of_mix}"
    assert expected in problem(of_mix)


def test_three_channels_are_a_problem() -> None:
    write(decaying(3, 100))
    assert "has 3 channels, where 1, 2 or 4 are expected" in problem(2)


def test_a_response_may_have_30_seconds() -> None:
    write(decaying(1, 30 * 8000), 8000)
    assert not only_wet().problems(RATE, 2)
    write(decaying(1, 30 * 8000 + 1), 8000)
    assert "is 30.0 s long, where at most 30 s are expected: cut off its end" in problem(2)


def test_what_is_no_audio_is_a_problem(folder: Path) -> None:
    (folder / "ir.wav").write_text("not a sound")
    assert "cannot be read as audio" in problem(2)


def test_a_response_that_has_gone_is_a_problem() -> None:
    assert "there is no such file" in problem(2)


def test_a_silent_response_is_refused() -> None:
    write(np.zeros((2, 100)))
    with pytest.raises(ChainError, match="nothing but silence, where a response is expected"):
        through(only_wet(), noise(2, 10))
    write(np.full((2, 100), np.nan))
    with pytest.raises(ChainError, match=r"impulse_response: .*is NaN"):
        through(only_wet(), noise(2, 10))


def test_a_response_may_have_192_khz() -> None:
    write(decaying(1, 100), 192000)
    assert not only_wet().problems(RATE, 2)
    write(decaying(1, 100), 384000)
    assert "has a sample rate of 384000 Hz, where at most 192000 Hz are expected" in problem(2)


def test_what_no_mix_can_use_is_found_in_the_chain_file(folder: Path) -> None:
    (folder / "text.wav").write_text("not a sound")
    with pytest.raises(ChainError, match=r"4:37: .*text.wav: cannot be read as audio"):
        load_chain(chain_file(folder, "text.wav"))
    write(decaying(3, 100))
    with pytest.raises(ChainError, match=r"4:37: .*ir.wav has 3 channels"):
        load_chain(chain_file(folder, "ir.wav"))
    write(decaying(4, 100))
    assert load_chain(chain_file(folder, "ir.wav"))


def test_a_folder_and_a_link_to_itself_are_told_for_what_they_are(folder: Path) -> None:
    (folder / "room.wav").mkdir()
    with pytest.raises(ChainError, match=r"4:37: .*found 'room.wav', a folder, pipe or device"):
        load_chain(chain_file(folder, "room.wav"))
    (folder / "loop.wav").symlink_to("loop.wav")
    with pytest.raises(ChainError, match=r"4:37: .*there is no such file"):
        load_chain(chain_file(folder, "loop.wav"))
    with pytest.raises(ChainError, match=r"loop\.wav"):
        through(only_wet(impulse_response="loop.wav"), noise(2, 10))


def test_the_remedy_for_a_response_that_is_not_finite_is_about_the_response() -> None:
    write(np.full((2, 100), np.nan))
    with pytest.raises(ChainError, match="expected: export it again"):
        through(only_wet(), noise(2, 10))
