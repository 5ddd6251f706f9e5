"""Build a chain in code, render with it, and keep it as a chain file.

python examples/chain_in_code.py MIX FOLDER
"""

import sys
from pathlib import Path

import yaml

import masterprint
from masterprint.stages.compressor import Compressor
from masterprint.stages.eq import Band, Eq
from masterprint.stages.highpass import Highpass
from masterprint.stages.limiter import Limiter


def main(mix: str, folder: str) -> None:
    chain = masterprint.Chain(
        name="Built in code",
        stages=[
            Highpass(frequency_hz=24.0),
            Eq(on="side", bands=[Band(shape="high_shelf", frequency_hz=6000.0, gain_db=1.0)]),
            Compressor(threshold_db=-20.0, ratio=1.6, label="glue"),
            Limiter(input_gain_db=4.0, ceiling_dbtp=-1.0),
        ],
    )
    result = masterprint.render(chain, mix, folder, overwrite=True)
    print(chain)
    print(result.before, "->", result.after)
    kept = Path(folder) / "built-in-code.yaml"
    kept.write_text(yaml.safe_dump(chain.as_dict(), sort_keys=False), encoding="utf-8")
    assert masterprint.load_chain(kept) == chain
    print(f"The master is {result.master}, its chain {kept}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
