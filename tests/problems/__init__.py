"""Published test problems as plain NumPy code: Moré, Garbow & Hillstrom (1981), and NIST's certified regressions."""
