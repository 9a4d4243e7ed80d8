#!/bin/sh
# The command line of the packaged application, by the Node that lies beside it: the application's own binary shows windows only.
here=$(dirname "$(readlink -f "$0")")
exec "$here/node" "$here/resources/app.asar.unpacked/out/main/cli.js" "$@"
