"""Whatever a command reads, nothing that it writes takes its place."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from creatorcast import main
from features.files.output_paths import output_fault

LIST = "creator_id,platform,followers,fee,currency\n@a,instagram,20000,500,EUR\n"
FILES = {
    "list.csv": LIST,
    "rates.csv": "currency,usd_per_unit\nEUR,1.16\n",
    "emv.csv": "platform,part,usd\nany,like,0.1\n",
    "map.csv": "source,column\nfollowers,followers\n",
    "rules.json": "{}",
    "data/creators.csv": "creator_id,platform\n@a,instagram\n",
    "data/dataset.json": "{}",
    "data/import.json": "{}",
    "data/rejected.csv": LIST,
    "artifacts/champion": "",
    "artifacts/bundles/one.csv": LIST,
}
SCORE = ("score", "list.csv", "--rates", "rates.csv", "--emv", "emv.csv", "--map", "map.csv")
PLAN = ("plan", "list.csv", "--budget", "900", "--rates", "rates.csv", "--map", "map.csv")
TRACK = ("track", "list.csv", "--data", "data", "--rates", "rates.csv", "--map", "map.csv")


@pytest.mark.parametrize(
    ("arguments", "place", "told"),
    [
        (SCORE, "rates.csv", "is the file of --rates itself: name another file for the answers"),
        (SCORE, "emv.csv", "is the file of --emv itself"),
        (SCORE, "map.csv", "is the map file itself"),
        ((*SCORE, "--data", "data"), "data/creators.csv", "is creators.csv of --data itself"),
        (SCORE, "artifacts/bundles/one.csv", "lies in the folder of the bundles: name"),
        (PLAN, "rates.csv", "is the file of --rates itself: name another file for the plan"),
        (PLAN, "map.csv", "is the map file itself"),
        ((*PLAN, "--rules", "rules.json"), "rules.json", "is the file of --rules itself"),
        (TRACK, "map.csv", "is the map file itself"),
        (TRACK, "data/creators.csv", "is creators.csv of --data itself"),
        (("benchmarks",), "artifacts/bundles/one.csv", "lies in the folder of the bundles: name"),
        (("snapshot", "data"), "data/creators.csv", "is creators.csv of DATA itself"),
        (("features", "data"), "data/creators.csv", "is a table of the data"),
        (("import", "data/rejected.csv"), "data", "is written anew by each import"),
    ],
)
def test_nothing_that_a_command_reads_is_written_over(
    tmp_path, monkeypatch, arguments, place, told
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CREATORCAST_HOME", raising=False)
    for name, content in FILES.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(content)
    if arguments[0] == "import":
        for name in ("creators.csv", "dataset.json"):
            Path("data", name).unlink()
        Path("data/import.json").write_text('{"moments": {}}')
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    result = CliRunner().invoke(main, [*arguments, "--out", place], prog_name="creatorcast")
    assert result.exit_code == 2, result.output
    assert told in result.output
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


def test_a_file_of_the_data_folder_that_is_no_table_may_be_written_again(tmp_path):
    from commands.scorer_inputs import input_files

    (tmp_path / "creators.csv").touch()
    (tmp_path / "answers.csv").touch()
    inputs = input_files(tmp_path)
    assert output_fault({"the answers": tmp_path / "answers.csv"}, inputs) is None
    assert output_fault({"the answers": tmp_path / "creators.csv"}, inputs) is not None
