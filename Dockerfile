# The worker as a container for Snowpark Container Services: linux/amd64, Python 3.11, nobody's root.
#
#   docker build --platform linux/amd64 --tag spcs-worker .
#
# It builds with the classic builder and with BuildKit. Where the way out is a proxy or a mirror:
#
#   --build-arg HTTP_PROXY=… --build-arg HTTPS_PROXY=… --build-arg NO_PROXY=…    Docker knows these
#   --build-arg CA_CERTIFICATE="$(cat proxy-ca.pem)"    trusted in the build and in the image
#   --build-arg PIP_INDEX_URL=… --build-arg UV_DEFAULT_INDEX=…    instead of PyPI
#   --build-arg UV_PYTHON_INSTALL_MIRROR=…    where uv takes Python from, if the base has no 3.11
#   --build-arg BASE_IMAGE=…    any Debian or Ubuntu; its own Python 3.11 is used if it has one
#
# Addresses with passwords in them stay in the first stage, of which no layer and no history gets
# into the image. Keys of Prefect or Snowflake have no business here: the service gets them when
# it starts.
ARG BASE_IMAGE=ubuntu:24.04

FROM ${BASE_IMAGE} AS base
ARG CA_CERTIFICATE=""
# Here already, because whatever the first stage installs next may bring a Python of its own,
# which the image would lack.
RUN mkdir -p /opt/python \
    && if command -v python3.11; then ln -s "$(command -v python3.11)" /opt/python/own; fi \
    && if ! command -v update-ca-certificates; then \
        apt-get update \
        && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates \
        && rm -rf /var/lib/apt/lists/*; \
    fi \
    && if [ -n "$CA_CERTIFICATE" ]; then \
        printf '%s\n' "$CA_CERTIFICATE" > /usr/local/share/ca-certificates/build-argument.crt \
        && update-ca-certificates; \
    fi
# Where Python, uv and pip look for certificate authorities; without it each brings its own list.
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt

FROM base AS build
ARG PIP_INDEX_URL
ARG UV_DEFAULT_INDEX
ARG UV_PYTHON_INSTALL_MIRROR
ARG UV_VERSION=0.13.9
ARG UV_SHA256=d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19
RUN if ! python3 -m pip --version; then \
        apt-get update \
        && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3-pip; \
    fi \
    && printf 'uv==%s --hash=sha256:%s\n' "$UV_VERSION" "$UV_SHA256" > /tmp/uv.txt \
    && PIP_CERT="$SSL_CERT_FILE" python3 -m pip install --no-cache-dir --no-deps --require-hashes \
        --only-binary :all: --target /opt/uv --requirement /tmp/uv.txt
ENV PATH=/opt/uv/bin:$PATH UV_NO_CACHE=1 UV_LINK_MODE=copy UV_PYTHON_INSTALL_DIR=/opt/python
RUN if [ ! -e /opt/python/own ]; then uv python install --no-bin 3.11; fi \
    && if [ -e /opt/python/own ]; then python=/opt/python/own; else python=3.11; fi \
    && uv venv --python "$python" /opt/worker
# Before the code, so that a change of the code leaves this layer alone.
COPY worker/requirements.txt /tmp/requirements.txt
RUN uv pip install --python /opt/worker/bin/python --require-hashes --only-binary :all: \
        --compile-bytecode --requirement /tmp/requirements.txt
COPY worker/spcs_worker /app/spcs_worker
RUN /opt/worker/bin/python -m compileall -q /app

FROM base
LABEL org.opencontainers.image.title="spcs-worker" \
      org.opencontainers.image.description="Prefect worker for Snowpark Container Services" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin worker
COPY --from=build /opt/python /opt/python
COPY --from=build /opt/uv/bin/uv /usr/local/bin/uv
COPY --from=build /opt/worker /opt/worker
COPY --from=build /app /app
ENV PATH=/opt/worker/bin:$PATH VIRTUAL_ENV=/opt/worker \
    PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /home/worker
EXPOSE 8080
# For Docker alone: Snowflake asks by the probes of the service's specification.
HEALTHCHECK --interval=30s --timeout=5s --start-period=90s --retries=3 CMD ["python", "-I", "-S", "-c", "\
import os, sys, http.client as http; \
host = os.environ.get('PREFECT_WORKER_WEBSERVER_HOST', '0.0.0.0').replace('0.0.0.0', '127.0.0.1'); \
connection = http.HTTPConnection(host, int(os.environ.get('PREFECT_WORKER_WEBSERVER_PORT', 8080)), timeout=4); \
connection.request('GET', '/health'); \
sys.exit(connection.getresponse().status != 200)"]
ENTRYPOINT ["python", "-m", "spcs_worker"]
