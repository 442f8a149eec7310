#!/bin/sh
# Install what tools/debian.txt names and this machine lacks. Where that may not be done (not Debian, not root),
# say what is missing and what installs it, and fail.
set -eu
cd "$(dirname "$0")"

missing=$(sed 's/#.*//' debian.txt | while read -r package proof; do
    [ -z "$package" ] || command -v "$proof" >/dev/null || echo "$package"
done)
missing=$(echo $missing)

if [ -z "$missing" ]; then
    echo "tools: all that tools/debian.txt names is here"
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "tools: missing: $missing (names of Debian packages; install the same by this system's own means)" >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "tools: missing: $missing" >&2
    echo "tools: this installs them: sudo make tools" >&2
    exit 1
fi

echo "tools: installing $missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
case " $missing " in
*" postgresql-15 "*)
    # The tests start servers of their own; without this the package would start one on port 5432.
    apt-get install -q -y --no-install-recommends postgresql-common
    sed -i 's/^#*create_main_cluster *=.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
    ;;
esac
apt-get install -q -y --no-install-recommends $missing
