"""The benchmark of MeSH runs without the data beside the project, and says what it left out."""

import json
import os
import sys
from pathlib import Path

from bench.children import output


async def test_the_benchmark_reads_a_generated_file_and_names_what_is_missing(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "bench.mesh", "--megabytes", "1", "--data", str(tmp_path)]
    code, said, complaint = await output(words, environ=os.environ, within_s=60)
    assert code == 0, complaint
    found = json.loads(said)
    assert found["bench"] == "mesh"
    assert found["generated"]["records"] > 90
    assert found["generated"]["peak_mb"] < 200
    assert len(found["left_out"]) == 2
    assert found["missed"] == []
