#!/bin/sh
# The image's entry point. Without arguments, or with options alone, it runs a server for the whole network of the
# container; `millrace` commands and other programs are run as they are given.
set -e

case "${1:-}" in
    '' | -*) set -- serve "$@" ;;
esac

# A `millrace` command, by its name alone.
if [ "$1" != millrace ] && ! command -v "$1" >/dev/null 2>&1; then
    set -- millrace "$@"
fi

if [ "$1 ${2:-}" = "millrace serve" ]; then
    # Ports of LocalStack and kinesis-mock, streams of INITIALIZE_STREAMS, and the line that their containers wait for.
    export MILLRACE_LOCALSTACK="${MILLRACE_LOCALSTACK:-on}"
    export MILLRACE_DATA_DIR="${MILLRACE_DATA_DIR:-${KAFKA_LOG_DIRS:-/var/lib/millrace}}"
    export MILLRACE_ADMIN="${MILLRACE_ADMIN:-0.0.0.0:8080}"
    if [ -z "${MILLRACE_KAFKA:-}${KAFKA_LISTENERS:-}" ]; then
        export MILLRACE_KAFKA=0.0.0.0:9092
        # Behind a port mapping the container's own address is of no use to clients: advertise what the mapping of
        # `-p 9092:9092` makes, as Kafka's own image does.
        export KAFKA_ADVERTISED_LISTENERS="${KAFKA_ADVERTISED_LISTENERS:-PLAINTEXT://localhost:9092}"
    fi
fi

exec "$@"
