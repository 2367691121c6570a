"""``python -P run_module.py MODULE COUNT ARGUMENT... PATH...``: a module of this package, in a process of its own.

The module gets as many arguments as ``COUNT``, and the module path of the process that has started it: what is in the working
folder, or in ``PYTHONPATH``, cannot replace a module that either of them uses. It is run as a file.
"""

import sys


def main() -> None:
    """Become the module."""
    module, count = sys.argv[1], 3 + int(sys.argv[2])
    paths = sys.argv[count:]
    # This package first, from where this file is: another version of it may be installed.
    sys.path[:] = [__file__.rpartition("/thoughtrank/")[0], *paths]
    import thoughtrank  # noqa: F401

    sys.path[:] = paths
    sys.argv[1:] = sys.argv[3:count]
    import runpy

    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
