"""Print how the code reads: lines of functions, syntax nodes a line, and the most frequent local names.

python benchmarks/code_shape.py [FOLDER ...]        (default: the packages of this project)
"""

import ast
import statistics
import sys
from collections import Counter
from pathlib import Path

PACKAGES = ("commands", "features", "ingest", "models", "serving", "training", "creatorcast.py")


def code_lines(text: str) -> int:
    """Count lines that are neither blank nor a comment; docstrings count as lines, as they do in other code bases."""
    return sum(
        bool(line.strip()) and not line.strip().startswith("#") for line in text.splitlines()
    )


def main(folders: list[str]) -> None:
    """Print the figures of all Python files in `folders`."""
    paths = [Path(folder) for folder in folders if Path(folder).exists()]
    files = [
        file for path in paths for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])
    ]
    texts = [file.read_text(encoding="utf-8") for file in files]
    trees = [ast.parse(text) for text in texts]
    functions = [
        n
        for tree in trees
        for n in ast.walk(tree)
        if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    lengths = sorted(node.end_lineno - node.lineno + 1 for node in functions)
    nodes = sum(1 for tree in trees for _ in ast.walk(tree))
    stored = [
        {
            n.id
            for n in ast.walk(function)
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        for function in functions
    ]
    frequent = Counter(name for names in stored for name in names).most_common(30)
    modules = sorted(
        ((len(text.splitlines()), str(file)) for file, text in zip(files, texts, strict=True)),
        reverse=True,
    )
    print(
        f"{len(files)} modules, {sum(len(t.splitlines()) for t in texts):,} lines, {len(functions):,} functions"
    )
    print(
        f"lines of a function: median {statistics.median(lengths):.0f}, p90 {lengths[int(0.9 * len(lengths))]}"
    )
    print(f"syntax nodes a line: {nodes / sum(map(code_lines, texts)):.1f}")
    print("longest modules: " + ", ".join(f"{name} {lines}" for lines, name in modules[:6]))
    print("local names: " + ", ".join(f"{name} {count}" for name, count in frequent))


if __name__ == "__main__":
    main(sys.argv[1:] or list(PACKAGES))
