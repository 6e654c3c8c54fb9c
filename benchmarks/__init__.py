"""Benchmarks: asv suites (``bench_*.py``) and the comparison with peers (``peers.py``)."""
