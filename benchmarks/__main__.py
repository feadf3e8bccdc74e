"""Run every benchmark, or the named ones: `make bench ARGS="class_list"`. Each module here has a `main()`."""

import importlib
import pkgutil
import sys

import benchmarks


def main(wanted: list[str]) -> None:
    names = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name != "__main__")
    for name in wanted or names:
        print(f"=== {name} ===", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main(sys.argv[1:])
