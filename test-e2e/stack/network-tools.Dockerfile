# For stories that give a container more addresses, or cut it off.
FROM debian:bookworm-slim
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends iproute2 iptables \
 && apt-get clean && rm -rf /var/lib/apt/lists/*
