#!/bin/sh
# Writes the first user from RABBITMQ_DEFAULT_USER and RABBITMQ_DEFAULT_PASS (default guest), reachable from other
# containers, then becomes the server.
set -eu
if [ "$(id -u)" = 0 ]; then
  {
    echo "default_user = ${RABBITMQ_DEFAULT_USER:-guest}"
    echo "default_pass = ${RABBITMQ_DEFAULT_PASS:-guest}"
    echo 'loopback_users = none'
  } > /etc/rabbitmq/rabbitmq.conf
  chown -R rabbitmq:rabbitmq /etc/rabbitmq /var/lib/rabbitmq
  chmod 600 /etc/rabbitmq/rabbitmq.conf
  exec setpriv --reuid=rabbitmq --regid=rabbitmq --init-groups "$0" "$@"
fi
# The script then becomes the node instead of its parent, so that signals reach it.
export RUNNING_UNDER_SYSTEMD=true
exec "$@"
