#!/bin/sh
# Installs triald from this checkout: deploy/install.sh [PREFIX], by default /opt/triald.
#
# Each release gets an environment of its own, with what requirements.lock pins by hash, and PREFIX/.venv then leads to it:
# a process of the release before goes on with the files that it was started from. The last three are kept; to go back:
#   ln -sfn releases/NAME/.venv PREFIX/.venv.next && mv -T PREFIX/.venv.next PREFIX/.venv
set -eu
prefix=${1:-/opt/triald}
python=${PYTHON:-python3}
cd "$(dirname "$0")/.."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "triald needs Python 3.11 or later" >&2; exit 1; }
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

name=$(date -u +%Y%m%dT%H%M%SZ)
release=$prefix/releases/$name
work=$(mktemp -d)
trap 'rm -rf "$work"; [ -e "$release/complete" ] || rm -rf "$release"' EXIT
mkdir -p "$release"

echo "1/4 the tools that build it"
"$python" -m venv "$work/tools"
(cd deploy && "$work/tools/bin/python" -c 'import pathlib, runtime_lock
print(runtime_lock.chosen(pathlib.Path("../requirements.lock").read_text(), ["setuptools"]))') > "$work/tools.lock"
"$work/tools/bin/pip" install --quiet --require-hashes --requirement "$work/tools.lock"
"$work/tools/bin/python" deploy/runtime_lock.py > "$work/runtime.lock"

echo "2/4 the packages that it stands on"
"$python" -m venv --without-pip "$release/.venv"
into="$work/tools/bin/pip --python $release/.venv/bin/python install --quiet"
$into --require-hashes --no-deps --requirement "$work/runtime.lock"

echo "3/4 triald"
mkdir "$work/source"
cp -r pyproject.toml actors supervisor schema demo "$work/source/"
(cd "$work/source" && "$work/tools/bin/pip" wheel --quiet --no-deps --no-index --no-build-isolation --wheel-dir "$work" .)
$into --no-deps --no-index "$work"/triald-*.whl
"$release/.venv/bin/python" -m compileall -q "$release/.venv/lib"
cp -r docs systemd deploy "$release/"
"$release/.venv/bin/triald" --version
touch "$release/complete"

echo "4/4 $prefix/.venv leads to it"
ln -sfn "releases/$name/.venv" "$prefix/.venv.next"
mv -T "$prefix/.venv.next" "$prefix/.venv"
ln -sfn "releases/$name/docs" "$prefix/docs.next"
mv -T "$prefix/docs.next" "$prefix/docs"
chmod -R go+rX,go-w "$release"
find "$prefix/releases" -mindepth 1 -maxdepth 1 -type d | sort | head -n -3 | xargs -r rm -rf
