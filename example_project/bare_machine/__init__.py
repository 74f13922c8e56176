"""From a machine with only `python3` to an environment with everything: standard library only."""
