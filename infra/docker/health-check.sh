#!/bin/bash
# Exit 0 when the process in this container says that it is ready, else 1. Spoken by the shell itself: starting a
# program for it every few seconds in every container would cost more than some of them use.
exec 3<> "/dev/tcp/127.0.0.1/${MXFLOW_HEALTH_PORT:-9100}" || exit 1
printf 'GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
answer=$(cat <&3)
printf '%s\n' "${answer##*$'\r\n\r\n'}"
[[ $answer == 'HTTP/1.1 200 '* ]]
