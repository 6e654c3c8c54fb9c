"""The paper: text with placeholders, quantities read from benchmarks/results, figures, and the build."""
