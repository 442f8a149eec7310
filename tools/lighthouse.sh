#!/bin/sh
# Print the folder with Lighthouse's node_modules for the tests; npm brings what tools/lighthouse/package-lock.json names,
# once. They lie outside the checkout (HUB_LIGHTHOUSE, else the user's cache), so that all checkouts share them.
set -eu
pinned=$(cd "$(dirname "$0")" && pwd)/lighthouse

if ! command -v npm >/dev/null; then
    echo "lighthouse: missing: npm (name of a Debian package); this installs it: make tools" >&2
    exit 1
fi

cache=${HUB_LIGHTHOUSE:-${XDG_CACHE_HOME:-$HOME/.cache}/hub-lighthouse}
modules=$cache/$(sha256sum "$pinned/package-lock.json" | cut -c 1-16)
if [ ! -d "$modules" ]; then
    mkdir -p "$cache"
    # Filled beside its place and moved there whole: two test runs may start at once, and one may be interrupted.
    part=$(mktemp -d "$cache/part.XXXXXX")
    trap 'rm -rf "$part"' EXIT
    cp "$pinned/package.json" "$pinned/package-lock.json" "$part"
    echo "lighthouse: npm brings Lighthouse to $modules" >&2
    npm ci --prefix "$part" --ignore-scripts --no-audit --no-fund --loglevel=error >&2
    mv -T "$part" "$modules" || [ -d "$modules" ]
fi
echo "$modules/node_modules"
