# zip: lithops_aliyun_fc.zip container_entry_point.py
# workdir: /function
# imports: oss2
# file: /function/container_entry_point.py
# env: CAPort=9000
# cmd: ["/bin/sh","-c","exec gunicorn --bind 0.0.0.0:${CAPort} --workers 1 --timeout 600 --keep-alive 95 container_entry_point:app"]
FROM python:3.12-slim-bookworm

RUN apt-get update && apt-get install -y         zip         && rm -rf /var/lib/apt/lists/*

RUN pip install --upgrade pip setuptools     && pip install --no-cache-dir         gunicorn        flask        gevent        six        pika        redis        requests        PyYAML        oss2        cloudpickle        ps-mem        tblib        psutil

ENV CAPort=9000

ENV APP_HOME=/function
WORKDIR $APP_HOME

COPY lithops_aliyun_fc.zip .
RUN unzip lithops_aliyun_fc.zip && rm lithops_aliyun_fc.zip

CMD exec gunicorn --bind 0.0.0.0:${CAPort} --workers 1 --timeout 600 --keep-alive 95 container_entry_point:app
