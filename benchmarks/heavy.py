"""A document that no limit would let through, laid out again and again until somebody ends it (T41).

`python -m benchmarks.heavy`. It prints a line when it begins; the limits of reports.pdf cut each attempt off.
"""

import contextlib

import django

if __name__ == "__main__":
    django.setup()

from reports.pdf import TooLong, render_pdf

NESTED = "<!DOCTYPE html><html lang=zh><title>x</title>" + "<table><tr><td>" * 2_500 + "x"

if __name__ == "__main__":
    print("begun", flush=True)
    while True:
        with contextlib.suppress(TooLong):
            render_pdf(NESTED)
