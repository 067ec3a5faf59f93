# zip: lithops_azure_ca.zip lithopsentry.py
# workdir: /app
# imports: azure.storage.queue
# file: /app/lithopsentry.py
# cmd: ["python","lithopsentry.py"]
FROM python:3.12-slim-bookworm

RUN apt-get update && apt-get install -y         zip         && rm -rf /var/lib/apt/lists/*

RUN pip install --upgrade --ignore-installed setuptools six pip     && pip install --upgrade --no-cache-dir --ignore-installed         azure-storage-blob        azure-storage-queue        pika        flask        gevent        redis        requests        PyYAML        kubernetes        numpy        cloudpickle        ps-mem        tblib        psutil


WORKDIR /app
COPY lithops_azure_ca.zip .
RUN unzip lithops_azure_ca.zip && rm lithops_azure_ca.zip

CMD ["python", "lithopsentry.py"]
