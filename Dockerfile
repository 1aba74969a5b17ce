# Two images from one file: `serve` (the default) holds no scikit-learn, `train` does.
#   docker build --tag softmax-service:serve .
#   docker build --tag softmax-service:train --target train .

FROM python:3.11-slim-bookworm AS base
# What the pictures need: letters, those of Chinese and Japanese, and the order of Arabic.
RUN apt-get update -qq \
 && apt-get install --yes -qq --no-install-recommends fonts-dejavu-core fonts-droid-fallback \
      libfribidi0 >/dev/null \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log \
 # /models is the store; /volume is where copy-models sees the volume that hides it elsewhere.
 && useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin softmax \
 && install --directory --owner=softmax --group=softmax /models /volume
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SOFTMAX_MODELS=/models \
    SOFTMAX_MODELS_CACHE=/tmp/softmax-service

# Packages first: their layers stay in the cache while the code changes. The images keep no pip.
FROM base AS serve-packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv --without-pip /opt/venv
COPY requirements-serve.lock /tmp/
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/venv/bin/python install --quiet --no-deps --require-hashes --requirement /tmp/requirements-serve.lock

FROM serve-packages AS train-packages
COPY requirements-train.lock /tmp/
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/venv/bin/python install --quiet --no-deps --require-hashes --requirement /tmp/requirements-train.lock

FROM serve-packages AS wheel
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY service service
RUN pip --python /opt/venv/bin/python wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheel .

FROM serve-packages AS serve-build
RUN --mount=from=wheel,source=/wheel,target=/wheel \
    pip --python /opt/venv/bin/python install --quiet --no-deps /wheel/*.whl

FROM train-packages AS train-build
RUN --mount=from=wheel,source=/wheel,target=/wheel \
    pip --python /opt/venv/bin/python install --quiet --no-deps /wheel/*.whl

FROM base AS train
COPY --from=train-build /opt/venv /opt/venv
USER softmax
WORKDIR /models
ENTRYPOINT ["softmax"]
CMD ["train", "--help"]

FROM train AS models
RUN softmax train demo && softmax train iris

FROM base AS serve
COPY --from=serve-build /opt/venv /opt/venv
COPY --from=models --chown=softmax:softmax /models /models
COPY deploy/copy-models /usr/local/bin/copy-models
USER softmax
WORKDIR /models
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s \
  CMD ["softmax", "healthcheck"]
CMD ["softmax", "serve", "--host", "0.0.0.0", "--port", "8000"]
