# The sandbox: docker build --tag heidi-sandbox . && docker run --publish 127.0.0.1:8080:8080 heidi-sandbox
FROM python:3.11-slim AS build
WORKDIR /build
COPY scripts/bootstrap.txt scripts/bootstrap.txt
RUN python -m pip install --quiet --no-cache-dir --require-hashes --requirement scripts/bootstrap.txt
COPY pyproject.toml uv.lock README.md LICENSE ./
COPY generated generated
COPY overrides overrides
COPY sandbox sandbox
COPY conformance conformance
COPY scripts/toolkit scripts/toolkit
ENV UV_PROJECT_ENVIRONMENT=/app UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
RUN uv sync --quiet --locked --no-default-groups --extra sandbox --no-editable
RUN mkdir -p /data

FROM python:3.11-slim
LABEL org.opencontainers.image.title="heidi-sandbox"
LABEL org.opencontainers.image.description="A reference server of the Heidi Sessions API. Not affiliated with Heidi Health."
LABEL org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /app /app
COPY --from=build --chown=10001:10001 /data /data
ENV PATH=/app/bin:$PATH HOME=/data PYTHONUNBUFFERED=1
ENV HEIDI_SANDBOX_HOST=0.0.0.0 HEIDI_SANDBOX_PORT=8080
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"HEIDI_SANDBOX_PORT\"]}/readyz', timeout=2)"]
ENTRYPOINT ["heidi-sandbox"]
CMD ["serve"]
