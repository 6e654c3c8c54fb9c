"""Rules for the functions of scipy.integrate that take arrays; filled in when first asked for."""

from dualrev.rules.integrate import samples as samples
