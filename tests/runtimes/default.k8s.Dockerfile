# zip: lithops_k8s.zip lithopsentry.py
# workdir: /lithops
# env: PYTHONUNBUFFERED=TRUE
# file: /lithops/lithopsentry.py
# imports: flask kubernetes ibm_boto3
# user: 1000:1000
# env: PIP_CONSTRAINT=/tmp/constraints.txt
FROM python:3.12-slim-bookworm

RUN apt-get update && apt-get install -y --no-install-recommends \
        zip unzip redis-server curl ca-certificates \
        && apt-get clean \
        && rm -rf /var/lib/apt/lists/*

RUN echo 'setuptools<81' > /tmp/constraints.txt
ENV PIP_CONSTRAINT=/tmp/constraints.txt

RUN pip install --no-cache-dir 'setuptools<81' six wheel \
    && pip install --no-cache-dir \
        flask \
        pika \
        boto3 \
        ibm-cloud-sdk-core \
        ibm-cos-sdk \
        redis \
        requests \
        PyYAML \
        kubernetes \
        numpy \
        cloudpickle \
        ps-mem \
        tblib \
        psutil

ENV PYTHONUNBUFFERED=TRUE
ENV APP_HOME=/lithops

RUN groupadd -g 1000 lithops && useradd -m -u 1000 -g 1000 lithops

WORKDIR $APP_HOME
COPY lithops_k8s.zip .
RUN unzip lithops_k8s.zip && rm lithops_k8s.zip && chown -R lithops:lithops $APP_HOME

USER 1000:1000
