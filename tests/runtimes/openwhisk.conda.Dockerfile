# add: /actionProxy/actionproxy.py /pythonAction/pythonrunner.py
# env: FLASK_PROXY_PORT=8080
# asks: raw.githubusercontent.com /apache/openwhisk-runtime-docker/8b2e205c39d84ed5ede6b1b08cccf314a2b13105/core/actionProxy/actionproxy.py 200
# asks: raw.githubusercontent.com /apache/openwhisk-runtime-python/3%401.0.3/core/pythonAction/pythonrunner.py 200
# requirements: flask pika boto3 ibm-cloud-sdk-core ibm-cos-sdk scikit-learn diskcache redis gevent requests PyYAML numpy cloudpickle ps-mem tblib psutil
# imports: flask boto3
# cmd: ["/bin/bash","-c","cd /pythonAction && python -u pythonrunner.py"]
# file: /opt/conda/conda-meta/pinned
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

ENV FLASK_PROXY_PORT=8080

COPY requirements.txt requirements.txt
RUN pip install --upgrade pip setuptools six && pip install --no-cache-dir -r requirements.txt

RUN mkdir -p /action \
    && mkdir -p /actionProxy \
    && mkdir -p /pythonAction

ADD https://raw.githubusercontent.com/apache/openwhisk-runtime-docker/8b2e205c39d84ed5ede6b1b08cccf314a2b13105/core/actionProxy/actionproxy.py /actionProxy/actionproxy.py
ADD https://raw.githubusercontent.com/apache/openwhisk-runtime-python/3%401.0.3/core/pythonAction/pythonrunner.py /pythonAction/pythonrunner.py

CMD ["/bin/bash", "-c", "cd /pythonAction && python -u pythonrunner.py"]
