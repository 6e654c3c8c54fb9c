"""These files hold problems and no tests; collected as doctests they would be imported twice, and enter each twice."""

collect_ignore_glob = ["*.py"]
