# zip: lithops_cloudrun.zip lithopsproxy.py
# workdir: /lithops
# imports: gcsfs
# file: /lithops/lithopsproxy.py
# env: PORT=8080
# env: CONCURRENCY=1
# env: TIMEOUT=600
# env: PYTHONUNBUFFERED=TRUE
# cmd: ["sh","-c","exec gunicorn --bind :$PORT --workers $CONCURRENCY --timeout $TIMEOUT lithopsproxy:proxy"]
FROM python:3.12-slim-bookworm

RUN apt-get update && apt-get install -y         zip         && rm -rf /var/lib/apt/lists/*

RUN pip install --upgrade setuptools six pip     && pip install --no-cache-dir         wheel        gunicorn        pika        flask        gevent        redis        requests        PyYAML        kubernetes        numpy        cloudpickle        ps-mem        tblib        cryptography        httplib2        google-cloud-storage        google-cloud-pubsub        google-api-python-client        gcsfs        google-auth        psutil

ENV PORT=8080
ENV CONCURRENCY=1
ENV TIMEOUT=600
ENV PYTHONUNBUFFERED=TRUE

ENV APP_HOME=/lithops
WORKDIR $APP_HOME

COPY lithops_cloudrun.zip .
RUN unzip lithops_cloudrun.zip && rm lithops_cloudrun.zip

CMD ["sh", "-c", "exec gunicorn --bind :$PORT --workers $CONCURRENCY --timeout $TIMEOUT lithopsproxy:proxy"]
