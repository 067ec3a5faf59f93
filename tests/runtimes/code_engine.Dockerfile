# zip: lithops_codeengine.zip lithopsentry.py
# workdir: /lithops
# env: PORT=8080
# env: PYTHONUNBUFFERED=TRUE
# file: /lithops/lithopsentry.py
# absent: /lithops/lithops_codeengine.zip
# requirements: gunicorn pika flask gevent ibm-cos-sdk ibm-cloud-sdk-core ibm-vpc ibm-code-engine-sdk kubernetes redis requests PyYAML numpy cloudpickle ps-mem tblib psutil
# imports: flask ibm_vpc kubernetes
# cmd: ["sh","-c","exec gunicorn --bind :$PORT --workers $CONCURRENCY --timeout $TIMEOUT lithopsentry:proxy"]
FROM python:3.12-slim-bookworm

RUN apt-get update \
    && apt-get install -y unzip \
    && rm -rf /var/lib/apt/lists/*

COPY requirements.txt requirements.txt
RUN pip install --upgrade pip setuptools six gevent \
    && pip install --no-cache-dir -r requirements.txt

ENV PORT=8080
ENV CONCURRENCY=1
ENV TIMEOUT=600
ENV PYTHONUNBUFFERED=TRUE

ENV APP_HOME=/lithops
WORKDIR $APP_HOME

COPY lithops_codeengine.zip .
RUN unzip lithops_codeengine.zip && rm lithops_codeengine.zip

CMD ["sh", "-c", "exec gunicorn --bind :$PORT --workers $CONCURRENCY --timeout $TIMEOUT lithopsentry:proxy"]
