"""Folders, lists, what is done already: `render` and `batch` on many mixes as a user types them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import soundfile
import yaml

from bulk_tools import CHAIN, events, masters, write_chain, write_mixes
from recall_tools import edited, put


@pytest.fixture
def run(run):
    """On one core: how many there are does not matter here, and each worker takes half a second."""

    def command(verb, *words):
        return run(verb, *words, *["--jobs", "1"] * (verb in ("render", "batch", "recall")))

    return command


def statuses(done) -> list[str]:
    assert done.returncode in (0, 1), done.stderr
    return [row["status"] for row in json.loads(done.stdout)]


def test_folders_are_taken_and_their_tree_is_kept(run, tmp_path):
    write_chain(tmp_path / "chain.yaml")
    write_mixes(tmp_path / "mixes", 2)
    write_mixes(tmp_path / "mixes/deeper/Disc 2", 1)
    write_mixes(tmp_path / "mixes/.hidden", 1)
    (tmp_path / "mixes/notes.txt").write_text("not audio")
    (tmp_path / "mixes/._00.wav").write_bytes(b"what macOS leaves behind")
    flat = run("render", "chain.yaml", "mixes", "-o", "flat")
    assert flat.returncode == 0, flat.stderr
    assert list(masters(tmp_path / "flat")) == ["00.wav", "01.wav"]
    assert "2 rendered in" in flat.stdout
    # The output folder lies in the one that is looked through: masters are no mixes.
    for _ in range(2):
        command = (
            "render",
            "chain.yaml",
            "mixes",
            "-r",
            "-o",
            "mixes/out",
            "--overwrite",
            "--json",
        )
        done = run(*command)
        assert statuses(done) == ["ok"] * 3
        assert list(masters(tmp_path / "mixes/out")) == ["00.wav", "01.wav", "deeper/Disc 2/00.wav"]


def test_what_is_odd_in_a_folder_fails_alone_or_is_said(run, tmp_path):
    write_chain(tmp_path / "chain.yaml")
    write_mixes(tmp_path / "mixes", 2)
    (tmp_path / "mixes/gone.wav").symlink_to(tmp_path / "nowhere.wav")
    (tmp_path / "mixes/loop.wav").symlink_to("loop.wav")
    write_mixes(tmp_path / "elsewhere", 1)
    (tmp_path / "mixes/linked").symlink_to(tmp_path / "elsewhere")
    done = run("render", "chain.yaml", "mixes", "-r", "-o", "out", "--json")
    assert statuses(done) == ["ok", "ok", "failed", "failed"]
    assert "mixes/linked: is a link to a folder, and is left out" in done.stderr
    assert list(masters(tmp_path / "out")) == ["00.wav", "01.wav"]


def test_a_dry_run_refuses_a_folder_that_cannot_be_made(run, tmp_path):
    write_chain(tmp_path / "chain.yaml")
    write_mixes(tmp_path / "mixes", 1)
    (tmp_path / "taken").write_text("a file")
    done = run("render", "chain.yaml", "mixes", "-o", "taken/deeper", "--dry-run")
    assert (done.returncode, done.stdout) == (2, "")
    assert "taken/deeper: is a file or a link" in done.stderr
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    for place in ("nowhere", "nowhere/deeper"):
        done = run("render", "chain.yaml", "mixes", "-o", place, "--dry-run")
        assert done.returncode == 2
        assert "a link that leads nowhere" in done.stderr
    assert run("render", "chain.yaml", "mixes", "-o", "new/deeper", "--dry-run").returncode == 0
    assert not (tmp_path / "new").exists()
    assert run("render", "chain.yaml", "mixes", "-o", "out").returncode == 0
    done = run("recall", "out/00.wav", "-o", "taken/deeper", "--dry-run")
    assert done.returncode == 2
    assert "taken/deeper: is a file" in done.stderr


def test_a_master_cannot_be_the_folder_of_another(run, tmp_path):
    write_mixes(tmp_path / "mixes", 2)
    write_chain(tmp_path / "chain.yaml")
    rows = "mixes/00.wav,chain.yaml,out,m\nmixes/01.wav,chain.yaml,out/m.wav,n\n"
    (tmp_path / "jobs.csv").write_text("mix,chain,output,name\n" + rows)
    done = run("batch", "jobs.csv", "--dry-run")
    assert done.returncode == 2
    assert "out/m.wav: would be the master of mixes/00.wav and the folder of another" in done.stderr


def test_a_folder_without_audio_is_refused(run, tmp_path):
    write_chain(tmp_path / "chain.yaml")
    (tmp_path / "empty/deeper").mkdir(parents=True)
    write_mixes(tmp_path / "empty/deeper", 1)
    done = run("render", "chain.yaml", "empty", "-o", "out")
    assert done.returncode == 2
    assert "no audio file is in this folder" in done.stderr
    assert "--recursive" in done.stderr
    assert not (tmp_path / "out").exists()


def test_mixes_of_one_name_would_become_one_master(run, tmp_path):
    write_chain(tmp_path / "chain.yaml")
    write_mixes(tmp_path / "a", 1)
    write_mixes(tmp_path / "b", 1)
    done = run("render", "chain.yaml", "a", "b", "-o", "out")
    assert done.returncode == 2
    assert "out/00.wav: would be made of a/00.wav and b/00.wav both" in done.stderr


def test_resume_renders_only_what_is_not_done_or_has_changed(run, tmp_path):
    write_chain(tmp_path / "chain.yaml")
    mixes = write_mixes(tmp_path / "mixes", 4)
    command = ("render", "chain.yaml", "mixes", "-o", "out", "--json")
    assert statuses(run(*command)) == ["ok"] * 4
    first = masters(tmp_path / "out")
    resume = (*command, "--resume")
    assert statuses(run(*resume)) == ["unchanged"] * 4

    write_mixes(tmp_path / "new", 5)
    mixes[1].write_bytes((tmp_path / "new/04.wav").read_bytes())  # the mix has changed
    (tmp_path / "out/02.wav").unlink()  # the master is gone
    assert statuses(run(*resume)) == ["unchanged", "ok", "ok", "unchanged"]
    again = masters(tmp_path / "out")
    assert again.pop("01.wav") != first.pop("01.wav")
    assert again == first

    # What cannot be heard changes nothing; what can be heard changes all.
    write_chain(tmp_path / "chain.yaml", CHAIN.replace("gain:", "gain:  # a comment\n     "))
    write_chain(tmp_path / "chain.yaml", "name: another\n" + CHAIN.replace("{}", "{label: wall}"))
    assert statuses(run(*resume)) == ["unchanged"] * 4
    write_chain(tmp_path / "chain.yaml", CHAIN.replace("-3", "-3.5"))
    assert statuses(run(*resume)) == ["ok"] * 4
    assert statuses(run(*resume, "--bit-depth", "16")) == ["ok"] * 4


def test_resume_does_not_replace_what_somebody_else_has_made(run, tmp_path):
    write_chain(tmp_path / "chain.yaml")
    write_mixes(tmp_path / "mixes", 3)
    command = ("render", "chain.yaml", "mixes", "-o", "out", "--json")
    assert statuses(run(*command)) == ["ok"] * 3
    edited = tmp_path / "out/00.wav"
    audio, rate = soundfile.read(edited)
    soundfile.write(edited, audio * 0.5, rate, "PCM_24")
    (tmp_path / "out/01.wav.recall.yaml").unlink()
    kept = masters(tmp_path / "out")
    done = run(*command, "--resume")
    assert done.returncode == 1
    assert statuses(done) == ["failed", "failed", "unchanged"]
    assert "the master is not as it was rendered: it was left as it is" in done.stderr
    assert "there is no recall sheet: it was left as it is" in done.stderr
    assert masters(tmp_path / "out") == kept
    assert statuses(run(*command, "--resume", "--overwrite")) == ["ok", "ok", "unchanged"]


def test_a_tag_on_a_master_is_no_change(run, tmp_path):
    """Its samples count, not its bytes."""
    write_chain(tmp_path / "chain.yaml")
    write_mixes(tmp_path / "mixes", 2)
    command = ("render", "chain.yaml", "mixes", "-o", "out", "--json")
    assert statuses(run(*command)) == ["ok"] * 2
    with (tmp_path / "out/00.wav").open("r+b") as file:
        file.seek(0, 2)
        file.write(b"note\x08\x00\x00\x00a chunk.")
    assert statuses(run(*command, "--resume")) == ["unchanged"] * 2


def test_a_dry_run_says_what_would_be_done_and_does_nothing(run, tmp_path):
    write_chain(tmp_path / "chain.yaml")
    write_mixes(tmp_path / "mixes", 2)
    done = run("render", "chain.yaml", "mixes", "-o", "out/deep", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "render out/deep/00.wav: new",
        "render out/deep/01.wav: new",
        "2 to render",
    ]
    assert not (tmp_path / "out").exists()
    run("render", "chain.yaml", "mixes/00.wav", "-o", "out/deep")
    (tmp_path / "mixes/02.wav").write_bytes(b"no audio")
    kept = masters(tmp_path / "out")
    options = ("--resume", "--dry-run", "--set", "limiter.ceiling_dbtp=-2", "--json")
    done = run("render", "chain.yaml", "mixes", "-o", "out/deep", *options)
    rows = json.loads(done.stdout)
    assert [row["would"] for row in rows] == ["render", "render", "fail"]
    assert "02.wav: cannot be read as audio" in rows[2]["why"]
    (tmp_path / "mixes/02.wav").unlink()
    assert rows[0]["why"] == ("the chain has changed (stage 2, limiter: ceiling_dbtp: -1 -> -2)")
    assert masters(tmp_path / "out") == kept
    done = run("render", "chain.yaml", "mixes", "-o", "out/deep", "--resume", "--dry-run")
    assert done.stdout.splitlines()[0] == "done   out/deep/00.wav: made of the same"


def test_a_dry_run_says_what_a_chain_does_not_suit(run, tmp_path):
    write_chain(tmp_path / "chain.yaml", "masterprint: 1\nstages:\n  - width: {}\n")
    write_mixes(tmp_path / "mixes", 1)
    soundfile.write(tmp_path / "mixes/mono.wav", [0.0] * 4410, 44100)
    planned = run("render", "chain.yaml", "mixes", "-o", "out", "--dry-run", "--json")
    assert planned.returncode == 1
    assert [row["would"] for row in json.loads(planned.stdout)] == ["render", "fail"]
    assert "works on 2 channels, the mix has 1" in json.loads(planned.stdout)[1]["why"]


def test_a_log_has_every_event(run, tmp_path):
    write_chain(tmp_path / "chain.yaml")
    write_mixes(tmp_path / "mixes", 2)
    (tmp_path / "mixes/bad.wav").write_bytes(b"no audio")
    done = run("render", "chain.yaml", "mixes", "-o", "out", "--log", "log.jsonl", "-q")
    assert done.returncode == 1
    found = events(tmp_path / "log.jsonl")
    assert found[0]["event"] == "begun"
    assert found[0]["jobs"] == 3
    assert found[-1] | {"time": "", "seconds": 0} == {
        "time": "",
        "event": "ended",
        "rendered": 2,
        "done_already": 0,
        "failed": 1,
        "not_done": 0,
        "seconds": 0,
        "interrupted": False,
    }
    assert sorted(each["event"] for each in found[1:-1]) == sorted(
        ["rendering"] * 3 + ["rendered"] * 2 + ["failed"]
    )
    (failed,) = (each for each in found if each["event"] == "failed")
    assert failed["mix"] == "mixes/bad.wav"
    assert "cannot be read as audio" in failed["error"]
    assert all(each["time"].endswith("Z") for each in found)
    refused = run("render", "chain.yaml", "mixes", "-o", "out2", "--log", "no/such/folder.jsonl")
    assert refused.returncode == 2
    assert "the log cannot be written" in refused.stderr


def test_what_a_list_says_is_rendered(run, tmp_path):
    write_chain(tmp_path / "chain.yaml")
    write_mixes(tmp_path / "mixes", 3)
    listed = {
        "masterprint_batch": 1,
        "chain": "chain.yaml",
        "output": "out",
        "set": {"limiter.ceiling_dbtp": -2.0},
        "jobs": [
            {"mix": "mixes/00.wav"},
            {"mix": "mixes/01.wav", "name": "02 Undertow", "bit_depth": 16, "output": "cd"},
            {"mix": "mixes/02.wav", "chain": "acoustic", "set": {"maximizer.target_lufs": -20}},
            {"mix": "mixes/none.wav"},
        ],
    }
    elsewhere = tmp_path / "lists"
    elsewhere.mkdir()
    for each in listed["jobs"]:
        each["mix"] = f"../{each['mix']}"
    listed["chain"] = "../chain.yaml"
    listed["jobs"][2]["set"] |= {"*.ceiling_dbtp": -3}
    del listed["set"]
    (elsewhere / "jobs.yaml").write_text(yaml.safe_dump(listed))
    done = run("batch", "lists/jobs.yaml", "--json")
    assert done.returncode == 1
    assert statuses(done) == ["ok", "ok", "ok", "failed"]
    assert "none.wav: there is no such file" in done.stderr
    assert set(masters(elsewhere)) == {
        "jobs.yaml",
        "out/00.wav",
        "out/02.wav",
        "cd/02 Undertow.wav",
    }
    assert soundfile.info(elsewhere / "cd/02 Undertow.wav").subtype == "PCM_16"
    rows = json.loads(done.stdout)
    assert rows[2]["after"]["integrated_lufs"] == pytest.approx(-20, abs=0.1)
    assert rows[2]["after"]["true_peak_dbtp"] <= -3


def test_a_table_says_the_same(run, tmp_path):
    write_chain(tmp_path / "chain.yaml")
    write_mixes(tmp_path / "mixes", 3)
    (tmp_path / "jobs.csv").write_text(
        "\ufeffmix;chain;output;name;bit_depth;limiter.ceiling_dbtp\r\n"
        "mixes/00.wav;chain.yaml;out;;;\r\n"
        '"mixes/01.wav";chain.yaml;out;"the; second";16;-6.5\r\n'
        "mixes/02.wav;chain.yaml;;;32f;\r\n",
        encoding="utf-8",
    )
    done = run("batch", "jobs.csv", "-o", "rest", "--json")
    assert statuses(done) == ["ok"] * 3
    assert list(masters(tmp_path / "out")) == ["00.wav", "the; second.wav"]
    assert soundfile.info(tmp_path / "rest/02.wav").subtype == "FLOAT"
    assert json.loads(done.stdout)[1]["after"]["true_peak_dbtp"] <= -6.5


def test_tables_are_taken_as_spreadsheets_write_them(run, tmp_path):
    write_chain(tmp_path / "chain.yaml")
    write_mixes(tmp_path / "mixes", 1)
    text = "\ufeffsep=;\r\nMix;Chain;Output;;\r\nmixes/00.wav;chain.yaml;out;;\r\n\r\n"
    (tmp_path / "jobs.csv").write_text(text, encoding="utf-8")
    assert statuses(run("batch", "jobs.csv", "--json")) == ["ok"]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.yaml", "jobs: []", "a.yaml:1:1: is no jobs file"),
        (
            "a.yaml",
            "masterprint_batch: 1\njobs: []",
            "a.yaml:2:7: jobs: found a list of 0; allowed: a list of at least 1",
        ),
        (
            "a.yaml",
            "masterprint_batch: 1\njobs:\n  - {mix: a.wav, chian: x}\n",
            "a.yaml:3:18: jobs[0].chian: there is no such key; did you mean 'chain'?",
        ),
        (
            "a.yaml",
            "masterprint_batch: 1\nchain: ./pipe\njobs:\n  - {mix: a.wav}\n",
            "a.yaml:4: pipe: is a folder, pipe or device, where a chain file is expected",
        ),
        (
            "a.yaml",
            "masterprint_batch: 1\njobs:\n  - {mix: a.wav}\n",
            "a.yaml:3:5: jobs[0]: names no chain, and neither does the file",
        ),
        (
            "a.yaml",
            "masterprint_batch: 1\nchain: none.yaml\njobs:\n  - {mix: a.wav}\n",
            "a.yaml:4: none.yaml: there is no such chain file",
        ),
        (
            "a.yaml",
            "masterprint_batch: 1\nchain: chain.yaml\njobs:\n  - {mix: a.wav, name: ../x}\n",
            "a.yaml:4:24: jobs[0].name: found '../x'; allowed: a name, without / or \\ in it",
        ),
        (
            "a.yaml",
            "masterprint_batch: 2\nchain: 3\njobs:\n  - {mix: ''}\n  - [a.wav]\n",
            "a.yaml:1:20: masterprint_batch: found 2; allowed: 1\n"
            "a.yaml:2:8: chain: found 3; allowed: text\n"
            "a.yaml:4:11: jobs[0].mix: found ''; allowed: text that is not empty\n"
            "a.yaml:5:5: jobs[1]: found a list of 1; allowed: a mapping",
        ),
        (
            "a.yaml",
            "masterprint_batch: 1\nchain: chain.yaml\noutput: o\njobs:\n"
            "  - {mix: a.wav}\n  - {mix: b.wav, set: {limiter.ceiling_dbtp: 3}}\n",
            "a.yaml:6: stages[1].limiter.ceiling_dbtp: found 3; allowed: a number from -40 to 0",
        ),
        (
            "a.yaml",
            "masterprint_batch: 1\nchain: chain.yaml\njobs:\n  - {mix: a.wav}\n",
            "a.yaml:4: no output folder is named",
        ),
        ("a.csv", "mix,chain\na.wav\n", "a.csv:2: has not 2 cells"),
        ("a.csv", "mix,chain\na.wav,b,c\n", "a.csv:2: has not 2 cells"),
        ("a.csv", "", "a.csv: has no rows"),
        ("a.csv", "mix,chain\n", "a.csv: has no rows"),
        ("a.csv", "mix,chian\na,b\n", "a.csv:1: there is no such column as 'chian'; did you mean"),
        ("a.csv", "mix,chain\na,b\x00\n", "a.csv:2: is no CSV: it holds a null character"),
        ("a.csv", "sep=ab\nmix\na\n", "a.csv:1: tells 'ab', where one character separates"),
        ("a.csv", "mix\n" + "a\n" * 200_001, "a.csv:200002: has more than 200000 rows"),
        ("a.csv", 'mix,chain\n"a.wav,x\n', "a.csv:2: is no CSV"),
        ("a.csv", "chain,output\nx,y\n", "a.csv:2:1: jobs[0].mix: is missing"),
        ("a.csv", b"mix\n\xff\n", "a.csv:2: is not UTF-8 text (byte 4 is 0xff)"),
    ],
)
def test_what_is_wrong_with_a_list_is_said_with_its_place(run, tmp_path, name, text, expected):
    write_chain(tmp_path / "chain.yaml")
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    os.mkfifo(tmp_path / "pipe")
    done = run("batch", name)
    assert done.returncode == 2
    assert expected in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


def test_rows_write_only_where_they_may(run, tmp_path):
    write_mixes(tmp_path / "lists/mixes", 1)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "lists/way").symlink_to(tmp_path / "elsewhere")
    write_chain(tmp_path / "lists/chain.yaml")
    for place in (str(tmp_path / "elsewhere/new"), "../elsewhere", "way/new"):
        text = f"mix,chain,output\nmixes/00.wav,chain.yaml,{place}\n"
        (tmp_path / "lists/jobs.csv").write_text(text)
        done = run("batch", "lists/jobs.csv")
        assert done.returncode == 2
        assert "lists/jobs.csv:2:" in done.stderr
        assert "is an output folder outside of lists" in done.stderr
        assert list((tmp_path / "elsewhere").iterdir()) == []
    assert run("batch", "lists/jobs.csv", "-o", "elsewhere").returncode == 0
    assert list(masters(tmp_path / "elsewhere")) == ["new/00.wav"]


def test_of_many_mistakes_the_first_are_told_and_how_many_there_are(run, tmp_path):
    rows = "".join(f"mix.wav,none-{number}.yaml,out\n" for number in range(130))
    (tmp_path / "jobs.csv").write_text("mix,chain,output\n" + rows)
    done = run("batch", "jobs.csv")
    assert done.returncode == 2
    assert done.stderr.count("there is no such chain file") == 100
    assert "And 30 more." in done.stderr
    # One mistake of all rows is one, though each row is another.
    rows = "".join(f"mix.wav,chain.yaml,out,n{number},-{number}\n" for number in range(130))
    write_chain(tmp_path / "chain.yaml")
    (tmp_path / "jobs.csv").write_text("mix,chain,output,name,limitr.ceiling_dbtp\n" + rows)
    done = run("batch", "jobs.csv")
    assert done.returncode == 2
    (said,) = done.stderr.splitlines()
    assert "jobs.csv:2 and 129 more rows: limitr.ceiling_dbtp: there is no such" in said


def test_no_two_rows_make_one_master(run, tmp_path):
    write_chain(tmp_path / "chain.yaml")
    write_mixes(tmp_path / "mixes", 2)
    rows = "\n".join(f"mixes/{n:02}.wav,chain.yaml,out,Same" for n in range(2))
    (tmp_path / "jobs.csv").write_text(f"mix,chain,output,name\n{rows}\n")
    done = run("batch", "jobs.csv")
    assert done.returncode == 2
    assert "out/Same.wav: would be made of mixes/00.wav and mixes/01.wav both" in done.stderr
    twice = run("render", "chain.yaml", "mixes", "mixes/00.wav", "mixes/01.wav", "-o", "out")
    assert twice.returncode == 2
    for name in ("00.wav", "01.wav"):
        assert f"out/{name}: would be made of mixes/{name} twice" in twice.stderr
    folder = run("batch", "mixes")
    assert folder.returncode == 2
    assert "mixes: is a folder, where a jobs file is expected" in folder.stderr


def test_the_examples_of_the_page_are_valid(run, tmp_path):
    page = (Path(__file__).parents[2] / "docs/bulk.md").read_text()
    (listed,) = page.split("```yaml\n")[1:]
    (tmp_path / "jobs.yaml").write_text(listed.partition("```")[0])
    (tmp_path / "chains").mkdir()
    (tmp_path / "chains/02.yaml").write_text("masterprint: 1\nstages: [{maximizer: {}}]\n")
    write_mixes(tmp_path / "mixes", 4, 5.0)
    done = run("batch", "jobs.yaml", "--json")
    assert statuses(done) == ["ok"] * 3
    table = page.split("```text\n")[1].partition("```")[0]
    (tmp_path / "jobs.csv").write_text(table)
    assert statuses(run("batch", "jobs.csv", "--overwrite", "--json")) == ["ok"] * 2


def test_an_archive_is_recalled_as_a_whole(run, tmp_path):
    write_chain(tmp_path / "chain.yaml")
    write_mixes(tmp_path / "mixes", 2)
    write_mixes(tmp_path / "mixes/b", 1)
    assert run("render", "chain.yaml", "mixes", "-r", "-o", "arch").returncode == 0
    sheet = "arch/00.wav.recall.yaml"
    done = run("recall", "arch", sheet, "--json")
    assert done.returncode == 0, done.stderr
    assert [each["verdict"] for each in json.loads(done.stdout)] == ["identical"] * 3
    # With other settings, into a folder of the archive itself, twice: what is new is not recalled.
    for _ in range(2):
        options = ("--set", "gain.gain_db=-4", "-o", "arch/new", "--overwrite", "--json")
        done = run("recall", "arch", *options)
        assert [each["verdict"] for each in json.loads(done.stdout)] == ["changed"] * 3
    assert set(masters(tmp_path / "arch/new")) == {"00.wav", "01.wav", "b/00.wav"}
    write_mixes(tmp_path / "mixes/b", 1, level=0.2)
    edited(tmp_path / "arch/01.wav.recall.yaml", put("chain", "name", "other"), name="01.wav")
    said = run("recall", "arch", "--set", "gain.gain_db=-4").stdout.splitlines()
    assert "LUFS" in said[0]
    assert said[0].endswith("; 1 setting differs")
    assert said[1].endswith("; 1 setting differs, not sealed by this user")
    assert "; 1 setting differs; mix 00.wav: " in said[2]
    clash = run("recall", sheet, "arch/b/00.wav", "-o", "clash")
    assert clash.returncode == 2
    assert "clash/00.wav: would be made of" in clash.stderr
    (tmp_path / "mixes/01.wav").unlink()
    gone = run("recall", "arch", "--json")
    assert gone.returncode == 2
    verdicts = [each["verdict"] for each in json.loads(gone.stdout)]
    assert verdicts.count("impossible") == 2  # the old one and the new one
    refused = run("recall", "arch", "--mix", "nowhere")
    assert refused.returncode == 2
    assert refused.stderr.count("no such file or folder") == 1


def test_a_recall_of_many_goes_on_where_it_was(run, tmp_path):
    write_chain(tmp_path / "chain.yaml")
    write_mixes(tmp_path / "mixes", 3)
    assert run("render", "chain.yaml", "mixes", "-o", "arch").returncode == 0
    louder = ("--set", "gain.gain_db=-1")
    assert run("recall", "arch/00.wav", *louder, "-o", "new").returncode == 0
    made = masters(tmp_path / "new")
    (tmp_path / "new/01.wav").write_bytes(b"the work of somebody")
    done = run("recall", "arch", *louder, "-o", "new", "--resume", "--json", "--log", "log.jsonl")
    assert done.returncode == 1
    kept, refused, new = json.loads(done.stdout)
    assert (kept["verdict"], kept["is_new"]) == ("changed", False)
    assert refused["verdict"] == "failed"
    assert "new/01.wav: is there already and is no master" in refused["reason"]
    assert (new["verdict"], new["is_new"]) == ("changed", True)
    # What was there already is told with all figures, as if it were new.
    assert kept["after"]["integrated_lufs"] > kept["before"]["integrated_lufs"] + 1.9
    assert masters(tmp_path / "new")["00.wav"] == made["00.wav"]
    assert (tmp_path / "new/01.wav").read_bytes() == b"the work of somebody"
    found = events(tmp_path / "log.jsonl")
    assert [each["event"] for each in found].count("recalled") == 3
    assert (found[0]["sheets"], found[-1]["changed"], found[-1]["failed"]) == (3, 2, 1)
    # Another gain is another master: it is made again, because it is one of ours.
    other = ("--set", "gain.gain_db=-2", "-o", "new", "--resume", "--json")
    (again,) = json.loads(run("recall", "arch/00.wav", *other, "arch/00.wav").stdout)
    assert (again["verdict"], again["is_new"]) == ("changed", True)
    assert masters(tmp_path / "new")["00.wav"] != made["00.wav"]
    nowhere = run("recall", "arch", "--resume")
    assert nowhere.returncode == 2
    assert "--resume is given, and no folder" in nowhere.stderr


def test_recalls_of_many_never_replace_a_mix_or_one_another(run, tmp_path):
    write_chain(tmp_path / "chain.yaml")
    first, second = write_mixes(tmp_path / "mixes", 2)
    second.rename(tmp_path / "mixes/00.aiff")
    for name, form in (("00.wav", "wav"), ("00.aiff", "flac")):
        options = ("-o", "arch", "--format", form)
        assert run("render", "chain.yaml", f"mixes/{name}", *options).returncode == 0
    both = run("recall", "arch", "--set", "master.format=wav", "-o", "new", "--overwrite")
    assert both.returncode == 2
    assert "new/00.wav: would be made of" in both.stderr
    assert not (tmp_path / "new").exists()
    kept = first.read_bytes()
    over = run("recall", "arch", "-o", "mixes", "--overwrite", "--json")
    assert over.returncode == 1
    assert "belongs to this recall" in over.stderr
    assert first.read_bytes() == kept
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken/00.wav").write_bytes(b"a mix of somebody")
    over = run("recall", "arch", "-o", "taken", "--overwrite", "--json")
    assert over.returncode == 1
    assert "taken/00.wav: is there already and is no master" in over.stderr
    assert (tmp_path / "taken/00.wav").read_bytes() == b"a mix of somebody"
    # A file that is given is taken for the mix whose hash it has, and for no other.
    (tmp_path / "mixes/00.wav").rename(tmp_path / "a.wav")
    given = run("recall", "arch", "--mix", "a.wav", "--mix", "mixes/00.aiff", "--json")
    assert [each["verdict"] for each in json.loads(given.stdout)] == ["identical"] * 2
    alone = run("recall", "arch", "--mix", "mixes/00.aiff", "--json")
    assert sorted(each["verdict"] for each in json.loads(alone.stdout)) == [
        "identical",
        "impossible",
    ]


def test_an_archive_is_checked_without_a_render(run, tmp_path):
    write_chain(tmp_path / "chain.yaml")
    write_mixes(tmp_path / "mixes", 2)
    assert run("render", "chain.yaml", "mixes", "-o", "arch").returncode == 0
    before = masters(tmp_path)
    (tmp_path / "mixes/01.wav").rename(tmp_path / "moved.wav")
    done = run("recall", "arch", "--dry-run", "--json")
    assert done.returncode == 2
    possible, impossible = json.loads(done.stdout)
    assert (possible["verdict"], possible["reason"]) == ("possible", "nothing is missing")
    assert impossible["verdict"] == "impossible"
    assert "01.wav: not found" in impossible["reason"]
    found = run("recall", "arch", "--dry-run", "--mix", ".", "--set", "gain.gain_db=0")
    assert found.returncode == 0, found.stderr
    assert found.stdout.splitlines()[-1] == "2 possible"
    (tmp_path / "moved.wav").rename(tmp_path / "mixes/01.wav")
    assert masters(tmp_path) == before
    # What a run would refuse, or leave as it is, is told.
    (tmp_path / "new").mkdir()
    (tmp_path / "new/00.wav").write_bytes(b"somebody's")
    there = run("recall", "arch", "-o", "new", "--dry-run", "--json")
    assert there.returncode == 1
    assert [each["verdict"] for each in json.loads(there.stdout)] == ["failed", "possible"]
    assert run("recall", "arch/01.wav", "-o", "other").returncode == 0
    done = run("recall", "arch", "-o", "other", "--resume", "--dry-run", "--json")
    reasons = [each["reason"] for each in json.loads(done.stdout)]
    assert reasons == [
        "nothing is missing; new",
        "nothing is missing; it is there already, made of the same",
    ]


def test_json_of_a_recall_follows_what_was_asked_for(run, tmp_path):
    write_chain(tmp_path / "chain.yaml")
    write_mixes(tmp_path / "mixes", 1)
    assert run("render", "chain.yaml", "mixes", "-o", "arch").returncode == 0
    assert json.loads(run("recall", "arch/00.wav", "--json").stdout)["verdict"] == "identical"
    (only,) = json.loads(run("recall", "arch", "--json").stdout)
    assert only["verdict"] == "identical"
    failed = run("recall", "arch/00.wav", "-o", "mixes", "--json")
    assert failed.returncode == 2
    assert json.loads(failed.stdout)["verdict"] == "failed"
    assert "belongs to this recall" in failed.stderr


def test_a_warning_of_many_is_said_once(run, tmp_path):
    quiet = "masterprint: 1\nstages:\n  - maximizer: {target_lufs: -5, max_reduction_db: 0.5}\n"
    write_chain(tmp_path / "chain.yaml", quiet)
    (one,) = write_mixes(tmp_path / "mixes", 1, 2.0)
    for number in range(1, 5):
        (tmp_path / f"mixes/{number:02}.wav").write_bytes(one.read_bytes())
    done = run("render", "chain.yaml", "mixes", "-o", "out")
    assert done.returncode == 0, done.stderr
    (said,) = (line for line in done.stderr.splitlines() if "warning" in line)
    assert "mixes/00.wav, mixes/01.wav, mixes/02.wav and 2 more: " in said
    again = run("render", "chain.yaml", "mixes", "-o", "out", "--resume", "--json")
    assert "warning" not in again.stderr
    rows = json.loads(again.stdout)
    assert {row["status"] for row in rows} == {"unchanged"}
    assert rows[0]["after"]["integrated_lufs"] < -5
    assert len(rows[0]["warnings"]) == 1


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("mix,chain,output,bit_depth\nmixes/00.wav,chain.yaml,out,[16\n", "a.csv:2:1: bit_depth: "),
        (
            "mix,chain,chain\nmixes/00.wav,chain.yaml,x\n",
            "a.csv:1: the column 'chain' stands there twice",
        ),
    ],
)
def test_cells_that_say_nothing_sensible_are_refused(run, tmp_path, table, expected):
    write_chain(tmp_path / "chain.yaml")
    (tmp_path / "a.csv").write_text(table)
    done = run("batch", "a.csv")
    assert done.returncode == 2
    assert expected in done.stderr


def test_spaces_behind_commas_and_folders_of_chains(run, tmp_path):
    (tmp_path / "lists/chains").mkdir(parents=True)
    write_chain(tmp_path / "lists/chains/one")
    write_mixes(tmp_path / "lists/mixes", 1)
    (tmp_path / "lists/a.csv").write_text("mix, chain, output\nmixes/00.wav, chains/one, out\n")
    assert statuses(run("batch", "lists/a.csv", "--json")) == ["ok"]
