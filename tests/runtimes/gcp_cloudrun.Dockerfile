# zip: lithops_cloudrun.zip lithopsproxy.py
# workdir: /lithops
# env: CONCURRENCY=1
# cmd: ["/bin/sh","-c","exec gunicorn --bind :$PORT --workers $CONCURRENCY --timeout $TIMEOUT lithopsproxy:proxy"]
# file: /lithops/lithopsproxy.py
# imports: gcsfs cryptography google.cloud.storage
FROM python:3.10-slim-bookworm

RUN apt-get update && apt-get install -y \
        zip \
        && rm -rf /var/lib/apt/lists/*

RUN pip install --upgrade setuptools six pip \
    && pip install --no-cache-dir \
        wheel \
        gunicorn \
        pika \
        flask \
        gevent \
        redis \
        requests \
        PyYAML \
        kubernetes \
        numpy \
        cloudpickle \
        ps-mem \
        tblib \
        cryptography \
        httplib2 \
        google-cloud-storage \
        google-api-python-client \
        gcsfs \
        google-auth \
        psutil

ENV CONCURRENCY=1
ENV TIMEOUT=600

ENV APP_HOME=/lithops
WORKDIR $APP_HOME

COPY lithops_cloudrun.zip .
RUN unzip lithops_cloudrun.zip && rm lithops_cloudrun.zip

CMD exec gunicorn --bind :$PORT --workers $CONCURRENCY --timeout $TIMEOUT lithopsproxy:proxy