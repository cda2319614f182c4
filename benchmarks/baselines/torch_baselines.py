#!/usr/bin/env python3
"""Measures PyTorch's attention on the cases of benchmarks/cases. Command line only so far."""

import argparse
import os
import sys

EXIT_OK, EXIT_CHECK_FAILED, EXIT_BAD_INPUT, EXIT_NOT_AVAILABLE, EXIT_FAILURE = 0, 1, 2, 3, 4


def parse_arguments():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda:0", help="cuda:0, cuda:1, ... or cpu")
    parser.add_argument("--out", help="append the results to this file, one JSON object a line")
    parser.add_argument("--mode", choices=["short", "full"], default="short")
    parser.add_argument("--cases", default=os.path.join(here, "..", "cases"), help="case file or folder of case files")
    parser.add_argument("--filter", default="", help="only cases whose name contains this text")
    parser.add_argument("--time-limit", type=float, help="seconds; the remaining cases are reported as skipped")
    parser.add_argument("--machine", help="name of the machine in the results")
    return parser.parse_args()


def main():
    parse_arguments()
    try:
        import torch  # noqa: F401
    except ImportError as error:
        print(f"no PyTorch: {error}", file=sys.stderr)
        return EXIT_NOT_AVAILABLE
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
