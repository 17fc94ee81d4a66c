"""`python -m harness`: the same as the `harness` command (the form that launchers of several processes need)."""

from harness.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
