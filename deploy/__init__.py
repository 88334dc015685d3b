"""How penstock is shipped, and the stack of real servers that demo, tests and benchmarks run against."""
