# zip: lithops_aws_batch.zip entry_point.py
# workdir: /lithops
# imports: boto3 glob2
# file: /lithops/entry_point.py
# entrypoint: ["/bin/sh","-c","python entry_point.py"]
FROM python:3.12-slim-bookworm

RUN apt-get update && apt-get install -y         zip         && rm -rf /var/lib/apt/lists/*

RUN pip install --upgrade --ignore-installed setuptools six pip     && pip install --upgrade --no-cache-dir --ignore-installed         boto3        pika        glob2        redis        requests        PyYAML        kubernetes        numpy        cloudpickle        ps-mem        tblib        psutil


ENV APP_HOME=/lithops
WORKDIR $APP_HOME

COPY lithops_aws_batch.zip .
RUN unzip lithops_aws_batch.zip && rm lithops_aws_batch.zip

ENTRYPOINT python entry_point.py
