# add: /actionProxy/actionproxy.py /pythonAction/pythonrunner.py
# env: FLASK_PROXY_PORT=8080
# asks: raw.githubusercontent.com /apache/openwhisk-runtime-docker/8b2e205c39d84ed5ede6b1b08cccf314a2b13105/core/actionProxy/actionproxy.py 200
# asks: raw.githubusercontent.com /apache/openwhisk-runtime-python/3%401.0.3/core/pythonAction/pythonrunner.py 200
# requirements: flask pika boto3 ibm-cloud-sdk-core ibm-cos-sdk scikit-learn diskcache redis gevent requests PyYAML numpy cloudpickle ps-mem tblib psutil
# imports: flask cupy_cuda115
# cmd: ["/bin/bash","-c","cd /pythonAction && python3 -u pythonrunner.py"]
# replayed: apt-get: packages of Ubuntu 20.04
# says: apt-get update
# says: apt-get install -y gcc zlib1g-dev libxslt-dev libxml2-dev zip unzip make wget xz-utils libssl-dev python3 python3-pip
# says: apt-cache search linux-headers-generic
FROM nvidia/cuda:11.5.1-runtime-ubuntu20.04

ENV FLASK_PROXY_PORT=8080

RUN apt-get update \
    && apt-get install -y \
        gcc \
        zlib1g-dev \
        libxslt-dev \
        libxml2-dev \
        zip \
        unzip \
        make \
        wget \
        xz-utils \
        libssl-dev \
        python3 \
        python3-pip \
    && rm -rf /var/lib/apt/lists/* \
    && apt-cache search linux-headers-generic

COPY requirements.txt requirements.txt
RUN pip3 install --upgrade pip setuptools six && pip3 install --no-cache-dir -r requirements.txt cupy-cuda115

RUN mkdir -p /action \
    && mkdir -p /actionProxy \
    && mkdir -p /pythonAction

ADD https://raw.githubusercontent.com/apache/openwhisk-runtime-docker/8b2e205c39d84ed5ede6b1b08cccf314a2b13105/core/actionProxy/actionproxy.py /actionProxy/actionproxy.py
ADD https://raw.githubusercontent.com/apache/openwhisk-runtime-python/3%401.0.3/core/pythonAction/pythonrunner.py /pythonAction/pythonrunner.py

CMD ["/bin/bash", "-c", "cd /pythonAction && python3 -u pythonrunner.py"]
