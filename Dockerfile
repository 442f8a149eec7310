# The hub as an image: what requirements.lock names, nothing else. Used by docker-compose.yml.
FROM python:3.11-slim-bookworm
WORKDIR /srv/hub
COPY requirements.lock pyproject.toml LICENSE README.md ./
RUN pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.lock
COPY hub hub
RUN pip install --no-cache-dir --no-deps --no-build-isolation . && useradd --create-home --home-dir /var/lib/hub hub
USER hub
ENV HUB_HOME=/var/lib/hub
ENTRYPOINT ["hub"]
