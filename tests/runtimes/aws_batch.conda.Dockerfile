# zip: lithops_aws_batch.zip entry_point.py
# imports: boto3 awslambdaric
# workdir: /lithops
# entrypoint: ["/bin/sh","-c","python entry_point.py"]
# file: /opt/conda/conda-meta/pinned
# file: /lithops/entry_point.py
FROM continuumio/miniconda3:23.10.0-1

RUN echo "python==3.10.10" >> /opt/conda/conda-meta/pinned
RUN apt-get --allow-releaseinfo-change update \
        # Security fixes come first
        && apt-get upgrade -y --no-install-recommends \
        && apt-get install -y --no-install-recommends \
           gcc \
           libc-dev \
           libxslt-dev \
           libxml2-dev \
           libffi-dev \
           libssl-dev \
           unzip \
           make \
        && rm -rf /var/lib/apt/lists/* \
        && apt-cache search linux-headers-generic

RUN pip install --upgrade --ignore-installed pip wheel six setuptools
RUN pip install --upgrade --no-cache-dir --ignore-installed \
        awslambdaric \
        boto3 \
        redis \
        httplib2 \
        requests \
        numpy \
        scipy \
        pandas \
        pika \
        kafka-python \
        cloudpickle \
        ps-mem \
        tblib \
        psutil

ENV APP_HOME=/lithops
WORKDIR $APP_HOME

COPY lithops_aws_batch.zip .
RUN unzip lithops_aws_batch.zip && rm lithops_aws_batch.zip

ENTRYPOINT python entry_point.py
