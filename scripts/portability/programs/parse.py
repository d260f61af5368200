"""Parse C# files with the grammar of tree-sitter; name those that it cannot read."""

import sys
from pathlib import Path

import tree_sitter
import tree_sitter_c_sharp

parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_c_sharp.language()))
files = sorted(Path(sys.argv[1]).rglob("*.cs"))
broken = [path for path in files if parser.parse(path.read_bytes()).root_node.has_error]
for path in broken:
    print(f"{path}: has a syntax error")
sys.exit(bool(broken) or not files)
