# add: /actionProxy/actionproxy.py /pythonAction/pythonrunner.py
# env: FLASK_PROXY_PORT=8080
# asks: raw.githubusercontent.com /apache/openwhisk-runtime-docker/8b2e205c39d84ed5ede6b1b08cccf314a2b13105/core/actionProxy/actionproxy.py 200
# asks: raw.githubusercontent.com /apache/openwhisk-runtime-python/3%401.0.3/core/pythonAction/pythonrunner.py 200
# imports: flask diskcache
# cmd: ["/bin/bash","-c","cd /pythonAction && python -u pythonrunner.py"]
FROM python:3.11-slim-bookworm

ENV FLASK_PROXY_PORT=8080

RUN pip install --upgrade setuptools six \
    && pip install --no-cache-dir \
        flask \
        pika \
        boto3 \
        ibm-cloud-sdk-core \
        ibm-cos-sdk \
        scikit-learn \
        diskcache \
        redis \
        gevent \
        requests \
        PyYAML \
        numpy \
        cloudpickle \
        ps-mem \
        tblib \
        psutil

RUN mkdir -p /action \
    && mkdir -p /actionProxy \
    && mkdir -p /pythonAction

ADD https://raw.githubusercontent.com/apache/openwhisk-runtime-docker/8b2e205c39d84ed5ede6b1b08cccf314a2b13105/core/actionProxy/actionproxy.py /actionProxy/actionproxy.py
ADD https://raw.githubusercontent.com/apache/openwhisk-runtime-python/3%401.0.3/core/pythonAction/pythonrunner.py /pythonAction/pythonrunner.py

CMD ["/bin/bash", "-c", "cd /pythonAction && python -u pythonrunner.py"]
