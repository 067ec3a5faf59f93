# zip: lithops_k8s.zip lithopsentry.py
# workdir: /lithops
# env: PYTHONUNBUFFERED=TRUE
# file: /lithops/lithopsentry.py
# imports: flask kubernetes ibm_boto3
# file: /usr/bin/redis-server
FROM continuumio/miniconda3:23.3.1-0

RUN echo "python==3.10.10" >> /opt/conda/conda-meta/pinned
RUN apt-get update && apt-get install -y \
        zip redis-server \
        && apt-get clean \
        && rm -rf /var/lib/apt/lists/*

RUN pip install --upgrade setuptools six pip \
    && pip install --no-cache-dir \
        flask \
        pika \
        boto3 \
        ibm-cloud-sdk-core \
        ibm-cos-sdk \
        redis \
        gevent \
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
WORKDIR $APP_HOME

COPY lithops_k8s.zip .
RUN unzip lithops_k8s.zip && rm lithops_k8s.zip
