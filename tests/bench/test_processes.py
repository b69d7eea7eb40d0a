"""What is read from /proc."""

import asyncio
import os
import sys

from bench.processes import PAGE_BYTES, TICKS_PER_S, Seen, below, cpu_s, read, resident_bytes

STAT = "42 (a) b (c) S 7 42 42 0 -1 4194304 100 0 0 0 11 12 13 14 20 0 1 0 5 1000000 250 0"


def test_a_line_of_proc_is_read_whatever_the_programs_name() -> None:
    assert read(STAT) == Seen(42, 7, 50 / TICKS_PER_S, 250 * PAGE_BYTES)


async def test_a_tree_holds_what_a_process_started_but_for_what_is_left_out() -> None:
    program = (
        "import subprocess, sys; child = subprocess.Popen(['sleep', '60']); "
        "print(child.pid, flush=True); sys.stdin.read(); child.kill(); child.wait()"
    )
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdin=pipe, stdout=pipe)
    assert process.stdin is not None and process.stdout is not None
    async with asyncio.timeout(30):
        grandchild = int(await process.stdout.readline())
        assert {process.pid, grandchild} < {seen.pid for seen in below(os.getpid())}
        assert {seen.pid for seen in below(process.pid)} == {process.pid, grandchild}
        assert {seen.pid for seen in below(process.pid, without={grandchild})} == {process.pid}
        assert resident_bytes(process.pid) > resident_bytes(grandchild) > 0
        assert cpu_s(process.pid) > 0
        process.stdin.close()
        await process.wait()
    assert below(process.pid) == []
