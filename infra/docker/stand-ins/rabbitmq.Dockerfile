# Stand-in for rabbitmq:3 where no registry answers: Debian's package behind the same variables and volume.
FROM debian:bookworm-slim
RUN printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d \
 && apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends rabbitmq-server \
 && apt-get clean && rm -rf /var/lib/apt/lists/* /usr/sbin/policy-rc.d \
 && ln -s /usr/lib/rabbitmq/lib/rabbitmq_server-* /opt/rabbitmq
ENV HOME=/var/lib/rabbitmq LANG=C.UTF-8 PATH=/opt/rabbitmq/sbin:$PATH \
    RABBITMQ_CONFIG_FILE=/etc/rabbitmq/rabbitmq.conf RABBITMQ_LOGS=- \
    RABBITMQ_ENABLED_PLUGINS_FILE=/etc/rabbitmq/enabled_plugins RABBITMQ_CONF_ENV_FILE=/dev/null
COPY rabbitmq-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
RUN chmod 755 /usr/local/bin/docker-entrypoint.sh && echo '[].' > /etc/rabbitmq/enabled_plugins
VOLUME /var/lib/rabbitmq
EXPOSE 5672
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["rabbitmq-server"]
