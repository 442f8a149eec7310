#!/bin/sh
# Print the folder with Apache Kafka's jars for the tests; Maven brings what tools/kafka/pom.xml names, once.
# They lie outside the checkout (HUB_KAFKA_JARS, else the user's cache), so that all checkouts share them.
set -eu
pom=$(cd "$(dirname "$0")" && pwd)/kafka/pom.xml

missing=
command -v java >/dev/null || missing="default-jre-headless"
command -v mvn >/dev/null || missing="$missing maven"
if [ -n "$missing" ]; then
    echo "kafka: missing: $missing (names of Debian packages); this installs them: make tools" >&2
    exit 1
fi

cache=${HUB_KAFKA_JARS:-${XDG_CACHE_HOME:-$HOME/.cache}/hub-kafka}
jars=$cache/$(sha256sum "$pom" | cut -c 1-16)
if [ ! -d "$jars" ]; then
    mkdir -p "$cache"
    # Filled beside its place and moved there whole: two test runs may start at once, and one may be interrupted.
    part=$(mktemp -d "$cache/part.XXXXXX")
    trap 'rm -rf "$part"' EXIT
    echo "kafka: Maven brings Apache Kafka's jars to $jars" >&2
    mvn -q -B -f "$pom" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$part/jars" >&2
    mv -T "$part/jars" "$jars" || [ -d "$jars" ]
fi
echo "$jars"
