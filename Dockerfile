# Any builder will do, the classic one included, and any base with Python 3.10 to 3.14 and pip.
ARG BASE_IMAGE=docker.io/airbyte/python-connector-base:4.1.0@sha256:1d1aa21d34e851df4e8a87b391c27724c06e2597608e7161f4d167be853bd7b6

FROM ${BASE_IMAGE} AS builder
USER root
WORKDIR /build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN python3 -m venv --without-pip /opt/source-auth0
# The requirements take long and change seldom: their own layer. The base's pip installs into the environment, which so carries none.
COPY requirements.txt ./
RUN python3 -m pip --quiet --python /opt/source-auth0/bin/python install --no-compile --require-hashes --requirement requirements.txt \
 && find /opt/source-auth0/lib -depth -type d -name tests -exec rm -r {} +
COPY . ./
RUN python3 -m pip --quiet --python /opt/source-auth0/bin/python install --no-compile --no-deps --no-build-isolation .
# A root that is read-only can not keep bytecode later, so the packages that the connector loads are compiled now; the others (pandas,
# grpc and more come with the framework and are not loaded) would only take room. It is trusted as it is: nothing changes once built.
RUN /opt/source-auth0/bin/python -Bc 'import sys, source_auth0.run; files = {name: getattr(module, "__file__", None) or "" \
 for name, module in sys.modules.items() if "." not in name}; \
 print(*(file.removesuffix("/__init__.py") for file in files.values() if "site-packages" in file), sep="\n")' \
 | /opt/source-auth0/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash -i -

FROM ${BASE_IMAGE}
COPY --from=builder /opt/source-auth0 /opt/source-auth0
ENV PATH=/opt/source-auth0/bin:$PATH
WORKDIR /airbyte/integration_code
# By number: `runAsNonRoot` of Kubernetes refuses an image whose user is a name. It is the base's user `airbyte`.
USER 1000:1000
ENV AIRBYTE_ENTRYPOINT="source-auth0"
ENTRYPOINT ["source-auth0"]
LABEL io.airbyte.version="1.0.0" \
      io.airbyte.name="airbyte/source-auth0" \
      org.opencontainers.image.title="source-auth0" \
      org.opencontainers.image.description="Airbyte source connector for Auth0: every readable resource of a tenant, complete, with its secrets withheld" \
      org.opencontainers.image.version="1.0.0" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.documentation="https://docs.airbyte.com/integrations/sources/auth0"
