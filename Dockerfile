# The service and the worker in one image; the database is another container (compose.yaml) or any PostGIS.
FROM node:22-bookworm-slim AS client
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
COPY app/client ./app/client
RUN npm ci --omit=dev --no-audit --no-fund && npm run vendor

FROM python:3.12-slim-bookworm AS service
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 EDAPHOS_HOME=/data EDAPHOS_HOST=0.0.0.0 NUMBA_CACHE_DIR=/tmp/numba
RUN apt-get update && apt-get install --yes --no-install-recommends libexpat1 && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 edaphos && install --directory --owner edaphos /data
WORKDIR /srv/edaphos
COPY requirements.txt ./
RUN pip install --no-cache-dir --require-hashes --requirement requirements.txt
COPY . .
COPY --from=client /build/app/client/vendor ./app/client/vendor
RUN pip install --no-cache-dir --no-deps --no-build-isolation --editable .
USER edaphos
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
CMD ["edaphos", "serve"]
