# zip: lithops_oracle.zip entry_point.py
# imports: oci yaml
# workdir: /function
# env: PYTHONPATH=/function
# entrypoint: ["/usr/local/bin/fdk","handler/entry_point.py","handler"]
# file: /function/handler/entry_point.py
FROM python:3.12-slim-bookworm

RUN apt-get update     && apt-get install -y     zip     && rm -rf /var/lib/apt/lists/*

RUN pip install --upgrade --ignore-installed setuptools six pip     && pip install --upgrade --no-cache-dir --ignore-installed     fdk        redis        httplib2        requests        numpy        scipy        pandas        pika        cloudpickle        ps-mem        tblib        oci        psutil        PyYAML

ARG FUNCTION_DIR="/function"

RUN mkdir -p ${FUNCTION_DIR}

ENV FN_LISTENER=unix:/tmp/fn.sock
ENV FN_FORMAT=http-stream

WORKDIR ${FUNCTION_DIR}

COPY lithops_oracle.zip ${FUNCTION_DIR}

RUN unzip lithops_oracle.zip     && rm lithops_oracle.zip     && mkdir handler     && touch handler/__init__.py     && mv entry_point.py handler/

ENV PYTHONPATH="${FUNCTION_DIR}"

ENTRYPOINT ["/usr/local/bin/fdk", "handler/entry_point.py", "handler"]
