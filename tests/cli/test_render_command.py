"""`masterprint render` as a user types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

SIMPLE = "masterprint: 1\nstages:\n  - gain: {gain_db: -3}\n"
LIMITED = "masterprint: 1\nstages:\n  - limiter: {ceiling_dbtp: -1, input_gain_db: 9}\n"


@pytest.fixture
def chain(tmp_path):
    path = tmp_path / "chain.yaml"
    path.write_text(SIMPLE)
    return path


def leftovers(folder: Path) -> list[str]:
    """Everything in a folder, hidden part files included; but not the sheets of masters there."""
    names = {path.name for path in folder.iterdir()} if folder.exists() else set()
    return sorted(names - {f"{name}.recall.yaml" for name in names})


def test_a_master_with_before_and_after_comes_out(run, chain, mix, tmp_path):
    done = run("render", chain, mix, "-o", "out", "--json")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert set(row) >= {"mix", "master", "status", "error", "before", "after", "stages", "seconds"}
    assert row["status"] == "ok"
    assert row["error"] is None
    change = row["after"]["integrated_lufs"] - row["before"]["integrated_lufs"]
    assert change == pytest.approx(-3.0, abs=0.002)
    (stage,) = row["stages"]
    assert stage["label"] == "gain"
    level = stage["level_out"]["rms_dbfs"] - stage["level_in"]["rms_dbfs"]
    assert level == pytest.approx(-3.0, abs=0.002)
    assert leftovers(tmp_path / "out") == ["mix.wav"]
    assert soundfile.info(tmp_path / "out" / "mix.wav").subtype == "PCM_24"


def test_the_report_measures_what_is_in_the_file(run, tmp_path, mix):
    (tmp_path / "limited.yaml").write_text(LIMITED)
    rendered = run("render", "limited.yaml", mix, "-o", "out", "--json", "--bit-depth", "16")
    (row,) = json.loads(rendered.stdout)
    (again,) = json.loads(run("measure", "out/mix.wav", "--json").stdout)
    assert {key: again[key] for key in row["after"]} == row["after"]
    (stage,) = row["stages"]
    assert stage["max_gain_reduction_db"] > stage["mean_gain_reduction_db"] > 0


def test_a_repeat_is_identical_byte_for_byte(run, tmp_path, mix):
    (tmp_path / "limited.yaml").write_text(LIMITED)
    for folder in ("one", "two"):
        arguments = ("--bit-depth", "16", "--dither", "shaped", "--jobs", "2", "-q")
        assert run("render", "limited.yaml", mix, "-o", folder, *arguments).returncode == 0
    assert (tmp_path / "one/mix.wav").read_bytes() == (tmp_path / "two/mix.wav").read_bytes()


def test_an_empty_chain_returns_the_mix_bit_for_bit(run, tmp_path, mix):
    (tmp_path / "empty.yaml").write_text("masterprint: 1\n")
    bypassed = "masterprint: 1\nstages:\n  - limiter: {bypass: true, input_gain_db: 20}\n"
    (tmp_path / "bypassed.yaml").write_text(bypassed)
    for name in ("empty", "bypassed"):
        assert run("render", f"{name}.yaml", mix, "-o", name).returncode == 0
        before, _ = soundfile.read(mix, dtype="int32")
        after, _ = soundfile.read(tmp_path / name / "mix.wav", dtype="int32")
        assert np.array_equal(before, after)


@pytest.mark.parametrize(
    ("options", "extension", "subtype"),
    [
        (["--format", "flac", "--bit-depth", "16"], "flac", "PCM_16"),
        (["--format", "aiff", "--bit-depth", "24"], "aiff", "PCM_24"),
        (["--bit-depth", "32f"], "wav", "FLOAT"),
        (["--bit-depth", "64f", "--sample-rate", "48000"], "wav", "DOUBLE"),
    ],
)
def test_options_replace_what_the_chain_says(
    run, chain, mix, tmp_path, options, extension, subtype
):
    assert run("render", chain, mix, "-o", "out", *options).returncode == 0
    info = soundfile.info(tmp_path / "out" / f"mix.{extension}")
    assert info.subtype == subtype
    rate = 48000 if "--sample-rate" in options else 44100
    assert info.samplerate == rate
    assert info.frames == round(10 * rate)


def test_a_tail_makes_the_master_longer(run, mix, tmp_path):
    (tmp_path / "tail.yaml").write_text("masterprint: 1\ntail_s: 1.5\n")
    assert run("render", "tail.yaml", mix, "-o", "out").returncode == 0
    assert soundfile.info(tmp_path / "out/mix.wav").frames == round(11.5 * 44100)


def test_what_cannot_be_begun_is_refused_before_any_work(run, chain, mix, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "mix.flac").write_bytes(b"")
    (tmp_path / "file").write_text("x")
    cases = [
        (["render", chain, mix, other / "mix.flac", "-o", "out"], "would be made of"),
        (["render", chain, mix, "-o", tmp_path], "would replace the mix"),
        (["render", chain, mix, "-o", tmp_path, "--overwrite"], "would replace the mix"),
        (["render", chain, "nothing.wav", "-o", "out"], "no such file"),
        (["render", "nothing.yaml", mix, "-o", "out"], "no such chain"),
        (["render", chain, mix, "-o", tmp_path / "file"], "where an output folder is expected"),
        (["render", chain, mix, "-o", "out", "--bit-depth", "20"], "one of 16, 24, 32f, 64f"),
        (["render", chain, mix, "-o", "out", "--sample-rate", "4000"], "from 11025 to 192000"),
        (["render", chain, mix, "-o", "out", "--sample-rate", "0"], "from 11025 to 192000"),
        (["render", chain, mix, "-o", "out", "--sample-rate", "44.1k"], "found '44.1k'"),
        (["render", chain, mix, "-o", "out", "--sample-rate", "\u00b2"], "a whole number from"),
        (["render", chain, mix, "-o", "out", "--sample-rate", "9" * 5000], "a whole number from"),
        (["render", chain, "out", "-o", "out"], "no such file"),
        (["render", chain, "x" * 300, "-o", "out"], "File name too long"),
        (["render", "x" * 300, mix, "-o", "out"], "File name too long"),
        (["render", chain, mix, "-o", "y" * 300], "File name too long"),
        (["render", chain, mix, "-o", "out", "--format", "flac", "--bit-depth", "32f"], "FLAC"),
    ]
    for arguments, expected in cases:
        done = run(*arguments)
        assert done.returncode == 2, (arguments, done.stderr)
        assert expected in done.stderr, done.stderr
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "out").exists()


def test_an_existing_master_stays_unless_overwrite_is_given(run, chain, mix, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "mix.wav").write_text("precious")
    refused = run("render", chain, mix, "-o", "out")
    assert refused.returncode == 2
    assert "--overwrite" in refused.stderr
    assert (out / "mix.wav").read_text() == "precious"
    assert run("render", chain, mix, "-o", "out", "--overwrite").returncode == 0
    assert soundfile.info(out / "mix.wav").frames == 441000


def write(path: Path, audio: np.ndarray, rate: int = 44100, subtype: str = "PCM_16") -> Path:
    soundfile.write(path, audio, rate, subtype)
    return path


def test_bad_mixes_fail_alone_each_with_one_sentence(run, tmp_path, mix):
    (tmp_path / "wide.yaml").write_text("masterprint: 1\nstages:\n  - width: {width: 1.5}\n")
    quiet = np.full((4000, 2), 0.01)
    bad = {
        "empty": b"",
        "text": b"this is not audio at all, whatever it is called\n" * 9,
        "truncated": mix.read_bytes()[:5000],
    }
    for name, content in bad.items():
        (tmp_path / f"{name}.wav").write_bytes(content)
    not_a_number = quiet.copy()
    not_a_number[100, 1] = np.nan
    infinite = quiet.copy()
    infinite[100, 0] = np.inf
    write(tmp_path / "nan.wav", not_a_number, subtype="FLOAT")
    write(tmp_path / "inf.wav", infinite, subtype="FLOAT")
    write(tmp_path / "mono.wav", quiet[:, :1])
    write(tmp_path / "six.wav", np.full((4000, 6), 0.01))
    write(tmp_path / "no-frames.wav", quiet[:0])
    write(tmp_path / "low.wav", quiet, rate=8000)
    write(tmp_path / "high.wav", quiet, rate=384000)
    expected = {
        "empty": "is empty",
        "text": "cannot be read as audio",
        "truncated": "ends early",
        "nan": "is NaN",
        "inf": "is infinite",
        "mono": "works on 2 channels, the mix has 1",
        "six": "works on 2 channels, the mix has 6",
        "no-frames": "holds no audio",
        "low": "8000 Hz",
        "high": "384000 Hz",
    }
    files = [tmp_path / f"{name}.wav" for name in expected]
    done = run("render", "wide.yaml", *files, mix, "-o", "out", "--json")
    assert done.returncode == 1
    rows = {Path(row["mix"]).stem: row for row in json.loads(done.stdout)}
    for name, text in expected.items():
        assert rows[name]["status"] == "failed"
        assert text in rows[name]["error"], rows[name]["error"]
        assert name in rows[name]["error"]
    assert rows["mix"]["status"] == "ok"
    assert leftovers(tmp_path / "out") == ["mix.wav"]
    assert "Traceback" not in done.stderr
    said = [line for line in done.stderr.splitlines() if not line.startswith("Compiling")]
    assert len(said) == len(expected)


def test_a_name_is_not_markup_and_need_not_be_text(run, chain, mix, tmp_path):
    """Square brackets are markup to Rich; a name on disk may be no UTF-8 at all."""
    for name in (b"tk [take] [b].wav", b"\xff\xfe [red].wav"):
        copy = Path(os.fsdecode(bytes(tmp_path) + b"/" + name))
        copy.write_bytes(mix.read_bytes())
        for options in ((), ("--json",)):
            done = run("render", chain, copy, "-o", "out", "--overwrite", *options)
            assert done.returncode == 0, done.stderr
            shown = json.loads(done.stdout)[0]["mix"] if options else done.stdout
            assert name.decode("utf-8", "surrogateescape") in shown or "\\udcff" in shown
        measured = run("measure", copy)
        assert measured.returncode == 0
        assert "[take]" in measured.stdout or "[red]" in measured.stdout


def test_a_folder_named_like_a_ready_made_chain_does_not_hide_it(run, mix, tmp_path):
    (tmp_path / "streaming").mkdir()
    assert run("render", "streaming", mix, "-o", "streaming").returncode == 0
    assert leftovers(tmp_path / "streaming") == ["mix.wav"]


def test_stages_behind_a_conversion_keep_their_numbers(run, tmp_path):
    write(tmp_path / "high.wav", np.full((40000, 2), 0.01), rate=192000)
    late = "  - gain: {}\n  - limiter: {}\n  - lowpass: {frequency_hz: 30000}\n"
    (tmp_path / "late.yaml").write_text(f"masterprint: 1\nstages:\n  - gain: {{}}\n{late}")
    done = run("render", "late.yaml", "high.wav", "-o", "out", "--sample-rate", "44100")
    assert done.returncode == 1
    assert "stages[3].lowpass: frequency_hz is 30000" in done.stderr


def test_a_stage_that_overflows_is_named(run, tmp_path, mix):
    many = "  - gain: {gain_db: 60, label: much}\n" * 10
    (tmp_path / "loud.yaml").write_text(f"masterprint: 1\nstages:\n{many}")
    done = run("render", "loud.yaml", mix, "-o", "out")
    assert done.returncode == 1
    assert f"{mix}: Stage 'much' gave samples" in done.stderr
    assert "Warning" not in done.stderr
    assert leftovers(tmp_path / "out") == []


def test_what_should_be_known_is_said_on_stderr_even_quietly(run, tmp_path, mix):
    (tmp_path / "hot.yaml").write_text("masterprint: 1\nstages:\n  - gain: {gain_db: 20}\n")
    done = run("render", "hot.yaml", mix, "-o", "out", "--quiet")
    assert done.returncode == 0
    assert "warning" in done.stderr
    assert "were clipped" in done.stderr


def test_a_full_device_behind_stdout_is_an_error(chain, mix, tmp_path):
    command = f"{sys.executable} -m masterprint measure {mix} --json > /dev/full"
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "output cannot be written: No space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_fails_in_one_sentence_and_leaves_nothing(chain, mix, tmp_path):
    for file_format in ("wav", "flac", "aiff"):
        command = (
            f"ulimit -f 200; exec {sys.executable} -m masterprint render {chain} {mix} "
            f"-o full --format {file_format}"
        )
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 1, done.stderr
        assert "cannot be written" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
        assert leftovers(tmp_path / "full") == []


def test_a_folder_that_may_not_be_written_to(run, chain, mix):
    done = run("render", chain, mix, "-o", "/proc/masters")
    assert done.returncode == 2
    assert "cannot be made" in done.stderr


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, 130),
        (signal.SIGTERM, 143),
        (signal.SIGHUP, 129),
        (signal.SIGKILL, -9),
    ],
)
def test_an_interrupted_render_leaves_no_master(tmp_path, number, code):
    rng = np.random.default_rng(1)
    mixes = ("long.wav", "longer.wav")
    for name in mixes:
        write(tmp_path / name, rng.uniform(-0.5, 0.5, (60 * 44100, 2)))
    (tmp_path / "limited.yaml").write_text(LIMITED)
    # What a shell starts in the background has Ctrl-C ignored, and so has what that starts in turn.
    heeding = "signal.signal(signal.SIGINT, signal.default_int_handler);"
    heeding += "signal.signal(signal.SIGHUP, signal.SIG_DFL)"
    program = f"import signal, masterprint.cli.app as app; {heeding}; app.main()"
    running = subprocess.Popen(
        [sys.executable, "-c", program, "render", "limited.yaml", *mixes, "-o", "out", "--json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not any(
        path.stat().st_size > 100_000 for path in (tmp_path / "out").glob(".*.part")
    ):
        time.sleep(0.01)
    os.kill(running.pid, number)
    if number == signal.SIGINT:  # a single one lets what is being rendered come to its end
        assert running.stderr is not None
        said = ""
        while "Ctrl-C again stops it" not in said:
            said += running.stderr.readline()
        os.kill(running.pid, number)
    output, errors = running.communicate(timeout=60)
    assert running.returncode == code, errors
    assert not (tmp_path / "out" / "long.wav").exists()
    if number != signal.SIGKILL:
        assert leftovers(tmp_path / "out") == []
    if number == signal.SIGINT:
        assert "Interrupted" in errors
        rows = json.loads(output)
        assert [(row["mix"], row["status"]) for row in rows] == [
            (name, "skipped") for name in mixes
        ]


def test_what_nohup_ignores_stays_ignored(tmp_path, chain, mix):
    def ignore() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    program = (
        "import os, signal, masterprint.rendering.engine as engine, masterprint.cli.app as app;"
        "render = engine.render_job;"
        "engine.render_job = lambda *a: (os.kill(os.getpid(), signal.SIGHUP), render(*a))[1];"
        "app.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "render", chain, mix, "-o", "out", "-q"],
        cwd=tmp_path,
        preexec_fn=ignore,
        check=False,
    )
    assert done.returncode == 0
    assert leftovers(tmp_path / "out") == ["mix.wav"]


def test_closed_or_full_streams_do_not_change_what_is_done(chain, mix, tmp_path):
    cases = [
        (f"render {chain} {mix} -o a >&-", 0),
        (f"render {chain} {mix} -o b 2>&-", 0),
        ("--version >&-", 0),
        (f"render {chain} nothing.wav -o c 2>/dev/full", 2),
        (f"render {chain} nothing.wav -o c 2>&-", 2),
    ]
    for words, code in cases:
        command = f"{sys.executable} -m masterprint {words}"
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, (words, done.stdout, done.stderr)
        assert "Traceback" not in done.stdout + done.stderr
    assert leftovers(tmp_path / "a") == leftovers(tmp_path / "b") == ["mix.wav"]


def test_no_progress_and_no_colour_in_a_pipe(run, chain, mix):
    done = run("render", chain, mix, "-o", "out")
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    quiet = run("render", chain, mix, "-o", "out", "--overwrite", "--quiet")
    assert quiet.stdout == quiet.stderr == ""


def test_progress_on_a_terminal(chain, tmp_path):
    import pty

    rng = np.random.default_rng(1)
    write(tmp_path / "long.wav", rng.uniform(-0.5, 0.5, (90 * 44100, 2)))
    (tmp_path / "limited.yaml").write_text(LIMITED)
    leader, follower = pty.openpty()
    # What a shell starts in the background has Ctrl-C ignored, and so has what that starts in turn.
    heeding = "signal.signal(signal.SIGINT, signal.default_int_handler)"
    program = f"import signal, masterprint.cli.app as app; {heeding}; app.main()"
    running = subprocess.Popen(
        [sys.executable, "-c", program, "render", "limited.yaml", "long.wav", "-o", "out"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=follower,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(follower)
    shown = b""
    try:
        while data := os.read(leader, 4096):
            shown += data
    except OSError:  # the terminal closes with the process
        pass
    assert running.wait(60) == 0
    text = shown.decode()
    assert "long.wav" in text
    assert "limiter" in text
    assert "x real time" in text


def test_the_ceiling_holds_after_conversion_and_dither(run, tmp_path, music):
    import oracles

    soundfile.write(tmp_path / "hot.wav", music.T * 3.0, 96000, "FLOAT")
    (tmp_path / "limited.yaml").write_text(LIMITED)
    options = ["--sample-rate", "44100", "--bit-depth", "16", "--dither", "shaped"]
    done = run("render", "limited.yaml", "hot.wav", "-o", "out", "--json", *options)
    assert done.returncode == 0, done.stderr
    master, rate = soundfile.read(tmp_path / "out" / "hot.wav", always_2d=True)
    assert rate == 44100
    assert oracles.true_peak_dbtp(master.T) <= -1.0
    (row,) = json.loads(done.stdout)
    assert [stage["stage"] for stage in row["stages"]] == ["conversion", "limiter"]


def test_a_ceiling_that_cannot_hold_is_said(run, tmp_path, mix):
    text = "masterprint: 1\nstages:\n  - limiter: {input_gain_db: 12}\n  - gain: {gain_db: 6}\n"
    (tmp_path / "late.yaml").write_text(text)
    (row,) = json.loads(run("render", "late.yaml", mix, "-o", "out", "--json").stdout)
    assert any("above the -1 dBTP" in warning for warning in row["warnings"])
    assert any("clipped" in warning for warning in row["warnings"])


def test_two_jobs_give_what_one_gives(run, tmp_path, music):
    (tmp_path / "limited.yaml").write_text(LIMITED)
    mixes = [
        write(tmp_path / f"m{index}.wav", music.T[index * 44100 :], subtype="PCM_24")
        for index in range(4)
    ]
    for jobs in ("1", "3"):
        assert run("render", "limited.yaml", *mixes, "-o", jobs, "-j", jobs).returncode == 0
    for path in mixes:
        assert (tmp_path / "1" / path.name).read_bytes() == (
            tmp_path / "3" / path.name
        ).read_bytes()
