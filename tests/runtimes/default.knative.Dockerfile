# zip: lithops_knative.zip lithopsproxy.py
# workdir: /lithops
# imports: paramiko boto3 flask
# file: /lithops/lithopsproxy.py
# env: PORT=8080
# env: CONCURRENCY=1
# env: TIMEOUT=600
# env: PYTHONUNBUFFERED=TRUE
# cmd: ["/bin/sh","-c","exec gunicorn --bind :$PORT --workers $CONCURRENCY --timeout $TIMEOUT lithopsproxy:proxy"]
FROM python:3.12-slim-bookworm

RUN apt-get update && apt-get install -y         zip         && rm -rf /var/lib/apt/lists/*

RUN pip install --upgrade setuptools six pip     && pip install --no-cache-dir         gunicorn        pika        flask        gevent        ibm-cos-sdk        google-cloud-storage        google-cloud-pubsub        azure-storage-blob        azure-storage-queue        boto3        redis        requests        PyYAML        kubernetes        numpy        cloudpickle        paramiko        ps-mem        tblib        psutil

ENV PORT=8080
ENV CONCURRENCY=1
ENV TIMEOUT=600
ENV PYTHONUNBUFFERED=TRUE

ENV APP_HOME=/lithops
WORKDIR $APP_HOME

COPY lithops_knative.zip .
RUN unzip lithops_knative.zip && rm lithops_knative.zip

CMD exec gunicorn --bind :$PORT --workers $CONCURRENCY --timeout $TIMEOUT lithopsproxy:proxy
