# zip: lithops_codeengine.zip lithopsentry.py
# workdir: /lithops
# imports: ibm_code_engine_sdk
# file: /lithops/lithopsentry.py
# env: PORT=8080
# env: CONCURRENCY=1
# env: TIMEOUT=600
# env: PYTHONUNBUFFERED=TRUE
# cmd: ["sh","-c","exec gunicorn --bind :$PORT --workers $CONCURRENCY --timeout $TIMEOUT lithopsentry:proxy"]
FROM python:3.12-slim-bookworm

RUN apt-get update && apt-get install -y         zip         && rm -rf /var/lib/apt/lists/*

RUN pip install --upgrade --ignore-installed setuptools six pip     && pip install --upgrade --no-cache-dir --ignore-installed         gunicorn        pika        flask        gevent        ibm-cos-sdk        ibm-cloud-sdk-core        ibm-vpc        ibm-code-engine-sdk        kubernetes        redis        requests        PyYAML        numpy        cloudpickle        ps-mem        tblib        psutil

ENV PORT=8080
ENV CONCURRENCY=1
ENV TIMEOUT=600
ENV PYTHONUNBUFFERED=TRUE

ENV APP_HOME=/lithops
WORKDIR $APP_HOME

COPY lithops_codeengine.zip .
RUN unzip lithops_codeengine.zip && rm lithops_codeengine.zip

CMD ["sh", "-c", "exec gunicorn --bind :$PORT --workers $CONCURRENCY --timeout $TIMEOUT lithopsentry:proxy"]
