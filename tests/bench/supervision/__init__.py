"""vmstui beside other supervisors, all with the same workers; `python -m tests.bench.bench_supervision` runs it."""
